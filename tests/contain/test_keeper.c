/*
 * Keepers that real cgroups are thawed by, while firn is killed in all ways.
 * The ledger is the node's, as a keeper knows no other; its name is ours.
 */

#include "contain/cage.h"

#include "base/json.h"
#include "base/text.h"
#include "contain/keep/keeper.h"
#include "contain/scan_double.h"
#include "firn/freeze.h"
#include "firn/ledger.h"
#include "host/proc.h"

static struct cage cage;
static struct firn_err err;
static char id[64];

/* The write that kills, counted from 1, in one process; 0 is none. */
static unsigned deadly;
static pid_t deadly_pid;

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);

ssize_t
__wrap_write(int fd, const void *data, size_t size)
{
	if (getpid() == deadly_pid && deadly > 0 && --deadly == 0)
		kill(getpid(), SIGKILL);
	return __real_write(fd, data, size);
}

static void
open_ledger(struct firn_ledger **ret)
{
	const struct firn_authority ada = { .operator_name = "ada",
					    .case_id = "c-17" };

	ck_ok(firn_ledger_open(ret, id, &ada, &err));
}

static void
setup(void)
{
	snprintf(id, sizeof(id), "firn-test-keeper-%d", getpid());
	err = (struct firn_err){ 0 };
	cage_make(&cage, CAGE_BOTH);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
}

static void
end_keepers(void)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *said = NULL;

	open_ledger(&ledger);
	ck_ok(firn_thaw_recorded(&cage.host, ledger, &said, &err));
}

static void
teardown(void)
{
	char path[PATH_MAX];

	end_keepers();
	snprintf(path, sizeof(path), "/run/firn/ledger/%s.jsonl", id);
	unlink(path);
	cage_remove(&cage);
}

static int
freeze(struct firn_ledger *ledger, unsigned max_s)
{
	const struct firn_freezing how = { .timeout_ms = 2000, .max_s = max_s };
	autojson json_t *said = NULL;

	return firn_freeze(&cage.target, ledger, &how, &said, &err);
}

/* A firn of its own, which freezes and then waits to be killed. */
static pid_t
freeze_in_child(unsigned max_s, unsigned at_write)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct firn_ledger *ledger = NULL;

		deadly = at_write;
		deadly_pid = getpid();
		open_ledger(&ledger);
		_exit(freeze(ledger, max_s) < 0);
	}
	return pid;
}

/* The open changes of keepers, of which there is to be one. */
static json_t *
keeper(void)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *open = NULL;
	struct firn_err why = { 0 };

	ck_assert_int_eq(firn_ledger_look(&ledger, id, &why), 1);
	open = firn_ledger_open_changes(ledger, "keep");
	ck_assert_uint_eq(json_array_size(open), 1);
	return json_deep_copy(
		json_object_get(json_array_get(open, 0), "details"));
}

static bool
is_asked(void)
{
	return cage_is_asked(&cage, CAGE_V2, "") ||
	       cage_is_asked(&cage, CAGE_V1, "");
}

static bool
thaws_within(unsigned ms)
{
	for (unsigned k = 0; k < ms; k += 10) {
		if (!is_asked())
			return cage_runs(&cage, 0);
		usleep(10000);
	}
	return false;
}

static bool
place_is_gone(const char *mount)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.4000s/firn/keeper", mount);
	for (unsigned k = 0; k < 300; k++) {
		if (access(path, F_OK) < 0)
			return true;
		usleep(10000);
	}
	return false;
}

static void
nothing_is_left(void)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *open = NULL;

	open_ledger(&ledger);
	open = firn_ledger_open_changes(ledger, NULL);
	ck_assert_msg(json_array_size(open) == 0, "%s", json_dumps(open, 0));
	ck_assert(place_is_gone(cage.mounts.v2));
	ck_assert(place_is_gone(cage.mounts.freezer));
}

/* The last line of the ledger that says something of an action. */
static json_t *
last_of(const char *action)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	const json_t *lines;

	open_ledger(&ledger);
	lines = firn_ledger_lines(ledger);
	for (size_t i = json_array_size(lines); i > 0; i--) {
		json_t *line = json_array_get(lines, i - 1);
		const char *its = firn_json_string(line, "action", NULL);

		if (its != NULL && strcmp(its, action) == 0)
			return json_deep_copy(line);
	}
	return NULL;
}

