#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"
#include "contain/foresee/consequence.h"
#include "host/mountinfo.h"
#include "host/proc.h"

/* The container's, its pod's, their slices. */
#define LEVELS_MAX 8
/* No limit is a very high one on v1: memory.limit_in_bytes says 2^63 less a
 * page. */
#define NO_LIMIT (UINT64_C(1) << 60)

struct files {
	const char *limit, *usage;
};

static bool
read_number(int dir_fd, const char *up, const char *name, uint64_t *ret)
{
	autofree char *text = NULL;
	struct firn_err none = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s%s", up, name);
	if (firn_read_at(dir_fd, path, 64, &text, NULL, &none) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	/* "max" is no limit. */
	return firn_is_decimal(text, ret) && *ret < NO_LIMIT;
}

static void
add_level(json_t *list, unsigned level, uint64_t usage, uint64_t limit)
{
	char used[FIRN_SIZE_TEXT], of[FIRN_SIZE_TEXT];

	firn_size_text(usage, used);
	firn_size_text(limit, of);
	firn_consequence_add(
		list, "memory", FIRN_SOME_TIME,
		"its memory%s stands at %s of %s: frozen tasks don't allocate, "
		"but %s under that limit, and the OOM killer ends frozen tasks "
		"too",
		level == 0 ? "" : ", with that of the cgroups beside it,", used,
		of, level == 0 ? "whatever still runs there is" : "others are");
}

/* From the container's own cgroup upwards, where usage is near the limit. */
static void
look(int dir_fd, const struct files *files, json_t *list)
{
	char up[3 * LEVELS_MAX + 1] = "";

	for (unsigned level = 0; level < LEVELS_MAX; level++) {
		uint64_t limit, usage;

		if (read_number(dir_fd, up, files->limit, &limit) &&
		    read_number(dir_fd, up, files->usage, &usage) &&
		    usage >= limit - limit / 10) {
			add_level(list, level, usage, limit);
			return;
		}
		strcat(up, "../");
	}
}

/* The path behind "N:memory:" of /proc/PID/cgroup; NULL without v1's. */
static char *
memory_path(const struct firn_target *target)
{
	autofree char *text = NULL;
	struct firn_err gone = { 0 };
	char *rest, *line;

	if (firn_proc_read(target->host, target->init_pid, "cgroup", 1 << 20,
			   &text, NULL, &gone) < 0)
		return NULL;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *path = line, *controllers;
		char value[2];

		strsep(&path, ":");
		controllers = strsep(&path, ":");
		if (path != NULL &&
		    firn_mount_option(controllers, "memory", value,
				      sizeof(value)) == 0)
			return strdup(path);
	}
	return NULL;
}

static char *
memory_mount(const struct firn_target *target)
{
	autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };
	struct firn_err none = { 0 };
	char value[2];

	if (firn_mounts_read(target->host, 0, &mounts, &none) < 0)
		return NULL;
	for (size_t i = 0; i < mounts.n; i++) {
		const struct firn_mount *mount = &mounts.items[i];

		if (strcmp(mount->fstype, "cgroup") == 0 &&
		    strcmp(mount->root, "/") == 0 &&
		    firn_mount_option(mount->super_options, "memory", value,
				      sizeof(value)) == 0)
			return strdup(mount->point);
	}
	return NULL;
}

static int
open_v1(const struct firn_target *target)
{
	autofree char *path = memory_path(target), *mount = NULL;
	autofree char *folder = NULL;
	struct firn_err none = { 0 };

	if (path == NULL || strcmp(path, "/") == 0)
		return -1;
	mount = memory_mount(target);
	if (mount == NULL || asprintf(&folder, "%s%s", mount, path) < 0)
		return -1;
	return firn_host_file(target->host, folder, O_RDONLY | O_DIRECTORY,
			      &none);
}

void
firn_consequences_of_memory(const struct firn_target *target, json_t *list)
{
	static const struct files v2 = { "memory.max", "memory.current" };
	static const struct files v1 = { "memory.limit_in_bytes",
					 "memory.usage_in_bytes" };
	autoclose int fd = open_v1(target);

	if (fd >= 0)
		look(fd, &v1, list);
	else if (target->v2.path != NULL && target->v2.dir_fd >= 0)
		look(target->v2.dir_fd, &v2, list);
}
