#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/ledger/ledger_file.h"
#include "contain/peek/peeking.h"
#include "firn/undo_plan.h"
#include "host/proc.h"

/* A suspect with a connection to itself; firns that ask for leave, change its
 * sockets and die. */

#define CLIENT 20
#define SERVER 21
#define DATAGRAMS 22

static const struct firn_authority authority = { .operator_name = "ada" };
static struct firn_err err;
static struct firn_host host;
static struct firn_ledger *ledger;
static char folder[64];
static int dir_fd;
static pid_t suspect, heir;

#define must(truth)                     \
	do {                            \
		if (!(truth)) {         \
			perror(#truth); \
			_exit(1);       \
		}                       \
	} while (0)

static void
make_sockets(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	socklen_t len = sizeof(here);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	int client = socket(AF_INET, SOCK_STREAM, 0);

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(listener, (struct sockaddr *)&here, len) == 0);
	must(listen(listener, 1) == 0);
	must(getsockname(listener, (struct sockaddr *)&here, &len) == 0);
	must(setsockopt(client, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ==
	     0);
	must(connect(client, (struct sockaddr *)&here, len) == 0);
	must(dup2(client, CLIENT) == CLIENT);
	must(dup2(accept(listener, NULL, NULL), SERVER) == SERVER);
	must(dup2(socket(AF_INET, SOCK_DGRAM, 0), DATAGRAMS) == DATAGRAMS);
	close(client);
	close(listener);
}

/* Starts one that runs `suspicious` and then stays. */
static pid_t
start(void (*suspicious)(void))
{
	int ends[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		suspicious();
		must(write(ends[1], "r", 1) == 1);
		for (;;)
			pause();
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return pid;
}

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/firn-peeking-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_ok(firn_host_open(&host, "/", &err));
	ck_ok(firn_ledger_open_at(&ledger, dir_fd, "t", &authority, &err));
	suspect = start(make_sockets);
	heir = 0;
}

static void
end(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

static void
teardown(void)
{
	end(&suspect);
	end(&heir);
	firn_ledger_close(&ledger);
	firn_host_close(&host);
	unlinkat(dir_fd, "t.jsonl", 0);
	close(dir_fd);
	ck_assert_int_eq(rmdir(folder), 0);
}

static int
borrow(pid_t pid, int fd)
{
	int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0), ours;

	ck_assert_int_ge(pid_fd, 0);
	ours = (int)syscall(SYS_pidfd_getfd, pid_fd, fd, 0);
	ck_assert_int_ge(ours, 0);
	close(pid_fd);
	return ours;
}

static int
option(pid_t pid, int fd, int level, int name)
{
	autoclose int ours = borrow(pid, fd);
	socklen_t len = sizeof(int);
	int value = -1;

	ck_assert_int_eq(getsockopt(ours, level, name, &value, &len), 0);
	return value;
}

static json_t *
socket_of(pid_t pid, int fd)
{
	autoclose int ours = borrow(pid, fd);
	struct firn_proc_stat process;
	uint64_t cookie;
	socklen_t len = sizeof(cookie);
	json_t *socket = json_object();
	struct stat st;

	ck_ok(firn_proc_stat(&host, pid, &process, &err));
	ck_assert_int_eq(fstat(ours, &st), 0);
	ck_assert_int_eq(getsockopt(ours, SOL_SOCKET, SO_COOKIE, &cookie, &len),
			 0);
	firn_json_uint(socket, "inode", st.st_ino);
	firn_json_uint(socket, "cookie", cookie);
	json_object_set_new(socket, "pid", json_integer(pid));
	firn_json_uint(socket, "start_ticks", process.start_ticks);
	json_object_set_new(socket, "fd", json_integer(fd));
	return socket;
}

static void
ask(void)
{
	json_t *client = socket_of(suspect, CLIENT);
	json_t *datagrams = socket_of(suspect, DATAGRAMS);
	autojson json_t *sockets = json_array();

	json_object_set_new(client, "reuse_address", json_integer(1));
	json_object_set_new(datagrams, "peek_offset", json_integer(-1));
	json_array_append_new(sockets, client);
	json_array_append_new(sockets, datagrams);
	ck_ok(firn_peeking_ask(&host, ledger, sockets, &err));
}

/* As firn's peeker does, up to where it is killed. */
static void
change_and_die(void)
{
	int client = borrow(suspect, CLIENT), one = 1, zero = 0;
	int datagrams = borrow(suspect, DATAGRAMS);
	pid_t pid = fork();

	if (pid == 0) {
		must(setsockopt(datagrams, SOL_SOCKET, SO_PEEK_OFF, &zero,
				sizeof(zero)) == 0);
		must(setsockopt(client, IPPROTO_TCP, TCP_REPAIR, &one,
				sizeof(one)) == 0);
		kill(getpid(), SIGKILL);
	}
	close(client);
	close(datagrams);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(option(suspect, CLIENT, IPPROTO_TCP, TCP_REPAIR), 1);
	ck_assert_int_eq(option(suspect, DATAGRAMS, SOL_SOCKET, SO_PEEK_OFF),
			 0);
}

static size_t
n_open(void)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "peek");

	return json_array_size(open);
}

static void
ck_as_before(pid_t pid)
{
	autoclose int client = borrow(pid, CLIENT);
	char text[8];

	ck_assert_int_eq(option(pid, CLIENT, IPPROTO_TCP, TCP_REPAIR), 0);
	ck_assert_int_eq(option(pid, CLIENT, SOL_SOCKET, SO_REUSEADDR), 1);
	ck_assert_int_eq(option(pid, DATAGRAMS, SOL_SOCKET, SO_PEEK_OFF), -1);
	/* What is sent leaves. */
	ck_assert_int_eq(send(client, "hello", 5, 0), 5);
	if (pid == suspect) {
		autoclose int server = borrow(pid, SERVER);

		ck_assert_int_eq(recv(server, text, sizeof(text), 0), 5);
	}
}

