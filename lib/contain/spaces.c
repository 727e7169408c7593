#include "contain/spaces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "host/proc.h"

/* "task/4194304/ns/net" */
#define NAME 48

int
firn_own_netns(uint64_t *ret, struct firn_err *err)
{
	struct stat st;

	if (stat("/proc/self/ns/net", &st) < 0)
		return firn_err_sys(err, "look at /proc/self/ns/net");
	*ret = st.st_ino;
	return 0;
}

uint64_t
firn_netns_of(const struct firn_host *host, pid_t pid, pid_t tid)
{
	char name[NAME], link[64], *inode;
	struct firn_err gone;

	snprintf(name, sizeof(name), "task/%d/ns/net", tid);
	if (firn_proc_link(host, pid, name, link, sizeof(link), &gone) < 0)
		return 0;
	inode = strchr(link, '[');
	return inode == NULL ? 0 : strtoull(inode + 1, NULL, 10);
}

static void
add(struct firn_spaces *spaces, uint64_t inode, pid_t pid, pid_t tid)
{
	for (size_t i = 0; i < spaces->n; i++)
		if (spaces->items[i].inode == inode)
			return;
	if (inode == 0)
		return;
	if (spaces->n == FIRN_SPACES) {
		spaces->n_more++;
		return;
	}
	spaces->items[spaces->n++] = (struct firn_space){ inode, pid, tid };
}

static void
add_process(const struct firn_target *target, pid_t pid,
	    struct firn_spaces *spaces)
{
	autofree pid_t *threads = NULL;
	struct firn_err gone;
	size_t n = 0;

	if (firn_proc_threads(target->host, pid, &threads, &n, &gone) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		add(spaces, firn_netns_of(target->host, pid, threads[i]), pid,
		    threads[i]);
}

void
firn_spaces_find(const struct firn_target *target, struct firn_spaces *ret)
{
	const struct firn_members *members = &target->members;

	*ret = (struct firn_spaces){ 0 };
	/* Also when it is gone: then opening it says so. */
	add(ret, target->namespaces.inode[FIRN_NS_NET], target->init_pid,
	    target->init_pid);
	for (size_t i = 0; i < members->n; i++)
		if (!members->items[i].joined && !members->items[i].foreign)
			add_process(target, members->items[i].pid, ret);
}

int
firn_space_open(const struct firn_target *target,
		const struct firn_space *space, struct firn_err *err)
{
	autoclose int fd = -1;
	char name[NAME];
	struct stat st;

	snprintf(name, sizeof(name), "task/%d/ns/net", space->tid);
	fd = firn_proc_open(target->host, space->pid, name, O_RDONLY, err);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "look at /proc/%d/%s", space->pid,
				    name);
	if (st.st_ino != space->inode)
		return firn_err_set(err, ESTALE,
				    "process %d is not in the network "
				    "namespace any more that it was in",
				    space->pid);
	return firn_steal_fd(&fd);
}

bool
firn_space_is_hosts(const struct firn_target *target,
		    const struct firn_space *space)
{
	struct firn_namespaces host;
	struct firn_err unknown;

	return firn_proc_namespaces(target->host, 1, &host, &unknown) == 0 &&
	       host.inode[FIRN_NS_NET] == space->inode;
}
