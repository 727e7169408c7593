#include "evidence/entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

/* Where things are in a ustar header. */
#define AT_MODE 100
#define AT_UID 108
#define AT_GID 116
#define AT_SIZE 124
#define AT_SUM 148
#define AT_TYPE 156
#define AT_MAGIC 257

/* What firn_tar_header() makes is no longer. */
#define LONGEST_PAX (1 << 20)

void
firn_entries_free(struct firn_entries *entries)
{
	free(entries->path);
	firn_buf_free(&entries->pax);
	*entries = (struct firn_entries){ 0 };
}

static int
no_tar(struct firn_err *err)
{
	return firn_err_set(err, EBADMSG, "not a tar of ours");
}

/* Octal digits and a NUL. */
static uint64_t
octal(const unsigned char *field, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(field[i] - '0');
	return value;
}

static bool
is_sound(const unsigned char *block)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < FIRN_TAR_BLOCK; i++)
		sum += i >= AT_SUM && i < AT_SUM + 8 ? ' ' : block[i];
	return memcmp(block + AT_MAGIC, "ustar", 6) == 0 &&
	       octal(block + AT_SUM, 8) == sum;
}

static bool
is_zero(const unsigned char *block)
{
	return block[0] == 0 &&
	       memcmp(block, block + 1, FIRN_TAR_BLOCK - 1) == 0;
}

/* --- pax --------------------------------------------------------------------
 */

/* "LENGTH KEYWORD=VALUE\n", where the length is of all of it; a value may have
 * any bytes.  Returns its length, or -1 for none. */
static ssize_t
pax_value(const struct firn_buf *pax, const char *keyword, const char **ret)
{
	const char *at = pax->data, *end = at + pax->len;
	size_t word = strlen(keyword);

	while (at < end) {
		const char *blank = memchr(at, ' ', (size_t)(end - at));
		size_t all = strtoul(at, NULL, 10), value;

		if (blank == NULL || all > (size_t)(end - at) ||
		    all < (size_t)(blank - at) + 3)
			return -1;
		value = all - (size_t)(blank + 1 - at) - 1;
		if (value > word && memcmp(blank + 1, keyword, word) == 0 &&
		    blank[1 + word] == '=') {
			*ret = blank + word + 2;
			return (ssize_t)(value - word - 1);
		}
		at += all;
	}
	return -1;
}

static void
pax_number(const struct firn_buf *pax, const char *keyword, uint64_t *ret)
{
	const char *text;
	ssize_t len = pax_value(pax, keyword, &text);
	char number[24];

	if (len <= 0 || (size_t)len >= sizeof(number))
		return;
	memcpy(number, text, (size_t)len);
	number[len] = '\0';
	(void)firn_is_decimal(number, ret);
}

/* --- an entry ---------------------------------------------------------------
 */

static int
take_path(struct firn_entries *entries, bool *ret_sparse, struct firn_err *err)
{
	const char *name = (const char *)entries->block;
	ssize_t len = pax_value(&entries->pax, "GNU.sparse.name", &name);

	*ret_sparse = len >= 0;
	if (len < 0)
		len = pax_value(&entries->pax, "path", &name);
	if (len < 0)
		len = (ssize_t)strnlen(name, 100);
	free(entries->path);
	entries->path = strndup(name, (size_t)len);
	return entries->path == NULL ? firn_err_nomem(err) : 0;
}

static int
begin(struct firn_entries *entries, struct firn_err *err)
{
	const unsigned char *block = entries->block;
	bool sparse;

	if (take_path(entries, &sparse, err) < 0)
		return -1;
	entries->type = (enum firn_tar_type)block[AT_TYPE];
	entries->mode = (uint32_t)octal(block + AT_MODE, 8);
	entries->uid = octal(block + AT_UID, 8);
	entries->gid = octal(block + AT_GID, 8);
	entries->size = octal(block + AT_SIZE, 12);
	pax_number(&entries->pax, "uid", &entries->uid);
	pax_number(&entries->pax, "gid", &entries->gid);
	pax_number(&entries->pax, "size", &entries->size);
	if (entries->type != FIRN_TAR_FILE)
		entries->size = 0;
	firn_buf_free(&entries->pax);
	entries->left = entries->size;
	entries->numbers = entries->number = entries->map_len = 0;
	entries->state = sparse ? FIRN_ENTRIES_MAP : FIRN_ENTRIES_CONTENT;
	return 0;
}

/* A whole block is there. */
static int
judge(struct firn_entries *entries, enum firn_entries_event *ret,
      struct firn_err *err)
{
	entries->have = 0;
	if (is_zero(entries->block)) {
		entries->state = FIRN_ENTRIES_ENDED;
		*ret = FIRN_ENTRIES_END;
		return 0;
	}
	if (!is_sound(entries->block))
		return no_tar(err);
	if (entries->block[AT_TYPE] != 'x') {
		*ret = FIRN_ENTRIES_BEGIN;
		return begin(entries, err);
	}
	entries->left = octal(entries->block + AT_SIZE, 12);
	if (entries->left == 0 || entries->left > LONGEST_PAX)
		return no_tar(err);
	entries->state = FIRN_ENTRIES_PAX;
	return 0;
}

