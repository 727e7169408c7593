#ifndef FIRN_OUTBOX_H
#define FIRN_OUTBOX_H

/*
 * outbox -- what is to be told to others, on disk until they have it.
 *
 * /var/spool/firn/outbox: one file per webhook, NAME.json, and who carries them
 * is firn-courier, a program that has no privileges.  A message that can't be
 * delivered is tried again: after 1 s, 2 s, 4 s, ... 10 min, for 24 hours, and
 * then lies in failed/ for a month.  So it is where there is no connection, or
 * the answer is 5xx, 408, 425 or 429 (Retry-After is obeyed, up to an hour);
 * any other but 2xx, redirections too, is a no, and goes to failed/ at once.
 * A kill -9 at any moment loses nothing; at worst a message is delivered again,
 * with the same id.
 *
 * Servers are believed if somebody vouches for them whom the system believes,
 * or a certificate of /etc/firn/ca.pem.  A URL with http:// is used as it is.
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
 * message, until a day after it was delivered.  With `secret_file` (NULL for
 * none) it is signed as Standard Webhooks has it; the secret is read by the
 * courier's parent, and never lies in the outbox.  One that others than root
 * can read or write signs nothing: the message waits.  `body` is borrowed.  Not
 * synced: firn_outbox_sync().
 *
 * EINVAL for an id of more than 128 characters, or a URL that is none; E2BIG
 * for a body of more than 64 KiB; EDQUOT when 10,000 wait already.
 */
FIRN_MUST_CHECK int firn_outbox_put(const char *id, const char *url,
				    const char *secret_file, const json_t *body,
				    struct firn_err *err);
FIRN_MUST_CHECK int firn_outbox_sync(struct firn_err *err);

/*
 * firn_outbox_deliver(ret_wait_ms, err) -- carry what is due, each message by a
 * courier of its own, some at once, none longer than 30 s.
 *
 * `*ret_wait_ms` is until the next is due; -1 for none.  Also carries what is
 * put in meanwhile; returns after a minute at most.  Several at a time may do
 * this.
 */
FIRN_MUST_CHECK int firn_outbox_deliver(int *ret_wait_ms, struct firn_err *err);

/* firn_outbox(ret, err) -- what waits, and what was given up: a new array of
 * "id", "url" (without what stands behind `?`), "tries", "next", "last_error",
 * "state" ("waiting", "failed"). */
FIRN_MUST_CHECK int firn_outbox(json_t **ret, struct firn_err *err);

/*
 * firn_send(path, url, timeout_s, ret, err) -- a sealed archive to where it is
 * kept: "file:///FOLDER/" or a folder (copied, synced, read back and compared),
 * "https://..." (PUT; 2xx is a receipt; to a URL that ends with `/` the
 * archive's name is added).  "{case}" and "{archive}" in the URL are the
 * caller's to replace.
 *
 * `*ret` is a new object: "to" (without passwords and what stands behind `?`),
 * "bytes", "sha256" (of what arrived), "receipt" ("status", "scheme", "headers"
 * that matter, "body"; or "read back", how, and whether it "was there").
 *
 * A folder must be there; nothing in it is written over: EEXIST.  A server's
 * error is tried again, up to five times within `timeout_s`.  An archive that
 * is replaced or changed on its way is ESTALE.  ENOTSUP for what this firn
 * can't.
 */
FIRN_MUST_CHECK int firn_send(const char *path, const char *url,
			      unsigned timeout_s, json_t **ret,
			      struct firn_err *err);

/*
 * firn_run_argv(argv, user, timeout_s, input, ret, err) -- a program of the
 * team's own, without privileges.
 *
 * No shell; as `user` (NULL: "nobody"; never root or "firn"), with nothing but
 * PATH, LANG and HOME=/ in its environment, `input` (borrowed) as JSON on
 * stdin, in its own session and pid namespace, no new privileges, no descriptor
 * of ours; killed with all its children when it ends, at the end of the time,
 * and with us.  Limits per process: 512 MiB of data, 64 MiB of a file, 256
 * files; and 256 processes of that user.
 *
 * `*ret` is a new object: "status" (or "signal", "timed_out" and, if it waits
 * in the kernel and can't be killed, "left_behind"), "stdout" and "stderr" (the
 * first 64 KiB of each; "stdout_cut", "stderr_cut" if there was more), "ms".
 * EPERM for a program that others than root could have changed: the file, or
 * any folder or link on the way (host/root_only.h).
 */
FIRN_MUST_CHECK int firn_run_argv(const char *const *argv, const char *user,
				  unsigned timeout_s, const json_t *input,
				  json_t **ret, struct firn_err *err);

#endif
