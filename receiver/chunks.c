#include "receiver/http.h"

int
firn_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum chunk_state {
	CHUNK_SIZE,
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_CR,
	CHUNK_LF,
	CHUNK_TRAILER,
	CHUNK_TRAILER_TEXT,
	CHUNK_TRAILER_LF,
	CHUNK_LAST_LF,
};

/* Sizes, extensions and trailers together; a body in chunks of one byte is the
 * sender's own trouble. */
static bool
is_overhead(const struct firn_chunks *chunks, size_t max)
{
	return chunks->overhead <= FIRN_HTTP_HEAD + max / 4;
}

static int
size_digit(struct firn_chunks *chunks, char c, size_t max, size_t have)
{
	int digit = firn_hex_digit(c);

	if (digit >= 0) {
		chunks->digits = true;
		chunks->left = chunks->left * 16 + (uint64_t)digit;
		/* Before it could overflow. */
		return chunks->left > max - have ? FIRN_HTTP_TOO_LARGE : 0;
	}
	if (!chunks->digits)
		return FIRN_HTTP_BAD_REQUEST;
	if (c == ';')
		chunks->state = CHUNK_EXTENSION;
	else if (c == '\r')
		chunks->state = CHUNK_SIZE_LF;
	else
		return FIRN_HTTP_BAD_REQUEST;
	return 0;
}

/* One byte of what stands between the data; 1 at the end of all. */
static int
between(struct firn_chunks *chunks, char c, size_t max, size_t have)
{
	bool is_control = ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;

	switch ((enum chunk_state)chunks->state) {
	case CHUNK_SIZE:
		return size_digit(chunks, c, max, have);
	case CHUNK_EXTENSION:
		if (c == '\r')
			chunks->state = CHUNK_SIZE_LF;
		else if (is_control)
			return FIRN_HTTP_BAD_REQUEST;
		return 0;
	case CHUNK_CR:
		chunks->state = CHUNK_LF;
		return c == '\r' ? 0 : FIRN_HTTP_BAD_REQUEST;
	case CHUNK_TRAILER:
		chunks->state = c == '\r' ? CHUNK_LAST_LF : CHUNK_TRAILER_TEXT;
		return c == '\r' || !is_control ? 0 : FIRN_HTTP_BAD_REQUEST;
	case CHUNK_TRAILER_TEXT:
		if (c == '\r')
			chunks->state = CHUNK_TRAILER_LF;
		else if (is_control)
			return FIRN_HTTP_BAD_REQUEST;
		return 0;
	case CHUNK_DATA:
	case CHUNK_SIZE_LF:
	case CHUNK_LF:
	case CHUNK_TRAILER_LF:
	case CHUNK_LAST_LF:
		break;
	}
	if (c != '\n')
		return FIRN_HTTP_BAD_REQUEST;
	if (chunks->state == CHUNK_LAST_LF)
		return 1;
	if (chunks->state == CHUNK_SIZE_LF)
		chunks->state = chunks->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
	else if (chunks->state == CHUNK_TRAILER_LF)
		chunks->state = CHUNK_TRAILER;
	else
		chunks->state = CHUNK_SIZE;
	chunks->digits = false;
	return 0;
}

int
firn_chunks_feed(struct firn_chunks *chunks, const char *data, size_t len,
		 size_t max, struct firn_buf *body, size_t *ret_used)
{
	size_t i = 0;
	int status = 0;

	while (i < len && status == 0) {
		if (chunks->state == CHUNK_DATA) {
			size_t n = len - i;

			if (n > chunks->left)
				n = (size_t)chunks->left;
			firn_buf_add(body, data + i, n);
			chunks->left -= n;
			i += n;
			if (chunks->left == 0)
				chunks->state = CHUNK_CR;
			continue;
		}
		status = between(chunks, data[i], max, body->len);
		i++;
		chunks->overhead++;
		if (status == 0 && !is_overhead(chunks, max))
			status = FIRN_HTTP_BAD_REQUEST;
	}
	*ret_used = i;
	if (body->failed)
		return FIRN_HTTP_UNAVAILABLE;
	return status;
}
