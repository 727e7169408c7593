#ifndef OUTBOX_ERRAND_H
#define OUTBOX_ERRAND_H

/*
 * errand -- one message of the outbox on its way.
 */

#include "respond/outbox/box.h"
#include "respond/outbox/child.h"

/* Starts as FIRN_ERRAND_NONE. */
struct firn_errand {
	char name[FIRN_OUTBOX_NAME];
	json_t *message;
	int fd; /* its lock: who else delivers passes it over */
	struct firn_child courier;
};

#define FIRN_ERRAND_NONE                             \
	{                                            \
		.fd = -1, .courier = FIRN_CHILD_NONE \
	}

/* firn_errand_text(errand, key) -- of its message; borrowed. */
const char *firn_errand_text(const struct firn_errand *errand, const char *key);

/* firn_errand_start(errand, how, err) -- sign it, and send a courier. */
FIRN_MUST_CHECK int firn_errand_start(struct firn_errand *errand,
				      const struct firn_delivery *how,
				      struct firn_err *err);

/*
 * firn_errand_settle(errand, box, answer, err) -- what became of it, on disk:
 * to done/, to failed/, or due again.
 *
 * `answer` is firn_courier_answer()'s.
 */
FIRN_MUST_CHECK int firn_errand_settle(const struct firn_errand *errand,
				       const struct firn_box *box,
				       const json_t *answer,
				       struct firn_err *err);

/* firn_errand_end(errand) -- end its courier, and give it up to others. */
void firn_errand_end(struct firn_errand *errand);

#endif
