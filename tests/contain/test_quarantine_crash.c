/*
 * firn is killed before each of its writes in turn, while it moves what has
 * left a cgroup into a frozen one, and while it moves it back: whatever state
 * that leaves, a thaw puts it right.
 */

#include "contain/cage.h"

#include "contain/ledger/ledger_file.h"
#include "contain/scan_double.h"
#include "firn/freeze.h"
#include "host/proc.h"

static struct cage cage;
static char folder[64];
static int dir_fd = -1;
static struct firn_err err;
static pid_t away;         /* the one outside of the cgroup */
static char *away_cgroups; /* where it was */

/* The change to the world that kills, counted from 1; 0 is none. */
static unsigned deadly;

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __real_mkdirat(int fd, const char *path, mode_t mode);
int __wrap_mkdirat(int fd, const char *path, mode_t mode);
int __real_unlinkat(int fd, const char *path, int flags);
int __wrap_unlinkat(int fd, const char *path, int flags);

static void
count(void)
{
	if (deadly > 0 && --deadly == 0)
		kill(getpid(), SIGKILL);
}

ssize_t
__wrap_write(int fd, const void *data, size_t size)
{
	count();
	return __real_write(fd, data, size);
}

int
__wrap_mkdirat(int fd, const char *path, mode_t mode)
{
	count();
	return __real_mkdirat(fd, path, mode);
}

int
__wrap_unlinkat(int fd, const char *path, int flags)
{
	count();
	return __real_unlinkat(fd, path, flags);
}

static char *
cgroups_of(pid_t pid)
{
	char *text = NULL;

	ck_ok(firn_proc_read(&cage.host, pid, "cgroup", 1 << 20, &text, NULL,
			     &err));
	return text;
}

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/firn-crash-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* What a failed test leaves. */
static void
remove_quarantine(unsigned kind)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.1900s/firn-quarantine-cage",
		 kind == CAGE_V2 ? cage.mounts.v2 : cage.mounts.freezer);
	for (enum cage_step step = CAGE_THAW; step <= CAGE_REMOVE; step++)
		cage_clear(path, step);
}

static void
teardown(void)
{
	remove_quarantine(CAGE_V2);
	remove_quarantine(CAGE_V1);
	cage_remove(&cage);
	free(away_cgroups);
	unlinkat(dir_fd, "cage.jsonl", 0);
	close(dir_fd);
	rmdir(folder);
}

static void
make_world(unsigned kinds)
{
	struct firn_proc_stat stat = { 0 };

	cage_make(&cage, kinds);
	cage_nest(&cage, "/own");
	cage_nest(&cage, "/away");
	cage_run(&cage, "/own", cage_beat_0);
	away = cage_run(&cage, "/away", cage_beat_1);
	cage_target(&cage, "/own");
	away_cgroups = cgroups_of(away);
	ck_ok(firn_proc_stat(&cage.host, away, &stat, &err));
	scan_found[0] = (struct firn_member){
		.pid = away,
		.start_ticks = stat.start_ticks,
		.membership = FIRN_IN_PIDNS,
		.escaped = true,
	};
	scan_n = 1;
}

enum what {
	FREEZE,
	THAW,
	THAW_BY_THE_LEDGER
};

static int
run_firn(enum what what)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *result = NULL;
	const struct firn_freezing how = { .timeout_ms = 2000 };

	if (firn_ledger_open_at(&ledger, dir_fd, "cage", NULL, &err) < 0)
		return -1;
	if (what == THAW)
		return firn_thaw(&cage.target, ledger, false, &result, &err);
	if (what == THAW_BY_THE_LEDGER)
		return firn_thaw_recorded(&cage.host, ledger, &result, &err);
	return firn_freeze(&cage.target, ledger, &how, &result, &err);
}

/* Was it killed (1), or did it come to its end (0)? */
static bool
dies(enum what what, unsigned at)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		deadly = at;
		_exit(run_firn(what) < 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		ck_assert_int_eq(WTERMSIG(status), SIGKILL);
		return true;
	}
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	return false;
}

static bool
has_quarantine(const char *mount)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.1900s/firn-quarantine-cage", mount);
	return mount[0] != '\0' && access(path, F_OK) == 0;
}

