#include "collect/fixture.h"

#include <sched.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>

static void
sleep_as(int fd)
{
	char *const argv[] = { (char[]){ "dropped" }, (char[]){ "1000" },
			       NULL };
	char *const envp[] = { NULL };

	syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
	_exit(1);
}

static void
run_dropped(void)
{
	char *const argv[] = { (char[]){ "dropped" }, (char[]){ "1000" },
			       NULL };

	execv("dropped", argv);
}

static json_t *
exe_of(const json_t *line)
{
	return json_object_get(line, "exe");
}

START_TEST(a_deleted_executable_is_kept_once)
{
	autojson json_t *line = NULL, *second = NULL;
	pid_t pid, other;

	run("cp /usr/bin/sleep dropped");
	pid = suspect(run_dropped);
	other = suspect(run_dropped);
	unlink("dropped");
	capture(&firn_collect_processes);
	line = line_of(pid);
	second = line_of(other);
	ck_finding(line, "exe_deleted");
	ck_finding(second, "exe_deleted");
	ck_no_finding(line, "exe_memfd");
	ck_no_finding(line, "name_mismatch");
	same_as_member("/usr/bin/sleep",
		       json_object_get(exe_of(line), "member"));
	ck_assert(json_equal(json_object_get(exe_of(line), "member"),
			     json_object_get(exe_of(second), "member")));
	ck_assert_str_eq(firn_json_string(exe_of(line), "sha256", NULL),
			 firn_json_string(exe_of(second), "sha256", NULL));
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(a_replaced_executable_is_kept)
{
	autojson json_t *line = NULL;
	pid_t pid;

	run("cp /usr/bin/sleep dropped");
	pid = suspect(run_dropped);
	run("cp /usr/bin/true other && mv other dropped");
	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_finding(line, "exe_replaced");
	same_as_member("/usr/bin/sleep",
		       json_object_get(exe_of(line), "member"));
}
END_TEST

static void
run_mark(void)
{
	char *const argv[] = { (char[]){ "x" }, (char[]){ "1000" }, NULL };

	execv("x (deleted)", argv);
}

START_TEST(a_name_that_ends_with_deleted_is_not_believed)
{
	autojson json_t *line = NULL;
	pid_t pid;

	run("cp /usr/bin/sleep 'x (deleted)'");
	pid = suspect(run_mark);
	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_no_finding(line, "exe_deleted");
	ck_no_finding(line, "exe_replaced");
	ck_assert(json_is_false(json_object_get(exe_of(line), "deleted")));
	ck_assert_ptr_null(json_object_get(exe_of(line), "member"));
}
END_TEST

static void
run_from_memory(void)
{
	int fd = memfd_create("x\n\033[2J", MFD_CLOEXEC);
	int from = open("/usr/bin/sleep", O_RDONLY | O_CLOEXEC);
	char part[65536];
	ssize_t n;

	while ((n = read(from, part, sizeof(part))) > 0) {
		if (write(fd, part, (size_t)n) != n)
			_exit(1);
	}
	sleep_as(fd);
}

START_TEST(a_program_that_never_was_a_file_is_kept)
{
	pid_t pid = suspect(run_from_memory);
	autojson json_t *line = NULL;

	capture(&firn_collect_processes);
	line = line_of(pid);
	ck_finding(line, "exe_memfd");
	ck_assert_str_eq(firn_json_string(exe_of(line), "filesystem", NULL),
			 "shmem");
	same_as_member("/usr/bin/sleep",
		       json_object_get(exe_of(line), "member"));
}
END_TEST

/* Descriptor 100: deleted; 101: never had a name; 102: a memfd. */
static void
hold_files(void)
{
	int fds[3];

	fds[0] = open("held", O_CREAT | O_RDWR, 0600);
	fds[1] = open(".", O_TMPFILE | O_RDWR, 0600);
	fds[2] = memfd_create("m", 0);
	for (int i = 0; i < 3; i++) {
		if (fds[i] < 0 || dprintf(fds[i], "secret %d\n", i) < 0 ||
		    dup2(fds[i], 100 + i) < 0)
			_exit(1);
	}
	unlink("held");
	ready();
}

static const json_t *
descriptor(const json_t *list, int number)
{
	size_t i;
	json_t *fd;

	json_array_foreach(list, i, fd) {
		if (json_integer_value(json_object_get(fd, "fd")) == number)
			return fd;
	}
	ck_abort_msg("no descriptor %d", number);
}

static json_t *
descriptors_of(pid_t pid)
{
	char path[96];

	snprintf(path, sizeof(path), "CASE/data/processes/%d/fd.json", pid);
	return load(path);
}

START_TEST(files_that_only_a_descriptor_holds_are_kept_each_once)
{
	pid_t pid = suspect(hold_files);
	autojson json_t *line = NULL, *list = NULL;

	capture(&firn_collect_processes);
	line = line_of(pid);
	list = descriptors_of(pid);
	ck_finding(line, "deleted_file_open");
	ck_finding(line, "memfd_open");
	for (int i = 0; i < 3; i++) {
		const json_t *fd = descriptor(list, 100 + i);
		char text[32];

		snprintf(text, sizeof(text), "secret %d\n", i);
		FILE *file = fopen("expected", "w");
		fputs(text, file);
		fclose(file);
		same_as_member("expected", json_object_get(fd, "member"));
		ck_assert(json_is_true(json_object_get(fd, "deleted")));
		ck_assert_ptr_nonnull(firn_json_string(fd, "fdinfo", NULL));
		ck_assert_str_eq(firn_json_string(fd, "access", NULL),
				 "read-write");
	}
	/* 3 files, of which each is open twice. */
	run("test $(ls CASE/data/processes/*/fd-* | wc -l) -eq 3");
}
END_TEST

static void
hold_with_a_child(void)
{
	int fd = open("shared", O_CREAT | O_RDWR, 0600);

	if (fd < 0 || dprintf(fd, "shared\n") < 0 || unlink("shared") < 0)
		_exit(1);
	if (fork() != 0)
		ready();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

START_TEST(a_file_that_two_processes_hold_is_kept_once)
{
	pid_t parent = suspect(hold_with_a_child), child;
	autofree char *children = NULL;
	autojson json_t *first = NULL, *second = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent,
		 parent);
	ck_ok(firn_read_at(AT_FDCWD, path, 64, &children, NULL, &err));
	child = (pid_t)strtol(children, NULL, 10);
	add_member(child);
	capture(&firn_collect_processes);
	first = descriptors_of(parent);
	second = descriptors_of(child);
	ck_assert_ptr_nonnull(
		firn_json_string(descriptor(first, 4), "member", NULL));
	ck_assert_str_eq(firn_json_string(descriptor(first, 4), "member", NULL),
			 firn_json_string(descriptor(second, 4), "member",
					  NULL));
	run("test $(ls CASE/data/processes/*/fd-* | wc -l) -eq 1");
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

#define GROWING ((off_t)60 << 20)

/* Large enough that it can't be read between two writes. */
static void
write_on(void)
{
	int fd = open("growing", O_CREAT | O_RDWR, 0600);

	if (fd < 0 || unlink("growing") < 0 || ftruncate(fd, GROWING) < 0 ||
	    write(ready_pipe[1], "r", 1) != 1)
		_exit(1);
	/* Not for ever: the disk is everybody's. */
	for (int i = 0; i < 1 << 20; i++) {
		if (pwrite(fd, "x", 1, GROWING + i) != 1)
			_exit(1);
		usleep(10);
	}
}

START_TEST(a_file_that_grows_is_kept_as_long_as_it_was_and_said_to_change)
{
	pid_t pid = suspect(write_on);
	autojson json_t *list = NULL;
	const json_t *fd;
	char path[160];
	struct stat st;

	capture(&firn_collect_processes);
	list = descriptors_of(pid);
	fd = descriptor(list, 4);
	snprintf(path, sizeof(path), "CASE/%s",
		 firn_json_string(fd, "member", NULL));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_ge(st.st_size, GROWING);
	ck_assert_int_ge(st.st_size,
			 json_integer_value(json_object_get(fd, "size")));
	ck_assert_int_eq(gaps_with("changed while it was read"), 1);
}
END_TEST

static void
wait_for_a_reader(void)
{
	if (mkfifo("fifo", 0600) < 0 || open("fifo", O_PATH) < 0)
		_exit(1);
	if (fork() != 0) {
		/* By then the child waits. */
		usleep(50000);
		unlink("fifo");
		ready();
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(ready_pipe[1]);
	if (open("fifo", O_WRONLY) >= 0)
		close(open("woken", O_CREAT | O_WRONLY, 0600));
	for (;;)
		pause();
}

START_TEST(a_fifo_is_told_and_its_writer_not_woken)
{
	pid_t pid = suspect(wait_for_a_reader);
	autojson json_t *list = NULL;

	capture(&firn_collect_processes);
	list = descriptors_of(pid);
	ck_assert_str_eq(firn_json_string(descriptor(list, 4), "type", NULL),
			 "fifo");
	ck_assert(
		json_is_true(json_object_get(descriptor(list, 4), "deleted")));
	ck_assert_ptr_null(json_object_get(descriptor(list, 4), "member"));
	ck_assert_int_ne(access("woken", F_OK), 0);
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(reading_leaves_no_trace_in_the_times_of_a_file)
{
	pid_t pid = suspect(hold_files);
	struct stat before, after;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/100", pid);
	/* A relatime mount would note a read now: the last was long ago. */
	ck_assert_int_eq(utimensat(AT_FDCWD, path,
				   (struct timespec[]){ { .tv_sec = 1 },
							{ .tv_sec = 2 } },
				   0),
			 0);
	ck_assert_int_eq(stat(path, &before), 0);
	capture(&firn_collect_processes);
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_eq(after.st_atim.tv_sec, 1);
	ck_assert_int_eq(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
}
END_TEST

static void
hold_200(void)
{
	for (int i = 0; i < 100; i++) {
		if (open("/dev/null", O_RDONLY) < 0 ||
		    memfd_create("empty", 0) < 0)
			_exit(1);
	}
	ready();
}

START_TEST(two_hundred_descriptors_are_all_listed)
{
	pid_t pid = suspect(hold_200);
	autojson json_t *list = NULL;

	capture(&firn_collect_processes);
	list = descriptors_of(pid);
	ck_assert_uint_ge(json_array_size(list), 200);
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

static void
map_a_file(void)
{
	int fd = open("mapped", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	void *shared;

	if (fd < 0 || dprintf(fd, "only mapped\n") < 0 ||
	    mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		_exit(1);
	close(fd);
	unlink("mapped");
	/* Memory, though the kernel shows it as "/dev/zero (deleted)". */
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		_exit(1);
	ready();
}

START_TEST(a_file_that_only_a_mapping_holds_is_kept)
{
	pid_t pid = suspect(map_a_file);
	autojson json_t *line = NULL;
	json_t *list;

	capture(&firn_collect_processes);
	line = line_of(pid);
	list = json_object_get(line, "deleted_mappings");
	ck_finding(line, "deleted_file_mapped");
	ck_assert_uint_eq(json_array_size(list), 1);
	run("echo 'only mapped' >expected");
	same_as_member("expected",
		       json_object_get(json_array_get(list, 0), "member"));
}
END_TEST

#define TEBI ((off_t)1 << 40)

static void
hold_16_tebibytes(void)
{
	int fd = memfd_create("huge", 0);

	if (fd < 0 || ftruncate(fd, 7 * TEBI) < 0 ||
	    pwrite(fd, "one", 3, 0) != 3 || pwrite(fd, "two", 3, TEBI) != 3 ||
	    dup2(fd, 100) < 0)
		_exit(1);
	ready();
}

START_TEST(a_huge_file_of_holes_costs_what_it_holds)
{
	pid_t pid = suspect(hold_16_tebibytes);
	autojson json_t *list = NULL, *extents = NULL;
	const char *member;
	char path[160];
	struct stat st;

	capture(&firn_collect_processes);
	list = descriptors_of(pid);
	member = firn_json_string(descriptor(list, 100), "member", NULL);
	ck_assert_ptr_nonnull(member);
	snprintf(path, sizeof(path), "CASE/%s.extents.json", member);
	extents = load(path);
	ck_assert_int_eq(json_integer_value(json_object_get(extents, "size")),
			 7 * TEBI);
	ck_assert_uint_eq(json_array_size(json_object_get(extents, "extents")),
			  2);
	ck_assert_int_eq(
		json_integer_value(json_array_get(
			json_array_get(json_object_get(extents, "extents"), 1),
			0)),
		TEBI);
	snprintf(path, sizeof(path), "CASE/%s", member);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, 8192);
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

static void
listen_and_never_answer(void)
{
	int listener = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
	int fd = open("watched", O_CREAT | O_RDWR, 0600);

	if (listener < 0 || fd < 0 || dprintf(fd, "x") < 0 ||
	    fanotify_mark(listener, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD,
			  "watched") < 0)
		_exit(errno == ENOSYS || errno == EINVAL ? 77 : 1);
	unlink("watched");
	ready();
}

START_TEST(a_listener_that_never_answers_holds_nothing_up)
{
	suspect(listen_and_never_answer);
	capture(&firn_collect_processes);
	ck_assert_uint_eq(sealed.gaps, 1);
	ck_assert_int_eq(gaps_with("did not answer"), 1);
}
END_TEST

static void
hold_a_lease(void)
{
	int fd = open("leased", O_CREAT | O_RDWR, 0600);

	if (fd < 0 || fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
		_exit(1);
	unlink("leased");
	signal(SIGIO, SIG_IGN);
	ready();
}

START_TEST(a_lease_is_a_gap_and_not_a_wait)
{
	suspect(hold_a_lease);
	capture(&firn_collect_processes);
	ck_assert_uint_eq(sealed.gaps, 1);
	ck_assert_int_eq(gaps_with("temporarily unavailable"), 1);
}
END_TEST

/* Nobody reads /dev/fuse: whoever asks this filesystem waits for ever. */
static void
stand_in_fuse(void)
{
	char options[96];
	int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fuse < 0)
		_exit(77);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mkdir("mnt", 0700) < 0 ||
	    mount("firn", "mnt", "fuse", 0, options) < 0 ||
	    open("mnt", O_PATH | O_DIRECTORY) < 0)
		_exit(1);
	ready();
}

START_TEST(a_filesystem_without_a_server_holds_nothing_up)
{
	pid_t pid;
	autojson json_t *list = NULL;
	size_t i;
	json_t *fd;
	bool seen = false;

	if (access("/dev/fuse", R_OK) < 0)
		return;
	pid = suspect(stand_in_fuse);
	capture(&firn_collect_processes);
	list = descriptors_of(pid);
	json_array_foreach(list, i, fd) {
		const char *type = firn_json_string(fd, "filesystem", NULL);

		seen |= type != NULL && strcmp(type, "fuse") == 0;
	}
	ck_assert(seen);
}
END_TEST

static void
hold_what_others_gave(void)
{
	/* A mount that no namespace of the target has. */
	int fd;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mkdir("away", 0700) < 0)
		_exit(1);
	fd = open("/", O_RDONLY | O_DIRECTORY);
	if (fd < 0 || mount(folder, "away", NULL, MS_BIND, NULL) < 0)
		_exit(1);
	fd = open("away", O_RDONLY | O_DIRECTORY);
	if (fd < 0 || umount2("away", MNT_DETACH) < 0)
		_exit(1);
	ready();
}

START_TEST(a_descriptor_from_outside_is_found)
{
	pid_t pid = suspect(hold_what_others_gave);
	pid_t plain = suspect(hold_files);
	autojson json_t *line = NULL, *usual = NULL, *list = NULL;
	size_t i, outside = 0;
	json_t *fd;

	capture(&firn_collect_processes);
	line = line_of(pid);
	usual = line_of(plain);
	list = descriptors_of(pid);
	json_array_foreach(list, i, fd)
		outside += json_is_true(json_object_get(fd, "outside_rootfs"));
	ck_assert_uint_ge(outside, 1);
	ck_finding(line, "descriptor_outside_rootfs");
	ck_no_finding(usual, "descriptor_outside_rootfs");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_deleted_executable_is_kept_once,
		a_replaced_executable_is_kept,
		a_name_that_ends_with_deleted_is_not_believed,
		a_program_that_never_was_a_file_is_kept,
		files_that_only_a_descriptor_holds_are_kept_each_once,
		a_file_that_two_processes_hold_is_kept_once,
		a_file_that_grows_is_kept_as_long_as_it_was_and_said_to_change,
		a_fifo_is_told_and_its_writer_not_woken,
		reading_leaves_no_trace_in_the_times_of_a_file,
		two_hundred_descriptors_are_all_listed,
		a_file_that_only_a_mapping_holds_is_kept,
		a_huge_file_of_holes_costs_what_it_holds,
		a_listener_that_never_answers_holds_nothing_up,
		a_lease_is_a_gap_and_not_a_wait,
		a_filesystem_without_a_server_holds_nothing_up,
		a_descriptor_from_outside_is_found,
	};

	return run_suite(
		suite_of("held", tests, sizeof(tests) / sizeof(tests[0])));
}
