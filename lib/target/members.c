#include "target/members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "host/cgroup.h"
#include "host/proc.h"
#include "target/kernel.h"
#include "target/namespaces.h"
#include "target/origin.h"

/* What one process is, beyond what the caller gets. */
struct seen {
	struct firn_member member;
	char other[72]; /* the other container whose cgroup it is in, or "" */
	bool same_pidns, on_files;
	bool own_pidns; /* neither ours, nor below ours, nor the host's */
	bool strayed;   /* a thread of it is outside the cgroup, in one
			 * hierarchy or in all */
	bool blind;     /* it is exiting: its namespaces are gone */
};

struct scan {
	const struct firn_target *target;
	const struct firn_host *host;
	/* 0 for one that isn't the container's own, but the host's. */
	uint64_t pidns, mntns, netns;
	uint64_t host_pidns;
	dev_t overlay; /* 0 where its files lie among others' */
	struct kernel_place root;
	struct firn_cgroup_paths paths; /* of the thread looked at */
	struct origin_mounts mounts;

	/* The other container that was last asked about, and the answer. */
	char asked[72];
	bool is_container;

	struct seen *seen;
	size_t n, size;
};

static uint64_t
own(const struct firn_namespaces *target, const struct firn_namespaces *host,
    enum firn_namespace which)
{
	return target->inode[which] != host->inode[which] ? target->inode[which]
							  : 0;
}

static int
start(struct scan *scan, struct firn_err *err)
{
	const struct firn_target *target = scan->target;
	struct firn_namespaces host = { 0 };
	struct kernel_place host_root;

	if (namespaces_of_host(scan->host, &host, err) < 0)
		return -1;
	scan->pidns = own(&target->namespaces, &host, FIRN_NS_PID);
	scan->mntns = own(&target->namespaces, &host, FIRN_NS_MNT);
	scan->netns = own(&target->namespaces, &host, FIRN_NS_NET);
	scan->host_pidns = host.inode[FIRN_NS_PID];
	if (!kernel_is_live(scan->host))
		return 0;
	host_root = kernel_place(scan->host->root_fd);
	scan->root = kernel_place_of(scan->host, target->init_pid, "root");
	/* A folder among the host's (Docker's vfs) is known by its inode; an
	 * overlay is the container's alone. */
	if (scan->root.device == host_root.device &&
	    scan->root.inode == host_root.inode)
		scan->root = (struct kernel_place){ 0 };
	else if (strcmp(target->rootfs.fstype, "overlay") == 0 &&
		 target->rootfs.device != host_root.device)
		scan->overlay = target->rootfs.device;
	return 0;
}

/* Of the hierarchies that have a freezer. */
static unsigned
out_of(const struct scan *scan)
{
	const struct firn_target *target = scan->target;
	unsigned out = 0;

	if (target->v2.path != NULL &&
	    !firn_cgroup_below(scan->paths.v2, target->v2.path))
		out |= FIRN_OUT_OF_V2;
	if (target->freezer.path != NULL &&
	    !firn_cgroup_below(scan->paths.freezer, target->freezer.path))
		out |= FIRN_OUT_OF_V1;
	return out;
}

/* All of them. */
static unsigned
hierarchies(const struct scan *scan)
{
	return (scan->target->v2.path != NULL ? FIRN_OUT_OF_V2 : 0u) |
	       (scan->target->freezer.path != NULL ? FIRN_OUT_OF_V1 : 0u);
}

static bool
in_cgroup(const struct scan *scan, unsigned out)
{
	struct firn_cgroup_name name;

	if (hierarchies(scan) != 0)
		return out != hierarchies(scan);
	/* Without a freezer, any hierarchy that names it. */
	return firn_cgroup_name(scan->paths.any, &name) != 0 &&
	       strcmp(name.id, scan->target->id) == 0;
}

static void
set_other(const struct scan *scan, struct seen *seen)
{
	const char *const paths[] = { scan->paths.v2, scan->paths.freezer,
				      scan->paths.any };
	struct firn_cgroup_name name;

	for (size_t i = 0; i < 3 && seen->other[0] == '\0'; i++)
		if (firn_cgroup_name(paths[i], &name) != 0 &&
		    strcmp(name.id, scan->target->id) != 0)
			memcpy(seen->other, name.id, sizeof(name.id));
}

