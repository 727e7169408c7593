/*
 * How long until a container stands still?
 *
 *	bench_freeze [TASKS [ROUNDS [v2|v1|both]]]
 *
 * Makes a cgroup of its own with TASKS (100) processes in it, each awake a
 * thousand times a second, freezes and thaws it ROUNDS (200) times, and prints
 * microseconds: "frozen" from the first write to the kernel's word, "call" all
 * of firn_freeze(): its guards, the ledger, the scan; "thaw" all of
 * firn_thaw().  Rounds are 20 ms apart: the kernel sends an event of a cgroup
 * only every 10 ms.
 *
 * Needs root.  Leaves nothing behind.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "contain/ledger/ledger_file.h"
#include "firn/freeze.h"
#include "host/cgroup.h"

enum measure {
	FROZEN,
	CALL,
	THAW,
	N_MEASURES
};
static const char *const names[N_MEASURES] = { "frozen", "call", "thaw" };

static volatile bool *all_there; /* shared with the tasks */
static struct firn_host host;
static struct firn_target target;
static struct firn_err err;

/* The tasks die with us (PR_SET_PDEATHSIG), unless they are frozen. */
static _Noreturn void
fail(const char *what)
{
	struct firn_err ignored = { 0 };

	fprintf(stderr, "bench_freeze: %s: %s\n", what,
		err.code != 0 ? err.text : strerror(errno));
	if (target.freezer.dir_fd >= 0)
		(void)!firn_write_at(target.freezer.dir_fd, "freezer.state",
				     "THAWED", &ignored);
	if (target.v2.dir_fd >= 0)
		(void)!firn_write_at(target.v2.dir_fd, "cgroup.freeze", "0",
				     &ignored);
	exit(1);
}

static void
make(struct firn_cgroup *cgroup, const char *mount)
{
	struct stat st;

	if (mount[0] == '\0')
		fail("this machine has no such hierarchy");
	if (asprintf(&cgroup->path, "/firn-bench-%d", getpid()) < 0 ||
	    asprintf(&cgroup->folder, "%s%s", mount, cgroup->path) < 0 ||
	    mkdir(cgroup->folder, 0755) < 0)
		fail("make a cgroup");
	cgroup->dir_fd =
		open(cgroup->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup->dir_fd < 0 || fstat(cgroup->dir_fd, &st) < 0)
		fail("open the cgroup");
	cgroup->inode = st.st_ino;
}

static void
enter(const struct firn_cgroup *cgroup)
{
	if (cgroup->dir_fd >= 0 &&
	    firn_write_at(cgroup->dir_fd, "cgroup.procs", "0", &err) < 0)
		fail("enter the cgroup");
}

static _Noreturn void
stay_awake(void)
{
	while (!*all_there)
		usleep(100000);
	for (;;)
		usleep(1000);
}

/* The first one enters the cgroups, and the others are born there: two thousand
 * that enter one by one wait for each other for a minute. */
static pid_t
start_tasks(uint64_t n)
{
	pid_t first = fork();

	if (first < 0)
		fail("fork");
	if (first > 0)
		return first;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	enter(&target.v2);
	enter(&target.freezer);
	for (uint64_t i = 1; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork");
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			stay_awake();
		}
	}
	stay_awake();
}

static void
wait_for_all(const struct firn_cgroup *cgroup, size_t n_tasks)
{
	for (unsigned k = 0; cgroup->dir_fd >= 0 && k < 6000; k++) {
		autofree pid_t *pids = NULL;
		size_t n = 0;

		if (firn_cgroup_procs(cgroup->dir_fd, &pids, &n, &err) < 0)
			fail("count the tasks");
		if (n == n_tasks)
			return;
		usleep(10000);
	}
}

static void
removed(struct firn_cgroup *cgroup)
{
	for (unsigned k = 0; cgroup->dir_fd >= 0 && k < 10000; k++) {
		if (rmdir(cgroup->folder) == 0)
			return;
		usleep(1000);
	}
}

