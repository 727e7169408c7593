#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "assess/memory/mappings.h"
#include "assess/memory/memory.h"
#include "assess/memory/pages.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"

static struct firn_err err;
static struct firn_host host;
static struct firn_secret_rules *rules;
static json_t *checklist;
static char folder[64];
static pid_t pid;
static uint64_t bytes;
static pid_t pids_read[16];
static size_t n_pids_read;

static const struct firn_case of = { .id = "CASE-1", .key = { 1, 2, 3 } };

static const char own_rules[] =
	"rules:\n"
	"  - {name: planted, title: Planted, priority: P3, confidence: high, "
	"guide: github-token, keywords: [plantedby], "
	"pattern: '\\b(?<secret>plantedby[a-z]{8}[0-9]{3})\\b'}\n";

/* Where the planted process keeps one each. */
enum planted {
	IN_HEAP,
	IN_STACK,
	IN_ANONYMOUS,
	IN_MEMFD,
	IN_DELETED,
	IN_WRITTEN_FILE,
	IN_UNREADABLE,
	N_PLANTED
};

static const char *const paths[N_PLANTED] = {
	"[heap]",
	"[stack]",
	"[anonymous]",
	"/memfd:firn-fake (deleted)",
	"/deleted (deleted)",
	"/written+0x1000",
	"[anonymous]",
};

/* Its parts stand nowhere together, and nowhere in the parent. */
static void
put_secret(char *to, unsigned number)
{
	static const char by[] = "planted";

	memcpy(to, by, 7);
	memcpy(to + 7, "by", 2);
	for (int i = 0; i < 8; i++)
		to[9 + i] = (char)('a' + (number + (unsigned)i * 3) % 26);
	snprintf(to + 17, 4, "%03u", number);
}

static void *
map(int fd, size_t len, int flags, off_t offset)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, offset);

	if (at == MAP_FAILED)
		_exit(2);
	return at;
}

static int
make_file(const char *name, size_t len)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)len) < 0)
		_exit(3);
	return fd;
}

static void
plant_in_files(void)
{
	char secret[32] = " ", path[96];
	int fd = memfd_create("firn-fake", MFD_CLOEXEC);
	char *at;

	/* Through the descriptor: its pages are in no page table. */
	put_secret(secret + 1, IN_MEMFD);
	if (fd < 0 || ftruncate(fd, 1 << 30) < 0 ||
	    pwrite(fd, secret, 22, 512 << 20) != 22)
		_exit(4);
	map(fd, 1 << 30, MAP_SHARED, 0);
	close(fd);

	fd = make_file("deleted", 1 << 20);
	put_secret(secret + 1, IN_DELETED);
	if (pwrite(fd, secret, 22, 5000) != 22)
		_exit(5);
	map(fd, 1 << 20, MAP_SHARED, 0);
	snprintf(path, sizeof(path), "%s/deleted", folder);
	unlink(path);
	close(fd);

	fd = make_file("written", 64 << 10);
	at = map(fd, 60 << 10, MAP_PRIVATE, 4096);
	put_secret(at + 8192, IN_WRITTEN_FILE);
	close(fd);
	explicit_bzero(secret, sizeof(secret));
}

