#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "collect/collectors.h"
#include "collect/layer.h"
#include "host/quiet.h"

/*
 * filesystem -- what the container has changed: its writable layer.
 *
 * An overlay is read by its upper folder on the host, never through the
 * container's own mounts.
 */

static int
write_layer(struct firn_layer *layer, const char *path,
	    struct firn_archive *archive, struct firn_err *err)
{
	const struct firn_member_source tar = { "filesystem", path,
						"OCI image-spec, layer.md" };
	const struct firn_member_source lines = { "filesystem", path,
						  "firn-archive(5)" };
	const struct firn_member_source body = { "filesystem", path,
						 "The Sleuth Kit, mactime(1)" };
	autospool struct firn_spool changes = firn_spool_init(AT_FDCWD);
	autospool struct firn_spool bodyfile = firn_spool_init(AT_FDCWD);

	if (firn_layer_plan(layer, err) < 0)
		return -1;
	firn_archive_expect(archive, layer->size);
	if (firn_layer_write(layer, "data/filesystem/layer.tar", &tar, &changes,
			     &bodyfile, err) < 0 ||
	    firn_archive_spool(archive, "data/filesystem/changes.jsonl",
			       &changes, &lines, err) < 0)
		return -1;
	return firn_archive_spool(archive, "data/filesystem/bodyfile",
				  &bodyfile, &body, err);
}

/* An old kernel can't forbid it: then it's said. */
static int
open_quietly(const struct firn_target *target, const char *path,
	     struct firn_archive *archive, struct firn_err *err)
{
	autoclose int fd =
		firn_host_file(target->host, path, O_PATH | O_DIRECTORY, err);
	struct firn_err why = { 0 };
	int quiet_fd;

	if (fd < 0)
		return -1;
	quiet_fd = firn_quiet(fd, &why);
	if (quiet_fd >= 0)
		return quiet_fd;
	firn_archive_gap(archive, "filesystem",
			 "the access times of symbolic links, which are "
			 "renewed by reading them",
			 &why);
	return firn_steal_fd(&fd);
}

static int
collect_overlay(const struct firn_target *target, struct firn_archive *archive,
		struct firn_err *err)
{
	const struct firn_rootfs *rootfs = &target->rootfs;
	autodone(firn_layer_free) struct firn_layer layer = {
		.collector = "filesystem",
		.label = "the upper directory",
		.overlay = true,
		.archive = archive,
	};
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	fd = open_quietly(target, rootfs->upper, archive, &why);
	if (fd < 0) {
		firn_archive_gap(archive, "filesystem", "layer.tar", &why);
		return 0;
	}
	if (firn_lowers_open(&layer.lowers, target->host, rootfs->lowers,
			     rootfs->n_lowers, &why) < 0)
		firn_archive_gap(archive, "filesystem",
				 "what the lower layers had", &why);
	layer.root_fd = fd;
	return write_layer(&layer, rootfs->upper, archive, err);
}

/* Without an overlay the root is the container's own copy: all of it is
 * taken, as the storage driver has it. */
static int
collect_root(const struct firn_target *target, struct firn_archive *archive,
	     struct firn_err *err)
{
	autodone(firn_layer_free) struct firn_layer layer = {
		.collector = "filesystem",
		.label = "the root",
		.archive = archive,
	};
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	char path[32];

	snprintf(path, sizeof(path), "%d/root", (int)target->init_pid);
	fd = openat(target->host->proc_fd, path,
		    O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		firn_err_sys(&why, "open /proc/%s", path);
		firn_archive_gap(archive, "filesystem", "layer.tar", &why);
		return 0;
	}
	firn_err_set(&why, ENODATA,
		     "the root is no overlay (%s): it is taken whole, and what "
		     "of it was changed can't be told",
		     target->rootfs.fstype != NULL ? target->rootfs.fstype
						   : "?");
	firn_archive_gap(archive, "filesystem", "changes.jsonl", &why);
	layer.root_fd = fd;
	return write_layer(&layer, "/proc/PID/root", archive, err);
}

static int
collect(const struct firn_target *target, const struct firn_collection *what,
	struct firn_archive *archive, struct firn_err *err)
{
	struct firn_err why = { 0 };
	struct firn_namespaces host;

	(void)what;
	if (target->rootfs.upper != NULL)
		return collect_overlay(target, archive, err);
	if (target->rootfs.read_only) {
		firn_err_set(&why, EROFS,
			     "the root is read-only: there is no layer that it "
			     "could have changed");
		firn_archive_gap(archive, "filesystem", "layer.tar", &why);
		return 0;
	}
	/* A process of the host's own (pid:N): its root is the host's. */
	if (firn_proc_namespaces(target->host, 1, &host, &why) == 0 &&
	    host.inode[FIRN_NS_MNT] == target->namespaces.inode[FIRN_NS_MNT]) {
		firn_err_set(&why, ENOTSUP, "it has no root of its own");
		firn_archive_gap(archive, "filesystem", "layer.tar", &why);
		return 0;
	}
	return collect_root(target, archive, err);
}

const struct firn_collector firn_collect_filesystem = {
	.name = "filesystem",
	.summary = "changed files as an OCI layer, what changed, and their "
		   "times",
	.source = "OCI image-spec, overlayfs.rst",
	.volatility = FIRN_LOST_WITH_CONTAINER,
	.collect = collect,
};
