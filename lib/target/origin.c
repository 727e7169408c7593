#include "target/origin.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "host/proc.h"
#include "target/namespaces.h"

/* More than any chain that isn't made to tire us. */
#define CHAIN_MAX 4096

static bool
is_within(const struct firn_host *host, pid_t pid, uint64_t pidns)
{
	return namespace_of(host, pid, FIRN_NS_PID) == pidns ||
	       pidns_is_nested(host, pid, pidns);
}

bool
origin_is_inside(const struct firn_host *host, pid_t pid, pid_t init,
		 uint64_t pidns)
{
	for (unsigned i = 0; i < CHAIN_MAX; i++) {
		struct firn_proc_stat stat = { 0 };
		struct firn_err gone = { 0 };

		if (pid == init)
			return true;
		if (firn_proc_stat(host, pid, &stat, &gone) < 0 ||
		    stat.ppid == 0)
			return false;
		if (pidns != 0 && !is_within(host, stat.ppid, pidns))
			return pidns_depth_as_init(host, pid) > 0;
		pid = stat.ppid;
	}
	return true;
}

bool
origin_is_outside(const struct firn_host *host, pid_t pid, uint64_t pidns)
{
	struct firn_proc_stat stat = { 0 };
	struct firn_err gone = { 0 };

	return firn_proc_stat(host, pid, &stat, &gone) == 0 &&
	       (stat.ppid == 0 || !is_within(host, stat.ppid, pidns));
}

void
origin_mounts_free(struct origin_mounts *mounts)
{
	firn_mounts_free(&mounts->hosts);
	firn_mounts_free(&mounts->ours);
}

static bool
has(const struct firn_mounts *mounts, const struct statx *st)
{
	/* Before Linux 5.8 the device has to do. */
	if ((st->stx_mask & STATX_MNT_ID) == 0)
		return firn_mounts_device(mounts, makedev(st->stx_dev_major,
							  st->stx_dev_minor)) !=
		       NULL;
	for (size_t i = 0; i < mounts->n; i++)
		if (mounts->items[i].id >= 0 &&
		    (uint64_t)mounts->items[i].id == st->stx_mnt_id)
			return true;
	return false;
}

bool
origin_is_hosts_file(const struct firn_host *host, pid_t pid,
		     struct origin_mounts *mounts)
{
	struct firn_err gone = { 0 };
	autoclose int fd = firn_proc_open(host, pid, "exe", O_PATH, &gone);
	struct statx st;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
			    STATX_INO | STATX_MNT_ID, &st) < 0)
		return false;
	/* Without one of them the other has to do. */
	if (mounts->hosts.items == NULL &&
	    firn_mounts_read(host, 1, &mounts->hosts, &gone) < 0)
		mounts->hosts = (struct firn_mounts){ 0 };
	if (mounts->ours.items == NULL &&
	    firn_mounts_read(host, 0, &mounts->ours, &gone) < 0)
		mounts->ours = (struct firn_mounts){ 0 };
	return has(&mounts->hosts, &st) || has(&mounts->ours, &st);
}
