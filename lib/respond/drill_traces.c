#include "respond/drill_traces.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/json.h"
#include "firn/reader.h"
#include "respond/drill_init.h"
#include "respond/drill_layers.h"
#include "respond/drill_link.h"
#include "respond/intruder_image.h"

/* What is read back of one member at most: the drill's own are small. */
#define MEMBER_MAX ((uint64_t)32 << 20)

struct search {
	const struct firn_drill_container *container;
	char program[FIRN_SHA256_TEXT]; /* digest of the intruder's program */
};

/* One planted trace, and how it is known in a line of JSON, or in the whole
 * member where it isn't one of lines. */
struct trace {
	const char *name, *what;
	const char *member;
	bool (*is_it)(const struct search *search, const json_t *line);
};

static bool
is_text(const json_t *value, const char *text)
{
	return json_is_string(value) &&
	       strcmp(json_string_value(value), text) == 0;
}

static bool
runs_intruder(const struct search *search, const json_t *line)
{
	return is_text(firn_json_at(line, "exe", "sha256", NULL),
		       search->program) &&
	       firn_json_string(line, "exe", "member", NULL) != NULL;
}

static bool
is_dropped(const struct search *search, const json_t *line)
{
	return runs_intruder(search, line) &&
	       json_is_true(firn_json_at(line, "exe", "deleted", NULL)) &&
	       !json_is_true(firn_json_at(line, "exe", "memfd", NULL));
}

static bool
is_implant(const struct search *search, const json_t *line)
{
	return runs_intruder(search, line) &&
	       json_is_true(firn_json_at(line, "exe", "memfd", NULL));
}

static bool
holds_loot(const struct search *search, const json_t *line)
{
	const json_t *findings = json_object_get(line, "findings"), *finding;
	size_t i;

	(void)search;
	json_array_foreach(findings, i, finding) {
		if (is_text(finding, "deleted_file_open"))
			return true;
	}
	return false;
}

static bool
is_beacon(const struct search *search, const json_t *line)
{
	const json_t *peer = json_object_get(line, "remote");

	return is_text(json_object_get(peer, "address"), FIRN_DRILL_HOST) &&
	       json_integer_value(json_object_get(peer, "port")) ==
		       search->container->port &&
	       json_array_size(json_object_get(line, "owners")) > 0;
}

static bool
is_path(const json_t *line, const char *path)
{
	const char *said = firn_json_string(line, "path", NULL);

	return said != NULL &&
	       strcmp(said[0] == '/' ? said + 1 : said, path) == 0;
}

static bool
is_changed(const struct search *search, const json_t *line)
{
	(void)search;
	return is_path(line, FIRN_DRILL_CHANGED) &&
	       is_text(json_object_get(line, "change"), "changed") &&
	       firn_json_string(line, "sha256", NULL) != NULL &&
	       firn_json_string(line, "lower", "sha256", NULL) != NULL;
}

static bool
is_deleted(const struct search *search, const json_t *line)
{
	(void)search;
	return is_path(line, FIRN_DRILL_DELETED) &&
	       is_text(json_object_get(line, "change"), "deleted");
}

/* In the checklist: does an item have this name, or this path? */
static bool
lists(const json_t *checklist, const char *key, const char *text)
{
	const json_t *item, *place;
	size_t i, k;

	json_array_foreach(json_object_get(checklist, "items"), i, item) {
		json_array_foreach(json_object_get(item, "places"), k, place) {
			if (is_text(json_object_get(place, key), text))
				return true;
		}
	}
	return false;
}

static bool
lists_environment(const struct search *search, const json_t *checklist)
{
	(void)search;
	return lists(checklist, "name", FIRN_DRILL_SECRET_ENV);
}

static bool
lists_file(const struct search *search, const json_t *checklist)
{
	(void)search;
	return lists(checklist, "path", FIRN_DRILL_SECRET_FILE);
}

static bool
lists_process(const struct search *search, const json_t *checklist)
{
	(void)search;
	return lists(checklist, "name", FIRN_DRILL_SECRET_PROCESS);
}

#define PROCESSES "data/processes/processes.jsonl"
#define SOCKETS "data/network/sockets.jsonl"
#define CHANGES "data/filesystem/changes.jsonl"
#define SECRETS "data/assess/secrets.json"

