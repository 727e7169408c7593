/* Whatever stops the writer, what it wrote can be verified. */

#include "evidence/fixture.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/json.h"

#define ARCHIVE "disk/a.firn.tar.zst"
#define PARTIAL ARCHIVE ".partial"

static void
own_mounts(void)
{
	setup();
	ck_assert_int_eq(mkdir("disk", 0700), 0);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

static void
mount_tmpfs(unsigned kib)
{
	char options[32];

	snprintf(options, sizeof(options), "size=%uk", kib);
	ck_assert_int_eq(mount("firn-test", "disk", "tmpfs", 0, options), 0);
}

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static size_t
n_whole(const json_t *found)
{
	return (size_t)json_integer_value(
		firn_json_at(found, "members", "whole", NULL));
}

static void
expect_verdict(const json_t *found, const char *verdict)
{
	autofree char *text = firn_json_line(found);

	ck_assert_msg(strcmp(firn_json_string(found, "verdict", NULL),
			     verdict) == 0,
		      "not %s but %s", verdict, text);
	ck_assert_msg(json_array_size(json_object_get(found, "problems")) == 0,
		      "%s", text);
}

/* Half of it is noise: it doesn't get small. */
static int
try_member(unsigned number, size_t size)
{
	autofree unsigned char *data = malloc(size);
	char path[32];

	fill(data, size, number);
	snprintf(path, sizeof(path), "data/%u", number);
	err = (struct firn_err){ 0 };
	return firn_archive_bytes(archive, path, data, size, NULL, &err);
}

/* Until it doesn't fit; returns how many did. */
static unsigned
write_until_full(size_t size)
{
	unsigned n = 0;

	while (try_member(n, size) == 0) {
		ck_assert_uint_lt(++n, 10000);
		if (n % 5 == 0 && firn_archive_checkpoint(archive, &err) < 0)
			break;
	}
	return n;
}

/* The reserve pays for a seal: what fitted is intact, and stays .partial. */
static void
expect_sealed_as_far_as_it_went(unsigned n)
{
	autojson json_t *found = NULL;

	ck_fails(firn_archive_checkpoint(archive, &err), ENOSPC);
	seal();
	ck_assert(sealed.partial);
	ck_assert_str_eq(sealed.path, PARTIAL);
	ck_assert(!exists(ARCHIVE));
	found = verdict_of(PARTIAL);
	expect_verdict(found, "intact");
	ck_assert(json_is_true(json_object_get(found, "partial")));
	ck_assert(json_is_true(json_object_get(found, "trusted")));
	ck_assert_uint_eq(n_whole(found), sealed.members);
	ck_assert_uint_le(n_whole(found), n + 20 + n / 2);
	/* What was taken back is a gap. */
	ck_assert_uint_gt(sealed.gaps, 0);
	ck_assert_int_eq(json_integer_value(json_object_get(found, "gaps")),
			 (json_int_t)sealed.gaps);
}

static void
fill_disk(size_t member)
{
	struct firn_archive_options options = { .path = ARCHIVE,
						.case_id = "CASE-1",
						.key = key };

	err = (struct firn_err){ 0 };
	if (firn_archive_create(&archive, &options, &err) < 0) {
		/* Not even for the reserve. */
		ck_assert_int_eq(err.code, ENOSPC);
		ck_assert(!exists(PARTIAL));
		return;
	}
	expect_sealed_as_far_as_it_went(write_until_full(member));
	ck_assert_int_eq(unlink(PARTIAL), 0);
}

START_TEST(a_full_disk_ends_the_evidence_not_its_proof)
{
	for (unsigned kib = 300; kib < 6000; kib += 150) {
		mount_tmpfs(kib);
		fill_disk(kib % 4 == 0 ? 70000 : 900000);
		ck_assert_int_eq(umount("disk"), 0);
	}
}
END_TEST

START_TEST(a_full_disk_in_a_long_member_takes_it_back)
{
	mount_tmpfs(20000);
	fill_disk(100 << 20);
	ck_assert_int_eq(umount("disk"), 0);
}
END_TEST

/* A real disk's: its blocks are found late, its inodes cost. */
static void
fill_image(const char *type)
{
	char command[160];

	snprintf(command, sizeof(command),
		 "truncate -s 12M image && mkfs.%s -q image && "
		 "mount -o loop image disk",
		 type);
	if (system(command) != 0) {
		fprintf(stderr, "left out: no %s on a loop device here\n",
			type);
		return;
	}
	fill_disk(300000);
	ck_assert_int_eq(umount("disk"), 0);
}

START_TEST(a_full_ext4_is_no_different)
{
	fill_image("ext4");
}
END_TEST

/* Without fallocate(2) nothing can be set aside: it may end without a seal,
 * but never without its checkpoints. */
START_TEST(a_full_disk_without_reserve_is_cut_at_worst)
{
	autojson json_t *found = NULL;
	unsigned n;

	if (system("truncate -s 8M image && mkfs.ext2 -q image && "
		   "mount -o loop image disk") != 0) {
		fputs("left out: no ext2 on a loop device here\n", stderr);
		return;
	}
	create(ARCHIVE);
	n = write_until_full(100000);
	ck_assert_int_eq(err.code, ENOSPC);
	err = (struct firn_err){ 0 };
	if (firn_archive_seal(archive, &sealed, &err) == 0) {
		ck_assert(sealed.partial);
		found = verdict_of(PARTIAL);
		expect_verdict(found, "intact");
	} else {
		ck_assert_int_eq(err.code, ENOSPC);
		found = verdict_of(PARTIAL);
		expect_verdict(found, "cut");
	}
	ck_assert_uint_ge(n_whole(found), n / 5 * 5);
	firn_archive_close(&archive);
	ck_assert_int_eq(umount("disk"), 0);
}
END_TEST

START_TEST(a_limit_on_file_sizes_is_a_full_disk)
{
	const struct rlimit limit = { 3 << 20, RLIM_INFINITY };
	autojson json_t *found = NULL;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	create(ARCHIVE);
	write_until_full(300000);
	ck_assert_int_eq(err.code, EFBIG);
	seal();
	ck_assert(sealed.partial);
	found = verdict_of(PARTIAL);
	expect_verdict(found, "intact");
}
END_TEST

/* Reads some of the pipe and goes away. */
static pid_t
start_reader(int from, size_t len)
{
	pid_t pid = fork();
	char data[4096];
	int fd;

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	fd = open("received", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	while (len > 0) {
		ssize_t n = read(from, data,
				 len < sizeof(data) ? len : sizeof(data));

		if (n <= 0 || write(fd, data, (size_t)n) != n)
			break;
		len -= (size_t)n;
	}
	_exit(0);
}

static void
write_into_a_pipe_that_closes(size_t after)
{
	autojson json_t *found = NULL;
	struct firn_archive_options options = { .case_id = "CASE-1",
						.key = key };
	int ends[2], status;
	pid_t reader;

	ck_assert_int_eq(pipe(ends), 0);
	reader = start_reader(ends[0], after);
	close(ends[0]);
	options.fd = ends[1];
	err = (struct firn_err){ 0 };
	if (firn_archive_create(&archive, &options, &err) == 0) {
		write_until_full(200000);
		ck_assert_int_eq(err.code, EPIPE);
		ck_fails(firn_archive_checkpoint(archive, &err), EPIPE);
		ck_fails(firn_archive_seal(archive, &sealed, &err), EPIPE);
		firn_archive_close(&archive);
	}
	ck_assert_int_eq(err.code, EPIPE);
	close(ends[1]);
	ck_assert_int_eq(waitpid(reader, &status, 0), reader);
	found = verdict_of("received");
	expect_verdict(found, "cut");
}

START_TEST(a_closed_pipe_ends_it_and_what_came_through_is_cut)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t after = 1; after < 6000000; after = after * 7 / 4 + 11)
		write_into_a_pipe_that_closes(after);
}
END_TEST

