#include "assess/checklist/markdown.h"

#include <string.h>

#include "assess/checklist/fill.h"
#include "base/json.h"

/* One secret: the argument for its place, where it was, and the steps. */

static void
add_row(struct firn_buf *buf, const char *label, const char *text)
{
	if (text == NULL)
		return;
	firn_buf_addf(buf, "- %s: ", label);
	firn_md_step(buf, text, false);
	firn_buf_add(buf, "\n", 1);
}

static void
add_prose(struct firn_buf *buf, const char *label, const char *text)
{
	if (text == NULL)
		return;
	firn_buf_addf(buf, "- %s: ", label);
	firn_markdown_add(buf, text);
	firn_buf_add(buf, "\n", 1);
}

static void
add_places(struct firn_buf *buf, const json_t *item)
{
	const json_t *place;
	json_int_t more =
		json_integer_value(json_object_get(item, "more_places"));
	size_t i;

	firn_buf_addf(buf, "- Where it was:\n");
	json_array_foreach(json_object_get(item, "places"), i, place) {
		const char *who = firn_json_string(place, "readable_by", NULL);
		const char *via = firn_json_string(place, "via", NULL);

		firn_buf_addf(buf, "  - ");
		firn_md_place(buf, place);
		if (via != NULL) {
			firn_buf_addf(buf, ", through ");
			firn_markdown_add(buf, via);
		}
		if (who != NULL) {
			firn_buf_addf(buf, "; readable by ");
			firn_markdown_add(buf, who);
		}
		firn_buf_addf(buf, "\n");
	}
	if (more > 0)
		firn_buf_addf(buf, "  - and in %lld more places\n",
			      (long long)more);
}

static void
add_why(struct firn_buf *buf, const json_t *item)
{
	const json_t *sentence;
	size_t i;

	firn_buf_addf(buf, "- Why here:\n");
	json_array_foreach(firn_json_at(item, "order", "why", NULL), i,
			   sentence) {
		firn_buf_addf(buf, "  - ");
		firn_markdown_add(buf, json_string_value(sentence));
		firn_buf_addf(buf, "\n");
	}
}

/* What the secret says of itself, and its place of it. */
static void
add_facts(struct firn_buf *buf, const json_t *item)
{
	json_t *facts = json_object_get(item, "facts"), *fact;
	const char *key, *before = "- What is known: ";

	json_object_foreach(facts, key, fact) {
		if (!json_is_string(fact) && !json_is_integer(fact))
			continue;
		firn_buf_addf(buf, "%s", before);
		firn_markdown_add(buf, key);
		firn_buf_addf(buf, " ");
		if (json_is_string(fact))
			firn_markdown_add(buf, json_string_value(fact));
		else
			firn_buf_addf(buf, "%lld",
				      (long long)json_integer_value(fact));
		before = ", ";
	}
	if (*before == ',')
		firn_buf_addf(buf, "\n");
}

static void
add_consumers(struct firn_buf *buf, const json_t *item)
{
	const json_t *consumers = json_object_get(item, "consumers"), *one;
	size_t i;

	if (json_array_size(consumers) > 0)
		firn_buf_addf(buf, "- Also held, on this node, by:\n");
	json_array_foreach(consumers, i, one) {
		const char *name = firn_json_string(one, "name", NULL);
		const char *where = firn_json_string(one, "where", NULL);

		firn_buf_addf(buf, "  - ");
		firn_markdown_add(buf, firn_json_string(one, "runtime", NULL));
		firn_buf_addf(buf, " ");
		firn_markdown_add(buf,
				  name != NULL
					  ? name
					  : firn_json_string(one, "container",
							     NULL));
		if (where != NULL) {
			firn_buf_addf(buf, ", ");
			firn_markdown_add(buf, where);
		}
		firn_buf_addf(buf, "\n");
	}
}

static void
add_steps(struct firn_buf *buf, const json_t *item)
{
	static const char *const keys[] = { "revoke", "rotate" };
	static const char *const words[] = { "Revoke", "Replace" };
	int first = firn_md_replaces_first(item), number = 1;

	for (int i = 0; i < 2; i++) {
		int which = i == 0 ? first : !first;
		const char *step = firn_md_guide_of(item, keys[which]);

		if (step == NULL)
			continue;
		firn_buf_addf(buf, "- Step %d, %s: ", number++, words[which]);
		firn_md_step(buf, step, false);
		firn_buf_addf(buf, "\n");
	}
	if (number == 1)
		firn_buf_addf(buf, "- No guide for it: ask its owner what it "
				   "opens, and have it replaced there\n");
	add_prose(buf, "It breaks", firn_md_guide_of(item, "breaks"));
	add_row(buf, "Was it used", firn_md_guide_of(item, "used"));
	add_row(buf, "It is dead when", firn_md_guide_of(item, "dead"));
	add_prose(buf, "What stays open", firn_md_guide_of(item, "residual"));
	if (json_is_false(firn_json_at(item, "guide", "checked", NULL)))
		firn_buf_addf(buf, "- These steps are from memory: check with "
				   "the provider's documentation\n");
}

static void
add_tick(struct firn_buf *buf, const json_t *item, const char *case_id)
{
	const json_t *done = json_object_get(item, "done");
	const char *id = firn_json_string(item, "id", NULL);

	if (done == NULL) {
		firn_buf_addf(buf, "- [ ] done");
		if (id != NULL && case_id != NULL && firn_is_plain(id) &&
		    firn_is_plain(case_id))
			firn_buf_addf(buf,
				      ": `firn secrets --done %s --by WHO %s`",
				      id, case_id);
		firn_buf_addf(buf, "\n");
		return;
	}
	firn_buf_addf(buf, "- [x] done by ");
	firn_markdown_add(buf, firn_json_string(done, "by", NULL));
	firn_buf_addf(buf, " at ");
	firn_md_time(buf, firn_json_string(done, "at", NULL));
	firn_buf_addf(buf, "\n");
}

void
firn_md_item(struct firn_buf *buf, const json_t *item, size_t number,
	     const char *case_id)
{
	const char *state = firn_json_string(item, "state", NULL);
	const char *expires = firn_json_string(item, "expires", NULL);
	const char *owner = firn_json_string(item, "owner", NULL);

	firn_buf_addf(buf, "## %zu. ", number);
	firn_markdown_add(buf, firn_json_string(item, "title", NULL));
	firn_buf_addf(buf, ", ");
	firn_markdown_add(buf, firn_json_string(item, "id", NULL));
	firn_buf_addf(buf, "\n\n");
	add_tick(buf, item, case_id);
	firn_buf_addf(buf, "- ");
	firn_markdown_add(buf, firn_json_string(item, "priority", NULL));
	firn_buf_addf(buf, ", ");
	firn_markdown_add(buf, firn_json_string(item, "confidence", NULL));
	firn_buf_addf(buf, " confidence");
	if (expires != NULL) {
		firn_buf_addf(buf, ", %s ",
			      state != NULL && strcmp(state, "expired") == 0
				      ? "expired"
				      : "good until");
		firn_md_time(buf, expires);
	}
	if (owner != NULL) {
		firn_buf_addf(buf, "; owner ");
		firn_markdown_add(buf, owner);
	}
	firn_buf_addf(buf, "\n");
	add_why(buf, item);
	add_places(buf, item);
	add_facts(buf, item);
	add_consumers(buf, item);
	add_steps(buf, item);
	firn_buf_addf(buf, "\n");
}
