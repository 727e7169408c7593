#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/collectors.h"
#include "collect/json_stream.h"
#include "collect/layer.h"
#include "host/file.h"
#include "host/mountinfo.h"

/*
 * mounts -- what else is mounted in the container: a list of all, the contents
 * of what lives in memory only, and of the volumes that were asked for.
 */

struct reading {
	const struct firn_target *target;
	const struct firn_collection *what;
	struct firn_archive *archive;
	struct firn_mounts mounts;
	int root_fd; /* of the container, O_PATH */
};

static void
gap(const struct reading *reading, const struct firn_mount *mount,
    const struct firn_err *why)
{
	firn_archive_gap(reading->archive, "mounts", mount->point, why);
}

static bool
is_in_memory(const struct firn_mount *mount)
{
	return strcmp(mount->fstype, "tmpfs") == 0 ||
	       strcmp(mount->fstype, "ramfs") == 0;
}

/* Asked for with --volume. */
static bool
is_wanted(const struct reading *reading, const struct firn_mount *mount)
{
	for (size_t i = 0; i < reading->what->n_volumes; i++) {
		const char *volume = reading->what->volumes[i];

		if (strcmp(volume, "all") == 0 ||
		    strcmp(volume, mount->point) == 0)
			return true;
	}
	return false;
}

static const struct firn_mount *
with_id(const struct firn_mounts *mounts, int id)
{
	for (size_t i = 0; i < mounts->n; i++) {
		if (mounts->items[i].id == id)
			return &mounts->items[i];
	}
	return NULL;
}

/* Does the way to it lead through a file server? */
static bool
is_behind_server(const struct reading *reading, const struct firn_mount *mount)
{
	for (size_t steps = 0; mount != NULL && steps < reading->mounts.n;
	     steps++) {
		if (firn_mount_waits(mount->fstype))
			return true;
		mount = mount->parent == mount->id
				? NULL
				: with_id(&reading->mounts, mount->parent);
	}
	return false;
}

/* Its root, O_PATH; links are not followed, and what is there must be this
 * mount and not one that covers it. */
static int
open_mount(const struct reading *reading, const struct firn_mount *mount,
	   struct stat *st, struct firn_err *err)
{
	const char *path =
		mount->point[0] == '/' ? mount->point + 1 : mount->point;
	int fd = firn_file_in_root(reading->root_fd, path,
				   O_PATH | O_NOFOLLOW | O_CLOEXEC, err);

	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 &&
	    st->st_dev == makedev(mount->major, mount->minor))
		return fd;
	close(fd);
	return firn_err_set(err, ENOENT,
			    "another mount covers it, or it is gone");
}

/* --- contents -------------------------------------------------------------
 */

static int
take_folder(struct reading *reading, const struct firn_mount *mount, int fd,
	    json_t *line, struct firn_err *err)
{
	const struct firn_member_source source = { "mounts", mount->point,
						   "tar(5)" };
	const struct firn_member_source lines = { "mounts", mount->point,
						  "firn-archive(5)" };
	autospool struct firn_spool changes = firn_spool_init(AT_FDCWD);
	autodone(firn_layer_free) struct firn_layer layer = {
		.root_fd = fd,
		.collector = "mounts",
		.label = mount->point,
		.archive = reading->archive,
	};
	char member[64];

	if (firn_layer_plan(&layer, err) < 0)
		return -1;
	firn_archive_expect(reading->archive, layer.size);
	snprintf(member, sizeof(member), "data/mounts/%d.tar", mount->id);
	if (firn_layer_write(&layer, member, &source, &changes, NULL, err) < 0)
		return -1;
	json_object_set_new(line, "member", json_string(member));
	snprintf(member, sizeof(member), "data/mounts/%d.jsonl", mount->id);
	return firn_archive_spool(reading->archive, member, &changes, &lines,
				  err);
}

/* A single file that was mounted: resolv.conf, hosts, a secret. */
static int
take_file(struct reading *reading, const struct firn_mount *mount, int path_fd,
	  json_t *line, struct firn_err *err)
{
	const struct firn_member_source source = { "mounts", mount->point,
						   "mount(8)" };
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	uint64_t copied;
	char member[64];
	struct stat st;

	fd = firn_file_reopen(path_fd, &st, &why);
	if (fd < 0) {
		gap(reading, mount, &why);
		return 0;
	}
	snprintf(member, sizeof(member), "data/mounts/%d.file", mount->id);
	if (firn_archive_begin(reading->archive, member, (uint64_t)st.st_size,
			       &source, err) < 0 ||
	    firn_archive_copy(reading->archive, fd, (uint64_t)st.st_size,
			      &copied, &why, err) < 0 ||
	    firn_archive_end(reading->archive, err) < 0)
		return -1;
	if (copied < (uint64_t)st.st_size)
		gap(reading, mount, &why);
	json_object_set_new(line, "member", json_string(member));
	return 0;
}

