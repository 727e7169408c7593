#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/held.h"
#include "collect/process.h"
#include "host/file.h"

/*
 * executables -- what each process runs.
 *
 * The link of proc(5) leads to the file that was executed.  Where no path
 * leads to that file any more (deleted, replaced, never had one), it goes into
 * the archive; where one does, it is in the image or in the layer.
 */

static bool
is_memfd(const struct firn_process *process, const struct statx *st,
	 const char *path)
{
	const char *filesystem = firn_held_filesystem(process, st);

	/* One with huge pages lies on a filesystem that is mounted nowhere. */
	return st->stx_nlink == 0 && strncmp(path, "/memfd:", 7) == 0 &&
	       (filesystem[0] == '\0' || strcmp(filesystem, "shmem") == 0);
}

/* Is it a file that the container itself has written?  Its upper directory
 * then has it under the same path. */
static bool
is_in_upper(const struct firn_process *process, const struct statx *st,
	    const char *path)
{
	autoclose int fd = -1;
	struct firn_err why = { 0 };
	struct stat upper;

	if (process->reading->upper_fd < 0 || path[0] != '/' ||
	    firn_held_device(st) != process->reading->target->rootfs.device)
		return false;
	fd = firn_file_beneath(process->reading->upper_fd, path + 1,
			       O_PATH | O_NOFOLLOW, &why);
	return fd >= 0 && fstat(fd, &upper) == 0 && S_ISREG(upper.st_mode) &&
	       (uint64_t)upper.st_size == st->stx_size &&
	       upper.st_mtim.tv_sec == st->stx_mtime.tv_sec &&
	       (uint32_t)upper.st_mtim.tv_nsec == st->stx_mtime.tv_nsec;
}

static void
set_flag(json_t *object, const char *key, bool value)
{
	if (value)
		json_object_set_new(object, key, json_true());
}

static void
judge(struct firn_process *process, const struct statx *st, const char *path,
      const struct firn_held_name *name, json_t *exe)
{
	const char *filesystem = firn_held_filesystem(process, st);
	bool memfd = is_memfd(process, st, path);
	bool upper = !name->deleted && !name->replaced &&
		     is_in_upper(process, st, path);

	json_object_set_new(exe, "deleted", json_boolean(name->deleted));
	set_flag(exe, "memfd", memfd);
	set_flag(exe, "replaced", name->replaced);
	set_flag(exe, "hidden", name->hidden);
	set_flag(exe, "name_unknown", name->unknown);
	set_flag(exe, "in_upper_layer", upper);
	if (memfd)
		firn_process_finding(process, "exe_memfd");
	else if (name->deleted)
		firn_process_finding(process, "exe_deleted");
	if (name->replaced)
		firn_process_finding(process, "exe_replaced");
	if (name->hidden)
		firn_process_finding(process, "exe_hidden");
	if (upper)
		firn_process_finding(process, "exe_in_upper_layer");
	if (strcmp(filesystem, "tmpfs") == 0 ||
	    strcmp(filesystem, "ramfs") == 0)
		firn_process_finding(process, "exe_on_tmpfs");
	if ((st->stx_mode & (S_ISUID | S_ISGID)) != 0)
		firn_process_finding(process, "exe_setuid");
}

static int
read_contents(struct firn_process *process, const struct statx *st,
	      bool is_lost, json_t *exe, struct firn_err *err)
{
	const char *digest, *member;

	digest = firn_held_digest(process, "exe", st);
	if (digest != NULL)
		json_object_set_new(exe, "sha256", json_string(digest));
	if (!is_lost)
		return 0;
	if (firn_held_copy(process, "exe", st, "exe", &member, err) < 0)
		return -1;
	if (member != NULL)
		json_object_set_new(exe, "member", json_string(member));
	return 0;
}

int
firn_process_executable(struct firn_process *process, struct firn_err *err)
{
	autofree char *path = NULL;
	struct firn_held_name name;
	struct firn_err why = { 0 };
	struct statx st;
	json_t *exe;
	size_t len;

	if (process->gone || !firn_process_has_memory(process))
		return 0;
	if (firn_process_link(process, "exe", &path, &len, &why) < 0 ||
	    firn_held_stat(process, "exe", &st, &why) < 0) {
		firn_process_lost(process, "exe", &why);
		return 0;
	}
	exe = json_object();
	json_object_set_new(process->facts, "exe", exe);
	firn_json_bytes(exe, "path", path, len);
	firn_held_facts(process, &st, exe);
	firn_held_name(process, &st, path, &name);
	judge(process, &st, path, &name, exe);
	return read_contents(process, &st,
			     name.deleted || name.replaced || name.hidden, exe,
			     err);
}
