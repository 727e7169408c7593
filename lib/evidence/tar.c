#include "evidence/tar.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* libarchive reads no longer ones. */
#define LONGEST_PAX (1 << 20)

struct ustar {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char chksum[8];
	char typeflag;
	char linkname[100];
	char magic[8]; /* "ustar", NUL, "00" */
	char uname[32];
	char gname[32];
	char devmajor[8];
	char devminor[8];
	char prefix[155];
	char pad[12];
};
_Static_assert(sizeof(struct ustar) == FIRN_TAR_BLOCK, "POSIX has it so");

/* Octal digits and a NUL; what needs more stands in a pax record, and as 0
 * here. */
static bool
fits(uint64_t value, size_t digits)
{
	return value >> (3 * digits) == 0;
}

static void
octal(char *field, size_t size, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*" PRIo64, (int)size - 1,
		 fits(value, size - 1) ? value : 0);
	memcpy(field, text, size);
}

static void
checksum(struct ustar *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned sum = 0;

	memset(header->chksum, ' ', sizeof(header->chksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += bytes[i];
	octal(header->chksum, 7, sum);
}

static void
name_into(char *field, size_t size, const char *text, size_t len)
{
	memcpy(field, text, len < size ? len : size);
}

static struct ustar
plain_header(char type, uint32_t mode)
{
	struct ustar header = { 0 };

	memcpy(header.magic, "ustar\00000", sizeof(header.magic));
	header.typeflag = type;
	octal(header.mode, sizeof(header.mode), mode & 07777);
	octal(header.uid, sizeof(header.uid), 0);
	octal(header.gid, sizeof(header.gid), 0);
	octal(header.size, sizeof(header.size), 0);
	octal(header.mtime, sizeof(header.mtime), 0);
	octal(header.devmajor, sizeof(header.devmajor), 0);
	octal(header.devminor, sizeof(header.devminor), 0);
	return header;
}

static size_t
decimal_digits(size_t value)
{
	size_t n = 1;

	while (value >= 10) {
		value /= 10;
		n++;
	}
	return n;
}

/* "LENGTH KEYWORD=VALUE\n", where LENGTH counts itself too. */
static void
record(struct firn_buf *pax, const char *keyword, const void *value, size_t len)
{
	size_t rest = strlen(keyword) + len + 3;
	size_t total = rest + decimal_digits(rest);

	total = rest + decimal_digits(total);
	firn_buf_addf(pax, "%zu %s=", total, keyword);
	firn_buf_add(pax, value, len);
	firn_buf_add(pax, "\n", 1);
}

static void
record_number(struct firn_buf *pax, const char *keyword, uint64_t value)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64, value);

	record(pax, keyword, text, (size_t)len);
}

/* Seconds with as many decimals as are needed; before 1970, "-0.5" is
 * { -1, 500000000 }. */
static void
record_time(struct firn_buf *pax, const char *keyword, struct timespec when)
{
	bool negative = when.tv_sec < 0;
	uint64_t seconds = (uint64_t)when.tv_sec;
	long nanoseconds = when.tv_nsec;
	char text[48];
	int len;

	if (negative)
		seconds = -seconds;
	if (negative && nanoseconds > 0) {
		seconds--;
		nanoseconds = 1000000000 - nanoseconds;
	}
	len = snprintf(text, sizeof(text), "%s%" PRIu64, negative ? "-" : "",
		       seconds);
	if (nanoseconds > 0) {
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				".%09ld", nanoseconds);
		while (text[len - 1] == '0')
			len--;
	}
	record(pax, keyword, text, (size_t)len);
}

static bool
time_fits(struct timespec when)
{
	return when.tv_sec >= 0 && when.tv_nsec == 0 &&
	       fits((uint64_t)when.tv_sec, 11);
}

/* A keyword ends at "="; GNU tar writes the one in a name as %3D. */
static void
record_xattr(struct firn_buf *pax, const struct firn_tar_xattr *xattr)
{
	autobuf struct firn_buf keyword = { 0 };

	firn_buf_addf(&keyword, "SCHILY.xattr.");
	for (const char *c = xattr->name; *c != '\0'; c++) {
		if (*c == '%' || *c == '=')
			firn_buf_addf(&keyword, "%%%02X", (unsigned)*c);
		else
			firn_buf_add(&keyword, c, 1);
	}
	if (keyword.failed)
		pax->failed = true;
	else
		record(pax, keyword.data, xattr->value, xattr->len);
}

