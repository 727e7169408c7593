#include <byteswap.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "collect/packages/rpm_database.h"

/*
 * rpm_bdb -- pages of keys and values, in the byte order of whoever wrote it.
 * Values that are too large for a page lie in a chain of others.
 */

#define HASH_MAGIC 0x061561u
#define PAGE_HEAD 26
#define UNSORTED_PAGE 2
#define OVERFLOW_PAGE 7
#define HASH_PAGE 13
#define OFF_PAGE 3 /* of an item: its value is in a chain */
#define OFF_PAGE_LEN 12

struct bdb {
	int fd;
	bool swapped;
	uint32_t page_len, n_pages;
	uint64_t left; /* bytes that chains may have yet */
	firn_rpm_see *see;
	void *arg;
};

static uint32_t
word(const struct bdb *bdb, const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return bdb->swapped ? bswap_32(value) : value;
}

static unsigned
half(const struct bdb *bdb, const unsigned char *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return bdb->swapped ? bswap_16(value) : value;
}

static bool
reads(const struct bdb *bdb, uint32_t number, unsigned char *page)
{
	return number < bdb->n_pages &&
	       pread(bdb->fd, page, bdb->page_len,
		     (off_t)number * bdb->page_len) == (ssize_t)bdb->page_len;
}

/* A chain's pages are nobody else's: together they are no larger than the
 * file. */
static int
see_chain(struct bdb *bdb, uint32_t number, uint32_t len, unsigned char *page,
	  struct firn_err *err)
{
	autofree unsigned char *blob = NULL;
	uint32_t done = 0;

	if (len > FIRN_RPM_BLOB_MAX || len > bdb->left)
		return firn_err_set(err, EBADMSG, "a package is too large");
	bdb->left -= len;
	blob = malloc((size_t)len + 1);
	if (blob == NULL)
		return firn_err_nomem(err);
	while (done < len) {
		uint32_t part;

		if (!reads(bdb, number, page) || page[25] != OVERFLOW_PAGE)
			return firn_err_set(err, EBADMSG, "a package is cut");
		part = half(bdb, page + 22);
		if (part == 0 || part > bdb->page_len - PAGE_HEAD ||
		    part > len - done)
			return firn_err_set(err, EBADMSG, "a package is cut");
		memcpy(blob + done, page + PAGE_HEAD, part);
		done += part;
		number = word(bdb, page + 16);
	}
	return bdb->see(blob, len, bdb->arg, err);
}

/* Items are keys and values in turn; each begins where its index says, and the
 * value of the first key, a counter, is in the page. */
static int
see_page(struct bdb *bdb, const unsigned char *page, unsigned char *scratch,
	 struct firn_err *err)
{
	unsigned n = half(bdb, page + 20);

	if (n > (bdb->page_len - PAGE_HEAD) / 2)
		return firn_err_set(err, EBADMSG, "a page is cut");
	for (unsigned i = 1; i < n; i += 2) {
		unsigned at = half(bdb, page + PAGE_HEAD + 2 * (size_t)i);

		if (at > bdb->page_len - OFF_PAGE_LEN || page[at] != OFF_PAGE)
			continue;
		if (see_chain(bdb, word(bdb, page + at + 4),
			      word(bdb, page + at + 8), scratch, err) < 0)
			return -1;
	}
	return 0;
}

static int
see_pages(struct bdb *bdb, struct firn_err *err)
{
	autofree unsigned char *page = malloc(bdb->page_len);
	autofree unsigned char *scratch = malloc(bdb->page_len);

	if (page == NULL || scratch == NULL)
		return firn_err_nomem(err);
	for (uint32_t i = 1; i < bdb->n_pages; i++) {
		if (!reads(bdb, i, page))
			return firn_err_set(err, EBADMSG, "it is cut");
		if ((page[25] == HASH_PAGE || page[25] == UNSORTED_PAGE) &&
		    see_page(bdb, page, scratch, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_rpm_bdb(int fd, uint64_t size, firn_rpm_see *see, void *arg,
	     struct firn_err *err)
{
	struct bdb bdb = { .fd = fd, .left = size, .see = see, .arg = arg };
	unsigned char head[512];
	uint32_t last;

	if (pread(fd, head, sizeof(head), 0) != sizeof(head))
		return firn_err_set(err, EBADMSG, "no database of packages");
	bdb.swapped = word(&bdb, head + 12) == bswap_32(HASH_MAGIC);
	bdb.page_len = word(&bdb, head + 20);
	if (word(&bdb, head + 12) != HASH_MAGIC || bdb.page_len < 512 ||
	    bdb.page_len > 65536 || (bdb.page_len & (bdb.page_len - 1)) != 0)
		return firn_err_set(err, EBADMSG, "no database of packages");
	last = word(&bdb, head + 32);
	bdb.n_pages = last < size / bdb.page_len
			      ? last + 1
			      : (uint32_t)(size / bdb.page_len);
	return see_pages(&bdb, err);
}
