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
#include <sys/mman.h>
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

/* A test that fails ends where it stands, so whoever comes after it takes away
 * its container: this is seen by all of them. */
static struct drilled {
	bool there;
	struct firn_drill_container container;
} * drilled;

/* Release and remove.  Returns 0, or -1 for the first failure. */
static inline int
drilled_remove(void)
{
	json_t *said = NULL;
	char path[256];
	int done = firn_release(ledger, &said, &err);

	json_decref(said);
	snprintf(path, sizeof(path), "/run/firn/ledger/%s.jsonl", container.id);
	firn_ledger_close(&ledger);
	unlink(path);
	firn_target_close(&target);
	if (firn_drill_container_remove(&container, &err) < 0)
		done = -1;
	firn_host_close(&host);
	drilled->there = false;
	return done;
}

/* What a test that failed has left. */
static inline void
drilled_clean(void)
{
	const struct firn_authority authority = { 0 };

	if (drilled == NULL || !drilled->there)
		return;
	container = drilled->container;
	container.listen_fd = container.beacon_fd = -1;
	if (firn_ledger_open(&ledger, container.id, &authority, &err) == 0)
		(void)drilled_remove();
}

static inline void
drilled_setup(void)
{
	const struct firn_authority authority = { 0 };
	char name[32];

	drilled_clean();
	ck_ok(firn_host_open(&host, "/", &err));
	ck_ok(firn_drill_container_make(&container, &host, &err));
	drilled->container = container;
	drilled->there = true;
	snprintf(name, sizeof(name), "pid:%d", (int)container.pid);
	ck_ok(firn_target_open(&target, &host, name, &err));
	ck_ok(firn_ledger_open(&ledger, target->id, &authority, &err));
}

static inline void
drilled_teardown(void)
{
	ck_ok(drilled_remove());
}

/* The body of main(): `add` adds the tests. */
static inline int
drilled_main(const char *name, void (*setup)(void), void (*teardown)(void),
	     void (*add)(TCase *tcase))
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create("container");
	int status;

	if (geteuid() != 0) {
		puts("SKIP: a container needs root");
		return 77;
	}
	drilled = mmap(NULL, sizeof(*drilled), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (drilled == MAP_FAILED)
		return 1;
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	add(tcase);
	suite_add_tcase(suite, tcase);
	status = run_suite(suite);
	drilled_clean();
	return status;
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
