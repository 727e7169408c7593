#include "contain/cut/cut_interfaces.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "contain/cut/cut_stopgap.h"
#include "contain/cut/interfaces.h"
#include "contain/cut/sharers.h"

const struct firn_method *const firn_link_methods[] = {
	&firn_method_tcx,
	&firn_method_clsact,
	&firn_method_nft,
	&firn_method_down,
	&firn_method_own,
	&firn_method_own_clsact,
	NULL,
};

/* What the cgroup's programs don't see. */
void
firn_leave_open(struct firn_cut *cut, const char *where, const char *why)
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
leave_all_open(const struct firn_room *room, const char *why)
{
	autobuf struct firn_buf where = { 0 };

	firn_buf_addf(&where, "all %sinterfaces", room->whose);
	firn_leave_open(room->cut, where.data == NULL ? "" : where.data, why);
	return firn_cut_without(room->cut, firn_method_tcx.name, why);
}

/* The suspect may have named it: the terminal's safety is JSON's, not ours. */
struct firn_place
firn_end_place(const struct firn_cut *cut, const struct firn_end *end,
	       char covers[FIRN_COVERS], json_t *details)
{
	snprintf(covers, FIRN_COVERS,
		 "every frame, both ways, of the container's interface %u, raw "
		 "ones too%s",
		 end->inside.ifindex,
		 cut->how->n_allow > 0 ? "; address resolution for what is "
					 "allowed stays"
				       : "");
	firn_json_text(details, "inside", end->inside.name);
	return (struct firn_place){
		.on = end->outside.name,
		.covers = covers,
		.link = &end->outside,
		.netns_fd = -1,
		.details = details,
	};
}