static size_t
at_most(uint64_t left, size_t len)
{
	return left < len ? (size_t)left : len;
}

static void
pass(const unsigned char **bytes, size_t *len, size_t part)
{
	*bytes += part;
	*len -= part;
}

static int
step_header(struct firn_entries *entries, const unsigned char **bytes,
	    size_t *len, enum firn_entries_event *ret, struct firn_err *err)
{
	size_t part = at_most(FIRN_TAR_BLOCK - entries->have, *len);

	memcpy(entries->block + entries->have, *bytes, part);
	entries->have += part;
	pass(bytes, len, part);
	return entries->have < FIRN_TAR_BLOCK ? 0 : judge(entries, ret, err);
}

static int
step_pax(struct firn_entries *entries, const unsigned char **bytes, size_t *len,
	 struct firn_err *err)
{
	size_t part = at_most(entries->left, *len);

	firn_buf_add(&entries->pax, *bytes, part);
	entries->left -= part;
	pass(bytes, len, part);
	if (entries->left == 0) {
		entries->left = firn_tar_padding(entries->pax.len);
		entries->state = FIRN_ENTRIES_PADDING;
	}
	return firn_buf_check(&entries->pax, err);
}

/* How many pieces, then offset and length of each, a number a line; up to a
 * whole block. */
static int
step_map(struct firn_entries *entries, const unsigned char **bytes, size_t *len,
	 struct firn_err *err)
{
	unsigned char byte = **bytes;

	if (entries->left == 0)
		return no_tar(err);
	pass(bytes, len, 1);
	entries->left--;
	entries->map_len++;
	if (entries->numbers == 1) {
		if (entries->map_len % FIRN_TAR_BLOCK == 0)
			entries->state = FIRN_ENTRIES_CONTENT;
		return 0;
	}
	if (byte >= '0' && byte <= '9') {
		entries->number = entries->number * 10 + (byte - '0');
		return 0;
	}
	if (byte != '\n')
		return no_tar(err);
	if (entries->numbers == 0 && entries->number > UINT32_MAX)
		return no_tar(err);
	entries->numbers = entries->numbers == 0 ? 2 * entries->number + 1
						 : entries->numbers - 1;
	entries->number = 0;
	if (entries->numbers == 1 && entries->map_len % FIRN_TAR_BLOCK == 0)
		entries->state = FIRN_ENTRIES_CONTENT;
	return 0;
}

static void
step_content(struct firn_entries *entries, const unsigned char **bytes,
	     size_t *len, enum firn_entries_event *ret)
{
	if (entries->left == 0) {
		entries->left = firn_tar_padding(entries->size);
		entries->state = FIRN_ENTRIES_PADDING;
		*ret = FIRN_ENTRIES_DONE;
		return;
	}
	if (*len == 0)
		return;
	entries->data = *bytes;
	entries->data_len = at_most(entries->left, *len);
	entries->left -= entries->data_len;
	pass(bytes, len, entries->data_len);
	*ret = FIRN_ENTRIES_DATA;
}

static void
step_padding(struct firn_entries *entries, const unsigned char **bytes,
	     size_t *len)
{
	size_t part = at_most(entries->left, *len);

	entries->left -= part;
	pass(bytes, len, part);
	if (entries->left == 0)
		entries->state = FIRN_ENTRIES_HEADER;
}

/* What has an end that isn't one of the bytes goes on without any. */
static bool
goes_on(const struct firn_entries *entries, size_t len)
{
	return len > 0 ||
	       (entries->left == 0 && (entries->state == FIRN_ENTRIES_CONTENT ||
				       entries->state == FIRN_ENTRIES_PADDING));
}

int
firn_entries_step(struct firn_entries *entries, const unsigned char **bytes,
		  size_t *len, enum firn_entries_event *ret,
		  struct firn_err *err)
{
	int done = 0;

	*ret = FIRN_ENTRIES_MORE;
	while (done == 0 && *ret == FIRN_ENTRIES_MORE &&
	       goes_on(entries, *len)) {
		switch (entries->state) {
		case FIRN_ENTRIES_HEADER:
			done = step_header(entries, bytes, len, ret, err);
			break;
		case FIRN_ENTRIES_PAX:
			done = step_pax(entries, bytes, len, err);
			break;
		case FIRN_ENTRIES_MAP:
			done = step_map(entries, bytes, len, err);
			break;
		case FIRN_ENTRIES_CONTENT:
			step_content(entries, bytes, len, ret);
			break;
		case FIRN_ENTRIES_PADDING:
			step_padding(entries, bytes, len);
			break;
		case FIRN_ENTRIES_ENDED:
			pass(bytes, len, *len);
			break;
		}
	}
	return done;
}
