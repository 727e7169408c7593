#include "host/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

/* Of linux/landlock.h, of which Debian 12 has that of Linux 6.1. */
#define TRUNCATE ((uint64_t)1 << 14)  /* version 3 */
#define IOCTL_DEV ((uint64_t)1 << 15) /* version 5 */
#define BIND_TCP ((uint64_t)1 << 0)   /* version 4 */
#define CONNECT_TCP ((uint64_t)1 << 1)
#define SCOPE_ALL ((uint64_t)3) /* version 6: abstract sockets, signals */
#define RULE_NET_PORT 2

struct ruleset {
	uint64_t fs, net, scoped;
};

struct port_rule {
	uint64_t allowed, port;
};

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define PUTTING                                                         \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REFER |     \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 TRUNCATE)
/* What can be allowed of a path that is no folder. */
#define OF_FILES                                                        \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	 TRUNCATE)

/* What this version can deny is denied. */
static struct ruleset
all_of(int version)
{
	struct ruleset all = { .fs = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1 };

	if (version >= 2)
		all.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		all.fs |= TRUNCATE;
	if (version >= 4)
		all.net = BIND_TCP | CONNECT_TCP;
	if (version >= 5)
		all.fs |= IOCTL_DEV;
	if (version >= 6)
		all.scoped = SCOPE_ALL;
	return all;
}

static int
allow_path(int fd, const struct firn_reach_path *path, uint64_t known,
	   struct firn_err *err)
{
	struct landlock_path_beneath_attr rule = { 0 };
	autoclose int path_fd = open(path->path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (path_fd < 0 &&
	    (errno == ENOENT || errno == EACCES || errno == ENOTDIR))
		return 0; /* it can't be reached anyway */
	if (path_fd < 0 || fstat(path_fd, &st) < 0)
		return firn_err_sys(err, "open %s", path->path);
	if ((path->reach & FIRN_REACH_READ) != 0)
		rule.allowed_access |= READING;
	if ((path->reach & FIRN_REACH_PUT) != 0)
		rule.allowed_access |= PUTTING;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_FILES;
	rule.allowed_access &= known;
	rule.parent_fd = path_fd;
	if (syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH,
		    &rule, 0) < 0)
		return firn_err_sys(err, "allow %s", path->path);
	return 0;
}

static int
allow_port(int fd, uint16_t port, struct firn_err *err)
{
	struct port_rule rule = { .allowed = CONNECT_TCP, .port = port };

	if (syscall(SYS_landlock_add_rule, fd, RULE_NET_PORT, &rule, 0) < 0)
		return firn_err_sys(err, "allow port %u", port);
	return 0;
}

/* The first version denies every rename between folders, and can't allow it. */
static bool
can_allow(int version, const struct firn_landlock *allowed)
{
	for (size_t i = 0; version == 1 && i < allowed->n_paths; i++)
		if ((allowed->paths[i].reach & FIRN_REACH_PUT) != 0)
			return false;
	return version > 0;
}

int
firn_landlock(const struct firn_landlock *allowed, int *ret_version,
	      struct firn_err *err)
{
	autoclose int fd = -1;
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
				   LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset all;

	*ret_version = can_allow(version, allowed) ? version : 0;
	if (*ret_version == 0)
		return 0;
	all = all_of(version);
	fd = (int)syscall(SYS_landlock_create_ruleset, &all,
			  version >= 6   ? sizeof(all)
			  : version >= 4 ? 2 * sizeof(all.fs)
					 : sizeof(all.fs),
			  0);
	if (fd < 0)
		return firn_err_sys(err, "make a Landlock ruleset");
	for (size_t i = 0; i < allowed->n_paths; i++)
		if (allow_path(fd, &allowed->paths[i], all.fs, err) < 0)
			return -1;
	for (size_t i = 0; version >= 4 && i < allowed->n_ports; i++)
		if (allow_port(fd, allowed->ports[i], err) < 0)
			return -1;
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return firn_err_sys(err, "restrict ourselves by Landlock");
	return 0;
}
