#ifndef COLLECT_HOST_HOST_RUNTIMES_H
#define COLLECT_HOST_HOST_RUNTIMES_H

/*
 * host_runtimes -- which container runtimes the node has, by what lies on
 * disk: nothing is run, and nothing asked.
 *
 * An escape by CVE-2019-5736 leaves a binary that is not the package's.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "collect/host/host_open_files.h"
#include "collect/host/host_processes.h"
#include "firn/target.h"

/* firn_is_runtime(name) -- is a program of a container runtime called so? */
bool firn_is_runtime(const char *name);

/*
 * firn_host_runtimes(target, view, files) -- a new object: "packages", names
 * and versions of installed ones as dpkg(1) knows them, and "binaries".
 *
 * Each file stands there once, by whatever paths it has; package_md5 and
 * matches are null where no package has it.  Digests are made of those that
 * have changed since the target began, and of others as long as that is
 * quick: "unhashed" says why not.
 */
json_t *firn_host_runtimes(const struct firn_target *target,
			   const struct firn_host_view *view,
			   const struct firn_open_files *files);

/* What a package says of one of its files. */
struct firn_packaged {
	char package[64];
	char md5[33];
	char path[192]; /* absolute */
};

/* Starts as `{ 0 }`. */
struct firn_packages {
	struct firn_packaged *items;
	size_t n;
	json_t *versions; /* of those installed */
};

/*
 * firn_packages_read(host, ret) -- the runtimes' packages, and those of their
 * files that are programs of a runtime.  What can't be read is left out.
 *
 * Source: deb-control(5), /var/lib/dpkg/info/PACKAGE.md5sums.
 */
void firn_packages_read(const struct firn_host *host,
			struct firn_packages *ret);
void firn_packages_free(struct firn_packages *packages);

/* firn_packages_find(packages, path) -- also if "/usr" is in front of it in
 * one of the two; NULL if none has it. */
const struct firn_packaged *firn_packages_find(
	const struct firn_packages *packages, const char *path);

#endif
