#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "collect/held.h"
#include "collect/process.h"

/*
 * mapped -- files that only a mapping still holds, and what the mappings say
 * of code that came from nowhere.
 *
 * Source: proc_pid_maps(5), proc_pid_map_files(5).
 */

struct mapping {
	unsigned long long start, end, inode;
	char permissions[8]; /* "rwxp" */
	const char *path;    /* "" for anonymous memory */
};

/* False for a line that isn't one; a newline in a path stands as \012. */
static bool
parse(char *line, struct mapping *ret)
{
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%llx-%llx %7s %*x %*x:%*x %llu %n", &ret->start,
		   &ret->end, ret->permissions, &ret->inode, &at) != 4 ||
	    at == 0)
		return false;
	ret->path = line + at;
	return true;
}

/* Memory that is no file, though the kernel shows it as one: it goes with the
 * memory of the process. */
static bool
is_shared_memory(const struct firn_process *process, const struct statx *st,
		 const char *path)
{
	return firn_held_device(st) == process->reading->shmem &&
	       (strcmp(path, "/dev/zero (deleted)") == 0 ||
		strncmp(path, "/SYSV", 5) == 0);
}

static int
keep_mapped(struct firn_process *process, const struct mapping *mapping,
	    json_t *list, struct firn_err *err)
{
	struct firn_held_name held = { 0 };
	struct firn_err why = { 0 };
	char name[64], leaf[32];
	const char *member;
	struct statx st;
	json_t *entry;

	snprintf(name, sizeof(name), "map_files/%llx-%llx", mapping->start,
		 mapping->end);
	if (firn_held_stat(process, name, &st, &why) < 0) {
		firn_process_lost(process, name, &why);
		return 0;
	}
	if (!firn_held_is_file(&st) ||
	    is_shared_memory(process, &st, mapping->path))
		return 0;
	firn_held_name(process, &st, mapping->path, &held);
	if (!held.deleted)
		return 0;
	firn_process_finding(process, "deleted_file_mapped");
	snprintf(leaf, sizeof(leaf), "map-%llx", mapping->start);
	if (firn_held_copy(process, name, &st, leaf, &member, err) < 0)
		return -1;
	entry = json_object();
	snprintf(leaf, sizeof(leaf), "%llx", mapping->start);
	json_object_set_new(entry, "start", json_string(leaf));
	firn_json_text(entry, "path", mapping->path);
	json_object_set_new(entry, "permissions",
			    json_string(mapping->permissions));
	firn_json_uint(entry, "inode", st.stx_ino);
	if (member != NULL)
		json_object_set_new(entry, "member", json_string(member));
	json_array_append_new(list, entry);
	return 0;
}

static void
judge(struct firn_process *process, const struct mapping *mapping)
{
	bool write = mapping->permissions[1] == 'w';
	bool execute = mapping->permissions[2] == 'x';

	if (!execute)
		return;
	if (write)
		firn_process_finding(process, "memory_writable_and_executable");
	if (mapping->path[0] == '\0')
		firn_process_finding(process, "code_in_anonymous_memory");
	if (strncmp(mapping->path, "/memfd:", 7) == 0)
		firn_process_finding(process, "code_in_memfd");
}

/* One file is often mapped in several pieces, which follow each other. */
static int
read_lines(struct firn_process *process, FILE *maps, json_t *list,
	   struct firn_err *err)
{
	autofree char *line = NULL;
	unsigned long long last = 0;
	size_t size = 0;

	while (!process->gone && getline(&line, &size, maps) > 0) {
		struct mapping mapping;

		if (!parse(line, &mapping))
			continue;
		judge(process, &mapping);
		if (mapping.path[0] != '/' || mapping.inode == last ||
		    !firn_ends_with(mapping.path, " (deleted)"))
			continue;
		last = mapping.inode;
		if (keep_mapped(process, &mapping, list, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_process_mapped(struct firn_process *process, struct firn_err *err)
{
	autojson json_t *list = json_array();
	struct firn_err why = { 0 };
	FILE *maps;
	int fd, done;

	if (process->gone || process->locked ||
	    !firn_process_has_memory(process))
		return 0;
	fd = openat(process->dir_fd, "maps", O_RDONLY | O_CLOEXEC);
	maps = fd < 0 ? NULL : fdopen(fd, "r");
	if (maps == NULL) {
		firn_err_sys(&why, "open");
		if (fd >= 0)
			close(fd);
		firn_process_lost(process, "maps", &why);
		return 0;
	}
	done = read_lines(process, maps, list, err);
	fclose(maps);
	if (json_array_size(list) > 0)
		json_object_set(process->facts, "deleted_mappings", list);
	return done;
}
