#ifndef TESTS_COLLECT_MADE_RPM_H
#define TESTS_COLLECT_MADE_RPM_H

/*
 * made_rpm -- packages and the databases that rpm keeps them in, byte by byte.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"

static inline void
big(struct firn_buf *buf, uint64_t value, size_t len)
{
	for (size_t i = len; i-- > 0;) {
		unsigned char byte = (unsigned char)(value >> (8 * i));

		firn_buf_add(buf, &byte, 1);
	}
}

static inline void
little(struct firn_buf *buf, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)(value >> (8 * i));

		firn_buf_add(buf, &byte, 1);
	}
}

static inline void
fill_to(struct firn_buf *buf, size_t len)
{
	ck_assert_uint_le(buf->len, len);
	firn_buf_fill(buf, 0, len - buf->len);
}

/* Bytes over what is there. */
static inline void
patch(struct firn_buf *buf, size_t at, const struct firn_buf *with)
{
	ck_assert_uint_le(at + with->len, buf->len);
	memcpy(buf->data + at, with->data, with->len);
}

/* --- a package ---------------------------------------------------------------
 */

static inline void
rpm_entry(struct firn_buf *index, unsigned tag, unsigned type, size_t offset,
	  unsigned n)
{
	big(index, tag, 4);
	big(index, type, 4);
	big(index, offset, 4);
	big(index, n, 4);
}

static inline void
rpm_text(struct firn_buf *index, struct firn_buf *data, unsigned tag,
	 const char *text)
{
	rpm_entry(index, tag, 6, data->len, 1);
	firn_buf_add(data, text, strlen(text) + 1);
}

/* With `extra` bytes of something else, so that it's too long for a page. */
static inline void
rpm_package(struct firn_buf *ret, const char *name, const char *version,
	    unsigned epoch, const char *source, size_t extra)
{
	autobuf struct firn_buf index = { 0 }, data = { 0 };
	unsigned n = 7;

	rpm_text(&index, &data, 1000, name);
	rpm_text(&index, &data, 1001, version);
	rpm_text(&index, &data, 1002, "6.el9");
	rpm_text(&index, &data, 1022, "x86_64");
	rpm_text(&index, &data, 1044, source);
	rpm_text(&index, &data, 1014, "GPLv3+");
	rpm_entry(&index, 5, 7, data.len, (unsigned)extra);
	firn_buf_fill(&data, 0, extra);
	if (epoch > 0) {
		n++;
		fill_to(&data, (data.len + 3) / 4 * 4);
		rpm_entry(&index, 1003, 4, data.len, 1);
		big(&data, epoch, 4);
	}
	big(ret, n, 4);
	big(ret, data.len, 4);
	firn_buf_add(ret, index.data, index.len);
	firn_buf_add(ret, data.data, data.len);
}

/* --- ndb
 * ----------------------------------------------------------------------
 */

static inline void
made_ndb(struct firn_buf *ret, const struct firn_buf *blobs, size_t n)
{
	autobuf struct firn_buf slots = { 0 };

	firn_buf_add(&slots, "RpmP", 4);
	little(&slots, 0, 4);
	little(&slots, 1, 4);
	little(&slots, 1, 4); /* pages of slots */
	little(&slots, n + 1, 4);
	fill_to(&slots, 32);
	fill_to(ret, 4096);
	for (size_t i = 0; i < n; i++) {
		firn_buf_add(&slots, "Slot", 4);
		little(&slots, i + 1, 4);
		little(&slots, ret->len / 16, 4);
		little(&slots, (blobs[i].len + 16 + 12 + 15) / 16, 4);
		firn_buf_add(ret, "BlbS", 4);
		little(ret, i + 1, 4);
		little(ret, 1, 4);
		little(ret, blobs[i].len, 4);
		firn_buf_add(ret, blobs[i].data, blobs[i].len);
		fill_to(ret, (ret->len + 12 + 15) / 16 * 16);
	}
	while (slots.len < 4096) {
		firn_buf_add(&slots, "Slot", 4);
		firn_buf_fill(&slots, 0, 12);
	}
	patch(ret, 0, &slots);
}

/* --- Berkeley DB
 * --------------------------------------------------------------
 */

#define BDB_PAGE 4096

/* In the other byte order if `swapped`, on a machine of the usual one. */
static inline void
bdb_word(struct firn_buf *buf, bool swapped, uint64_t value, size_t len)
{
	if (swapped)
		big(buf, value, len);
	else
		little(buf, value, len);
}

static inline void
bdb_head(struct firn_buf *buf, bool swapped, size_t number, size_t next,
	 size_t entries, size_t offset, unsigned type)
{
	firn_buf_fill(buf, 0, 8);
	bdb_word(buf, swapped, number, 4);
	bdb_word(buf, swapped, 0, 4);
	bdb_word(buf, swapped, next, 4);
	bdb_word(buf, swapped, entries, 2);
	bdb_word(buf, swapped, offset, 2);
	little(buf, 0, 1);
	little(buf, type, 1);
}

static inline void
bdb_chain(struct firn_buf *ret, bool swapped, const struct firn_buf *blob)
{
	const size_t most = BDB_PAGE - 26;

	for (size_t at = 0; at < blob->len; at += most) {
		size_t part = blob->len - at < most ? blob->len - at : most;
		size_t number = ret->len / BDB_PAGE;
		bool last = at + part == blob->len;

		bdb_head(ret, swapped, number, last ? 0 : number + 1, 0, part,
			 7);
		firn_buf_add(ret, blob->data + at, part);
		fill_to(ret, (number + 1) * BDB_PAGE);
	}
}

