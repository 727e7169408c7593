#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

/*
 * spool -- bytes to be read again later, in bounded memory.
 *
 * What an artefact needs before its size is known waits here.  Up to
 * FIRN_SPOOL_MEMORY bytes stay in memory; more goes to a file without a name
 * in a folder of ours (never on the suspect's filesystem), readable by nobody
 * else and gone with the process.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"

#define FIRN_SPOOL_MEMORY (1 << 20)

struct firn_spool {
	char *memory;
	size_t buffered; /* bytes in `memory` */
	uint64_t size;   /* bytes in all */
	int dir_fd;      /* borrowed: where to make the file */
	int fd;          /* -1 while there is no file */
};

#define autospool __attribute__((cleanup(firn_spool_free)))

/* firn_spool_init(dir_fd) -- an empty one; `dir_fd` must outlive it, and
 * AT_FDCWD means /run/firn if that is there, else /tmp. */
struct firn_spool firn_spool_init(int dir_fd);

FIRN_MUST_CHECK int firn_spool_add(struct firn_spool *spool, const void *data,
				   size_t len, struct firn_err *err);

/*
 * firn_spool_read(spool, offset, data, size, err) -- read back.
 *
 * Returns how many bytes, 0 at the end, or -1.  Adding may go on afterwards.
 */
FIRN_MUST_CHECK ssize_t firn_spool_read(const struct firn_spool *spool,
					uint64_t offset, void *data,
					size_t size, struct firn_err *err);

void firn_spool_free(struct firn_spool *spool);

#endif
