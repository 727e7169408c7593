#include "collect/host/host_modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/spool.h"
#include "collect/json_stream.h"

#define LIST_MAX (4u << 20)
#define FOLDER "/sys/module"

static void
set_loaded(int sysfs_fd, const char *name, json_t *line)
{
	struct stat st;

	if (sysfs_fd >= 0 &&
	    fstatat(sysfs_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode))
		firn_json_time(line, "loaded_before", st.st_mtim);
}

/* "NAME SIZE USERS USED_BY STATE ADDRESS (TAINTS)"; the last is seldom there.
 */
static json_t *
describe(char *text, int sysfs_fd)
{
	char *fields[7] = { NULL };
	json_t *line = json_object();
	uint64_t size;

	for (size_t i = 0; i < 7; i++)
		fields[i] = strsep(&text, " ");
	firn_json_text(line, "name", fields[0]);
	if (fields[1] != NULL && firn_is_decimal(fields[1], &size))
		firn_json_uint(line, "size", size);
	firn_json_text(line, "state", fields[4]);
	firn_json_text(line, "taints", fields[6] != NULL ? fields[6] : "");
	set_loaded(sysfs_fd, fields[0], line);
	return line;
}

static bool
is_listed(const json_t *listed, const char *name)
{
	return json_object_get(listed, name) != NULL;
}

/* What is built in has no initstate. */
static int
add_unlisted(int sysfs_fd, const json_t *listed, struct firn_spool *lines,
	     struct firn_err *err)
{
	int fd = openat(sysfs_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char path[300];
		json_t *line;

		snprintf(path, sizeof(path), "%s/initstate", entry->d_name);
		if (entry->d_name[0] == '.' ||
		    is_listed(listed, entry->d_name) ||
		    faccessat(fd, path, F_OK, 0) < 0)
			continue;
		line = json_object();
		firn_json_text(line, "name", entry->d_name);
		set_loaded(sysfs_fd, entry->d_name, line);
		json_object_set_new(line, "missing_in",
				    json_pack("[s]", "/proc/modules"));
		if (firn_json_stream_add(lines, line, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_host_modules(const struct firn_host *host, struct firn_archive *archive,
		  struct firn_err *err)
{
	static const struct firn_member_source source = {
		"host", "/proc/modules, " FOLDER, "proc_modules(5)"
	};
	autospool struct firn_spool lines = firn_spool_init(AT_FDCWD);
	autojson json_t *listed = json_object();
	autofree char *text = NULL;
	autoclose int sysfs_fd = -1;
	struct firn_err why = { 0 };
	char *rest, *row;

	if (firn_read_at(host->proc_fd, "modules", LIST_MAX, &text, NULL,
			 &why) < 0) {
		/* A kernel without modules: host.json says so. */
		if (why.code != ENOENT)
			firn_archive_gap(archive, "host", "modules", &why);
		return 0;
	}
	sysfs_fd = firn_host_file(host, FOLDER, O_PATH | O_DIRECTORY, &why);
	if (sysfs_fd < 0)
		firn_archive_gap(archive, "host", FOLDER, &why);
	rest = text;
	while ((row = strsep(&rest, "\n")) != NULL && row[0] != '\0') {
		json_t *line = describe(row, sysfs_fd);

		json_object_set_new(listed,
				    firn_json_string(line, "name", NULL),
				    json_true());
		if (firn_json_stream_add(&lines, line, err) < 0)
			return -1;
	}
	if (sysfs_fd >= 0 && add_unlisted(sysfs_fd, listed, &lines, err) < 0)
		return -1;
	return firn_archive_spool(archive, "data/host/modules.jsonl", &lines,
				  &source, err);
}
