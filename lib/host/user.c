#include "host/user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

#define PASSWD_MAX ((size_t)4 << 20)

/* "name:x:1000:1000:...": cut apart by strsep. */
static bool
is_of(char *line, const char *name, uint64_t *uid, uint64_t *gid)
{
	char *rest = line;
	const char *first = strsep(&rest, ":"), *user, *group;

	if (first == NULL || strcmp(first, name) != 0)
		return false;
	strsep(&rest, ":");
	user = strsep(&rest, ":");
	group = strsep(&rest, ":");
	return user != NULL && group != NULL && firn_is_decimal(user, uid) &&
	       firn_is_decimal(group, gid) && *uid < UINT32_MAX &&
	       *gid < UINT32_MAX;
}

int
firn_user(const char *name, uid_t *ret_uid, gid_t *ret_gid,
	  struct firn_err *err)
{
	autofree char *passwd = NULL;
	uint64_t uid, gid;
	char *rest, *line;

	if (name[0] == '\0')
		return firn_err_set(err, ENOENT, "a user's name is empty");
	if (firn_read_at(AT_FDCWD, "/etc/passwd", PASSWD_MAX, &passwd, NULL,
			 err) < 0)
		return -1;
	rest = passwd;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (!is_of(line, name, &uid, &gid))
			continue;
		*ret_uid = (uid_t)uid;
		*ret_gid = (gid_t)gid;
		return 0;
	}
	return firn_err_set(err, ENOENT, "/etc/passwd has no user \"%s\"",
			    name);
}

static int
drop_capabilities(struct firn_err *err)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	const struct __user_cap_data_struct none[2] = { 0 };

	if (syscall(SYS_capset, &header, none) < 0)
		return firn_err_sys(err, "give up capabilities");
	return 0;
}

int
firn_user_become(uid_t uid, gid_t gid, struct firn_err *err)
{
	if (geteuid() == 0) {
		if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
		    setresuid(uid, uid, uid) < 0)
			return firn_err_sys(err, "become uid %u", uid);
	} else if (geteuid() != uid || getuid() != uid) {
		return firn_err_set(err, EPERM, "only root can become uid %u",
				    uid);
	}
	if (drop_capabilities(err) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0) < 0)
		return firn_err_sys(err, "set no_new_privs");
	return 0;
}
