#include "assess/checklist/markdown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"

/* What would be shown as a link without any markup. */
static bool
begins_link(const char *text, const char *c)
{
	return strncmp(c, "://", 3) == 0 || (*c == '.' && c - text >= 3 &&
					     strncasecmp(c - 3, "www", 3) == 0);
}

void
firn_md_plain(struct firn_buf *buf, const char *text)
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
		if (strchr("`*_[]<>|#\\&!~@$", *c) != NULL ||
		    begins_link(safe, c))
			firn_buf_add(buf, "\\", 1);
		firn_buf_add(buf, c, 1);
	}
}

void
firn_md_time(struct firn_buf *buf, const char *text)
{
	char second[24];

	if (text == NULL || strlen(text) < 20 || text[19] != '.') {
		firn_md_plain(buf, text);
		return;
	}
	snprintf(second, sizeof(second), "%.19sZ", text);
	firn_md_plain(buf, second);
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

	firn_md_plain(buf, firn_json_string(place, "where", NULL));
	if (json_is_integer(pid))
		firn_buf_addf(buf, " of process %lld",
			      (long long)json_integer_value(pid));
	if (path != NULL) {
		firn_buf_addf(buf, " ");
		firn_md_plain(buf, path);
	}
	if (name != NULL) {
		firn_buf_addf(buf, ", ");
		firn_md_plain(buf, name);
	}
}
