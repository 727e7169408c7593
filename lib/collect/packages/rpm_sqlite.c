#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "collect/packages/rpm_database.h"

/*
 * rpm_sqlite -- as much of SQLite as one table of blobs needs.  A library that
 * runs what a database says (triggers, views, expressions of its schema) is
 * more than an intruder's file should be given.
 */

#define DEPTH_MAX 20

enum {
	TABLE_INTERIOR = 5,
	TABLE_LEAF = 13,
};

/* A row: what its record holds. */
typedef int see_row(const unsigned char *record, size_t len, void *arg,
		    struct firn_err *err);

struct sqlite {
	int fd;
	uint32_t page_len, usable, n_pages;
	uint64_t left; /* pages that may be read yet */

	/* Of the table that is read. */
	see_row *see;
	void *arg;
};

static unsigned
be16(const unsigned char *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static uint32_t
be32(const unsigned char *at)
{
	return (uint32_t)be16(at) << 16 | be16(at + 2);
}

static int
malformed(struct firn_err *err, const char *what)
{
	return firn_err_set(err, EBADMSG, "its database: %s", what);
}

/* Up to nine bytes, seven bits in each but the ninth. */
static bool
varint(const unsigned char **at, const unsigned char *end, uint64_t *ret)
{
	*ret = 0;
	for (int i = 0; i < 9 && *at < end; i++) {
		unsigned char byte = *(*at)++;

		if (i == 8) {
			*ret = *ret << 8 | byte;
			return true;
		}
		*ret = *ret << 7 | (byte & 0x7f);
		if ((byte & 0x80) == 0)
			return true;
	}
	return false;
}

static int
read_page(struct sqlite *db, uint32_t number, unsigned char *page,
	  struct firn_err *err)
{
	if (number == 0 || number > db->n_pages)
		return malformed(err, "a page lies outside");
	if (db->left == 0)
		return malformed(err, "its pages lead in a circle");
	db->left--;
	if (pread(db->fd, page, db->page_len,
		  (off_t)(number - 1) * db->page_len) != (ssize_t)db->page_len)
		return malformed(err, "it is cut");
	return 0;
}

/* --- a row -------------------------------------------------------------------
 */

/* How much of a payload stands in the leaf; the rest is in a chain. */
static uint64_t
local_part(const struct sqlite *db, uint64_t len)
{
	uint64_t most = db->usable - 35;
	uint64_t least = (db->usable - 12) * 32 / 255 - 23;
	uint64_t some;

	if (len <= most)
		return len;
	some = least + (len - least) % (db->usable - 4);
	return some <= most ? some : least;
}

static int
read_chain(struct sqlite *db, uint32_t number, unsigned char *to, size_t len,
	   struct firn_err *err)
{
	autofree unsigned char *page = malloc(db->page_len);

	if (page == NULL)
		return firn_err_nomem(err);
	while (len > 0) {
		size_t part = len < db->usable - 4 ? len : db->usable - 4;

		if (read_page(db, number, page, err) < 0)
			return -1;
		memcpy(to, page + 4, part);
		to += part;
		len -= part;
		number = be32(page);
	}
	return 0;
}

/* The cell of a leaf: the length of its payload, the row's number, the
 * payload.  Cells don't overlap: `room` is what is left of the page. */
static int
see_cell(struct sqlite *db, const unsigned char *at, const unsigned char *end,
	 uint64_t *room, struct firn_err *err)
{
	autofree unsigned char *payload = NULL;
	uint64_t len, row, local;

	if (!varint(&at, end, &len) || !varint(&at, end, &row))
		return malformed(err, "a row is cut");
	if (len > FIRN_RPM_BLOB_MAX)
		return malformed(err, "a row is too large");
	local = local_part(db, len);
	if (local + (local < len ? 4 : 0) > (uint64_t)(end - at) ||
	    local + 4 > *room)
		return malformed(err, "a row is cut");
	*room -= local + 4;
	payload = malloc((size_t)len + 1);
	if (payload == NULL)
		return firn_err_nomem(err);
	memcpy(payload, at, (size_t)local);
	if (local < len && read_chain(db, be32(at + local), payload + local,
				      (size_t)(len - local), err) < 0)
		return -1;
	return db->see(payload, (size_t)len, db->arg, err);
}

/* --- a table -----------------------------------------------------------------
 */

static int see_tree(struct sqlite *db, uint32_t number, unsigned depth,
		    struct firn_err *err);

static int
see_cells(struct sqlite *db, const unsigned char *page,
	  const unsigned char *head, unsigned depth, struct firn_err *err)
{
	bool leaf = head[0] == TABLE_LEAF;
	const unsigned char *pointers = head + (leaf ? 8 : 12);
	const unsigned char *end = page + db->usable;
	unsigned n = be16(head + 3);
	uint64_t room = db->usable;

	if (n > (size_t)(end - pointers) / 2)
		return malformed(err, "a page is cut");
	for (unsigned i = 0; i < n; i++) {
		unsigned at = be16(pointers + 2 * (size_t)i);
		const unsigned char *cell;
		int done;

		if (at > db->usable - 4)
			return malformed(err, "a page is cut");
		cell = page + at;
		done = leaf ? see_cell(db, cell, end, &room, err)
			    : see_tree(db, be32(cell), depth + 1, err);
		if (done < 0)
			return -1;
	}
	return leaf ? 0 : see_tree(db, be32(head + 8), depth + 1, err);
}

static int
see_tree(struct sqlite *db, uint32_t number, unsigned depth,
	 struct firn_err *err)
{
	autofree unsigned char *page = malloc(db->page_len);
	const unsigned char *head;

	if (page == NULL)
		return firn_err_nomem(err);
	if (depth == DEPTH_MAX)
		return malformed(err, "its tree is too deep");
	if (read_page(db, number, page, err) < 0)
		return -1;
	/* The file's own header stands in front of the first page's. */
	head = page + (number == 1 ? 100 : 0);
	if (head[0] != TABLE_LEAF && head[0] != TABLE_INTERIOR)
		return malformed(err, "no table");
	return see_cells(db, page, head, depth, err);
}

/* --- records -----------------------------------------------------------------
 */

/* The length of a column, by its type. */
static uint64_t
column_len(uint64_t type)
{
	static const unsigned char lens[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0 };

	if (type < sizeof(lens))
		return lens[type];
	return type >= 12 ? (type - 12) / 2 : 0;
}

/* The column `which` of a record; NULL if it has none. */
static const unsigned char *
column(const unsigned char *record, size_t len, unsigned which,
       uint64_t *ret_type, uint64_t *ret_len)
{
	const unsigned char *at = record, *head_end;
	uint64_t head, offset;

	if (!varint(&at, record + len, &head) || head > len)
		return NULL;
	head_end = record + head;
	offset = head;
	for (unsigned i = 0;; i++) {
		if (!varint(&at, head_end, ret_type))
			return NULL;
		*ret_len = column_len(*ret_type);
		if (*ret_len > len - offset)
			return NULL;
		if (i == which)
			return record + offset;
		offset += *ret_len;
	}
}

static bool
is_text(const unsigned char *record, size_t len, unsigned which,
	const char *text)
{
	uint64_t type, text_len;
	const unsigned char *at = column(record, len, which, &type, &text_len);

	return at != NULL && type >= 13 && type % 2 == 1 &&
	       text_len == strlen(text) && memcmp(at, text, text_len) == 0;
}

/* A row of the schema: type, name, tbl_name, rootpage, sql. */
static int
find_table(const unsigned char *record, size_t len, void *arg,
	   struct firn_err *err)
{
	uint32_t *root = arg;
	uint64_t type, number_len, number = 0;
	const unsigned char *at;

	(void)err;
	if (!is_text(record, len, 0, "table") ||
	    !is_text(record, len, 1, "Packages"))
		return 0;
	at = column(record, len, 3, &type, &number_len);
	if (at == NULL || type == 0 || type > 9)
		return 0;
	for (uint64_t i = 0; i < number_len; i++)
		number = number << 8 | at[i];
	*root = type == 9 ? 1 : number <= UINT32_MAX ? (uint32_t)number : 0;
	return 0;
}

struct blobs {
	firn_rpm_see *see;
	void *arg;
};

/* A row of Packages: hnum, blob. */
static int
see_blob(const unsigned char *record, size_t len, void *arg,
	 struct firn_err *err)
{
	const struct blobs *blobs = arg;
	uint64_t type, blob_len;
	const unsigned char *at = column(record, len, 1, &type, &blob_len);

	if (at == NULL || type < 12 || type % 2 != 0)
		return malformed(err, "a row without a blob");
	return blobs->see(at, (size_t)blob_len, blobs->arg, err);
}

int
firn_rpm_sqlite(int fd, uint64_t size, firn_rpm_see *see, void *arg,
		struct firn_err *err)
{
	struct blobs blobs = { see, arg };
	struct sqlite db = { .fd = fd, .see = find_table };
	unsigned char head[100];
	uint32_t root = 0;

	db.arg = &root;
	if (pread(fd, head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head, "SQLite format 3", 16) != 0)
		return malformed(err, "it is none");
	db.page_len = be16(head + 16) == 1 ? 65536 : be16(head + 16);
	db.usable = db.page_len - head[20];
	if (db.page_len < 512 || (db.page_len & (db.page_len - 1)) != 0 ||
	    db.usable < 480)
		return malformed(err, "pages of an unknown size");
	db.n_pages = size / db.page_len < UINT32_MAX
			     ? (uint32_t)(size / db.page_len)
			     : UINT32_MAX;
	/* The schema's pages are read beside all others. */
	db.left = 2 * (uint64_t)db.n_pages;
	if (see_tree(&db, 1, 0, err) < 0)
		return -1;
	if (root == 0)
		return malformed(err, "it has no table of packages");
	db.see = see_blob;
	db.arg = &blobs;
	return see_tree(&db, root, 0, err);
}
