#ifndef ASSESS_ENVIRONMENTS_H
#define ASSESS_ENVIRONMENTS_H

/*
 * environments -- secrets in what a container was configured with and in what
 * its processes have now: environments and command lines.
 */

#include "assess/places/hints.h"
#include "assess/places/looking.h"

/* firn_look_at_configured(looking, hints, err) -- the environment that its
 * runtime was told to give it. */
FIRN_MUST_CHECK int firn_look_at_configured(const struct firn_looking *looking,
					    struct firn_hints *hints,
					    struct firn_err *err);

/* firn_look_at_processes(looking, hints, err) -- of each member of the target.
 */
FIRN_MUST_CHECK int firn_look_at_processes(const struct firn_looking *looking,
					   struct firn_hints *hints,
					   struct firn_err *err);

/* firn_look_at_process(looking, pid, hints, err) -- of one; `hints` may be
 * NULL. */
FIRN_MUST_CHECK int firn_look_at_process(const struct firn_looking *looking,
					 pid_t pid, struct firn_hints *hints,
					 struct firn_err *err);

#endif
