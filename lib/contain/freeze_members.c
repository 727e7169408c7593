#include "contain/freeze_members.h"

#include "base/auto.h"
#include "base/json.h"

static json_t *
membership_of(const struct firn_member *member)
{
	static const struct {
		enum firn_membership bit;
		const char *name;
	} names[] = {
		{ FIRN_IN_CGROUP, "cgroup" }, { FIRN_IN_PIDNS, "pid" },
		{ FIRN_IN_MNTNS, "mnt" },     { FIRN_IN_NETNS, "net" },
		{ FIRN_ON_ROOTFS, "rootfs" },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((member->membership & names[i].bit) != 0)
			json_array_append_new(list, json_string(names[i].name));
	return list;
}

static void
add(json_t *list, const struct firn_member *member)
{
	json_t *object = json_object();

	firn_json_uint(object, "pid", (uint64_t)member->pid);
	firn_json_uint(object, "start_ticks", member->start_ticks);
	json_object_set_new(object, "membership", membership_of(member));
	json_array_append_new(list, object);
}

void
firn_freeze_members(struct firn_target *target, json_t *result)
{
	json_t *escaped = json_array(), *foreign = json_array();
	struct firn_err why = { 0 };

	if (firn_target_scan(target, &why) < 0) {
		firn_json_text(result, "members_error", why.text);
		json_decref(escaped);
		json_decref(foreign);
		return;
	}
	for (size_t i = 0; i < target->members.n; i++) {
		const struct firn_member *member = &target->members.items[i];

		if (member->escaped)
			add(escaped, member);
		if (member->foreign)
			add(foreign, member);
	}
	json_object_set_new(result, "escaped", escaped);
	json_object_set_new(result, "foreign", foreign);
}
