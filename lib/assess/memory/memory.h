#ifndef ASSESS_MEMORY_H
#define ASSESS_MEMORY_H

/*
 * memory -- secrets in the memory of a container's processes.
 *
 * Its heaps, stacks and other anonymous memory, what was written to in the
 * mappings of files, shared memory, memfds, and files that only a mapping
 * still holds.  Nothing that maps a device, and no page that isn't there.
 */

#include "assess/checklist/checklist.h"
#include "firn/secrets.h"
#include "firn/target.h"

/*
 * firn_secret_memory(list, target, deep, err) -- look through it.
 *
 * The memory that several processes share is looked through once.  What can't
 * be read, or not within the time, is a gap of the checklist.
 */
FIRN_MUST_CHECK int firn_secret_memory(struct firn_checklist *list,
				       const struct firn_target *target,
				       const struct firn_deep *deep,
				       struct firn_err *err);

#endif
