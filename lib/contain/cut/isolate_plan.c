#include "firn/isolate.h"

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_unix.h"
#include "contain/cut/interfaces.h"
#include "contain/cut/sharers.h"
#include "contain/cut/spaces.h"

static const struct firn_method *const of_cgroup[] = { &firn_method_cgroup,
						       NULL };
static const struct firn_method *const of_unix[] = { &firn_method_unix, NULL };
static const struct firn_method *const from_inside[] = { &firn_method_inside,
							 NULL };

struct plan {
	const struct firn_target *target;
	const struct firn_isolation *how;
	int rtnl_fd;
	json_t *cuts, *open;
};

/* What is tried, in this order, until one holds. */
static void
add(const struct plan *plan, const struct firn_method *const *methods, bool own,
    const char *on, const char *inside)
{
	json_t *entry = json_object(), *tried = json_array();

	if (methods == firn_link_methods && !own)
		firn_json_text(entry, "at_once", firn_method_clsact.name);
	for (; *methods != NULL; methods++)
		if ((*methods)->own == own)
			json_array_append_new(tried,
					      json_string((*methods)->name));
	json_object_set_new(entry, "methods", tried);
	firn_json_text(entry, "on", on);
	firn_json_text(entry, "inside", inside);
	json_array_append_new(plan->cuts, entry);
}

static void
leave_open(const struct plan *plan, pid_t pid, const char *why)
{
	json_array_append_new(plan->open,
			      json_sprintf("the interfaces of its process %d: "
					   "%s",
					   pid, why));
}

static void
plan_ends(const struct plan *plan, const struct firn_interfaces *interfaces,
	  bool shared)
{
	for (size_t i = 0; i < interfaces->n_ends; i++) {
		const struct firn_end *end = &interfaces->ends[i];
		bool has_outside = end->outside.ifindex != 0;
		const char *on =
			has_outside ? end->outside.name : end->inside.name;

		if (shared)
			add(plan, firn_link_methods, true, on,
			    end->inside.name);
		else
			add(plan, has_outside ? firn_link_methods : from_inside,
			    false, on, end->inside.name);
	}
}

/* As cut_space() of cut_interfaces.c decides. */
static void
plan_space(const struct plan *plan, const struct firn_space *space)
{
	autodone(
		firn_interfaces_free) struct firn_interfaces interfaces = { 0 };
	autodone(firn_sharers_free) struct firn_sharers sharers = { 0 };
	autoclose int netns_fd = -1;
	struct firn_err why = { 0 };
	uint64_t own;

	if (firn_own_netns(&own, &why) < 0) {
		leave_open(plan, space->pid, why.text);
	} else if (space->inode == own) {
		add(plan, firn_link_methods, true, "the host's interfaces",
		    NULL);
	} else if (firn_space_is_hosts(plan->target, space)) {
		leave_open(plan, space->pid,
			   "they are the host's, and firn is "
			   "in another network namespace");
	} else if ((netns_fd = firn_space_open(plan->target, space, &why)) <
			   0 ||
		   firn_interfaces_find(netns_fd, plan->rtnl_fd, &interfaces,
					&why) < 0 ||
		   firn_sharers_find(plan->target, space->inode, &sharers,
				     &why) < 0) {
		leave_open(plan, space->pid, why.text);
	} else {
		plan_ends(plan, &interfaces,
			  sharers.n > 0 && !plan->how->whole_pod);
	}
}

int
firn_isolate_plan(const struct firn_target *target,
		  const struct firn_isolation *how, json_t **ret,
		  struct firn_err *err)
{
	autojson json_t *cuts = json_array(), *open = json_array();
	autoclose int rtnl_fd = firn_rtnl_open(err);
	const struct plan plan = {
		.target = target,
		.how = how,
		.rtnl_fd = rtnl_fd,
		.cuts = cuts,
		.open = open,
	};
	struct firn_spaces spaces;

	if (rtnl_fd < 0)
		return -1;
	if (target->v2.folder != NULL)
		add(&plan, of_cgroup, false, target->v2.folder, NULL);
	else
		json_array_append_new(open, json_string("its sockets: it has "
							"no cgroup of v2"));
	if (how->cut_unix && target->v2.folder != NULL)
		add(&plan, of_unix, false, target->v2.folder, NULL);
	firn_spaces_find(target, &spaces);
	for (size_t i = 0; i < spaces.n; i++)
		plan_space(&plan, &spaces.items[i]);
	*ret = json_pack("{s:O, s:O}", "would_cut", cuts, "would_stay_open",
			 open);
	return *ret == NULL ? firn_err_nomem(err) : 0;
}
