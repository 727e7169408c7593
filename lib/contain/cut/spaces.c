#include "contain/cut/spaces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "base/auto.h"
#include "host/proc.h"

/* Each costs some microseconds; a container has hundreds. */
#define DESCRIPTORS_MAX 20000

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
	char name[48], link[64], *inode;
	struct firn_err gone;

	snprintf(name, sizeof(name), "task/%d/ns/net", tid);
	if (firn_proc_link(host, pid, name, link, sizeof(link), &gone) < 0)
		return 0;
	inode = strchr(link, '[');
	return inode == NULL ? 0 : strtoull(inode + 1, NULL, 10);
}

static void
add(struct firn_spaces *spaces, const struct firn_space *space)
{
	for (size_t i = 0; i < spaces->n; i++)
		if (spaces->items[i].inode == space->inode)
			return;
	if (space->inode == 0)
		return;
	if (spaces->n == FIRN_SPACES)
		spaces->n_more++;
	else
		spaces->items[spaces->n++] = *space;
}

static void
add_thread(const struct firn_target *target, pid_t pid, pid_t tid,
	   struct firn_spaces *spaces)
{
	struct firn_space space = {
		.inode = firn_netns_of(target->host, pid, tid),
		.pid = pid,
	};

	snprintf(space.name, sizeof(space.name), "task/%d/ns/net", tid);
	add(spaces, &space);
}

/* A copy of a socket, for a question; nothing in the container sees it. */
static int
copy_of(pid_t pid, int number, struct firn_err *err)
{
	autoclose int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int fd;

	if (pidfd < 0)
		return firn_err_sys(err, "open process %d", pid);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
	return fd < 0 ? firn_err_sys(err, "copy descriptor %d of process %d",
				     number, pid)
		      : fd;
}

/* Of a socket that reaches out: those of the kernel's own families don't. */
static int
netns_of_socket(pid_t pid, const char *name, struct firn_err *err)
{
	autoclose int fd = copy_of(pid, atoi(name + strlen("fd/")), err);
	int family = AF_UNSPEC, netns_fd;
	socklen_t size = sizeof(family);

	if (fd < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) < 0)
		return firn_err_sys(err, "look at a socket of process %d", pid);
	if (family == AF_UNIX || family == AF_NETLINK)
		return firn_err_set(err, ENOENT, "it reaches nobody");
	netns_fd = ioctl(fd, SIOCGSKNS);
	return netns_fd < 0 ? firn_err_sys(err,
					   "look for the network namespace of "
					   "a socket of process %d",
					   pid)
			    : netns_fd;
}

static uint64_t
inode_of_socket(pid_t pid, const char *name)
{
	struct firn_err none;
	autoclose int fd = netns_of_socket(pid, name, &none);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static void
add_descriptor(const struct firn_target *target, pid_t pid, int number,
	       struct firn_spaces *spaces)
{
	struct firn_space space = { .pid = pid };
	struct firn_err gone;
	char link[64];

	snprintf(space.name, sizeof(space.name), "fd/%d", number);
	if (firn_proc_link(target->host, pid, space.name, link, sizeof(link),
			   &gone) < 0)
		return;
	if (strncmp(link, "net:[", 5) == 0)
		space.inode = strtoull(link + 5, NULL, 10);
	else if (strncmp(link, "socket:[", 8) == 0)
		space.socket = true;
	else
		return;
	if (space.socket)
		space.inode = inode_of_socket(pid, space.name);
	add(spaces, &space);
}

static void
add_process(const struct firn_target *target, pid_t pid, size_t *left,
	    struct firn_spaces *spaces)
{
	autofree pid_t *threads = NULL, *numbers = NULL;
	struct firn_err gone;
	size_t n = 0;

	if (firn_proc_threads(target->host, pid, &threads, &n, &gone) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		add_thread(target, pid, threads[i], spaces);
	if (firn_proc_numbers(target->host, pid, "fd", &numbers, &n, &gone) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (*left == 0) {
			spaces->n_unseen += n - i;
			return;
		}
		add_descriptor(target, pid, numbers[i], spaces);
		(*left)--;
	}
}

void
firn_spaces_find(const struct firn_target *target, struct firn_spaces *ret)
{
	const struct firn_members *members = &target->members;
	struct firn_space first = {
		.inode = target->namespaces.inode[FIRN_NS_NET],
		.pid = target->init_pid,
		.name = "ns/net",
	};
	size_t left = DESCRIPTORS_MAX;

	*ret = (struct firn_spaces){ 0 };
	/* Also when it is gone: then opening it says so. */
	add(ret, &first);
	for (size_t i = 0; i < members->n; i++)
		if (!members->items[i].joined && !members->items[i].foreign)
			add_process(target, members->items[i].pid, &left, ret);
}

int
firn_space_open(const struct firn_target *target,
		const struct firn_space *space, struct firn_err *err)
{
	autoclose int fd = -1;
	struct stat st;

	if (space->socket)
		fd = netns_of_socket(space->pid, space->name, err);
	else
		fd = firn_proc_open(target->host, space->pid, space->name,
				    O_RDONLY, err);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "look at /proc/%d/%s", space->pid,
				    space->name);
	if (st.st_ino != space->inode)
		return firn_err_set(err, ESTALE,
				    "/proc/%d/%s is another network namespace "
				    "by now",
				    space->pid, space->name);
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
