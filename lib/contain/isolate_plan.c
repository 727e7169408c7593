#include "firn/isolate.h"

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut.h"
#include "contain/interfaces.h"

/* What is tried, in this order, until one holds. */
static json_t *
tried(const struct firn_method *const *methods)
{
	json_t *list = json_array();

	for (; *methods != NULL; methods++)
		json_array_append_new(list, json_string((*methods)->name));
	return list;
}

static void
add(json_t *plan, const struct firn_method *const *methods, const char *on,
    const char *inside)
{
	json_t *entry = json_object();

	json_object_set_new(entry, "methods", tried(methods));
	firn_json_text(entry, "on", on);
	firn_json_text(entry, "inside", inside);
	json_array_append_new(plan, entry);
}

static void
add_end(json_t *plan, json_t *open, const struct firn_end *end)
{
	if (end->outside.ifindex != 0)
		add(plan, firn_link_methods, end->outside.name,
		    end->inside.name);
	else
		json_array_append_new(open,
				      json_sprintf("its interface %u: it has "
						   "no end in the host's "
						   "network namespace",
						   end->inside.ifindex));
}

/* As firn_cut_interfaces() decides. */
static void
plan_interfaces(const struct firn_target *target, int rtnl_fd, json_t *plan,
		json_t *open)
{
	autodone(
		firn_interfaces_free) struct firn_interfaces interfaces = { 0 };
	struct firn_err why = { 0 };

	if (firn_interfaces_find(target, rtnl_fd, &interfaces, &why) < 0) {
		json_array_append_new(open, json_sprintf("all its interfaces: "
							 "%s",
							 why.text));
	} else if (interfaces.is_ours) {
		json_array_append_new(open,
				      json_string(
					      "its interfaces are the host's"));
	} else if (interfaces.n_outsiders > 0) {
		json_array_append_new(
			open,
			json_sprintf("all its interfaces: %zu other processes "
				     "share them, the first is pid %d",
				     interfaces.n_outsiders,
				     interfaces.outsiders[0]));
	} else {
		for (size_t i = 0; i < interfaces.n_ends; i++)
			add_end(plan, open, &interfaces.ends[i]);
	}
}

int
firn_isolate_plan(const struct firn_target *target, json_t **ret,
		  struct firn_err *err)
{
	static const struct firn_method *const of_cgroup[] = {
		&firn_method_cgroup,
		NULL,
	};
	autojson json_t *plan = json_array(), *open = json_array();
	autoclose int rtnl_fd = firn_rtnl_open(err);

	if (rtnl_fd < 0)
		return -1;
	if (target->v2.folder != NULL)
		add(plan, of_cgroup, target->v2.folder, NULL);
	else
		json_array_append_new(open, json_string("its sockets: it has "
							"no cgroup of v2"));
	plan_interfaces(target, rtnl_fd, plan, open);
	*ret = json_pack("{s:O, s:O}", "would_cut", plan, "would_stay_open",
			 open);
	return *ret == NULL ? firn_err_nomem(err) : 0;
}
