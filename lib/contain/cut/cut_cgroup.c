#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/cut.h"
#include "host/cgroup.h"

/* The pins, in the order in which they go. */
enum {
	OUT,
	IN,
	COUNTERS
};

/* Only the container's own go without a number: a pod has several. */
static int
add_pins(struct firn_cut *cut, struct firn_place *place, struct firn_err *err)
{
	unsigned long long inode = place->cgroup->inode;
	char out[64], in[64], counters[64];

	if (inode == cut->target->v2.inode)
		return firn_cut_add_pins(cut, place, err, "cgroup-out",
					 "cgroup-in", "cgroup-counters", NULL);
	snprintf(out, sizeof(out), "cgroup-%llu-out", inode);
	snprintf(in, sizeof(in), "cgroup-%llu-in", inode);
	snprintf(counters, sizeof(counters), "cgroup-%llu-counters", inode);
	return firn_cut_add_pins(cut, place, err, out, in, counters, NULL);
}

static int
plan(struct firn_cut *cut, struct firn_place *place, struct firn_err *err)
{
	if (add_pins(cut, place, err) < 0)
		return -1;
	firn_json_text(place->details, "cgroup", place->cgroup->folder);
	firn_json_uint(place->details, "inode", place->cgroup->inode);
	firn_json_text(place->details, "counters",
		       firn_cut_pin(place, COUNTERS));
	json_object_set(place->details, "allow", cut->allow);
	json_object_set_new(place->details, "loopback",
			    json_boolean(cut->how->cut_loopback));
	return 0;
}

/* Out first: what leaves does the harm. */
static int
make(struct firn_cut *cut, const struct firn_place *place, struct firn_err *err)
{
	autoclose int map_fd = -1, out_fd = -1, in_fd = -1;
	uint32_t target = (uint32_t)place->cgroup->dir_fd;
	uint64_t id = place->cgroup->inode;

	map_fd = firn_cut_counters(firn_cut_pin(place, COUNTERS), err);
	if (map_fd < 0)
		return -1;
	out_fd = firn_cut_load(cut, FIRN_HOOK_CGROUP_OUT, map_fd, err);
	if (out_fd < 0)
		return -1;
	if (firn_cut_attach(firn_cut_pin(place, OUT), out_fd, target, id,
			    BPF_CGROUP_INET_EGRESS, err) < 0)
		return -1;
	in_fd = firn_cut_load(cut, FIRN_HOOK_CGROUP_IN, map_fd, err);
	if (in_fd < 0)
		return -1;
	return firn_cut_attach(firn_cut_pin(place, IN), in_fd, target, id,
			       BPF_CGROUP_INET_INGRESS, err);
}

static uint64_t
inode_of(const json_t *details)
{
	return (uint64_t)json_integer_value(json_object_get(details, "inode"));
}

static int
holds(const json_t *details, struct firn_err *err)
{
	const struct firn_place place = {
		.details = (json_t *)(uintptr_t)details
	};
	uint32_t program;

	if (firn_cut_pinned(firn_cut_pin(&place, OUT), inode_of(details),
			    BPF_CGROUP_INET_EGRESS, &program, err) < 0)
		return -1;
	return firn_cut_pinned(firn_cut_pin(&place, IN), inode_of(details),
			       BPF_CGROUP_INET_INGRESS, &program, err);
}

static int
verify(struct firn_cut *cut, const struct firn_place *place,
       struct firn_err *err)
{
	uint32_t target = (uint32_t)place->cgroup->dir_fd, program;
	uint64_t id = place->cgroup->inode;

	if (firn_cut_pinned(firn_cut_pin(place, OUT), id,
			    BPF_CGROUP_INET_EGRESS, &program, err) < 0 ||
	    firn_cut_is_attached(program, target, BPF_CGROUP_INET_EGRESS, false,
				 err) < 0 ||
	    firn_cut_pinned(firn_cut_pin(place, IN), id,
			    BPF_CGROUP_INET_INGRESS, &program, err) < 0 ||
	    firn_cut_is_attached(program, target, BPF_CGROUP_INET_INGRESS,
				 false, err) < 0)
		return -1;
	if (cut->ifindex == 0)
		return firn_err_set(err, ENODEV,
				    "there is no interface but loopback here, "
				    "so the programs could not be tried");
	return 0;
}

const struct firn_method firn_method_cgroup = {
	.name = "cgroup-bpf",
	.plan = plan,
	.make = make,
	.holds = holds,
	.verify = verify,
};

/* Would it cut anybody but the container?  The root of the hierarchy, and a
 * cgroup that holds us or the host's init, are no container's. */
static int
is_the_containers(const struct firn_cgroup *cgroup, struct firn_err *err)
{
	autofree pid_t *pids = NULL;
	struct statfs fs;
	struct stat st;
	size_t n;

	if (cgroup->path == NULL || cgroup->dir_fd < 0)
		return firn_err_set(err, ENOENT,
				    "it has no cgroup in the v2 "
				    "hierarchy");
	if (strcmp(cgroup->path, "/") == 0)
		return firn_err_set(err, EPERM,
				    "it has no cgroup of its own in the v2 "
				    "hierarchy: it is in the root, with the "
				    "host");
	if (fstatfs(cgroup->dir_fd, &fs) < 0 || fstat(cgroup->dir_fd, &st) < 0)
		return firn_err_sys(err, "look at cgroup %s", cgroup->path);
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return firn_err_set(err, EPERM, "%s is not on cgroup v2",
				    cgroup->path);
	if (st.st_ino != cgroup->inode)
		return firn_err_set(err, ESTALE,
				    "cgroup %s is another one by "
				    "now",
				    cgroup->path);
	/* Only the root has none: Documentation/admin-guide/cgroup-v2.rst. */
	if (faccessat(cgroup->dir_fd, "cgroup.type", F_OK, 0) < 0)
		return firn_err_set(err, EPERM,
				    "%s is the root of the v2 "
				    "hierarchy, or gone",
				    cgroup->path);
	if (firn_cgroup_procs(cgroup->dir_fd, &pids, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (pids[i] == 1 || pids[i] == getpid())
			return firn_err_set(err, EPERM,
					    "process %d is in cgroup %s too",
					    pids[i], cgroup->path);
	return 0;
}

int
firn_cut_one_cgroup(struct firn_cut *cut, const struct firn_cgroup *cgroup,
		    struct firn_err *err)
{
	autojson json_t *details = json_object();
	struct firn_place place = {
		.on = cgroup->path,
		.covers = cut->how->cut_loopback
				  ? "all packets, both ways, of sockets made "
				    "in its cgroup, established connections "
				    "and loopback included"
				  : "all packets, both ways, of sockets made "
				    "in its cgroup, established connections "
				    "included; loopback stays",
		.cgroup = cgroup,
		.netns_fd = -1,
		.details = details,
	};
	struct firn_err why = { 0 };

	if (is_the_containers(cgroup, &why) < 0)
		return firn_cut_without(cut, firn_method_cgroup.name, why.text);
	return firn_cut_with(cut, &firn_method_cgroup, &place, err);
}

int
firn_cut_cgroup(struct firn_cut *cut, struct firn_err *err)
{
	int done = firn_cut_one_cgroup(cut, &cut->target->v2, err);

	if (done < 0)
		return -1;
	cut->cgroup_holds = done == 1;
	return 0;
}
