#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "contain/cut.h"
#include "contain/interfaces.h"

const struct firn_method *const firn_link_methods[] = {
	&firn_method_tcx,
	&firn_method_clsact,
	&firn_method_nft,
	&firn_method_down,
	NULL,
};

/* What the cgroup's programs don't see. */
static void
leave_open(struct firn_cut *cut, const char *where, const char *why)
{
	if (cut->cgroup_holds)
		firn_cut_open(cut,
			      "%s: raw frames (AF_PACKET), what the container "
			      "forwards, and the kernel's own answers (ping, "
			      "resets): %s",
			      where, why);
	else
		firn_cut_open(cut, "%s: everything: %s", where, why);
}

static int
leave_all_open(struct firn_cut *cut, const char *why)
{
	leave_open(cut, "all its interfaces", why);
	return firn_cut_without(cut, firn_method_tcx.name, why);
}

/* The suspect may have named it: the terminal's safety is JSON's, not ours. */
static int
cut_end(struct firn_cut *cut, const struct firn_end *end,
	const struct firn_method *const *methods, bool *ret_done,
	struct firn_err *err)
{
	char covers[160];
	struct firn_place place = {
		.on = end->outside.name,
		.covers = covers,
		.cgroup_fd = -1,
		.link = &end->outside,
	};

	snprintf(covers, sizeof(covers),
		 "every frame, both ways, of the container's interface %u, raw "
		 "ones too%s",
		 end->inside.ifindex,
		 cut->how->n_allow > 0 ? "; address resolution for what is "
					 "allowed stays"
				       : "");
	for (; *methods != NULL; methods++) {
		autojson json_t *details = json_object();
		int done;

		place.details = details;
		firn_json_text(details, "inside", end->inside.name);
		done = firn_cut_with(cut, *methods, &place, err);
		if (done < 0)
			return -1;
		if (done == 0)
			continue;
		*ret_done = true;
		if (*methods == &firn_method_down && cut->how->n_allow > 0)
			firn_cut_without(cut, "allow",
					 "an interface that is down lets "
					 "nothing pass, also not what is "
					 "allowed");
		return 0;
	}
	return 0;
}

static void
name_end(const struct firn_end *end, char *ret, size_t size)
{
	snprintf(ret, size, "its interface %u (%s)", end->inside.ifindex,
		 end->inside.kind[0] == '\0' ? "a network card"
					     : end->inside.kind);
}

/* Returns whether nothing gets past the interfaces; -1 on failure. */
static int
cut_ends(struct firn_cut *cut, const struct firn_interfaces *interfaces,
	 const struct firn_method *const *methods, struct firn_err *err)
{
	int all = 1;

	for (size_t i = 0; i < interfaces->n_ends; i++) {
		const struct firn_end *end = &interfaces->ends[i];
		bool done = false;
		char name[64];

		name_end(end, name, sizeof(name));
		if (end->outside.ifindex == 0) {
			leave_open(cut, name,
				   "it has no end in the host's network "
				   "namespace");
			all = 0;
			continue;
		}
		if (cut_end(cut, end, methods, &done, err) < 0)
			return -1;
		if (!done) {
			leave_open(cut, name,
				   "no method could be used on its "
				   "end on the host");
			all = 0;
		}
	}
	return all;
}

static int
refuse_shared(struct firn_cut *cut, const struct firn_interfaces *interfaces)
{
	autobuf struct firn_buf why = { 0 };
	size_t shown = sizeof(interfaces->outsiders) /
		       sizeof(interfaces->outsiders[0]);

	firn_buf_addf(&why,
		      "its network namespace is shared with %zu other "
		      "processes, which would be cut with it: pid",
		      interfaces->n_outsiders);
	for (size_t i = 0; i < interfaces->n_outsiders && i < shown; i++)
		firn_buf_addf(&why, " %d", interfaces->outsiders[i]);
	if (interfaces->n_outsiders > shown)
		firn_buf_addf(&why, " ...");
	return leave_all_open(cut, why.data == NULL ? "shared" : why.data);
}

/* Members that neither the cgroup's nor the interfaces' programs meet. */
static void
name_the_uncut(struct firn_cut *cut, bool interfaces_hold)
{
	const struct firn_members *members = &cut->target->members;
	pid_t first = 0;
	size_t n = 0;

	for (size_t i = 0; i < members->n; i++) {
		const struct firn_member *one = &members->items[i];

		if (one->joined || one->foreign)
			continue;
		if (cut->cgroup_holds &&
		    (one->membership & FIRN_IN_CGROUP) != 0 &&
		    (one->out_of & FIRN_OUT_OF_V2) == 0)
			continue;
		if (interfaces_hold && (one->membership & FIRN_IN_NETNS))
			continue;
		if (n++ == 0)
			first = one->pid;
	}
	if (n > 0)
		firn_cut_open(cut,
			      "%zu of its processes are outside of what was "
			      "cut, the first is pid %d",
			      n, first);
}

int
firn_cut_interfaces(struct firn_cut *cut,
		    const struct firn_method *const *methods,
		    struct firn_err *err)
{
	autodone(
		firn_interfaces_free) struct firn_interfaces interfaces = { 0 };
	struct firn_err why = { 0 };
	int all = 0;

	if (firn_interfaces_find(cut->target, cut->rtnl_fd, &interfaces, &why) <
	    0)
		leave_all_open(cut, why.text);
	else if (interfaces.is_ours)
		leave_all_open(cut, "it uses the host's network namespace, "
				    "whose interfaces are the host's");
	else if (interfaces.n_outsiders > 0)
		refuse_shared(cut, &interfaces);
	else
		all = cut_ends(cut, &interfaces, methods, err);
	if (all < 0)
		return -1;
	name_the_uncut(cut, all == 1);
	return 0;
}