static inline void
made_bdb(struct firn_buf *ret, const struct firn_buf *blobs, size_t n,
	 bool swapped)
{
	autobuf struct firn_buf meta = { 0 }, hash = { 0 };

	fill_to(ret, 2 * BDB_PAGE);
	bdb_head(&hash, swapped, 1, 0, 2 * n, 0, 13);
	for (size_t i = 0; i < n; i++) {
		bdb_word(&hash, swapped, 3000 + 20 * i, 2);
		bdb_word(&hash, swapped, 3005 + 20 * i, 2);
	}
	fill_to(&hash, 3000);
	for (size_t i = 0; i < n; i++) {
		little(&hash, 1, 1); /* a key, in the page */
		little(&hash, i, 4);
		little(&hash, 3, 4); /* a value, in a chain */
		bdb_word(&hash, swapped, ret->len / BDB_PAGE, 4);
		bdb_word(&hash, swapped, blobs[i].len, 4);
		fill_to(&hash, 3000 + 20 * (i + 1));
		bdb_chain(ret, swapped, &blobs[i]);
	}
	firn_buf_fill(&meta, 0, 12);
	bdb_word(&meta, swapped, 0x061561, 4);
	bdb_word(&meta, swapped, 9, 4);
	bdb_word(&meta, swapped, BDB_PAGE, 4);
	little(&meta, 0, 8);
	bdb_word(&meta, swapped, ret->len / BDB_PAGE - 1, 4);
	patch(ret, 0, &meta);
	patch(ret, BDB_PAGE, &hash);
}

/* --- SQLite
 * -------------------------------------------------------------------
 */

#define SQLITE_PAGE 4096

static inline void
sqlite_number(struct firn_buf *buf, uint64_t value)
{
	unsigned char bytes[5];
	size_t n = 0;

	do
		bytes[n++] = (unsigned char)(value & 0x7f);
	while ((value >>= 7) != 0 && n < sizeof(bytes));
	while (n-- > 0) {
		unsigned char byte =
			(unsigned char)(bytes[n] | (n > 0 ? 0x80 : 0));

		firn_buf_add(buf, &byte, 1);
	}
}

/* The record of a row of Packages: NULL for the number, and a blob. */
static inline void
sqlite_row(struct firn_buf *ret, const struct firn_buf *blob)
{
	autobuf struct firn_buf type = { 0 };

	sqlite_number(&type, 12 + 2 * blob->len);
	sqlite_number(ret, 2 + type.len);
	sqlite_number(ret, 0);
	firn_buf_add(ret, type.data, type.len);
	firn_buf_add(ret, blob->data, blob->len);
}

/* A leaf with one cell at its end; what doesn't fit goes into pages at the end
 * of `file`. */
static inline void
sqlite_leaf(struct firn_buf *file, size_t number, const struct firn_buf *record,
	    size_t before)
{
	const size_t most = SQLITE_PAGE - 35, chain = SQLITE_PAGE - 4;
	const size_t least = (SQLITE_PAGE - 12) * 32 / 255 - 23;
	autobuf struct firn_buf cell = { 0 }, head = { 0 };
	size_t local = record->len, start = (number - 1) * SQLITE_PAGE;

	if (record->len > most) {
		local = least + (record->len - least) % chain;
		local = local <= most ? local : least;
	}
	sqlite_number(&cell, record->len);
	sqlite_number(&cell, 1);
	firn_buf_add(&cell, record->data, local);
	if (local < record->len)
		big(&cell, file->len / SQLITE_PAGE + 1, 4);
	for (size_t at = local; at < record->len; at += chain) {
		size_t part =
			record->len - at < chain ? record->len - at : chain;
		size_t end = file->len + SQLITE_PAGE;

		big(file, at + part == record->len ? 0 : end / SQLITE_PAGE + 1,
		    4);
		firn_buf_add(file, record->data + at, part);
		fill_to(file, end);
	}
	little(&head, 13, 1);
	big(&head, 0, 2);
	big(&head, 1, 2);
	big(&head, SQLITE_PAGE - cell.len, 2);
	little(&head, 0, 1);
	big(&head, SQLITE_PAGE - cell.len, 2);
	patch(file, start + before, &head);
	patch(file, start + SQLITE_PAGE - cell.len, &cell);
}

/* The schema on page 1, the root of the table on page 2, and a leaf for each
 * blob from page 3 on. */
static inline void
made_sqlite(struct firn_buf *ret, const struct firn_buf *blobs, size_t n)
{
	static const char schema[] = "tablePackagesPackages\2CREATE TABLE";
	autobuf struct firn_buf head = { 0 }, row = { 0 }, root = { 0 };

	fill_to(ret, (2 + n) * SQLITE_PAGE);
	for (size_t i = 0; i < n; i++) {
		autobuf struct firn_buf record = { 0 };

		sqlite_row(&record, &blobs[i]);
		sqlite_leaf(ret, 3 + i, &record, 0);
	}
	little(&root, 5, 1);
	big(&root, 0, 2);
	big(&root, n - 1, 2);
	big(&root, 4000, 2);
	little(&root, 0, 1);
	big(&root, 2 + n, 4);
	for (size_t i = 0; i + 1 < n; i++)
		big(&root, 4000 + 6 * i, 2);
	fill_to(&root, 4000);
	for (size_t i = 0; i + 1 < n; i++) {
		big(&root, 3 + i, 4);
		big(&root, i + 1, 2); /* the largest number below */
	}
	patch(ret, SQLITE_PAGE, &root);
	firn_buf_add(&row, "\6\x17\x1d\x1d\1\x23", 6);
	firn_buf_add(&row, schema, strlen(schema));
	firn_buf_add(&head, "SQLite format 3", 16);
	big(&head, SQLITE_PAGE, 2);
	fill_to(&head, 100);
	patch(ret, 0, &head);
	sqlite_leaf(ret, 1, &row, 100);
}

#endif
