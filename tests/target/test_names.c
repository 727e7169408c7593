#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "target/names.h"
#include "target/rootfs.h"

#define HEX63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static struct firn_err err;
static struct query query;

START_TEST(a_target_is_taken_apart)
{
	ck_ok(query_parse("web-1", &query, &err));
	ck_assert_int_eq(query.kind, QUERY_ANY);
	ck_assert_str_eq(query.text, "web-1");
	ck_ok(query_parse(HEX63 "f", &query, &err));
	ck_assert_int_eq(query.kind, QUERY_ANY);
	ck_ok(query_parse("containerd://" HEX63 "f", &query, &err));
	ck_assert_int_eq(query.kind, QUERY_ID);
	ck_assert_int_eq(query.runtime, FIRN_RUNTIME_CONTAINERD);
	ck_ok(query_parse("pod:shop/web-7f/nginx", &query, &err));
	ck_assert_int_eq(query.kind, QUERY_POD);
	ck_assert_str_eq(query.pod_namespace, "shop");
	ck_assert_str_eq(query.pod_name, "web-7f");
	ck_assert_str_eq(query.pod_container, "nginx");
	ck_ok(query_parse("pod:shop/web-7f", &query, &err));
	ck_assert_str_eq(query.pod_container, "");
	ck_ok(query_parse("pid:17", &query, &err));
	ck_assert_int_eq(query.pid, 17);
	ck_ok(query_parse("cgroup:/a b/c.scope/", &query, &err));
	ck_assert_str_eq(query.text, "/a b/c.scope");
}
END_TEST

START_TEST(what_can_not_be_a_container_is_refused_before_it_is_looked_for)
{
	static const char *const names[] = {
		"",
		".",
		"..",
		"/",
		"../x",
		"a/b",
		"-x",
		"--help",
		"*",
		"a b",
		"a\nb",
		"\x1b[31m",
		"caf\xc3\xa9",
		"\xff",
		HEX63,
		"docker://",
		("docker://" HEX63),
		"docker://../x",
		"docker://a/b",
		"lxc://a",
		"pod:",
		"pod:a",
		"pod:a/",
		"pod:/b",
		"pod:a/..",
		"pod:a/b/c/d",
		"pod:a/b/",
		"pid:",
		"pid:0",
		"pid:-1",
		"pid:1x",
		"pid:4294967297",
		"pid:99999999999",
		"cgroup:",
		"cgroup:a",
		"cgroup:/a/../b",
		"cgroup:/./a",
		"cgroup://a",
		"cgroup:/a//b",
		"cgroup:/a\n",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		err = (struct firn_err){ 0 };
		ck_assert_msg(query_parse(names[i], &query, &err) < 0,
			      "\"%s\" was taken", names[i]);
		ck_assert_msg(err.code == EINVAL, "\"%s\": %d", names[i],
			      err.code);
		ck_assert_ptr_null(strchr(err.text, '\n'));
		ck_assert_ptr_null(strchr(err.text, '\x1b'));
	}
}
END_TEST

START_TEST(the_root_of_the_control_groups_is_protected)
{
	ck_fails(query_parse("cgroup:/", &query, &err), EPERM);
	ck_fails(query_parse("cgroup://", &query, &err), EPERM);
}
END_TEST

START_TEST(a_name_is_as_long_as_a_file_name_at_most)
{
	char name[NAMES_MAX + 2];

	memset(name, 'a', sizeof(name));
	name[NAMES_MAX] = '\0';
	ck_ok(query_parse(name, &query, &err));
	name[NAMES_MAX] = 'a';
	name[NAMES_MAX + 1] = '\0';
	ck_fails(query_parse(name, &query, &err), EINVAL);
}
END_TEST

START_TEST(a_long_path_is_refused_whole)
{
	char path[8192] = "cgroup:";

	memset(path + 7, 'a', sizeof(path) - 8);
	path[7] = '/';
	path[sizeof(path) - 1] = '\0';
	ck_fails(query_parse(path, &query, &err), EINVAL);
}
END_TEST

START_TEST(an_overlay_gives_its_folders_whatever_they_are_called)
{
	/* As the kernel shows upper,dir:x, work dir, lo:w,er and l2. */
	static const char options[] =
		"rw,relatime,lowerdir=/a/lo\\134:w\\054er:/a/l2,"
		"upperdir=/a/up\\054per\\134:x,workdir=/a/work\\040dir";
	struct firn_rootfs rootfs = { 0 };

	ck_ok(rootfs_parse(options, &rootfs, &err));
	ck_assert_uint_eq(rootfs.n_lowers, 2);
	ck_assert_str_eq(rootfs.lowers[0], "/a/lo:w,er");
	ck_assert_str_eq(rootfs.lowers[1], "/a/l2");
	ck_assert_str_eq(rootfs.upper, "/a/up,per:x");
	ck_assert_str_eq(rootfs.work, "/a/work dir");
	rootfs_free(&rootfs);
}
END_TEST

START_TEST(layers_given_one_by_one_are_in_order)
{
	struct firn_rootfs rootfs = { 0 };

	ck_ok(rootfs_parse("rw,lowerdir+=/a:b,lowerdir+=/c,datadir+=/d",
			   &rootfs, &err));
	ck_assert_uint_eq(rootfs.n_lowers, 3);
	ck_assert_str_eq(rootfs.lowers[0], "/a:b");
	ck_assert_str_eq(rootfs.lowers[2], "/d");
	ck_assert_ptr_null(rootfs.upper);
	rootfs_free(&rootfs);
}
END_TEST

START_TEST(options_that_end_early_are_no_harm)
{
	static const char *const broken[] = {
		"",
		",",
		"lowerdir=",
		"lowerdir=\\",
		"upperdir=\\0",
		"upperdir=\\05",
		"lowerdir=:::",
		"workdir",
		"=",
		"lowerdir=\\134",
		"lowerdir+=,,,",
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct firn_rootfs rootfs = { 0 };

		ck_ok(rootfs_parse(broken[i], &rootfs, &err));
		for (size_t k = 0; k < rootfs.n_lowers; k++)
			ck_assert_str_ne(rootfs.lowers[k], "");
		rootfs_free(&rootfs);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("names");
	TCase *names = tcase_create("names");
	TCase *overlay = tcase_create("overlay");

	tcase_add_test(names, a_target_is_taken_apart);
	tcase_add_test(
		names,
		what_can_not_be_a_container_is_refused_before_it_is_looked_for);
	tcase_add_test(names, the_root_of_the_control_groups_is_protected);
	tcase_add_test(names, a_name_is_as_long_as_a_file_name_at_most);
	tcase_add_test(names, a_long_path_is_refused_whole);
	tcase_add_test(overlay,
		       an_overlay_gives_its_folders_whatever_they_are_called);
	tcase_add_test(overlay, layers_given_one_by_one_are_in_order);
	tcase_add_test(overlay, options_that_end_early_are_no_harm);
	suite_add_tcase(suite, names);
	suite_add_tcase(suite, overlay);
	return run_suite(suite);
}
