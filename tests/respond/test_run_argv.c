/* Programs of the team's own: theirs alone, without privileges, and gone in
 * the end. */

#include "firn/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "check.h"

static struct firn_err err;
static char folder[64], hook[96];
static json_t *input, *told;

/* --- fixture ---------------------------------------------------------------
 */

static void
write_hook(const char *script)
{
	FILE *out = fopen(hook, "w");

	ck_assert_ptr_nonnull(out);
	fprintf(out, "#!/bin/sh\n%s\n", script);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(chmod(hook, 0755), 0);
}

/* Where only root can write, and everybody run. */
static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/opt/firn-test-XXXXXX");
	mkdir("/opt", 0755);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
	snprintf(hook, sizeof(hook), "%s/hook", folder);
	input = json_pack("{s:s}", "case", "case-1");
}

static void
teardown(void)
{
	char command[96];

	json_decref(input);
	json_decref(told);
	input = told = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
run(const char *script, unsigned timeout_s)
{
	const char *const argv[] = { hook, "--team", "a b; $(id)", NULL };

	write_hook(script);
	json_decref(told);
	told = NULL;
	ck_ok(firn_run_argv(argv, NULL, timeout_s, input, &told, &err));
}

static const char *
text(const char *key)
{
	return firn_json_string(told, key, NULL);
}

static json_int_t
number(const char *key)
{
	json_t *value = json_object_get(told, key);

	return value == NULL ? -1 : json_integer_value(value);
}

/* Whether any process of the node still has that in its arguments. */
static bool
runs(const char *pattern)
{
	char command[128];

	snprintf(command, sizeof(command), "pgrep -f '[%c]%s' >/dev/null",
		 pattern[0], pattern + 1);
	return system(command) == 0;
}

/* --- what it gets ---------------------------------------------------------
 */

START_TEST(a_hook_gets_its_arguments_and_the_case)
{
	run("printf '%s|' \"$@\"; cat; echo oops >&2; exit 7", 60);
	ck_assert_str_eq(text("stdout"),
			 "--team|a b; $(id)|{\"case\":\"case-1\"}");
	ck_assert_str_eq(text("stderr"), "oops\n");
	ck_assert_int_eq(number("status"), 7);
	ck_assert_ptr_null(json_object_get(told, "timed_out"));
	ck_assert_int_ge(number("ms"), 0);
}
END_TEST

START_TEST(its_environment_is_bare)
{
	const char *const argv[] = { "/usr/bin/env", NULL };

	setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t", 1);
	ck_ok(firn_run_argv(argv, NULL, 60, input, &told, &err));
	ck_assert_str_eq(text("stdout"), "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
					 "LANG=C.UTF-8\nHOME=/\n");
}
END_TEST

START_TEST(it_has_no_privileges)
{
	static const char *const expected[] = {
		"Uid:\t65534\t65534\t65534\t65534\n",
		"Gid:\t65534\t65534\t65534\t65534\n",
		"Groups:\t \n",
		"CapPrm:\t0000000000000000\n",
		"CapEff:\t0000000000000000\n",
		"CapInh:\t0000000000000000\n",
		"CapAmb:\t0000000000000000\n",
		"NoNewPrivs:\t1\n",
		"SigBlk:\t0000000000000000\n",
		"SigIgn:\t0000000000000000\n",
	};
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	run("cat /proc/self/status", 60);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		ck_assert_msg(strstr(text("stdout"), expected[i]) != NULL,
			      "no %s in %s", expected[i], text("stdout"));
}
END_TEST

START_TEST(it_has_no_descriptor_of_ours)
{
	int fd = open("/etc/shadow", O_RDONLY); /* without O_CLOEXEC */

	ck_assert_int_ge(fd, 0);
	run("ls /proc/self/fd", 60);
	close(fd);
	/* The fourth is that of ls(1), of the folder that it lists. */
	ck_assert_str_eq(text("stdout"), "0\n1\n2\n3\n");
}
END_TEST

START_TEST(it_is_in_a_session_of_its_own)
{
	run("cut -d' ' -f6 /proc/self/stat", 60);
	ck_assert_int_gt(atoi(text("stdout")), 0);
	ck_assert_int_ne(atoi(text("stdout")), getsid(0));
}
END_TEST

START_TEST(it_cannot_reach_the_process_that_watches_it)
{
	run("kill -9 1; kill -9 -1 2>/dev/null; echo on", 60);
	ck_assert_str_eq(text("stdout"), "on\n");
	ck_assert_int_eq(number("status"), 0);
}
END_TEST

/* --- what it does ---------------------------------------------------------
 */

START_TEST(what_it_says_without_end_is_cut_and_ended)
{
	run(_i == 0 ? "exec yes firn" : "exec yes firn >&2", 1);
	ck_assert(json_is_true(json_object_get(told, "timed_out")));
	ck_assert_uint_eq(strlen(text(_i == 0 ? "stdout" : "stderr")), 65536);
	ck_assert(json_is_true(
		json_object_get(told, _i == 0 ? "stdout_cut" : "stderr_cut")));
	ck_assert_int_eq(number("status"), -1);
}
END_TEST

START_TEST(what_it_says_at_length_is_no_reason_to_wait)
{
	run("head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2", 60);
	ck_assert_int_eq(number("status"), 0);
	ck_assert_uint_eq(strlen(text("stdout")), 65536);
	ck_assert_str_eq(text("stderr"), "end\n");
}
END_TEST

START_TEST(bytes_that_are_no_text_are_kept)
{
	run("printf 'a\\377\\033[2J'", 60);
	ck_assert_str_eq(text("stdout"), "a\\xff\\x1b[2J");
	ck_assert_str_eq(text("stdout_b64"), "Yf8bWzJK");
}
END_TEST

START_TEST(it_need_not_read_the_case)
{
	autofree char *large = calloc(1, 3000001);

	memset(large, 'x', 3000000);
	json_object_set_new(input, "large", json_string(large));
	run(_i == 0 ? "exec <&-; echo done" : "echo done", 60);
	ck_assert_str_eq(text("stdout"), "done\n");
}
END_TEST

START_TEST(who_ignores_signals_is_ended_at_the_time)
{
	run("trap '' TERM INT HUP QUIT; while :; do :; done # firn-deaf", 1);
	ck_assert(json_is_true(json_object_get(told, "timed_out")));
	ck_assert(!runs("firn-deaf"));
}
END_TEST

/* A daemon: forked twice, in a session of its own, all descriptors closed. */
#define DAEMONS                                                          \
	"for i in 1 2 3 4 5; do (setsid sh -c 'exec >&- 2>&- <&-; trap " \
	" "                                                              \
	"TERM HUP; sh -c \"sleep 4321.$i\" &' &) & done; sleep 0.3; "

START_TEST(nothing_that_it_started_stays)
{
	run(_i == 0 ? DAEMONS "pgrep -fc '[4]321' >&2; exit 3"
		    : DAEMONS "pgrep -fc '[4]321' >&2; sleep 100",
	    _i == 0 ? 60 : 3);
	ck_assert_int_ge(atoi(text("stderr")), 5);
	ck_assert(!runs("4321."));
	if (_i == 0)
		ck_assert_int_eq(number("status"), 3);
	else
		ck_assert(json_is_true(json_object_get(told, "timed_out")));
}
END_TEST

START_TEST(a_fork_bomb_ends_with_it)
{
	run("b() { b | b & }; b; sleep 100 # firn-bomb", 2);
	ck_assert(json_is_true(json_object_get(told, "timed_out")));
	ck_assert(!runs("firn-bomb"));
}
END_TEST

START_TEST(a_signal_is_told)
{
	run("kill -SEGV $$", 60);
	ck_assert_int_eq(number("signal"), SIGSEGV);
	ck_assert_int_eq(number("status"), -1);
}
END_TEST

START_TEST(it_goes_with_firn)
{
	pid_t pid = fork();

	if (pid == 0) {
		run("sleep 8765.4", 60);
		_exit(0);
	}
	while (!runs("8765.4"))
		usleep(10000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 500 && runs("8765.4"); i++)
		usleep(10000);
	ck_assert(!runs("8765.4"));
}
END_TEST

/* --- whose it is ----------------------------------------------------------
 */

static void
refused(const char *path, int code)
{
	const char *const argv[] = { path, NULL };

	ck_fails(firn_run_argv(argv, NULL, 60, input, &told, &err), code);
	ck_assert_ptr_null(told);
}

START_TEST(a_program_that_others_could_have_changed_is_not_run)
{
	char marker[128], script[160], path[192], folder2[128];

	snprintf(marker, sizeof(marker), "%s/ran", folder);
	snprintf(script, sizeof(script), "touch %s", marker);
	ck_assert_int_eq(chmod(folder, 0777), 0);
	write_hook(script);
	if (_i != 0)
		ck_assert_int_eq(chmod(folder, 0755), 0);
	snprintf(path, sizeof(path), "%s", hook);
	if (_i == 1)
		ck_assert_int_eq(chown(hook, 65534, 0), 0);
	else if (_i == 2)
		ck_assert_int_eq(chmod(hook, 0775), 0);
	else if (_i == 3)
		ck_assert_int_eq(chmod(hook, 0757), 0);
	else if (_i == 4)
		ck_assert_int_eq(chown(folder, 65534, 0), 0);
	else if (_i == 5)
		ck_assert_int_eq(chmod(folder, 01777), 0);
	if (_i >= 6) { /* its link is in a folder of others' */
		snprintf(folder2, sizeof(folder2), "%s/theirs", folder);
		snprintf(path, sizeof(path), "%s/link", folder2);
		ck_assert_int_eq(mkdir(folder2, 0755), 0);
		ck_assert_int_eq(symlink(_i == 6 ? hook : "../hook", path), 0);
		ck_assert_int_eq(chmod(folder2, 0777), 0);
	}
	refused(path, EPERM);
	ck_assert_int_ne(access(marker, F_OK), 0);
}
END_TEST

START_TEST(a_link_of_roots_own_is_followed)
{
	const char *const argv[] = { "/bin/sh", "-c", "echo yes", NULL };
	char path[128];
	const char *const linked[] = { path, NULL };

	ck_ok(firn_run_argv(argv, "nobody", 60, input, &told, &err));
	ck_assert_str_eq(text("stdout"), "yes\n");
	json_decref(told);
	told = NULL;
	write_hook("echo too");
	snprintf(path, sizeof(path), "%s/link", folder);
	ck_assert_int_eq(symlink("./../../opt/../dev/null", path), 0);
	refused(path, EPERM); /* a device */
	unlink(path);
	ck_assert_int_eq(symlink("hook", path), 0);
	ck_ok(firn_run_argv(linked, NULL, 60, input, &told, &err));
	ck_assert_str_eq(text("stdout"), "too\n");
}
END_TEST

START_TEST(what_is_no_program_is_an_error)
{
	char path[128];

	refused("hook", EINVAL);
	refused("", EINVAL);
	refused("/nowhere/hook", ENOENT);
	refused(folder, EPERM);
	write_hook("echo");
	ck_assert_int_eq(chmod(hook, 0644), 0);
	refused(hook, EACCES);
	snprintf(path, sizeof(path), "%s/loop", folder);
	ck_assert_int_eq(symlink(path, path), 0);
	refused(path, ELOOP);
	snprintf(path, sizeof(path), "%s/fifo", folder);
	ck_assert_int_eq(mkfifo(path, 0755), 0);
	refused(path, EPERM);
}
END_TEST

START_TEST(nobody_becomes_root_or_firn)
{
	const char *const argv[] = { "/bin/true", NULL };

	ck_fails(firn_run_argv(argv, "root", 60, input, &told, &err), EPERM);
	if (system("grep -q ^firn: /etc/passwd") == 0)
		ck_fails(firn_run_argv(argv, "firn", 60, input, &told, &err),
			 EPERM);
	ck_fails(firn_run_argv(argv, "no-such-user", 60, input, &told, &err),
		 ENOENT);
	ck_fails(firn_run_argv(argv, NULL, 0, input, &told, &err), EINVAL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("run_argv");
	TCase *tcase = tcase_create("run_argv");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_hook_gets_its_arguments_and_the_case);
	tcase_add_test(tcase, its_environment_is_bare);
	tcase_add_test(tcase, it_has_no_privileges);
	tcase_add_test(tcase, it_has_no_descriptor_of_ours);
	tcase_add_test(tcase, it_is_in_a_session_of_its_own);
	tcase_add_test(tcase, it_cannot_reach_the_process_that_watches_it);
	tcase_add_loop_test(tcase, what_it_says_without_end_is_cut_and_ended, 0,
			    2);
	tcase_add_test(tcase, what_it_says_at_length_is_no_reason_to_wait);
	tcase_add_test(tcase, bytes_that_are_no_text_are_kept);
	tcase_add_loop_test(tcase, it_need_not_read_the_case, 0, 2);
	tcase_add_test(tcase, who_ignores_signals_is_ended_at_the_time);
	tcase_add_loop_test(tcase, nothing_that_it_started_stays, 0, 2);
	tcase_add_test(tcase, a_fork_bomb_ends_with_it);
	tcase_add_test(tcase, a_signal_is_told);
	tcase_add_test(tcase, it_goes_with_firn);
	tcase_add_loop_test(tcase,
			    a_program_that_others_could_have_changed_is_not_run,
			    0, 8);
	tcase_add_test(tcase, a_link_of_roots_own_is_followed);
	tcase_add_test(tcase, what_is_no_program_is_an_error);
	tcase_add_test(tcase, nobody_becomes_root_or_firn);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
