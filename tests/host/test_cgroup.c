#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/cgroup.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct firn_err err;

START_TEST(each_hierarchy_gives_its_path)
{
	static const char text[] = "9:name=systemd:/\n"
				   "6:freezer:/docker/" ID "\n"
				   "4:cpu,cpuacct:/docker/" ID "/nested\n"
				   "0::/system.slice/docker-" ID ".scope\n";
	struct firn_cgroup_paths paths;

	ck_ok(firn_cgroup_parse(text, sizeof(text) - 1, &paths, &err));
	ck_assert_str_eq(paths.freezer, "/docker/" ID);
	ck_assert_str_eq(paths.v2, "/system.slice/docker-" ID ".scope");
	ck_assert_str_eq(paths.any, "/docker/" ID "/nested");
}
END_TEST

START_TEST(a_line_without_a_path_is_refused)
{
	struct firn_cgroup_paths paths;

	ck_fails(firn_cgroup_parse("6:freezer\n", 10, &paths, &err), EBADMSG);
	ck_fails(firn_cgroup_parse("0::x\n", 5, &paths, &err), EBADMSG);
}
END_TEST

START_TEST(a_container_is_named_by_one_whole_component)
{
	static const struct {
		const char *path, *scheme;
		size_t length;
	} named[] = {
		{ "/docker/" ID, "", 8 + 64 },
		{ "/docker/" ID "/init", "", 8 + 64 },
		{ "/system.slice/docker-" ID ".scope", "docker", 14 + 77 },
		{ "/machine.slice/libpod-" ID ".scope/container", "libpod",
		  15 + 77 },
		{ "/libpod_parent/libpod-" ID, "libpod", 15 + 71 },
		{ "/kubepods.slice/x.slice/crio-" ID ".scope", "crio",
		  24 + 75 },
		{ "/kubepods/burstable/podX/" ID, "", 25 + 64 },
	};

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		struct firn_cgroup_name name;

		ck_assert_int_eq(firn_cgroup_name(named[i].path, &name), 1);
		ck_assert_str_eq(name.id, ID);
		ck_assert_str_eq(name.scheme, named[i].scheme);
		ck_assert_uint_eq(name.length, named[i].length);
	}
}
END_TEST

START_TEST(nothing_else_is_taken_for_a_container)
{
	static const char *const paths[] = {
		"",
		"/",
		"/.",
		"/..",
		"/docker",
		"/docker/",
		"/docker/0123",
		"/docker/" ID "0",
		"/docker/x" ID,
		"/a-" ID ".scope",
		"/machine.slice/libpod-conmon-" ID ".scope",
		"/docker-.scope",
		"/docker/0123456789ABCDEF0123456789abcdef"
		"0123456789abcdef0123456789abcdef",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct firn_cgroup_name name;

		ck_assert_int_eq(firn_cgroup_name(paths[i], &name), 0);
	}
}
END_TEST

START_TEST(below_means_by_whole_components)
{
	ck_assert(firn_cgroup_below("/a/b", "/a"));
	ck_assert(firn_cgroup_below("/a", "/a"));
	ck_assert(firn_cgroup_below("/a", "/"));
	ck_assert(!firn_cgroup_below("/ab", "/a"));
	ck_assert(!firn_cgroup_below("/", "/a"));
}
END_TEST

START_TEST(the_hierarchies_of_this_machine_are_found)
{
	struct firn_cgroup_mounts mounts;
	struct firn_host host;

	ck_ok(firn_host_open(&host, "/", &err));
	ck_ok(firn_cgroup_mounts(&host, &mounts, &err));
	ck_assert(mounts.v2[0] == '/' || mounts.freezer[0] == '/');
	firn_host_close(&host);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cgroup");
	TCase *tcase = tcase_create("cgroup");

	tcase_add_test(tcase, each_hierarchy_gives_its_path);
	tcase_add_test(tcase, a_line_without_a_path_is_refused);
	tcase_add_test(tcase, a_container_is_named_by_one_whole_component);
	tcase_add_test(tcase, nothing_else_is_taken_for_a_container);
	tcase_add_test(tcase, below_means_by_whole_components);
	tcase_add_test(tcase, the_hierarchies_of_this_machine_are_found);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
