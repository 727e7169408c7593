#include "assess/places/assignments.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "assess/rules/assigned.h"
#include "base/auto.h"

#define NAME_MAX_BYTES 128

static bool
is_one_of(const char *set, char c)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static int
add(struct firn_checklist *list, const struct firn_secret_place *place,
    const char *name, size_t name_len, const char *value, size_t len,
    struct firn_err *err)
{
	autofree char *copy = strndup(name, name_len);
	struct firn_secret_place here = *place;

	if (copy == NULL)
		return firn_err_nomem(err);
	here.name = copy;
	return firn_checklist_value(list, &here, value, len, err);
}

/* The name that ends here; 0 for none.  After ":" or "/" it would be a piece
 * of something else, of a password in a URL for one. */
static size_t
name_before(const char *start, const char *end)
{
	const char *name = end;

	while (name > start && firn_in_name(name[-1]))
		name--;
	if (name == end || end - name > NAME_MAX_BYTES ||
	    (name > start && !is_one_of(" \t\n\"'`;&|?(,", name[-1])))
		return 0;
	return (size_t)(end - name);
}

/* Without the quotes around it. */
static void
unquote(const char **value, const char **end)
{
	if (*end - *value >= 2 && is_one_of("\"'`", **value) &&
	    (*end)[-1] == **value) {
		(*value)++;
		(*end)--;
	}
}

/* --- a command line -------------------------------------------------------
 */

/* In the middle of a text, a value ends where a word does. */
static const char *
word_end(const char *value, const char *end)
{
	const char *at = value;

	if (value < end && is_one_of("\"'`", *value)) {
		const char *quote =
			memchr(value + 1, *value, (size_t)(end - value) - 1);

		return quote != NULL ? quote + 1 : end;
	}
	while (at < end && !is_one_of(" \t\n\"'`;&|)", *at))
		at++;
	return at;
}

static int
look_in_argument(struct firn_checklist *list,
		 const struct firn_secret_place *place, const char *text,
		 size_t len, struct firn_err *err)
{
	const char *end = text + len, *at = text, *equals;

	while ((equals = memchr(at, '=', (size_t)(end - at))) != NULL) {
		size_t name_len = name_before(at, equals);
		const char *name = equals - name_len, *value = equals + 1;
		const char *stop = value;

		if (name_len > 0) {
			/* All the rest, when the name is what it begins with */
			stop = name == text ? end : word_end(value, end);
			at = stop;
			unquote(&value, &stop);
			if (add(list, place, name, name_len, value,
				(size_t)(stop - value), err) < 0)
				return -1;
		} else {
			at = value;
		}
	}
	return firn_checklist_text(list, place, text, len, err) < 0 ? -1 : 0;
}

int
firn_checklist_arguments(struct firn_checklist *list,
			 const struct firn_secret_place *place,
			 const char *text, size_t len, struct firn_err *err)
{
	const char *option = NULL;
	size_t option_len = 0;

	for (size_t at = 0; at < len;) {
		const char *one = text + at;
		size_t one_len = strnlen(one, len - at);
		bool is_option = one_len > 1 && one[0] == '-' &&
				 name_before(one, one + one_len) == one_len;

		if (option != NULL && !is_option &&
		    add(list, place, option, option_len, one, one_len, err) < 0)
			return -1;
		if (look_in_argument(list, place, one, one_len, err) < 0)
			return -1;
		option = is_option ? one : NULL;
		option_len = one_len;
		at += one_len + 1;
	}
	return 0;
}

/* --- a file ---------------------------------------------------------------
 */

static void
trim(const char **start, const char **end)
{
	while (*start < *end && is_one_of(" \t\r", **start))
		(*start)++;
	while (*end > *start && is_one_of(" \t\r", (*end)[-1]))
		(*end)--;
}

static int
look_in_line(struct firn_checklist *list, const struct firn_secret_place *place,
	     const char *line, const char *end, struct firn_err *err)
{
	static const char word[] = "export ";
	const size_t word_len = sizeof(word) - 1;
	const char *equals, *value, *name_end;

	equals = memchr(line, '=', (size_t)(end - line));
	if (equals == NULL)
		return 0;
	value = equals + 1;
	name_end = equals;
	trim(&line, &name_end);
	if ((size_t)(name_end - line) > word_len &&
	    memcmp(line, word, word_len) == 0)
		line += word_len;
	if (line == name_end ||
	    name_before(line, name_end) != (size_t)(name_end - line))
		return 0;
	trim(&value, &end);
	unquote(&value, &end);
	return add(list, place, line, (size_t)(name_end - line), value,
		   (size_t)(end - value), err);
}

int
firn_checklist_lines(struct firn_checklist *list,
		     const struct firn_secret_place *place, const char *text,
		     size_t len, struct firn_err *err)
{
	const char *line = text, *end = text + len;

	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		stop = stop != NULL ? stop : end;
		if (look_in_line(list, place, line, stop, err) < 0)
			return -1;
		line = stop + 1;
	}
	return firn_checklist_text(list, place, text, len, err);
}
