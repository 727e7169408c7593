#ifndef ASSESS_MAPPINGS_H
#define ASSESS_MAPPINGS_H

/*
 * mappings -- the address space of a process, and what of it is its memory.
 *
 * Source: proc_pid_smaps(5), proc_pid_maps(5).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firn/err.h"

/* What of it there is to read: any of these, or nothing. */
enum firn_mapping_parts {
	FIRN_MAPPING_PAGES = 1 << 0, /* all that it has */
	FIRN_MAPPING_OWN = 1 << 1,   /* pages that were written to */
	FIRN_MAPPING_FILE = 1 << 2,  /* the file, which is memory or deleted */
};

struct firn_mapping {
	uint64_t start, end, offset, inode;
	unsigned major, minor;
	uint64_t resident;   /* kB, and what is in swap */
	char permissions[8]; /* "rw-p" */
	char path[4096];     /* "" for none; cut if longer */
	char flags[256];     /* VmFlags */
};

/* Starts as `{ .fd = }`, of /proc/PID/smaps; nothing is allocated. */
struct firn_mappings {
	int fd;
	char text[32768];
	size_t at, have;
	bool ended;
	struct firn_mapping next; /* whose flags come yet */
	bool has_next;
};

/* firn_mappings_next(mappings, ret, err) -- 1, 0 when there is no more, -1. */
FIRN_MUST_CHECK int firn_mappings_next(struct firn_mappings *mappings,
				       struct firn_mapping *ret,
				       struct firn_err *err);

/*
 * firn_mapping_parts(mapping) -- what of it is to be read, of enum
 * firn_mapping_parts.
 *
 * Nothing of a file that has a name, but its pages that were written to: it is
 * looked at as a file.  Nothing of what maps a device (VM_IO, VM_PFNMAP):
 * reading its registers may change what it does.
 */
unsigned firn_mapping_parts(const struct firn_mapping *mapping);

#endif
