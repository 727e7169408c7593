#include "collect/fixture.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

static void
do_nothing(void)
{
	ready();
}

START_TEST(a_process_is_described_by_its_line_and_its_raw_files)
{
	pid_t pid = suspect(do_nothing);
	autojson json_t *line = NULL;
	char path[96];

	target.members.items[0].escaped = true;
	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_assert_int_eq(json_integer_value(json_object_get(line, "ppid")),
			 getpid());
	ck_assert_int_eq(json_integer_value(
				 json_object_get(line, "start_ticks")),
			 (json_int_t)target.members.items[0].start_ticks);
	ck_assert_str_eq(json_string_value(json_object_get(line, "state")),
			 "S");
	ck_assert_str_eq(firn_json_string(line, "namespaces", "pid", "of",
					  NULL),
			 "host");
	ck_assert_str_eq(firn_json_string(line, "seccomp", NULL), "off");
	ck_assert_ptr_nonnull(firn_json_at(line, "limits", "open files", NULL));
	ck_assert_int_gt(json_integer_value(
				 firn_json_at(line, "memory", "VmRSS", NULL)),
			 4096);
	ck_assert_ptr_nonnull(firn_json_string(line, "exe", "sha256", NULL));
	ck_finding(line, "outside_cgroup");
	ck_no_finding(line, "exe_deleted");
	ck_no_finding(line, "exe_replaced");
	ck_no_finding(line, "name_mismatch");
	ck_no_finding(line, "argv_overwritten");
	ck_no_finding(line, "argv_short");

	static const char *const files[] = {
		"stat",  "status",    "cmdline", "environ", "maps",
		"auxv",  "limits",    "cgroup",  "io",      "smaps_rollup",
		"wchan", "syscall",   "stack",   "uid_map", "oom_score_adj",
		"sched", "mountinfo", "fd.json",
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "CASE/data/processes/%d/%s", pid,
			 files[i]);
		ck_assert_msg(access(path, F_OK) == 0, "%s", path);
	}
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(the_start_is_told_in_wall_time)
{
	time_t before = time(NULL), start;
	pid_t pid = suspect(do_nothing);
	autojson json_t *line = NULL;
	struct tm tm = { 0 };

	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_assert_ptr_nonnull(strptime(firn_json_string(line, "start", NULL),
				       "%Y-%m-%dT%H:%M:%S", &tm));
	start = timegm(&tm);
	ck_assert_int_ge(start, before - 1);
	ck_assert_int_le(start, time(NULL) + 1);
}
END_TEST

static void
take_a_hostile_name(void)
{
	prctl(PR_SET_NAME, "a) S 1 1\n\033[2J");
	ready();
}

START_TEST(a_hostile_name_is_told_byte_by_byte)
{
	pid_t pid = suspect(take_a_hostile_name);
	autojson json_t *line = NULL;

	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_assert_str_eq(firn_json_string(line, "comm", NULL),
			 "a) S 1 1\n\033[2J");
	ck_assert_int_eq(json_integer_value(json_object_get(line, "ppid")),
			 getpid());
	ck_finding(line, "name_mismatch");
}
END_TEST

static void
write_over_argv(void)
{
	struct firn_proc_stat stat;
	struct firn_host own;

	if (firn_host_open(&own, "/", &err) < 0 ||
	    firn_proc_stat(&own, getpid(), &stat, &err) < 0)
		_exit(1);
	memset((char *)(uintptr_t)stat.arg_start, 0xff,
	       stat.arg_end - stat.arg_start);
	memcpy((char *)(uintptr_t)stat.arg_start, "[kworker]\033[2J", 13);
	ready();
}

START_TEST(an_argv_that_was_written_over_is_kept_exactly_and_found)
{
	pid_t pid = suspect(write_over_argv);
	autojson json_t *line = NULL;
	const char *shown;

	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_finding(line, "argv_overwritten");
	ck_finding(line, "named_like_kernel_thread");
	shown = json_string_value(
		json_array_get(json_object_get(line, "cmdline"), 0));
	ck_assert_ptr_nonnull(shown);
	ck_assert_ptr_null(strchr(shown, 033));
	ck_assert_int_eq(strncmp(firn_json_string(line, "cmdline_b64", NULL),
				 "W2t3b3JrZXJdG1sySv//", 20),
			 0);
}
END_TEST

