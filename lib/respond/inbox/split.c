#include "respond/inbox/split.h"

#include <string.h>

static void
take_in_string(struct firn_splitter *splitter, char c)
{
	if (splitter->escaped)
		splitter->escaped = false;
	else if (c == '\\')
		splitter->escaped = true;
	else if (c == '"')
		splitter->in_string = false;
}

static void
take(struct firn_splitter *splitter, char c)
{
	if (splitter->in_string) {
		take_in_string(splitter, c);
		return;
	}
	if (c == '"')
		splitter->in_string = true;
	else if (c == '{' || c == '[')
		splitter->depth++;
	else if ((c == '}' || c == ']') && splitter->depth > 0)
		splitter->depth--;
	if (strchr(" \t\r\n", c) == NULL)
		splitter->last = c;
}

static bool
ends_at_line(const struct firn_splitter *splitter)
{
	return splitter->in_string || splitter->depth == 0;
}

/* The first character of a line: does it begin another one? */
static bool
begins_another(const struct firn_splitter *splitter, char c)
{
	return c == '{' && strchr("{[,:", splitter->last) == NULL;
}

size_t
firn_split(struct firn_splitter *splitter, const char *text, size_t len)
{
	for (; splitter->seen < len; splitter->seen++) {
		char c = text[splitter->seen];

		if (splitter->seen > 0 && text[splitter->seen - 1] == '\n' &&
		    begins_another(splitter, c))
			return splitter->seen;
		if (c == '\n' && ends_at_line(splitter))
			return splitter->seen + 1;
		take(splitter, c);
	}
	return 0;
}
