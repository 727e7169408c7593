#ifndef TESTS_TARGET_YARD_H
#define TESTS_TARGET_YARD_H

/*
 * yard -- containers made by the test itself: namespaces by clone(2), control
 * groups by mkdir(2), in every hierarchy that has a freezer.
 *
 * All control groups are below /firn-yard-RUN-PID; yard_clear() ends what runs
 * there and removes them, and yard_sweep() what a failed test left.
 */

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firn/host.h"
#include "firn/target.h"
#include "host/cgroup.h"

#define YARD_MAX 32

static struct yard {
	struct firn_host host;
	struct firn_cgroup_mounts mounts;
	char base[64];
	/* Two ids of this test's own, which begin with the same 8 digits. */
	char id[65], id2[65];
	pid_t kids[YARD_MAX];
	size_t n_kids;
	char groups[YARD_MAX][256]; /* as made: parents first */
	size_t n_groups;
} yard;

static struct firn_err err;
static pid_t yard_of; /* the program; set by yard_can() */

static inline bool
yard_can(void)
{
	struct firn_host host = { 0 };
	struct firn_cgroup_mounts mounts;
	bool can;

	yard_of = getpid();
	if (geteuid() != 0 || firn_host_open(&host, "/", &err) < 0)
		return false;
	can = firn_cgroup_mounts(&host, &mounts, &err) == 0 &&
	      (mounts.v2[0] != '\0' || mounts.freezer[0] != '\0') &&
	      access("/proc/self/ns/pid", F_OK) == 0;
	firn_host_close(&host);
	return can;
}

static inline const char *
yard_mount(unsigned hierarchy)
{
	return hierarchy == 0 ? yard.mounts.v2 : yard.mounts.freezer;
}

/* A control group below the yard's, "" for the yard's own; returns its path
 * in the hierarchies. */
static inline const char *
yard_group(const char *name)
{
	char *path = yard.groups[yard.n_groups++];
	char folder[5000];

	ck_assert_uint_lt(yard.n_groups, YARD_MAX);
	snprintf(path, sizeof(yard.groups[0]), "%s%s%s", yard.base,
		 name[0] != '\0' ? "/" : "", name);
	for (unsigned h = 0; h < 2; h++) {
		if (yard_mount(h)[0] == '\0')
			continue;
		snprintf(folder, sizeof(folder), "%s%s", yard_mount(h), path);
		ck_assert_msg(mkdir(folder, 0755) == 0, "mkdir %s: %s", folder,
			      strerror(errno));
	}
	return path;
}

static inline void
yard_write(unsigned hierarchy, const char *group, const char *file,
	   const char *text)
{
	char path[5000];
	int fd;

	snprintf(path, sizeof(path), "%s%s/%s", yard_mount(hierarchy), group,
		 file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "open %s: %s", path, strerror(errno));
	ck_assert_msg(write(fd, text, strlen(text)) == (ssize_t)strlen(text),
		      "write %s: %s", path, strerror(errno));
	close(fd);
}

static inline void
yard_move(pid_t pid, const char *group)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	for (unsigned h = 0; h < 2; h++)
		if (yard_mount(h)[0] != '\0')
			yard_write(h, group, "cgroup.procs", text);
}

static inline void
yard_start(void)
{
	yard = (struct yard){ 0 };
	err = (struct firn_err){ 0 };
	ck_ok(firn_host_open(&yard.host, "/", &err));
	ck_ok(firn_cgroup_mounts(&yard.host, &yard.mounts, &err));
	snprintf(yard.base, sizeof(yard.base), "/firn-yard-%d-%d", yard_of,
		 getpid());
	snprintf(yard.id, sizeof(yard.id), "%08x1%055x", getpid(), 0xfeed);
	snprintf(yard.id2, sizeof(yard.id2), "%08x2%055x", getpid(), 0xfeed);
	yard_group("");
}

static inline void
yard_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static inline void
yard_clear(void)
{
	yard_move(getpid(), "/");
	while (yard.n_kids > 0)
		yard_kill(yard.kids[--yard.n_kids]);
	while (yard.n_groups > 0) {
		const char *group = yard.groups[--yard.n_groups];
		char folder[5000];

		for (unsigned h = 0; h < 2; h++) {
			if (yard_mount(h)[0] == '\0')
				continue;
			snprintf(folder, sizeof(folder), "%s%s", yard_mount(h),
				 group);
			/* The kernel takes its time with the last process. */
			for (int i = 0; rmdir(folder) < 0 && i < 200; i++)
				usleep(10000);
		}
	}
	firn_host_close(&yard.host);
}

