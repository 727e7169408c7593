#include "evidence/custody_chain.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

/* What is gone through, and where. */
struct walk {
	json_t *lines, *failures;
	struct firn_custody_end *end;
	size_t number; /* of the line, from 1 */
};

static void FIRN_PRINTF(2, 3) fail(struct walk *walk, const char *fmt, ...)
{
	json_t *failure;
	va_list args;

	if (json_array_size(walk->failures) >= FIRN_CUSTODY_FAILURES)
		return;
	failure = json_object();
	va_start(args, fmt);
	firn_json_uint(failure, "line", walk->number);
	json_object_set_new(failure, "why", firn_json_message(fmt, args));
	json_array_append_new(walk->failures, failure);
	va_end(args);
}

/* What was torn has to be told by the very next line. */
static int
check_torn(struct walk *walk, const json_t *line, struct firn_err *err)
{
	bool told = firn_json_says(line, "action", "torn");
	char sha256[FIRN_SHA256_TEXT];

	if (walk->end->torn == NULL) {
		if (told)
			fail(walk, "it tells of a torn line, and there is "
				   "none");
		return 0;
	}
	if (firn_sha256_text(walk->end->torn, walk->end->torn_len, sha256,
			     err) < 0)
		return -1;
	if (!told ||
	    !firn_json_says(json_object_get(line, "details"), "sha256", sha256))
		fail(walk, "what stands before it is no line, and it doesn't "
			   "say so");
	walk->end->torn = NULL;
	return 0;
}

static int
take_line(struct walk *walk, json_t *line, const char *text, size_t len,
	  struct firn_err *err)
{
	struct firn_custody_end *end = walk->end;
	json_int_t seq = json_integer_value(json_object_get(line, "seq"));

	if (check_torn(walk, line, err) < 0)
		return -1;
	if ((uint64_t)seq != end->seq + 1)
		fail(walk, "its number is %lld, not %llu", (long long)seq,
		     (unsigned long long)end->seq + 1);
	if (!firn_json_says(line, "prev", end->digest))
		fail(walk, "the line before is not the one that stood there");
	end->seq = (uint64_t)seq;
	if (walk->lines != NULL && json_array_append(walk->lines, line) < 0)
		return firn_err_nomem(err);
	return firn_sha256_text(text, len, end->digest, err);
}

static int
look_at(struct walk *walk, const char *text, size_t len, struct firn_err *err)
{
	autojson json_t *line = NULL;
	struct firn_err none = { 0 };

	if (firn_json_parse(text, len, "line", &line, &none) == 0 &&
	    json_integer_value(json_object_get(line, "seq")) > 0)
		return take_line(walk, line, text, len, err);
	if (walk->end->torn == NULL)
		walk->end->torn = text;
	walk->end->torn_len = (size_t)(text + len - walk->end->torn);
	return 0;
}

int
firn_custody_chain_on(const char *text, size_t len, json_t *lines,
		      json_t *failures, struct firn_custody_end *end,
		      struct firn_err *err)
{
	struct walk walk = { .lines = lines, .failures = failures, .end = end };
	const char *stop = text + len;

	for (const char *at = text; at < stop;) {
		const char *newline = memchr(at, '\n', (size_t)(stop - at));
		const char *line_end = newline != NULL ? newline : stop;

		walk.number++;
		if (look_at(&walk, at, (size_t)(line_end - at), err) < 0)
			return -1;
		at = line_end + 1;
	}
	return 0;
}

void
firn_custody_start(struct firn_custody_end *ret)
{
	*ret = (struct firn_custody_end){ 0 };
	memset(ret->digest, '0', sizeof(ret->digest) - 1);
}

void
firn_custody_start_at(const char *text, size_t len,
		      struct firn_custody_end *ret)
{
	const char *newline = memchr(text, '\n', len);
	autojson json_t *line = NULL;
	struct firn_err none = { 0 };
	const char *prev;
	json_int_t seq;

	firn_custody_start(ret);
	if (firn_json_parse(text,
			    newline != NULL ? (size_t)(newline - text) : len,
			    "line", &line, &none) < 0)
		return;
	seq = json_integer_value(json_object_get(line, "seq"));
	prev = firn_json_string(line, "prev", NULL);
	if (seq < 1 || prev == NULL || strlen(prev) != FIRN_SHA256_TEXT - 1)
		return;
	ret->seq = (uint64_t)seq - 1;
	memcpy(ret->digest, prev, FIRN_SHA256_TEXT);
}

int
firn_custody_chain(const char *text, size_t len, json_t *lines,
		   json_t *failures, struct firn_custody_end *ret,
		   struct firn_err *err)
{
	firn_custody_start(ret);
	return firn_custody_chain_on(text, len, lines, failures, ret, err);
}