static void
look_at_cgroup(struct scan *scan, pid_t tid, struct seen *seen)
{
	struct firn_member *member = &seen->member;
	struct firn_err why = { 0 };
	unsigned out = hierarchies(scan);
	bool in = false;

	if (firn_cgroup_of(scan->host, tid, &scan->paths, &why) == 0) {
		out = out_of(scan);
		in = in_cgroup(scan, out);
		if (out != 0 || !in)
			set_other(scan, seen);
	} else if (why.code == ENOENT || why.code == ESRCH) {
		return;
	}
	/* One whose path can't be shown, because it is too long, is as good
	 * as outside. */
	member->out_of |= out;
	seen->strayed |= out != 0 || !in;
	if (in)
		member->membership |= FIRN_IN_CGROUP;
}

static void
look_at_thread(struct scan *scan, pid_t tid, struct seen *seen)
{
	struct firn_member *member = &seen->member;
	uint64_t mntns, netns;

	look_at_cgroup(scan, tid, seen);
	mntns = namespace_of(scan->host, tid, FIRN_NS_MNT);
	netns = namespace_of(scan->host, tid, FIRN_NS_NET);
	if (mntns != 0)
		seen->blind = false;
	if (mntns != 0 && mntns == scan->mntns)
		member->membership |= FIRN_IN_MNTNS;
	if (netns != 0 && netns == scan->netns)
		member->membership |= FIRN_IN_NETNS;
}

static void
look_at_pidns(const struct scan *scan, struct seen *seen)
{
	const pid_t pid = seen->member.pid;
	uint64_t pidns = namespace_of(scan->host, pid, FIRN_NS_PID);

	if (pidns == 0 || pidns == scan->host_pidns)
		return;
	seen->same_pidns = pidns == scan->pidns;
	if (seen->same_pidns || pidns_is_nested(scan->host, pid, scan->pidns))
		seen->member.membership |= FIRN_IN_PIDNS;
	else
		seen->own_pidns = true;
}

static bool
is_on(const struct scan *scan, struct kernel_place place)
{
	return place.device != 0 && place.device == scan->overlay;
}

/* Its executable is the container's, or its root is and that doesn't come with
 * the mount namespace, as it does for a tool that entered it. */
static void
look_at_files(const struct scan *scan, struct seen *seen)
{
	struct firn_member *member = &seen->member;
	struct kernel_place root, exe;
	bool rooted;

	if (scan->root.device == 0 && scan->overlay == 0)
		return;
	root = kernel_place_of(scan->host, member->pid, "root");
	exe = kernel_place_of(scan->host, member->pid, "exe");
	rooted = is_on(scan, root) ||
		 (root.device != 0 && root.device == scan->root.device &&
		  root.inode == scan->root.inode);
	if (rooted || is_on(scan, exe))
		member->membership |= FIRN_ON_ROOTFS;
	/* Two containers may be started on one folder. */
	seen->on_files =
		is_on(scan, exe) || (rooted && !seen->own_pidns &&
				     (member->membership & FIRN_IN_MNTNS) == 0);
}

static int
keep(struct scan *scan, const struct seen *seen, struct firn_err *err)
{
	if (scan->n == scan->size) {
		size_t size = scan->size != 0 ? 2 * scan->size : 64;
		struct seen *more = realloc(scan->seen, size * sizeof(*more));

		if (more == NULL)
			return firn_err_nomem(err);
		scan->seen = more;
		scan->size = size;
	}
	scan->seen[scan->n++] = *seen;
	return 0;
}

static int
look_at(struct scan *scan, pid_t pid, struct firn_err *err)
{
	struct seen seen = { .blind = true };
	struct firn_proc_stat stat = { 0 };
	struct firn_err gone = { 0 };
	autofree pid_t *threads = NULL;
	size_t n = 0;

	if (firn_proc_stat(scan->host, pid, &stat, &gone) < 0 ||
	    (stat.flags & FIRN_PF_KTHREAD) != 0)
		return 0;
	seen.member.pid = pid;
	seen.member.start_ticks = stat.start_ticks;
	/* A record need not have the threads: then the process stands for
	 * them. */
	if (firn_proc_threads(scan->host, pid, &threads, &n, &gone) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++)
		look_at_thread(scan, threads[i], &seen);
	if (n == 0)
		look_at_thread(scan, pid, &seen);
	look_at_pidns(scan, &seen);
	look_at_files(scan, &seen);
	/* Those of other containers say whether a namespace is shared. */
	if (seen.member.membership == 0 && seen.other[0] == '\0')
		return 0;
	return keep(scan, &seen, err);
}

/*
 * Do the processes of that other container live in our pid namespace, all of
 * them?  Then it was set up so (a pod, docker run --pid=container:), and none
 * of them has come from us.
 */
