#ifndef COLLECT_HELD_H
#define COLLECT_HELD_H

/*
 * held -- files that a process holds: its executable, descriptors, mappings.
 *
 * They are reached by the links of proc(5), which lead to the file itself,
 * whatever its name is by now and whether it has one.  Facts are asked without
 * asking a file server (AT_STATX_DONT_SYNC); contents are read only where
 * nobody can make us wait.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>
#include <linux/stat.h>

#include "collect/process.h"
#include "firn/err.h"

struct statx;

/* firn_held_stat(process, name, ret, err) -- of a link below /proc/PID. */
FIRN_MUST_CHECK int firn_held_stat(const struct firn_process *process,
				   const char *name, struct statx *ret,
				   struct firn_err *err);

/* firn_held_device(st) -- its st_dev. */
dev_t firn_held_device(const struct statx *st);

/* firn_held_is_file(st) -- is it a regular file? */
bool firn_held_is_file(const struct statx *st);

#define FIRN_IDENTITY 80

/* firn_held_identity(st, ret) -- device and inode, as a key. */
void firn_held_identity(const struct statx *st, char ret[FIRN_IDENTITY]);

/* firn_held_facts(process, st, object) -- device, inode, links, size, owner,
 * mode, times and filesystem into an object. */
void firn_held_facts(const struct firn_process *process, const struct statx *st,
		     json_t *object);

/* firn_held_filesystem(process, st) -- its type, "" when not known; "shmem"
 * for memory that is mounted nowhere. */
const char *firn_held_filesystem(const struct firn_process *process,
				 const struct statx *st);

/* What a file's path leads to now. */
struct firn_held_name {
	bool deleted;  /* no name leads to it any more */
	bool replaced; /* its path leads to another file */
	bool hidden;   /* it has a name, but not in the process's root */
	bool unknown;  /* its path could not be looked up */
};

/*
 * firn_held_name(process, st, path, ret) -- does the path that proc(5) shows
 * still lead to the file?
 *
 * " (deleted)" at the end is not believed: a name can end like that.  A file
 * without links is deleted.  One with links may be too, where an overlay hides
 * a file of the image.
 */
void firn_held_name(struct firn_process *process, const struct statx *st,
		    const char *path, struct firn_held_name *ret);

/*
 * firn_held_read(process, name, st, err) -- open a regular file for reading.
 * `*st` is what was read before; another file by now is ESTALE.
 */
FIRN_MUST_CHECK int firn_held_read(struct firn_process *process,
				   const char *name, const struct statx *st,
				   struct firn_err *err);

/*
 * firn_held_copy(process, name, st, leaf, ret_member, err) -- a held file into
 * the archive as data/processes/PID/LEAF, each inode once per capture.
 *
 * `*ret_member` is the member that holds it, or NULL where a gap was recorded;
 * borrowed, and good for as long as the reading.  A file with more than 64 MiB
 * of holes is stored as its data alone, with the places in LEAF.extents.json.
 */
FIRN_MUST_CHECK int firn_held_copy(struct firn_process *process,
				   const char *name, const struct statx *st,
				   const char *leaf, const char **ret_member,
				   struct firn_err *err);

/* firn_held_digest(process, name, st) -- its SHA-256 in hexadecimal, or NULL
 * where a gap was recorded; borrowed, and good for as long as the reading. */
const char *firn_held_digest(struct firn_process *process, const char *name,
			     const struct statx *st);

#endif