/* More than memory has, and never touched. */
static void
plant_sparse(void)
{
	mmap(NULL, (size_t)1 << 40, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static _Noreturn void
be_planted(int ready_fd)
{
	volatile char on_stack[64] = " ";
	char *heap = sbrk(8192), *at;

	put_secret(heap + 100, IN_HEAP);
	put_secret((char *)(uintptr_t)&on_stack[1], IN_STACK);
	at = map(-1, 3 << 20, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	/* Over the end of what is read at once. */
	put_secret(at + (1 << 20) - 7, IN_ANONYMOUS);
	memset(at, '.', (1 << 20) - 7);
	at = map(-1, 4096, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	put_secret(at, IN_UNREADABLE);
	mprotect(at, 4096, PROT_NONE);
	plant_in_files();
	plant_sparse();
	if (write(ready_fd, "!", 1) != 1)
		_exit(6);
	for (;;)
		pause();
}

/* Until it waits there, in the kernel. */
static void
wait_for(pid_t one, const char *where)
{
	for (int i = 0; i < 5000; i++) {
		autofree char *text = NULL;
		size_t len;

		ck_ok(firn_proc_read(&host, one, "wchan", 64, &text, &len,
				     &err));
		if (strstr(text, where) != NULL)
			return;
		usleep(1000);
	}
	ck_abort_msg("it never waits");
}

static void
start_planted(void)
{
	pid_t parent = getpid();
	char byte;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			be_planted(ends[1]);
		_exit(1);
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	wait_for(pid, "pause");
}

static void
setup(void)
{
	const char *const folders[] = { folder };
	autoclose int fd = -1;
	char path[96];

	snprintf(folder, sizeof(folder), "/var/tmp/firn-memory-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/own.yaml", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_ok(firn_write_all(fd, path, own_rules, strlen(own_rules), &err));
	ck_ok(firn_host_open(&host, "/", &err));
	ck_ok(firn_secret_rules_open(&rules, folders, 1, &err));
	bytes = n_pids_read = 0;
	start_planted();
}

static void
teardown(void)
{
	char command[96];

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	json_decref(checklist);
	checklist = NULL;
	firn_secret_rules_close(&rules);
	firn_host_close(&host);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
progress(void *arg, pid_t of_pid, uint64_t so_far)
{
	(void)arg;
	bytes = so_far;
	if (n_pids_read == 0 || pids_read[n_pids_read - 1] != of_pid)
		pids_read[n_pids_read++] = of_pid;
}

static void
look_at(struct firn_member *members, size_t n, unsigned seconds)
{
	const struct firn_target target = {
		.host = &host,
		.init_pid = members[0].pid,
		.members = { .items = members, .n = n },
	};
	const struct firn_deep deep = { seconds, progress, NULL };
	struct firn_checklist list;

	ck_ok(firn_checklist_open(&list, rules, &of, &err));
	ck_ok(firn_secret_memory(&list, &target, &deep, &err));
	checklist = firn_checklist_json(&list);
	ck_assert_ptr_nonnull(checklist);
	firn_checklist_close(&list);
}

static void
look_at_planted(void)
{
	struct firn_member member = { .pid = pid };

	look_at(&member, 1, 60);
}

static const char *
said_of(const json_t *object, const char *key)
{
	const char *text = firn_json_string(object, key, NULL);

	return text != NULL ? text : "";
}

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* How many secrets are in such a place. */
static size_t
found_in(const char *path)
{
	const json_t *item, *place;
	size_t i, k, n = 0;

	json_array_foreach(json_object_get(checklist, "items"), i, item) {
		if (strcmp(said_of(item, "kind"), "planted") != 0)
			continue;
		json_array_foreach(json_object_get(item, "places"), k, place) {
			const char *said = said_of(place, "path");

			ck_assert_str_eq(said_of(place, "where"), "memory");
			n += ends_with(said, path);
		}
	}
	return n;
}

START_TEST(a_secret_is_found_in_each_kind_of_memory)
{
	autofree char *line = NULL;
	char secret[32];

	look_at_planted();
	line = firn_json_line(checklist);
	ck_assert_uint_eq(json_array_size(json_object_get(checklist, "gaps")),
			  0);
	ck_assert_uint_eq(found_in(paths[IN_HEAP]), 1);
	ck_assert_uint_eq(found_in(paths[IN_STACK]), 1);
	ck_assert_uint_eq(found_in(paths[IN_MEMFD]), 1);
	ck_assert_uint_eq(found_in(paths[IN_DELETED]), 1);
	ck_assert_uint_eq(found_in(paths[IN_WRITTEN_FILE]), 1);
	/* One over the end of a block, one that nobody may read. */
	ck_assert_uint_eq(found_in("[anonymous]"), 2);
	for (unsigned i = 0; i < N_PLANTED; i++) {
		put_secret(secret, i);
		ck_assert_msg(strstr(line, secret) == NULL, "%s", secret);
	}
}
END_TEST

/* --- it doesn't notice ----------------------------------------------------
 */

static char *
text_of(const char *file)
{
	char *text;
	size_t len;

	ck_ok(firn_proc_read(&host, pid, file, 1 << 20, &text, &len, &err));
	return text;
}

static void
ck_same_field(const char *before, const char *after, const char *key)
{
	char a[64], b[64];

	ck_assert_int_gt(firn_proc_status_field(before, key, a, sizeof(a)), 0);
	ck_assert_int_gt(firn_proc_status_field(after, key, b, sizeof(b)), 0);
	ck_assert_msg(strcmp(a, b) == 0, "%s: %s, then %s", key, a, b);
}

/* Resident pages, faults, switches, time, state, what it waits in. */
static void
ck_unnoticed(void)
{
	static const char *const files[] = { "stat", "statm", "io", "wchan" };
	autofree char *status = text_of("status"), *status_after = NULL;
	char *before[4];

	for (size_t i = 0; i < 4; i++)
		before[i] = text_of(files[i]);
	look_at_planted();
	ck_assert_uint_eq(found_in(paths[IN_HEAP]), 1);
	for (size_t i = 0; i < 4; i++) {
		autofree char *after = text_of(files[i]);

		ck_assert_str_eq(before[i], after);
		free(before[i]);
	}
	status_after = text_of("status");
	ck_same_field(status, status_after, "State");
	ck_same_field(status, status_after, "VmPTE");
	ck_same_field(status, status_after, "voluntary_ctxt_switches");
	ck_same_field(status, status_after, "nonvoluntary_ctxt_switches");
}

START_TEST(a_process_that_waits_has_the_same_pages_and_faults_after)
{
	ck_unnoticed();
}
END_TEST

START_TEST(a_process_that_is_stopped_stays_as_it_is)
{
	int status;

	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	/* Which is told a moment before it leaves the processor. */
	wait_for(pid, "do_signal_stop");
	ck_unnoticed();
}
END_TEST

START_TEST(what_was_only_reserved_is_passed_over)
{
	look_at_planted();
	/* Of a terabyte, and a gigabyte of memfd. */
	ck_assert_uint_lt(bytes, 64 << 20);
	ck_assert_uint_gt(bytes, 3 << 20);
}
END_TEST

/* --- whose it is ----------------------------------------------------------
 */

static int
wait_for_nothing(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

/* A process, and one that lives in its memory. */
static void
start_two(pid_t *ret)
{
	static char stack[65536];

	pid_t first = fork();

	ck_assert_int_ge(first, 0);
	if (first == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ret[1] = clone(wait_for_nothing, stack + sizeof(stack),
			       CLONE_VM | CLONE_PARENT | SIGCHLD, NULL);
		wait_for_nothing(NULL);
	}
	ret[0] = first;
	while (*(volatile pid_t *)&ret[1] == 0)
		usleep(1000);
	ck_assert_int_gt(ret[1], 0);
	wait_for(ret[0], "pause");
	wait_for(ret[1], "pause");
}

START_TEST(memory_that_two_processes_share_is_read_once)
{
	struct firn_member members[2] = { { 0 } };
	pid_t *two = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t once;

	ck_assert_ptr_ne(two, MAP_FAILED);
	start_two(two);
	members[0].pid = two[0];
	members[1].pid = two[1];
	look_at(members, 1, 60);
	once = bytes;
	json_decref(checklist);
	bytes = n_pids_read = 0;
	look_at(members, 2, 60);
	for (int i = 0; i < 2; i++) {
		kill(two[i], SIGKILL);
		waitpid(two[i], NULL, 0);
	}
	ck_assert_uint_eq(n_pids_read, 1);
	ck_assert_uint_eq(bytes, once);
	munmap(two, 4096);
}
END_TEST

START_TEST(a_process_that_is_gone_is_a_gap)
{
	struct firn_member member = { .pid = pid, .start_ticks = 1 };

	look_at(&member, 1, 60);
	ck_assert_uint_eq(json_array_size(json_object_get(checklist, "gaps")),
			  1);
	ck_assert_uint_eq(bytes, 0);
}
END_TEST

START_TEST(what_is_left_when_the_time_is_over_is_a_gap)
{
	struct firn_member members[2] = { { .pid = pid }, { .pid = getpid() } };
	const json_t *gaps;

	look_at(members, 2, 0);
	gaps = json_object_get(checklist, "gaps");
	ck_assert_uint_eq(json_array_size(gaps), 1);
	ck_assert_ptr_nonnull(
		strstr(said_of(json_array_get(gaps, 0), "what"), "the rest"));
}
END_TEST

/* In a folder that stands in for /proc, nobody writes into the FIFO. */
START_TEST(a_process_that_can_not_be_asked_is_a_gap_in_the_end)
{
	struct firn_member member = { .pid = 17 };
	const json_t *gaps;
	autoclose int dir_fd = -1, real_fd = host.proc_fd, fd = -1;
	autofree char *stat = text_of("stat");

	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(dir_fd, "17", 0700), 0);
	ck_assert_int_eq(mkfifoat(dir_fd, "17/smaps", 0600), 0);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "17/stat", "17/mem",
						     "17/pagemap" };

		fd = openat(dir_fd, names[i], O_WRONLY | O_CREAT | O_CLOEXEC,
			    0600);
		ck_ok(firn_write_all(fd, names[i], stat, strlen(stat), &err));
		close(fd);
		fd = -1;
	}
	host.proc_fd = dir_fd;
	look_at(&member, 1, 60);
	host.proc_fd = real_fd;
	real_fd = -1;
	gaps = json_object_get(checklist, "gaps");
	ck_assert_uint_eq(json_array_size(gaps), 1);
	ck_assert_ptr_nonnull(strstr(said_of(json_array_get(gaps, 0), "why"),
				     "did not answer"));
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), 0);
}
END_TEST

/* --- what is read at all --------------------------------------------------
 */

static unsigned
parts_of(const char *smaps)
{
	static struct firn_mappings mappings;
	struct firn_mapping mapping;
	autoclose int fd = memfd_create("smaps", MFD_CLOEXEC);

	ck_ok(firn_write_all(fd, "smaps", smaps, strlen(smaps), &err));
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	mappings = (struct firn_mappings){ .fd = fd };
	ck_assert_int_eq(firn_mappings_next(&mappings, &mapping, &err), 1);
	ck_assert_uint_eq(mapping.start, 0x7f0000000000);
	return firn_mapping_parts(&mapping);
}

#define AT "7f0000000000-7f0000001000 "
#define KNOWN "\nSize: 4 kB\nRss: 4 kB\nVmFlags: "

START_TEST(what_maps_a_device_is_never_read)
{
	ck_assert_uint_eq(parts_of(AT "rw-s 00000000 00:05 7 /dev/mem" KNOWN
				      "rd wr sh mr pf io de dd \n"),
			  0);
	ck_assert_uint_eq(parts_of(
				  AT
				  "rw-p 00000000 00:05 7 /dev/x (deleted)" KNOWN
				  "rd wr mr pf dd \n"),
			  0);
	ck_assert_uint_eq(parts_of(AT "rw-p 00000000 00:00 0 " KNOWN
				      "rd wr io \n"),
			  0);
	ck_assert_uint_eq(parts_of(AT "r--p 00000000 00:00 0 [vvar]" KNOWN
				      "rd mr pf \n"),
			  0);
	ck_assert_uint_eq(parts_of(AT "r--p 00000000 00:00 0 [vdso]" KNOWN
				      "rd mr \n"),
			  0);
}
END_TEST

START_TEST(a_file_that_has_a_name_is_read_where_it_was_written_to)
{
	ck_assert_uint_eq(parts_of(AT "rw-p 00000000 08:01 7 /lib/x" KNOWN
				      "rd wr mr mw me ac \n"),
			  FIRN_MAPPING_OWN);
	ck_assert_uint_eq(parts_of(AT "rw-s 00000000 08:01 7 /lib/x" KNOWN
				      "rd wr sh mr mw me ms \n"),
			  0);
	ck_assert_uint_eq(parts_of(AT "rw-s 00000000 00:01 7 /memfd:a\\012b "
				      "(deleted)" KNOWN "rd wr sh \n"),
			  FIRN_MAPPING_FILE);
	ck_assert_uint_eq(parts_of(AT "rw-p 00000000 00:00 0 " KNOWN
				      "rd wr mr \n"),
			  FIRN_MAPPING_PAGES);
}
END_TEST

START_TEST(the_table_of_pages_says_what_the_scan_says)
{
	const size_t len = 64 << 20, page = 4096;
	char *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	autoclose int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t a, a_end, b, b_end, n = 0;
	static struct firn_pages scan, table;
	int more;

	ck_assert_ptr_ne(at, MAP_FAILED);
	ck_assert_int_eq(madvise(at, len, MADV_NOHUGEPAGE), 0);
	for (size_t i = 0; i < len / page; i += 1 + i % 97)
		at[i * page] = 1;
	scan.fd = table.fd = fd;
	table.by_table = true;
	firn_pages_start(&scan, (uintptr_t)at, (uintptr_t)at + len, false);
	firn_pages_start(&table, (uintptr_t)at, (uintptr_t)at + len, false);
	while ((more = firn_pages_next(&table, &a, &a_end, &err)) > 0) {
		/* A range may come in pieces. */
		ck_assert_int_eq(firn_pages_next(&scan, &b, &b_end, &err), 1);
		ck_assert_uint_eq(a, b);
		while (a_end < b_end) {
			ck_assert_int_eq(firn_pages_next(&table, &a, &a_end,
							 &err),
					 1);
		}
		ck_assert_uint_eq(a_end, b_end);
		n++;
	}
	ck_ok(more);
	ck_assert_int_eq(firn_pages_next(&scan, &b, &b_end, &err), 0);
	ck_assert_uint_gt(n, 100);
	munmap(at, len);
}
END_TEST

static void
add_tests(TCase *tcase)
{
	tcase_add_test(tcase, a_secret_is_found_in_each_kind_of_memory);
	tcase_add_test(
		tcase,
		a_process_that_waits_has_the_same_pages_and_faults_after);
	tcase_add_test(tcase, a_process_that_is_stopped_stays_as_it_is);
	tcase_add_test(tcase, what_was_only_reserved_is_passed_over);
	tcase_add_test(tcase, memory_that_two_processes_share_is_read_once);
	tcase_add_test(tcase, a_process_that_is_gone_is_a_gap);
	tcase_add_test(tcase,
		       a_process_that_can_not_be_asked_is_a_gap_in_the_end);
	tcase_add_test(tcase, what_is_left_when_the_time_is_over_is_a_gap);
	tcase_add_test(tcase, what_maps_a_device_is_never_read);
	tcase_add_test(tcase,
		       a_file_that_has_a_name_is_read_where_it_was_written_to);
	tcase_add_test(tcase, the_table_of_pages_says_what_the_scan_says);
}

int
main(void)
{
	Suite *suite;
	TCase *tcase;

	if (geteuid() != 0) {
		puts("skipped: the memory of others is root's to read");
		return 77;
	}
	suite = suite_create("memory");
	tcase = tcase_create("memory");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
