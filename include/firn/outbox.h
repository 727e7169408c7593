#ifndef FIRN_OUTBOX_H
#define FIRN_OUTBOX_H

/*
 * outbox -- what is to be told to others, on disk until they have it.
 *
 * /var/spool/firn/outbox: one file per webhook, NAME.json, and who carries them
 * is firn-courier, a program that has no privileges.  A message that can't be
 * delivered is tried again: after 1 s, 2 s, 4 s, ... 10 min, for 24 hours, and
 * then lies in failed/.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/err.h"

#define FIRN_OUTBOX "/var/spool/firn/outbox"

/*
 * firn_outbox_put(id, url, secret_file, body, err) -- to be posted.
 *
 * `id` (letters, digits, `-_.`) is the message's for ever: "webhook-id", by
 * which a receiver knows one that it has had.  The same id again is no second
 * message.  With `secret_file` (NULL for none) it is signed as Standard
 * Webhooks has it; the secret is read by the courier's parent, and never lies
 * in the outbox.  `body` is borrowed.  Not synced: firn_outbox_sync().
 */
FIRN_MUST_CHECK int firn_outbox_put(const char *id, const char *url,
				    const char *secret_file, const json_t *body,
				    struct firn_err *err);
FIRN_MUST_CHECK int firn_outbox_sync(struct firn_err *err);

/*
 * firn_outbox_deliver(ret_wait_ms, err) -- carry what is due, each message by a
 * courier of its own, some at once, none longer than 30 s.
 *
 * `*ret_wait_ms` is until the next is due; -1 for none.
 */
FIRN_MUST_CHECK int firn_outbox_deliver(int *ret_wait_ms, struct firn_err *err);

/* firn_outbox(ret, err) -- what waits, and what was given up: a new array of
 * "id", "url" (without what stands behind `?`), "tries", "next", "last_error",
 * "state" ("waiting", "failed"). */
FIRN_MUST_CHECK int firn_outbox(json_t **ret, struct firn_err *err);

/*
 * firn_send(path, url, timeout_s, ret, err) -- a sealed archive to where it is
 * kept: "file:///FOLDER/" or a folder (copied, synced, read back and compared),
 * "https://..." (PUT; 2xx is a receipt).  "{case}" and "{archive}" in the URL
 * are the caller's to replace.
 *
 * `*ret` is a new object: "to", "bytes", "sha256", "receipt" (status and
 * headers that matter, or "read back").  ENOTSUP for what this firn can't.
 */
FIRN_MUST_CHECK int firn_send(const char *path, const char *url,
			      unsigned timeout_s, json_t **ret,
			      struct firn_err *err);

/*
 * firn_run_argv(argv, user, timeout_s, input, ret, err) -- a program of the
 * team's own, without privileges.
 *
 * No shell; as `user`, with nothing but PATH, LANG and HOME=/ in its
 * environment, `input` (borrowed) as JSON on stdin, in its own session, no new
 * privileges, no descriptor of ours; killed with all its children at the end of
 * the time.  `*ret` is a new object: "status" (or "signal", "timed_out"),
 * "stdout" and "stderr" (the first 64 KiB of each), "ms".
 */
FIRN_MUST_CHECK int firn_run_argv(const char *const *argv, const char *user,
				  unsigned timeout_s, const json_t *input,
				  json_t **ret, struct firn_err *err);

#endif
