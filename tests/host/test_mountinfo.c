#include "check.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "host/mountinfo.h"

static struct firn_err err;

static const char text[] =
	"36 35 98:0 /mnt1 /a\\040b\\012c rw,noatime shared:1 master:2 - ext3 "
	"/dev/ro\\134ot rw,errors=continue\n"
	"37 36 0:52 / / rw,relatime - overlay overlay "
	"rw,lowerdir=/l/A:/l/B\\,x,upperdir=/u/diff,workdir=/u/work\n";

START_TEST(names_with_blanks_and_newlines_come_back_whole)
{
	autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };

	ck_ok(firn_mounts_parse(text, sizeof(text) - 1, &mounts, &err));
	ck_assert_uint_eq(mounts.n, 2);
	ck_assert_str_eq(mounts.items[0].point, "/a b\nc");
	ck_assert_str_eq(mounts.items[0].source, "/dev/ro\\ot");
	ck_assert_str_eq(mounts.items[0].propagation, "shared:1 master:2");
	ck_assert_str_eq(mounts.items[1].propagation, "");
	ck_assert_str_eq(firn_mounts_root(&mounts)->fstype, "overlay");
	ck_assert_ptr_eq(firn_mounts_device(&mounts, makedev(98, 0)),
			 &mounts.items[0]);
	ck_assert_ptr_null(firn_mounts_device(&mounts, makedev(9, 9)));
}
END_TEST

START_TEST(an_option_is_found_by_its_whole_name)
{
	static const char options[] = "rw,lowerdir=/a:/b\\,c,upperdir=/u";
	char value[32];

	ck_assert_int_eq(firn_mount_option(options, "upperdir", value, 32), 2);
	ck_assert_str_eq(value, "/u");
	ck_assert_int_eq(firn_mount_option(options, "lowerdir", value, 32), 8);
	ck_assert_str_eq(value, "/a:/b\\,c");
	ck_assert_int_eq(firn_mount_option(options, "rw", value, 32), 0);
	ck_assert_int_eq(firn_mount_option(options, "r", value, 32), -1);
	ck_assert_int_eq(firn_mount_option(options, "lowerdir", value, 4), -1);
}
END_TEST

START_TEST(a_line_that_is_not_a_mount_is_named)
{
	static const char *const bad[] = { "36 35\n", "x\n",
					   "36 35 98:0 / / rw shared:1 ext3\n",
					   "36 35 98-0 / / rw - a b c\n" };
	struct firn_mounts mounts = { 0 };

	for (size_t i = 0; i < 4; i++) {
		ck_fails(firn_mounts_parse(bad[i], strlen(bad[i]), &mounts,
					   &err),
			 EBADMSG);
		ck_assert_ptr_nonnull(strstr(err.text, "line 1"));
	}
}
END_TEST

START_TEST(every_prefix_is_parsed_or_refused_without_harm)
{
	for (size_t len = 0; len < sizeof(text); len++) {
		autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };

		err = (struct firn_err){ 0 };
		if (firn_mounts_parse(text, len, &mounts, &err) < 0)
			ck_assert_int_eq(err.code, EBADMSG);
	}
}
END_TEST

START_TEST(this_machines_own_mounts_have_a_root)
{
	autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };
	struct firn_host host;

	ck_ok(firn_host_open(&host, "/", &err));
	ck_ok(firn_mounts_read(&host, 0, &mounts, &err));
	ck_assert_ptr_nonnull(firn_mounts_root(&mounts));
	firn_host_close(&host);
}
END_TEST

START_TEST(what_could_hang_a_reader_is_known)
{
	ck_assert(firn_mount_waits("fuse.sshfs"));
	ck_assert(firn_mount_waits("nfs4"));
	ck_assert(!firn_mount_waits("ext4"));
	ck_assert(firn_mount_kernel("cgroup2"));
	ck_assert(!firn_mount_kernel("tmpfs"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mountinfo");
	TCase *tcase = tcase_create("mountinfo");

	tcase_add_test(tcase, names_with_blanks_and_newlines_come_back_whole);
	tcase_add_test(tcase, an_option_is_found_by_its_whole_name);
	tcase_add_test(tcase, a_line_that_is_not_a_mount_is_named);
	tcase_add_test(tcase, every_prefix_is_parsed_or_refused_without_harm);
	tcase_add_test(tcase, this_machines_own_mounts_have_a_root);
	tcase_add_test(tcase, what_could_hang_a_reader_is_known);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
