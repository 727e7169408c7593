#include "assess/exposure/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

#define MEMBER_MAX ((uint64_t)8 << 20)
#define ALL_MAX ((uint64_t)24 << 20)
#define MEMBERS_MAX 4096

struct firn_fact {
	char *path;
	struct firn_buf text;
	json_t *json;
	bool parsed, cut;
};

/* Whole folders, and members of others. */
static const char *const wanted[] = {
	"data/host/",
	"data/runtime/",
	"data/processes/processes.jsonl",
	"data/mounts/mounts.jsonl",
	"data/network/sockets.jsonl",
	"data/network/routes.jsonl",
	"data/network/conntrack.jsonl",
	"data/network/interfaces.jsonl",
	"data/filesystem/changes.jsonl",
	"data/filesystem/image.json",
	"data/filesystem/packages.cdx.json",
	"data/assess/secrets.json",
	"data/gaps.jsonl",
};

bool
firn_facts_wants(const char *path)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		size_t len = strlen(wanted[i]);
		bool folder = wanted[i][len - 1] == '/';

		if (folder ? strncmp(path, wanted[i], len) == 0
			   : strcmp(path, wanted[i]) == 0)
			return true;
	}
	return firn_words_watches(path) ||
	       (strncmp(path, "data/processes/", 15) == 0 &&
		firn_ends_with(path, "/fd.json"));
}

void
firn_facts_gap(struct firn_facts *facts, const char *path, const char *why)
{
	json_t *gap = json_object();

	firn_json_text(gap, "what", path);
	firn_json_text(gap, "why", why);
	json_array_append_new(facts->gaps, gap);
}

/* The one that is being written is mostly the last. */
static struct firn_fact *
find(const struct firn_facts *facts, const char *path)
{
	for (size_t i = facts->n; i > 0; i--) {
		if (strcmp(facts->items[i - 1].path, path) == 0)
			return &facts->items[i - 1];
	}
	return NULL;
}

static struct firn_fact *
add(struct firn_facts *facts, const char *path)
{
	struct firn_fact *more;

	if (facts->n == facts->size) {
		size_t size = facts->size == 0 ? 64 : facts->size * 2;

		if (facts->n >= MEMBERS_MAX)
			return NULL;
		more = reallocarray(facts->items, size, sizeof(*more));
		if (more == NULL)
			return NULL;
		facts->items = more;
		facts->size = size;
	}
	facts->items[facts->n] = (struct firn_fact){ .path = strdup(path) };
	if (facts->items[facts->n].path == NULL)
		return NULL;
	return &facts->items[facts->n++];
}

void
firn_facts_take(struct firn_facts *facts, const char *path, const void *data,
		size_t len)
{
	struct firn_fact *fact;

	if (firn_words_watches(path)) {
		firn_words_look(&facts->words, path, data, len);
		return;
	}
	fact = find(facts, path);
	if (fact == NULL)
		fact = add(facts, path);
	if (fact == NULL) {
		firn_facts_gap(facts, path, "too many members");
		return;
	}
	if (fact->cut)
		return;
	if (fact->text.len + len > MEMBER_MAX || facts->bytes + len > ALL_MAX) {
		fact->cut = true;
		firn_facts_gap(facts, path, "too large to be judged");
		return;
	}
	firn_buf_add(&fact->text, data, len);
	facts->bytes += len;
}

static json_t *
parse_lines(const char *text, size_t len, const char *path,
	    struct firn_err *err)
{
	autojson json_t *lines = json_array();

	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t one = end == NULL ? len - at : (size_t)(end - text) - at;
		json_t *line;

		if (one > 0) {
			if (firn_json_parse(text + at, one, path, &line, err) <
			    0)
				return NULL;
			json_array_append_new(lines, line);
		}
		at += one + 1;
	}
	return json_incref(lines);
}

static void
parse(struct firn_facts *facts, struct firn_fact *fact)
{
	const char *text = fact->text.data != NULL ? fact->text.data : "";
	struct firn_err why = { 0 };

	fact->parsed = true;
	if (fact->cut)
		return;
	if (fact->text.failed)
		firn_err_nomem(&why);
	else if (firn_ends_with(fact->path, ".jsonl"))
		fact->json =
			parse_lines(text, fact->text.len, fact->path, &why);
	else if (firn_json_parse(text, fact->text.len, fact->path, &fact->json,
				 &why) < 0)
		fact->json = NULL;
	if (fact->json == NULL)
		firn_facts_gap(facts, fact->path, why.text);
}

const json_t *
firn_facts_json(struct firn_facts *facts, const char *path)
{
	struct firn_fact *fact = find(facts, path);

	if (fact == NULL)
		return NULL;
	if (!fact->parsed)
		parse(facts, fact);
	return fact->json;
}

const char *
firn_facts_text(const struct firn_facts *facts, const char *path,
		size_t *ret_len)
{
	const struct firn_fact *fact = find(facts, path);

	if (fact == NULL || fact->cut || fact->text.failed)
		return NULL;
	*ret_len = fact->text.len;
	return fact->text.data != NULL ? fact->text.data : "";
}

static bool
tap_wants(void *arg, const char *path, uint64_t size)
{
	(void)arg;
	(void)size;
	return firn_facts_wants(path);
}

static void
tap_takes(void *arg, const char *path, const void *data, size_t len)
{
	firn_facts_take(arg, path, data, len);
}

int
firn_facts_open(struct firn_facts *ret, struct firn_err *err)
{
	*ret = (struct firn_facts){
		.gaps = json_array(),
		.words.seen = json_array(),
		.tap = { .wants = tap_wants, .take = tap_takes, .arg = ret },
	};
	return ret->gaps == NULL || ret->words.seen == NULL
		       ? firn_err_nomem(err)
		       : 0;
}

void
firn_facts_close(struct firn_facts *facts)
{
	for (size_t i = 0; i < facts->n; i++) {
		free(facts->items[i].path);
		firn_buf_free(&facts->items[i].text);
		json_decref(facts->items[i].json);
	}
	free(facts->items);
	json_decref(facts->words.seen);
	json_decref(facts->gaps);
}
