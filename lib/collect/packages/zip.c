#include "collect/packages/zip.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "base/auto.h"

#define DIRECTORY_MAX (16u << 20)
#define END_LEN 22
#define ENTRY_LEN 46
#define LOCAL_LEN 30

static unsigned
u16(const unsigned char *at)
{
	return (unsigned)(at[0] | at[1] << 8);
}

static uint32_t
u32(const unsigned char *at)
{
	return u16(at) | (uint32_t)u16(at + 2) << 16;
}

static bool
reads(const struct firn_zip *zip, uint64_t offset, void *ret, size_t size)
{
	if (offset > zip->size || size > zip->size - offset)
		return false;
	if (zip->data != NULL) {
		memcpy(ret, zip->data + offset, size);
		return true;
	}
	return pread(zip->fd, ret, size, (off_t)(zip->offset + offset)) ==
	       (ssize_t)size;
}

static int
malformed(struct firn_err *err, const char *what)
{
	return firn_err_set(err, EBADMSG, "no zip archive: %s", what);
}

/* --- the directory -----------------------------------------------------------
 */

/* The record at the end, behind which there may be a comment. */
static int
find_end(const struct firn_zip *zip, unsigned char ret[END_LEN],
	 uint64_t *ret_at, struct firn_err *err)
{
	size_t len = zip->size < 65535 + END_LEN ? (size_t)zip->size
						 : 65535 + END_LEN;
	autofree unsigned char *tail = malloc(len + 1);

	if (tail == NULL)
		return firn_err_nomem(err);
	if (len < END_LEN || !reads(zip, zip->size - len, tail, len))
		return malformed(err, "too short");
	for (size_t i = len - END_LEN + 1; i-- > 0;) {
		if (memcmp(tail + i, "PK\5\6", 4) != 0)
			continue;
		memcpy(ret, tail + i, END_LEN);
		*ret_at = zip->size - len + i;
		return 0;
	}
	return malformed(err, "no end of its directory");
}

struct directory {
	unsigned char *data;
	size_t len;
	unsigned n; /* entries */
};

static int
see_entry(struct firn_zip *zip, const unsigned char *at, size_t name_len,
	  firn_zip_see *see, void *arg, struct firn_err *err)
{
	struct firn_zip_entry entry = {
		.flags = u16(at + 8),
		.method = u16(at + 10),
		.packed = u32(at + 20),
		.size = u32(at + 24),
		.header = zip->before + u32(at + 42),
	};
	char name[4096];

	if (name_len >= sizeof(name))
		return 0;
	memcpy(name, at + ENTRY_LEN, name_len);
	name[name_len] = '\0';
	entry.name = name;
	return see(zip, &entry, arg, err);
}

static int
see_all(struct firn_zip *zip, const struct directory *directory,
	firn_zip_see *see, void *arg, struct firn_err *err)
{
	const unsigned char *at = directory->data;
	size_t len = directory->len;

	for (unsigned i = 0; i < directory->n; i++) {
		size_t name_len, whole;

		if (len < ENTRY_LEN || memcmp(at, "PK\1\2", 4) != 0)
			return malformed(err, "its directory is cut");
		name_len = u16(at + 28);
		whole = ENTRY_LEN + name_len + u16(at + 30) + u16(at + 32);
		if (whole > len)
			return malformed(err, "its directory is cut");
		if (see_entry(zip, at, name_len, see, arg, err) < 0)
			return -1;
		at += whole;
		len -= whole;
	}
	return 0;
}

/* The directory lies in front of its end, and what it says lies before it by
 * what is in front of the archive. */
static int
read_directory(struct firn_zip *zip, struct directory *ret,
	       struct firn_err *err)
{
	unsigned char end[END_LEN] = { 0 };
	uint64_t at = 0, start;
	uint32_t len;

