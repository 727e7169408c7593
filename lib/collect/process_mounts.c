#include "collect/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"

/*
 * process_mounts -- what is mounted, as the processes see it.
 *
 * Most processes of a container share one mount namespace and one root, and so
 * one mountinfo: it stands in the archive with the first of them.
 */

#define MOUNTINFO_MAX (64u << 20)

static struct firn_seen_mounts *
known(const struct firn_reading *reading, const char *view)
{
	for (size_t i = 0; i < reading->n_seen_mounts; i++) {
		if (strcmp(reading->seen_mounts[i]->view, view) == 0)
			return reading->seen_mounts[i];
	}
	return NULL;
}

/* How many views, and mounts in all, are remembered: a process may make a
 * namespace with a hundred thousand mounts, and do it again. */
#define VIEWS_MAX 64
#define MOUNTS_MAX 200000

void
firn_seen_mounts_free(struct firn_seen_mounts *seen)
{
	firn_mounts_free(&seen->mounts);
	free(seen->view);
	free(seen->member);
	free(seen);
}

/* Forget the oldest; nothing points to those but the process being read, which
 * has none yet. */
static void
make_room(struct firn_reading *reading)
{
	size_t mounts = 0, n = reading->n_seen_mounts, drop = 0;

	for (size_t i = 0; i < n; i++)
		mounts += reading->seen_mounts[i]->mounts.n;
	while (drop < n && (n - drop >= VIEWS_MAX || mounts > MOUNTS_MAX)) {
		mounts -= reading->seen_mounts[drop]->mounts.n;
		firn_seen_mounts_free(reading->seen_mounts[drop++]);
	}
	if (drop == 0)
		return;
	reading->n_seen_mounts = n - drop;
	memmove(reading->seen_mounts, reading->seen_mounts + drop,
		(n - drop) * sizeof(struct firn_seen_mounts *));
}

static struct firn_seen_mounts *
add(struct firn_reading *reading, const char *view)
{
	struct firn_seen_mounts **more, *seen;
	size_t n;

	make_room(reading);
	n = reading->n_seen_mounts;
	more = realloc(reading->seen_mounts, (n + 1) * sizeof(*more));
	if (more == NULL)
		return NULL;
	reading->seen_mounts = more;
	seen = calloc(1, sizeof(*seen));
	if (seen == NULL)
		return NULL;
	seen->view = strdup(view);
	if (seen->view == NULL) {
		free(seen);
		return NULL;
	}
	more[n] = seen;
	reading->n_seen_mounts = n + 1;
	return seen;
}

static int
store(struct firn_process *process, const char *text, size_t len,
      struct firn_seen_mounts *seen, struct firn_err *err)
{
	char member[FIRN_MEMBER_NAME], path[64];
	const struct firn_member_source source = { "processes", path,
						   "proc_pid_mountinfo(5)" };

	if (len == 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", process->read_pid);
	firn_process_member(process, "mountinfo", member);
	if (firn_archive_bytes(process->reading->archive, member, text, len,
			       &source, err) < 0)
		return -1;
	seen->member = strdup(member);
	return 0;
}

static int
read_mounts(struct firn_process *process, const char *view,
	    struct firn_err *err)
{
	autofree char *text = NULL;
	struct firn_err why = { 0 };
	struct firn_seen_mounts *seen;
	size_t len;

	if (firn_read_at(process->dir_fd, "mountinfo", MOUNTINFO_MAX, &text,
			 &len, &why) < 0) {
		firn_process_lost(process, "mountinfo", &why);
		return 0;
	}
	seen = add(process->reading, view);
	if (seen == NULL)
		return firn_err_nomem(err);
	process->mounts = seen;
	if (firn_mounts_parse(text, len, &seen->mounts, &why) < 0)
		firn_process_gap(process, "mountinfo", &why);
	return store(process, text, len, seen, err);
}

/* Something mounted over /proc/N hides process N from all who look there,
 * inside; that is what it is for. */
static void
find_hiding(struct firn_process *process)
{
	const struct firn_mounts *mounts = &process->mounts->mounts;
	char pids[256], *innermost;

	if (!firn_process_ids(process, pids, sizeof(pids)))
		return;
	innermost = strrchr(pids, '\t');
	innermost = innermost != NULL ? innermost + 1 : pids;
	for (size_t i = 0; i < mounts->n; i++) {
		const char *point = mounts->items[i].point;

		if (strncmp(point, "/proc/", 6) == 0 &&
		    strcmp(point + 6, innermost) == 0)
			firn_process_finding(process, "hidden_by_mount");
	}
}

int
firn_process_mounts(struct firn_process *process, struct firn_err *err)
{
	autofree char *view = NULL;
	struct firn_err why = { 0 };
	size_t len;

	if (process->gone || !firn_process_has_memory(process))
		return 0;
	if (firn_process_link(process, "root", &process->root, &len, &why) <
	    0) {
		firn_process_lost(process, "root", &why);
		if (process->gone)
			return 0;
	}
	if (asprintf(&view, "%llu %s",
		     (unsigned long long)process->namespaces.inode[FIRN_NS_MNT],
		     process->root != NULL ? process->root : "?") < 0)
		return firn_err_nomem(err);
	process->mounts = known(process->reading, view);
	if (process->mounts == NULL && read_mounts(process, view, err) < 0)
		return -1;
	if (process->mounts == NULL)
		return 0;
	if (process->mounts->member != NULL)
		json_object_set_new(process->facts, "mountinfo",
				    json_string(process->mounts->member));
	find_hiding(process);
	return 0;
}
