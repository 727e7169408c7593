/* What our headers say is what stock tar and bsdtar make of them. */

#include "evidence/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "check.h"

static struct firn_err err;
static struct firn_buf tar;
static char folder[] = "/var/tmp/firn-tar-XXXXXX";

/* The readers that a lab has. */
static const char *const readers[] = {
	"tar --xattrs --xattrs-include='*' --warning=no-unknown-keyword "
	"--numeric-owner -C out -xpf t.tar",
	"LC_ALL=C.UTF-8 bsdtar --numeric-owner -C out -xpf t.tar",
};
#define N_READERS (sizeof(readers) / sizeof(readers[0]))

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/var/tmp/firn-tar-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void
teardown(void)
{
	char command[64];

	firn_buf_free(&tar);
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
add(const struct firn_tar_entry *entry, const void *data)
{
	uint64_t len = firn_tar_data(entry);

	ck_ok(firn_tar_header(entry, &tar, &err));
	ck_assert_uint_eq(tar.len % FIRN_TAR_BLOCK, 0);
	firn_buf_add(&tar, data, (size_t)len);
	firn_buf_fill(&tar, 0, firn_tar_padding(len));
}

static void
write_tar(void)
{
	autoclose int fd = open("t.tar", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	firn_buf_fill(&tar, 0, FIRN_TAR_END);
	ck_ok(firn_write_all(fd, "t.tar", tar.data, tar.len, &err));
}

static void
extract(const char *command)
{
	ck_assert_int_eq(system("rm -rf out && mkdir out"), 0);
	ck_assert_msg(system(command) == 0, "%s", command);
}

static struct firn_tar_entry
file(const char *path, size_t size)
{
	return (struct firn_tar_entry){ .type = FIRN_TAR_FILE,
					.path = path,
					.mode = 0640,
					.uid = 12,
					.gid = 34,
					.size = size,
					.mtime = { .tv_sec = 1000000000 } };
}

static struct stat
look(const char *path)
{
	struct stat st;

	ck_assert_msg(lstat(path, &st) == 0, "%s: %s", path, strerror(errno));
	return st;
}

static void
expect_content(const char *path, const char *content)
{
	autofree char *have = NULL;
	size_t len;

	ck_ok(firn_read_at(AT_FDCWD, path, 1 << 20, &have, &len, &err));
	ck_assert_uint_eq(len, strlen(content));
	ck_assert_str_eq(have, content);
}

START_TEST(a_plain_file_is_one_block_and_keeps_its_metadata)
{
	struct firn_tar_entry entry = file("plain", 5);
	struct stat st;

	entry.mode = 06750;
	add(&entry, "hello");
	ck_assert_uint_eq(tar.len, 2 * FIRN_TAR_BLOCK);
	write_tar();
	extract(readers[_i]);
	expect_content("out/plain", "hello");
	st = look("out/plain");
	ck_assert_uint_eq(st.st_mode, S_IFREG | 06750);
	ck_assert_uint_eq(st.st_uid, 12);
	ck_assert_uint_eq(st.st_gid, 34);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
}
END_TEST

START_TEST(an_archive_without_entries_is_an_archive)
{
	write_tar();
	extract(readers[_i]);
	ck_assert_int_eq(rmdir("out"), 0);
}
END_TEST

/* Times that ustar can't hold, as nanoseconds, and before 1970. */
static const struct timespec times[] = {
	{ 1700000000, 123456789 }, { 1700000000, 120000000 }, { 0, 1 },
	{ -1, 500000000 },         { -1, 999999999 },         { -86400, 0 },
	{ 8589934592, 0 },         { 8589934591, 0 },
};

START_TEST(times_keep_their_nanoseconds)
{
	char path[32];
	size_t n = sizeof(times) / sizeof(times[0]);

	for (size_t i = 0; i < n; i++) {
		struct firn_tar_entry entry;

		snprintf(path, sizeof(path), "t%zu", i);
		entry = file(path, 0);
		entry.mtime = times[i];
		entry.atime = (struct timespec){ 5, 6 };
		entry.ctime = (struct timespec){ 7, 0 };
		add(&entry, "");
	}
	write_tar();
	extract(readers[_i]);
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		/* bsdtar 3.6 reads "-0.5" as 0.5. */
		if (_i == 1 && times[i].tv_sec < 0 && times[i].tv_nsec > 0)
			continue;
		snprintf(path, sizeof(path), "out/t%zu", i);
		st = look(path);
		ck_assert_msg(st.st_mtim.tv_sec == times[i].tv_sec &&
				      st.st_mtim.tv_nsec == times[i].tv_nsec,
			      "%s: %jd.%09ld", path,
			      (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	}
}
END_TEST

START_TEST(names_are_bytes_of_any_length)
{
	static const char *const names[] = {
		"new\nline",
		"tab\there",
		"not\xff\xfeutf8",
		"\xc3\xbc\xc3\x9f",
		"back\\slash",
		"-rf",
		"a b",
		"star*",
	};
	char path[600], deep[201];
	size_t n = sizeof(names) / sizeof(names[0]);

	memset(deep, 'd', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	for (size_t i = 0; i < n; i++) {
		struct firn_tar_entry entry = file(names[i], 2);

		add(&entry, "ok");
		snprintf(path, sizeof(path), "%s/%s/%s", deep, deep, names[i]);
		entry.path = path;
		add(&entry, "ok");
	}
	write_tar();
	extract(readers[_i]);
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "out/%s", names[i]);
		expect_content(path, "ok");
		snprintf(path, sizeof(path), "out/%s/%s/%s", deep, deep,
			 names[i]);
		expect_content(path, "ok");
	}
}
END_TEST

START_TEST(the_longest_plain_name_has_a_hundred_bytes)
{
	char name[103];

	for (size_t len = 98; len <= 102; len++) {
		struct firn_tar_entry entry;

		memset(name, 'n', len);
		name[len] = '\0';
		entry = file(name, 0);
		firn_buf_free(&tar);
		add(&entry, "");
		ck_assert_uint_eq(tar.len, len <= 100 ? 512 : 3 * 512);
	}
}
END_TEST

START_TEST(links_folders_pipes_and_devices_come_back)
{
	char target[300];
	struct firn_tar_entry entry = file("dir", 0);
	char out[512];
	struct stat st;

	memset(target, 'l', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	entry.type = FIRN_TAR_FOLDER;
	entry.mode = 01755;
	add(&entry, "");
	entry = file("dir/a", 3);
	add(&entry, "abc");
	entry = file("dir/hard", 0);
	entry.type = FIRN_TAR_HARDLINK;
	entry.link = "dir/a";
	add(&entry, "");
	entry = file("dir/soft", 0);
	entry.type = FIRN_TAR_SYMLINK;
	entry.mode = 0777;
	entry.link = target;
	add(&entry, "");
	entry = file("dir/pipe", 0);
	entry.type = FIRN_TAR_FIFO;
	add(&entry, "");
	entry = file("dir/char", 0);
	entry.type = FIRN_TAR_CHAR;
	entry.major = 1;
	entry.minor = 3;
	add(&entry, "");
	entry = file("dir/block", 0);
	entry.type = FIRN_TAR_BLOCKDEV;
	entry.major = 259;
	entry.minor = 1048575;
	add(&entry, "");
	write_tar();
	extract(readers[_i]);
	ck_assert_uint_eq(look("out/dir").st_mode, S_IFDIR | 01755);
	ck_assert_uint_eq(look("out/dir/a").st_ino,
			  look("out/dir/hard").st_ino);
	ck_assert_int_eq(readlink("out/dir/soft", out, sizeof(out)), 299);
	ck_assert_mem_eq(out, target, 299);
	ck_assert(S_ISFIFO(look("out/dir/pipe").st_mode));
	st = look("out/dir/char");
	ck_assert(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
	st = look("out/dir/block");
	ck_assert(S_ISBLK(st.st_mode) && st.st_rdev == makedev(259, 1048575));
}
END_TEST

START_TEST(owners_beyond_two_million_come_back)
{
	struct firn_tar_entry entry = file("o", 0);
	struct stat st;

	entry.uid = 2097152;
	entry.gid = 4294967294;
	add(&entry, "");
	write_tar();
	extract(readers[_i]);
	st = look("out/o");
	ck_assert_uint_eq(st.st_uid, 2097152);
	ck_assert_uint_eq(st.st_gid, 4294967294);
}
END_TEST

START_TEST(extended_attributes_are_binary)
{
	static const unsigned char capability[20] = { 1, 0, 0, 2, 0, 0x20 };
	static const struct firn_tar_xattr xattrs[] = {
		{ "user.binary", "a\0\n=b\xff", 6 },
		{ "user.empty", "", 0 },
		{ "security.capability", capability, sizeof(capability) },
		{ "trusted.overlay.opaque", "y", 1 },
		{ "user.equal=per%cent", "v", 1 },
	};
	struct firn_tar_entry entry = file("x", 1);
	char value[64];

	entry.xattrs = xattrs;
	entry.n_xattrs = _i == 0 ? 5 : 4; /* bsdtar ends a name at "=" */
	add(&entry, "x");
	write_tar();
	extract(readers[_i]);
	for (size_t i = 0; i < entry.n_xattrs; i++) {
		ssize_t len = lgetxattr("out/x", xattrs[i].name, value,
					sizeof(value));

		ck_assert_msg(len == (ssize_t)xattrs[i].len, "%s: %zd",
			      xattrs[i].name, len);
		ck_assert_mem_eq(value, xattrs[i].value, xattrs[i].len);
	}
}
END_TEST

static void
expect_sparse(const char *path, const struct firn_tar_entry *entry,
	      const char *data)
{
	autoclose int fd = open(path, O_RDONLY);
	struct stat st = look(path);
	char have[1024];

	ck_assert_uint_eq((uint64_t)st.st_size, entry->size);
	ck_assert_uint_lt((uint64_t)st.st_blocks * 512, 1 << 20);
	for (size_t i = 0; i < entry->n_extents; i++) {
		size_t len = entry->extents[i].length;

		ck_assert_int_eq(pread(fd, have, len,
				       (off_t)entry->extents[i].offset),
				 (ssize_t)len);
		ck_assert_mem_eq(have, data, len);
		data += len;
	}
}

START_TEST(sparse_files_keep_their_holes)
{
	static const struct firn_tar_extent extents[] = { { 0, 512 },
							  { 1 << 20, 1024 },
							  { 9000000000, 5 } };
	static const struct firn_tar_extent none[1];
	char data[512 + 1024 + 5];
	struct firn_tar_entry a = file("folder/a\nname", 9000000005);
	struct firn_tar_entry b = file("b", 10000000000);
	struct firn_tar_entry c = file("c", 10000000000);
	struct firn_tar_entry d = file("d", 0);

	a.extents = b.extents = extents;
	a.n_extents = b.n_extents = 3;
	c.extents = d.extents = none;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)('a' + i / 100);
	add(&a, data);
	add(&b, data);
	add(&c, "");
	add(&d, "");
	write_tar();
	extract(readers[_i]);
	expect_sparse("out/folder/a\nname", &a, data);
	expect_sparse("out/b", &b, data);
	expect_sparse("out/c", &c, "");
	expect_sparse("out/d", &d, "");
}
END_TEST

START_TEST(a_size_beyond_8_gib_is_declared)
{
	static const char *const lists[] = {
		"tar -tvf t.tar --occurrence=1 big 2>/dev/null |"
		" grep -q 8589934592",
		"bsdtar -tvf t.tar 2>/dev/null | grep -q 8589934592",
	};
	struct firn_tar_entry entry = file("big", 0);

	entry.size = 8589934592;
	ck_ok(firn_tar_header(&entry, &tar, &err));
	ck_assert_uint_eq(firn_tar_data(&entry), 8589934592);
	write_tar();
	ck_assert_int_eq(system(lists[_i]), 0);
}
END_TEST

START_TEST(a_record_counts_its_own_digits)
{
	/* Where one more digit makes the number one digit longer. */
	char path[1100];

	for (size_t len = 101; len < 1050; len++) {
		struct firn_tar_entry entry;
		const char *pax;
		char *end;
		unsigned long says;

		memset(path, 'p', len);
		path[len] = '\0';
		entry = file(path, 0);
		firn_buf_free(&tar);
		ck_ok(firn_tar_header(&entry, &tar, &err));
		pax = tar.data + FIRN_TAR_BLOCK;
		says = strtoul(pax, &end, 10);
		ck_assert_int_eq(pax[says - 1], '\n');
		ck_assert_uint_eq((size_t)(end - pax) + strlen(" path=") + len +
					  1,
				  says);
	}
}
END_TEST

START_TEST(what_no_tar_can_hold_is_refused)
{
	static const struct firn_tar_extent crossed[] = { { 5, 5 }, { 7, 1 } };
	static const struct firn_tar_extent ragged[] = { { 0, 1 }, { 5, 1 } };
	static const struct firn_tar_extent outside[] = { { 5, 6 } };
	static char value[65536];
	struct firn_tar_xattr xattrs[17];
	struct firn_tar_entry entry = file("", 0);

	ck_fails(firn_tar_header(&entry, &tar, &err), EINVAL);
	entry.path = "/root";
	ck_fails(firn_tar_header(&entry, &tar, &err), EINVAL);
	entry = file("a", 10);
	entry.link = "b";
	ck_fails(firn_tar_header(&entry, &tar, &err), EINVAL);
	entry.link = NULL;
	entry.extents = crossed;
	entry.n_extents = 2;
	ck_fails(firn_tar_header(&entry, &tar, &err), EINVAL);
	entry.extents = outside;
	entry.n_extents = 1;
	ck_fails(firn_tar_header(&entry, &tar, &err), EINVAL);
	entry.extents = ragged;
	entry.n_extents = 2;
	ck_fails(firn_tar_header(&entry, &tar, &err), EINVAL);
	entry.extents = NULL;
	entry.mtime.tv_nsec = 1000000000;
	ck_fails(firn_tar_header(&entry, &tar, &err), EINVAL);
	entry.mtime.tv_nsec = 0;
	for (size_t i = 0; i < 17; i++)
		xattrs[i] = (struct firn_tar_xattr){ "user.x", value, 65536 };
	entry.xattrs = xattrs;
	entry.n_xattrs = 17;
	ck_fails(firn_tar_header(&entry, &tar, &err), EFBIG);
	ck_assert_uint_eq(tar.len, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tar");
	TCase *tcase = tcase_create("tar");

	if (geteuid() != 0) {
		puts("skipped: needs root, to extract devices and owners");
		return 77;
	}
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase,
			    a_plain_file_is_one_block_and_keeps_its_metadata, 0,
			    N_READERS);
	tcase_add_loop_test(tcase, an_archive_without_entries_is_an_archive, 0,
			    N_READERS);
	tcase_add_loop_test(tcase, times_keep_their_nanoseconds, 0, N_READERS);
	tcase_add_loop_test(tcase, names_are_bytes_of_any_length, 0, N_READERS);
	tcase_add_test(tcase, the_longest_plain_name_has_a_hundred_bytes);
	tcase_add_loop_test(tcase, links_folders_pipes_and_devices_come_back, 0,
			    N_READERS);
	tcase_add_loop_test(tcase, owners_beyond_two_million_come_back, 0,
			    N_READERS);
	tcase_add_loop_test(tcase, extended_attributes_are_binary, 0,
			    N_READERS);
	tcase_add_loop_test(tcase, sparse_files_keep_their_holes, 0, N_READERS);
	tcase_add_loop_test(tcase, a_size_beyond_8_gib_is_declared, 0,
			    N_READERS);
	tcase_add_test(tcase, a_record_counts_its_own_digits);
	tcase_add_test(tcase, what_no_tar_can_hold_is_refused);
	return run_suite(suite);
}
