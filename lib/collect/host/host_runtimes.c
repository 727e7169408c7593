#include "collect/host/host_runtimes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/host/host_binary.h"
#include "collect/times.h"
#include "host/file.h"

#define BINARIES_MAX 128

/* Those that a container can make the host run come first: what is quick to
 * read is read in this order. */
static const char *const names[] = {
	"runc",
	"crun",
	"conmon",
	"conmonrs",
	"docker-init",
	"tini",
	"catatonit",
	"docker-proxy",
	"containerd-shim-runc-v2",
	"containerd-shim-runc-v1",
	"containerd-shim",
	"youki",
	"kata-runtime",
	"runsc",
	"nvidia-container-runtime",
	"nvidia-container-runtime-hook",
	"containerd",
	"crio",
	"kubelet",
	"podman",
	"dockerd",
	"cri-dockerd",
	"k3s",
	"buildkitd",
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

static size_t
place_of(const char *name)
{
	size_t i = 0;

	while (i < N_NAMES && strcmp(names[i], name) != 0)
		i++;
	return i;
}

bool
firn_is_runtime(const char *name)
{
	return place_of(name) < N_NAMES;
}

struct binaries {
	struct firn_binary items[BINARIES_MAX];
	size_t n;
};

/* The same file by another name is one. */
static void
add(struct binaries *binaries, const struct firn_target *target,
    const char *path)
{
	autoclose int fd = -1;
	struct firn_err none = { 0 };
	struct firn_binary *binary;
	struct stat st;

	fd = firn_host_file(target->host, path, O_PATH, &none);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	for (size_t i = 0; i < binaries->n; i++) {
		binary = &binaries->items[i];
		if (binary->st.st_dev == st.st_dev &&
		    binary->st.st_ino == st.st_ino) {
			firn_binary_path(binary, path);
			return;
		}
	}
	if (binaries->n == BINARIES_MAX)
		return;
	binary = &binaries->items[binaries->n++];
	*binary = (struct firn_binary){ .st = st };
	binary->place = place_of(strrchr(path, '/') + 1);
	firn_binary_path(binary, path);
}

static void
find_usual(struct binaries *binaries, const struct firn_target *target)
{
	static const char *const folders[] = {
		"/usr/bin",
		"/usr/sbin",
		"/usr/local/bin",
		"/usr/local/sbin",
		"/usr/libexec/podman",
		"/usr/lib/podman",
		"/usr/local/libexec/podman",
		"/usr/libexec/docker",
		"/usr/libexec/crio",
		"/opt/bin",
		"/var/lib/rancher/k3s/data/current/bin",
	};
	char path[128];

	for (size_t i = 0; i < N_NAMES; i++) {
		for (size_t k = 0; k < sizeof(folders) / sizeof(folders[0]);
		     k++) {
			snprintf(path, sizeof(path), "%s/%s", folders[k],
				 names[i]);
			add(binaries, target, path);
		}
	}
}

/* Wherever those lie that run. */
static void
find_running(struct binaries *binaries, const struct firn_target *target,
	     const struct firn_host_view *view)
{
	for (size_t i = 0; i < view->n; i++) {
		const struct firn_host_process *process = &view->items[i];
		const char *exe = process->exe;

		if (exe != NULL && exe[0] == '/' && !process->contained &&
		    !process->deleted && firn_is_runtime(strrchr(exe, '/') + 1))
			add(binaries, target, exe);
	}
}

static bool
is_called(const json_t *paths, const char *path)
{
	json_t *value;
	size_t i;

	json_array_foreach(paths, i, value)
		if (strcmp(json_string_value(value), path) == 0)
			return true;
	return false;
}

/* Who still runs what was there before. */
static json_t *
runs_another(const struct firn_binary *binary,
	     const struct firn_host_view *view)
{
	json_t *pids = json_array();

	for (size_t i = 0; i < view->n; i++) {
		const struct firn_host_process *process = &view->items[i];

		if (process->exe == NULL || process->contained ||
		    process->inode == 0 ||
		    !is_called(binary->paths, process->exe))
			continue;
		if (process->device != binary->st.st_dev ||
		    process->inode != binary->st.st_ino)
			json_array_append_new(pids, json_integer(process->pid));
	}
	return pids;
}

static json_t *
could_write(const struct firn_binary *binary,
	    const struct firn_open_files *files)
{
	json_t *pids = json_array();

	for (size_t i = 0; i < files->n_writers; i++)
		if (files->writers[i].device == binary->st.st_dev &&
		    files->writers[i].inode == binary->st.st_ino)
			json_array_append_new(pids,
					      json_integer(
						      files->writers[i].pid));
	return pids;
}

static int
by_urgency(const void *a, const void *b)
{
	const struct firn_binary *left = a, *right = b;

	if (left->changed != right->changed)
		return left->changed ? -1 : 1;
	if (left->place != right->place)
		return left->place < right->place ? -1 : 1;
	return strcmp(json_string_value(json_array_get(left->paths, 0)),
		      json_string_value(json_array_get(right->paths, 0)));
}

/* By the time of its last change, which only who sets the host's clock can
 * choose. */
static void
mark_changed(struct binaries *binaries, const struct firn_target *target)
{
	struct timespec boot, start;
	struct firn_err why = { 0 };

	if (target->init_start_ticks == 0 ||
	    firn_boot_time(target->host, &boot, &why) < 0)
		return;
	start = firn_time_of_ticks(boot, target->init_start_ticks);
	for (size_t i = 0; i < binaries->n; i++)
		binaries->items[i].changed =
			binaries->items[i].st.st_ctim.tv_sec >= start.tv_sec;
}

json_t *
firn_host_runtimes(const struct firn_target *target,
		   const struct firn_host_view *view,
		   const struct firn_open_files *files)
{
	autofree struct binaries *binaries = calloc(1, sizeof(*binaries));
	autodone(firn_packages_free) struct firn_packages packages = { 0 };
	json_t *runtimes = json_object(), *list = json_array();
	uint64_t quick_bytes = FIRN_BINARY_QUICK;

	firn_packages_read(target->host, &packages);
	json_object_set(runtimes, "packages", packages.versions);
	json_object_set_new(runtimes, "binaries", list);
	if (binaries == NULL)
		return runtimes;
	find_usual(binaries, target);
	find_running(binaries, target, view);
	mark_changed(binaries, target);
	if (binaries->n > 1)
		qsort(binaries->items, binaries->n, sizeof(*binaries->items),
		      by_urgency);
	for (size_t i = 0; i < binaries->n; i++) {
		struct firn_binary *binary = &binaries->items[i];
		json_t *json = firn_binary_json(binary, target->host, &packages,
						&quick_bytes);

		json_object_set_new(json, "deleted_or_replaced",
				    runs_another(binary, view));
		json_object_set_new(json, "open_for_writing_by",
				    could_write(binary, files));
		json_array_append_new(list, json);
		json_decref(binary->paths);
	}
	return runtimes;
}
