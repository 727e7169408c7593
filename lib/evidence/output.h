#ifndef EVIDENCE_OUTPUT_H
#define EVIDENCE_OUTPUT_H

/*
 * output -- where the archive's bytes go: a file that is .partial until it's
 * sealed, or somebody's descriptor.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firn/err.h"

struct firn_output {
	int fd;
	int dir_fd;    /* of the file; -1 for a descriptor of somebody else's */
	char *path;    /* when sealed; "-" */
	char *partial; /* until then; "-" */
	const char *name;   /* in the folder, a part of `path` */
	uint64_t offset;    /* bytes written */
	uint64_t reserve;   /* bytes to keep allocated behind what is written */
	uint64_t allocated; /* up to here the disk has room for sure */
	bool unallocated;   /* this filesystem has no fallocate(2) */
};

/* firn_output_probe(path, err) -- could PATH.partial be made?  Writes nothing.
 */
FIRN_MUST_CHECK int firn_output_probe(const char *path, struct firn_err *err);

/* firn_output_open(ret, path, fd, err) -- make PATH.partial, or use `fd`. */
FIRN_MUST_CHECK int firn_output_open(struct firn_output *ret, const char *path,
				     int fd, struct firn_err *err);

/* firn_output_close(output) -- leave the file as it is. */
void firn_output_close(struct firn_output *output);

/* firn_output_discard(output) -- remove the file that was just made. */
void firn_output_discard(struct firn_output *output);

/*
 * firn_output_write(output, data, len, err) -- write, if afterwards there's
 * still room for the reserve; ENOSPC (or EDQUOT, EFBIG) before it's too late.
 */
FIRN_MUST_CHECK int firn_output_write(struct firn_output *output,
				      const void *data, size_t len,
				      struct firn_err *err);

/* firn_output_is_full(output, err) -- is this the failure after which a file
 * can still be sealed from the reserve? */
bool firn_output_is_full(const struct firn_output *output,
			 const struct firn_err *err);

/* firn_output_take_back(output, offset, err) -- cut the file. */
FIRN_MUST_CHECK int firn_output_take_back(struct firn_output *output,
					  uint64_t offset,
					  struct firn_err *err);

/* firn_output_sync(output, err) -- fdatasync(2), of regular files. */
FIRN_MUST_CHECK int firn_output_sync(struct firn_output *output,
				     struct firn_err *err);

/* firn_output_finish(output, rename, err) -- give back what was reserved, sync
 * and close the file; `rename` it to its path and sync the folder. */
FIRN_MUST_CHECK int firn_output_finish(struct firn_output *output, bool rename,
				       struct firn_err *err);

/* firn_output_room(output, ret) -- bytes free there; 0 or -1. */
int firn_output_room(const struct firn_output *output, uint64_t *ret);

#endif
