#include "receiver/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/auto.h"
#include "firn/inbox.h"
#include "host/accounts.h"
#include "host/become.h"
#include "host/landlock.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The receiver's, OpenSSL's, libevent's, and those of malloc(3). */
static const int calls[] = {
	/* connections that exist, and those that come */
	SCMP_SYS(accept4),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(shutdown),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(close),
	SCMP_SYS(fcntl),
	/* waiting, and what the time is */
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(sched_yield),
	/* letters, and the answers to them: Landlock says which */
	SCMP_SYS(openat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstat),
	SCMP_SYS(statx),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(unlinkat),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(getdents64),
	SCMP_SYS(lseek),
	SCMP_SYS(pread64),
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(mlock),
	SCMP_SYS(munlock),
	SCMP_SYS(futex),
	/* chance, signals, and the end */
	SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(getpid),
	SCMP_SYS(geteuid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
#ifdef __SANITIZE_ADDRESS__
	/* A sanitizer looks at itself, and at its maps. */
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(prctl),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(getuid),
	SCMP_SYS(open),
	SCMP_SYS(stat),
	SCMP_SYS(dup),
	SCMP_SYS(prlimit64),
#endif
};

/* Memory is never executable from here on; and of ioctl(2) only "how much is
 * there to read". */
static int
allow_in_part(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp not_executable =
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp how_much = SCMP_A1(SCMP_CMP_EQ, FIONREAD);
	const struct {
		int call;
		struct scmp_arg_cmp only;
	} rules[] = {
		{ SCMP_SYS(mmap), not_executable },
		{ SCMP_SYS(mprotect), not_executable },
		{ SCMP_SYS(ioctl), how_much },
	};
	int failed = 0;

	for (size_t i = 0; failed == 0 && i < ARRAY_SIZE(rules); i++)
		failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, rules[i].call,
					  1, rules[i].only);
	return failed;
}

static int
only_these_calls(struct firn_err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int failed = filter == NULL ? -ENOMEM : 0;

	for (size_t i = 0; failed == 0 && i < ARRAY_SIZE(calls); i++)
		failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	if (failed == 0)
		failed = allow_in_part(filter);
	if (failed == 0)
		failed = seccomp_load(filter);
	seccomp_release(filter);
	errno = -failed;
	return failed == 0 ? 0
			   : firn_err_sys(err,
					  "let only some system calls through");
}

static int
become_nobody(struct firn_err *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (uid == 0 && firn_account_named(FIRN_USER, &uid, &gid, err) < 0)
		return firn_err_in(err,
				   "there is no user that the receiver could "
				   "become: useradd --system --user-group "
				   "--no-create-home --home-dir / --shell "
				   "/usr/sbin/nologin " FIRN_USER);
	if (uid == 0)
		return firn_err_set(err, EPERM,
				    "the user " FIRN_USER
				    " is root: make another");
	return firn_become(uid, gid, err);
}

static int
only_the_inbox(const char *inbox, json_t *missing, struct firn_err *err)
{
	autofree char *tmp = NULL, *new = NULL, *done = NULL;
	struct firn_reach_path paths[3];
	const struct firn_landlock allowed = { .paths = paths, .n_paths = 3 };
	int version;

	if (asprintf(&tmp, "%s/tmp", inbox) < 0 ||
	    asprintf(&new, "%s/new", inbox) < 0 ||
	    asprintf(&done, "%s/done", inbox) < 0)
		return firn_err_nomem(err);
	paths[0] = (struct firn_reach_path){ tmp,
					     FIRN_REACH_READ | FIRN_REACH_PUT };
	paths[1] = (struct firn_reach_path){ new,
					     FIRN_REACH_READ | FIRN_REACH_PUT };
	paths[2] = (struct firn_reach_path){ done, FIRN_REACH_READ };
	if (firn_landlock(&allowed, &version, err) < 0)
		return -1;
	if (version == 0)
		json_array_append_new(missing,
				      json_string(
					      "this kernel has no Landlock: "
					      "what the user " FIRN_USER
					      " may open, it can"));
	else if (version < 4)
		json_array_append_new(missing,
				      json_string(
					      "this kernel's Landlock knows no "
					      "TCP; seccomp lets no socket be "
					      "made"));
	return 0;
}

int
firn_sandbox(const char *inbox, json_t *missing, struct firn_err *err)
{
	if (become_nobody(err) < 0 || only_the_inbox(inbox, missing, err) < 0)
		return -1;
	return only_these_calls(err);
}