/* What a process does before it waits to be killed. */
struct yard_life {
	const char *comm; /* calls itself so */
	pid_t join;       /* enters these namespaces of that one, ... */
	int joined;       /* ... CLONE_NEWPID and so on */
	bool parent;      /* has a child in a pid namespace within its own */
	bool child;       /* has a child */
	const char *new_root; /* pivots to this folder */
	const char *chroot;   /* or only changes its root */
};

static inline void
yard_pivot(const char *folder)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(folder, folder, NULL, MS_BIND, NULL) < 0 ||
	    chdir(folder) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		_exit(4);
}

/* In the kid; `ready` is told once it stands. */
static inline void
yard_live(const struct yard_life *life, int go, int ready)
{
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go, &byte, 1) != 1)
		_exit(2);
	if (life->new_root != NULL)
		yard_pivot(life->new_root);
	if (life->chroot != NULL &&
	    (chroot(life->chroot) < 0 || chdir("/") < 0))
		_exit(4);
	if (life->parent || life->child) {
		if (life->parent && unshare(CLONE_NEWPID) < 0)
			_exit(5);
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	}
	if (life->comm != NULL)
		prctl(PR_SET_NAME, life->comm);
	if (write(ready, &byte, 1) != 1)
		_exit(2);
	for (;;)
		pause();
}

static inline pid_t
yard_clone(unsigned long flags)
{
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL,
			      NULL);
}

/* What enters a pid namespace is born into it: a process between enters, has
 * the child, gives it to us, and tells its pid. */
static inline pid_t
yard_clone_joined(const struct yard_life *life)
{
	pid_t between, pid = -1;
	int told[2];

	ck_assert(pipe2(told, O_CLOEXEC) == 0);
	between = fork();
	if (between == 0) {
		int pidfd = (int)syscall(SYS_pidfd_open, life->join, 0);

		if (pidfd < 0 || setns(pidfd, life->joined) < 0)
			_exit(3);
		close(pidfd);
		pid = yard_clone(CLONE_PARENT);
		if (pid == 0)
			return 0;
		_exit(write(told[1], &pid, sizeof(pid)) != sizeof(pid));
	}
	close(told[1]);
	waitpid(between, NULL, 0);
	ck_assert_int_eq(read(told[0], &pid, sizeof(pid)), sizeof(pid));
	close(told[0]);
	return pid;
}

/*
 * A process in new namespaces (`flags` of clone(2)) or those that `life` joins,
 * in this control group or, with NULL, in the test's own; returns when it
 * stands.
 */
static inline pid_t
yard_run(const char *group, unsigned long flags, const struct yard_life *life)
{
	static const struct yard_life plain;
	int go[2], ready[2];
	char byte = 1;
	pid_t pid;

	if (life == NULL)
		life = &plain;
	ck_assert(pipe2(go, O_CLOEXEC) == 0 && pipe2(ready, O_CLOEXEC) == 0);
	pid = life->join != 0 ? yard_clone_joined(life) : yard_clone(flags);
	if (pid == 0)
		yard_live(life, go[0], ready[1]);
	ck_assert_msg(pid > 0, "clone: %s", strerror(errno));
	yard.kids[yard.n_kids++] = pid;
	if (group != NULL)
		yard_move(pid, group);
	ck_assert_int_eq(write(go[1], &byte, 1), 1);
	close(ready[1]);
	ck_assert_msg(read(ready[0], &byte, 1) == 1,
		      "the process ended before it stood");
	close(go[0]);
	close(go[1]);
	close(ready[0]);
	return pid;
}

/* nftw(3) has no argument of ours. */
static inline int
yard_remove(const char *path, const struct stat *st, int type,
	    struct FTW *where)
{
	(void)st;
	(void)where;
	for (int i = 0; type == FTW_DP && rmdir(path) < 0 && i < 100; i++)
		usleep(10000);
	return 0;
}

static inline void
yard_sweep(void)
{
	char pattern[5000];

	if (firn_host_open(&yard.host, "/", &err) < 0 ||
	    firn_cgroup_mounts(&yard.host, &yard.mounts, &err) < 0)
		return;
	for (unsigned h = 0; h < 2; h++) {
		glob_t found = { 0 };

		snprintf(pattern, sizeof(pattern), "%s/firn-yard-%d-*",
			 yard_mount(h), yard_of);
		if (glob(pattern, 0, NULL, &found) == 0)
			for (size_t i = 0; i < found.gl_pathc; i++)
				nftw(found.gl_pathv[i], yard_remove, 16,
				     FTW_DEPTH | FTW_PHYS);
		globfree(&found);
	}
	firn_host_close(&yard.host);
}

#endif