#define MEMBERS 4 /* of a checkpoint */

/* Writes for ever; a byte into the pipe for each checkpoint. */
static _Noreturn void
write_for_ever(int told)
{
	create(ARCHIVE);
	for (unsigned n = 0;;) {
		for (unsigned i = 0; i < MEMBERS; i++)
			if (try_member(n++, 50000) < 0)
				_exit(1);
		if (firn_archive_checkpoint(archive, &err) < 0 ||
		    write(told, "", 1) != 1)
			_exit(1);
	}
}

static size_t
count_bytes(int fd)
{
	char data[4096];
	size_t ret = 0;
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0)
		ret += (size_t)n;
	return ret;
}

static void
kill_writer(unsigned ms, size_t *ret_checkpoints)
{
	const struct timespec delay = { .tv_sec = ms / 1000,
					.tv_nsec = ms % 1000 * 1000000 };
	autojson json_t *found = NULL;
	const json_t *broken;
	struct stat st;
	int told[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(told), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		write_for_ever(told[1]);
	close(told[1]);
	nanosleep(&delay, NULL);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	*ret_checkpoints = count_bytes(told[0]);
	close(told[0]);
	ck_assert(!exists(ARCHIVE));
	if (!exists(PARTIAL)) { /* it hadn't begun */
		ck_assert_uint_eq(*ret_checkpoints, 0);
		return;
	}
	ck_assert_int_eq(stat(PARTIAL, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	found = verdict_of(PARTIAL);
	expect_verdict(found, "cut");
	/* What it was told is safe is safe; the last may not have been told. */
	ck_assert_uint_ge(n_whole(found), *ret_checkpoints * (MEMBERS + 2));
	if (*ret_checkpoints > 0)
		ck_assert(json_is_true(json_object_get(found, "trusted")));
	broken = firn_json_at(found, "members", "broken", NULL);
	ck_assert_uint_le(json_array_size(broken), 1);
	ck_assert_int_eq(unlink(PARTIAL), 0);
}

START_TEST(a_killed_writer_loses_what_is_behind_its_last_checkpoint)
{
	size_t checkpoints = 0, all = 0;

	for (unsigned i = 0; i < 30; i++) {
		kill_writer(i * i / 2, &checkpoints);
		all += checkpoints;
	}
	ck_assert_uint_gt(all, 10);
}
END_TEST

START_TEST(what_a_killed_writer_left_is_not_overwritten)
{
	struct firn_archive_options options = { .path = ARCHIVE,
						.case_id = "CASE-1",
						.key = key };

	create(ARCHIVE);
	firn_archive_close(&archive);
	ck_fails(firn_archive_create(&archive, &options, &err), EEXIST);
	ck_assert(exists(PARTIAL));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("failures");
	TCase *tcase = tcase_create("failures");

	if (geteuid() != 0) {
		puts("skipped: mounting a small disk takes root");
		return 77;
	}
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, own_mounts, teardown);
	tcase_add_test(tcase, a_full_disk_ends_the_evidence_not_its_proof);
	tcase_add_test(tcase, a_full_disk_in_a_long_member_takes_it_back);
	tcase_add_test(tcase, a_full_ext4_is_no_different);
	tcase_add_test(tcase, a_full_disk_without_reserve_is_cut_at_worst);
	tcase_add_test(tcase, a_limit_on_file_sizes_is_a_full_disk);
	tcase_add_test(tcase,
		       a_closed_pipe_ends_it_and_what_came_through_is_cut);
	tcase_add_test(
		tcase,
		a_killed_writer_loses_what_is_behind_its_last_checkpoint);
	tcase_add_test(tcase, what_a_killed_writer_left_is_not_overwritten);
	return run_suite(suite);
}
