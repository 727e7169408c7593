#include "respond/cases/seen.h"

#include <stdio.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/inbox.h"
#include "respond/cases/diary.h"

static void
add_seen(json_t *seen, const char *id, const json_t *lines)
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

int
firn_seen(json_t **ret, struct firn_err *err)
{
	autojson json_t *ids = NULL, *seen = json_object();
	const json_t *id;
	size_t i;

	if (firn_diaries(&ids, err) < 0)
		return -1;
	json_array_foreach(ids, i, id) {
		autojson json_t *lines = NULL;

		if (firn_diary_read(json_string_value(id), &lines, err) < 0)
			return -1;
		add_seen(seen, json_string_value(id), lines);
	}
	*ret = firn_steal(seen);
	return 0;
}