	if (find_end(zip, end, &at, err) < 0)
		return -1;
	ret->n = u16(end + 10);
	len = u32(end + 12);
	start = u32(end + 16);
	if (ret->n == 0xffff || len == 0xffffffff || start == 0xffffffff)
		return firn_err_set(err, ENOTSUP, "a zip64 archive");
	if (len > DIRECTORY_MAX)
		return firn_err_set(err, E2BIG, "its directory is too large");
	if (len > at || start > at - len)
		return malformed(err, "its directory lies outside");
	zip->before = at - len - start;
	ret->len = len;
	ret->data = malloc((size_t)len + 1);
	if (ret->data == NULL)
		return firn_err_nomem(err);
	if (!reads(zip, at - len, ret->data, len))
		return malformed(err, "its directory can't be read");
	return 0;
}

int
firn_zip_each(struct firn_zip *zip, firn_zip_see *see, void *arg,
	      struct firn_err *err)
{
	struct directory directory = { 0 };
	int done = read_directory(zip, &directory, err);

	if (done == 0)
		done = see_all(zip, &directory, see, arg, err);
	free(directory.data);
	return done;
}

/* --- one entry ---------------------------------------------------------------
 */

/* Where its bytes begin: the header in front of them has lengths of its own. */
static int
find_bytes(const struct firn_zip *zip, const struct firn_zip_entry *entry,
	   uint64_t *ret, struct firn_err *err)
{
	unsigned char local[LOCAL_LEN];

	if ((entry->flags & 1) != 0)
		return firn_err_set(err, ENOTSUP, "encrypted");
	if (!reads(zip, entry->header, local, LOCAL_LEN) ||
	    memcmp(local, "PK\3\4", 4) != 0)
		return malformed(err, "an entry lies outside");
	*ret = entry->header + LOCAL_LEN + u16(local + 26) + u16(local + 28);
	if (*ret > zip->size || entry->packed > zip->size - *ret)
		return malformed(err, "an entry is cut");
	return 0;
}

static int
unpack(unsigned char *from, size_t from_len, char *to, size_t to_len,
       struct firn_err *err)
{
	z_stream stream = { .next_in = from,
			    .avail_in = (unsigned)from_len,
			    .next_out = (unsigned char *)to,
			    .avail_out = (unsigned)to_len };
	int said;

	if (inflateInit2(&stream, -15) != Z_OK)
		return firn_err_nomem(err);
	said = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	if (said != Z_STREAM_END || stream.total_out != to_len)
		return malformed(err, "an entry can't be unpacked");
	return 0;
}

int
firn_zip_read(const struct firn_zip *zip, const struct firn_zip_entry *entry,
	      size_t max, char **ret, size_t *ret_len, struct firn_err *err)
{
	autofree unsigned char *packed = NULL;
	autofree char *data = NULL;
	uint64_t at = 0;

	if (entry->size > max || entry->packed > max)
		return firn_err_set(err, EFBIG, "more than %zu bytes", max);
	if (find_bytes(zip, entry, &at, err) < 0)
		return -1;
	packed = malloc((size_t)entry->packed + 1);
	data = malloc((size_t)entry->size + 1);
	if (packed == NULL || data == NULL)
		return firn_err_nomem(err);
	if (!reads(zip, at, packed, (size_t)entry->packed))
		return malformed(err, "an entry can't be read");
	if (entry->method == 0 && entry->packed == entry->size)
		memcpy(data, packed, (size_t)entry->size);
	else if (entry->method != 8)
		return firn_err_set(err, ENOTSUP, "packed by method %u",
				    entry->method);
	else if (unpack(packed, (size_t)entry->packed, data,
			(size_t)entry->size, err) < 0)
		return -1;
	data[entry->size] = '\0';
	*ret = firn_steal(data);
	*ret_len = (size_t)entry->size;
	return 0;
}

int
firn_zip_within(const struct firn_zip *zip, const struct firn_zip_entry *entry,
		struct firn_zip *ret, struct firn_err *err)
{
	uint64_t at = 0;

	if (entry->method != 0 || entry->packed != entry->size)
		return firn_err_set(err, ENOTSUP, "it is packed");
	if (find_bytes(zip, entry, &at, err) < 0)
		return -1;
	*ret = (struct firn_zip){
		.fd = zip->fd,
		.data = zip->data != NULL ? zip->data + at : NULL,
		.offset = zip->offset + at,
		.size = entry->size,
	};
	return 0;
}