START_TEST(what_a_firn_that_was_killed_has_left_is_put_right)
{
	autojson json_t *plan = NULL;

	ask();
	change_and_die();
	plan = firn_thaw_plan(ledger);
	ck_assert_uint_eq(json_array_size(plan), 2);
	ck_ok(firn_peeking_undo(&host, ledger, &err));
	ck_as_before(suspect);
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

START_TEST(what_is_as_it_was_is_not_touched)
{
	autojson json_t *lines = NULL;
	json_t *last;

	ask();
	ck_ok(firn_peeking_undo(&host, ledger, &err));
	lines = json_copy((json_t *)(uintptr_t)firn_ledger_lines(ledger));
	last = json_array_get(lines, json_array_size(lines) - 1);
	ck_assert_str_eq(firn_json_string(last, "phase", NULL), "undone");
	ck_assert_int_eq(json_integer_value(firn_json_at(last, "details",
							 "put_right", NULL)),
			 0);
	ck_as_before(suspect);
}
END_TEST

START_TEST(whoever_asks_next_puts_right_first)
{
	ask();
	change_and_die();
	ask();
	ck_as_before(suspect);
	ck_assert_uint_eq(n_open(), 1);
	ck_ok(firn_peeking_undo(&host, ledger, &err));
}
END_TEST

static void
stay(void)
{
}

START_TEST(a_socket_that_another_process_has_by_now_is_found)
{
	autoclose int client = borrow(suspect, CLIENT);
	autoclose int datagrams = borrow(suspect, DATAGRAMS);

	ask();
	change_and_die();
	ck_assert_int_eq(dup2(client, CLIENT), CLIENT);
	ck_assert_int_eq(dup2(datagrams, DATAGRAMS), DATAGRAMS);
	heir = start(stay);
	close(CLIENT);
	close(DATAGRAMS);
	firn_auto_close(&client);
	firn_auto_close(&datagrams);
	client = datagrams = -1;
	end(&suspect);
	ck_ok(firn_peeking_undo(&host, ledger, &err));
	ck_assert_int_eq(option(heir, CLIENT, IPPROTO_TCP, TCP_REPAIR), 0);
	ck_assert_int_eq(option(heir, CLIENT, SOL_SOCKET, SO_REUSEADDR), 1);
	ck_assert_int_eq(option(heir, DATAGRAMS, SOL_SOCKET, SO_PEEK_OFF), -1);
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

START_TEST(sockets_that_are_gone_leave_nothing_open)
{
	ask();
	end(&suspect);
	ck_ok(firn_peeking_undo(&host, ledger, &err));
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

/* As a descriptor that was closed, and its number and inode are another's. */
START_TEST(another_socket_in_its_place_is_left_alone)
{
	json_t *server = socket_of(suspect, SERVER);
	autojson json_t *sockets = json_pack("[o]", server);

	firn_json_uint(server, "cookie",
		       1 + (uint64_t)json_integer_value(
				   json_object_get(server, "cookie")));
	json_object_set_new(server, "peek_offset", json_integer(7));
	ck_ok(firn_peeking_ask(&host, ledger, sockets, &err));
	ck_ok(firn_peeking_undo(&host, ledger, &err));
	ck_assert_int_eq(option(suspect, SERVER, SOL_SOCKET, SO_PEEK_OFF), -1);
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

static void *
send_from_nowhere(void *arg)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	area.range.start = (uint64_t)(uintptr_t)page;
	area.range.len = 4096;
	must(fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0 &&
	     ioctl(fd, UFFDIO_REGISTER, &area) == 0);
	send(CLIENT, page, 4096, 0);
	return arg;
}

/* Its thread holds the lock of the socket, as if it had gone on too early. */
static void
lock_the_client(void)
{
	pthread_t thread;
	int one = 1;

	make_sockets();
	must(setsockopt(CLIENT, SOL_SOCKET, SO_REUSEADDR, &(int){ 0 },
			sizeof(one)) == 0);
	must(pthread_create(&thread, NULL, send_from_nowhere, NULL) == 0);
	usleep(50000);
}

START_TEST(a_socket_that_is_locked_stays_in_the_ledger_and_holds_nobody_up)
{
	end(&suspect);
	suspect = start(lock_the_client);
	ask();
	ck_assert_int_eq(firn_peeking_undo(&host, ledger, &err), -1);
	ck_assert_int_eq(err.code, ETIMEDOUT);
	ck_assert_uint_eq(n_open(), 1);
	/* With its owner it's gone. */
	end(&suspect);
	ck_ok(firn_peeking_undo(&host, ledger, &err));
	ck_assert_uint_eq(n_open(), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_a_firn_that_was_killed_has_left_is_put_right,
		what_is_as_it_was_is_not_touched,
		whoever_asks_next_puts_right_first,
		a_socket_that_another_process_has_by_now_is_found,
		sockets_that_are_gone_leave_nothing_open,
		another_socket_in_its_place_is_left_alone,
		a_socket_that_is_locked_stays_in_the_ledger_and_holds_nobody_up,
	};
	Suite *suite = suite_create("peeking");
	TCase *tcase = tcase_create("peeking");

	if (geteuid() != 0) {
		puts("skipped: TCP_REPAIR takes root");
		return 77;
	}
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
