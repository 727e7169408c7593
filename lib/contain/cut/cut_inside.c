/*
 * In the container's own network namespace, on an interface that has no end in
 * ours.
 *
 * What comes in is stopped by XDP, because packet sockets see a frame before
 * tcx does; its generic form, which every interface has.  Links are made by a
 * child in that namespace and kept by pins of ours: nothing in there removes
 * them.
 *
 * Source: linux/bpf.h (BPF_LINK_CREATE); Linux
 * Documentation/networking/filter.rst; kernel net/core/dev.c.
 */

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_link.h"
#include "host/netns.h"

/* The pins, in the order in which they go. */
enum {
	OUT,
	IN,
	COUNTERS
};

/* What the child is to attach; -1 for what there is already, or none. */
struct attachment {
	uint32_t ifindex;
	int out_fd, xdp_fd, in_fd;
	bool may_xdp;
};

static int
plan(struct firn_cut *cut, struct firn_place *place, struct firn_err *err)
{
	unsigned long long netns = place->netns;
	uint32_t ifindex = place->link->ifindex;
	char out[64], in[64], counters[64];

	if (firn_place_describe(place, err) < 0)
		return -1;
	snprintf(out, sizeof(out), "in-%llu-%u-out", netns, ifindex);
	snprintf(in, sizeof(in), "in-%llu-%u-in", netns, ifindex);
	snprintf(counters, sizeof(counters), "in-%llu-%u-counters", netns,
		 ifindex);
	if (firn_cut_add_pins(cut, place, err, out, in, counters, NULL) < 0)
		return -1;
	if (place->cgroup != NULL)
		firn_json_uint(place->details, "inode", place->cgroup->inode);
	firn_json_text(place->details, "counters",
		       firn_cut_pin(place, COUNTERS));
	json_object_set(place->details, "allow", cut->allow);
	return firn_cut_log(cut, place, err);
}

/* 0, or an errno(3) value. */
static int
create(int prog_fd, uint32_t ifindex, uint32_t where, uint32_t flags, int *ret)
{
	struct firn_err why = { 0 };

	*ret = firn_bpf_link(prog_fd, ifindex, where, flags, &why);
	return *ret < 0 ? why.code : 0;
}

/* XDP switches a card's merging of packets off, for good: one that does it is
 * left alone. */
static bool
merges_packets(uint32_t ifindex)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq request = { .ifr_ifindex = (int)ifindex };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool merges = true;

	if (fd < 0 || ioctl(fd, SIOCGIFNAME, &request) < 0) {
		merges = false;
	} else {
		request.ifr_data = (char *)&flags;
		if (ioctl(fd, SIOCETHTOOL, &request) < 0)
			merges = errno != EOPNOTSUPP;
		else
			merges = (flags.data & ETH_FLAG_LRO) != 0;
	}
	if (fd >= 0)
		close(fd);
	return merges;
}

/* In the child. */
static int
attach(void *arg, int *fds)
{
	const struct attachment *what = arg;
	int failed = 0;

	if (what->out_fd >= 0)
		failed =
			create(what->out_fd, what->ifindex, FIRN_BPF_TCX_EGRESS,
			       FIRN_BPF_F_BEFORE, &fds[OUT]);
	if (failed != 0 || what->in_fd < 0)
		return failed;
	if (what->xdp_fd >= 0 && what->may_xdp &&
	    !merges_packets(what->ifindex) &&
	    create(what->xdp_fd, what->ifindex, BPF_XDP, XDP_FLAGS_SKB_MODE,
		   &fds[IN]) == 0)
		return 0;
	return create(what->in_fd, what->ifindex, FIRN_BPF_TCX_INGRESS,
		      FIRN_BPF_F_BEFORE, &fds[IN]);
}

/* A link that is there already takes the new program; then the child has
 * nothing to do. */
static int
replace(const char *path, int *prog_fd, uint32_t ifindex, uint32_t where,
	struct firn_err *err)
{
	struct firn_bpf_link link;
	struct firn_err none;
	autoclose int fd = firn_bpf_open_pin(path, &none);

	if (fd < 0 || *prog_fd < 0 ||
	    firn_bpf_link_look(fd, &link, &none) < 0 || link.attach != where ||
	    link.ifindex != ifindex)
		return 0;
	if (firn_bpf_update(fd, *prog_fd, err) < 0)
		return -1;
	close(*prog_fd);
	*prog_fd = -1;
	return 1;
}

static int
pin(const char *path, int fd, struct firn_err *err)
{
	if (fd < 0)
		return 0;
	if (unlink(path) < 0 && errno != ENOENT)
		return firn_err_sys(err, "remove pin %s", path);
	return firn_bpf_pin(fd, path, err);
}

static int
attach_there(const struct firn_place *place, struct attachment *what,
	     struct firn_err *err)
{
	autoclose int out_fd = -1, in_fd = -1;
	int fds[2], done;

	if (firn_netns_run(place->netns_fd, attach, what, 2, fds, err) < 0)
		return firn_err_in(err, "attach BPF programs");
	out_fd = fds[OUT];
	in_fd = fds[IN];
	done = pin(firn_cut_pin(place, OUT), out_fd, err);
	return done < 0 ? -1 : pin(firn_cut_pin(place, IN), in_fd, err);
}

