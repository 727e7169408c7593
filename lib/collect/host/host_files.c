#include "collect/host/host_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/spool.h"
#include "collect/host/host_entry.h"
#include "collect/host/host_walk.h"
#include "collect/json_stream.h"

#define PASSWD_MAX (4u << 20)
#define HOMES_MAX 1000
#define FOLDER_MAX 8192

/* A folder may have two names (/lib is /usr/lib). */
struct seen {
	dev_t device;
	ino_t inode;
};

struct search {
	struct firn_walk walk;
	struct firn_archive *archive;
	struct firn_spool lines;
	struct firn_entry_limits limits;
	struct seen *seen;
	size_t n_seen;
	size_t n; /* entries so far */
	bool full;
};

static void
lost(struct search *search, const char *path, const struct firn_err *why)
{
	if (why->code != ENOENT && why->code != ENOTDIR)
		firn_archive_gap(search->archive, "host", path, why);
}

static bool
is_seen(struct search *search, const struct statx *st)
{
	struct seen folder = {
		.device = makedev(st->stx_dev_major, st->stx_dev_minor),
		.inode = st->stx_ino,
	};
	struct seen *more;

	for (size_t i = 0; i < search->n_seen; i++)
		if (search->seen[i].device == folder.device &&
		    search->seen[i].inode == folder.inode)
			return true;
	more = reallocarray(search->seen, search->n_seen + 1, sizeof(*more));
	if (more == NULL)
		return false;
	search->seen = more;
	search->seen[search->n_seen++] = folder;
	return false;
}

static int
add(struct search *search, json_t *line, struct firn_err *err)
{
	struct firn_err why = { 0 };

	if (search->n++ < FIRN_HOST_FILES_MAX)
		return firn_json_stream_add(&search->lines, line, err);
	json_decref(line);
	if (!search->full) {
		firn_err_set(&why, E2BIG, "there are more than %d",
			     FIRN_HOST_FILES_MAX);
		firn_archive_gap(search->archive, "host",
				 "files that decide over the host", &why);
	}
	search->full = true;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
free_names(char ***names)
{
	for (char **name = *names; name != NULL && *name != NULL; name++)
		free(*name);
	free(*names);
}

/* Sorted; NULL when it can't be read. */
static char **
names_in(struct search *search, int dir_fd, const char *path)
{
	int fd = openat(dir_fd, ".",
			O_RDONLY | O_DIRECTORY | O_NOATIME | O_CLOEXEC);
	autodir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char **names = calloc(FOLDER_MAX + 1, sizeof(*names));
	struct firn_err why = { 0 };
	struct dirent *entry;
	size_t n = 0;

	if (dir == NULL || names == NULL) {
		firn_err_sys(&why, "list");
		lost(search, path, &why);
		free(names);
		return NULL;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (n == FOLDER_MAX) {
			firn_err_set(&why, E2BIG, "it has more than %d entries",
				     FOLDER_MAX);
			firn_archive_gap(search->archive, "host", path, &why);
			break;
		}
		names[n] = strdup(entry->d_name);
		n += names[n] != NULL;
	}
	if (n > 1)
		qsort(names, n, sizeof(*names), by_name);
	return names;
}

static int look_into(struct search *search, const struct firn_host_place *place,
		     int dir_fd, struct firn_err *err);

/* One name in a folder; `place->path` is its own. */
static int
look_at(struct search *search, const struct firn_host_place *place, int dir_fd,
	const char *name, struct firn_err *err)
{
	const struct firn_entry entry = { .walk = &search->walk,
					  .dir_fd = dir_fd,
					  .name = name,
					  .kind = place->kind,
					  .path = place->path };
	autoclose int fd = -1;
	struct firn_err why = { 0 };
	struct statx st;
	json_t *line;

	if (firn_walk_stat(dir_fd, name, &st) < 0)
		return 0; /* it isn't there, or no more */
	if (firn_walk_waits(&search->walk, &st)) {
		firn_err_set(&why, EREMOTE,
			     "it lies on a file server, which "
			     "is not asked");
		lost(search, place->path, &why);
		return 0;
	}
	line = firn_entry_json(&entry, &st, &search->limits, &why);
	if (why.code != 0)
		lost(search, place->path, &why);
	if (add(search, line, err) < 0)
		return -1;
	if (!S_ISDIR(st.stx_mode) || place->depth == 0 || search->full)
		return 0;
	fd = openat(dir_fd, name,
		    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? 0 : look_into(search, place, fd, err);
}

static int
look_into(struct search *search, const struct firn_host_place *place,
	  int dir_fd, struct firn_err *err)
{
	autodone(free_names) char **names = NULL;
	struct statx st;

	if (firn_walk_stat(dir_fd, "", &st) < 0 || is_seen(search, &st))
		return 0;
	names = names_in(search, dir_fd, place->path);
	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		char path[PATH_MAX];
		struct firn_host_place below = {
			.kind = place->kind,
			.path = path,
			.depth = place->depth - (place->depth > 0),
		};
		int len = snprintf(path, sizeof(path), "%s/%s", place->path,
				   names[i]);

		if (len < 0 || (size_t)len >= sizeof(path))
			continue;
		if (look_at(search, &below, dir_fd, names[i], err) < 0)
			return -1;
	}
	return 0;
}

/* The folder that a place is in is walked to; its last name is not followed. */
static int
look_for(struct search *search, const struct firn_host_place *place,
	 struct firn_err *err)
{
	const char *name = strrchr(place->path, '/') + 1;
	autofree char *folder =
		strndup(place->path, name - place->path > 1
					     ? (size_t)(name - place->path - 1)
					     : 1);
	struct firn_host_place whole = *place;
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	if (folder == NULL)
		return firn_err_nomem(err);
	fd = firn_walk_open(&search->walk, folder, &why);
	if (fd < 0) {
		lost(search, place->path, &why);
		return 0;
	}
	/* Its own depth counts what is below the folder that it names. */
	whole.depth++;
	return look_at(search, &whole, fd, name, err);
}

static int
look_at_home(struct search *search, const char *home, struct firn_err *err)
{
	static const char *const names[] = {
		".ssh/authorized_keys",
		".ssh/authorized_keys2",
		".ssh/config",
		".ssh/environment",
		".ssh/rc",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[PATH_MAX];
		const struct firn_host_place place = { .kind = "ssh",
						       .path = path };
		int len = snprintf(path, sizeof(path), "%s/%s", home, names[i]);

		if (len > 0 && (size_t)len < sizeof(path) &&
		    look_for(search, &place, err) < 0)
			return -1;
	}
	return 0;
}

static bool
is_among(char *const *homes, size_t n, const char *home)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(homes[i], home) == 0)
			return true;
	return false;
}

