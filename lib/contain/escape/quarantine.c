#include "contain/escape/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"

/* Names that are tried, before somebody must have taken them on purpose. */
#define NAMES_MAX_TRIED 16

/* Where the target has a cgroup its mount is known; and it has one. */
static char *
mount_of(const struct firn_cgroup *cgroup)
{
	size_t folder = strlen(cgroup->folder), path = strlen(cgroup->path);

	if (folder <= path ||
	    strcmp(cgroup->folder + folder - path, cgroup->path) != 0)
		return NULL;
	return strndup(cgroup->folder, folder - path);
}

static void
release(struct firn_cgroup *cgroup)
{
	free(cgroup->path);
	free(cgroup->folder);
	firn_auto_close(&cgroup->dir_fd);
	*cgroup = (struct firn_cgroup){ .dir_fd = -1 };
}

void
firn_quarantine_close(struct firn_quarantine *quarantine)
{
	release(&quarantine->cgroup);
	free(quarantine->mount);
	quarantine->mount = NULL;
}

static int
set_name(struct firn_quarantine *quarantine, const char *id, unsigned number,
	 struct firn_err *err)
{
	struct firn_cgroup *cgroup = &quarantine->cgroup;
	char suffix[16] = "";

	release(cgroup);
	if (number > 0)
		snprintf(suffix, sizeof(suffix), "-%u", number);
	if (asprintf(&cgroup->path, "/firn-quarantine-%.180s%s", id, suffix) <
	    0) {
		cgroup->path = NULL;
		return firn_err_nomem(err);
	}
	if (asprintf(&cgroup->folder, "%s%s", quarantine->mount, cgroup->path) <
	    0) {
		cgroup->folder = NULL;
		return firn_err_nomem(err);
	}
	return 0;
}

static int
hold(struct firn_quarantine *quarantine, struct firn_err *err)
{
	struct firn_cgroup *cgroup = &quarantine->cgroup;
	struct stat st;

	cgroup->dir_fd = firn_host_file(quarantine->host, cgroup->folder,
					O_RDONLY | O_DIRECTORY, err);
	if (cgroup->dir_fd < 0)
		return -1;
	if (fstat(cgroup->dir_fd, &st) < 0)
		return firn_err_sys(err, "look at %s", cgroup->folder);
	cgroup->inode = st.st_ino;
	return 0;
}

json_t *
firn_quarantine_json(const struct firn_quarantine *quarantine)
{
	json_t *details = json_object();

	firn_json_text(details, "hierarchy",
		       firn_hierarchy_names[quarantine->hierarchy]);
	firn_json_text(details, "path", quarantine->cgroup.path);
	firn_json_text(details, "folder", quarantine->cgroup.folder);
	return details;
}

/* Frozen while nobody is in it; a v1 cgroup inherits from its parent that its
 * end is told to a program. */
static int
freeze(const struct firn_quarantine *quarantine, struct firn_err *err)
{
	const struct firn_cgroup *cgroup = &quarantine->cgroup;
	struct firn_err none = { 0 };

	if (quarantine->hierarchy == FIRN_V1 &&
	    firn_write_at(cgroup->dir_fd, "notify_on_release", "0", &none) < 0)
		none.code = 0; /* it can be removed all the same */
	return firn_freezer_write(cgroup, quarantine->hierarchy, true, err);
}

static int
make_folder(struct firn_quarantine *quarantine, struct firn_err *err)
{
	autoclose int fd = firn_host_file(quarantine->host, quarantine->mount,
					  O_RDONLY | O_DIRECTORY, err);

	if (fd < 0)
		return -1;
	if (mkdirat(fd, quarantine->cgroup.path + 1, 0755) < 0)
		return firn_err_sys(err, "make cgroup %s",
				    quarantine->cgroup.folder);
	return hold(quarantine, err);
}

static bool
is_there(const struct firn_quarantine *quarantine)
{
	struct firn_err none = { 0 };
	autoclose int fd =
		firn_host_file(quarantine->host, quarantine->cgroup.folder,
			       O_PATH | O_DIRECTORY, &none);

	return fd >= 0;
}