START_TEST(what_a_killed_firn_froze_thaws_by_itself)
{
	autojson json_t *thawed = NULL, *kept = NULL;
	pid_t pid = freeze_in_child(2, 0);

	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert(is_asked());
	ck_assert(cage_stands(&cage, 0));
	ck_assert(thaws_within(10000));
	nothing_is_left();
	thawed = last_of("freeze");
	kept = last_of("keep");
	ck_assert_str_eq(firn_json_string(thawed, "phase", NULL), "undone");
	ck_assert_str_eq(firn_json_string(thawed, "operator", NULL),
			 "firn-keeper (for ada)");
	ck_assert_str_eq(firn_json_string(thawed, "case", NULL), "c-17");
	ck_assert_str_eq(firn_json_string(kept, "details", "note", NULL),
			 "thawed by the keeper: --max-freeze 2s passed");
}
END_TEST

START_TEST(a_thaw_before_the_deadline_ends_the_keeper)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *said = NULL, *details = NULL;

	open_ledger(&ledger);
	ck_ok(freeze(ledger, 600));
	firn_ledger_close(&ledger);
	details = keeper();
	ck_assert(firn_keeper_is_alive(details));
	open_ledger(&ledger);
	ck_ok(firn_thaw(&cage.target, ledger, false, &said, &err));
	firn_ledger_close(&ledger);
	ck_assert(!firn_keeper_is_alive(details));
	nothing_is_left();
}
END_TEST

/* Before each of firn's writes in turn: the ledger's and the cgroups'. */
START_TEST(no_crash_leaves_a_freeze_without_its_keeper)
{
	bool died = true;
	unsigned n, frozen = 0;

	for (n = 1; died; n++) {
		pid_t pid = freeze_in_child(600, n);
		int status;

		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		died = WIFSIGNALED(status);
		ck_assert(died || WEXITSTATUS(status) == 0);
		if (is_asked()) {
			autojson json_t *details = keeper();

			ck_assert_msg(firn_keeper_is_alive(details),
				      "killed before write %u", n);
			frozen++;
		}
		end_keepers();
		ck_assert(cage_runs(&cage, 0));
		nothing_is_left();
	}
	/* keep asked and confirmed; freeze asked, two cgroups, made, confirmed
	 */
	ck_assert_uint_ge(n - 1, 8);
	ck_assert_uint_ge(frozen, 3);
}
END_TEST

static size_t
count_fds(pid_t pid)
{
	struct firn_err gone = { 0 };
	pid_t *fds = NULL;
	size_t n = 0;

	ck_assert_int_eq(firn_proc_numbers(&cage.host, pid, "fd", &fds, &n,
					   &gone),
			 0);
	free(fds);
	return n;
}

START_TEST(a_keeper_has_nothing_of_whoever_started_firn)
{
	autojson json_t *details = NULL;
	struct firn_cgroup_paths paths;
	struct firn_proc_stat stat;
	int pipe_fds[2];
	char byte;
	pid_t pid;

	/* As a unit is: a cgroup, and somebody who reads the output to its
	 * end. */
	ck_assert_int_eq(pipe(pipe_fds), 0);
	cage_nest(&cage, "-unit");
	pid = fork();
	if (pid == 0) {
		cage_enter(&cage, "-unit");
		dup2(pipe_fds[1], STDOUT_FILENO);
		pid = freeze_in_child(600, 0);
		_exit(waitpid(pid, NULL, 0) != pid);
	}
	close(pipe_fds[1]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq((int)read(pipe_fds[0], &byte, 1), 0);
	close(pipe_fds[0]);

	details = keeper();
	ck_assert(firn_keeper_is_alive(details));
	pid = (pid_t)json_integer_value(json_object_get(details, "pid"));
	ck_ok(firn_cgroup_of(&cage.host, pid, &paths, &err));
	ck_assert_str_eq(paths.v2, "/firn/keeper");
	ck_assert_str_eq(paths.freezer, "/firn/keeper");
	ck_ok(firn_proc_stat(&cage.host, pid, &stat, &err));
	ck_assert_int_eq(stat.tty, 0);
	ck_assert_int_ne(stat.session, getsid(0));
	/* three of /dev/null, the host's two, the timer */
	ck_assert_uint_eq(count_fds(pid), 6);
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++) {
		char path[PATH_MAX];

		cage_folder(&cage, kind, "-unit", path);
		ck_assert_msg(rmdir(path) == 0, "%s is not empty", path);
	}
}
END_TEST

