#include "respond/cases/approvals.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/approval.h"

int
firn_approval_of(const char *id, json_t **ret, struct firn_err *err)
{
	autojson json_t *all = NULL;
	json_t *one;
	size_t i;

	if (firn_approvals(&all, err) < 0)
		return -1;
	json_array_foreach(all, i, one) {
		const char *its = firn_json_string(one, "id", NULL);

		if (id == NULL || its == NULL || strcmp(id, its) != 0)
			continue;
		*ret = json_incref(one);
		return 0;
	}
	return firn_err_set(err, ESRCH, "request %s isn't there any more",
			    id != NULL ? id : "?");
}

bool
firn_approval_is_open(const json_t *waits, const json_t *approval)
{
	const char *state = firn_json_string(approval, "state", NULL);
	json_int_t until = json_integer_value(json_object_get(waits, "until"));

	return state != NULL && strcmp(state, "open") == 0 &&
	       (json_int_t)firn_now().tv_sec < until;
}
