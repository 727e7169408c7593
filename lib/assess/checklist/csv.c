#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "assess/checklist/order.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "firn/secrets.h"

/*
 * csv -- the checklist for a spreadsheet: RFC 4180, every cell in quotes, lines
 * that end with CR and LF.
 *
 * A spreadsheet takes what begins with = + - @ for a formula, and the suspect
 * chose names: an apostrophe before it makes it a text.
 */

static bool
is_formula(const char *text)
{
	/* And the full-width forms of the four, U+FF1D, FF0B, FF0D, FF20. */
	static const char *const wide[] = { "\xef\xbc\x9d", "\xef\xbc\x8b",
					    "\xef\xbc\x8d", "\xef\xbc\xa0" };

	text += strspn(text, " ");
	for (size_t i = 0; i < 4; i++)
		if (strncmp(text, wide[i], 3) == 0)
			return true;
	return *text != '\0' && strchr("=+-@", *text) != NULL;
}

static void
add_cell(struct firn_buf *buf, const char *text)
{
	autofree char *safe = firn_escape(text, strlen(text));

	if (safe == NULL) {
		buf->failed = true;
		return;
	}
	if (buf->len > 0 && buf->data[buf->len - 1] != '\n')
		firn_buf_add(buf, ",", 1);
	firn_buf_add(buf, "\"", 1);
	if (is_formula(safe))
		firn_buf_add(buf, "'", 1);
	for (const char *c = safe; *c != '\0'; c++) {
		if (*c == '"')
			firn_buf_add(buf, "\"", 1);
		firn_buf_add(buf, c, 1);
	}
	firn_buf_add(buf, "\"", 1);
}

/* --- what stands in a cell ------------------------------------------------
 */

static void
say(struct firn_buf *cell, const char *before, const char *text)
{
	if (text != NULL)
		firn_buf_addf(cell, "%s%s", cell->len > 0 ? before : "", text);
}

static void
say_rank(struct firn_buf *cell, const json_t *item)
{
	firn_buf_addf(cell, "%lld",
		      (long long)json_integer_value(
			      firn_json_at(item, "order", "rank", NULL)));
}

static void
say_first(struct firn_buf *cell, const json_t *item)
{
	say(cell, "", firn_json_string(item, "order", "first", NULL));
}

static void
say_why(struct firn_buf *cell, const json_t *item)
{
	const json_t *sentence;
	size_t i;

	json_array_foreach(firn_json_at(item, "order", "why", NULL), i,
			   sentence) {
		say(cell, " ", json_string_value(sentence));
	}
}

static void
say_readers(struct firn_buf *cell, const json_t *item)
{
	say(cell, "", firn_readers_said(item));
}

static void
say_places(struct firn_buf *cell, const json_t *item)
{
	const json_t *place;
	size_t i;

	json_array_foreach(json_object_get(item, "places"), i, place) {
		const json_t *pid = json_object_get(place, "pid");

		say(cell, "; ", firn_json_string(place, "where", NULL));
		if (json_is_integer(pid))
			firn_buf_addf(cell, " of process %lld",
				      (long long)json_integer_value(pid));
		say(cell, " ", firn_json_string(place, "path", NULL));
		say(cell, " ", firn_json_string(place, "name", NULL));
	}
}

static void
say_consumers(struct firn_buf *cell, const json_t *item)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(item, "consumers"), i, one) {
		const char *name = firn_json_string(one, "name", NULL);

		say(cell, "; ",
		    name != NULL ? name
				 : firn_json_string(one, "container", NULL));
	}
}

/* A column is a text of the item, of its guide, or what a function says. */
static const struct {
	const char *title, *group, *key;
	void (*say)(struct firn_buf *cell, const json_t *item);
} columns[] = {
	{ "rank", .say = say_rank },
	{ "item", .key = "id" },
	{ "priority", .key = "priority" },
	{ "title", .key = "title" },
	{ "kind", .key = "kind" },
	{ "provider", .key = "provider" },
	{ "confidence", .key = "confidence" },
	{ "state", .key = "state" },
	{ "expires", .key = "expires" },
	{ "readable by", .say = say_readers },
	{ "first", .say = say_first },
	{ "why", .say = say_why },
	{ "places", .say = say_places },
	{ "consumers", .say = say_consumers },
	{ "revoke", "guide", "revoke" },
	{ "replace", "guide", "rotate" },
	{ "breaks", "guide", "breaks" },
	{ "used", "guide", "used" },
	{ "dead when", "guide", "dead" },
	{ "stays open", "guide", "residual" },
	{ "owner", .key = "owner" },
	{ "due", .key = "due" },
	{ "done by", "done", "by" },
	{ "done at", "done", "at" },
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void
add_row(struct firn_buf *buf, const json_t *item)
{
	for (size_t i = 0; i < N_COLUMNS; i++) {
		autobuf struct firn_buf cell = { 0 };
		const json_t *from =
			columns[i].group != NULL
				? json_object_get(item, columns[i].group)
				: item;

		if (columns[i].say != NULL)
			columns[i].say(&cell, item);
		else
			say(&cell, "",
			    firn_json_string(from, columns[i].key, NULL));
		buf->failed |= cell.failed;
		add_cell(buf, cell.len > 0 ? cell.data : "");
	}
	firn_buf_add(buf, "\r\n", 2);
}

char *
firn_secrets_csv(const json_t *checklist)
{
	struct firn_buf buf = { 0 };
	const json_t *item;
	size_t i;

	for (size_t k = 0; k < N_COLUMNS; k++)
		add_cell(&buf, columns[k].title);
	firn_buf_add(&buf, "\r\n", 2);
	json_array_foreach(json_object_get(checklist, "items"), i, item) {
		add_row(&buf, item);
	}
	if (buf.failed)
		firn_buf_free(&buf);
	return buf.data;
}
