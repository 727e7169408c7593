#include <stdlib.h>
#include <string.h>

#include "assess/exposure/checks.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/markdown.h"
#include "firn/exposure.h"

/*
 * exposure_markdown -- the verdict for a ticket.
 */

static void
add_line(struct firn_buf *buf, const char *label, const char *text)
{
	firn_buf_addf(buf, "  - %s: ", label);
	firn_markdown_add(buf, text);
	firn_buf_addf(buf, "\n");
}

static bool
is(const json_t *reason, const char *key, const char *text)
{
	const char *one = firn_json_string(reason, key, NULL);

	return one != NULL && strcmp(one, text) == 0;
}

static json_int_t
weight_of(const json_t *reason)
{
	return json_integer_value(json_object_get(reason, "weight"));
}

static bool
is_note(const json_t *reason)
{
	return weight_of(reason) < FIRN_POSSIBLE;
}

/* Of the strong ones, those of a check stand together: they mean the same. */
static bool
is_first_of_check(const json_t *reasons, size_t n)
{
	const char *check =
		firn_json_string(json_array_get(reasons, n), "check", NULL);

	for (size_t i = 0; check != NULL && i < n; i++) {
		if (is(json_array_get(reasons, i), "check", check))
			return false;
	}
	return true;
}

static void
add_check(struct firn_buf *buf, const json_t *reasons, size_t first)
{
	const json_t *reason = json_array_get(reasons, first);
	const char *check = firn_json_string(reason, "check", NULL);

	for (size_t i = first; i < json_array_size(reasons); i++) {
		const json_t *one = json_array_get(reasons, i);

		if (check == NULL || !is(one, "check", check) || is_note(one))
			continue;
		firn_buf_addf(buf, "- **");
		firn_markdown_add(buf, firn_json_string(one, "fact", NULL));
		firn_buf_addf(buf, "** (%s, %lld of 100)\n", check,
			      (long long)weight_of(one));
	}
	add_line(buf, "means", firn_json_string(reason, "means", NULL));
	add_line(buf, "do", firn_json_string(reason, "do", NULL));
	add_line(buf, "read in", firn_json_string(reason, "read", NULL));
}

static void
add_reasons(struct firn_buf *buf, const json_t *exposure, const char *title,
	    const char *question)
{
	const json_t *reasons = json_object_get(exposure, "reasons"), *reason;
	bool any = false;
	size_t i;

	json_array_foreach(reasons, i, reason) {
		if (!is(reason, "question", question) || is_note(reason))
			continue;
		if (!any)
			firn_buf_addf(buf, "\n## %s\n\n", title);
		any = true;
		if (is_first_of_check(reasons, i))
			add_check(buf, reasons, i);
	}
}

/* What weighs too little to change the verdict. */
static void
add_notes(struct firn_buf *buf, const json_t *exposure)
{
	const json_t *reason;
	bool any = false;
	size_t i;

	json_array_foreach(json_object_get(exposure, "reasons"), i, reason) {
		if (!is_note(reason))
			continue;
		if (!any)
			firn_buf_addf(buf, "\n## Of less weight\n\n");
		any = true;
		firn_buf_addf(buf, "- ");
		firn_markdown_add(buf, firn_json_string(reason, "fact", NULL));
		firn_buf_addf(buf, "\n");
	}
}

static void
add_unknown(struct firn_buf *buf, const json_t *list, const char *key,
	    const char *title)
{
	const json_t *one;
	size_t i;

	if (json_array_size(list) > 0)
		firn_buf_addf(buf, "\n## %s\n\n", title);
	json_array_foreach(list, i, one) {
		firn_buf_addf(buf, "- ");
		firn_markdown_add(buf, firn_json_string(one, key, NULL));
		firn_buf_addf(buf, ": ");
		firn_markdown_add(buf, firn_json_string(one, "why", NULL));
		firn_buf_addf(buf, "\n");
	}
}

static void
add_posture(struct firn_buf *buf, const json_t *posture)
{
	const json_t *item;
	size_t i;

	if (json_array_size(posture) > 0)
		firn_buf_addf(buf, "\n## The checklist for production\n\n");
	json_array_foreach(posture, i, item) {
		firn_buf_addf(buf, "- [%s] ",
			      is(item, "answer", "pass") ? "x" : " ");
		firn_markdown_add(buf, firn_json_string(item, "title", NULL));
		firn_buf_addf(buf, ": ");
		firn_markdown_add(buf, firn_json_string(item, "answer", NULL));
		firn_buf_addf(buf, ": ");
		firn_markdown_add(buf, firn_json_string(item, "fact", NULL));
		firn_buf_addf(buf, "\n");
	}
}

char *
firn_exposure_markdown(const json_t *exposure)
{
	struct firn_buf buf = { 0 };

	firn_buf_addf(&buf, "# Is the node exposed? ");
	firn_markdown_add(&buf, firn_json_string(exposure, "verdict", NULL));
	firn_buf_addf(&buf, "\n");
	add_reasons(&buf, exposure, "Did it get out?", "did it");
	add_reasons(&buf, exposure, "Could it have got out?", "could it");
	add_notes(&buf, exposure);
	add_posture(&buf, json_object_get(exposure, "posture"));
	add_unknown(&buf, json_object_get(exposure, "unknown"), "check",
		    "Could not be told");
	add_unknown(&buf, json_object_get(exposure, "gaps"), "what", "Gaps");
	if (buf.failed) {
		firn_buf_free(&buf);
		return NULL;
	}
	return buf.data;
}
