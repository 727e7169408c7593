#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "check.h"
#include "host/netns.h"

#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

static struct firn_err err;

static ino_t
inode_of(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	return st.st_ino;
}

static int
open_ns(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* A namespace that only this descriptor holds. */
static int
lonely_netns(void)
{
	int ends[2], fd;
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(ends[0]);
		if (unshare(CLONE_NEWNET) < 0 || write(ends[1], "r", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	fd = open_ns(pid, "net");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

static int
open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

START_TEST(sockets_belong_to_the_namespace_whose_processes_are_gone)
{
	const int protocols[] = { NETLINK_ROUTE, NETLINK_SOCK_DIAG };
	autoclose int netns = lonely_netns();
	int fds[2];

	ck_ok(firn_netns_sockets(netns, protocols, 2, fds, &err));
	for (size_t i = 0; i < 2; i++) {
		autoclose int of = ioctl(fds[i], SIOCGSKNS);

		ck_assert_int_ge(of, 0);
		ck_assert_uint_eq(inode_of(of), inode_of(netns));
		ck_assert_int_eq(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
		close(fds[i]);
	}
}
END_TEST

START_TEST(the_caller_stays_where_it_is_and_has_no_child)
{
	const int protocols[] = { NETLINK_ROUTE };
	autoclose int netns = lonely_netns();
	autoclose int before = open_ns(getpid(), "net");
	autoclose int after = -1;
	int fds[1];

	ck_ok(firn_netns_sockets(netns, protocols, 1, fds, &err));
	close(fds[0]);
	after = open_ns(getpid(), "net");
	ck_assert_uint_eq(inode_of(before), inode_of(after));
	ck_assert_uint_ne(inode_of(before), inode_of(netns));
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(a_protocol_that_there_is_not_is_minus_one_between_others)
{
	const int protocols[] = { NETLINK_ROUTE, 31, NETLINK_SOCK_DIAG };
	autoclose int netns = open_ns(getpid(), "net");
	int fds[3];

	ck_ok(firn_netns_sockets(netns, protocols, 3, fds, &err));
	ck_assert_int_ge(fds[0], 0);
	ck_assert_int_eq(fds[1], -1);
	ck_assert_int_ge(fds[2], 0);
	close(fds[0]);
	close(fds[2]);
}
END_TEST

START_TEST(what_is_not_a_network_namespace_is_refused_and_leaves_nothing)
{
	const int protocols[] = { NETLINK_ROUTE };
	autoclose int uts = open_ns(getpid(), "uts");
	int before = open_descriptors(), fds[1] = { 17 };

	ck_fails(firn_netns_sockets(uts, protocols, 1, fds, &err), EINVAL);
	ck_assert_int_eq(fds[0], -1);
	ck_fails(firn_netns_sockets(-1, protocols, 1, fds, &err), EBADF);
	ck_assert_int_eq(open_descriptors(), before);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(too_few_descriptors_left_is_an_error_not_a_mix_up)
{
	const int protocols[] = { NETLINK_ROUTE, NETLINK_ROUTE, NETLINK_ROUTE };
	autoclose int netns = open_ns(getpid(), "net");
	int before = open_descriptors(), fds[3], next = dup(netns);
	struct rlimit limit, few;

	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	/* The socket pair fits; of three sockets only two do. */
	few.rlim_cur = (rlim_t)next + 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	err = (struct firn_err){ 0 };
	ck_assert_int_lt(firn_netns_sockets(netns, protocols, 3, fds, &err), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(fds[0], -1);
	ck_assert_int_eq(fds[2], -1);
	ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		sockets_belong_to_the_namespace_whose_processes_are_gone,
		the_caller_stays_where_it_is_and_has_no_child,
		a_protocol_that_there_is_not_is_minus_one_between_others,
		what_is_not_a_network_namespace_is_refused_and_leaves_nothing,
		too_few_descriptors_left_is_an_error_not_a_mix_up,
	};
	Suite *suite = suite_create("netns");
	TCase *tcase = tcase_create("netns");

	if (geteuid() != 0) {
		puts("skipped: making a network namespace takes root");
		return 77;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
