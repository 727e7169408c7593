/* What the methods' programs are made of, and whether they judge rightly. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_attempts.h"

/* The root of the v2 hierarchy, which every socket is below. */
static int
open_root(const struct firn_cgroup *cgroup, struct firn_err *err)
{
	size_t folder = strlen(cgroup->folder), path = strlen(cgroup->path);
	char root[PATH_MAX];
	int fd;

	if (folder <= path || folder - path >= sizeof(root))
		return firn_err_set(err, EINVAL, "cgroup %s", cgroup->folder);
	snprintf(root, sizeof(root), "%.*s", (int)(folder - path),
		 cgroup->folder);
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? firn_err_sys(err, "open %s", root) : fd;
}

/* First with everybody's cgroup in the map, so that it judges packets of ours;
 * then with the container's, so that it must let them go. */
static int
prove_own(const struct firn_cut *cut, int prog_fd,
	  const struct firn_filter *filter, const struct firn_cgroup *cgroup,
	  struct firn_err *err)
{
	autoclose int root_fd = open_root(cgroup, err);

	if (root_fd < 0 ||
	    firn_bpf_set_cgroup(filter->cgroups_fd, root_fd, err) < 0 ||
	    firn_cut_prove(prog_fd, filter, cut->ifindex, err) < 0 ||
	    firn_bpf_set_cgroup(filter->cgroups_fd, cgroup->dir_fd, err) < 0)
		return -1;
	return firn_cut_prove_spares(prog_fd, filter, cut->ifindex, err);
}

/* Where a cgroup's programs can't be tried, for want of an interface, the
 * method's verify says so. */
static int
prove(const struct firn_cut *cut, int prog_fd, const struct firn_filter *filter,
      const struct firn_cgroup *cgroup, struct firn_err *err)
{
	if (filter->hook == FIRN_HOOK_OWN_OUT)
		return prove_own(cut, prog_fd, filter, cgroup, err);
	if (!firn_hook_is_link(filter->hook) && cut->ifindex == 0)
		return 0;
	return firn_cut_prove(prog_fd, filter, cut->ifindex, err);
}

static int
load_proved(const struct firn_cut *cut, const struct firn_filter *filter,
	    const struct firn_cgroup *cgroup, struct firn_err *err)
{
	autoclose int fd = firn_cut_program(filter, err);

	if (fd < 0 || prove(cut, fd, filter, cgroup, err) < 0)
		return -1;
	return firn_steal_fd(&fd);
}

/* The packets that prove it are no attempts: it's another one that judges them,
 * the same but for the map. */
static int
load_logging(const struct firn_cut *cut, struct firn_filter filter,
	     const struct firn_cgroup *cgroup, struct firn_err *err)
{
	autoclose int scratch = firn_attempts_map(err), fd = -1;

	if (scratch < 0)
		return -1;
	filter.attempts_fd = scratch;
	fd = load_proved(cut, &filter, cgroup, err);
	if (fd < 0)
		return -1;
	filter.attempts_fd = cut->attempts_fd;
	return firn_cut_program(&filter, err);
}

static int
load(const struct firn_cut *cut, const struct firn_filter *filter,
     const struct firn_cgroup *cgroup, struct firn_err *err)
{
	struct firn_err why = { 0 };
	int fd;

	if (cut->attempts_fd < 0 || !firn_attempts_seen(filter->hook))
		return load_proved(cut, filter, cgroup, err);
	fd = load_logging(cut, *filter, cgroup, &why);
	if (fd >= 0)
		return fd;
	json_array_append_new(cut->not_used, json_pack("{s:s, s:s}", "method",
						       "log", "why", why.text));
	return load_proved(cut, filter, cgroup, err);
}

int
firn_cut_load(const struct firn_cut *cut, enum firn_hook hook, int map_fd,
	      struct firn_err *err)
{
	const struct firn_filter filter = { .hook = hook,
					    .how = cut->how,
					    .counters_fd = map_fd,
					    .cgroups_fd = -1,
					    .attempts_fd = -1 };

	return load(cut, &filter, NULL, err);
}

/* Headers that are neither Ethernet's nor none can't be read: nothing is
 * allowed there. */
static bool
can_read(const struct firn_link *link, bool *ret_headless)
{
	switch (link->type) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		*ret_headless = false;
		return true;
	case ARPHRD_NONE:
	case 519: /* ARPHRD_RAWIP; not in every header */
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
		*ret_headless = true;
		return true;
	}
	*ret_headless = false;
	return false;
}

int
firn_cut_load_at(const struct firn_cut *cut, const struct firn_place *place,
		 enum firn_hook hook, int map_fd, struct firn_err *err)
{
	const struct firn_isolation nothing = { 0 };
	struct firn_filter filter = { .hook = hook,
				      .how = cut->how,
				      .counters_fd = map_fd,
				      .cgroups_fd = -1,
				      .attempts_fd = -1 };
	autoclose int cgroups_fd = -1;

	if (!can_read(place->link, &filter.headless))
		filter.how = &nothing;
	if (hook == FIRN_HOOK_OWN_OUT) {
		cgroups_fd = firn_bpf_cgroup_array("firn_cgroup", err);
		if (cgroups_fd < 0)
			return -1;
		filter.cgroups_fd = cgroups_fd;
	}
	return load(cut, &filter, place->cgroup, err);
}