static void
live_with_a_strange_environment(void)
{
	char *const argv[] = { (char[]){ "sleep" }, (char[]){ "1000" }, NULL };
	char *const envp[] = { (char[]){ "A=\xff\xfe" },
			       (char[]){ "LD_PRELOAD=/tmp/evil.so" },
			       (char[]){ "B=\033[2J" }, NULL };

	execve("/usr/bin/sleep", argv, envp);
}

START_TEST(the_environment_is_kept_whatever_bytes_it_has)
{
	pid_t pid = suspect(live_with_a_strange_environment);
	autojson json_t *line = NULL;
	json_t *environment;

	capture(&firn_collect_processes);
	line = line_of(pid);
	environment = json_object_get(line, "environ");
	ck_assert_uint_eq(json_array_size(environment), 3);
	ck_assert_str_eq(json_string_value(json_array_get(environment, 0)),
			 "A=\\xff\\xfe");
	ck_assert_str_eq(json_string_value(json_array_get(environment, 1)),
			 "LD_PRELOAD=/tmp/evil.so");
	ck_assert_ptr_nonnull(firn_json_string(line, "environ_b64", NULL));
	ck_finding(line, "ld_preload");
}
END_TEST

static void
live_with_a_large_environment(void)
{
	char *const argv[] = { (char[]){ "sleep" }, (char[]){ "1000" }, NULL };
	char *envp[7] = { 0 };

	for (int i = 0; i < 6; i++) {
		envp[i] = malloc(100001);
		memset(envp[i], 'a' + i, 100000);
		memcpy(envp[i], i == 5 ? "LD_PRELOAD=" : "X=", i == 5 ? 11 : 2);
		envp[i][100000] = '\0';
	}
	execve("/usr/bin/sleep", argv, envp);
}

START_TEST(a_large_environment_is_kept_whole_and_shown_in_part)
{
	pid_t pid = suspect(live_with_a_large_environment);
	autojson json_t *line = NULL;
	char path[96];
	struct stat st;

	capture(&firn_collect_processes);
	line = line_of(pid);
	snprintf(path, sizeof(path), "CASE/data/processes/%d/environ", pid);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, 6 * 100001);
	ck_assert(json_is_true(json_object_get(line, "environ_cut")));
	ck_no_finding(line, "environ_short");
	ck_finding(line, "ld_preload");
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(a_tracer_is_named)
{
	pid_t pid = suspect(do_nothing);
	autojson json_t *line = NULL;

	ck_assert_int_eq(ptrace(PTRACE_SEIZE, pid, 0, 0), 0);
	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_finding(line, "traced");
	ck_assert_int_eq(json_integer_value(
				 firn_json_at(line, "tracer", "pid", NULL)),
			 getpid());
}
END_TEST

static void
lose_the_working_directory(void)
{
	if (mkdir("gone", 0700) < 0 || chdir("gone") < 0 || rmdir(".") == 0)
		_exit(1);
	if (rmdir("../gone") < 0)
		_exit(1);
	ready();
}

START_TEST(a_working_directory_that_was_removed_is_found)
{
	pid_t pid = suspect(lose_the_working_directory);
	autojson json_t *line = NULL;

	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_finding(line, "cwd_deleted");
	ck_no_finding(line, "root_deleted");
}
END_TEST

static void
keep_a_way_back(void)
{
	if (setresuid(65534, 65534, 0) < 0)
		_exit(1);
	ready();
}

START_TEST(one_that_can_become_root_again_and_hides_from_gdb_is_found)
{
	pid_t pid = suspect(keep_a_way_back);
	autojson json_t *line = NULL;

	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_finding(line, "setuid_changed");
	ck_finding(line, "not_dumpable");
	ck_assert(json_is_false(json_object_get(line, "dumpable")));
}
END_TEST

static void *
be_a_thread(void *barrier)
{
	prctl(PR_SET_NAME, "t) R 9\n");
	/* This thread alone; setuid(3) would change them all. */
	if (syscall(SYS_setresuid, -1, 65534, -1) < 0)
		_exit(1);
	pthread_barrier_wait(barrier);
	for (;;)
		pause();
	return NULL;
}

static void
have_threads(void)
{
	pthread_barrier_t barrier;
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 9);
	for (int i = 0; i < 8; i++) {
		if (pthread_create(&thread, NULL, be_a_thread, &barrier) != 0)
			_exit(1);
	}
	pthread_barrier_wait(&barrier);
	ready();
}

