#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/host/host_runtimes.h"

#define STATUS_MAX (64u << 20)
#define SUMS_MAX (4u << 20)
#define FILES_MAX 256
#define MD5_TEXT 32

static const char *const names[] = {
	"catatonit", "conmon",    "containerd", "containerd.io", "cri-o",
	"crun",      "docker-ce", "docker.io",  "kubelet",       "netavark",
	"podman",    "runc",      "tini",
};

static bool
is_runtime(const char *package)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], package) == 0)
			return true;
	return false;
}

/* Paragraphs of "Key: value" lines; deb-control(5). */
static void
read_versions(const struct firn_host *host, json_t *list)
{
	autofree char *text = NULL;
	struct firn_err why = { 0 };
	char *rest, *line, *name = NULL;

	if (firn_host_read(host, "/var/lib/dpkg/status", STATUS_MAX, &text,
			   NULL, &why) < 0)
		return;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] == '\0') {
			name = NULL;
		} else if (strncmp(line, "Package: ", 9) == 0) {
			name = is_runtime(line + 9) ? line + 9 : NULL;
		} else if (name != NULL && strncmp(line, "Status: ", 8) == 0) {
			if (strcmp(line, "Status: install ok installed") != 0)
				name = NULL;
		} else if (name != NULL && strncmp(line, "Version: ", 9) == 0) {
			firn_json_text(list, name, line + 9);
		}
	}
}

static void
add(struct firn_packages *packages, const char *package, const char *md5,
    const char *path)
{
	struct firn_packaged *more, *file;

	if (packages->n == FILES_MAX || strlen(path) + 2 > sizeof(file->path))
		return;
	more = reallocarray(packages->items, packages->n + 1, sizeof(*more));
	if (more == NULL)
		return;
	packages->items = more;
	file = &more[packages->n++];
	snprintf(file->package, sizeof(file->package), "%s", package);
	snprintf(file->md5, sizeof(file->md5), "%.*s", MD5_TEXT, md5);
	snprintf(file->path, sizeof(file->path), "/%s", path);
}

/* "0f343b0931126a20f133d67c2b018a3b  usr/sbin/runc" */
static void
read_sums(struct firn_packages *packages, const char *package, char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		const char *name = strrchr(line, '/');

		if (strspn(line, "0123456789abcdef") != MD5_TEXT ||
		    strncmp(line + MD5_TEXT, "  ", 2) != 0 || name == NULL)
			continue;
		if (firn_is_runtime(name + 1))
			add(packages, package, line, line + MD5_TEXT + 2);
	}
}

void
firn_packages_read(const struct firn_host *host, struct firn_packages *ret)
{
	static const char *const forms[] = { "", ":amd64", ":arm64" };

	*ret = (struct firn_packages){ .versions = json_object() };
	read_versions(host, ret->versions);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
			autofree char *text = NULL;
			struct firn_err none = { 0 };
			char path[128];

			snprintf(path, sizeof(path),
				 "/var/lib/dpkg/info/%s%s.md5sums", names[i],
				 forms[k]);
			if (firn_host_read(host, path, SUMS_MAX, &text, NULL,
					   &none) == 0)
				read_sums(ret, names[i], text);
		}
	}
}

void
firn_packages_free(struct firn_packages *packages)
{
	free(packages->items);
	json_decref(packages->versions);
	*packages = (struct firn_packages){ 0 };
}

static const char *
without_usr(const char *path)
{
	return strncmp(path, "/usr/", 5) == 0 ? path + 4 : path;
}

const struct firn_packaged *
firn_packages_find(const struct firn_packages *packages, const char *path)
{
	for (size_t i = 0; i < packages->n; i++)
		if (strcmp(without_usr(packages->items[i].path),
			   without_usr(path)) == 0)
			return &packages->items[i];
	return NULL;
}
