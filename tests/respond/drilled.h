#ifndef TESTS_DRILLED_H
#define TESTS_DRILLED_H

/*
 * drilled -- the drill's container as a fixture, and guests in it: processes of
 * the test's that join its cgroup, its network namespace, or both.
 */

#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firn/isolate.h"
#include "respond/drill_container.h"

static struct firn_err err;
static struct firn_host host;
static struct firn_drill_container container;
static struct firn_target *target;
static struct firn_ledger *ledger;

static pid_t drilled_by; /* 0 when there is none */

static inline int
drilled_remove(void)
{
	json_t *said = NULL;
	char path[256];
	int done = 0;

	drilled_by = 0;
	if (ledger != NULL)
		done |= firn_release(ledger, &said, &err);
	json_decref(said);
	if (target != NULL)
		snprintf(path, sizeof(path), "/run/firn/ledger/%s.jsonl",
			 target->id);
	firn_ledger_close(&ledger);
	if (target != NULL)
		unlink(path);
	firn_target_close(&target);
	done |= firn_drill_container_remove(&container, &err);
	firn_host_close(&host);
	return done;
}

/* A test that fails exits: nothing may be left behind by it either. */
static inline void
drilled_at_exit(void)
{
	if (getpid() == drilled_by)
		(void)drilled_remove();
}

static inline void
drilled_setup(void)
{
	const struct firn_authority authority = { 0 };
	char name[32];

	drilled_by = getpid();
	atexit(drilled_at_exit);
	ck_ok(firn_host_open(&host, "/", &err));
	ck_ok(firn_drill_container_make(&container, &host, &err));
	snprintf(name, sizeof(name), "pid:%d", (int)container.pid);
	ck_ok(firn_target_open(&target, &host, name, &err));
	ck_ok(firn_ledger_open(&ledger, target->id, &authority, &err));
}

static inline void
drilled_teardown(void)
{
	ck_ok(drilled_remove());
}

/* A process of the test's in the container. */
struct guest {
	pid_t pid;
	int fd; /* socket to it */
};

enum guest_of {
	IN_CGROUP = 1,
	IN_NETNS = 2
};

static inline bool
guest_enters(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
}

/* Runs until `run` returns, or guest_ends().  It is in place when its first
 * byte is there. */
static inline struct guest
guest_starts(unsigned where, void (*run)(int fd))
{
	struct guest guest;
	char byte = 0;
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    ends),
			 0);
	guest.pid = fork();
	if (guest.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* So that it ends with whoever holds the other end. */
		close(ends[0]);
		if (read(ends[1], &byte, 1) != 1 ||
		    ((where & IN_NETNS) != 0 && !guest_enters(container.pid)))
			_exit(1);
		run(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	guest.fd = ends[0];
	if ((where & IN_CGROUP) != 0)
		ck_ok(firn_drill_cgroups_add(&container.cgroups, guest.pid,
					     &err));
	ck_assert_int_eq(write(guest.fd, &byte, 1), 1);
	ck_assert_int_eq(read(guest.fd, &byte, 1), 1);
	return guest;
}

/* Tell it to go on, and hear what it says: one letter. */
static inline char
guest_says(const struct guest *guest)
{
	char byte = 'g';

	ck_assert_int_eq(write(guest->fd, &byte, 1), 1);
	ck_assert_int_eq(read(guest->fd, &byte, 1), 1);
	return byte;
}

static inline void
guest_ends(struct guest *guest)
{
	kill(guest->pid, SIGKILL);
	waitpid(guest->pid, NULL, 0);
	close(guest->fd);
}

/* For `run`: here I am; and wait for the test to go on. */
static inline void
guest_waits(int fd, char says)
{
	char byte;

	if (write(fd, &says, 1) != 1 || read(fd, &byte, 1) != 1)
		_exit(1);
}

#endif
