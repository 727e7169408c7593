#include "assess/places/looking.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "assess/places/assignments.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/secret.h"

#define FILE_MAX ((uint64_t)8 << 20)
#define BYTES_MAX ((uint64_t)512 << 20)
#define FILES_MAX 20000
#define ENTRIES_MAX 500000

void
firn_look_gap(const struct firn_looking *looking, const char *path,
	      const struct firn_err *why)
{
	firn_checklist_gap(looking->list, path, why);
}

bool
firn_look_spent(const struct firn_looking *looking, const char *path)
{
	struct firn_spent *spent = looking->spent;
	struct firn_err why = { 0 };

	if (spent->n_files >= FILES_MAX)
		firn_err_set(&why, E2BIG, "more than %d files", FILES_MAX);
	else if (spent->n_entries >= ENTRIES_MAX)
		firn_err_set(&why, E2BIG, "more than %d names", ENTRIES_MAX);
	else if (spent->bytes >= BYTES_MAX)
		firn_err_set(&why, E2BIG, "more than %llu MiB of files",
			     (unsigned long long)BYTES_MAX >> 20);
	else if (firn_monotonic_ns() >= spent->deadline_ns)
		firn_err_set(&why, ETIMEDOUT, "the time for it is over");
	else
		return false;
	firn_err_in(&why, "from here on not looked at");
	if (!spent->said)
		firn_look_gap(looking, path, &why);
	spent->said = true;
	return true;
}

bool
firn_is_absent(int code)
{
	return code == ENOENT || code == ENOTDIR;
}

int
firn_look_stat(int path_fd, struct stat *ret, struct firn_err *err)
{
	struct statx st;

	if (statx(path_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		  STATX_BASIC_STATS, &st) < 0)
		return firn_err_sys(err, "stat");
	*ret = (struct stat){
		.st_dev = makedev(st.stx_dev_major, st.stx_dev_minor),
		.st_ino = st.stx_ino,
		.st_mode = st.stx_mode,
		.st_nlink = st.stx_nlink,
		.st_uid = st.stx_uid,
		.st_gid = st.stx_gid,
		.st_size = (off_t)st.stx_size,
		.st_mtim = { .tv_sec = st.stx_mtime.tv_sec,
			     .tv_nsec = st.stx_mtime.tv_nsec },
	};
	return 0;
}

bool
firn_look_waits(const struct firn_looking *looking, const struct stat *st)
{
	const struct firn_mount *mount =
		firn_mounts_device(looking->mounts, st->st_dev);

	return mount != NULL && (firn_mount_waits(mount->fstype) ||
				 firn_mount_kernel(mount->fstype));
}

/* --- one file -------------------------------------------------------------
 */

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

/* May any user pass through the folders above it?  What can't be looked at is
 * taken to be open. */
static bool
is_open(const struct firn_looking *looking, const char *path)
{
	char folder[4096];
	char *slash;

	if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
		return true;
	while ((slash = strrchr(folder, '/')) != NULL && slash != folder) {
		struct firn_err why = { 0 };
		autoclose int fd = -1;
		struct stat st;

		*slash = '\0';
		fd = firn_opener_follow(looking->opener, looking->root_fd,
					folder + 1, &why);
		if (fd >= 0 && firn_look_stat(fd, &st, &why) == 0 &&
		    (st.st_mode & 0001) == 0)
			return false;
	}
	return true;
}

/* A file whose name is enough: all of it is the secret. */
static int
look_by_path(const struct firn_looking *looking,
	     const struct firn_secret_place *place, const char *text,
	     size_t len, struct firn_err *err)
{
	const struct firn_secret_rules *rules = looking->list->rules;
	size_t trimmed = len;

	while (trimmed > 0 &&
	       (text[trimmed - 1] == '\n' || text[trimmed - 1] == '\r'))
		trimmed--;
	for (size_t i = 0; i < rules->n; i++) {
		const struct firn_rule *rule = &rules->items[i];
		bool mounted = looking->secret &&
			       strcmp(rule->name, "mounted-secret") == 0 &&
			       !firn_rule_excepts(rule, place->path, false);

		/* What has a structure has it to its last byte. */
		if (mounted || firn_rule_in_file(rule, place->path, text, len))
			return firn_checklist_add(looking->list, rule, place,
						  text,
						  rule->valid != NULL ? len
								      : trimmed,
						  err);
	}
	return 0;
}