static bool
shares_pidns(const struct scan *scan, const char *other)
{
	for (size_t i = 0; i < scan->n; i++)
		if (strcmp(scan->seen[i].other, other) == 0 &&
		    !scan->seen[i].same_pidns && !scan->seen[i].blind)
			return false;
	return true;
}

/*
 * Is that other container one that a runtime made?  Then a process of it came
 * from outside of our pid namespace.  A cgroup that our own have made may be
 * called by any id.
 */
static bool
has_come_from_outside(const struct scan *scan, const char *other)
{
	for (size_t i = 0; i < scan->n; i++) {
		const struct seen *seen = &scan->seen[i];

		if (strcmp(seen->other, other) == 0 && !seen->blind &&
		    ((seen->member.membership & FIRN_IN_PIDNS) == 0 ||
		     origin_is_outside(scan->host, seen->member.pid,
				       scan->pidns)))
			return true;
	}
	return false;
}

static bool
is_container(struct scan *scan, const char *other)
{
	if (strcmp(scan->asked, other) != 0) {
		scan->is_container = has_come_from_outside(scan, other);
		memcpy(scan->asked, other, sizeof(scan->asked));
	}
	return scan->is_container;
}

/* Born in the host and run from its files: nsenter, or what it started.  What
 * is in a container's cgroup is none of them. */
static bool
is_hosts_tool(struct scan *scan, const struct seen *seen)
{
	const pid_t pid = seen->member.pid;

	if (seen->other[0] != '\0' || seen->on_files ||
	    origin_is_inside(scan->host, pid, scan->target->init_pid,
			     scan->pidns))
		return false;
	return origin_is_hosts_file(scan->host, pid, &scan->mounts);
}

/* Nobody but ours could be there, whosever cgroup it is in. */
static bool
is_surely_ours(const struct scan *scan, const struct seen *seen)
{
	const unsigned where = seen->member.membership;

	if ((where & FIRN_IN_PIDNS) == 0)
		return false;
	return seen->on_files ||
	       ((where & (FIRN_IN_MNTNS | FIRN_ON_ROOTFS)) != 0 &&
		origin_is_inside(scan->host, seen->member.pid,
				 scan->target->init_pid, scan->pidns));
}

static void
judge(struct scan *scan, struct seen *seen)
{
	struct firn_member *member = &seen->member;
	bool in_pidns = (member->membership & FIRN_IN_PIDNS) != 0;
	bool in_group = (member->membership & FIRN_IN_CGROUP) != 0;
	bool isolated = scan->pidns != 0 || scan->mntns != 0;
	bool of_other = seen->strayed && seen->other[0] != '\0' &&
			is_container(scan, seen->other);

	if (of_other && in_pidns && !in_group && seen->same_pidns &&
	    !seen->on_files && shares_pidns(scan, seen->other)) {
		member->joined = true;
		return;
	}
	if (seen->strayed && in_pidns && !in_group &&
	    is_hosts_tool(scan, seen)) {
		member->joined = true;
		return;
	}
	member->escaped = seen->strayed && (in_pidns || seen->on_files);
	member->doubtful =
		member->escaped && of_other && !is_surely_ours(scan, seen);
	member->foreign = in_group && isolated && !seen->blind &&
			  (member->membership & ~(unsigned)FIRN_IN_CGROUP) == 0;
	member->joined = !in_group && !member->escaped;
}

int
members_scan(const struct firn_target *target, struct firn_members *ret,
	     struct firn_err *err)
{
	autofree struct scan *scan = calloc(1, sizeof(*scan));
	autofree struct firn_member *items = NULL;
	autofree struct seen *seen = NULL;
	autofree pid_t *pids = NULL;
	size_t n_pids, n = 0;
	int done = 0;

	if (scan == NULL)
		return firn_err_nomem(err);
	*scan = (struct scan){ .target = target, .host = target->host };
	if (start(scan, err) < 0 ||
	    firn_proc_pids(target->host, &pids, &n_pids, err) < 0)
		return -1;
	for (size_t i = 0; done == 0 && i < n_pids; i++)
		done = look_at(scan, pids[i], err);
	seen = scan->seen;
	if (done < 0)
		return -1;
	items = calloc(scan->n + 1, sizeof(*items));
	if (items == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < scan->n; i++) {
		if (seen[i].member.membership == 0)
			continue;
		judge(scan, &seen[i]);
		items[n++] = seen[i].member;
	}
	origin_mounts_free(&scan->mounts);
	ret->items = firn_steal(items);
	ret->n = n;
	return 0;
}