START_TEST(every_thread_is_described)
{
	pid_t pid = suspect(have_threads);
	autojson json_t *line = NULL, *threads = NULL;
	char path[96];

	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_assert_int_eq(json_integer_value(json_object_get(line, "n_threads")),
			 9);
	ck_finding(line, "thread_credentials_differ");
	snprintf(path, sizeof(path), "CASE/data/processes/%d/threads.json",
		 pid);
	threads = load(path);
	ck_assert_uint_eq(json_array_size(threads), 9);
	ck_assert_str_eq(firn_json_string(json_array_get(threads, 8), "comm",
					  NULL),
			 "t) R 9\n");
	ck_assert_ptr_nonnull(
		firn_json_string(json_array_get(threads, 8), "wchan", NULL));
}
END_TEST

static void
hide_behind_a_mount(void)
{
	pid_t pid;

	if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(1);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (mount("proc", "/proc", "proc", 0, NULL) < 0 ||
		    mount("tmpfs", "/proc/1", "tmpfs", 0, NULL) < 0)
			_exit(1);
		ready();
	}
	for (;;)
		pause();
}

START_TEST(one_that_hides_behind_a_mount_is_found)
{
	pid_t parent = suspect(hide_behind_a_mount), pid;
	autojson json_t *line = NULL, *outer = NULL;
	autofree char *children = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent,
		 parent);
	ck_ok(firn_read_at(AT_FDCWD, path, 64, &children, NULL, &err));
	pid = (pid_t)strtol(children, NULL, 10);
	add_member(pid);
	capture(&firn_collect_processes);
	line = line_of(pid);
	outer = line_of(parent);
	ck_finding(line, "hidden_by_mount");
	ck_no_finding(outer, "hidden_by_mount");
	ck_assert_int_eq(json_integer_value(
				 json_array_get(json_object_get(line, "pids"),
						1)),
			 1);
	/* One mount namespace, one mountinfo. */
	ck_assert_str_eq(firn_json_string(line, "mountinfo", NULL),
			 firn_json_string(outer, "mountinfo", NULL));
}
END_TEST

static void *
outlive(void *first)
{
	pthread_join(*(pthread_t *)first, NULL);
	ready();
	return NULL;
}

static void
end_the_first_thread(void)
{
	static pthread_t first;
	pthread_t thread;
	int fd = memfd_create("held", 0);

	first = pthread_self();
	if (fd < 0 || dprintf(fd, "held by the second thread\n") < 0 ||
	    pthread_create(&thread, NULL, outlive, &first) != 0)
		_exit(1);
	pthread_exit(NULL);
}

