#include "evidence/untar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "evidence/tar.h"

/* Where things are in a ustar header. */
#define AT_SIZE 124
#define AT_MTIME 136
#define AT_TYPE 156

static bool
is_zero(const unsigned char *bytes, size_t len)
{
	return len == 0 ||
	       (*bytes == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* Eleven octal digits and a NUL. */
static bool
octal(const unsigned char *field, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < 11; i++) {
		if (field[i] < '0' || field[i] > '7')
			return false;
		value = value << 3 | (uint64_t)(field[i] - '0');
	}
	*ret = value;
	return field[11] == 0;
}

/* The value of a pax record, ended with a NUL; "" when there's none. */
static void
pax_value(const unsigned char *pax, size_t len, const char *keyword, char *ret,
	  size_t size)
{
	const unsigned char *end = pax + len;
	size_t word = strlen(keyword);

	*ret = '\0';
	while (pax < end) {
		const unsigned char *line =
			memchr(pax, ' ', (size_t)(end - pax));
		const unsigned char *next =
			memchr(pax, '\n', (size_t)(end - pax));
		size_t value;

		if (line == NULL || next == NULL || next < line)
			return;
		line++;
		value = (size_t)(next - line);
		if (value > word && memcmp(line, keyword, word) == 0 &&
		    value - word < size) {
			memcpy(ret, line + word, value - word);
			ret[value - word] = '\0';
			return;
		}
		pax = next + 1;
	}
}

struct parsed {
	char path[FIRN_FOLDER_NAME + 1 + FIRN_MEMBER_PATH + 1];
	uint64_t size, mtime;
};

/* What the header says; it isn't checked yet. */
static bool
parse(const unsigned char *header, size_t len, struct parsed *ret)
{
	const unsigned char *ustar = header + len - FIRN_TAR_BLOCK;
	char size[24] = "";
	uint64_t pax_len;

	*ret->path = '\0';
	if (len > FIRN_TAR_BLOCK) {
		if (!octal(header + AT_SIZE, &pax_len) ||
		    pax_len > len - 2 * FIRN_TAR_BLOCK)
			return false;
		pax_value(header + FIRN_TAR_BLOCK, (size_t)pax_len,
			  "path=", ret->path, sizeof(ret->path));
		pax_value(header + FIRN_TAR_BLOCK, (size_t)pax_len,
			  "size=", size, sizeof(size));
	}
	if (*ret->path == '\0') {
		memcpy(ret->path, ustar, 100);
		ret->path[100] = '\0';
	}
	if (!octal(ustar + AT_MTIME, &ret->mtime) ||
	    !octal(ustar + AT_SIZE, &ret->size))
		return false;
	return *size == '\0' || firn_is_decimal(size, &ret->size);
}

/* Only what we'd write of the same is ours. */
static bool
is_canonical(const unsigned char *header, size_t len,
	     const struct parsed *parsed)
{
	autobuf struct firn_buf again = { 0 };
	struct firn_err err = { 0 };
	struct firn_tar_entry entry = {
		.type = FIRN_TAR_FILE,
		.path = parsed->path,
		.mode = 0600,
		.size = parsed->size,
		.mtime.tv_sec = (time_t)parsed->mtime,
	};

	return parsed->size <= INT64_MAX &&
	       firn_tar_header(&entry, &again, &err) == 0 && again.len == len &&
	       memcmp(again.data, header, len) == 0;
}

static bool
accept(struct firn_untar *untar, const unsigned char *header, size_t len)
{
	struct parsed parsed;
	char *slash;

	if (!parse(header, len, &parsed) || !is_canonical(header, len, &parsed))
		return false;
	slash = strchr(parsed.path, '/');
	if (slash == NULL || !firn_is_member_path(slash + 1))
		return false;
	*slash = '\0';
	if (!firn_is_folder_name(parsed.path) ||
	    (*untar->folder != '\0' && strcmp(untar->folder, parsed.path) != 0))
		return false;
	strcpy(untar->folder, parsed.path);
	strcpy(untar->path, slash + 1);
	untar->size = untar->left = parsed.size;
	return true;
}

/* How long the header is that begins with this block; 0 if it's none. */
static size_t
header_length(const unsigned char *block)
{
	uint64_t pax;

	if (block[AT_TYPE] != 'x')
		return block[AT_TYPE] == FIRN_TAR_FILE ? FIRN_TAR_BLOCK : 0;
	if (!octal(block + AT_SIZE, &pax) ||
	    pax > FIRN_LONGEST_HEADER - 2 * FIRN_TAR_BLOCK)
		return 0;
	return 2 * FIRN_TAR_BLOCK + (size_t)pax + firn_tar_padding(pax);
}

static void
expect_header(struct firn_untar *untar)
{
	untar->state = FIRN_UNTAR_HEADER;
	untar->have = 0;
	untar->need = FIRN_TAR_BLOCK;
}

static enum firn_untar_event
lose(struct firn_untar *untar)
{
	untar->state = FIRN_UNTAR_LOST;
	return FIRN_UNTAR_BAD;
}

/* Enough is there for the next question about the header. */
static enum firn_untar_event
judge_header(struct firn_untar *untar)
{
	if (is_zero(untar->header, FIRN_TAR_BLOCK)) {
		if (untar->have == FIRN_TAR_BLOCK) {
			untar->need = FIRN_TAR_END;
			return FIRN_UNTAR_MORE;
		}
		if (!is_zero(untar->header, FIRN_TAR_END))
			return lose(untar);
		untar->state = FIRN_UNTAR_ENDED;
		return FIRN_UNTAR_END;
	}
	if (untar->have == FIRN_TAR_BLOCK) {
		untar->need = header_length(untar->header);
		if (untar->need == 0)
			return lose(untar);
		if (untar->need > untar->have)
			return FIRN_UNTAR_MORE;
	}
	if (!accept(untar, untar->header, untar->have))
		return lose(untar);
	untar->state = FIRN_UNTAR_CONTENT;
	return FIRN_UNTAR_MEMBER;
}

static enum firn_untar_event
step_header(struct firn_untar *untar, const unsigned char **bytes, size_t *len)
{
	if (untar->need == 0)
		expect_header(untar);
	while (*len > 0) {
		size_t part = untar->need - untar->have;
		enum firn_untar_event event;

		if (part > *len)
			part = *len;
		memcpy(untar->header + untar->have, *bytes, part);
		untar->have += part;
		*bytes += part;
		*len -= part;
		if (untar->have < untar->need)
			break;
		event = judge_header(untar);
		if (event != FIRN_UNTAR_MORE)
			return event;
	}
	return FIRN_UNTAR_MORE;
}

static enum firn_untar_event
step_padding(struct firn_untar *untar, const unsigned char **bytes, size_t *len)
{
	size_t part = untar->left < *len ? (size_t)untar->left : *len;
	bool zero = is_zero(*bytes, part);

	*bytes += part;
	*len -= part;
	untar->left -= part;
	if (!zero)
		return lose(untar);
	if (untar->left > 0)
		return FIRN_UNTAR_MORE;
	expect_header(untar);
	return FIRN_UNTAR_DONE;
}

enum firn_untar_event
firn_untar_step(struct firn_untar *untar, const unsigned char **bytes,
		size_t *len)
{
	switch (untar->state) {
	case FIRN_UNTAR_HEADER:
		return step_header(untar, bytes, len);
	case FIRN_UNTAR_CONTENT:
		if (untar->left == 0) {
			untar->state = FIRN_UNTAR_PADDING;
			untar->left = firn_tar_padding(untar->size);
			return step_padding(untar, bytes, len);
		}
		if (*len == 0)
			return FIRN_UNTAR_MORE;
		untar->data = *bytes;
		untar->data_len =
			untar->left < *len ? (size_t)untar->left : *len;
		untar->left -= untar->data_len;
		*bytes += untar->data_len;
		*len -= untar->data_len;
		return FIRN_UNTAR_DATA;
	case FIRN_UNTAR_PADDING:
		return step_padding(untar, bytes, len);
	case FIRN_UNTAR_ENDED:
		return *len == 0 ? FIRN_UNTAR_MORE : lose(untar);
	case FIRN_UNTAR_LOST:
		break;
	}
	*bytes += *len;
	*len = 0;
	return FIRN_UNTAR_MORE;
}

bool
firn_untar_skip(struct firn_untar *untar, uint64_t len)
{
	uint64_t padding = firn_tar_padding(untar->size);

	if (untar->state == FIRN_UNTAR_CONTENT && len > 0 &&
	    len <= untar->left) {
		untar->left -= len;
		return true;
	}
	if (untar->state == FIRN_UNTAR_CONTENT && len > 0 &&
	    len == untar->left + padding) {
		untar->left = 0;
		untar->size = 0; /* its padding is behind us */
		return true;
	}
	untar->state = FIRN_UNTAR_LOST;
	return false;
}

bool
firn_untar_resume(struct firn_untar *untar, const unsigned char *bytes,
		  size_t len)
{
	struct firn_untar probe = *untar;
	size_t header;

	if (len == FIRN_TAR_END && is_zero(bytes, len)) {
		expect_header(untar);
		return true;
	}
	header = len >= FIRN_TAR_BLOCK ? header_length(bytes) : 0;
	if (header == 0 || header > len || !accept(&probe, bytes, header))
		return false;
	expect_header(untar);
	return true;
}
