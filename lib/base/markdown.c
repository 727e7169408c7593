#include "base/markdown.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/text.h"

/* What would be shown as a link without any markup. */
static bool
begins_link(const char *text, const char *c)
{
	return strncmp(c, "://", 3) == 0 || (*c == '.' && c - text >= 3 &&
					     strncasecmp(c - 3, "www", 3) == 0);
}

/* The "_" of core_pattern is no emphasis, and is read better as it is. */
static bool
is_within_word(const char *text, const char *c)
{
	return *c == '_' && c > text && isalnum((unsigned char)c[-1]) &&
	       isalnum((unsigned char)c[1]);
}

void
firn_markdown_add(struct firn_buf *buf, const char *text)
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
		if ((strchr("`*_[]<>|#\\&!~@$", *c) != NULL &&
		     !is_within_word(safe, c)) ||
		    begins_link(safe, c))
			firn_buf_add(buf, "\\", 1);
		firn_buf_add(buf, c, 1);
	}
}
