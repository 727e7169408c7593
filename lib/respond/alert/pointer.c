#include <stdint.h>
#include <string.h>

#include "base/io.h"
#include "firn/alert.h"
#include "respond/alert/form.h"

/* Longest name between two slashes. */
#define NAME_MAX_BYTES 256

/* "~1" is a slash and "~0" a tilde: RFC 6901, section 4.  false for what isn't
 * one, or is too long. */
static bool
unescape(const char *from, size_t len, char ret[NAME_MAX_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = from[i];

		if (c == '~') {
			i++;
			if (i >= len || (from[i] != '0' && from[i] != '1'))
				return false;
			c = from[i] == '1' ? '/' : '~';
		}
		if (n + 1 >= NAME_MAX_BYTES)
			return false;
		ret[n++] = c;
	}
	ret[n] = '\0';
	return true;
}

static const json_t *
step(const json_t *from, const char *name)
{
	uint64_t index;

	if (json_is_object(from))
		return json_object_get(from, name);
	/* No leading zeros: section 4. */
	if (!json_is_array(from) || !firn_is_decimal(name, &index) ||
	    (name[0] == '0' && name[1] != '\0') || index >= SIZE_MAX)
		return NULL;
	return json_array_get(from, (size_t)index);
}

json_t *
form_at(const json_t *said, const char *pointer)
{
	char name[NAME_MAX_BYTES];

	while (said != NULL && *pointer != '\0') {
		size_t len;

		if (*pointer != '/')
			return NULL;
		pointer++;
		len = strcspn(pointer, "/");
		if (!unescape(pointer, len, name))
			return NULL;
		said = step(said, name);
		pointer += len;
	}
	/* jansson takes no const back; the caller asked for a borrowed one. */
	return (json_t *)(uintptr_t)said;
}

bool
form_is_pointer(const char *text)
{
	char name[NAME_MAX_BYTES];

	while (*text == '/') {
		size_t len = strcspn(++text, "/");

		if (!unescape(text, len, name))
			return false;
		text += len;
	}
	return *text == '\0';
}
