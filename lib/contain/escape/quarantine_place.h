#ifndef CONTAIN_ESCAPE_QUARANTINE_PLACE_H
#define CONTAIN_ESCAPE_QUARANTINE_PLACE_H

/*
 * quarantine_place -- the cgroup that a task is in, to be found again.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "contain/freeze/freezer.h"
#include "firn/err.h"
#include "firn/host.h"

struct firn_cgroup_place {
	char *folder; /* on the host */
	uint64_t inode;
};

void firn_cgroup_place_free(struct firn_cgroup_place *place);

/*
 * firn_cgroup_place_of(host, hierarchy, mount, tid, ret, err) -- of a thread.
 *
 * EPERM where it can't be left without harm: a v1 cgroup whose last task's
 * leaving would run a program (release_agent), which the suspect may have
 * named.  EXDEV where we see only a part of the hierarchy.
 */
FIRN_MUST_CHECK int firn_cgroup_place_of(const struct firn_host *host,
					 enum firn_hierarchy hierarchy,
					 const char *mount, pid_t tid,
					 struct firn_cgroup_place *ret,
					 struct firn_err *err);

/* firn_cgroup_place_json(place, object), firn_cgroup_place_read(object, ret,
 * err) -- as "folder" and "inode"; a folder's name may be any bytes. */
void firn_cgroup_place_json(const struct firn_cgroup_place *place,
			    json_t *object);
FIRN_MUST_CHECK int firn_cgroup_place_read(const json_t *object,
					   struct firn_cgroup_place *ret,
					   struct firn_err *err);

/*
 * firn_cgroup_place_enter(host, hierarchy, place, tid, whole, ret_now, err) --
 * move a thread there, or with `whole` its process.
 *
 * Where the folder is gone, or is another cgroup by now, to the nearest one
 * above it that takes it: then `*ret_now`, for the caller to free(3), says
 * which, else it's NULL.  ESRCH for a thread that has ended.
 */
FIRN_MUST_CHECK int firn_cgroup_place_enter(
	const struct firn_host *host, enum firn_hierarchy hierarchy,
	const struct firn_cgroup_place *place, pid_t tid, bool whole,
	char **ret_now, struct firn_err *err);

#endif
