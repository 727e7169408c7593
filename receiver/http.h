#ifndef RECEIVER_HTTP_H
#define RECEIVER_HTTP_H

/*
 * http -- a request of HTTP/1.1, read strictly.
 *
 * What two programs could read in two ways is refused, for request smuggling
 * lives on it: two lengths, a length beside a transfer coding, folded lines,
 * line ends without CR, blanks around a name.  Trailers are read and forgotten;
 * they never become headers.  libevent's evhttp allows all of these, and has no
 * deadline for a whole request.
 *
 * Source: RFC 9110, RFC 9112.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FIRN_HTTP_HEAD (16u << 10) /* bytes, with the empty line */
#define FIRN_HTTP_FIELDS 100

/* The statuses of firn's answers. */
enum firn_http_status {
	FIRN_HTTP_OK = 200,
	FIRN_HTTP_BAD_REQUEST = 400,
	FIRN_HTTP_UNAUTHORIZED = 401,
	FIRN_HTTP_NOT_FOUND = 404,
	FIRN_HTTP_NOT_ALLOWED = 405,
	FIRN_HTTP_TIMEOUT = 408,
	FIRN_HTTP_LENGTH_REQUIRED = 411,
	FIRN_HTTP_TOO_LARGE = 413,
	FIRN_HTTP_UNSUPPORTED = 415,
	FIRN_HTTP_EXPECTATION = 417,
	FIRN_HTTP_TOO_MANY = 429,
	FIRN_HTTP_HEAD_TOO_LARGE = 431,
	FIRN_HTTP_FAILED = 500,
	FIRN_HTTP_NOT_IMPLEMENTED = 501,
	FIRN_HTTP_UNAVAILABLE = 503,
	FIRN_HTTP_VERSION = 505,
};

/* firn_http_reason(status) -- "Not Found". */
const char *firn_http_reason(int status);

struct firn_http_field {
	const char *name; /* lower case */
	const char *value;
};

struct firn_http_head {
	char *text;         /* what the rest points into */
	size_t len;         /* of it */
	const char *method; /* any token */
	const char *path;   /* as it came, begins with "/" */
	const char *query;  /* behind "?"; "" if there is none */
	struct firn_http_field fields[FIRN_HTTP_FIELDS];
	size_t n_fields;
	bool keep_alive;
	bool chunked;
	bool has_length;
	bool expects; /* 100-continue */
	uint64_t length;
};

/*
 * firn_http_head(ret, text, len) -- of a whole head, from the first byte of the
 * request line to the empty line.
 *
 * Returns 0, or the status that is the answer to it (400, 417, 431, 501, 505).
 * In both cases `*ret` is for firn_http_head_free(), which wipes it: tokens
 * stand in it.
 */
int firn_http_head(struct firn_http_head *ret, const char *text, size_t len);
void firn_http_head_free(struct firn_http_head *head);

/* firn_http_field(head, name) -- the value of a header, by its lower-case name;
 * NULL if there is none, or more than one. */
const char *firn_http_field(const struct firn_http_head *head,
			    const char *name);

/* firn_http_parameter(head, name, ret) -- a parameter of the query, decoded;
 * a new buffer of bytes for the caller to wipe.  False if there is none, or
 * more than one, or it is no valid encoding. */
bool firn_http_parameter(const struct firn_http_head *head, const char *name,
			 struct firn_buf *ret);

/* firn_hex_digit(c) -- its value; -1 for none. */
int firn_hex_digit(char c);

/* A chunked body in the making; starts as `{ 0 }`. */
struct firn_chunks {
	int state;
	uint64_t left;   /* of the chunk */
	size_t overhead; /* bytes that aren't the body's */
	bool digits;
};

/*
 * firn_chunks_feed(chunks, data, len, max, body, ret_used) -- the next bytes.
 *
 * Returns 0 when more is needed, 1 at the end (`*ret_used` bytes were its), or
 * the status that is the answer: 400, or 413 for a body of more than `max`.
 */
int firn_chunks_feed(struct firn_chunks *chunks, const char *data, size_t len,
		     size_t max, struct firn_buf *body, size_t *ret_used);

#endif
