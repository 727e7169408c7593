#include "contain/freeze_members.h"

#include "base/auto.h"
#include "base/json.h"
#include "contain/escape/escapees.h"
#include "host/proc.h"

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

static json_t *
out_of(const struct firn_member *member)
{
	json_t *list = json_array();

	if ((member->out_of & FIRN_OUT_OF_V2) != 0)
		json_array_append_new(list, json_string("v2"));
	if ((member->out_of & FIRN_OUT_OF_V1) != 0)
		json_array_append_new(list, json_string("v1"));
	return list;
}

static json_t *
describe(const struct firn_target *target, const struct firn_member *member)
{
	struct firn_proc_stat stat = { 0 };
	struct firn_err gone = { 0 };
	json_t *object = json_object();

	firn_json_uint(object, "pid", (uint64_t)member->pid);
	firn_json_uint(object, "start_ticks", member->start_ticks);
	if (firn_proc_stat(target->host, member->pid, &stat, &gone) == 0 &&
	    stat.start_ticks == member->start_ticks)
		firn_json_bytes(object, "comm", stat.comm, stat.comm_len);
	json_object_set_new(object, "membership", membership_of(member));
	return object;
}

static json_t *
escaped_json(const struct firn_target *target,
	     const struct firn_escapees *escapees)
{
	json_t *list = json_array();

	for (size_t i = 0; i < escapees->n; i++) {
		const struct firn_escapee *one = &escapees->items[i];
		json_t *object = describe(target, one->member);

		json_object_set_new(object, "out_of", out_of(one->member));
		json_object_set_new(object, "stopped",
				    json_boolean(one->stopped));
		firn_json_text(object, "held_by", one->held_by);
		if (!one->stopped)
			firn_json_text(object, "why", one->why);
		json_array_append_new(list, object);
	}
	return list;
}

static void
add_others(const struct firn_target *target, json_t *result)
{
	json_t *foreign = json_array(), *joined = json_array();

	for (size_t i = 0; i < target->members.n; i++) {
		const struct firn_member *member = &target->members.items[i];

		if (member->foreign)
			json_array_append_new(foreign,
					      describe(target, member));
		if (member->joined)
			json_array_append_new(joined, describe(target, member));
	}
	json_object_set_new(result, "foreign", foreign);
	json_object_set_new(result, "joined", joined);
}

static bool
one_runs(const struct firn_escapees *escapees)
{
	for (size_t i = 0; i < escapees->n; i++)
		if (!escapees->items[i].stopped)
			return true;
	return false;
}

bool
firn_freeze_members(struct firn_target *target, struct firn_ledger *ledger,
		    const struct firn_freezing *how, json_t *result)
{
	autodone(firn_escapees_free) struct firn_escapees escapees = { 0 };

	firn_escapees_stop(target, ledger, how, &escapees);
	if (escapees.why.code != 0)
		firn_json_text(result, "members_error", escapees.why.text);
	if (escapees.why.code != 0 && escapees.n == 0)
		return false;
	json_object_set_new(result, "escaped", escaped_json(target, &escapees));
	add_others(target, result);
	return one_runs(&escapees);
}
