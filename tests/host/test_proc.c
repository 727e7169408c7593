#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "host/proc.h"

static struct firn_host host;
static struct firn_err err;

static void
setup(void)
{
	ck_ok(firn_host_open(&host, "/", &err));
}

static void
teardown(void)
{
	firn_host_close(&host);
}

#define REST                                                              \
	" S 7 8 9 0 -1 4194560 1 2 3 4 55 66 0 0 20 0 3 0 777 4096 12 "   \
	"18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0 " \
	"1 2 3 100 200 300 400 0\n"

START_TEST(a_name_full_of_parentheses_hides_no_field)
{
	static const char text[] = "42 (a) S 1 1\n\033[2J)" REST;
	struct firn_proc_stat stat;

	ck_ok(firn_proc_parse_stat(text, sizeof(text) - 1, &stat, &err));
	ck_assert_int_eq(stat.pid, 42);
	ck_assert_uint_eq(stat.comm_len, strlen("a) S 1 1\n\033[2J"));
	ck_assert_int_eq(stat.state, 'S');
	ck_assert_int_eq(stat.ppid, 7);
	ck_assert_uint_eq(stat.user_ticks, 55);
	ck_assert_uint_eq(stat.n_threads, 3);
	ck_assert_uint_eq(stat.start_ticks, 777);
	ck_assert_uint_eq(stat.rss_pages, 12);
	ck_assert_uint_eq(stat.env_end, 400);
}
END_TEST

START_TEST(a_line_that_is_cut_anywhere_is_an_error_not_a_guess)
{
	static const char text[] = "42 (sh)" REST;
	struct firn_proc_stat stat;

	for (size_t len = 0; len < strlen("42 (sh) S 7 8 9 0 -1"); len++) {
		autofree char *cut = strndup(text, len);

		ck_fails(firn_proc_parse_stat(cut, len, &stat, &err), EBADMSG);
	}
}
END_TEST

START_TEST(a_process_that_renamed_itself_is_read_truly)
{
	struct firn_proc_stat stat;
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_NAME, ") R 1 1 (\n");
		pause();
	}
	for (int i = 0; i < 1000; i++) {
		ck_ok(firn_proc_stat(&host, child, &stat, &err));
		if (stat.comm[0] == ')')
			break;
		usleep(1000);
	}
	ck_assert_mem_eq(stat.comm, ") R 1 1 (\n", 10);
	ck_assert_int_eq(stat.ppid, getpid());
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ck_fails(firn_proc_stat(&host, child, &stat, &err), ENOENT);
}
END_TEST

START_TEST(the_namespaces_of_a_process_are_those_of_its_links)
{
	struct firn_namespaces mine, parents;

	ck_ok(firn_proc_namespaces(&host, getpid(), &mine, &err));
	ck_ok(firn_proc_namespaces(&host, getppid(), &parents, &err));
	ck_assert_uint_ne(mine.inode[FIRN_NS_NET], 0);
	ck_assert_mem_eq(&mine, &parents, sizeof(mine));
}
END_TEST

START_TEST(our_own_pid_is_in_the_list)
{
	autofree pid_t *pids = NULL;
	bool found = false;
	size_t n;

	ck_ok(firn_proc_pids(&host, &pids, &n, &err));
	for (size_t i = 0; i < n; i++) {
		found |= pids[i] == getpid();
		ck_assert(i == 0 || pids[i - 1] < pids[i]);
	}
	ck_assert(found);
}
END_TEST

START_TEST(a_field_of_status_is_found_by_its_whole_name)
{
	static const char status[] = "Name:\tUid:\\n1\nUmask:\t0022\nState:\tS "
				     "(sleeping)\nUid:\t0\t0\n";
	char value[32];

	ck_assert_int_eq(firn_proc_status_field(status, "Uid", value,
						sizeof(value)),
			 3);
	ck_assert_str_eq(value, "0\t0");
	ck_assert_int_eq(firn_proc_status_field(status, "Gid", value,
						sizeof(value)),
			 -1);
	ck_assert_int_eq(firn_proc_status_field(status, "State", value, 3), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("proc");
	TCase *tcase = tcase_create("proc");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_name_full_of_parentheses_hides_no_field);
	tcase_add_test(tcase,
		       a_line_that_is_cut_anywhere_is_an_error_not_a_guess);
	tcase_add_test(tcase, a_process_that_renamed_itself_is_read_truly);
	tcase_add_test(tcase,
		       the_namespaces_of_a_process_are_those_of_its_links);
	tcase_add_test(tcase, our_own_pid_is_in_the_list);
	tcase_add_test(tcase, a_field_of_status_is_found_by_its_whole_name);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
