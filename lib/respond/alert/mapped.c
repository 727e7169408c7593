/*
 * mapped -- any other sender, by the mapping of its source in the policy.
 */

#include <errno.h>
#include <string.h>

#include "firn/alert.h"
#include "respond/alert/form.h"

/* "labels", "tags" and "fields" lead to more than one text. */
static const char *const plain[] = {
	"id",      "rule",         "time",           "host",  "severity",
	"state",   "container_id", "container_name", "image", "pod",
	"pod_uid", "namespace",    "container",      "pid",   "playbook",
	"case",    "note",
};
static const char *const many[] = { "labels", "tags", "fields" };

static bool
is_one_of(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* One pointer, or several of which the first that leads somewhere counts; else
 * a word that stands for itself. */
static bool
take_plain(json_t *alert, const json_t *said, const char *field,
	   const json_t *where)
{
	const char *text = json_string_value(where);
	const json_t *one;
	size_t i;
	bool found = false;

	json_array_foreach(where, i, one)
		found |= take_plain(alert, said, field, one);
	if (text == NULL)
		return found;
	if (text[0] == '/') {
		form_set(alert, field, form_at(said, text));
		return json_object_get(alert, field) != NULL;
	}
	form_set(alert, field, where);
	return false;
}

/* Of several, the first that leads somewhere. */
static bool
take_many(json_t *alert, const json_t *said, const char *field,
	  const json_t *where)
{
	const char *pointer = json_string_value(where);
	const json_t *found = NULL, *one;
	size_t i;

	json_array_foreach(where, i, one) {
		if (take_many(alert, said, field, one))
			return true;
	}
	if (pointer != NULL)
		found = form_at(said, pointer);
	if (found == NULL)
		return false;
	if (strcmp(field, "tags") == 0)
		form_tags(alert, found);
	else
		form_strings(alert, field, found);
	return json_object_get(alert, field) != NULL;
}

bool
form_mapped(json_t *alert, const json_t *said, const json_t *mapping)
{
	const char *field;
	json_t *where;
	bool found = false;

	json_object_foreach((json_t *)(uintptr_t)mapping, field, where) {
		if (is_one_of(field, many, sizeof(many) / sizeof(many[0])))
			found |= take_many(alert, said, field, where);
		else if (is_one_of(field, plain,
				   sizeof(plain) / sizeof(plain[0])))
			found |= take_plain(alert, said, field, where);
	}
	return found;
}

static int
check_text(const char *field, const json_t *where, bool is_plain,
	   struct firn_err *err)
{
	const char *text = json_string_value(where);

	if (text == NULL || text[0] == '\0')
		return firn_err_set(err, EBADMSG,
				    "mapping: %s takes a JSON pointer like "
				    "\"/detail/id\"",
				    field);
	if (text[0] == '/' ? !form_is_pointer(text) : !is_plain)
		return firn_err_set(err, EBADMSG,
				    "mapping: \"%s\" for %s is no JSON pointer "
				    "(RFC 6901)",
				    text, field);
	return 0;
}

int
firn_alert_mapping_check(const json_t *mapping, struct firn_err *err)
{
	const char *field;
	json_t *where;

	json_object_foreach((json_t *)(uintptr_t)mapping, field, where) {
		bool is_plain = is_one_of(field, plain,
					  sizeof(plain) / sizeof(plain[0]));
		const json_t *one;
		size_t i;

		if (!is_plain && strcmp(field, "each") != 0 &&
		    !is_one_of(field, many, sizeof(many) / sizeof(many[0])))
			return firn_err_set(err, EBADMSG,
					    "mapping: an alert has no \"%s\"",
					    field);
		if (!json_is_array(where) || strcmp(field, "each") == 0) {
			if (check_text(field, where, is_plain, err) < 0)
				return -1;
			continue;
		}
		json_array_foreach(where, i, one) {
			if (check_text(field, one, is_plain, err) < 0)
				return -1;
		}
	}
	return 0;
}
