#include "collect/host/host_libraries.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "host/proc.h"

#define BYTES_MAX (64u << 20)
#define MAPS_MAX (8u << 20)
#define PATHS_MAX 16

void
firn_libraries_begin(struct firn_libraries *libraries,
		     const struct firn_target *target,
		     struct firn_archive *archive)
{
	const struct firn_rootfs *rootfs = &target->rootfs;

	*libraries = (struct firn_libraries){
		.target = target,
		.archive = archive,
		.bytes_left = BYTES_MAX,
	};
	if (rootfs->fstype != NULL && strcmp(rootfs->fstype, "overlay") == 0 &&
	    rootfs->device != 0)
		snprintf(libraries->device, sizeof(libraries->device),
			 " %02x:%02x ", major(rootfs->device),
			 minor(rootfs->device));
}

static bool
is_member(const struct firn_target *target, pid_t pid)
{
	for (size_t i = 0; i < target->members.n; i++)
		if (target->members.items[i].pid == pid)
			return true;
	return false;
}

/* "7f00-7f01 r-xp 00000000 00:2f 1234   /lib/x.so": is the device where it
 * should be?  A path may hold the same text. */
static char *
path_of(char *line, const char *device)
{
	char *place = strstr(line, device), *path = strchr(line, '/');

	if (place == NULL || path == NULL || path < place)
		return NULL;
	return path;
}

/* One file is mapped in several pieces, which follow each other. */
static void
look(struct firn_libraries *libraries, char *text, json_t *line)
{
	json_t *paths = json_array();
	const char *last = "";
	char *rest = text, *row;

	while ((row = strsep(&rest, "\n")) != NULL &&
	       json_array_size(paths) < PATHS_MAX) {
		const char *path = path_of(row, libraries->device);
		autojson json_t *entry = NULL;

		if (path == NULL || strcmp(path, last) == 0)
			continue;
		last = path;
		entry = json_object();
		firn_json_text(entry, "path", path);
		json_array_append(paths, json_object_get(entry, "path"));
	}
	if (json_array_size(paths) == 0) {
		json_decref(paths);
		return;
	}
	json_object_set_new(line, "lib_paths", paths);
	json_object_set_new(
		line, "lib_devices",
		json_pack("[I]", (json_int_t)libraries->target->rootfs.device));
}

static int
read_maps(struct firn_libraries *libraries, pid_t pid, char **ret,
	  size_t *ret_len, struct firn_err *err)
{
	const struct firn_host *host = libraries->target->host;
	autoclose int fd = -1;
	char name[16];

	snprintf(name, sizeof(name), "%d", (int)pid);
	fd = openat(host->proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return firn_err_sys(err, "open /proc/%d", (int)pid);
	if (firn_opener_probe(&libraries->opener, fd, err) < 0)
		return -1;
	return firn_read_at(fd, "maps", MAPS_MAX, ret, ret_len, err);
}

void
firn_libraries_add(struct firn_libraries *libraries,
		   const struct firn_host_process *process, json_t *line)
{
	autofree char *text = NULL;
	struct firn_err why = { 0 };
	char what[64];
	size_t len;

	if (libraries->device[0] == '\0' || process->kernel ||
	    process->contained || libraries->bytes_left == 0 ||
	    is_member(libraries->target, process->pid))
		return;
	snprintf(what, sizeof(what), "/proc/%d/maps", (int)process->pid);
	if (read_maps(libraries, process->pid, &text, &len, &why) < 0) {
		/* Of who may do more than we, its exe is missing, too. */
		if (why.code != ENOENT && why.code != ESRCH &&
		    why.code != EACCES && why.code != EPERM)
			firn_archive_gap(libraries->archive, "host", what,
					 &why);
		return;
	}
	if (len >= libraries->bytes_left) {
		libraries->bytes_left = 0;
		firn_err_set(&why, EFBIG, "there are too many mappings");
		firn_archive_gap(libraries->archive, "host",
				 "files of the target's that processes of the "
				 "host have mapped",
				 &why);
	} else {
		libraries->bytes_left -= len;
	}
	if (memmem(text, len, libraries->device, strlen(libraries->device)) !=
	    NULL)
		look(libraries, text, line);
}

void
firn_libraries_end(struct firn_libraries *libraries)
{
	firn_opener_close(&libraries->opener);
}