/* A folder's name ends with a slash. */
static void
full_path(const struct firn_tar_entry *entry, struct firn_buf *ret)
{
	firn_buf_addf(ret, "%s", entry->path);
	if (entry->type == FIRN_TAR_FOLDER && !ret->failed &&
	    ret->data[ret->len - 1] != '/')
		firn_buf_add(ret, "/", 1);
}

static bool
is_sparse(const struct firn_tar_entry *entry)
{
	return entry->type == FIRN_TAR_FILE && entry->extents != NULL;
}

uint64_t
firn_tar_data(const struct firn_tar_entry *entry)
{
	uint64_t sum = 0;

	if (entry->type != FIRN_TAR_FILE)
		return 0;
	if (entry->extents == NULL)
		return entry->size;
	for (size_t i = 0; i < entry->n_extents; i++)
		sum += entry->extents[i].length;
	return sum;
}

size_t
firn_tar_padding(uint64_t data)
{
	return (size_t)(-data % FIRN_TAR_BLOCK);
}

/* GNU tar's format 1.0: how many, then offset and length of each, a number a
 * line.  A hole at the end is told by an empty extent there. */
static void
sparse_map(const struct firn_tar_entry *entry, struct firn_buf *ret)
{
	const struct firn_tar_extent *last = NULL;
	bool hole;

	if (entry->n_extents > 0)
		last = &entry->extents[entry->n_extents - 1];
	hole = last == NULL || last->offset + last->length < entry->size;
	firn_buf_addf(ret, "%zu\n", entry->n_extents + hole);
	for (size_t i = 0; i < entry->n_extents; i++)
		firn_buf_addf(ret, "%" PRIu64 "\n%" PRIu64 "\n",
			      entry->extents[i].offset,
			      entry->extents[i].length);
	if (hole)
		firn_buf_addf(ret, "%" PRIu64 "\n0\n", entry->size);
	firn_buf_fill(ret, 0, firn_tar_padding(ret->len));
}

static void
record_names(const struct firn_tar_entry *entry, const struct firn_buf *path,
	     struct firn_buf *pax)
{
	size_t link_len = entry->link != NULL ? strlen(entry->link) : 0;
	bool sparse = is_sparse(entry);
	bool long_path = path->len > sizeof(((struct ustar *)0)->name);
	bool long_link = link_len > sizeof(((struct ustar *)0)->linkname);

	if (((long_path || sparse) && !firn_is_utf8(path->data, path->len)) ||
	    (long_link && !firn_is_utf8(entry->link, link_len)))
		record(pax, "hdrcharset", "BINARY", 6);
	if (long_path && !sparse)
		record(pax, "path", path->data, path->len);
	if (long_link)
		record(pax, "linkpath", entry->link, link_len);
	if (!sparse)
		return;
	record(pax, "GNU.sparse.major", "1", 1);
	record(pax, "GNU.sparse.minor", "0", 1);
	record(pax, "GNU.sparse.name", path->data, path->len);
	record_number(pax, "GNU.sparse.realsize", entry->size);
}

static void
pax_records(const struct firn_tar_entry *entry, const struct firn_buf *path,
	    uint64_t stored, struct firn_buf *pax)
{
	record_names(entry, path, pax);
	if (!fits(stored, 11))
		record_number(pax, "size", stored);
	if (!fits(entry->uid, 7))
		record_number(pax, "uid", entry->uid);
	if (!fits(entry->gid, 7))
		record_number(pax, "gid", entry->gid);
	if (!time_fits(entry->mtime))
		record_time(pax, "mtime", entry->mtime);
	if (entry->atime.tv_sec != 0 || entry->atime.tv_nsec != 0)
		record_time(pax, "atime", entry->atime);
	if (entry->ctime.tv_sec != 0 || entry->ctime.tv_nsec != 0)
		record_time(pax, "ctime", entry->ctime);
	for (size_t i = 0; i < entry->n_xattrs; i++)
		record_xattr(pax, &entry->xattrs[i]);
}

static const char *
last_component(const struct firn_buf *path)
{
	const char *from = path->data + path->len - 1;

	while (from > path->data && from[-1] != '/')
		from--;
	return from;
}

static void
add_pax(const struct firn_buf *path, const struct firn_buf *pax,
	struct firn_buf *ret)
{
	struct ustar header = plain_header('x', 0644);
	char name[sizeof(header.name) + 1];
	int len = snprintf(name, sizeof(name), "PaxHeaders/%s",
			   last_component(path));

