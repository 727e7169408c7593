#include "assess/rules/names.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "assess/rules/regex.h"

/* Longer names are taken as they are. */
#define NAME_MAX_BYTES 128

static bool
is_seam(const char *at, const char *name)
{
	return at > name && isupper((unsigned char)at[0]) &&
	       (islower((unsigned char)at[-1]) ||
		(isupper((unsigned char)at[-1]) &&
		 islower((unsigned char)at[1])));
}

/* "theApiKey", "the-api.key": "the_Api_Key", "the_api_key". */
static void
spell(const char *name, char ret[2 * NAME_MAX_BYTES])
{
	size_t len = 0;

	for (const char *at = name; *at != '\0'; at++) {
		if (is_seam(at, name))
			ret[len++] = '_';
		ret[len++] = *at == '-' || *at == '.' ? '_' : *at;
	}
	ret[len] = '\0';
}

static bool
is_like(const struct firn_words *globs, const char *name)
{
	for (size_t i = 0; i < globs->n; i++) {
		if (firn_glob(globs->items[i], name, strlen(name), true, false))
			return true;
	}
	return false;
}

bool
firn_name_is_like(const struct firn_words *globs, const char *name)
{
	char spelled[2 * NAME_MAX_BYTES];

	if (globs->n == 0)
		return false;
	if (is_like(globs, name))
		return true;
	if (strlen(name) >= NAME_MAX_BYTES)
		return false;
	spell(name, spelled);
	return strcmp(spelled, name) != 0 && is_like(globs, spelled);
}