static void
is_as_it_was(void)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *open = NULL;
	autofree char *now = cgroups_of(away);

	ck_ok(firn_ledger_open_at(&ledger, dir_fd, "cage", NULL, &err));
	open = firn_ledger_open_changes(ledger, NULL);
	ck_assert_uint_eq(json_array_size(open), 0);
	ck_assert(!has_quarantine(cage.mounts.v2));
	ck_assert(!has_quarantine(cage.mounts.freezer));
	ck_assert_str_eq(now, away_cgroups);
	ck_assert(cage_runs(&cage, 0));
	ck_assert(cage_runs(&cage, 1));
}

START_TEST(a_move_that_was_killed_anywhere_is_undone)
{
	unsigned n = 1;

	make_world((unsigned)_i);
	for (; dies(FREEZE, n); n++) {
		ck_ok(run_firn(n % 2 == 0 ? THAW : THAW_BY_THE_LEDGER));
		is_as_it_was();
	}
	ck_assert_uint_gt(n, 9);
	ck_assert(cage_stands(&cage, 1));
	ck_ok(run_firn(THAW));
	is_as_it_was();
}
END_TEST

START_TEST(a_move_back_that_was_killed_anywhere_is_finished)
{
	unsigned n = 1;
	bool died = true;

	make_world((unsigned)_i);
	for (; died; n++) {
		ck_ok(run_firn(FREEZE));
		ck_assert(cage_stands(&cage, 0));
		ck_assert(cage_stands(&cage, 1));
		died = dies(THAW, n);
		ck_ok(run_firn(n % 2 == 0 ? THAW : THAW_BY_THE_LEDGER));
		is_as_it_was();
	}
	ck_assert_uint_gt(n, 7);
}
END_TEST

START_TEST(whose_cgroup_is_gone_goes_to_the_one_above)
{
	char path[PATH_MAX];
	autofree char *now = NULL;

	make_world(CAGE_V2);
	ck_ok(run_firn(FREEZE));
	cage_folder(&cage, CAGE_V2, "/away", path);
	ck_assert_int_eq(rmdir(path), 0);
	ck_ok(run_firn(THAW));
	now = cgroups_of(away);
	ck_assert_ptr_nonnull(strstr(now, cage.name));
	ck_assert(!has_quarantine(cage.mounts.v2));
	ck_assert(cage_runs(&cage, 1));
}
END_TEST

START_TEST(who_was_killed_in_quarantine_leaves_nothing)
{
	make_world((unsigned)_i);
	ck_ok(run_firn(FREEZE));
	kill(away, SIGKILL);
	ck_ok(run_firn(THAW));
	ck_assert(!has_quarantine(cage.mounts.v2));
	ck_assert(!has_quarantine(cage.mounts.freezer));
	ck_assert(cage_runs(&cage, 0));
	ck_assert_int_eq(waitpid(away, NULL, 0), away);
}
END_TEST

START_TEST(a_cgroup_that_runs_a_program_at_its_end_is_not_left)
{
	char path[PATH_MAX + 32];
	autofree char *before = NULL;

	make_world(CAGE_V1);
	snprintf(path, sizeof(path), "%s/release_agent", cage.mounts.freezer);
	ck_ok(firn_read_at(AT_FDCWD, path, 4096, &before, NULL, &err));
	ck_assert_str_eq(before, "\n");
	cage_write(&cage, CAGE_V1, "/away", "notify_on_release", "1");
	ck_ok(firn_write_at(AT_FDCWD, path, "/bin/true", &err));
	ck_ok(run_firn(FREEZE));
	ck_assert(cage_runs(&cage, 1));
	ck_ok(firn_write_at(AT_FDCWD, path, "\n", &err));
	ck_ok(run_firn(THAW));
	is_as_it_was();
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
	suite = suite_create("quarantine_crash");
	tests = tcase_create("quarantine_crash");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, a_move_that_was_killed_anywhere_is_undone,
			    CAGE_V2, CAGE_BOTH + 1);
	tcase_add_loop_test(tests,
			    a_move_back_that_was_killed_anywhere_is_finished,
			    CAGE_V2, CAGE_BOTH + 1);
	tcase_add_test(tests, whose_cgroup_is_gone_goes_to_the_one_above);
	tcase_add_loop_test(tests, who_was_killed_in_quarantine_leaves_nothing,
			    CAGE_V2, CAGE_V1 + 1);
	tcase_add_test(tests,
		       a_cgroup_that_runs_a_program_at_its_end_is_not_left);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
