#include "respond/cases/seen.h"

#include <stdio.h>

#include "base/json.h"
#include "firn/inbox.h"
#include "respond/cases/diary.h"

void
firn_seen_in(const char *id, const json_t *lines, json_t *seen)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		const char *letter = firn_json_string(line, "letter", NULL);
		char name[FIRN_LETTER_NAME + 32];

		if (letter == NULL)
			continue;
		snprintf(name, sizeof(name), "%.*s/%lld", FIRN_LETTER_NAME,
			 letter,
			 (long long)json_integer_value(
				 json_object_get(line, "index")));
		json_object_set_new(seen, name, json_string(id));
	}
}

static int
add(const char *id, const json_t *lines, void *arg, struct firn_err *err)
{
	(void)err;
	firn_seen_in(id, lines, arg);
	return 0;
}

int
firn_seen(json_t *seen, struct firn_err *err)
{
	return firn_diaries(add, seen, err);
}
