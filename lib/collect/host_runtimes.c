#include "collect/host_runtimes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"
#include "host/file.h"

#define STATUS_MAX (64u << 20)
#define BINARY_MAX (256u << 20)

static bool
is_runtime(const char *package, size_t len)
{
	static const char *const names[] = {
		"containerd", "containerd.io", "cri-o",   "crun",   "docker-ce",
		"docker.io",  "conmon",        "kubelet", "podman", "runc",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == len &&
		    memcmp(names[i], package, len) == 0)
			return true;
	}
	return false;
}

/* Paragraphs of "Key: value" lines; deb-control(5). */
static json_t *
packages(const struct firn_host *host)
{
	json_t *list = json_object();
	autofree char *text = NULL;
	struct firn_err why = { 0 };
	char *rest, *line, *name = NULL;

	if (firn_host_read(host, "/var/lib/dpkg/status", STATUS_MAX, &text,
			   NULL, &why) < 0)
		return list;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] == '\0') {
			name = NULL;
		} else if (strncmp(line, "Package: ", 9) == 0) {
			name = is_runtime(line + 9, strlen(line + 9)) ? line + 9
								      : NULL;
		} else if (name != NULL && strncmp(line, "Status: ", 8) == 0) {
			if (strcmp(line, "Status: install ok installed") != 0)
				name = NULL;
		} else if (name != NULL && strncmp(line, "Version: ", 9) == 0) {
			firn_json_text(list, name, line + 9);
		}
	}
	return list;
}

static void
set_digest(int fd, const char *path, json_t *binary)
{
	autosha256 struct firn_sha256 sha = { 0 };
	unsigned char sum[FIRN_SHA256];
	autofree char *part = malloc(1 << 20);
	struct firn_err why = { 0 };
	uint64_t done = 0;
	ssize_t n = 0;

	if (part == NULL || firn_sha256_start(&sha, &why) < 0)
		return;
	while (done < BINARY_MAX &&
	       (n = firn_read_some(fd, path, part, 1 << 20, &why)) > 0) {
		firn_sha256_add(&sha, part, (size_t)n);
		done += (uint64_t)n;
	}
	if (n != 0)
		return;
	firn_sha256_end(&sha, sum);
	firn_json_hex(binary, "sha256", sum, sizeof(sum));
}

static void
add_binary(const struct firn_host *host, const char *path, json_t *list)
{
	autoclose int path_fd = -1, fd = -1;
	struct firn_err why = { 0 };
	struct stat st;
	json_t *binary;

	path_fd = firn_host_file(host, path, O_PATH, &why);
	if (path_fd < 0)
		return;
	fd = firn_file_reopen(path_fd, &st, &why);
	if (fd < 0)
		return;
	binary = json_object();
	firn_json_text(binary, "path", path);
	firn_json_uint(binary, "size", (uint64_t)st.st_size);
	firn_json_time(binary, "mtime", st.st_mtim);
	firn_json_time(binary, "ctime", st.st_ctim);
	set_digest(fd, path, binary);
	json_array_append_new(list, binary);
}

json_t *
firn_host_runtimes(const struct firn_host *host)
{
	static const char *const paths[] = {
		"/usr/bin/runc",
		"/usr/sbin/runc",
		"/usr/local/bin/runc",
		"/usr/local/sbin/runc",
		"/usr/bin/crun",
		"/usr/local/bin/crun",
		"/usr/bin/containerd-shim-runc-v2",
		"/usr/local/bin/containerd-shim-runc-v2",
		"/usr/bin/conmon",
		"/usr/libexec/podman/conmon",
	};
	json_t *runtimes = json_object(), *binaries = json_array();

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		add_binary(host, paths[i], binaries);
	json_object_set_new(runtimes, "packages", packages(host));
	json_object_set_new(runtimes, "binaries", binaries);
	return runtimes;
}
