#include "courier.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <seccomp.h>

#include "host/landlock.h"

#define DNS 53

/* What resolving a name reads, with the libraries that nsswitch.conf(5) may
 * name, and the system's certificates where distributions have them. */
static const struct firn_reach_path readable[] = {
	{ "/etc/resolv.conf", FIRN_REACH_READ },
	{ "/etc/hosts", FIRN_REACH_READ },
	{ "/etc/host.conf", FIRN_REACH_READ },
	{ "/etc/nsswitch.conf", FIRN_REACH_READ },
	{ "/etc/gai.conf", FIRN_REACH_READ },
	{ "/etc/services", FIRN_REACH_READ },
	{ "/etc/localtime", FIRN_REACH_READ },
	{ "/etc/ld.so.cache", FIRN_REACH_READ },
	{ "/run/systemd/resolve", FIRN_REACH_READ },
	{ "/lib", FIRN_REACH_READ },
	{ "/lib64", FIRN_REACH_READ },
	{ "/usr/lib", FIRN_REACH_READ },
	{ "/usr/lib64", FIRN_REACH_READ },
	{ "/etc/ssl", FIRN_REACH_READ },
	{ "/etc/pki", FIRN_REACH_READ },
	{ "/etc/ca-certificates", FIRN_REACH_READ },
	{ "/usr/share/ca-certificates", FIRN_REACH_READ },
	{ "/usr/local/share/ca-certificates", FIRN_REACH_READ },
};

/* What libcurl, OpenSSL and the C library's resolver (in a thread) need.  What
 * isn't here is ENOSYS, so that a newer library falls back to what is. */
static const char *const allowed[] = {
	"access",
	"arch_prctl",
	"brk",
	"clock_getres",
	"clock_gettime",
	"clock_nanosleep",
	"close",
	"connect",
	"dup",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_wait",
	"eventfd2",
	"exit",
	"exit_group",
	"faccessat",
	"faccessat2",
	"fadvise64",
	"fcntl",
	"fstat",
	"fstatfs",
	"futex",
	"getcwd",
	"getdents64",
	"getegid",
	"geteuid",
	"getgid",
	"getpeername",
	"getpid",
	"getppid",
	"getrandom",
	"getrusage",
	"getsockname",
	"getsockopt",
	"gettid",
	"gettimeofday",
	"getuid",
	"ioctl",
	"lseek",
	"lstat",
	"madvise",
	"mmap",
	"mprotect",
	"mremap",
	"munmap",
	"nanosleep",
	"newfstatat",
	"pipe",
	"pipe2",
	"poll",
	"ppoll",
	"pread64",
	"prlimit64",
	"pselect6",
	"read",
	"readlink",
	"readlinkat",
	"readv",
	"recvfrom",
	"recvmmsg",
	"recvmsg",
	"restart_syscall",
	"rseq",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sched_getaffinity",
	"sched_yield",
	"select",
	"sendmmsg",
	"sendmsg",
	"sendto",
	"set_robust_list",
	"setsockopt",
	"shutdown",
	"sigaltstack",
	"socketpair",
	"stat",
	"statfs",
	"statx",
	"sysinfo",
	"time",
	"uname",
	"write",
	"writev",
};

/* Nobody asks for these by mistake. */
static const char *const fatal[] = {
	"bpf",
	"execve",
	"execveat",
	"fork",
	"init_module",
	"finit_module",
	"io_uring_setup",
	"kexec_load",
	"keyctl",
	"mount",
	"move_mount",
	"open_by_handle_at",
	"open_tree",
	"perf_event_open",
	"pidfd_getfd",
	"pivot_root",
	"process_vm_readv",
	"process_vm_writev",
	"ptrace",
	"setns",
	"umount2",
	"unshare",
	"userfaultfd",
	"vfork",
};

static int
add(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t n)
{
	int code = 0;

	for (size_t i = 0; i < n && code == 0; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);

		if (number != __NR_SCMP_ERROR) /* this machine has none */
			code = seccomp_rule_add(filter, action, number, 0);
	}
	return code;
}

/* Files are only read; new processes are threads; sockets are of the network,
 * or of a daemon that knows names (nscd(8)). */
static int
add_bounded(scmp_filter_ctx filter)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6,
					AF_NETLINK };
	const scmp_datum_t writes = O_ACCMODE | O_CREAT | O_TRUNC;
	int code =
		seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				 SCMP_A2(SCMP_CMP_MASKED_EQ, writes, O_RDONLY));

	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open),
					1,
					SCMP_A1(SCMP_CMP_MASKED_EQ, writes,
						O_RDONLY));
	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone),
					1,
					SCMP_A0(SCMP_CMP_MASKED_EQ,
						CLONE_THREAD, CLONE_THREAD));
	/* The resolver binds a netlink socket, to learn of our addresses; TCP
	 * is Landlock's. */
	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bind),
					0);
	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl),
					1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	for (size_t i = 0; i < 4 && code == 0; i++)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					SCMP_SYS(socket), 1,
					SCMP_A0(SCMP_CMP_EQ,
						(scmp_datum_t)families[i]));
	return code;
}

static int
filter_calls(struct firn_err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int code;

	if (filter == NULL)
		return firn_err_nomem(err);
	code = add(filter, SCMP_ACT_ALLOW, allowed,
		   sizeof(allowed) / sizeof(allowed[0]));
	if (code == 0)
		code = add(filter, SCMP_ACT_KILL_PROCESS, fatal,
			   sizeof(fatal) / sizeof(fatal[0]));
	if (code == 0)
		code = add_bounded(filter);
	if (code == 0)
		code = seccomp_load(filter);
	seccomp_release(filter);
	if (code < 0)
		return firn_err_set(err, -code,
				    "confine ourselves by seccomp: error %d",
				    -code);
	return 0;
}

int
confine(const struct task *task, int *ret_landlock, struct firn_err *err)
{
	const uint16_t ports[] = { task->port, DNS };
	const struct firn_landlock reach = {
		.paths = readable,
		.n_paths = sizeof(readable) / sizeof(readable[0]),
		.ports = ports,
		.n_ports = 2,
	};
	if (firn_landlock(&reach, ret_landlock, err) < 0)
		return -1;
	return filter_calls(err);
}