static int
ascending(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void
print(const char *name, uint64_t *us, size_t n)
{
	qsort(us, n, sizeof(*us), ascending);
	printf("%-8s %8llu %8llu %8llu %8llu %8llu\n", name,
	       (unsigned long long)us[0], (unsigned long long)us[n / 2],
	       (unsigned long long)us[n * 90 / 100],
	       (unsigned long long)us[n * 99 / 100],
	       (unsigned long long)us[n - 1]);
}

/* One freeze and its thaw. */
static void
run_round(struct firn_ledger *ledger, uint64_t us[N_MEASURES])
{
	const struct firn_freezing how = {
		.timeout_ms = FIRN_FREEZE_TIMEOUT_MS,
	};
	autojson json_t *frozen = NULL, *thawed = NULL;
	uint64_t start_ns = firn_monotonic_ns();
	const char *state;

	if (firn_freeze(&target, ledger, &how, &frozen, &err) < 0)
		fail("freeze");
	us[CALL] = (firn_monotonic_ns() - start_ns) / 1000;
	us[FROZEN] = (uint64_t)json_integer_value(
		json_object_get(frozen, "elapsed_us"));
	state = json_string_value(json_object_get(frozen, "state"));
	if (state == NULL || strcmp(state, "frozen") != 0)
		fail("it was not frozen within the deadline");

	start_ns = firn_monotonic_ns();
	if (firn_thaw(&target, ledger, false, &thawed, &err) < 0)
		fail("thaw");
	us[THAW] = (firn_monotonic_ns() - start_ns) / 1000;
	usleep(20000);
}

static void
measure(size_t rounds, uint64_t *us[N_MEASURES])
{
	char folder[] = "/run/firn-bench-XXXXXX";
	int dir_fd;

	if (mkdtemp(folder) == NULL)
		fail("make a folder");
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < rounds; i++) {
		autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
		uint64_t one[N_MEASURES];

		if (firn_ledger_open_at(&ledger, dir_fd, "bench", NULL, &err) <
		    0)
			fail("ledger");
		run_round(ledger, one);
		for (enum measure m = 0; m < N_MEASURES; m++)
			us[m][i] = one[m];
	}
	unlinkat(dir_fd, "bench.jsonl", 0);
	unlinkat(dir_fd, "bench.jsonl.old", 0);
	close(dir_fd);
	rmdir(folder);
}

int
main(int argc, char **argv)
{
	uint64_t n_tasks = 100, rounds = 200, *us[N_MEASURES];
	const char *on = argc > 3 ? argv[3] : "both";
	struct firn_cgroup_mounts mounts = { 0 };

	if ((argc > 1 && !firn_is_decimal(argv[1], &n_tasks)) ||
	    (argc > 2 && !firn_is_decimal(argv[2], &rounds)) || rounds == 0 ||
	    n_tasks > 30000 || rounds > 1000000) {
		fputs("usage: bench_freeze [TASKS [ROUNDS [v2|v1|both]]]\n",
		      stderr);
		return 2;
	}
	if (firn_host_open(&host, "/", &err) < 0 ||
	    firn_cgroup_mounts(&host, &mounts, &err) < 0)
		fail("host");
	target.host = &host;
	target.v2.dir_fd = target.freezer.dir_fd = target.init_pidfd = -1;
	if (strcmp(on, "v1") != 0)
		make(&target.v2, mounts.v2);
	if (strcmp(on, "v2") != 0)
		make(&target.freezer, mounts.freezer);

	for (enum measure m = 0; m < N_MEASURES; m++)
		us[m] = calloc(rounds, sizeof(*us[m]));
	all_there = mmap(NULL, sizeof(*all_there), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all_there == MAP_FAILED)
		fail("mmap");
	target.init_pid = start_tasks(n_tasks);
	wait_for_all(&target.v2, n_tasks);
	wait_for_all(&target.freezer, n_tasks);
	*all_there = true;
	usleep(200000);
	measure(rounds, us);
	kill(target.init_pid, SIGKILL); /* and with it the others */
	while (wait(NULL) > 0)
		;
	removed(&target.v2);
	removed(&target.freezer);

	printf("%llu tasks, %llu rounds, %s; microseconds\n",
	       (unsigned long long)n_tasks, (unsigned long long)rounds, on);
	printf("%-8s %8s %8s %8s %8s %8s\n", "", "min", "median", "p90", "p99",
	       "max");
	for (enum measure m = 0; m < N_MEASURES; m++) {
		print(names[m], us[m], rounds);
		free(us[m]);
	}
	return 0;
}
