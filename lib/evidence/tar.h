#ifndef EVIDENCE_TAR_H
#define EVIDENCE_TAR_H

/*
 * tar -- headers of a pax interchange archive, and nothing else.
 *
 * We write them ourselves because the exact size of a tar has to be known
 * before its first byte is written (a layer is a member of the archive), and
 * because a reader of evidence must accept what we write and nothing else.
 *
 * Source: POSIX.1-2017 pax; star's SCHILY.xattr; GNU tar's sparse format 1.0.
 */

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "firn/err.h"

#define FIRN_TAR_BLOCK 512

enum firn_tar_type {
	FIRN_TAR_FILE = '0',
	FIRN_TAR_HARDLINK = '1',
	FIRN_TAR_SYMLINK = '2',
	FIRN_TAR_CHAR = '3',
	FIRN_TAR_BLOCKDEV = '4',
	FIRN_TAR_FOLDER = '5',
	FIRN_TAR_FIFO = '6',
};

struct firn_tar_xattr {
	const char *name; /* "security.capability" */
	const void *value;
	size_t len;
};

/*
 * A run of data in a sparse file; what lies between is a hole.  All but the
 * last are whole blocks of 512 bytes long, because readers disagree on what
 * anything else means; SEEK_DATA gives no others.
 */
struct firn_tar_extent {
	uint64_t offset, length; /* bytes */
};

/* Everything is borrowed. */
struct firn_tar_entry {
	enum firn_tar_type type;
	const char *path; /* bytes, no leading "/"; any length */
	const char *link; /* of a hard or symbolic link; else NULL */
	uint32_t mode;    /* permission bits and set-id, sticky */
	uint64_t uid, gid;
	uint64_t size;                       /* of a file: as stat(2) has it */
	struct timespec mtime, atime, ctime; /* atime and ctime are left out
					      * when both fields are 0 */
	unsigned major, minor;               /* of a device */
	const struct firn_tar_xattr *xattrs;
	size_t n_xattrs;
	const struct firn_tar_extent *extents; /* sorted; NULL: not sparse */
	size_t n_extents;
};

/*
 * firn_tar_header(entry, ret, err) -- append the blocks that stand before the
 * entry's data: a pax extended header where one is needed, the ustar header,
 * and of a sparse file its map.
 *
 * The same entry always gives the same bytes.  What no tar can hold (crossed
 * extents, an absolute path) is EINVAL; names and extended attributes of more
 * than 1 MiB together, which libarchive wouldn't read, are EFBIG.
 */
FIRN_MUST_CHECK int firn_tar_header(const struct firn_tar_entry *entry,
				    struct firn_buf *ret, struct firn_err *err);

/* firn_tar_data(entry) -- bytes of data that follow the header: the size, or
 * the sum of the extents; 0 for anything but a file. */
uint64_t firn_tar_data(const struct firn_tar_entry *entry);

/* firn_tar_padding(data) -- zero bytes that follow the data, to a whole block.
 */
size_t firn_tar_padding(uint64_t data);

/* The two zero blocks that end an archive. */
#define FIRN_TAR_END (2 * FIRN_TAR_BLOCK)

#endif
