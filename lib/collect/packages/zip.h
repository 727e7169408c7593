#ifndef COLLECT_ZIP_H
#define COLLECT_ZIP_H

/*
 * zip -- what a zip archive holds, which may be made to harm its reader.
 *
 * Read by its central directory.  Without zip64, encryption and methods other
 * than "stored" and "deflated".
 *
 * Source: PKWARE APPNOTE.TXT 6.3.10.
 */

#include <stddef.h>
#include <stdint.h>

#include "firn/err.h"

/* A part of a file, or bytes in memory. */
struct firn_zip {
	int fd; /* borrowed; of no meaning with `data` */
	const unsigned char *data;
	uint64_t offset, size;
	uint64_t before; /* bytes in front of the archive: a starting script */
};

struct firn_zip_entry {
	const char *name; /* ends with a NUL */
	unsigned flags, method;
	uint64_t packed, size, header;
};

/*
 * firn_zip_each(zip, see, arg, err) -- call `see` for each entry.
 *
 * EBADMSG for what is no zip, E2BIG for a directory of more than 16 MiB,
 * ENOTSUP for zip64 (65 535 entries or more).  Fails when `see` does.
 */
typedef int firn_zip_see(struct firn_zip *zip,
			 const struct firn_zip_entry *entry, void *arg,
			 struct firn_err *err);
FIRN_MUST_CHECK int firn_zip_each(struct firn_zip *zip, firn_zip_see *see,
				  void *arg, struct firn_err *err);

/*
 * firn_zip_read(zip, entry, max, ret, ret_len, err) -- its contents, for the
 * caller to free(3), with a NUL behind them.  More than `max` bytes is EFBIG.
 */
FIRN_MUST_CHECK int firn_zip_read(const struct firn_zip *zip,
				  const struct firn_zip_entry *entry,
				  size_t max, char **ret, size_t *ret_len,
				  struct firn_err *err);

/* firn_zip_within(zip, entry, ret, err) -- one that is stored as it is, as an
 * archive of its own. */
FIRN_MUST_CHECK int firn_zip_within(const struct firn_zip *zip,
				    const struct firn_zip_entry *entry,
				    struct firn_zip *ret, struct firn_err *err);

#endif
