#ifndef OUTBOX_COURIER_H
#define OUTBOX_COURIER_H

/*
 * courier -- one HTTP request, made by firn-courier: a process that has no
 * privileges, for one message.
 *
 * Its task is one line of JSON on stdin: "url", "method", "headers" (array of
 * "Name: value"), "timeout_ms", and "body" (text) or "body_size" (the body is
 * that many bytes of descriptor 3), "ca" (PEM; whom to believe besides those
 * whom the system believes).  Its answer is one line on stdout: "status",
 * "scheme", "headers", "body" (what it could hold of it), "retry_after_s",
 * "sent", "sha256" (of the body that was sent), "landlock" (the version that
 * confined it; 0 for none), or "error" and whether that is
 * "final".
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "firn/err.h"
#include "respond/outbox/child.h"

/* Whom the team's own servers are signed by, if not by somebody whom the system
 * knows.  Root's, like all of that folder. */
#define FIRN_COURIER_CA "/etc/firn/ca.pem"

struct firn_post {
	const char *url, *method;
	const json_t *headers; /* array of "Name: value" */
	const char *body;      /* or NULL */
	int body_fd;           /* or -1; `body_size` bytes of it */
	uint64_t body_size;
	unsigned timeout_ms;
	const char *ca_file; /* NULL: FIRN_COURIER_CA, if it is there */
};

/*
 * firn_url_check(url, err) -- can a courier go there?
 *
 * EINVAL for what isn't http:// or https:// with a host, printable ASCII and
 * at most 2048 bytes.
 */
FIRN_MUST_CHECK int firn_url_check(const char *url, struct firn_err *err);

/* firn_url_shown(url) -- as people may see it: without a password, and without
 * what stands behind `?` or `#`.  For the caller to free(3); NULL without
 * memory. */
char *firn_url_shown(const char *url);

FIRN_MUST_CHECK int firn_courier_start(struct firn_child *child,
				       const struct firn_post *post,
				       struct firn_err *err);

/*
 * firn_courier_answer(child) -- what became of it, when it has ended: a new
 * object, NULL without memory.
 *
 * The courier's answer, and where the receiver doesn't have the message (no
 * 2xx) "error" (a sentence) and "again" (true: worth another try).
 */
json_t *firn_courier_answer(const struct firn_child *child);

#endif
