#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "host/file.h"
#include "host/quiet.h"

static struct firn_err err;
static char folder[] = "/tmp/firn-test-file-XXXXXX";
static int dir_fd = -1;

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
}

static void
teardown(void)
{
	static const char *const names[] = { "file", "link", "fifo", "in" };

	for (size_t i = 0; i < 4; i++)
		unlinkat(dir_fd, names[i], 0);
	close(dir_fd);
	rmdir(folder);
}

START_TEST(a_regular_file_is_read_without_touching_its_times)
{
	autoclose int made = -1, fd = -1;
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };
	struct stat st;
	char byte;

	made = openat(dir_fd, "file", O_CREAT | O_WRONLY, 0600);
	ck_assert_int_eq(write(made, "x", 1), 1);
	ck_assert_int_eq(futimens(made, old), 0);
	fd = firn_file_open(dir_fd, "file", &st, &err);
	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_int_eq(read(fd, &byte, 1), 1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_atim.tv_sec, 1000);
}
END_TEST

START_TEST(a_link_is_not_followed)
{
	struct stat st;

	ck_assert_int_eq(symlinkat("/etc/passwd", dir_fd, "link"), 0);
	ck_fails(firn_file_open(dir_fd, "link", &st, &err), ELOOP);
	ck_fails(firn_file_beneath(dir_fd, "link", O_RDONLY, &err), ELOOP);
	ck_fails(firn_file_beneath(dir_fd, "../etc", O_RDONLY, &err), EXDEV);
}
END_TEST

START_TEST(a_link_is_read_quietly)
{
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };
	autoclose int quiet_fd = -1;
	struct stat st;
	char text[8];

	if (geteuid() != 0)
		return; /* a mount of our own needs root */
	ck_assert_int_eq(symlinkat("there", dir_fd, "link"), 0);
	ck_assert_int_eq(utimensat(dir_fd, "link", old, AT_SYMLINK_NOFOLLOW),
			 0);
	quiet_fd = firn_quiet(dir_fd, &err);
	ck_assert_msg(quiet_fd >= 0, "%s", err.text);
	ck_assert_int_eq(readlinkat(quiet_fd, "link", text, sizeof(text)), 5);
	ck_assert_int_eq(fstatat(dir_fd, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(st.st_atim.tv_sec, 1000);
	ck_assert_int_eq(unlinkat(quiet_fd, "link", 0), -1);
	ck_assert_int_eq(errno, EROFS);
}
END_TEST

START_TEST(a_link_within_a_root_stays_in_it)
{
	ck_assert_int_eq(symlinkat("/etc/passwd", dir_fd, "in"), 0);
	/* There is no /etc in this root. */
	ck_fails(firn_file_in_root(dir_fd, "in", O_RDONLY, &err), ENOENT);
}
END_TEST

START_TEST(a_fifo_is_neither_waited_for_nor_woken)
{
	struct stat st;

	ck_assert_int_eq(mkfifoat(dir_fd, "fifo", 0600), 0);
	ck_fails(firn_file_open(dir_fd, "fifo", &st, &err), EINVAL);
	ck_assert(S_ISFIFO(st.st_mode));
	/* Nobody opened it for reading meanwhile. */
	ck_assert_int_eq(openat(dir_fd, "fifo", O_WRONLY | O_NONBLOCK), -1);
	ck_assert_int_eq(errno, ENXIO);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("file");
	TCase *tcase = tcase_create("file");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase,
		       a_regular_file_is_read_without_touching_its_times);
	tcase_add_test(tcase, a_link_is_not_followed);
	tcase_add_test(tcase, a_link_is_read_quietly);
	tcase_add_test(tcase, a_link_within_a_root_stays_in_it);
	tcase_add_test(tcase, a_fifo_is_neither_waited_for_nor_woken);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
