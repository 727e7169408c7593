#include "contain/escape/quarantine_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "host/cgroup.h"

#define CONTROL_MAX 8192

void
firn_cgroup_place_free(struct firn_cgroup_place *place)
{
	free(place->folder);
	*place = (struct firn_cgroup_place){ 0 };
}

/* Is a program run when the last task of this v1 cgroup leaves? */
static int
check_release(const struct firn_host *host, const char *mount, int dir_fd,
	      struct firn_err *err)
{
	autofree char *notify = NULL, *agent = NULL, *path = NULL;
	struct firn_err none = { 0 };
	size_t len;

	if (firn_read_at(dir_fd, "notify_on_release", CONTROL_MAX, &notify,
			 NULL, &none) < 0 ||
	    notify[0] != '1')
		return 0;
	if (asprintf(&path, "%s/release_agent", mount) < 0)
		return firn_err_nomem(err);
	if (firn_host_read(host, path, CONTROL_MAX, &agent, &len, &none) < 0 ||
	    agent[strspn(agent, "\n")] == '\0')
		return 0;
	return firn_err_set(err, EPERM,
			    "leaving its cgroup could make the kernel run the "
			    "release_agent that stands in %s",
			    path);
}

/* From the root of a cgroup namespace that it isn't below ("/../x"). */
static bool
is_cut_off(const char *path)
{
	return strncmp(path, "/..", 3) == 0 &&
	       (path[3] == '/' || path[3] == '\0');
}

int
firn_cgroup_place_of(const struct firn_host *host,
		     enum firn_hierarchy hierarchy, const char *mount,
		     pid_t tid, struct firn_cgroup_place *ret,
		     struct firn_err *err)
{
	autofree struct firn_cgroup_paths *paths = malloc(sizeof(*paths));
	autofree char *folder = NULL;
	autoclose int fd = -1;
	const char *path;
	struct stat st;

	if (paths == NULL)
		return firn_err_nomem(err);
	if (firn_cgroup_of(host, tid, paths, err) < 0)
		return -1;
	path = hierarchy == FIRN_V2 ? paths->v2 : paths->freezer;
	if (path[0] != '/' || is_cut_off(path))
		return firn_err_set(err, EXDEV,
				    "its cgroup can't be seen from here");
	if (asprintf(&folder, "%s%s", mount, path[1] != '\0' ? path : "") < 0) {
		folder = NULL;
		return firn_err_nomem(err);
	}
	fd = firn_host_file(host, folder, O_RDONLY | O_DIRECTORY, err);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "look at its cgroup");
	if (hierarchy == FIRN_V1 && check_release(host, mount, fd, err) < 0)
		return -1;
	ret->inode = st.st_ino;
	ret->folder = firn_steal(folder);
	return 0;
}

void
firn_cgroup_place_json(const struct firn_cgroup_place *place, json_t *object)
{
	firn_json_text(object, "folder", place->folder);
	firn_json_uint(object, "inode", place->inode);
}

/* The exact bytes; NULL if there are none, or they can't be a path. */
static char *
folder_of(const json_t *object)
{
	const char *exact = firn_json_string(object, "folder_b64", NULL);
	const char *text = firn_json_string(object, "folder", NULL);
	size_t len;
	char *folder;
	int n;

	if (exact == NULL)
		return text != NULL ? strdup(text) : NULL;
	len = strlen(exact);
	folder = malloc(len + 1);
	if (folder == NULL)
		return NULL;
	n = EVP_DecodeBlock((unsigned char *)folder,
			    (const unsigned char *)exact, (int)len);
	if (n < 0) {
		free(folder);
		return NULL;
	}
	/* Padding is counted as zeroes. */
	folder[n] = '\0';
	return folder;
}

int
firn_cgroup_place_read(const json_t *object, struct firn_cgroup_place *ret,
		       struct firn_err *err)
{
	json_int_t inode = json_integer_value(json_object_get(object, "inode"));

