/*
 * A task that waits in FUSE for an answer that never comes can't be frozen.
 *
 * The test is the server: it takes the request, and says nothing.  Its mount is
 * in a mount namespace of the test's own.
 */

#include "contain/cage.h"

#include <linux/fuse.h>
#include <sched.h>
#include <sys/mount.h>

#include "base/clock.h"
#include "base/json.h"
#include "contain/freeze/unfrozen.h"
#include "contain/ledger/ledger_file.h"
#include "contain/scan_double.h"
#include "firn/freeze.h"

static struct cage cage;
static struct firn_ledger *ledger;
static char folder[64], mounted[80];
static int dir_fd = -1, fuse_fd = -1;
static json_t *result;
static struct firn_err err;

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/firn-unfrozen-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_ok(firn_ledger_open_at(&ledger, dir_fd, "cage", NULL, &err));
	ck_assert_int_eq(mkdirat(dir_fd, "mnt", 0755), 0);
	snprintf(mounted, sizeof(mounted), "%s/mnt", folder);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

static void
teardown(void)
{
	if (fuse_fd >= 0)
		close(fuse_fd); /* ends the connection: who waits gets ENOTCONN
				 */
	umount2(mounted, MNT_DETACH);
	cage_remove(&cage);
	json_decref(result);
	firn_ledger_close(&ledger);
	unlinkat(dir_fd, "cage.jsonl", 0);
	unlinkat(dir_fd, "mnt", AT_REMOVEDIR);
	close(dir_fd);
	rmdir(folder);
}

static void
answer_init(void)
{
	static char request[1 << 17];
	const struct fuse_in_header *in = (const void *)request;
	struct {
		struct fuse_out_header header;
		struct fuse_init_out init;
	} out = { 0 };

	ck_assert_int_gt((int)read(fuse_fd, request, sizeof(request)), 0);
	ck_assert_uint_eq(in->opcode, FUSE_INIT);
	out.header.len = sizeof(out);
	out.header.unique = in->unique;
	out.init.major = FUSE_KERNEL_VERSION;
	out.init.minor = 31;
	out.init.max_write = 4096;
	ck_assert_int_eq((int)write(fuse_fd, &out, sizeof(out)), sizeof(out));
}

static void
mount_fuse(void)
{
	char options[128];

	fuse_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fuse_fd, 0);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse_fd);
	ck_assert_msg(mount("firn-test", mounted, "fuse", MS_NOSUID | MS_NODEV,
			    options) == 0,
		      "mount: %s", strerror(errno));
	answer_init();
}

static void
ask_fuse(struct cage *of)
{
	char path[96];

	close(fuse_fd);
	snprintf(path, sizeof(path), "%s/file", mounted);
	access(path, F_OK);
	cage_beat(of, 1);
}

/* Read what the task asked, and keep it. */
static void
take_request(void)
{
	static char request[1 << 17];
	const struct fuse_in_header *in = (const void *)request;

	ck_assert_int_gt((int)read(fuse_fd, request, sizeof(request)), 0);
	ck_assert_uint_eq(in->opcode, FUSE_LOOKUP);
}

static int
freeze_for(unsigned timeout_ms)
{
	const struct firn_freezing how = { .timeout_ms = timeout_ms };

	json_decref(result);
	result = NULL;
	return firn_freeze(&cage.target, ledger, &how, &result, &err);
}

