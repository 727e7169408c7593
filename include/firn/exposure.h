#ifndef FIRN_EXPOSURE_H
#define FIRN_EXPOSURE_H

/*
 * exposure -- can the node still be trusted?
 *
 * A verdict, and every reason for it.  It is made of members of an archive
 * only, so that a lab gets the same answer from the archive as the node gave.
 */

#include <jansson.h>

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/target.h"

/*
 * firn_exposure_of_target(target, ret, err) -- of a live container.
 *
 * Reads what the checks need (processes, network, mounts, the runtime's
 * records, the host), and keeps nothing.  `*ret` is a new object: "verdict" is
 * "no sign", "possible" or "presume exposed"; "exposed", whether that is enough
 * to call the node so, and "exposed_from", what would be ("presume exposed",
 * unless the policy that was captured says "possible"); "reasons", strongest
 * first, each with "check", "question", "weight", "fact", "read", "means" and
 * "do"; "unknown", what could not be told and why; "posture", the checklist for
 * production, each with "item", "title", "answer" ("pass", "fail", "can't
 * tell"), "fact", "why" and "link"; "gaps".
 */
FIRN_MUST_CHECK int firn_exposure_of_target(const struct firn_target *target,
					    json_t **ret, struct firn_err *err);

/* firn_exposure_of_archive(fd, ret, err) -- the same from an archive; `fd` may
 * be a pipe. */
FIRN_MUST_CHECK int firn_exposure_of_archive(int fd, json_t **ret,
					     struct firn_err *err);

struct firn_facts;

/* firn_exposure_judge(facts, ret, err) -- the same of facts that somebody has
 * collected. */
FIRN_MUST_CHECK int firn_exposure_judge(struct firn_facts *facts, json_t **ret,
					struct firn_err *err);

/* firn_posture_check_policy(file, text, len, err) -- are "posture" and "node"
 * of a policy sound?  Errors name file, line and column. */
FIRN_MUST_CHECK int firn_posture_check_policy(const char *file,
					      const char *text, size_t len,
					      struct firn_err *err);

/* firn_exposure_markdown(exposure) -- for a ticket; for the caller to free(3).
 * NULL when there is no memory. */
char *firn_exposure_markdown(const json_t *exposure);

#endif
