#include "contain/keep/keeper_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/keep/keeper.h"
#include "contain/keep/recut.h"

/* The cgroup that tells of a restart: v2's, where programs are; else the
 * freezer's. */
static const struct firn_cgroup *
watched(const struct firn_target *target)
{
	const struct firn_cgroup *v2 = &target->v2;

	if (v2->folder != NULL && v2->path != NULL &&
	    strcmp(v2->path, "/") != 0)
		return v2;
	return target->freezer.folder != NULL ? &target->freezer : NULL;
}

/* Hear of what is made in the folder above, or in the nearest above that which
 * is there. */
static int
hear(const struct firn_host *host, const char *folder, struct firn_err *err)
{
	autoclose int inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char above[PATH_MAX], link[32];
	char *slash;

	if (inotify_fd < 0)
		return firn_err_sys(err, "watch for a restart");
	snprintf(above, sizeof(above), "%s", folder);
	while ((slash = strrchr(above, '/')) != NULL && slash > above) {
		autoclose int fd = -1;

		*slash = '\0';
		*err = (struct firn_err){ 0 };
		fd = firn_host_file(host, above, O_RDONLY | O_DIRECTORY, err);
		if (fd < 0)
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (inotify_add_watch(inotify_fd, link,
				      IN_CREATE | IN_DELETE_SELF | IN_ONLYDIR) <
		    0)
			return firn_err_sys(err, "watch %s", above);
		return firn_steal_fd(&inotify_fd);
	}
	return -1;
}

/* The cgroup of that name, now; 0 if there is none. */
static uint64_t
inode_now(const struct firn_host *host, const char *folder)
{
	struct firn_err gone = { 0 };
	autoclose int fd =
		firn_host_file(host, folder, O_RDONLY | O_DIRECTORY, &gone);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* Until something is made there; a second at most where it can't be heard. */
static void
wait(int inotify_fd)
{
	const struct timespec second = { .tv_sec = 1 };
	struct pollfd heard = { .fd = inotify_fd, .events = POLLIN };

	if (inotify_fd < 0)
		nanosleep(&second, NULL);
	else
		(void)poll(&heard, 1, -1);
}

/* First the ear, then the look: what comes between is heard.  Each time anew,
 * as the folder above may have been another's. */
static void
keep(struct firn_keeper *keeper, void *arg)
{
	struct firn_recut *recut = arg;

	for (;;) {
		struct firn_err deaf = { 0 };
		autoclose int inotify_fd =
			hear(keeper->host, recut->folder, &deaf);
		uint64_t inode = inode_now(keeper->host, recut->folder);

		if (inode != 0 && inode != recut->inode)
			firn_recut(keeper, recut, inode);
		else
			wait(inotify_fd);
	}
}

static bool
is_watched(const struct firn_ledger *ledger, json_t **ret)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "keep");
	json_t *change;
	size_t i;

	json_array_foreach(open, i, change) {
		const json_t *details = json_object_get(change, "details");
		const char *purpose =
			firn_json_string(details, "purpose", NULL);

		if (purpose == NULL || strcmp(purpose, "watch") != 0 ||
		    !firn_keeper_is_alive(details))
			continue;
		*ret = json_pack("{s:O}", "pid",
				 json_object_get(details, "pid"));
		return *ret != NULL;
	}
	return false;
}

int
firn_keep_isolation(const struct firn_target *target,
		    struct firn_ledger *ledger, json_t **ret,
		    struct firn_err *err)
{
	const struct firn_cgroup *cgroup = watched(target);
	autojson json_t *details = json_object();
	struct firn_recut recut = { 0 };
	const struct firn_keeping keeping = {
		.purpose = "watch",
		.host = target->host,
		.details = details,
		.keep = keep,
		.arg = &recut,
	};
	uint64_t change;

	if (is_watched(ledger, ret))
		return 0;
	if (cgroup == NULL)
		return firn_err_set(err, ENOTSUP,
				    "it has no cgroup of its own to watch");
	recut.path = cgroup->path;
	recut.folder = cgroup->folder;
	recut.inode = cgroup->inode;
	recut.is_v2 = cgroup == &target->v2;
	firn_json_text(details, "watches", cgroup->folder);
	if (firn_keeper_start(ledger, &keeping, &change, err) < 0 ||
	    firn_keeper_end(ledger, "watch", change,
			    "it was not there any more", err) < 0)
		return -1;
	*ret = json_pack("{s:O}", "pid", json_object_get(details, "pid"));
	return *ret == NULL ? firn_err_nomem(err) : 0;
}
