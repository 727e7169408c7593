#ifndef OUTBOX_BOX_H
#define OUTBOX_BOX_H

/*
 * box -- the folder of an outbox.
 *
 *	ID.json       waits; its time stamp (mtime) is when it is due
 *	done/ID.json  was delivered: its id is taken for a day
 *	failed/       was given up, or is no message; for a month
 *	tmp/          being written
 *
 * A message: "id", "url", "secret_file" (if any), "body" (the text that is
 * posted, the same at each try), "put" (time), "tries", "last_error".
 */

#include <stdbool.h>
#include <time.h>

#include <jansson.h>

#include "firn/err.h"

#define FIRN_OUTBOX_WAITING 10000 /* more is EDQUOT */
#define FIRN_OUTBOX_BODY 65536    /* bytes of a message */
#define FIRN_OUTBOX_ID 128
#define FIRN_OUTBOX_PUT_OFF_S 3600 /* the longest that a server may ask for */

/* "ID.PID.json" and a NUL. */
#define FIRN_OUTBOX_NAME (FIRN_OUTBOX_ID + 24)

struct firn_box {
	int dir_fd, tmp_fd, done_fd, failed_fd;
};

#define FIRN_BOX_CLOSED        \
	{                      \
		-1, -1, -1, -1 \
	}
#define autobox __attribute__((cleanup(firn_box_close)))

/* firn_box_open(ret, path, err) -- made if it isn't there; one that others can
 * write is EPERM. */
FIRN_MUST_CHECK int firn_box_open(struct firn_box *ret, const char *path,
				  struct firn_err *err);
void firn_box_close(struct firn_box *box);

/* As the functions of firn/outbox.h, which are for FIRN_OUTBOX. */
FIRN_MUST_CHECK int firn_box_put(const struct firn_box *box, const char *id,
				 const char *url, const char *secret_file,
				 const json_t *body, struct firn_err *err);
FIRN_MUST_CHECK int firn_box_sync(const struct firn_box *box,
				  struct firn_err *err);
FIRN_MUST_CHECK int firn_box_list(const struct firn_box *box, json_t **ret,
				  struct firn_err *err);

/* How a test delivers. */
struct firn_delivery {
	const char *ca_file; /* NULL: FIRN_COURIER_CA, if it is there */
	unsigned timeout_ms; /* of each message */
};

FIRN_MUST_CHECK int firn_box_deliver(const struct firn_box *box,
				     const struct firn_delivery *how,
				     int *ret_wait_ms, struct firn_err *err);

/* --- for those who work in it --------------------------------------------- */

struct firn_entry {
	char name[FIRN_OUTBOX_NAME];
	struct timespec due;
};

struct firn_waiting_messages {
	struct firn_entry *items; /* what is due first comes first */
	size_t n, size;
};

#define automessages __attribute__((cleanup(firn_waiting_messages_free)))

/* firn_waiting_messages_read(dir_fd, ret, err) -- the messages of a folder;
 * `*ret` starts empty. */
FIRN_MUST_CHECK int firn_waiting_messages_read(
	int dir_fd, struct firn_waiting_messages *ret, struct firn_err *err);
void firn_waiting_messages_free(struct firn_waiting_messages *entries);

/* firn_message_write(box, message, due, name, replace, err) -- whole or not at
 * all.  EEXIST if it is there and isn't to be replaced. */
FIRN_MUST_CHECK int firn_message_write(const struct firn_box *box,
				       const json_t *message,
				       struct timespec due, const char *name,
				       bool replace, struct firn_err *err);

/* firn_message_read(dir_fd, name, ret_fd, ret, err) -- as it stands there, and
 * its descriptor, for the caller.  EBADMSG for what is no message. */
FIRN_MUST_CHECK int firn_message_read(int dir_fd, const char *name, int *ret_fd,
				      json_t **ret, struct firn_err *err);

/* firn_box_move(box, name, to_fd, err) -- out of those that wait. */
FIRN_MUST_CHECK int firn_box_move(const struct firn_box *box, const char *name,
				  int to_fd, struct firn_err *err);

#endif
