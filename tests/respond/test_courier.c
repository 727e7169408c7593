/* What a courier that was taken over can still do: next to nothing. */

#include "courier.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "host/become.h"

static struct firn_err err;

/* Two that listen: where the URL leads, and elsewhere. */
static struct sockaddr_in there, elsewhere;

static void
listen_at(struct sockaddr_in *ret)
{
	socklen_t len = sizeof(*ret);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*ret = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	ck_assert_int_eq(bind(fd, (struct sockaddr *)ret, len), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)ret, &len), 0);
}

static void
setup(void)
{
	listen_at(&there);
	listen_at(&elsewhere);
}

static int
landlock_version(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
			    LANDLOCK_CREATE_RULESET_VERSION);
}

/* In a process that has been confined as the courier is: what the attempt
 * returns, -SIGNAL if it was ended. */
static int
confined(int (*attempt)(void))
{
	const struct task task = { .port = ntohs(there.sin_port) };
	int status, landlock;
	pid_t pid = fork();

	if (pid == 0) {
		if (firn_become(65534, 65534, &err) < 0 ||
		    confine(&task, &landlock, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			_exit(99);
		}
		_exit(attempt());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* The error's number, 0 for success. */
static int
code_of(int done)
{
	return done < 0 ? errno : 0;
}

static int
connect_to(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return code_of(connect(fd, (const struct sockaddr *)address,
			       sizeof(*address)));
}

/* --- what it needs --------------------------------------------------------
 */

static int
go_there(void)
{
	return connect_to(&there);
}

static int
read_certificates(void)
{
	return code_of(open("/etc/ssl/openssl.cnf", O_RDONLY));
}

static int
resolve(void)
{
	struct addrinfo *found = NULL;

	return getaddrinfo("localhost", "80", NULL, &found);
}

START_TEST(it_can_do_its_work)
{
	int (*const attempts[])(void) = { go_there, read_certificates,
					  resolve };

	ck_assert_int_eq(confined(attempts[_i]), 0);
}
END_TEST

/* --- what it doesn't ------------------------------------------------------
 */

static int
go_elsewhere(void)
{
	return connect_to(&elsewhere);
}

static int
read_passwd(void)
{
	return code_of(open("/etc/passwd", O_RDONLY));
}

static int
read_proc(void)
{
	return code_of(open("/proc/self/environ", O_RDONLY));
}

static int
write_tmp(void)
{
	return code_of(open("/tmp/firn-was-here", O_WRONLY | O_CREAT, 0666));
}

static int
open_for_writing(void)
{
	return code_of(open("/dev/null", O_RDWR));
}

static int
remove_file(void)
{
	return code_of(unlink("/tmp/firn-was-here"));
}

static int
open_raw(void)
{
	return code_of(socket(AF_PACKET, SOCK_RAW, 0));
}

static int
fork_again(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return code_of(pid);
}

static int
serve(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return errno;
	return code_of(listen(fd, 1));
}

static int
send_signal(void)
{
	return code_of(kill(getppid(), 0));
}

START_TEST(it_can_do_nothing_else)
{
	int (*const attempts[])(void) = {
		go_elsewhere, read_passwd,      read_proc,
		write_tmp,    open_for_writing, remove_file,
		open_raw,     fork_again,       serve,
		send_signal,
	};
	int code = confined(attempts[_i]);

	if (landlock_version() < 4 &&
	    (attempts[_i] == go_elsewhere || attempts[_i] == serve))
		return; /* nobody forbids it on this kernel */
	ck_assert_msg(code > 0 && code != 99, "attempt %d: %d", _i, code);
}
END_TEST

static int
run_program(void)
{
	return code_of(execl("/bin/true", "true", NULL));
}

static int
trace_parent(void)
{
	return code_of((int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int
make_namespace(void)
{
	return code_of(unshare(CLONE_NEWUSER));
}

START_TEST(what_nobody_does_by_mistake_ends_it)
{
	int (*const attempts[])(void) = { run_program, trace_parent,
					  make_namespace };

	ck_assert_int_eq(confined(attempts[_i]), -SIGSYS);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("courier");
	TCase *tcase = tcase_create("courier");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, it_can_do_its_work, 0, 3);
	tcase_add_loop_test(tcase, it_can_do_nothing_else, 0, 10);
	tcase_add_loop_test(tcase, what_nobody_does_by_mistake_ends_it, 0, 3);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
