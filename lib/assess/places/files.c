#include "assess/places/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "assess/places/assignments.h"
#include "base/auto.h"
#include "base/io.h"
#include "collect/opener.h"
#include "host/file.h"
#include "host/mountinfo.h"

#define FILE_MAX (1 << 20)
#define FILES_MAX 2000
#define DEPTH_MAX 8

struct looking {
	struct firn_checklist *list;
	struct firn_mounts mounts;
	struct firn_opener opener;
	int root_fd;
	size_t n_files;
};

static void
gap(const struct looking *looking, const char *path, const struct firn_err *why)
{
	firn_checklist_gap(looking->list, path, why);
}

/* "/run/secrets/..2026_11_24/token" is shown as the kubelet's users know it:
 * without the folder that ..data leads to. */
static void
show_path(const char *path, char *ret, size_t size)
{
	const char *hidden = strstr(path, "/..");
	const char *rest = hidden != NULL ? strchr(hidden + 1, '/') : NULL;

	if (rest == NULL)
		snprintf(ret, size, "%s", path);
	else
		snprintf(ret, size, "%.*s%s", (int)(hidden - path), path, rest);
}

static const char *
readers(const struct stat *st)
{
	if ((st->st_mode & 0004) != 0)
		return "everybody in the container";
	if ((st->st_mode & 0040) != 0)
		return "its owner and group, and root";
	return st->st_uid == 0 ? "root in the container"
			       : "its owner, and root";
}

/* --- one file -------------------------------------------------------------
 */

/* A file whose name is enough: all of it is the secret. */
static int
look_by_name(struct looking *looking, const struct firn_secret_place *place,
	     const char *text, size_t len, struct firn_err *err)
{
	const struct firn_secret_rules *rules = looking->list->rules;

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	for (size_t i = 0; i < rules->n && len > 0; i++) {
		const struct firn_rule *rule = &rules->items[i];

		for (size_t k = 0; k < rule->files.n; k++) {
			const char *glob = rule->files.items[k];
			bool home = strncmp(glob, "~/", 2) == 0;
			const char *end =
				home ? strstr(place->path, glob + 1) : NULL;

			if (rule->pattern == NULL &&
			    !firn_rule_excepts(rule, place->path, false) &&
			    ((home && end != NULL &&
			      strcmp(end, glob + 1) == 0) ||
			     (!home &&
			      firn_glob(glob, place->path, strlen(place->path),
					false, true))))
				return firn_checklist_add(looking->list, rule,
							  place, text, len,
							  err);
		}
	}
	return 0;
}

static int
look_in(struct looking *looking, const char *path, int path_fd,
	const struct stat *st, struct firn_err *err)
{
	char shown[4096];
	struct firn_secret_place place = {
		.where = "file",
		.path = shown,
		.readable_by = readers(st),
	};
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	autosecret struct firn_secret text = { 0 };
	int found;

	show_path(path, shown, sizeof(shown));
	fd = firn_opener_reopen(&looking->opener, path_fd, &why);
	if (fd < 0 ||
	    firn_secret_read_fd(&text, fd, path, FILE_MAX, &why) < 0) {
		gap(looking, shown, &why);
		return 0;
	}
	found = firn_checklist_lines(looking->list, &place, text.data, text.len,
				     err);
	if (found == 0)
		found = look_by_name(looking, &place, text.data, text.len, err);
	return found < 0 ? -1 : 0;
}

/* Never ask a file server for more than the name. */
static bool
is_on_server(const struct looking *looking, const struct stat *st)
{
	const struct firn_mount *mount =
		firn_mounts_device(&looking->mounts, st->st_dev);

	return mount != NULL && (firn_mount_waits(mount->fstype) ||
				 firn_mount_kernel(mount->fstype));
}

static bool
is_absent(int code)
{
	return code == ENOENT || code == ENOTDIR;
}