START_TEST(a_later_deadline_takes_the_place_of_the_earlier)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *first = NULL, *second = NULL;

	open_ledger(&ledger);
	ck_ok(freeze(ledger, 300));
	firn_ledger_close(&ledger);
	first = keeper();
	open_ledger(&ledger);
	ck_ok(freeze(ledger, 600));
	firn_ledger_close(&ledger);
	second = keeper();
	ck_assert(!firn_keeper_is_alive(first));
	ck_assert(firn_keeper_is_alive(second));
	ck_assert_int_eq(json_integer_value(
				 json_object_get(second, "max_freeze_s")),
			 600);
	ck_assert(is_asked());
}
END_TEST

START_TEST(a_held_ledger_does_not_keep_it_from_thawing)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *open = NULL;
	uint64_t change;

	open_ledger(&ledger);
	ck_ok(freeze(ledger, 1));
	ck_assert(thaws_within(10000));
	/* And both have written what is theirs. */
	ck_ok(firn_ledger_ask(ledger, "other", NULL, &change, &err));
	for (unsigned k = 0; k < 300; k++) {
		ck_ok(firn_ledger_refresh(ledger, &err));
		json_decref(open);
		open = firn_ledger_open_changes(ledger, NULL);
		if (json_array_size(open) == 1)
			break;
		usleep(10000);
	}
	ck_assert_uint_eq(json_array_size(open), 1);
	ck_ok(firn_ledger_note(ledger, change, "undone", NULL, &err));
}
END_TEST

START_TEST(another_process_with_the_pid_of_a_keeper_is_not_ended)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *details = NULL;
	struct firn_proc_stat stat;
	uint64_t change;
	pid_t pid = cage_run(&cage, "", cage_beat_1);

	ck_ok(firn_proc_stat(&cage.host, pid, &stat, &err));
	details =
		json_pack("{s:s, s:i, s:I}", "purpose", "thaw", "pid", (int)pid,
			  "start_ticks", (json_int_t)stat.start_ticks);
	ck_assert(!firn_keeper_is_alive(details));
	open_ledger(&ledger);
	ck_ok(firn_ledger_ask(ledger, "keep", details, &change, &err));
	ck_ok(firn_keeper_end(ledger, "thaw", 0, "test", &err));
	firn_ledger_close(&ledger);
	ck_assert(cage_runs(&cage, 1));
	nothing_is_left();
}
END_TEST

START_TEST(a_refused_freeze_leaves_no_keeper)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;

	open_ledger(&ledger);
	cage.target.v2.inode++;
	ck_fails(freeze(ledger, 600), ESTALE);
	cage.target.v2.inode--;
	firn_ledger_close(&ledger);
	nothing_is_left();
}
END_TEST

int
main(void)
{
	Suite *suite;
	TCase *tests;

	if (!cage_can(CAGE_BOTH)) {
		puts("skipped: needs root, cgroup v2 and v1's freezer");
		return 77;
	}
	suite = suite_create("keeper");
	tests = tcase_create("keeper");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, what_a_killed_firn_froze_thaws_by_itself);
	tcase_add_test(tests, a_thaw_before_the_deadline_ends_the_keeper);
	tcase_add_test(tests, no_crash_leaves_a_freeze_without_its_keeper);
	tcase_add_test(tests, a_keeper_has_nothing_of_whoever_started_firn);
	tcase_add_test(tests, a_later_deadline_takes_the_place_of_the_earlier);
	tcase_add_test(tests, a_held_ledger_does_not_keep_it_from_thawing);
	tcase_add_test(tests,
		       another_process_with_the_pid_of_a_keeper_is_not_ended);
	tcase_add_test(tests, a_refused_freeze_leaves_no_keeper);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
