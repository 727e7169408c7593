#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/escape/quarantine.h"
#include "contain/freeze/freezer.h"
#include "contain/freeze/thaw_forget.h"
#include "contain/keep/keeper.h"
#include "contain/peek/peeking.h"
#include "firn/freeze.h"

static void
release(struct firn_cgroup *cgroup)
{
	free(cgroup->path);
	free(cgroup->folder);
	if (cgroup->dir_fd >= 0)
		close(cgroup->dir_fd);
}

static void
release_target(struct firn_target *target)
{
	release(&target->v2);
	release(&target->freezer);
}

/* Hold the cgroup again that was written down, if it's still that one. */
static int
find(const struct firn_host *host, const json_t *part,
     struct firn_cgroup *cgroup, struct firn_err *err)
{
	const char *path = firn_json_string(part, "path", NULL);
	const char *folder = firn_json_string(part, "folder", NULL);
	json_int_t inode = json_integer_value(json_object_get(part, "inode"));
	autoclose int fd = -1;
	struct firn_err why = { 0 };
	struct stat st;

	if (path == NULL || folder == NULL || inode <= 0 || cgroup->dir_fd >= 0)
		return 0;
	fd = firn_host_file(host, folder, O_RDONLY | O_DIRECTORY, &why);
	if (fd < 0 && (why.code == ENOENT || why.code == ENOTDIR))
		return 0;
	if (fd < 0) {
		*err = why;
		return -1;
	}
	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "look at %s", folder);
	if (st.st_ino != (uint64_t)inode)
		return 0; /* another one, made since */
	cgroup->path = strdup(path);
	cgroup->folder = strdup(folder);
	if (cgroup->path == NULL || cgroup->folder == NULL)
		return firn_err_nomem(err);
	cgroup->inode = st.st_ino;
	cgroup->dir_fd = firn_steal_fd(&fd);
	return 0;
}

static int
give_up(const struct firn_host *host, struct firn_ledger *ledger,
	const json_t *open, json_t **ret, struct firn_err *err)
{
	autojson json_t *why =
		json_pack("{s:s}", "note", "the container is gone");
	autojson json_t *returned = NULL;
	json_t *change;
	size_t i;

	if (firn_peeking_undo(host, ledger, err) < 0 ||
	    firn_quarantine_undo(host, ledger, &returned, err) < 0)
		return firn_err_in(err, "thaw");

	json_array_foreach(open, i, change) {
		json_int_t number =
			json_integer_value(json_object_get(change, "change"));

		if (firn_ledger_note(ledger, (uint64_t)number, "undone", why,
				     err) < 0)
			return -1;
	}
	if (firn_keeper_end(ledger, "thaw", 0, "the container is gone", err) <
	    0)
		return -1;
	*ret = json_pack("{s:s, s:b}", "state", "gone", "thawed", false);
	if (*ret != NULL && returned != NULL)
		json_object_update(*ret, returned);
	return firn_thaw_forget(ledger, *ret, err);
}

int
firn_thaw_forget(struct firn_ledger *ledger, json_t *result,
		 struct firn_err *err)
{
	int n = firn_ledger_forget(ledger, "freeze", err);

	if (n < 0 || firn_ledger_forget(ledger, "keep", err) < 0)
		return -1;
	if (n > 0)
		firn_json_text(result, "why", "the node was rebooted");
	return result == NULL ? firn_err_nomem(err) : 0;
}

int
firn_thaw_recorded(const struct firn_host *host, struct firn_ledger *ledger,
		   json_t **ret, struct firn_err *err)
{
	autodone(release_target) struct firn_target target = {
		.host = host,
		.v2.dir_fd = -1,
		.freezer.dir_fd = -1,
	};
	autojson json_t *open = firn_ledger_open_changes(ledger, "freeze");
	autojson json_t *holds = firn_ledger_open_changes(ledger, "hold");
	json_t *change;
	size_t i;

	if (json_array_extend(open, holds) < 0)
		return firn_err_nomem(err);
	json_array_foreach(open, i, change) {
		const json_t *details = json_object_get(change, "details");

		if (find(host, json_object_get(details, "v2"), &target.v2,
			 err) < 0 ||
		    find(host, json_object_get(details, "v1"), &target.freezer,
			 err) < 0)
			return firn_err_in(err, "thaw");
	}
	if (target.v2.dir_fd < 0 && target.freezer.dir_fd < 0)
		return give_up(host, ledger, open, ret, err);
	return firn_thaw(&target, ledger, false, ret, err);
}