static int
look_at_file(struct looking *looking, const char *path, struct firn_err *err)
{
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	struct stat st;

	fd = firn_opener_lookup(&looking->opener, looking->root_fd, path + 1,
				&why);
	if (fd < 0 && is_absent(why.code))
		return 0;
	if (fd >= 0 && fstat(fd, &st) < 0)
		firn_err_sys(&why, "stat");
	else if (fd >= 0 && S_ISLNK(st.st_mode))
		firn_err_set(&why, ELOOP, "a symbolic link: not followed");
	else if (fd >= 0 && S_ISFIFO(st.st_mode))
		firn_err_set(&why, EINVAL, "a FIFO: not opened");
	else if (fd >= 0 && !S_ISREG(st.st_mode))
		return 0; /* sockets and devices are mounted too */
	else if (fd >= 0 && is_on_server(looking, &st))
		firn_err_set(&why, EOPNOTSUPP,
			     "its filesystem may wait on a server");
	if (why.code == 0)
		return look_in(looking, path, fd, &st, err);
	gap(looking, path, &why);
	return 0;
}

/* --- a folder of secrets --------------------------------------------------
 */

static int look_below(struct looking *looking, const char *path, unsigned depth,
		      struct firn_err *err);

/* In a folder of secrets only, what is no file and ought to be told: a FIFO, or
 * a link that leads out.  Those within (..data, token) lead to what is looked
 * at anyway. */
static bool
is_odd(int folder_fd, const char *path, const struct dirent *entry)
{
	char to[4096];
	ssize_t len;

	if (strncmp(path, "/run/secrets/", 13) != 0 &&
	    strncmp(path, "/var/run/secrets/", 17) != 0)
		return false;
	if (entry->d_type != DT_LNK)
		return entry->d_type == DT_FIFO;
	len = readlinkat(folder_fd, entry->d_name, to, sizeof(to) - 1);
	if (len <= 0)
		return true;
	to[len] = '\0';
	return to[0] == '/' || strcmp(to, "..") == 0 ||
	       strncmp(to, "../", 3) == 0 || strstr(to, "/../") != NULL;
}

static int
look_at_entry(struct looking *looking, const char *folder, int folder_fd,
	      const struct dirent *entry, unsigned depth, struct firn_err *err)
{
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);

	if (strcmp(entry->d_name, ".") == 0 ||
	    strcmp(entry->d_name, "..") == 0 || len < 0 ||
	    (size_t)len >= sizeof(path))
		return 0;
	if (++looking->n_files > FILES_MAX) {
		struct firn_err why = { 0 };

		firn_err_set(&why, E2BIG, "more than %d files", FILES_MAX);
		if (looking->n_files == FILES_MAX + 1)
			gap(looking, folder, &why);
		return 0;
	}
	if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)
		return look_below(looking, path, depth + 1, err);
	if (entry->d_type == DT_REG || is_odd(folder_fd, path, entry))
		return look_at_file(looking, path, err);
	return 0;
}

static int
look_below(struct looking *looking, const char *path, unsigned depth,
	   struct firn_err *err)
{
	struct firn_err why = { 0 };
	autoclose int path_fd = -1;
	autodir DIR *dir = NULL;
	const struct dirent *entry;
	struct stat st;
	int fd;