#define SMALL_FILE (1 << 20)

static int
take(struct reading *reading, const struct firn_mount *mount, json_t *line,
     struct firn_err *err)
{
	bool wanted = is_wanted(reading, mount), memory = is_in_memory(mount);
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	struct stat st;

	if (reading->what->facts_only || strcmp(mount->point, "/") == 0 ||
	    firn_mount_kernel(mount->fstype))
		return 0;
	if (is_behind_server(reading, mount)) {
		firn_err_set(&why, EOPNOTSUPP,
			     "%s: its server could make us wait",
			     mount->fstype);
		gap(reading, mount, &why);
		return 0;
	}
	fd = open_mount(reading, mount, &st, &why);
	if (fd < 0) {
		gap(reading, mount, &why);
		return 0;
	}
	if (S_ISREG(st.st_mode) && (wanted || st.st_size <= SMALL_FILE))
		return take_file(reading, mount, fd, line, err);
	if (S_ISDIR(st.st_mode) && (wanted || memory))
		return take_folder(reading, mount, fd, line, err);
	firn_json_text(line, "not_taken",
		       "a volume; --volume takes its contents");
	return 0;
}

/* --- the list --------------------------------------------------------------
 */

static json_t *
describe(const struct firn_mount *mount)
{
	json_t *line = json_object();
	char device[32];

	snprintf(device, sizeof(device), "%u:%u", mount->major, mount->minor);
	json_object_set_new(line, "id", json_integer(mount->id));
	json_object_set_new(line, "parent", json_integer(mount->parent));
	json_object_set_new(line, "device", json_string(device));
	firn_json_text(line, "point", mount->point);
	firn_json_text(line, "root", mount->root);
	firn_json_text(line, "fstype", mount->fstype);
	firn_json_text(line, "source", mount->source);
	firn_json_text(line, "options", mount->options);
	firn_json_text(line, "super_options", mount->super_options);
	if (mount->propagation[0] != '\0')
		firn_json_text(line, "propagation", mount->propagation);
	return line;
}

static int
read_mounts(struct reading *reading, struct firn_err *err)
{
	static const struct firn_member_source source = {
		"mounts", "/proc/PID/mountinfo", "proc_pid_mountinfo(5)"
	};
	autospool struct firn_spool lines = firn_spool_init(AT_FDCWD);

	for (size_t i = 0; i < reading->mounts.n; i++) {
		const struct firn_mount *mount = &reading->mounts.items[i];
		autojson json_t *line = describe(mount);

		if (take(reading, mount, line, err) < 0 ||
		    firn_json_stream_add(&lines, json_incref(line), err) < 0)
			return -1;
	}
	return firn_archive_spool(reading->archive, "data/mounts/mounts.jsonl",
				  &lines, &source, err);
}

static bool
shares_hosts_mounts(const struct firn_target *target)
{
	struct firn_namespaces host;
	struct firn_err why = { 0 };

	return firn_proc_namespaces(target->host, 1, &host, &why) == 0 &&
	       host.inode[FIRN_NS_MNT] == target->namespaces.inode[FIRN_NS_MNT];
}

static int
open_root(struct reading *reading, struct firn_err *err)
{
	const struct firn_target *target = reading->target;
	char path[32];

	if (shares_hosts_mounts(target))
		return firn_err_set(err, ENOTSUP,
				    "it has no mounts of its own");
	if (firn_mounts_read(target->host, target->init_pid, &reading->mounts,
			     err) < 0)
		return -1;
	snprintf(path, sizeof(path), "%d/root", (int)target->init_pid);
	reading->root_fd = openat(target->host->proc_fd, path,
				  O_PATH | O_DIRECTORY | O_CLOEXEC);
	return reading->root_fd < 0 ? firn_err_sys(err, "open /proc/%s", path)
				    : 0;
}

static int
collect(const struct firn_target *target, const struct firn_collection *what,
	struct firn_archive *archive, struct firn_err *err)
{
	struct reading reading = {
		.target = target,
		.what = what,
		.archive = archive,
		.root_fd = -1,
	};
	struct firn_err why = { 0 };
	int done = 0;

	if (open_root(&reading, &why) < 0)
		firn_archive_gap(archive, "mounts", "its mounts", &why);
	else
		done = read_mounts(&reading, err);
	firn_mounts_free(&reading.mounts);
	firn_auto_close(&reading.root_fd);
	return done;
}

const struct firn_collector firn_collect_mounts = {
	.name = "mounts",
	.summary = "what is mounted, and what lives in memory there (tmpfs)",
	.source = "proc_pid_mountinfo(5), tmpfs(5)",
	.volatility = FIRN_LOST_WITH_CONTAINER,
	.collect = collect,
};
