/* What the receiver can't do any more, whoever has taken it over.  Each deed is
 * tried by a process of its own that is in the sandbox. */

#include "receiver/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "check.h"
#include "firn/inbox.h"

static struct firn_err err;
static char folder[64];
static struct firn_inbox inbox;
static int outside_fd; /* the folder that the inbox is in */

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/var/tmp/firn-sandbox-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0777), 0);
	strcat(folder, "/inbox");
	ck_ok(firn_inbox_open(&inbox, folder, true, &err));
	folder[strlen(folder) - strlen("/inbox")] = '\0';
	outside_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(outside_fd, 0);
}

static void
teardown(void)
{
	char command[96];

	close(outside_fd);
	firn_inbox_close(&inbox);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* Each returns 0 when it could do it, else an errno. */
typedef int deed_fn(void);

static int
result(long value)
{
	return value >= 0 ? 0 : errno;
}

static int
puts_a_letter(void)
{
	autojson json_t *envelope = json_object();
	char name[FIRN_LETTER_NAME];

	return firn_inbox_put(&inbox, envelope, "x", 1, name, &err) < 0 ||
			       firn_inbox_sync(&inbox, &err) < 0
		       ? err.code
		       : 0;
}

static int
reads_passwd(void)
{
	return result(openat(AT_FDCWD, "/etc/passwd", O_RDONLY));
}

static int
lists_root(void)
{
	return result(openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY));
}

static int
writes_an_answer(void)
{
	return result(openat(inbox.done_fd, "x", O_WRONLY | O_CREAT, 0600));
}

static int
writes_beside_the_inbox(void)
{
	return result(openat(outside_fd, "x", O_WRONLY | O_CREAT, 0600));
}

static int
sees_what_is_acted_upon(void)
{
	return result(openat(inbox.dir_fd, "cur", O_RDONLY | O_DIRECTORY));
}

static int
reads_answers(void)
{
	return result(openat(inbox.done_fd, ".", O_RDONLY | O_DIRECTORY));
}

static int
makes_a_socket(void)
{
	return result(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
}

static int
starts_a_program(void)
{
	char *const argv[] = { (char *)(uintptr_t) "true", NULL };

	return result(execve("/bin/true", argv, NULL));
}

static int
forks(void)
{
	return result(syscall(SYS_fork));
}

static int
kills(void)
{
	return result(syscall(SYS_kill, getpid(), 0));
}

static int
becomes_root(void)
{
	return result(syscall(SYS_setuid, 0));
}

static int
makes_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		       ? errno
		       : 0;
}

static int
mounts(void)
{
	return result(syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL));
}

static int
makes_a_link(void)
{
	return result(syscall(SYS_symlinkat, "/etc/shadow", inbox.new_fd, "x"));
}

static int
talks_to_a_terminal(void)
{
	return result(syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x"));
}

#define KILLED (-SIGSYS)

static const struct {
	const char *what;
	deed_fn *deed;
	int expected;
} deeds[] = {
	{ "puts a letter in", puts_a_letter, 0 },
	{ "reads answers", reads_answers, 0 },
	{ "reads /etc/passwd", reads_passwd, EACCES },
	{ "lists /", lists_root, EACCES },
	{ "writes an answer", writes_an_answer, EACCES },
	{ "writes beside the inbox", writes_beside_the_inbox, EACCES },
	{ "sees what is acted upon", sees_what_is_acted_upon, EACCES },
	{ "makes a socket", makes_a_socket, KILLED },
	{ "starts a program", starts_a_program, KILLED },
	{ "forks", forks, KILLED },
	{ "sends signals", kills, KILLED },
	{ "becomes root", becomes_root, KILLED },
	{ "makes code", makes_code, KILLED },
	{ "mounts", mounts, KILLED },
	{ "makes a link", makes_a_link, KILLED },
	{ "talks to a terminal", talks_to_a_terminal, KILLED },
};

/* In the sandbox, and nothing else. */
_Noreturn static void
try(deed_fn *deed)
{
	autojson json_t *missing = json_array();
	char path[96];

	snprintf(path, sizeof(path), "%s/inbox", folder);
	if (firn_sandbox(path, missing, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		_exit(254);
	}
	/* Here, all of it is enforced. */
	_exit(json_array_size(missing) == 0 ? deed() : 253);
}

START_TEST(the_sandbox_lets_nothing_but_its_work_be_done)
{
	int status, got;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		try(deeds[_i].deed);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	got = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	ck_assert_msg(got == deeds[_i].expected, "%s: %d, not %d",
		      deeds[_i].what, got, deeds[_i].expected);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tests = tcase_create("sandbox");

	if (geteuid() != 0) {
		puts("skipped: not root");
		return 77;
	}
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests,
			    the_sandbox_lets_nothing_but_its_work_be_done, 0,
			    (int)(sizeof(deeds) / sizeof(deeds[0])));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
