#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "firn/secrets.h"

/*
 * markdown -- the checklist for a ticket.
 */

/* Text that the suspect may have chosen: nothing of it is markup.  NULL is told
 * as "?". */
static void
add_plain(struct firn_buf *buf, const char *text)
{
	autofree char *safe = NULL;

	if (text == NULL)
		text = "?";
	safe = firn_escape(text, strlen(text));
	if (safe == NULL) {
		buf->failed = true;
		return;
	}
	for (const char *c = safe; *c != '\0'; c++) {
		if (strchr("`*_[]<>|#\\&!~@", *c) != NULL)
			firn_buf_add(buf, "\\", 1);
		firn_buf_add(buf, c, 1);
	}
}

/* A guide is full of commands, which must stay as they are: it keeps its
 * markup, but has no controls and no second line. */
static void
add_guide(struct firn_buf *buf, const char *text)
{
	autofree char *safe = NULL;

	if (text == NULL)
		text = "?";
	safe = firn_escape(text, strlen(text));
	if (safe == NULL)
		buf->failed = true;
	else
		firn_buf_addf(buf, "%s", safe);
}

static void
add_row(struct firn_buf *buf, const char *label, const char *text)
{
	if (text == NULL)
		return;
	firn_buf_addf(buf, "  - %s: ", label);
	add_guide(buf, text);
	firn_buf_addf(buf, "\n");
}

static void
add_place(struct firn_buf *buf, const json_t *place)
{
	const char *name = firn_json_string(place, "name", NULL);
	const char *path = firn_json_string(place, "path", NULL);
	const char *where = firn_json_string(place, "where", NULL);
	const char *who = firn_json_string(place, "readable_by", NULL);
	const json_t *pid = json_object_get(place, "pid");

	firn_buf_addf(buf, "  - in: ");
	add_plain(buf, where);
	if (json_is_integer(pid))
		firn_buf_addf(buf, " of process %lld",
			      (long long)json_integer_value(pid));
	if (path != NULL) {
		firn_buf_addf(buf, " ");
		add_plain(buf, path);
	}
	if (name != NULL) {
		firn_buf_addf(buf, ", ");
		add_plain(buf, name);
	}
	firn_buf_addf(buf, "; readable by ");
	add_plain(buf, who);
	firn_buf_addf(buf, "\n");
}

static void
add_token(struct firn_buf *buf, const json_t *item)
{
	static const char *const claims[] = { "issuer", "subject", "audience" };

	for (size_t i = 0; i < 3; i++) {
		const char *text =
			firn_json_string(item, "token", claims[i], NULL);

		if (text == NULL)
			continue;
		firn_buf_addf(buf, "  - %s: ", claims[i]);
		add_plain(buf, text);
		firn_buf_addf(buf, "\n");
	}
}

static void
add_item(struct firn_buf *buf, const json_t *item)
{
	const json_t *place;
	size_t i;

	firn_buf_addf(buf, "- [ ] **");
	add_plain(buf, firn_json_string(item, "priority", NULL));
	firn_buf_addf(buf, " ");
	add_plain(buf, firn_json_string(item, "title", NULL));
	firn_buf_addf(buf, "**, ");
	add_plain(buf, firn_json_string(item, "id", NULL));
	firn_buf_addf(buf, " (");
	add_plain(buf, firn_json_string(item, "confidence", NULL));
	firn_buf_addf(buf, " confidence)\n");
	json_array_foreach(json_object_get(item, "places"), i, place) {
		add_place(buf, place);
	}
	add_token(buf, item);
	add_row(buf, "expires", firn_json_string(item, "expires", NULL));
	add_row(buf, "revoke", firn_json_string(item, "revoke", NULL));
	add_row(buf, "rotate", firn_json_string(item, "rotate", NULL));
	add_row(buf, "done when", firn_json_string(item, "check", NULL));
	add_row(buf, "breaks", firn_json_string(item, "breaks", NULL));
}

char *
firn_secrets_markdown(const json_t *checklist)
{
	const json_t *items = json_object_get(checklist, "items"), *one;
	const json_t *gaps = json_object_get(checklist, "gaps");
	const char *id = firn_json_string(checklist, "case", NULL);
	struct firn_buf buf = { 0 };
	size_t i;

	firn_buf_addf(&buf, "# Secrets to rotate: case ");
	add_plain(&buf, id);
	firn_buf_addf(&buf, "\n\n");
	firn_buf_addf(&buf,
		      "%zu found, most urgent first. No value is shown: the "
		      "same value is one item.\n\n",
		      json_array_size(items));
	json_array_foreach(items, i, one) {
		add_item(&buf, one);
	}
	if (json_array_size(gaps) > 0)
		firn_buf_addf(&buf, "\n## Could not be looked at\n\n");
	json_array_foreach(gaps, i, one) {
		const char *what = firn_json_string(one, "what", NULL);
		const char *why = firn_json_string(one, "why", NULL);

		firn_buf_addf(&buf, "- ");
		add_plain(&buf, what);
		firn_buf_addf(&buf, ": ");
		add_plain(&buf, why);
		firn_buf_addf(&buf, "\n");
	}
	if (buf.failed) {
		firn_buf_free(&buf);
		return NULL;
	}
	return buf.data;
}
