#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "collect/packages/rpm_database.h"

/*
 * rpm_ndb -- pages of slots, each of which says where a package's blob is, in
 * blocks of 16 bytes.
 */

#define PAGE_LEN 4096
#define SLOT_LEN 16
#define BLOCK_LEN 16
#define BLOB_HEAD 16

static uint32_t
le32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

/* The blobs of a database lie apart: together they are no larger than it. */
static int
see_blob(int fd, const unsigned char *slot, uint64_t *left, firn_rpm_see *see,
	 void *arg, struct firn_err *err)
{
	autofree unsigned char *blob = NULL;
	unsigned char head[BLOB_HEAD];
	off_t at = (off_t)le32(slot + 8) * BLOCK_LEN;
	uint32_t len;

	if (pread(fd, head, sizeof(head), at) != sizeof(head) ||
	    memcmp(head, "BlbS", 4) != 0 || le32(head + 4) != le32(slot + 4))
		return firn_err_set(err, EBADMSG, "a package isn't there");
	len = le32(head + 12);
	if (len > FIRN_RPM_BLOB_MAX || len > *left)
		return firn_err_set(err, EBADMSG, "a package is too large");
	*left -= len;
	blob = malloc((size_t)len + 1);
	if (blob == NULL)
		return firn_err_nomem(err);
	if (pread(fd, blob, len, at + BLOB_HEAD) != (ssize_t)len)
		return firn_err_set(err, EBADMSG, "a package is cut");
	return see(blob, len, arg, err);
}

static int
see_page(int fd, uint32_t number, uint64_t *left, firn_rpm_see *see, void *arg,
	 struct firn_err *err)
{
	unsigned char page[PAGE_LEN];

	if (pread(fd, page, sizeof(page), (off_t)number * PAGE_LEN) !=
	    sizeof(page))
		return firn_err_set(err, EBADMSG, "its slots are cut");
	/* Where the first slots would be stands the header. */
	for (size_t i = number == 0 ? 2 : 0; i < PAGE_LEN / SLOT_LEN; i++) {
		const unsigned char *slot = page + i * SLOT_LEN;

		if (memcmp(slot, "Slot", 4) != 0)
			return firn_err_set(err, EBADMSG, "no slot");
		if (le32(slot + 8) != 0 &&
		    see_blob(fd, slot, left, see, arg, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_rpm_ndb(int fd, uint64_t size, firn_rpm_see *see, void *arg,
	     struct firn_err *err)
{
	unsigned char head[32];
	uint64_t left = size;
	uint32_t n;

	if (pread(fd, head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head, "RpmP", 4) != 0)
		return firn_err_set(err, EBADMSG, "no database of packages");
	n = le32(head + 12);
	if (n > size / PAGE_LEN)
		return firn_err_set(err, EBADMSG, "its slots are cut");
	for (uint32_t i = 0; i < n; i++) {
		if (see_page(fd, i, &left, see, arg, err) < 0)
			return -1;
	}
	return 0;
}
