#ifndef COURIER_COURIER_H
#define COURIER_COURIER_H

/*
 * courier -- firn-courier: one HTTP request, by a process that has nothing to
 * lose.  lib/respond/outbox/courier.h has the task and the answer.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "firn/err.h"

#define COURIER_BODY_FD 3
#define COURIER_HEARD_MAX 65536 /* bytes of an answer's body */

struct task {
	const char *url, *method, *body, *ca; /* borrowed from `json` */
	const json_t *headers;
	int64_t timeout_ms;
	uint64_t body_size; /* of COURIER_BODY_FD, without `body` */
	uint16_t port;      /* of the URL */
	json_t *json;
};

/* task_read(ret, err) -- from standard input. */
FIRN_MUST_CHECK int task_read(struct task *ret, struct firn_err *err);

/*
 * confine(task, ret_landlock, err) -- from here on: no privileges, no program,
 * no file but those that say who a name is and whom TLS believes, no TCP but to
 * the URL's port and to DNS.  On a kernel without Landlock (`*ret_landlock` is
 * 0; below 4 for TCP) only privileges and calls are taken away.
 */
FIRN_MUST_CHECK int confine(const struct task *task, int *ret_landlock,
			    struct firn_err *err);

/* post(task) -- carry it; the answer, or NULL without memory. */
json_t *post(const struct task *task);

#endif
