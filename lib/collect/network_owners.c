#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "collect/network.h"
#include "host/proc.h"

/*
 * network_owners -- which process holds which socket, by the links
 * "socket:[INODE]" of /proc/PID/fd.
 *
 * The whole host is asked: a socket of the container's may have been passed
 * out of it, and one of the host's in.
 */

#define OWNERS_MAX ((size_t)4 << 20) /* 128 MiB of them */
#define OTHERS_MAX_NS 3000000000ull
#define LISTED_MAX 64 /* owners on one line */

static void
add_owner(struct firn_socket_owners *owners,
	  const struct firn_socket_owner *owner)
{
	if (owners->cut)
		return;
	if (owners->n == owners->size) {
		size_t size = owners->size != 0 ? 2 * owners->size : 1024;
		struct firn_socket_owner *more =
			size > OWNERS_MAX
				? NULL
				: realloc(owners->items, size * sizeof(*more));

		if (more == NULL) {
			owners->cut = true;
			return;
		}
		owners->items = more;
		owners->size = size;
	}
	owners->items[owners->n++] = *owner;
}

/* One table of descriptors, /proc/PID/task/TID/fd.  What has died has none. */
static void
read_table(struct firn_network *network, struct firn_socket_owner owner)
{
	autodir DIR *dir = NULL;
	struct dirent *entry;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%d/task/%d/fd", owner.pid, owner.tid);
	fd = openat(network->target->host->proc_fd, path,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		char link[64];
		ssize_t len =
			readlinkat(fd, entry->d_name, link, sizeof(link) - 1);

		if (len <= 8 || memcmp(link, "socket:[", 8) != 0)
			continue;
		link[len] = '\0';
		owner.inode = strtoull(link + 8, NULL, 10);
		owner.fd = (int)strtol(entry->d_name, NULL, 10);
		add_owner(&network->owners, &owner);
	}
}

/* clone(2) without CLONE_FILES in a thread's past, or unshare(2): a table of
 * its own, which /proc/PID/fd doesn't show. */
static bool
has_own_table(pid_t pid, pid_t tid)
{
	return syscall(SYS_kcmp, pid, tid, KCMP_FILES, 0L, 0L) != 0;
}

static void
read_member(struct firn_network *network, pid_t pid)
{
	struct firn_socket_owner owner = { .pid = pid, .member = true };
	autofree pid_t *tids = NULL;
	struct firn_err why = { 0 };
	size_t n = 0;

	owner.tid = pid;
	read_table(network, owner);
	if (firn_proc_threads(network->target->host, pid, &tids, &n, &why) < 0)
		return; /* it has died, which the processes' collector says */
	for (size_t i = 0; i < n; i++) {
		if (tids[i] == pid || !has_own_table(pid, tids[i]))
			continue;
		owner.tid = tids[i];
		read_table(network, owner);
	}
}

static bool
is_member(const struct firn_target *target, pid_t pid)
{
	for (size_t i = 0; i < target->members.n; i++) {
		const struct firn_member *member = &target->members.items[i];

		if (member->pid == pid)
			return !member->joined;
	}
	return false;
}

static void
read_others(struct firn_network *network)
{
	uint64_t start_ns = firn_monotonic_ns();
	autofree pid_t *pids = NULL;
	struct firn_err why = { 0 };
	size_t n = 0;

	if (firn_proc_pids(network->target->host, &pids, &n, &why) < 0) {
		firn_network_gap(network, "owners of sockets on the host",
				 &why);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (is_member(network->target, pids[i]))
			continue;
		if (firn_monotonic_ns() - start_ns > OTHERS_MAX_NS) {
			firn_err_set(&why, ETIMEDOUT,
				     "%zu of %zu processes were not asked",
				     n - i, n);
			firn_network_gap(network,
					 "owners of sockets on the host", &why);
			return;
		}
		read_table(network, (struct firn_socket_owner){
					    .pid = pids[i], .tid = pids[i] });
	}
}

static int
by_inode(const void *a, const void *b)
{
	const struct firn_socket_owner *left = a, *right = b;

	if (left->inode != right->inode)
		return left->inode < right->inode ? -1 : 1;
	/* Those of the target first: a line names only so many. */
	if (left->member != right->member)
		return left->member ? -1 : 1;
	if (left->pid != right->pid)
		return left->pid < right->pid ? -1 : 1;
	if (left->tid != right->tid)
		return left->tid < right->tid ? -1 : 1;
	return (left->fd > right->fd) - (left->fd < right->fd);
}

int
firn_network_owners(struct firn_network *network, struct firn_err *err)
{
	const struct firn_members *members = &network->target->members;
	struct firn_socket_owners *owners = &network->owners;

	(void)err;
	for (size_t i = 0; i < members->n; i++) {
		if (is_member(network->target, members->items[i].pid))
			read_member(network, members->items[i].pid);
	}
	read_others(network);
	if (owners->n > 1)
		qsort(owners->items, owners->n, sizeof(*owners->items),
		      by_inode);
	if (owners->cut) {
		struct firn_err why = { 0 };

		firn_err_set(&why, EFBIG, "more than %zu descriptors",
			     owners->n);
		firn_network_gap(network, "owners of sockets", &why);
	}
	return 0;
}

const struct firn_socket_owner *
firn_network_owned(const struct firn_network *network, uint64_t inode,
		   size_t *ret_n)
{
	const struct firn_socket_owner *items = network->owners.items;
	size_t low = 0, high = network->owners.n, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < network->owners.n && items[end].inode == inode;
	     end++)
		;
	*ret_n = inode != 0 ? end - low : 0;
	return *ret_n > 0 ? &items[low] : NULL;
}

bool
firn_network_has_member(const struct firn_network *network, uint64_t inode)
{
	size_t n;
	const struct firn_socket_owner *owner =
		firn_network_owned(network, inode, &n);

	return n > 0 && owner->member; /* they come first */
}

void
firn_network_set_owners(const struct firn_network *network, uint64_t inode,
			json_t *line)
{
	size_t n;
	const struct firn_socket_owner *owner =
		firn_network_owned(network, inode, &n);
	json_t *list = json_array();

	for (size_t i = 0; i < n && i < LISTED_MAX; i++) {
		json_t *one = json_object();

		json_object_set_new(one, "pid", json_integer(owner[i].pid));
		if (owner[i].tid != owner[i].pid)
			json_object_set_new(one, "tid",
					    json_integer(owner[i].tid));
		json_object_set_new(one, "fd", json_integer(owner[i].fd));
		json_object_set_new(one, "member",
				    json_boolean(owner[i].member));
		json_array_append_new(list, one);
	}
	json_object_set_new(line, "owners", list);
	if (n > LISTED_MAX)
		firn_json_uint(line, "owners_in_all", n);
}
