#ifndef TESTS_ALONE_H
#define TESTS_ALONE_H

/*
 * alone -- what firn keeps on a node, for one test alone: empty folders of its
 * own, in a mount namespace, that go with its process.
 */

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* The last line of the program is why. */
static inline void
skip_unless_root(void)
{
	if (geteuid() == 0)
		return;
	puts("skipped: needs root");
	exit(77);
}

/* alone_in(folder, size) -- the same for one folder, with a disk of `size`
 * ("256k"). */
static inline void
alone_in(const char *folder, const char *size)
{
	char options[64];

	snprintf(options, sizeof(options), "mode=0700,size=%s", size);
	ck_assert(mkdir(folder, 0755) == 0 || errno == EEXIST);
	ck_assert_int_eq(mount("tmpfs", folder, "tmpfs", 0, options), 0);
}

static inline void
alone(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	alone_in("/var/lib/firn", "64m");
	alone_in("/run/firn", "64m");
	alone_in("/etc/firn", "1m");
}

#endif