	name_into(header.name, sizeof(header.name), name, (size_t)len);
	octal(header.size, sizeof(header.size), pax->len);
	checksum(&header);
	firn_buf_add(ret, &header, sizeof(header));
	firn_buf_add(ret, pax->data, pax->len);
	firn_buf_fill(ret, 0, firn_tar_padding(pax->len));
}

static void
add_ustar(const struct firn_tar_entry *entry, const struct firn_buf *path,
	  uint64_t stored, struct firn_buf *ret)
{
	struct ustar header = plain_header((char)entry->type, entry->mode);
	char name[sizeof(header.name) + 1];
	int len;

	if (is_sparse(entry)) {
		/* What a reader without sparse files makes of it. */
		len = snprintf(name, sizeof(name), "GNUSparseFile.0/%s",
			       last_component(path));
		name_into(header.name, sizeof(header.name), name, (size_t)len);
	} else {
		name_into(header.name, sizeof(header.name), path->data,
			  path->len);
	}
	if (entry->link != NULL)
		name_into(header.linkname, sizeof(header.linkname), entry->link,
			  strlen(entry->link));
	octal(header.uid, sizeof(header.uid), entry->uid);
	octal(header.gid, sizeof(header.gid), entry->gid);
	octal(header.size, sizeof(header.size), stored);
	if (entry->mtime.tv_sec > 0)
		octal(header.mtime, sizeof(header.mtime),
		      (uint64_t)entry->mtime.tv_sec);
	octal(header.devmajor, sizeof(header.devmajor), entry->major);
	octal(header.devminor, sizeof(header.devminor), entry->minor);
	checksum(&header);
	firn_buf_add(ret, &header, sizeof(header));
}

static bool
is_time(struct timespec when)
{
	return when.tv_nsec >= 0 && when.tv_nsec < 1000000000;
}

/* GNU tar begins each extent at a block of its own, libarchive right behind
 * the one before: whole blocks mean the same to both. */
static bool
extents_ordered(const struct firn_tar_entry *entry)
{
	uint64_t from = 0, end;

	for (size_t i = 0; i < entry->n_extents; i++) {
		const struct firn_tar_extent *extent = &entry->extents[i];

		if (extent->offset < from ||
		    __builtin_add_overflow(extent->offset, extent->length,
					   &end) ||
		    end > entry->size)
			return false;
		if (i + 1 < entry->n_extents &&
		    firn_tar_padding(extent->length) != 0)
			return false;
		from = end;
	}
	return true;
}

static int
check_entry(const struct firn_tar_entry *entry, struct firn_err *err)
{
	bool links = entry->type == FIRN_TAR_HARDLINK ||
		     entry->type == FIRN_TAR_SYMLINK;

	if (entry->path == NULL || entry->path[0] == '\0' ||
	    entry->path[0] == '/')
		return firn_err_set(err, EINVAL,
				    "a tar entry needs a relative path");
	if (links != (entry->link != NULL))
		return firn_err_set(err, EINVAL,
				    "%s: only a link leads elsewhere",
				    entry->path);
	if (!is_time(entry->mtime) || !is_time(entry->atime) ||
	    !is_time(entry->ctime))
		return firn_err_set(err, EINVAL, "%s: no such time",
				    entry->path);
	if (!fits(entry->major, 7) || !fits(entry->minor, 7))
		return firn_err_set(err, EINVAL, "%s: no such device",
				    entry->path);
	if (entry->size > INT64_MAX ||
	    (is_sparse(entry) && !extents_ordered(entry)))
		return firn_err_set(err, EINVAL, "%s: no such size and extents",
				    entry->path);
	return 0;
}

int
firn_tar_header(const struct firn_tar_entry *entry, struct firn_buf *ret,
		struct firn_err *err)
{
	autobuf struct firn_buf path = { 0 }, pax = { 0 }, map = { 0 };
	uint64_t stored = firn_tar_data(entry);

	if (check_entry(entry, err) < 0)
		return -1;
	full_path(entry, &path);
	if (is_sparse(entry))
		sparse_map(entry, &map);
	if (firn_buf_check(&path, err) < 0 || firn_buf_check(&map, err) < 0)
		return -1;
	stored += map.len;
	pax_records(entry, &path, stored, &pax);
	if (firn_buf_check(&pax, err) < 0)
		return -1;
	if (pax.len > LONGEST_PAX)
		return firn_err_set(err, EFBIG,
				    "%s: more than 1 MiB of names and extended "
				    "attributes",
				    entry->path);
	if (pax.len > 0)
		add_pax(&path, &pax, ret);
	add_ustar(entry, &path, stored, ret);
	firn_buf_add(ret, map.data, map.len);
	return firn_buf_check(ret, err);
}