static const struct trace traces[] = {
	{ "dropped binary", "a process whose executable was deleted", PROCESSES,
	  is_dropped },
	{ "memfd", "a process that runs from memory only", PROCESSES,
	  is_implant },
	{ "held file", "a deleted file that a process holds open", PROCESSES,
	  holds_loot },
	{ "beacon", "a connection out of the container, and its owner", SOCKETS,
	  is_beacon },
	{ "changed file", "/" FIRN_DRILL_CHANGED ", with the digest it had",
	  CHANGES, is_changed },
	{ "deleted file", "/" FIRN_DRILL_DELETED, CHANGES, is_deleted },
	{ "secret in env", FIRN_DRILL_SECRET_ENV, SECRETS, lists_environment },
	{ "secret in a file", FIRN_DRILL_SECRET_FILE, SECRETS, lists_file },
	{ "secret in one process", FIRN_DRILL_SECRET_PROCESS, SECRETS,
	  lists_process },
};

#define N_TRACES (sizeof(traces) / sizeof(traces[0]))

static void
look_in(const struct search *search, const char *member, const json_t *json,
	bool found[N_TRACES])
{
	for (size_t i = 0; i < N_TRACES; i++) {
		if (strcmp(traces[i].member, member) == 0)
			found[i] |= traces[i].is_it(search, json);
	}
}

static bool
is_wanted(const char *member)
{
	for (size_t i = 0; i < N_TRACES; i++) {
		if (strcmp(traces[i].member, member) == 0)
			return true;
	}
	return false;
}

/* One value, or one per line. */
static int
look_through(const struct search *search, const char *member, const char *text,
	     size_t len, bool found[N_TRACES], struct firn_err *err)
{
	size_t flags = JSON_DISABLE_EOF_CHECK;
	size_t at = 0;

	while (at < len) {
		json_error_t why;
		autojson json_t *json =
			json_loadb(text + at, len - at, flags, &why);

		if (json == NULL)
			return firn_err_set(err, EBADMSG, "%s: %s", member,
					    why.text);
		look_in(search, member, json, found);
		at += (size_t)why.position;
		while (at < len && text[at] == '\n')
			at++;
	}
	return 0;
}

static int
read_member(struct firn_reader *reader, const char *member, uint64_t size,
	    char **ret, struct firn_err *err)
{
	autofree char *text = NULL;
	size_t have = 0;

	if (size > MEMBER_MAX)
		return firn_err_set(err, EFBIG, "%s has %llu bytes", member,
				    (unsigned long long)size);
	text = malloc((size_t)size + 1);
	if (text == NULL)
		return firn_err_nomem(err);
	while (have < size) {
		ssize_t n = firn_reader_read(reader, text + have,
					     (size_t)size - have, err);

		if (n < 0)
			return -1;
		if (n == 0)
			return firn_err_set(err, EBADMSG, "%s is cut short",
					    member);
		have += (size_t)n;
	}
	*ret = firn_steal(text);
	return 0;
}

static int
read_archive(int fd, const struct search *search, bool found[N_TRACES],
	     struct firn_err *err)
{
	autodone(firn_reader_close) struct firn_reader *reader = NULL;
	const char *path;
	uint64_t size;
	int more;

	if (firn_reader_open(&reader, fd, err) < 0)
		return -1;
	while ((more = firn_reader_next(reader, &path, &size, err)) > 0) {
		autofree char *text = NULL, *member = NULL;

		if (!is_wanted(path))
			continue;
		member = strdup(path);
		if (member == NULL)
			return firn_err_nomem(err);
		if (read_member(reader, member, size, &text, err) < 0 ||
		    look_through(search, member, text, (size_t)size, found,
				 err) < 0)
			return -1;
	}
	return more;
}

int
firn_drill_traces(int fd, const struct firn_drill_container *container,
		  json_t *checks, struct firn_err *err)
{
	struct search search = { .container = container };
	unsigned char digest[FIRN_SHA256];
	bool found[N_TRACES] = { false };

	if (firn_sha256(firn_intruder_image, firn_intruder_size(), digest,
			err) < 0)
		return -1;
	firn_hex(digest, sizeof(digest), search.program);
	if (read_archive(fd, &search, found, err) < 0)
		return -1;
	for (size_t i = 0; i < N_TRACES; i++)
		json_array_append_new(checks,
				      json_pack("{s:s, s:s, s:b, s:s}", "name",
						traces[i].name, "what",
						traces[i].what, "passed",
						found[i], "where",
						traces[i].member));
	return 0;
}