START_TEST(a_task_that_waits_in_fuse_is_named_at_the_deadline)
{
	const char *state;
	json_t *threads, *thread;
	uint64_t started_ns;
	pid_t pid;

	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0); /* without the server's descriptor */
	mount_fuse();
	pid = cage_run(&cage, "", ask_fuse);
	take_request();
	cage_target(&cage, "");

	started_ns = firn_monotonic_ns();
	ck_ok(freeze_for(300));
	ck_assert_uint_lt(firn_monotonic_ns() - started_ns, 1300000000);
	state = firn_json_string(result, "state", NULL);
	ck_assert_str_eq(state, "partial");
	threads = json_object_get(result, "unfrozen");
	ck_assert_msg(json_array_size(threads) == 1, "%s",
		      json_dumps(result, 0));
	thread = json_array_get(threads, 0);
	ck_assert_int_eq(json_integer_value(json_object_get(thread, "pid")),
			 pid);
	ck_assert_int_eq(json_integer_value(json_object_get(thread, "tid")),
			 pid);
	ck_assert_str_eq(firn_json_string(thread, "state", NULL), "D");
	ck_assert_ptr_nonnull(strstr(firn_json_string(thread, "wchan", NULL),
				     "request_wait_answer"));
	ck_assert_ptr_nonnull(
		strstr(firn_json_string(thread, "stack", NULL), "fuse"));
	ck_assert_ptr_nonnull(firn_json_string(thread, "comm", NULL));

	/* Nothing was rolled back; the others stand. */
	ck_assert(cage_stands(&cage, 0));
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++)
		if ((cage.kinds & kind) != 0)
			ck_assert(cage_is_asked(&cage, kind, ""));

	/* Once it has its answer it freezes too. */
	close(firn_steal_fd(&fuse_fd));
	ck_ok(freeze_for(2000));
	ck_assert_msg(strcmp(firn_json_string(result, "state", NULL),
			     "frozen") == 0,
		      "%s", json_dumps(result, 0));
	ck_assert_str_eq(firn_json_string(result, "already", NULL), "firn");
	json_decref(result);
	result = NULL;
	ck_ok(firn_thaw(&cage.target, ledger, false, &result, &err));
	ck_assert(cage_runs(&cage, 0) && cage_runs(&cage, 1));
}
END_TEST

static void
sleep_long(struct cage *of)
{
	(void)of;
	sleep(60);
}

static void
wait_for_fork(struct cage *of)
{
	if (vfork() == 0) {
		for (unsigned k = 0; k < 60; k++) {
			of->shared->beats[2]++;
			sleep(1);
		}
		_exit(0);
	}
}

static size_t
n_unfrozen(const char *procs)
{
	autotasks struct firn_tasks tasks = { 0 };
	autojson json_t *found = NULL;
	int held = cage.target.v2.dir_fd >= 0 ? cage.target.v2.dir_fd
					      : cage.target.freezer.dir_fd;
	size_t n;

	ck_ok(firn_tasks_list(held, procs, &tasks, &err));
	ck_ok(firn_unfrozen(&cage.host, &tasks, &found, &n, &err));
	ck_assert_uint_eq(json_array_size(found), n);
	return n;
}

START_TEST(each_thread_is_told_frozen_or_not_by_itself)
{
	cage_make(&cage, (unsigned)_i);
	cage_run(&cage, "", cage_beat_0);
	cage_run(&cage, "", sleep_long);
	cage_run(&cage, "", wait_for_fork);
	while (cage.shared->beats[2] == 0)
		usleep(1000);
	cage_target(&cage, "");
	/* vfork's parent waits for a child that is looked at itself. */
	ck_assert_uint_ge(n_unfrozen("cgroup.procs"), 3);
	ck_ok(freeze_for(2000));
	ck_assert_str_eq(firn_json_string(result, "state", NULL), "frozen");
	ck_assert_uint_eq(n_unfrozen("cgroup.procs"), 0);
	json_decref(result);
	result = NULL;
	ck_ok(firn_thaw(&cage.target, ledger, false, &result, &err));
	ck_assert_uint_ge(n_unfrozen("cgroup.procs"), 3);
}
END_TEST

int
main(void)
{
	Suite *suite;
	TCase *tests;

	if (!cage_can(CAGE_BOTH) || access("/dev/fuse", R_OK | W_OK) < 0) {
		puts("skipped: needs root, cgroup v2, v1's freezer and FUSE");
		return 77;
	}
	suite = suite_create("unfrozen");
	tests = tcase_create("unfrozen");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests,
			    a_task_that_waits_in_fuse_is_named_at_the_deadline,
			    CAGE_V2, CAGE_BOTH + 1);
	tcase_add_loop_test(tests, each_thread_is_told_frozen_or_not_by_itself,
			    CAGE_V2, CAGE_BOTH + 1);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