	ret->folder = folder_of(object);
	ret->inode = inode > 0 ? (uint64_t)inode : 0;
	if (ret->folder == NULL || ret->folder[0] != '/' || ret->inode == 0)
		return firn_err_set(err, EBADMSG,
				    "ledger: a move without its old place");
	return 0;
}

static int
write_task(int dir_fd, const char *file, pid_t task, struct firn_err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", task);
	return firn_write_at(dir_fd, file, text, err);
}

/* Up to the next folder above; false when that is no cgroup any more. */
static bool
climb(const struct firn_host *host, char *folder, int *fd)
{
	char *slash = strrchr(folder, '/');
	struct firn_err none = { 0 };

	if (slash == NULL || slash == folder)
		return false;
	*slash = '\0';
	firn_auto_close(fd);
	*fd = firn_host_file(host, folder, O_RDONLY | O_DIRECTORY, &none);
	return *fd < 0 || faccessat(*fd, "cgroup.procs", F_OK, 0) == 0;
}

/* The first folder above that takes it; `folder` is cut short to that. */
static int
enter_above(const struct firn_host *host, char *folder, const char *file,
	    pid_t task, struct firn_err *err)
{
	autoclose int fd = -1;
	struct firn_err why = { .code = ENOENT };

	while (why.code != ESRCH && climb(host, folder, &fd))
		if (fd >= 0 && write_task(fd, file, task, &why) == 0)
			return 0;
	return firn_err_set(err, why.code, "put it back near %s: %s", folder,
			    why.text);
}

/* Threaded cgroups take no process from outside their domain: it goes to the
 * domain, and then each thread to its own place. */
static int
enter_threaded(const struct firn_host *host, int fd, const char *folder,
	       pid_t pid, struct firn_err *err)
{
	autofree char *above = strdup(folder);

	if (above == NULL)
		return firn_err_nomem(err);
	if (enter_above(host, above, "cgroup.procs", pid, err) < 0)
		return -1;
	return write_task(fd, "cgroup.threads", pid, err);
}

static int
enter_exactly(const struct firn_host *host, enum firn_hierarchy hierarchy,
	      const struct firn_cgroup_place *place, pid_t tid, bool whole,
	      struct firn_err *err)
{
	autoclose int fd = firn_host_file(host, place->folder,
					  O_RDONLY | O_DIRECTORY, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "look at %s", place->folder);
	if (st.st_ino != place->inode)
		return firn_err_set(err, ESTALE, "%s is another cgroup by now",
				    place->folder);
	if (hierarchy == FIRN_V1)
		return write_task(fd, "tasks", tid, err);
	if (!whole)
		return write_task(fd, "cgroup.threads", tid, err);
	if (write_task(fd, "cgroup.procs", tid, err) == 0)
		return 0;
	if (err->code != EOPNOTSUPP)
		return -1;
	return enter_threaded(host, fd, place->folder, tid, err);
}

int
firn_cgroup_place_enter(const struct firn_host *host,
			enum firn_hierarchy hierarchy,
			const struct firn_cgroup_place *place, pid_t tid,
			bool whole, char **ret_now, struct firn_err *err)
{
	autofree char *folder = NULL;
	struct firn_err why = { 0 };

	*ret_now = NULL;
	if (enter_exactly(host, hierarchy, place, tid, whole, &why) == 0)
		return 0;
	/* A thread alone is with its process already. */
	if (why.code == ESRCH || (hierarchy == FIRN_V2 && !whole)) {
		*err = why;
		return -1;
	}
	folder = strdup(place->folder);
	if (folder == NULL)
		return firn_err_nomem(err);
	if (enter_above(host, folder,
			hierarchy == FIRN_V2 ? "cgroup.procs" : "tasks", tid,
			err) < 0)
		return -1;
	*ret_now = firn_steal(folder);
	return 0;
}