/* What no pattern knows: the value of a variable that leads here, or one whose
 * name is the file's, as keys of a Secret are. */
static int
look_at_whole(const struct firn_looking *looking,
	      const struct firn_secret_place *place, const char *text,
	      size_t len, struct firn_err *err)
{
	struct firn_secret_place named = *place;
	size_t line = len;

	while (line > 0 && (text[line - 1] == '\n' || text[line - 1] == '\r'))
		line--;
	if (line == 0)
		return 0;
	named.name = looking->name;
	if (named.name == NULL && looking->secret)
		named.name = strrchr(place->path, '/') + 1;
	if (named.name != NULL && line <= 4096 &&
	    firn_checklist_value(looking->list, &named, text, line, err) < 0)
		return -1;
	return look_by_path(looking, place, text, len, err);
}

int
firn_look_at_contents(const struct firn_looking *looking,
		      const struct firn_secret_place *place, const char *text,
		      size_t len, struct firn_err *err)
{
	int found = firn_checklist_lines(looking->list, place, text, len, err);

	if (found == 0)
		found = look_at_whole(looking, place, text, len, err);
	return found < 0 ? -1 : 0;
}

static int
look_in(const struct firn_looking *looking, const char *path, int path_fd,
	const struct stat *st, struct firn_err *err)
{
	char shown[4096];
	struct firn_secret_place place = {
		.where = looking->where != NULL ? looking->where : "file",
		.path = shown,
		.via = looking->via,
		.facts = looking->facts,
	};
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	autosecret struct firn_secret text = { 0 };

	show_path(path, shown, sizeof(shown));
	fd = firn_opener_reopen(looking->opener, path_fd, &why);
	if (fd < 0 ||
	    firn_secret_read_fd(&text, fd, path, FILE_MAX, &why) < 0) {
		firn_look_gap(looking, shown, &why);
		return 0;
	}
	looking->spent->n_files++;
	looking->spent->bytes += text.len;
	firn_readers_of_file(looking->ids, st,
			     (st->st_mode & 0004) != 0 &&
				     is_open(looking, path),
			     &place);
	return firn_look_at_contents(looking, &place, text.data, text.len, err);
}

int
firn_look_into(const struct firn_looking *looking, const char *path,
	       int path_fd, struct firn_err *err)
{
	struct firn_err why = { 0 };
	struct stat st;

	if (firn_look_spent(looking, path))
		return 0;
	if (firn_look_stat(path_fd, &st, &why) < 0)
		;
	else if (S_ISLNK(st.st_mode))
		firn_err_set(&why, ELOOP, "a symbolic link: not followed");
	else if (S_ISFIFO(st.st_mode))
		firn_err_set(&why, EINVAL, "a FIFO: not opened");
	else if (!S_ISREG(st.st_mode))
		return 0; /* sockets and devices are mounted too */
	else if (firn_look_waits(looking, &st))
		firn_err_set(&why, EOPNOTSUPP,
			     "its filesystem may wait on a server");
	if (why.code == 0)
		return look_in(looking, path, path_fd, &st, err);
	firn_look_gap(looking, path, &why);
	return 0;
}

/* The same path is looked at once, by who has most to say of it. */
static bool
is_seen(const struct firn_looking *looking, const char *path)
{
	autofree char *key = NULL;

	if (asprintf(&key, "%s:%s", looking->via != NULL ? looking->via : "",
		     path) < 0)
		return false;
	if (json_object_get(looking->spent->seen, key) != NULL)
		return true;
	/* One that isn't UTF-8 is looked at as often as it is named. */
	json_object_set_new(looking->spent->seen, key, json_true());
	return false;
}

int
firn_look_at(const struct firn_looking *looking, const char *path,
	     struct firn_err *err)
{
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	if (firn_look_spent(looking, path))
		return 0;
	fd = (looking->follows ? firn_opener_follow
			       : firn_opener_lookup)(looking->opener,
						     looking->root_fd, path + 1,
						     &why);
	if (fd < 0 && firn_is_absent(why.code))
		return 0;
	/* A name says of what kind it is, also of what was seen. */
	if (is_seen(looking, path) && looking->name == NULL && !looking->again)
		return 0;
	if (fd >= 0)
		return firn_look_into(looking, path, fd, err);
	firn_look_gap(looking, path, &why);
	return 0;
}