static int
make(struct firn_quarantine *quarantine, struct firn_ledger *ledger,
     struct firn_err *err)
{
	autojson json_t *details = firn_quarantine_json(quarantine);
	struct firn_err ignored = { 0 };
	uint64_t change;

	if (details == NULL)
		return firn_err_nomem(err);
	if (firn_ledger_ask(ledger, "quarantine", details, &change, err) < 0)
		return -1;
	if (make_folder(quarantine, err) < 0) {
		if (quarantine->cgroup.dir_fd < 0 &&
		    firn_ledger_note(ledger, change, "failed", NULL, &ignored) <
			    0)
			return firn_err_in(err, "%s", ignored.text);
		return -1;
	}
	if (freeze(quarantine, err) < 0)
		return -1;
	return firn_ledger_note(ledger, change, "made", NULL, err);
}

/* One that an earlier call made, and that still stands. */
static int
find_earlier(struct firn_quarantine *quarantine,
	     const struct firn_ledger *ledger, bool *ret, struct firn_err *err)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "quarantine");
	const char *ours = firn_hierarchy_names[quarantine->hierarchy];
	json_t *change;
	size_t i;

	json_array_foreach(open, i, change) {
		const json_t *details = json_object_get(change, "details");
		const char *path = firn_json_string(details, "path", NULL);
		const char *hierarchy =
			firn_json_string(details, "hierarchy", NULL);

		if (json_object_get(details, "moves") != NULL || path == NULL ||
		    hierarchy == NULL || strcmp(hierarchy, ours) != 0)
			continue;
		release(&quarantine->cgroup);
		quarantine->cgroup.path = strdup(path);
		if (asprintf(&quarantine->cgroup.folder, "%s%s",
			     quarantine->mount, path) < 0)
			quarantine->cgroup.folder = NULL;
		if (quarantine->cgroup.path == NULL ||
		    quarantine->cgroup.folder == NULL)
			return firn_err_nomem(err);
		if (!is_there(quarantine))
			continue;
		*ret = true;
		return hold(quarantine, err) < 0 ? -1 : freeze(quarantine, err);
	}
	return 0;
}

int
firn_quarantine_make(struct firn_quarantine *quarantine,
		     const struct firn_target *target,
		     struct firn_ledger *ledger, struct firn_err *err)
{
	const struct firn_cgroup *own = firn_freezer_cgroup(target, FIRN_V2);
	bool found = false;

	if (quarantine->cgroup.dir_fd >= 0)
		return 0;
	quarantine->host = target->host;
	quarantine->hierarchy = own != NULL ? FIRN_V2 : FIRN_V1;
	if (own == NULL)
		own = firn_freezer_cgroup(target, FIRN_V1);
	if (own == NULL)
		return firn_err_set(err, ENOTSUP, "there is no freezer");
	free(quarantine->mount);
	quarantine->mount = mount_of(own);
	if (quarantine->mount == NULL)
		return firn_err_set(err, ENOTSUP,
				    "where %s is mounted is "
				    "not known",
				    own->path);
	if (find_earlier(quarantine, ledger, &found, err) < 0)
		return -1;
	for (unsigned i = 0; !found && i < NAMES_MAX_TRIED; i++) {
		if (set_name(quarantine, target->id, i, err) < 0)
			return -1;
		/* Whoever made it may have a hand in it. */
		if (!is_there(quarantine))
			return make(quarantine, ledger, err);
	}
	if (found)
		return 0;
	return firn_err_set(err, EEXIST, "%s and others are there already",
			    quarantine->cgroup.folder);
}

int
firn_quarantine_tasks(const struct firn_quarantine *quarantine,
		      struct firn_tasks *ret, struct firn_err *err)
{
	if (quarantine->cgroup.dir_fd < 0)
		return 0;
	return firn_tasks_list(quarantine->cgroup.dir_fd,
			       quarantine->hierarchy == FIRN_V2
				       ? "cgroup.threads"
				       : "tasks",
			       ret, err);
}
