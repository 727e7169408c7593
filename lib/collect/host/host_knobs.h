#ifndef COLLECT_HOST_HOST_KNOBS_H
#define COLLECT_HOST_HOST_KNOBS_H

/*
 * host_knobs -- what the kernel runs on the host by itself, as root, when
 * something happens: who can write there is out of the container.
 *
 * Source: core(5), proc_sys_kernel(5), cgroups(7) release_agent,
 * Linux Documentation/admin-guide/binfmt-misc.rst, ld.so(8).
 */

#include <jansson.h>

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/target.h"

/* firn_host_knobs(target, archive, err) -- data/host/knobs.json. */
FIRN_MUST_CHECK int firn_host_knobs(const struct firn_target *target,
				    struct firn_archive *archive,
				    struct firn_err *err);

/*
 * firn_host_hooks(target, archive, knobs) -- those of them that are files of a
 * filesystem: "binfmt" and "release_agents".
 *
 * A container may have mounted it where the host has not.  It is read through
 * a mount of our own, which is in no mount namespace; what isn't mounted
 * anywhere is not made.
 */
void firn_host_hooks(const struct firn_target *target,
		     struct firn_archive *archive, json_t *knobs);

#endif
