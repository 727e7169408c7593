#ifndef HOST_MOUNTINFO_H
#define HOST_MOUNTINFO_H

/*
 * mountinfo -- what is mounted where, as a process sees it.
 *
 * Source: proc_pid_mountinfo(5).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"
#include "firn/host.h"

/* One line; the strings are unescaped (\040 is a blank) and never NULL. */
struct firn_mount {
	int id, parent;        /* (1), (2) */
	unsigned major, minor; /* (3) st_dev of its files */
	char *root;            /* (4) what of the filesystem is mounted */
	char *point;           /* (5) where, relative to the process's root */
	char *options;         /* (6) "rw,nosuid" */
	char *propagation;     /* (7) "shared:1 master:2", or "" */
	char *fstype;          /* (9) */
	char *source;          /* (10) */
	char *super_options;   /* (11) */
};

struct firn_mounts {
	struct firn_mount *items;
	size_t n;
	char *text; /* owns the strings */
};

/*
 * firn_mounts_parse(text, len, ret, err) -- of the whole file's text, in its
 * order.  A line that is not one is EBADMSG with its number.
 */
FIRN_MUST_CHECK int firn_mounts_parse(const char *text, size_t len,
				      struct firn_mounts *ret,
				      struct firn_err *err);

/* firn_mounts_read(host, pid, ret, err) -- of a process; pid 0 is firn
 * itself, as the host's proc(5) sees it. */
FIRN_MUST_CHECK int firn_mounts_read(const struct firn_host *host, pid_t pid,
				     struct firn_mounts *ret,
				     struct firn_err *err);

void firn_mounts_free(struct firn_mounts *mounts);

/* firn_mounts_root(mounts) -- the mount at "/" that is on top; NULL if none. */
const struct firn_mount *firn_mounts_root(const struct firn_mounts *mounts);

/* firn_mounts_device(mounts, dev) -- a mount whose files have this st_dev;
 * NULL if none. */
const struct firn_mount *firn_mounts_device(const struct firn_mounts *mounts,
					    dev_t dev);

/*
 * firn_mount_option(options, name, ret, size) -- the value of "name=value" in
 * a comma-separated list; "\," within a value stays together.
 *
 * Returns its length (0 for a bare "name"), or -1 if it is not there or does
 * not fit.
 */
FIRN_MUST_CHECK int firn_mount_option(const char *options, const char *name,
				      char *ret, size_t size);

/*
 * firn_mount_waits(fstype) -- could a file of this filesystem make its reader
 * wait on a server that the suspect may hold (fuse, nfs, cifs, 9p, ceph,
 * autofs)?  Never descend into one.
 */
bool firn_mount_waits(const char *fstype);

/* firn_mount_kernel(fstype) -- is it a view of the kernel (proc, sysfs,
 * cgroup2, bpf, ...), with no files of its own? */
bool firn_mount_kernel(const char *fstype);

#endif
