#include "contain/freeze/freeze_record.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"

static json_t *
before_of(const struct firn_freezer_state *state)
{
	return json_pack("{s:b, s:b, s:b}", "own", state->own, "frozen",
			 state->frozen, "ancestors", state->ancestors);
}

json_t *
firn_freeze_details(const struct firn_target *target,
		    const bool writes[FIRN_N_HIERARCHIES],
		    const struct firn_freezer_state *before)
{
	static const char *const files[] = { "cgroup.freeze", "freezer.state" };
	static const char *const texts[] = { "1", "FROZEN" };
	autojson json_t *details = json_object();

	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct firn_cgroup *cgroup =
			firn_freezer_cgroup(target, h);
		json_t *part;

		if (!writes[h] || cgroup == NULL)
			continue;
		part = json_object();
		firn_json_text(part, "path", cgroup->path);
		firn_json_text(part, "folder", cgroup->folder);
		firn_json_uint(part, "inode", cgroup->inode);
		firn_json_text(part, "file", files[h]);
		firn_json_text(part, "write", texts[h]);
		json_object_set_new(part, "before", before_of(&before[h]));
		if (json_object_set_new(details, firn_hierarchy_names[h],
					part) < 0)
			return NULL;
	}
	return firn_steal(details);
}

bool
firn_freeze_is_ours(const json_t *open, const struct firn_cgroup *cgroup,
		    enum firn_hierarchy hierarchy, bool *ret_own_before)
{
	json_t *change;
	size_t i;

	json_array_foreach(open, i, change) {
		const json_t *part =
			firn_json_at(change, "details",
				     firn_hierarchy_names[hierarchy], NULL);
		json_int_t inode =
			json_integer_value(json_object_get(part, "inode"));

		if (part == NULL || inode <= 0 ||
		    (uint64_t)inode != cgroup->inode)
			continue;
		if (ret_own_before != NULL)
			*ret_own_before = json_is_true(
				firn_json_at(part, "before", "own", NULL));
		return true;
	}
	return false;
}
