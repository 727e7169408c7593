#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "collect/host/host_hidden.h"
#include "host/cgroup.h"
#include "host/proc.h"
#include "target/namespaces.h"

#define ALL_MAX 65536 /* of pids that are tried one by one */
#define WINDOW 32768  /* at both ends, where there may be more */
#define LOOKS 4

struct list {
	pid_t *pids;
	size_t n, size;
	bool known;
};

struct views {
	struct list readdir, cgroups, tried;
};

static void
views_free(struct views *views)
{
	free(views->readdir.pids);
	free(views->cgroups.pids);
	free(views->tried.pids);
}

static int
by_pid(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

static bool
is_in(const struct list *list, pid_t pid)
{
	return list->n > 0 &&
	       bsearch(&pid, list->pids, list->n, sizeof(pid), by_pid) != NULL;
}

static int
add(struct list *list, pid_t pid, struct firn_err *err)
{
	if (list->n == list->size) {
		size_t size = list->size == 0 ? 256 : 2 * list->size;
		pid_t *more = reallocarray(list->pids, size, sizeof(*more));

		if (more == NULL)
			return firn_err_nomem(err);
		list->pids = more;
		list->size = size;
	}
	list->pids[list->n++] = pid;
	return 0;
}

/* Every process is in one cgroup of each hierarchy. */
static int
ask_cgroups(const struct firn_host *host, struct list *ret,
	    struct firn_err *err)
{
	autofree struct firn_cgroup_mounts *mounts = malloc(sizeof(*mounts));
	autoclose int fd = -1;
	const char *path;

	if (mounts == NULL)
		return firn_err_nomem(err);
	if (firn_cgroup_mounts(host, mounts, err) < 0)
		return -1;
	path = mounts->v2[0] != '\0'        ? mounts->v2
	       : mounts->freezer[0] != '\0' ? mounts->freezer
					    : mounts->systemd;
	if (path[0] == '\0')
		return 0;
	/* A path of firn's own, wherever the host's root is. */
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return firn_err_sys(err, "open %s", path);
	if (firn_cgroup_procs(fd, &ret->pids, &ret->n, err) < 0)
		return -1;
	ret->known = true;
	return 0;
}

/* A thread has a number, too, and no pidfd. */
static bool
is_process(pid_t pid)
{
	autoclose int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd >= 0;
}

/* getpgid(2) asks for nothing that could be refused or be seen. */
static int
try_pids(pid_t from, pid_t to, const struct list *readdir, struct list *ret,
	 struct firn_err *err)
{
	for (pid_t pid = from; pid <= to; pid++) {
		if (getpgid(pid) < 0)
			continue;
		if ((is_in(readdir, pid) || is_process(pid)) &&
		    add(ret, pid, err) < 0)
			return -1;
	}
	return 0;
}

static pid_t
number_in(const struct firn_host *host, const char *name, bool last)
{
	autofree char *text = NULL;
	struct firn_err none = { 0 };
	const char *number;

	if (firn_read_at(host->proc_fd, name, 4096, &text, NULL, &none) < 0)
		return 0;
	number = last ? strrchr(text, ' ') : text;
	return number == NULL ? 0 : (pid_t)strtol(number, NULL, 10);
}

/* `again`, unless NULL, are the only ones that matter. */
static int
ask_each(const struct firn_host *host, const struct list *readdir,
	 const struct firn_hidden *again, struct list *ret,
	 struct firn_err *err)
{
	pid_t max = number_in(host, "sys/kernel/pid_max", false);
	pid_t last = number_in(host, "loadavg", true);

	ret->known = true;
	for (size_t i = 0; again != NULL && i < again->n; i++) {
		pid_t pid = again->items[i].pid;

		if (try_pids(pid, pid, readdir, ret, err) < 0)
			return -1;
	}
	if (again != NULL)
		return 0;
	if (max > 0 && max <= ALL_MAX)
		return try_pids(1, max, readdir, ret, err);
	if (try_pids(1, WINDOW, readdir, ret, err) < 0)
		return -1;
	return try_pids(last > 2 * WINDOW ? last - WINDOW : WINDOW + 1, last,
			readdir, ret, err);
}

static int
look(const struct firn_host *host, const struct firn_hidden *again,
     struct views *ret, struct firn_err *err)
{
	ret->readdir.known = true;
	if (firn_proc_pids(host, &ret->readdir.pids, &ret->readdir.n, err) <
		    0 ||
	    ask_cgroups(host, &ret->cgroups, err) < 0)
		return -1;
	return ask_each(host, &ret->readdir, again, &ret->tried, err);
}

/* The dead stand in no cgroup, and who just came was not there before. */
static bool
is_dead(const struct firn_host *host, pid_t pid)
{
	struct firn_proc_stat stat;
	struct firn_err gone = { 0 };

	return firn_proc_stat(host, pid, &stat, &gone) < 0 ||
	       strchr("ZX", stat.state) != NULL;
}

static void
judge(const struct firn_host *host, const struct views *views, pid_t pid,
      struct firn_hidden *ret)
{
	struct firn_hidden_pid found = { .pid = pid };

	if (is_in(&views->readdir, pid))
		found.seen_by |= FIRN_SEEN_READDIR;
	else
		found.missing_in |= FIRN_SEEN_READDIR;
	if (is_in(&views->cgroups, pid))
		found.seen_by |= FIRN_SEEN_CGROUPS;
	else if (views->cgroups.known && !is_dead(host, pid))
		found.missing_in |= FIRN_SEEN_CGROUPS;
	/* What was not tried is not missing; what was listed before it was
	 * tried may have ended. */
	if (is_in(&views->tried, pid))
		found.seen_by |= FIRN_SEEN_PIDS;
	if (found.missing_in != 0)
		ret->items[ret->n++] = found;
}

/* All that differ, at one look. */
static int
compare(const struct firn_host *host, const struct views *views,
	struct firn_hidden *ret, struct firn_err *err)
{
	const struct list *const lists[] = { &views->readdir, &views->cgroups,
					     &views->tried };
	struct list all = { 0 };
	int done = 0;

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < lists[i]->n && done == 0; k++)
			done = add(&all, lists[i]->pids[k], err);
	ret->n = 0;
	ret->items = done == 0 ? calloc(all.n + 1, sizeof(*ret->items)) : NULL;
	if (ret->items == NULL) {
		free(all.pids);
		return done < 0 ? -1 : firn_err_nomem(err);
	}
	if (all.n > 1)
		qsort(all.pids, all.n, sizeof(*all.pids), by_pid);
	for (size_t i = 0; i < all.n; i++)
		if (i == 0 || all.pids[i] != all.pids[i - 1])
			judge(host, views, all.pids[i], ret);
	free(all.pids);
	return 0;
}