static int
cut_end(const struct firn_room *room, const struct firn_end *end,
	bool *ret_done, struct firn_err *err)
{
	const struct firn_method *const *methods = room->methods;
	struct firn_cut *cut = room->cut;
	autojson json_t *named = json_object();
	char covers[FIRN_COVERS];
	struct firn_place place = firn_end_place(cut, end, covers, named);

	if (firn_cut_at_once(cut, methods, &place, ret_done, err) < 0)
		return -1;
	for (; !*ret_done && *methods != NULL; methods++) {
		autojson json_t *details = json_copy(named);
		int done;

		if ((*methods)->own)
			continue;
		place.details = details;
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

/* The frames that no method of ours in there meets. */
static void
name_the_rest(const struct firn_room *room, const struct firn_end *end,
	      const struct firn_place *place)
{
	char name[96];

	firn_end_name(room, end, name, sizeof(name));
	if (!room->powers->raw)
		return;
	if (!firn_cut_is_before_taps(place))
		firn_cut_open(
			room->cut,
			"%s: frames that packet sockets receive: XDP can't "
			"be had on it",
			name);
	if (end->parent.ifindex == 0)
		firn_cut_open(room->cut,
			      "%s: raw frames that are sent past the queueing "
			      "discipline (PACKET_QDISC_BYPASS, AF_XDP): there "
			      "is no end on the host to stop them at; none "
			      "while it is frozen",
			      name);
}

/* From inside; and at the card below, because a frame may go straight there,
 * and another interface may be made on it. */
static int
cut_from_inside(const struct firn_room *room, const struct firn_end *end,
		bool *ret_done, struct firn_err *err)
{
	autojson json_t *details = json_object();
	struct firn_place place = {
		.on = end->inside.name,
		.covers =
			"every frame, both ways, raw ones too, from inside of "
			"the container's network namespace",
		.link = &end->inside,
		.netns_fd = room->netns_fd,
		.netns = room->space->inode,
		.details = details,
	};
	int done = firn_cut_with(room->cut, &firn_method_inside, &place, err);

	if (done <= 0)
		return done;
	*ret_done = true;
	if (end->parent.ifindex != 0) {
		done = firn_cut_own(room, &end->parent, "both", err);
		if (done < 0)
			return -1;
		*ret_done = done == 1;
	}
	name_the_rest(room, end, &place);
	return 0;
}

void
firn_end_name(const struct firn_room *room, const struct firn_end *end,
	      char *ret, size_t size)
{
	snprintf(ret, size, "%sinterface %u (%s)", room->whose,
		 end->inside.ifindex,
		 end->inside.kind[0] == '\0' ? "a network card"
					     : end->inside.kind);
}

/* Sets whether nothing gets past the interfaces. */
static int
cut_ends(const struct firn_room *room, const struct firn_interfaces *interfaces,
	 bool *ret_whole, struct firn_err *err)
{
	bool whole = true;

	for (size_t i = 0; i < interfaces->n_ends; i++) {
		const struct firn_end *end = &interfaces->ends[i];
		bool done = false;
		char name[96];

		if ((end->outside.ifindex != 0
			     ? cut_end(room, end, &done, err)
			     : cut_from_inside(room, end, &done, err)) < 0)
			return -1;
		if (done)
			continue;
		whole = false;
		firn_end_name(room, end, name, sizeof(name));
		firn_leave_open(room->cut, name, "no method could be used");
	}
	*ret_whole = whole;
	return 0;
}

static int
look(const struct firn_room *room, struct firn_interfaces *interfaces,
     struct firn_sharers *sharers, struct firn_err *why)
{
	const struct firn_cut *cut = room->cut;

	if (firn_interfaces_find(room->netns_fd, cut->rtnl_fd, interfaces,
				 why) < 0)
		return -1;
	return firn_sharers_find(cut->target, room->space->inode, sharers, why);
}

static int
cut_room(const struct firn_room *room, bool *ret_whole, struct firn_err *err)
{
	autodone(
		firn_interfaces_free) struct firn_interfaces interfaces = { 0 };
	autodone(firn_sharers_free) struct firn_sharers sharers = { 0 };
	struct firn_cut *cut = room->cut;
	struct firn_err why = { 0 };

	if (look(room, &interfaces, &sharers, &why) < 0)
		return leave_all_open(room, why.text);
	cut->knows_ours = cut->knows_ours || interfaces.knows_ours;
	firn_sharers_json(cut->target, &sharers, cut->shared_with);
	if (sharers.n > 0 && !cut->how->whole_pod)
		return firn_cut_shared(room, &interfaces, err);
	return cut_ends(room, &interfaces, ret_whole, err);
}

static int
cut_space(struct firn_room *room, bool *ret_whole, struct firn_err *err)
{
	struct firn_cut *cut = room->cut;
	autoclose int netns_fd = -1;
	struct firn_err why = { 0 };
	uint64_t own;

	if (firn_own_netns(&own, &why) < 0)
		return leave_all_open(room, why.text);
	if (room->space->inode == own)
		return firn_cut_hosts(room, err);
	if (firn_space_is_hosts(cut->target, room->space))
		return leave_all_open(room, "it uses the host's network "
					    "namespace, and firn is in "
					    "another one");
	netns_fd = firn_space_open(cut->target, room->space, &why);
	if (netns_fd < 0)
		return leave_all_open(room, why.text);
	room->netns_fd = netns_fd;
	return cut_room(room, ret_whole, err);
}

static bool
is_in_whole(const struct firn_cut *cut, const struct firn_spaces *spaces,
	    const bool *whole, pid_t pid)
{
	uint64_t netns = firn_netns_of(cut->target->host, pid, pid);

	for (size_t i = 0; i < spaces->n; i++)
		if (spaces->items[i].inode == netns)
			return whole[i];
	return false;
}

/* Members that neither the cgroup's nor the interfaces' programs meet. */
static void
name_the_uncut(struct firn_cut *cut, const struct firn_spaces *spaces,
	       const bool *whole)
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
		if (is_in_whole(cut, spaces, whole, one->pid))
			continue;
		if (n++ == 0)
			first = one->pid;
	}
	if (n > 0)
		firn_cut_open(cut,
			      "%zu of its processes are outside of what was "
			      "cut, the first is pid %d",
			      n, first);
	if (spaces->n_more > 0)
		firn_cut_open(cut,
			      "%zu of its threads and descriptors are in still "
			      "more network namespaces than the %d that were "
			      "looked at",
			      spaces->n_more, FIRN_SPACES);
	if (spaces->n_unseen > 0)
		firn_cut_open(cut,
			      "%zu of its descriptors were too many to be "
			      "looked at: they may be sockets in other network "
			      "namespaces",
			      spaces->n_unseen);
}

/* Whoever may change the host's network makes a new way out of it. */
static void
name_new_ways(struct firn_cut *cut, const struct firn_powers *powers)
{
	if (cut->knows_ours && powers->raw && powers->admin && powers->on_host)
		firn_cut_open(cut,
			      "raw frames on interfaces that it makes from now "
			      "on: it has CAP_NET_ADMIN in the host's user "
			      "namespace, which reaches the host's interfaces "
			      "from inside; none while it is frozen");
}

int
firn_cut_interfaces(struct firn_cut *cut,
		    const struct firn_method *const *methods,
		    struct firn_err *err)
{
	const struct firn_powers powers = firn_powers(cut->target);
	bool whole[FIRN_SPACES] = { 0 };
	struct firn_spaces spaces;

	firn_spaces_find(cut->target, &spaces);
	for (size_t i = 0; i < spaces.n; i++) {
		char whose[64] = "its ";
		struct firn_room room = {
			.cut = cut,
			.methods = methods,
			.powers = &powers,
			.space = &spaces.items[i],
			.whose = whose,
			.netns_fd = -1,
		};

		if (i > 0)
			snprintf(whose, sizeof(whose), "its process %d's ",
				 spaces.items[i].pid);
		if (cut_space(&room, &whole[i], err) < 0)
			return -1;
	}
	name_the_uncut(cut, &spaces, whole);
	name_new_ways(cut, &powers);
	return 0;
}