static int
load_in(struct firn_cut *cut, const struct firn_place *place, int map_fd,
	struct attachment *what, struct firn_err *err)
{
	struct firn_err why;

	/* Before Linux 5.18 there is no reading of packets by offset. */
	what->xdp_fd =
		firn_cut_load_at(cut, place, FIRN_HOOK_XDP_IN, map_fd, &why);
	what->in_fd =
		firn_cut_load_at(cut, place, FIRN_HOOK_LINK_IN, map_fd, err);
	return what->in_fd < 0 ? -1 : 0;
}

static int
replace_all(const struct firn_place *place, struct attachment *what,
	    struct firn_err *err)
{
	const char *out = firn_cut_pin(place, OUT),
		   *in = firn_cut_pin(place, IN);
	uint32_t ifindex = what->ifindex;
	int replaced;

	if (replace(out, &what->out_fd, ifindex, FIRN_BPF_TCX_EGRESS, err) < 0)
		return -1;
	replaced = replace(in, &what->xdp_fd, ifindex, BPF_XDP, err);
	if (replaced == 0)
		replaced = replace(in, &what->in_fd, ifindex,
				   FIRN_BPF_TCX_INGRESS, err);
	if (replaced <= 0)
		return replaced;
	if (what->in_fd >= 0)
		close(what->in_fd);
	what->in_fd = -1;
	return 0;
}

static void
close_programs(struct attachment *what)
{
	firn_auto_close(&what->out_fd);
	firn_auto_close(&what->xdp_fd);
	firn_auto_close(&what->in_fd);
}

static int
make(struct firn_cut *cut, const struct firn_place *place, struct firn_err *err)
{
	autodone(close_programs) struct attachment what = {
		.ifindex = place->link->ifindex,
		.out_fd = -1,
		.xdp_fd = -1,
		.in_fd = -1,
		/* Of a card more than that would be changed. */
		.may_xdp = place->link->kind[0] != '\0',
	};
	bool own = place->cgroup != NULL;
	autoclose int map_fd =
		firn_cut_counters(firn_cut_pin(place, COUNTERS), err);

	if (map_fd < 0)
		return -1;
	what.out_fd =
		firn_cut_load_at(cut, place,
				 own ? FIRN_HOOK_OWN_OUT : FIRN_HOOK_LINK_OUT,
				 map_fd, err);
	if (what.out_fd < 0 ||
	    (!own && load_in(cut, place, map_fd, &what, err) < 0) ||
	    replace_all(place, &what, err) < 0)
		return -1;
	return attach_there(place, &what, err);
}

/* Is the link there still?  From outside of the namespace no more is seen. */
static int
is_pinned(const char *path, uint32_t ifindex, struct firn_bpf_link *ret,
	  struct firn_err *err)
{
	autoclose int fd = firn_bpf_open_pin(path, err);

	if (fd < 0 || firn_bpf_link_look(fd, ret, err) < 0)
		return -1;
	if (ret->ifindex != ifindex)
		return firn_err_set(err, ENOENT,
				    "%s is attached nowhere any more", path);
	return 0;
}

static int
holds(const json_t *details, struct firn_err *err)
{
	const struct firn_place place = {
		.details = (json_t *)(uintptr_t)details
	};
	uint32_t ifindex = firn_place_ifindex(details);
	struct firn_bpf_link link;

	if (is_pinned(firn_cut_pin(&place, OUT), ifindex, &link, err) < 0)
		return -1;
	if (json_object_get(details, "inode") != NULL)
		return 0;
	return is_pinned(firn_cut_pin(&place, IN), ifindex, &link, err);
}

/* In the child. */
struct question {
	uint32_t ifindex;
	struct firn_bpf_link links[2];
	size_t n;
};

static int
are_first(void *arg, int *fds)
{
	const struct question *question = arg;
	struct firn_err why = { 0 };

	(void)fds;
	/* XDP has one program only. */
	for (size_t i = 0; i < question->n; i++)
		if (question->links[i].attach != BPF_XDP &&
		    firn_cut_is_attached(question->links[i].program,
					 question->ifindex,
					 question->links[i].attach, true,
					 &why) < 0)
			return why.code;
	return 0;
}

static int
verify(struct firn_cut *cut, const struct firn_place *place,
       struct firn_err *err)
{
	struct question question = { .ifindex = place->link->ifindex,
				     .n = place->cgroup != NULL ? 1 : 2 };

	(void)cut;
	for (size_t i = 0; i < question.n; i++)
		if (is_pinned(firn_cut_pin(place, i), question.ifindex,
			      &question.links[i], err) < 0)
			return -1;
	if (firn_netns_run(place->netns_fd, are_first, &question, 0, NULL,
			   err) < 0)
		return firn_err_in(err, "look for the BPF programs");
	return 0;
}

bool
firn_cut_is_before_taps(const struct firn_place *place)
{
	struct firn_bpf_link link;
	struct firn_err why;

	return is_pinned(firn_cut_pin(place, IN), place->link->ifindex, &link,
			 &why) == 0 &&
	       link.attach == BPF_XDP;
}

const struct firn_method firn_method_inside = {
	.name = "tcx-inside",
	.plan = plan,
	.make = make,
	.holds = holds,
	.verify = verify,
};
