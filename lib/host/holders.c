#include "host/holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "host/proc.h"

#define HOLDERS_MAX ((size_t)4 << 20) /* 96 MiB of them */

static int
add(struct firn_holders *holders, const struct firn_holder *holder,
    struct firn_err *err)
{
	if (holders->n == HOLDERS_MAX) {
		holders->cut = true;
		return 0;
	}
	if (holders->n == holders->size) {
		size_t size = holders->size == 0 ? 256 : 2 * holders->size;
		struct firn_holder *more =
			reallocarray(holders->items, size, sizeof(*more));

		if (more == NULL)
			return firn_err_nomem(err);
		holders->items = more;
		holders->size = size;
	}
	holders->items[holders->n++] = *holder;
	holders->sorted = false;
	return 0;
}

/* One table of descriptors; who has died has none. */
static int
read_table(struct firn_holders *holders, const struct firn_host *host,
	   pid_t pid, pid_t tid, struct firn_err *err)
{
	struct firn_holder holder = { .pid = pid };
	autodir DIR *dir = NULL;
	struct dirent *entry;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%d/task/%d/fd", (int)pid, (int)tid);
	fd = openat(host->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return firn_err_nomem(err);
	}
	while ((entry = readdir(dir)) != NULL) {
		char link[64];
		ssize_t len =
			readlinkat(fd, entry->d_name, link, sizeof(link) - 1);

		if (len <= 8 || memcmp(link, "socket:[", 8) != 0)
			continue;
		link[len] = '\0';
		holder.inode = strtoull(link + 8, NULL, 10);
		holder.fd = (int)strtol(entry->d_name, NULL, 10);
		if (add(holders, &holder, err) < 0)
			return -1;
	}
	return 0;
}

/* clone(2) without CLONE_FILES in a thread's past, or unshare(2): a table of
 * its own, which /proc/PID/fd doesn't show. */
static bool
has_own_table(pid_t pid, pid_t tid)
{
	return syscall(SYS_kcmp, pid, tid, KCMP_FILES, 0L, 0L) != 0;
}

int
firn_holders_add(struct firn_holders *holders, const struct firn_host *host,
		 pid_t pid, struct firn_err *err)
{
	autofree pid_t *tids = NULL;
	struct firn_err gone = { 0 };
	size_t n = 0;

	if (read_table(holders, host, pid, pid, err) < 0)
		return -1;
	if (firn_proc_threads(host, pid, &tids, &n, &gone) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (tids[i] != pid && has_own_table(pid, tids[i]) &&
		    read_table(holders, host, pid, tids[i], err) < 0)
			return -1;
	return 0;
}

void
firn_holders_free(struct firn_holders *holders)
{
	free(holders->items);
	*holders = (struct firn_holders){ 0 };
}

static int
by_inode(const void *a, const void *b)
{
	const struct firn_holder *left = a, *right = b;

	if (left->inode != right->inode)
		return left->inode < right->inode ? -1 : 1;
	if (left->pid != right->pid)
		return left->pid < right->pid ? -1 : 1;
	return (left->fd > right->fd) - (left->fd < right->fd);
}

const struct firn_holder *
firn_holders_of(struct firn_holders *holders, uint64_t inode, size_t *ret_n)
{
	size_t low = 0, high = holders->n, end;

	if (!holders->sorted && holders->n > 1)
		qsort(holders->items, holders->n, sizeof(*holders->items),
		      by_inode);
	holders->sorted = true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (holders->items[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < holders->n && holders->items[end].inode == inode;
	     end++)
		;
	*ret_n = inode != 0 ? end - low : 0;
	return *ret_n > 0 ? &holders->items[low] : NULL;
}
