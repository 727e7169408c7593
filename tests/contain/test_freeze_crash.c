/*
 * firn is killed before each of its writes in turn, the ledger's and the
 * cgroup's: whatever state that leaves, a thaw puts it right.
 */

#include "contain/cage.h"

#include "contain/ledger/ledger_file.h"
#include "contain/scan_double.h"
#include "firn/freeze.h"

static struct cage cage;
static char folder[64];
static int dir_fd = -1;
static struct firn_err err;

/* Hold what is frozen, too. */
static bool holds;

/* The write that kills, counted from 1; 0 is none. */
static unsigned deadly;

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);

ssize_t
__wrap_write(int fd, const void *data, size_t size)
{
	if (deadly > 0 && --deadly == 0)
		kill(getpid(), SIGKILL);
	return __real_write(fd, data, size);
}

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/firn-crash-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void
teardown(void)
{
	holds = false;
	cage_remove(&cage);
	unlinkat(dir_fd, "cage.jsonl", 0);
	close(dir_fd);
	rmdir(folder);
}

static int
run_firn(bool thaw)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *result = NULL;
	const struct firn_freezing how = { .timeout_ms = 2000, .hold = holds };

	if (firn_ledger_open_at(&ledger, dir_fd, "cage", NULL, &err) < 0)
		return -1;
	if (thaw)
		return firn_thaw(&cage.target, ledger, false, &result, &err);
	return firn_freeze(&cage.target, ledger, &how, &result, &err);
}

/* Was it killed (1), or did it come to its end (0)? */
static bool
dies(bool thaw, unsigned at_write)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		deadly = at_write;
		_exit(run_firn(thaw) < 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		ck_assert_int_eq(WTERMSIG(status), SIGKILL);
		return true;
	}
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	return false;
}

static void
is_as_it_was(void)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *open = NULL;

	ck_ok(firn_ledger_open_at(&ledger, dir_fd, "cage", NULL, &err));
	open = firn_ledger_open_changes(ledger, NULL);
	ck_assert_uint_eq(json_array_size(open), 0);
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++)
		if ((cage.kinds & kind) != 0)
			ck_assert(!cage_is_asked(&cage, kind, ""));
	ck_assert(cage_runs(&cage, 0));
}

START_TEST(a_freeze_that_was_killed_anywhere_is_undone)
{
	unsigned n = 1;

	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	for (; dies(false, n); n++) {
		ck_ok(run_firn(true));
		is_as_it_was();
	}
	/* asked, each cgroup (v1 once more if need be), made, confirmed */
	ck_assert_uint_ge(n, cage.kinds == CAGE_BOTH ? 6 : 5);
	ck_ok(run_firn(true));
	is_as_it_was();
}
END_TEST

START_TEST(a_thaw_that_was_killed_anywhere_is_finished)
{
	unsigned n = 1;
	bool died = true;

	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_target(&cage, "");
	for (; died; n++) {
		ck_ok(run_firn(false));
		died = dies(true, n);
		ck_ok(run_firn(true));
		is_as_it_was();
	}
	/* each cgroup, undone; and one that lived */
	ck_assert_uint_eq(n - 1, cage.kinds == CAGE_BOTH ? 4 : 3);
}
END_TEST

/* Where a task is, in every hierarchy. */
static char *
place_of(pid_t pid)
{
	char path[64];
	char *text = NULL;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	ck_ok(firn_read_at(AT_FDCWD, path, 1 << 20, &text, NULL, &err));
	return text;
}

static size_t
n_children(unsigned kind, const char *sub)
{
	char path[PATH_MAX];
	autodir DIR *dir = NULL;
	struct dirent *entry;
	size_t n = 0;

	cage_folder(&cage, kind, sub, path);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_type == DT_DIR && entry->d_name[0] != '.';
	return n;
}

static void
is_where_it_was(pid_t pid, const char *place, unsigned beat)
{
	autofree char *now = place_of(pid);

	is_as_it_was();
	ck_assert_str_eq(now, place);
	ck_assert(cage_runs(&cage, beat));
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++) {
		if ((cage.kinds & kind) == 0)
			continue;
		ck_assert_uint_eq(n_children(kind, ""), 1);
		ck_assert_uint_eq(n_children(kind, "/inner"), 0);
	}
}

static pid_t
run_two(char **ret_place)
{
	pid_t pid;

	cage_nest(&cage, "/inner");
	cage_run(&cage, "", cage_beat_0);
	pid = cage_run(&cage, "/inner", cage_beat_1);
	cage_target(&cage, "");
	*ret_place = place_of(pid);
	holds = true;
	return pid;
}

START_TEST(a_hold_that_was_killed_anywhere_is_undone)
{
	autofree char *place = NULL;
	unsigned n = 1;
	pid_t pid;

	cage_make(&cage, (unsigned)_i);
	pid = run_two(&place);
	for (; dies(false, n); n++) {
		ck_ok(run_firn(true));
		is_where_it_was(pid, place, 1);
	}
	/* At least: the freeze's own, asked, and of each place its request and
	 * its task. */
	ck_assert_uint_gt(n, cage.kinds == CAGE_BOTH ? 14 : 9);
	ck_ok(run_firn(true));
	is_where_it_was(pid, place, 1);
}
END_TEST

START_TEST(an_undo_of_a_hold_that_was_killed_anywhere_is_finished)
{
	autofree char *place = NULL;
	unsigned n = 1;
	bool died = true;
	pid_t pid;

	cage_make(&cage, (unsigned)_i);
	pid = run_two(&place);
	for (; died; n++) {
		ck_ok(run_firn(false));
		died = dies(true, n);
		ck_ok(run_firn(true));
		is_where_it_was(pid, place, 1);
	}
	ck_assert_uint_gt(n, cage.kinds == CAGE_BOTH ? 8 : 5);
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
	suite = suite_create("freeze_crash");
	tests = tcase_create("freeze_crash");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_freeze_that_was_killed_anywhere_is_undone,
			    CAGE_V2, CAGE_BOTH + 1);
	tcase_add_loop_test(tests, a_thaw_that_was_killed_anywhere_is_finished,
			    CAGE_V2, CAGE_BOTH + 1);
	tcase_add_loop_test(tests, a_hold_that_was_killed_anywhere_is_undone,
			    CAGE_V2, CAGE_BOTH + 1);
	tcase_add_loop_test(
		tests, an_undo_of_a_hold_that_was_killed_anywhere_is_finished,
		CAGE_V2, CAGE_BOTH + 1);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
