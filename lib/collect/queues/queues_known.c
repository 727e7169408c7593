#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "collect/queues/queues.h"
#include "host/mountinfo.h"
#include "host/proc.h"

/*
 * queues_known -- what has to be known of a queue before it's touched.
 */

#ifndef FUSE_CTL_SUPER_MAGIC
#define FUSE_CTL_SUPER_MAGIC 0x65735543
#endif
#define FDINFO_MAX 65536
#define NETLINK_TABLE_MAX ((size_t)16 << 20)

uint64_t
firn_queue_in_flight(const struct firn_network *network,
		     const struct firn_socket_owner *owner)
{
	autofree char *text = NULL;
	struct firn_err unread = { 0 };
	char path[64], number[24];

	snprintf(path, sizeof(path), "%d/task/%d/fdinfo/%d", (int)owner->pid,
		 (int)owner->tid, owner->fd);
	if (firn_read_at(network->target->host->proc_fd, path, FDINFO_MAX,
			 &text, NULL, &unread) < 0 ||
	    firn_proc_status_field(text, "scm_fds", number, sizeof(number)) < 1)
		return 0;
	return strtoull(number, NULL, 10);
}

/* 1 for some, 0 for none, -1 where its list is not mounted. */
static int
has_connections(const struct firn_host *host)
{
	struct firn_err unread = { 0 };
	autodir DIR *dir = NULL;
	struct dirent *entry;
	struct statfs fs;
	int fd = firn_host_file(host, "/sys/fs/fuse/connections",
				O_RDONLY | O_DIRECTORY, &unread);

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL && fd >= 0)
		close(fd);
	if (dir == NULL || fstatfs(fd, &fs) < 0 ||
	    (unsigned)fs.f_type != FUSE_CTL_SUPER_MAGIC)
		return -1;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			return 1;
	return 0;
}

/* One that has died sees none any more. */
static bool
sees_fuse(const struct firn_host *host, pid_t pid)
{
	struct firn_mounts mounts = { 0 };
	struct firn_err unread = { 0 };
	bool found = false;

	if (firn_mounts_read(host, pid, &mounts, &unread) < 0)
		return pid == 1;
	for (size_t i = 0; i < mounts.n && !found; i++)
		found = strncmp(mounts.items[i].fstype, "fuse", 4) == 0 &&
			strcmp(mounts.items[i].fstype, "fusectl") != 0;
	firn_mounts_free(&mounts);
	return found;
}

bool
firn_queue_may_take(const struct firn_target *target)
{
	int connections = has_connections(target->host);

	if (connections >= 0)
		return connections == 0;
	if (sees_fuse(target->host, 1))
		return false;
	for (size_t i = 0; i < target->members.n; i++)
		if (sees_fuse(target->host, target->members.items[i].pid))
			return false;
	return true;
}

/* 1 for a dump, 0 for none, -1 if the socket isn't in that table. */
static int
dumps_in(const struct firn_network_view *view, uint64_t inode)
{
	autofree char *text = NULL;
	struct firn_err unread = { 0 };
	char *line, *rest;

	if (view->net_fd < 0 ||
	    firn_read_at(view->net_fd, "netlink", NETLINK_TABLE_MAX, &text,
			 NULL, &unread) < 0)
		return -1;
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		unsigned long long dump, its;

		/* sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode */
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %llu %*s %*s %llu",
			   &dump, &its) == 2 &&
		    its == inode)
			return dump != 0;
	}
	return -1;
}

bool
firn_queue_dumps(const struct firn_network *network, uint64_t inode)
{
	for (size_t i = 0; i < network->n_views; i++) {
		int dumps = dumps_in(&network->views[i], inode);

		if (dumps >= 0)
			return dumps > 0;
	}
	return true;
}
