#include <stdio.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/sharers.h"
#include "contain/cut/spaces.h"
#include "firn/permit.h"

/*
 * permit_pod -- who else is cut with a whole pod.
 */

int
firn_permit_pod(struct firn_target *target, json_t **ret, struct firn_err *err)
{
	autodone(firn_sharers_free) struct firn_sharers sharers = { 0 };
	autojson json_t *ids = json_array();
	uint64_t netns = target->namespaces.inode[FIRN_NS_NET], own;

	if (firn_own_netns(&own, err) < 0)
		return -1;
	/* Of the host's network it is cut alone. */
	if (netns != own &&
	    (firn_target_scan(target, err) < 0 ||
	     firn_sharers_find(target, netns, &sharers, err) < 0))
		return -1;
	for (size_t i = 0; i < sharers.n; i++) {
		const struct firn_sharer *one = &sharers.items[i];
		char name[80];

		if (one->id[0] != '\0')
			snprintf(name, sizeof(name), "%s", one->id);
		else
			snprintf(name, sizeof(name), "pid:%d", (int)one->pid);
		if (!firn_json_holds(ids, name))
			json_array_append_new(ids, json_string(name));
	}
	*ret = firn_steal(ids);
	return 0;
}
