#include "host/become.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

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
firn_become(uid_t uid, gid_t gid, struct firn_err *err)
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
