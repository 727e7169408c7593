#include "firn/cases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "respond/cases/diary.h"
#include "respond/cases/view.h"

static int
by_opened(const void *a, const void *b)
{
	json_t *const *one = a, *const *other = b;
	const char *first = firn_json_string(*one, "opened", NULL);
	const char *second = firn_json_string(*other, "opened", NULL);

	return strcmp(second != NULL ? second : "", first != NULL ? first : "");
}

static int
sort(json_t *cases, json_t **ret, struct firn_err *err)
{
	size_t n = json_array_size(cases);
	autofree json_t **items = calloc(n + 1, sizeof(json_t *));
	json_t *sorted = json_array();

	if (items == NULL || sorted == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < n; i++)
		items[i] = json_array_get(cases, i);
	qsort(items, n, sizeof(items[0]), by_opened);
	for (size_t i = 0; i < n; i++)
		json_array_append(sorted, items[i]);
	*ret = sorted;
	return 0;
}

static int
add(const char *id, const json_t *lines, void *cases, struct firn_err *err)
{
	json_t *view = firn_case_view(id, lines, false);

	(void)err;
	if (view != NULL)
		json_array_append_new(cases, view);
	return 0;
}

int
firn_cases(json_t **ret, struct firn_err *err)
{
	autojson json_t *cases = json_array();

	if (firn_diaries(add, cases, err) < 0)
		return -1;
	return sort(cases, ret, err);
}

int
firn_case_of(const char *id, json_t **ret, struct firn_err *err)
{
	autojson json_t *lines = NULL;

	if (firn_diary_read(id, &lines, err) < 0 && err->code != ENOENT)
		return -1;
	*err = (struct firn_err){ 0 };
	*ret = firn_case_view(id, lines, true);
	if (*ret == NULL)
		return firn_err_set(err, ESRCH,
				    "no playbook was carried out in case "
				    "\"%s\": firn cases lists them",
				    id);
	return 0;
}