/* "name:x:uid:gid:comment:home:shell"; passwd(5). */
static int
look_at_homes(struct search *search, struct firn_err *err)
{
	autofree char *text = NULL, **homes = calloc(HOMES_MAX, sizeof(*homes));
	struct firn_err why = { 0 };
	char *rest, *line;
	size_t n = 0;

	if (homes == NULL)
		return firn_err_nomem(err);
	if (firn_host_read(search->walk.host, "/etc/passwd", PASSWD_MAX, &text,
			   NULL, &why) < 0) {
		lost(search, "/etc/passwd", &why);
		return 0;
	}
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL && n < HOMES_MAX) {
		char *home = NULL;

		for (int i = 0; i < 6 && line != NULL; i++)
			home = strsep(&line, ":");
		if (line == NULL || home == NULL || home[0] != '/' ||
		    is_among(homes, n, home))
			continue;
		homes[n++] = home;
		if (look_at_home(search, home, err) < 0)
			return -1;
	}
	return 0;
}

static int
search_all(struct search *search, struct firn_err *err)
{
	size_t n;
	const struct firn_host_place *places = firn_host_places(&n);

	for (size_t i = 0; i < n; i++)
		if (look_for(search, &places[i], err) < 0)
			return -1;
	return look_at_homes(search, err);
}

int
firn_host_files(const struct firn_host *host, struct firn_archive *archive,
		struct firn_err *err)
{
	static const struct firn_member_source source = {
		"host", "/etc, /usr/lib/systemd, /var/spool, homes",
		"firn-archive(5)"
	};
	struct search search = {
		.archive = archive,
		.lines = firn_spool_init(AT_FDCWD),
		.limits = { .bytes_left = FIRN_ENTRY_BYTES },
	};
	struct firn_err why = { 0 };
	int done;

	if (firn_walk_begin(&search.walk, host, &why) < 0) {
		firn_archive_gap(archive, "host",
				 "files that decide over the host", &why);
		firn_walk_end(&search.walk);
		return 0;
	}
	done = search_all(&search, err);
	if (done == 0)
		done = firn_archive_spool(archive, "data/host/files.jsonl",
					  &search.lines, &source, err);
	firn_walk_end(&search.walk);
	firn_spool_free(&search.lines);
	free(search.seen);
	return done;
}
