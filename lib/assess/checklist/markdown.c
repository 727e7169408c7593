#include <string.h>

#include "assess/checklist/markdown.h"
#include "base/json.h"
#include "firn/secrets.h"

/* Longer is no summary. */
#define START_MAX 140

/*
 * markdown -- the checklist for a ticket: a table to see all of it, then each
 * secret with the argument for its place and the steps to take.
 */

/* The first of what a step says, if it is short: never a piece of a command. */
static void
add_start(struct firn_buf *buf, const char *step)
{
	const char *end = strstr(step, "; ");
	size_t len = end != NULL ? (size_t)(end - step) : strlen(step);
	char start[START_MAX + 1];

	if (len > START_MAX) {
		firn_buf_addf(buf, ", see below");
		return;
	}
	memcpy(start, step, len);
	start[len] = '\0';
	firn_buf_addf(buf, ": ");
	firn_md_step(buf, start, true);
	if (end != NULL)
		firn_buf_addf(buf, " ...");
}

static void
add_first_step(struct firn_buf *buf, const json_t *item)
{
	bool replace = firn_md_replaces_first(item);
	const char *step =
		firn_md_guide_of(item, replace ? "rotate" : "revoke");

	if (firn_md_is_done(item)) {
		firn_buf_addf(buf, "done by ");
		firn_markdown_add(buf,
				  firn_json_string(item, "done", "by", NULL));
		return;
	}
	/* Some can only be replaced, some only be revoked. */
	if (step == NULL) {
		replace = !replace;
		step = firn_md_guide_of(item, replace ? "rotate" : "revoke");
	}
	if (step == NULL) {
		firn_buf_addf(buf, "ask its owner");
		return;
	}
	firn_buf_addf(buf, "%s", replace ? "replace" : "revoke");
	add_start(buf, step);
}

static void
add_line(struct firn_buf *buf, const json_t *item, size_t number)
{
	const json_t *places = json_object_get(item, "places");
	size_t n = json_array_size(places);
	const char *owner = firn_json_string(item, "owner", NULL);
	const char *due = firn_json_string(item, "due", NULL);
	const char *state = firn_json_string(item, "state", NULL);

	firn_buf_addf(buf, "| %zu | ", number);
	if (state != NULL && strcmp(state, "expired") == 0)
		firn_buf_addf(buf, "expired: ");
	firn_markdown_add(buf, firn_json_string(item, "priority", NULL));
	firn_buf_addf(buf, " ");
	firn_markdown_add(buf, firn_json_string(item, "title", NULL));
	firn_buf_addf(buf, ", ");
	firn_markdown_add(buf, firn_json_string(item, "id", NULL));
	firn_buf_addf(buf, " | ");
	firn_md_place(buf, json_array_get(places, 0));
	if (n > 1)
		firn_buf_addf(buf, ", and %zu more", n - 1);
	firn_buf_addf(buf, " | ");
	add_first_step(buf, item);
	firn_buf_addf(buf, " | ");
	firn_markdown_add(buf, owner != NULL ? owner : "nobody");
	firn_buf_addf(buf, " | ");
	firn_markdown_add(buf, due != NULL ? due : "-");
	firn_buf_addf(buf, " |\n");
}

static void
add_table(struct firn_buf *buf, const json_t *items)
{
	const json_t *item;
	size_t i;

	if (json_array_size(items) == 0)
		return;
	firn_buf_addf(buf, "| # | what | where | first step | owner | due |\n"
			   "|---|---|---|---|---|---|\n");
	json_array_foreach(items, i, item) {
		add_line(buf, item, i + 1);
	}
	firn_buf_addf(buf, "\n");
}

/* --- the whole ------------------------------------------------------------
 */

static void
add_head(struct firn_buf *buf, const json_t *checklist)
{
	const json_t *items = json_object_get(checklist, "items"), *item;
	const json_t *due = json_object_get(checklist, "due");
	const char *by = firn_json_string(due, "by", NULL);
	size_t i, done = 0;

	json_array_foreach(items, i, item) {
		done += firn_md_is_done(item);
	}
	firn_buf_addf(buf, "# Secrets to rotate: case ");
	firn_markdown_add(buf, firn_json_string(checklist, "case", NULL));
	firn_buf_addf(buf,
		      "\n\n%zu found, the most pressing first; %zu done. No "
		      "value is shown: the same value is one item. Names in "
		      "the steps come from the container: compare them with "
		      "your own records before you run anything.\n\n",
		      json_array_size(items), done);
	if (by == NULL || strcmp(by, "firn") != 0)
		return;
	firn_buf_addf(buf, "Due times are firn's own");
	for (i = 0; i < 4; i++) {
		static const char *const levels[] = { "P0", "P1", "P2", "P3" };
		const char *time = firn_json_string(due, levels[i], NULL);

		firn_buf_addf(buf, "%s%s in %s", i == 0 ? " (" : ", ",
			      levels[i], time != NULL ? time : "?");
	}
	firn_buf_addf(buf, "): the policy sets yours.\n\n");
}

char *
firn_secrets_markdown(const json_t *checklist)
{
	const json_t *items = json_object_get(checklist, "items"), *one;
	const json_t *gaps = json_object_get(checklist, "gaps");
	const char *id = firn_json_string(checklist, "case", NULL);
	struct firn_buf buf = { 0 };
	size_t i;

	add_head(&buf, checklist);
	add_table(&buf, items);
	json_array_foreach(items, i, one) {
		firn_md_item(&buf, one, i + 1, id);
	}
	if (json_array_size(gaps) > 0)
		firn_buf_addf(&buf, "## Could not be looked at\n\n");
	json_array_foreach(gaps, i, one) {
		firn_buf_addf(&buf, "- ");
		firn_markdown_add(&buf, firn_json_string(one, "what", NULL));
		firn_buf_addf(&buf, ": ");
		firn_markdown_add(&buf, firn_json_string(one, "why", NULL));
		firn_buf_addf(&buf, "\n");
	}
	if (buf.failed)
		firn_buf_free(&buf);
	return buf.data;
}
