#ifndef TESTS_COLLECT_MADE_ZIP_H
#define TESTS_COLLECT_MADE_ZIP_H

/*
 * made_zip -- archives as a test needs them, byte by byte.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/buf.h"
#include "check.h"

struct made_zip {
	struct firn_buf bytes, directory;
	unsigned n;
};

static inline void
le(struct firn_buf *buf, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)(value >> (8 * i));

		firn_buf_add(buf, &byte, 1);
	}
}

/* What a local header and an entry of the directory have in common. */
static inline void
zip_facts(struct firn_buf *buf, bool packed, size_t packed_len, size_t len,
	  size_t name_len)
{
	le(buf, 20, 2);
	le(buf, 0, 2);
	le(buf, packed ? 8 : 0, 2);
	le(buf, 0, 8); /* time, date, CRC */
	le(buf, packed_len, 4);
	le(buf, len, 4);
	le(buf, name_len, 2);
	le(buf, 0, 2);
}

static inline void
zip_add(struct made_zip *zip, const char *name, const void *data, size_t len,
	bool packed)
{
	unsigned char *out = malloc(len + 1024);
	z_stream stream = { .avail_in = (unsigned)len,
			    .next_out = out,
			    .avail_out = (unsigned)len + 1024 };
	uint64_t at = zip->bytes.len;
	size_t out_len = len;

	ck_assert_ptr_nonnull(out);
	memcpy(out, data, len);
	if (packed) {
		stream.next_in = (unsigned char *)(uintptr_t)data;
		ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8,
					      Z_DEFAULT_STRATEGY),
				 Z_OK);
		ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
		deflateEnd(&stream);
		out_len = stream.total_out;
	}
	firn_buf_add(&zip->bytes, "PK\3\4", 4);
	zip_facts(&zip->bytes, packed, out_len, len, strlen(name));
	firn_buf_add(&zip->bytes, name, strlen(name));
	firn_buf_add(&zip->bytes, out, out_len);
	free(out);
	firn_buf_add(&zip->directory, "PK\1\2", 4);
	le(&zip->directory, 20, 2);
	zip_facts(&zip->directory, packed, out_len, len, strlen(name));
	firn_buf_fill(&zip->directory, 0, 10);
	le(&zip->directory, at, 4);
	firn_buf_add(&zip->directory, name, strlen(name));
	zip->n++;
}

static inline void
zip_text(struct made_zip *zip, const char *name, const char *text)
{
	zip_add(zip, name, text, strlen(text), true);
}

/* `zip->bytes` is the archive then. */
static inline void
zip_end(struct made_zip *zip)
{
	uint64_t at = zip->bytes.len;

	firn_buf_add(&zip->bytes, zip->directory.data, zip->directory.len);
	firn_buf_add(&zip->bytes, "PK\5\6", 4);
	le(&zip->bytes, 0, 4);
	le(&zip->bytes, zip->n, 2);
	le(&zip->bytes, zip->n, 2);
	le(&zip->bytes, zip->directory.len, 4);
	le(&zip->bytes, at, 4);
	le(&zip->bytes, 0, 2);
	firn_buf_free(&zip->directory);
}

#endif