	if (depth > DEPTH_MAX) {
		firn_err_set(&why, E2BIG, "deeper than %d folders", DEPTH_MAX);
		gap(looking, path, &why);
		return 0;
	}
	path_fd = firn_opener_lookup(&looking->opener, looking->root_fd,
				     path + 1, &why);
	if (path_fd < 0) {
		if (!is_absent(why.code) && why.code != ELOOP)
			gap(looking, path, &why);
		return 0;
	}
	if (fstat(path_fd, &st) == 0 && S_ISREG(st.st_mode))
		return look_at_file(looking, path, err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (is_on_server(looking, &st)) {
		firn_err_set(&why, EOPNOTSUPP,
			     "its filesystem may wait on a server");
		gap(looking, path, &why);
		return 0;
	}
	fd = openat(path_fd, ".",
		    O_RDONLY | O_DIRECTORY | O_NOATIME | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		firn_err_sys(&why, "read the folder");
		firn_auto_close(&fd);
		gap(looking, path, &why);
		return 0;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (look_at_entry(looking, path, fd, entry, depth, err) < 0)
			return -1;
	}
	return 0;
}

/* --- where to look --------------------------------------------------------
 */

static int
look_at_known(struct looking *looking, const char *home, struct firn_err *err)
{
	const struct firn_secret_rules *rules = looking->list->rules;

	for (size_t i = 0; i < rules->n; i++) {
		const struct firn_words *files = &rules->items[i].files;

		for (size_t k = 0; k < files->n; k++) {
			const char *file = files->items[k];
			bool tilde = strncmp(file, "~/", 2) == 0;
			char path[4096];

			if (strchr(file, '*') != NULL ||
			    tilde != (home != NULL))
				continue;
			snprintf(path, sizeof(path), "%s%s", tilde ? home : "",
				 tilde ? file + 1 : file);
			if (look_at_file(looking, path, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int
look_at_homes(struct looking *looking, struct firn_err *err)
{
	struct firn_err why = { 0 };
	autoclose int path_fd = -1;
	autodir DIR *dir = NULL;
	const struct dirent *entry;
	int fd;

	if (look_at_known(looking, "/root", err) < 0)
		return -1;
	path_fd = firn_opener_lookup(&looking->opener, looking->root_fd, "home",
				     &why);
	fd = path_fd < 0
		     ? -1
		     : openat(path_fd, ".",
			      O_RDONLY | O_DIRECTORY | O_NOATIME | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	for (size_t n = 0; dir != NULL && n < 1000; n++) {
		char home[300];

		entry = readdir(dir);
		if (entry == NULL)
			break;
		snprintf(home, sizeof(home), "/home/%s", entry->d_name);
		if (entry->d_name[0] != '.' &&
		    look_at_known(looking, home, err) < 0)
			return -1;
	}
	return 0;
}

/* What is mounted into a container in memory, or as one file, is mostly that:
 * a secret, or its configuration. */
static int
look_at_mounts(struct looking *looking, struct firn_err *err)
{
	for (size_t i = 0; i < looking->mounts.n; i++) {
		const struct firn_mount *mount = &looking->mounts.items[i];
		int done = 0;

		if (strcmp(mount->fstype, "tmpfs") == 0 &&
		    strncmp(mount->point, "/dev", 4) != 0 &&
		    strncmp(mount->point, "/proc", 5) != 0 &&
		    strncmp(mount->point, "/sys", 4) != 0 &&
		    strcmp(mount->point, "/tmp") != 0)
			done = look_below(looking, mount->point, 0, err);
		else if (strcmp(mount->point, "/") != 0 &&
			 !firn_mount_kernel(mount->fstype) &&
			 !firn_mount_waits(mount->fstype) &&
			 mount->root[0] == '/' && mount->root[1] != '\0')
			done = look_at_file(looking, mount->point, err);
		if (done < 0)
			return -1;
	}
	return 0;
}

static int
look(struct looking *looking, struct firn_err *err)
{
	if (look_at_mounts(looking, err) < 0 ||
	    look_below(looking, "/run/secrets", 0, err) < 0 ||
	    look_below(looking, "/var/run/secrets", 0, err) < 0 ||
	    look_at_known(looking, NULL, err) < 0)
		return -1;
	return look_at_homes(looking, err);
}

int
firn_secret_files(struct firn_checklist *list, const struct firn_target *target,
		  struct firn_err *err)
{
	struct looking looking = { .list = list, .root_fd = -1 };
	struct firn_err why = { 0 };
	char path[32];
	int done = 0;

	snprintf(path, sizeof(path), "%d/root", (int)target->init_pid);
	looking.root_fd = openat(target->host->proc_fd, path,
				 O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (looking.root_fd < 0) {
		firn_err_sys(&why, "open /proc/%s", path);
		firn_checklist_gap(list, "its files", &why);
		return 0;
	}
	if (firn_mounts_read(target->host, target->init_pid, &looking.mounts,
			     &why) < 0)
		firn_checklist_gap(list, "its files", &why);
	else
		done = look(&looking, err);
	firn_mounts_free(&looking.mounts);
	firn_opener_close(&looking.opener);
	firn_auto_close(&looking.root_fd);
	return done;
}