/* proc(5) shows a zombie without memory, descriptors and executable. */
START_TEST(one_that_hides_behind_its_dead_first_thread_is_read)
{
	pid_t pid = suspect(end_the_first_thread);
	autojson json_t *line = NULL;

	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_finding(line, "first_thread_ended");
	ck_finding(line, "memfd_open");
	ck_no_finding(line, "argv_overwritten");
	ck_no_finding(line, "argv_short");
	ck_assert_int_gt(json_integer_value(
				 json_object_get(line, "read_by_thread")),
			 pid);
	ck_assert_int_eq(json_integer_value(
				 json_array_get(json_object_get(line, "pids"),
						0)),
			 pid);
	ck_assert_int_eq(json_integer_value(json_object_get(line, "n_threads")),
			 2);
	ck_assert_ptr_nonnull(firn_json_string(line, "exe", "sha256", NULL));
	run("grep -q 'held by the second' CASE/data/processes/*/fd-* && "
	    "test -s CASE/data/processes/*/maps");
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(one_that_is_gone_is_a_gap_and_not_a_failure)
{
	pid_t pid = suspect(do_nothing), other = suspect(do_nothing);
	autojson json_t *line = NULL, *reused = NULL;

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	target.members.items[1].start_ticks--; /* another had this pid */
	capture(&firn_collect_processes);
	line = line_of(pid);
	reused = line_of(other);
	ck_finding(line, "died");
	ck_finding(reused, "died");
	ck_assert_ptr_null(json_object_get(reused, "cmdline"));
	ck_assert_uint_eq(sealed.gaps, 2);
}
END_TEST

static void
run_with_a_hostile_argv(void)
{
	char *const argv[] = {
		(char[]){ "sh\n2 root\033[2J" },      (char[]){ "-c" },
		(char[]){ "kill -STOP $$" },          (char[]){ "" },
		(char[]){ "\xff\xfe{\"pid\": 1}\n" }, NULL
	};
	char *const envp[] = { NULL };

	execve("/bin/sh", argv, envp);
}

START_TEST(an_argv_of_control_characters_stays_within_its_line)
{
	pid_t pid = suspect(run_with_a_hostile_argv);
	static const char expected[] = "sh\n2 root\033[2J\0-c\0kill -STOP "
				       "$$\0\0\xff\xfe{\"pid\": 1}\n";
	autojson json_t *line = NULL;
	autofree char *raw = NULL;
	json_t *argv;
	char path[96];
	size_t len;

	capture(&firn_collect_processes);
	run("test $(wc -l <CASE/data/processes/processes.jsonl) -eq 1 && "
	    "! grep -q $(printf '\033') CASE/data/processes/processes.jsonl");
	line = line_of(pid);
	argv = json_object_get(line, "cmdline");
	ck_assert_uint_eq(json_array_size(argv), 5);
	ck_assert_str_eq(json_string_value(json_array_get(argv, 3)), "");
	ck_assert_str_eq(json_string_value(json_array_get(argv, 4)),
			 "\\xff\\xfe{\"pid\": 1}\\x0a");
	ck_assert_ptr_nonnull(firn_json_string(line, "cmdline_b64", NULL));
	ck_no_finding(line, "argv_overwritten");
	snprintf(path, sizeof(path), "CASE/data/processes/%d/cmdline", pid);
	ck_ok(firn_read_at(AT_FDCWD, path, 4096, &raw, &len, &err));
	ck_assert_uint_eq(len, sizeof(expected));
	ck_assert_mem_eq(raw, expected, sizeof(expected));
}
END_TEST

START_TEST(a_kernel_thread_that_was_put_there_is_told)
{
	autojson json_t *line = NULL;

	add_member(2); /* kthreadd */
	target.members.items[0].foreign = true;
	capture(&firn_collect_processes);
	line = line_of(2);
	ck_assert(json_is_true(json_object_get(line, "kernel_thread")));
	ck_finding(line, "not_the_containers");
	ck_assert_ptr_null(json_object_get(line, "exe"));
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(five_hundred_processes_are_all_there)
{
	autojson json_t *first = NULL, *last = NULL;

	for (int i = 0; i < 500; i++)
		suspect(do_nothing);
	capture(&firn_collect_processes);
	run("test $(wc -l <CASE/data/processes/processes.jsonl) -eq 500 && "
	    "test $(ls CASE/data/processes/*/maps | wc -l) -eq 500 && "
	    "test $(ls CASE/data/processes/*/mountinfo | wc -l) -eq 1");
	first = line_of(suspects[0]);
	last = line_of(suspects[499]);
	ck_assert_str_eq(firn_json_string(first, "exe", "sha256", NULL),
			 firn_json_string(last, "exe", "sha256", NULL));
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(a_zombie_has_no_gaps)
{
	pid_t pid = suspect(do_nothing);
	autojson json_t *line = NULL;
	siginfo_t info;

	kill(pid, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_assert_str_eq(firn_json_string(line, "state", NULL), "Z");
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

static pid_t
kill_after(pid_t pid, useconds_t us)
{
	pid_t killer = fork();

	if (killer == 0) {
		usleep(us);
		kill(pid, SIGKILL);
		_exit(0);
	}
	return killer;
}

/* The test's own process reaps, so that the killed one is gone at once. */
START_TEST(one_that_is_killed_in_the_middle_is_told_as_far_as_it_was_read)
{
	const struct firn_collection what = { 0 };
	bool seen_dead = false;

	signal(SIGCHLD, SIG_IGN);
	for (useconds_t us = 0; us < 30000 && !seen_dead; us += 250) {
		const struct firn_archive_options options = { .path = "again",
							      .case_id = "CASE",
							      .key = key };
		struct firn_archive *again = NULL;
		pid_t pid = suspect(do_nothing);

		ck_ok(firn_archive_create(&again, &options, &err));
		kill_after(pid, us);
		ck_ok(firn_collect_processes.collect(&target, &what, again,
						     &err));
		seen_dead = firn_archive_gaps(again) == 1 && us > 0;
		ck_assert_uint_le(firn_archive_gaps(again), 1);
		ck_ok(firn_archive_seal(again, &sealed, &err));
		firn_archive_close(&again);
		unlink("again");
		target.members.n = 0;
		n_suspects = 0;
	}
	signal(SIGCHLD, SIG_DFL);
}
END_TEST

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

START_TEST(a_recorded_host_is_read_like_a_live_one)
{
	struct firn_member member = { .pid = 41, .start_ticks = 777 };
	struct firn_host recorded;
	autojson json_t *line = NULL;

	run("mkdir -p root/proc/41 root/proc/1/ns");
	write_file("root/proc/stat", "cpu 1\nbtime 1000000000\n");
	write_file("root/proc/41/stat",
		   "41 (sh) S 7 8 9 0 -1 4194560 1 2 3 4 55 66 0 0 20 0 1 0 "
		   "777 4096 12 18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 "
		   "0 17 1 0 0 0 0 0 1 2 3 100 103 300 400 0\n");
	write_file("root/proc/41/status",
		   "Name:\tsh\nUid:\t0\t0\t0\t0\nNSpid:\t41\t1\n"
		   "CapEff:\t8000000000200001\n");
	write_file("root/proc/41/cmdline", "sh");
	ck_ok(firn_host_open(&recorded, "root", &err));
	target.host = &recorded;
	target.members =
		(struct firn_members){ .items = calloc(1, sizeof(member)),
				       .n = 1 };
	target.members.items[0] = member;
	capture(&firn_collect_processes);
	firn_host_close(&recorded);
	line = line_of(41);
	ck_assert_str_eq(firn_json_string(line, "start", NULL),
			 "2001-09-09T01:46:47.770000000Z");
	ck_assert_str_eq(json_string_value(json_array_get(
				 firn_json_at(line, "capabilities", "effective",
					      NULL),
				 2)),
			 "cap_63");
	ck_finding(line, "argv_short");
}
END_TEST

/* A recorded process whose cmdline never answers stands in for one that holds
 * the lock of its address space. */
START_TEST(memory_that_does_not_answer_is_one_gap)
{
	struct firn_member member = { .pid = 41, .start_ticks = 777 };
	struct firn_host recorded;
	autojson json_t *line = NULL;

	run("mkdir -p root/proc/41 && mkfifo root/proc/41/cmdline");
	write_file("root/proc/stat", "cpu 1\nbtime 1000000000\n");
	write_file("root/proc/41/maps", "never read\n");
	write_file("root/proc/41/cgroup", "0::/x\n");
	write_file("root/proc/41/stat",
		   "41 (sh) S 7 8 9 0 -1 4194560 1 2 3 4 55 66 0 0 20 0 1 0 "
		   "777 4096 12 18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 "
		   "0 17 1 0 0 0 0 0 1 2 3 100 103 300 400 0\n");
	ck_ok(firn_host_open(&recorded, "root", &err));
	target.host = &recorded;
	target.members =
		(struct firn_members){ .items = calloc(1, sizeof(member)),
				       .n = 1 };
	target.members.items[0] = member;
	capture(&firn_collect_processes);
	firn_host_close(&recorded);
	line = line_of(41);
	ck_assert_str_eq(firn_json_string(line, "cgroup", "v2", NULL), "/x");
	ck_assert_int_eq(gaps_with("\"41/cmdline, environ, maps"), 1);
	ck_assert_int_eq(gaps_with("did not answer"), 1);
	run("test ! -e CASE/data/processes/41/maps && "
	    "test -s CASE/data/processes/41/cgroup");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_process_is_described_by_its_line_and_its_raw_files,
		the_start_is_told_in_wall_time,
		a_hostile_name_is_told_byte_by_byte,
		an_argv_that_was_written_over_is_kept_exactly_and_found,
		the_environment_is_kept_whatever_bytes_it_has,
		a_large_environment_is_kept_whole_and_shown_in_part,
		a_tracer_is_named,
		a_working_directory_that_was_removed_is_found,
		one_that_can_become_root_again_and_hides_from_gdb_is_found,
		every_thread_is_described,
		one_that_hides_behind_a_mount_is_found,
		one_that_is_gone_is_a_gap_and_not_a_failure,
		one_that_hides_behind_its_dead_first_thread_is_read,
		an_argv_of_control_characters_stays_within_its_line,
		a_kernel_thread_that_was_put_there_is_told,
		five_hundred_processes_are_all_there,
		a_zombie_has_no_gaps,
		one_that_is_killed_in_the_middle_is_told_as_far_as_it_was_read,
		a_recorded_host_is_read_like_a_live_one,
		memory_that_does_not_answer_is_one_gap,
	};

	return run_suite(
		suite_of("processes", tests, sizeof(tests) / sizeof(tests[0])));
}
