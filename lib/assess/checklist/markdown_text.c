#include "assess/checklist/markdown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"

void
firn_md_time(struct firn_buf *buf, const char *text)
{
	char second[24];

	if (text == NULL || strlen(text) < 20 || text[19] != '.') {
		firn_markdown_add(buf, text);
		return;
	}
	snprintf(second, sizeof(second), "%.19sZ", text);
	firn_markdown_add(buf, second);
}

/* The longest run of backticks in a text. */
static size_t
longest_run(const char *text)
{
	size_t longest = 0;

	for (const char *c = text; *c != '\0';) {
		size_t run = strspn(c, "`");

		longest = run > longest ? run : longest;
		c += run > 0 ? run : 1;
	}
	return longest;
}

void
firn_md_step(struct firn_buf *buf, const char *text, bool in_table)
{
	size_t fence = longest_run(text) + 1;
	const char *space = fence > 1 ? " " : "";

	firn_buf_fill(buf, '`', fence);
	firn_buf_addf(buf, "%s", space);
	for (const char *c = text; *c != '\0'; c++) {
		if (in_table && *c == '|')
			firn_buf_add(buf, "\\", 1);
		firn_buf_add(buf, (unsigned char)*c < ' ' ? " " : c, 1);
	}
	firn_buf_addf(buf, "%s", space);
	firn_buf_fill(buf, '`', fence);
}

const char *
firn_md_guide_of(const json_t *item, const char *key)
{
	return firn_json_string(item, "guide", key, NULL);
}

bool
firn_md_replaces_first(const json_t *item)
{
	const char *first = firn_json_string(item, "order", "first", NULL);

	return first != NULL && strcmp(first, "replace") == 0;
}

bool
firn_md_is_done(const json_t *item)
{
	return json_is_object(json_object_get(item, "done"));
}

void
firn_md_place(struct firn_buf *buf, const json_t *place)
{
	const char *name = firn_json_string(place, "name", NULL);
	const char *path = firn_json_string(place, "path", NULL);
	const json_t *pid = json_object_get(place, "pid");

	firn_markdown_add(buf, firn_json_string(place, "where", NULL));
	if (json_is_integer(pid))
		firn_buf_addf(buf, " of process %lld",
			      (long long)json_integer_value(pid));
	if (path != NULL) {
		firn_buf_addf(buf, " ");
		firn_markdown_add(buf, path);
	}
	if (name != NULL) {
		firn_buf_addf(buf, ", ");
		firn_markdown_add(buf, name);
	}
}
