#include "respond/drill_init.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "respond/drill_layers.h"
#include "respond/drill_link.h"

/* Of no use to anybody: made for the drill. */
static const char secret_file[] =
	"-----BEGIN EC PRIVATE KEY-----\n"
	"MHcCAQEEIFirnDrillFirnDrillFirnDrillFirnDrillFirnDroAoGCCqGSM49\n"
	"AwEHoUQDQgAEFirnDrillFirnDrillFirnDrillFirnDrillFirnDrillFirnDr\n"
	"-----END EC PRIVATE KEY-----\n";

static int
mount_overlay(const char *folder, struct firn_err *err)
{
	char merged[256], options[1024];

	snprintf(merged, sizeof(merged), "%s/merged", folder);
	snprintf(options, sizeof(options),
		 "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", folder,
		 folder, folder);
	/* What is mounted from here on is seen in this namespace only. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return firn_err_sys(err, "make the mounts private");
	if (mount("overlay", merged, "overlay", 0, options) < 0)
		return firn_err_sys(err, "mount the overlay on %s", merged);
	if (chdir(merged) < 0)
		return firn_err_sys(err, "enter %s", merged);
	return 0;
}

static int
mount_secret(struct firn_err *err)
{
	const char *path = FIRN_DRILL_SECRET_FILE;
	autoclose int fd = -1;

	if (mount("tmpfs", "/run/secrets", "tmpfs", MS_NOSUID | MS_NODEV,
		  "mode=0755,size=64k") < 0)
		return firn_err_sys(err, "mount /run/secrets");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0)
		return firn_err_sys(err, "make %s", path);
	return firn_write_all(fd, path, secret_file, sizeof(secret_file) - 1,
			      err);
}

/* pivot_root(2), NOTES: with "." twice, the old root lies over the new one
 * until it is unmounted. */
static int
enter_root(struct firn_err *err)
{
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return firn_err_sys(err, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return firn_err_sys(err, "leave the old root");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL) < 0)
		return firn_err_sys(err, "mount /proc");
	if (mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=0755,size=64k") <
	    0)
		return firn_err_sys(err, "mount /dev");
	return mount_secret(err);
}

/* What Docker lets a container keep (moby, oci/caps/defaults.go), so that the
 * drill meets what an incident does. */
#define DOCKERS_CAPABILITIES 0xa80425fbull

static int
drop_capabilities(struct firn_err *err)
{
	for (unsigned i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if ((DOCKERS_CAPABILITIES >> i & 1) == 0 &&
		    prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			return firn_err_sys(err, "drop capability %u", i);
	return 0;
}

static int
become_intruder(const struct firn_drill_init *how, struct firn_err *err)
{
	char port[8];
	char address[] = FIRN_DRILL_HOST, program[] = "app";
	char database[] = FIRN_DRILL_SECRET_ENV
		"=postgres://app:firn-drill-in-the-environment@db.example/app";
	char home[] = "HOME=/root";
	char *const argv[] = { program, address, port, NULL };
	char *const env[] = { home, database, NULL };

	snprintf(port, sizeof(port), "%u", how->port);
	if (dup2(how->ready_fd, FIRN_DRILL_READY_FD) < 0)
		return firn_err_sys(err, "dup2");
	execve("/" FIRN_DRILL_PROGRAM, argv, env);
	return firn_err_sys(err, "execute /" FIRN_DRILL_PROGRAM);
}

static int
wait_for_go(int go_fd, struct firn_err *err)
{
	char byte;

	if (firn_read_some(go_fd, "a pipe", &byte, 1, err) != 1)
		_exit(1); /* firn is gone, or has given up */
	return 0;
}

/* Runs in the child.  Nothing but the three pipes' ends stays open: what is
 * not close-on-exec by then is 0 to 3. */
static void
start(const struct firn_drill_init *how)
{
	struct firn_err err = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	umask(022);
	if (wait_for_go(how->go_fd, &err) < 0 ||
	    firn_drill_link_up("lo", NULL, &err) < 0 ||
	    firn_drill_link_up("eth0", FIRN_DRILL_GUEST, &err) < 0 ||
	    sethostname("firn-drill", 10) < 0 ||
	    mount_overlay(how->folder, &err) < 0 || enter_root(&err) < 0 ||
	    drop_capabilities(&err) < 0 || become_intruder(how, &err) < 0) {
		struct firn_err ignored = { 0 };

		/* Nobody is left to tell when this fails too. */
		if (firn_write_all(how->error_fd, "a pipe", err.text,
				   strlen(err.text), &ignored) < 0)
			_exit(2);
	}
	_exit(1);
}

pid_t
firn_drill_init_start(const struct firn_drill_init *how, struct firn_err *err)
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
			 CLONE_NEWIPC | CLONE_NEWUTS,
		.exit_signal = SIGCHLD,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		return firn_err_sys(err, "make a container's namespaces");
	if (pid == 0)
		start(how);
	return (pid_t)pid;
}
