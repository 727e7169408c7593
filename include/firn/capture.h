#ifndef FIRN_CAPTURE_H
#define FIRN_CAPTURE_H

/*
 * capture -- the main job: cut, freeze, read, seal, and put back as found.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firn/archive.h"
#include "firn/case.h"
#include "firn/collect.h"
#include "firn/err.h"
#include "firn/freeze.h"
#include "firn/isolate.h"
#include "firn/ledger.h"
#include "firn/secrets.h"
#include "firn/sign.h"
#include "firn/target.h"

/* Everything is borrowed. */
struct firn_capture {
	struct firn_case *of; /* its key is read or made when it's needed */
	const struct firn_authority *authority;
	const struct firn_key *key;
	const char *path; /* of the sealed archive; NULL streams to `fd` */
	int fd;
	const char *const *only; /* collectors to run; NULL for all */
	size_t n_only;
	struct firn_collection what;
	/* NULL: those that ship, compiled once the target stands still. */
	const struct firn_secret_rules *rules;

	bool leave_running; /* don't freeze: what is read may be torn */
	bool keep_frozen;   /* don't thaw at the end what was frozen for this */
	bool isolate;       /* cut the network first, and leave it cut */
	struct firn_isolation isolation;
	struct firn_freezing freezing;
	bool leave_tasks;     /* don't hold them against kills */
	bool leave_thawed;    /* don't freeze again what is thawed meanwhile */
	firn_alarm_fn *alarm; /* a line for a person, at once; may be NULL */
	void *alarm_arg;

	firn_progress_fn *progress; /* may be NULL */
	void *progress_arg;

	/* Called once it is cut and stands still, before anything of it is
	 * read; it may take its time.  `so_far` is the result as yet. */
	void (*contained)(const json_t *so_far, void *arg);
	void *contained_arg;
};

/*
 * firn_capture(target, ledger, how, ret, err) -- everything into one archive.
 *
 * In this order (DESIGN.md, section 6): the cgroup is cut (if asked), frozen,
 * the interfaces are cut, and only then is anything written to a disk, which
 * may be slow: the archive is begun, the collectors run in order of volatility
 * (its connections are destroyed, if asked, between the volatile and the rest)
 * and the checklist is made of what is there.  Then what was frozen for this
 * is thawed, and the archive is sealed.
 *
 * Until then its tasks are held against kills, which complete after, and the
 * freeze is watched: a thaw by somebody else is an alarm and a gap, is undone
 * at once if firn had frozen it, and marks every member read since as not
 * frozen, unless nothing has run (contain/watch/freeze_watch.h).
 *
 * `*ret` is a new object:
 *   "archive"  path; "seal"; "signer"; "complete"; "partial"
 *   "members", "bytes_in", "bytes_out", "gaps" (count)
 *   "freeze", "isolate", "thaw": as those functions have them, or null
 *   "reset", "attempts": likewise, if they were asked for
 *   "thawed_meanwhile", "killed", "cpu_us": as in
 *              contain/watch/freeze_watch.h; with "freeze", "tasks_held" and
 *              its "not_held"
 *   "secrets"  {"items": N, "urgent": N} or null
 *   "times"    {"frozen_ms", "isolated_ms", "volatile_ms", "sealed_ms"} since
 *              the call: the kernel's word that it stands still; nothing
 *              passes its interfaces either; what is fleeting is read; the end
 *   "state"    "frozen" or "running": how the target was left
 *
 * A `path` that can't be had is found out before the target is touched.  When
 * it fails later, what was frozen for this is thawed unless `keep_frozen`, and
 * the archive stays PATH.partial, whole up to its last checkpoint.
 */
FIRN_MUST_CHECK int firn_capture(struct firn_target *target,
				 struct firn_ledger *ledger,
				 const struct firn_capture *how, json_t **ret,
				 struct firn_err *err);

/*
 * firn_contain(target, ledger, how, ret, err) -- only what comes first: cut,
 * freeze, cut the interfaces, and nothing is read or held against kills.
 *
 * Of `how` what concerns that.  `*ret` is a new object with "freeze",
 * "isolate", "isolate_links" and "times", as far as they were asked for.
 */
FIRN_MUST_CHECK int firn_contain(struct firn_target *target,
				 struct firn_ledger *ledger,
				 const struct firn_capture *how, json_t **ret,
				 struct firn_err *err);

#endif