static const struct firn_hidden_pid *
find(const struct firn_hidden *hidden, pid_t pid)
{
	for (size_t i = 0; i < hidden->n; i++)
		if (hidden->items[i].pid == pid)
			return &hidden->items[i];
	return NULL;
}

/* What was missing in the same view both times. */
static void
keep_common(struct firn_hidden *hidden, const struct firn_hidden *again)
{
	size_t kept = 0;

	for (size_t i = 0; i < hidden->n; i++) {
		const struct firn_hidden_pid *other =
			find(again, hidden->items[i].pid);

		if (other == NULL)
			continue;
		hidden->items[i].missing_in &= other->missing_in;
		hidden->items[i].seen_by &= other->seen_by;
		if (hidden->items[i].missing_in != 0)
			hidden->items[kept++] = hidden->items[i];
	}
	hidden->n = kept;
}

int
firn_hidden_find(const struct firn_host *host, struct firn_hidden *ret,
		 struct firn_err *err)
{
	/* A process that is born or moved between two lists is in one of them
	 * soon; on a busy machine that takes its time. */
	static const struct timespec naps[LOOKS] = {
		{ 0 },
		{ .tv_nsec = 1000000 },
		{ .tv_nsec = 10000000 },
		{ .tv_nsec = 50000000 },
	};

	*ret = (struct firn_hidden){ 0 };
	for (int i = 0; i < LOOKS; i++) {
		autodone(views_free) struct views views = { 0 };
		struct firn_hidden again = { 0 };

		if (i > 0)
			nanosleep(&naps[i], NULL);
		if (look(host, i > 0 ? ret : NULL, &views, err) < 0 ||
		    compare(host, &views, &again, err) < 0)
			return -1;
		if (i == 0) {
			*ret = again;
		} else {
			keep_common(ret, &again);
			free(again.items);
		}
		if (ret->n == 0)
			return 0;
	}
	return 0;
}
