#include "collect/packages_fixture.h"

#include <sched.h>

#include "collect/packages/tree.h"

static const char debian[] = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
			     "ID=debian\nVERSION_ID=\"12\"\n";

static const char status[] =
	"Package: libssl3\n"
	"Status: install ok installed\n"
	"Maintainer: Debian OpenSSL Team <pkg@example.org>\n"
	"Architecture: amd64\n"
	"Source: openssl (1:3.0.11-1~deb12u2)\n"
	"Version: 3.0.11-1~deb12u2+b1\n"
	"Description: Secure Sockets Layer toolkit\n"
	" Version: 9.9 of a folded line is none\n"
	"\n"
	"Package: removed\n"
	"Status: deinstall ok config-files\n"
	"Version: 1\n"
	"\n"
	"Package: bash\n"
	"Status: install ok installed\n"
	"Architecture: amd64\n"
	"Version: 5.2.15-2+b7\n";

static void
put_debian(void)
{
	put("lower/usr/lib/os-release", debian);
	put("lower/etc/debian_version", "12.5\n");
	run("ln -s ../usr/lib/os-release lower/etc/os-release");
	put("lower/var/lib/dpkg/status", status);
}

START_TEST(what_dpkg_installed_is_listed_with_its_source)
{
	const json_t *ssl;

	put_debian();
	layers("upper", "lower", NULL);
	run("mkdir upper");
	collect_packages();
	ck_assert_uint_eq(n_components(), 3);
	ssl = component("libssl3");
	ck_assert_str_eq(purl_of("libssl3"),
			 "pkg:deb/debian/libssl3@3.0.11-1~deb12u2%2Bb1"
			 "?arch=amd64&distro=debian-12&upstream=openssl");
	ck_assert_str_eq(firn_json_string(ssl, "version", NULL),
			 "3.0.11-1~deb12u2+b1");
	ck_assert_str_eq(firn_json_string(ssl, "supplier", "name", NULL),
			 "Debian OpenSSL Team <pkg@example.org>");
	ck_assert_str_eq(property("libssl3", "aquasecurity:trivy:SrcName"),
			 "openssl");
	ck_assert_str_eq(property("libssl3", "aquasecurity:trivy:SrcEpoch"),
			 "1");
	ck_assert_str_eq(property("libssl3", "aquasecurity:trivy:SrcVersion"),
			 "3.0.11");
	ck_assert_str_eq(property("libssl3", "aquasecurity:trivy:SrcRelease"),
			 "1~deb12u2");
	ck_assert_str_eq(place_of("libssl3"), "/var/lib/dpkg/status");
	ck_assert_str_eq(property("bash", "aquasecurity:trivy:SrcName"),
			 "bash");
	ck_assert_ptr_null(property("bash", "aquasecurity:trivy:SrcEpoch"));
	ck_assert_int_eq(gaps_with("packages"), 0);
}
END_TEST

START_TEST(the_distribution_is_named_for_each_scanner)
{
	put("upper/etc/os-release",
	    "ID='rhel'\nVERSION_ID=9.4\nPRETTY_NAME=\"RHEL 9.4\"\r\n");
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_str_eq(firn_json_string(component("redhat"), "type", NULL),
			 "operating-system");
	ck_assert_str_eq(firn_json_string(component("redhat"), "version", NULL),
			 "9.4");
	ck_assert_str_eq(property("redhat", "syft:distro:id"), "rhel");
	ck_assert_str_eq(firn_json_string(image, "os", "name", NULL),
			 "RHEL 9.4");
}
END_TEST

START_TEST(the_exact_version_of_debian_comes_from_its_own_file)
{
	put_debian();
	run("mkdir upper");
	layers("upper", "lower", NULL);
	collect_packages();
	ck_assert_str_eq(firn_json_string(component("debian"), "version", NULL),
			 "12.5");
	ck_assert_str_eq(property("debian", "syft:distro:versionID"), "12");
}
END_TEST

START_TEST(the_scanners_find_which_packages_are_the_systems)
{
	const json_t *depends;

	put_debian();
	put("upper/app/node_modules/left-pad/package.json",
	    "{\"name\":\"left-pad\",\"version\":\"1.3.0\"}");
	layers("upper", "lower", NULL);
	collect_packages();
	depends = json_array_get(json_object_get(list, "dependencies"), 0);
	ck_assert_uint_eq(json_array_size(
				  json_object_get(depends, "dependsOn")),
			  2);
	depends = json_array_get(json_object_get(list, "dependencies"), 1);
	ck_assert_str_eq(firn_json_string(depends, "ref", NULL), "os");
	depends = json_object_get(depends, "dependsOn");
	ck_assert_uint_eq(json_array_size(depends), 2);
	ck_assert_str_eq(json_string_value(json_array_get(depends, 0)),
			 firn_json_string(component("libssl3"), "bom-ref",
					  NULL));
}
END_TEST

START_TEST(an_image_without_dpkg_has_one_file_for_each_package)
{
	put("upper/etc/os-release", debian);
	put("upper/var/lib/dpkg/status.d/base",
	    "Package: base-files\nVersion: 12.4\nArchitecture: amd64\n");
	put("upper/var/lib/dpkg/status.d/base.md5sums", "Package: none\n");
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_uint_eq(n_components(), 2);
	ck_assert_str_eq(place_of("base-files"), "/var/lib/dpkg/status.d/base");
}
END_TEST

START_TEST(what_apk_installed_is_listed_with_its_digest)
{
	const json_t *hash;

	put("upper/etc/os-release", "ID=alpine\nVERSION_ID=3.19.1\n");
	put("upper/lib/apk/db/installed",
	    "C:Q1p78yvTLG094tHE1+dToJGbmYzQE=\nP:ssl_client\nV:1.36.1-r15\n"
	    "A:x86_64\nL:GPL-2.0-only\no:busybox\nF:usr/bin\nR:ssl_client\n\n"
	    "P:musl\nV:1.2.4-r2\nA:x86_64\no:musl\n");
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_str_eq(purl_of("ssl_client"),
			 "pkg:apk/alpine/ssl_client@1.36.1-r15?arch=x86_64&"
			 "distro=alpine-3.19.1&upstream=busybox");
	hash = json_array_get(json_object_get(component("ssl_client"),
					      "hashes"),
			      0);
	ck_assert_str_eq(firn_json_string(hash, "alg", NULL), "SHA-1");
	ck_assert_str_eq(firn_json_string(hash, "content", NULL),
			 "a7bf32bd32c6d3de2d1c4d7e753a0919b998cd01");
	ck_assert_str_eq(property("musl", "aquasecurity:trivy:SrcName"),
			 "musl");
	ck_assert_uint_eq(n_components(), 3);
}
END_TEST

/* --- layers
 * -------------------------------------------------------------------
 */

START_TEST(the_topmost_layer_has_the_word)
{
	put_debian();
	put("upper/var/lib/dpkg/status",
	    "Package: bash\nStatus: install ok installed\nVersion: 6\n");
	layers("upper", "lower", NULL);
	collect_packages();
	ck_assert_ptr_null(nth("libssl3", 0));
	ck_assert_str_eq(firn_json_string(component("bash"), "version", NULL),
			 "6");
	ck_assert_ptr_null(nth("bash", 1));
}
END_TEST

START_TEST(what_was_deleted_is_not_listed)
{
	put("base/srv/a/node_modules/one/package.json",
	    "{\"name\":\"one\",\"version\":\"1\"}");
	put("base/srv/b/node_modules/two/package.json",
	    "{\"name\":\"two\",\"version\":\"2\"}");
	put("base/srv/c/node_modules/three/package.json",
	    "{\"name\":\"three\",\"version\":\"3\"}");
	/* A whiteout of a file, one of a folder, and an opaque folder. */
	run("mkdir -p lower/srv/a/node_modules/one upper/srv/c/node_modules "
	    "&& mknod lower/srv/a/node_modules/one/package.json c 0 0 "
	    "&& mknod lower/srv/b c 0 0 "
	    "&& setfattr -n trusted.overlay.opaque -v y upper/srv/c");
	layers("upper", "lower", "base");
	collect_packages();
	ck_assert_uint_eq(n_components(), 0);
}
END_TEST

START_TEST(a_folder_that_came_again_over_a_deleted_one_is_its_own)
{
	put("base/srv/node_modules/one/package.json",
	    "{\"name\":\"one\",\"version\":\"1\"}");
	put("upper/srv/node_modules/two/package.json",
	    "{\"name\":\"two\",\"version\":\"2\"}");
	run("mkdir -p lower && mknod lower/srv c 0 0");
	layers("upper", "lower", "base");
	collect_packages();
	ck_assert_ptr_nonnull(nth("two", 0));
	ck_assert_ptr_null(nth("one", 0));
}
END_TEST

START_TEST(a_file_whose_mode_alone_changed_is_read_where_its_contents_are)
{
	put("lower/app/package.json", "{\"name\":\"app\",\"version\":\"7\"}");
	run("mkdir -p upper/app && truncate -s 27 upper/app/package.json && "
	    "setfattr -n trusted.overlay.metacopy upper/app/package.json");
	layers("upper", "lower", NULL);
	collect_packages();
	ck_assert_str_eq(firn_json_string(component("app"), "version", NULL),
			 "7");
}
END_TEST

START_TEST(what_lower_layers_have_of_a_renamed_folder_is_a_gap)
{
	put("lower/old/package.json", "{\"name\":\"a\",\"version\":\"1\"}");
	run("mkdir -p upper/new && mknod upper/old c 0 0 && "
	    "setfattr -n trusted.overlay.redirect -v old upper/new");
	layers("upper", "lower", NULL);
	collect_packages();
	ck_assert_uint_eq(n_components(), 0);
	ck_assert_int_eq(gaps_with("was renamed"), 1);
	ck_assert(json_is_false(json_object_get(image, "complete")));
}
END_TEST

static int
write_path(struct firn_tree *tree, const struct firn_tree_entry *entry,
	   void *arg, struct firn_err *ret_err)
{
	(void)tree;
	(void)ret_err;
	fprintf(arg, "%s %u %lld\n", entry->path,
		(unsigned)entry->st.st_mode & 07777,
		S_ISLNK(entry->st.st_mode) ? 0LL
					   : (long long)entry->st.st_size);
	return 0;
}

/* Two containers, one on what the other left: whiteouts, opaque folders, and
 * what came again over them are the kernel's own. */
START_TEST(the_layers_make_the_root_that_the_kernel_makes_of_them)
{
	static const char make[] =
		"set -e; mkdir -p base lower upper work merged; "
		"cp -r /etc/default /etc/init.d base; mkdir -p base/d/e/f; "
		"touch base/d/1 base/d/e/2 base/d/e/f/3 base/top; "
		"mount -t overlay -o lowerdir=base,upperdir=lower,workdir=work,"
		"redirect_dir=off o merged; cd merged; "
		"rm -r d/e init.d/*s*; echo x > default/new; rm top; "
		"mkdir top; touch top/in; ln -s nowhere link; chmod 600 d/1; "
		"cd ..; umount merged; rm -rf work; mkdir work; "
		"mount -t overlay -o lowerdir=lower:base,upperdir=upper,"
		"workdir=work,redirect_dir=off o merged; cd merged; "
		"mkdir -p d/e/f; touch d/e/f/4; rm -r top; touch top; "
		"rm -r default; mkdir default; touch default/only; "
		"mkfifo pipe; rm link; cd ..; "
		"cd merged; find . ! -type d -printf '%P %m %y %s\\n' | "
		"while read -r p m t s; do [ $t != l ] || s=0; "
		"echo \"$p $((0$m)) $s\"; done | LC_ALL=C sort > ../theirs; "
		"cd ..; umount merged";
	struct firn_tree tree = { 0 };
	FILE *ours;

	put("make.sh", make);
	run("unshare -m bash make.sh");
	layers("upper", "lower", "base");
	ck_ok(firn_tree_open_target(&tree, &target, archive, &err));
	ours = fopen("ours.unsorted", "w");
	ck_assert_ptr_nonnull(ours);
	ck_ok(firn_tree_walk(&tree, write_path, ours, &err));
	ck_assert_int_eq(fclose(ours), 0);
	firn_tree_close(&tree);
	run("LC_ALL=C sort ours.unsorted > ours; test $(wc -l < ours) -gt 8; "
	    "diff ours theirs");
}
END_TEST

START_TEST(no_link_is_followed)
{
	put("outside/package.json", "{\"name\":\"evil\",\"version\":\"1\"}");
	put("outside/status", status);
	run("mkdir -p upper/app upper/var/lib && "
	    "ln -s \"$PWD/outside\" upper/app/node_modules && "
	    "ln -s \"$PWD/outside/package.json\" upper/app/package.json && "
	    "ln -s \"$PWD/outside\" upper/var/lib/dpkg");
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_uint_eq(n_components(), 0);
}
END_TEST

START_TEST(no_access_time_is_renewed)
{
	put_debian();
	run("mkdir -p upper lower/bin && ln -s bash lower/bin/sh && "
	    "find lower -exec touch -h -a -d 2001-01-01 {} +");
	layers("upper", "lower", NULL);
	collect_packages();
	ck_assert_ptr_nonnull(listed("shells", "/bin/sh"));
	run("test -z \"$(find lower -newerat 2001-01-02)\"");
}
END_TEST

/* --- the image ---------------------------------------------------------------
 */

START_TEST(what_a_service_does_not_need_is_listed)
{
	put("lower/usr/bin/dash", "x");
	put("lower/usr/bin/gcc-12", "x");
	put("lower/usr/bin/python3.11", "x");
	put("lower/usr/bin/apt-get", "x");
	put("lower/usr/bin/notes", "x");
	put("lower/srv/curl", "x");
	put("lower/usr/bin/su", "12345");
	put("upper/usr/local/bin/nc", "xx");
	run("chmod 755 lower/usr/bin/* upper/usr/local/bin/nc lower/srv/curl &&"
	    " chmod 4755 lower/usr/bin/su && ln -s dash lower/usr/bin/sh && "
	    "chmod 644 lower/usr/bin/notes");
	layers("upper", "lower", NULL);
	collect_packages();
	ck_assert_str_eq(firn_json_string(listed("shells", "/usr/bin/sh"),
					  "target", NULL),
			 "dash");
	ck_assert_ptr_nonnull(listed("shells", "/usr/bin/dash"));
	ck_assert_ptr_nonnull(listed("tools", "/usr/bin/gcc-12"));
	ck_assert_ptr_nonnull(listed("tools", "/usr/bin/python3.11"));
	ck_assert_ptr_nonnull(listed("package_managers", "/usr/bin/apt-get"));
	ck_assert_ptr_null(listed("tools", "/srv/curl"));
	ck_assert(json_is_true(
		json_object_get(listed("tools", "/usr/local/bin/nc"),
				"changed")));
	ck_assert(json_is_false(
		json_object_get(listed("tools", "/usr/bin/gcc-12"),
				"changed")));
	ck_assert_str_eq(firn_json_string(listed("privileged_files",
						 "/usr/bin/su"),
					  "mode", NULL),
			 "4755");
	ck_assert_int_eq(json_integer_value(json_object_get(image, "files")),
			 8);
	ck_assert_int_eq(json_integer_value(json_object_get(image, "bytes")),
			 13);
	ck_assert_int_eq(json_integer_value(
				 json_object_get(image, "changed_bytes")),
			 2);
}
END_TEST

START_TEST(an_empty_root_has_none_of_it)
{
	run("mkdir upper");
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_uint_eq(n_components(), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(image, "shells")), 0);
	ck_assert_uint_eq(json_array_size(
				  json_object_get(image, "package_managers")),
			  0);
	ck_assert_int_eq(json_integer_value(json_object_get(image, "bytes")),
			 0);
	ck_assert(json_is_true(json_object_get(image, "complete")));
}
END_TEST

START_TEST(a_layer_that_is_gone_is_a_gap)
{
	const struct firn_collection what = { 0 };

	run("mkdir upper");
	layers("upper", "nowhere", NULL);
	target.id = strdup("demo");
	ck_ok(firn_collect_packages.collect(&target, &what, archive, &err));
	ck_assert_uint_eq(firn_archive_gaps(archive), 1);
}
END_TEST

START_TEST(a_process_of_the_host_has_no_list)
{
	const struct firn_collection what = { 0 };

	target.init_pid = getpid();
	ck_ok(firn_proc_namespaces(&host, getpid(), &target.namespaces, &err));
	ck_ok(firn_collect_packages.collect(&target, &what, archive, &err));
	ck_assert_uint_eq(firn_archive_gaps(archive), 1);
}
END_TEST

/* A mount namespace of its own, and a root that is no overlay. */
static void
live_in_upper(void)
{
	if (unshare(CLONE_NEWNS) < 0 || chroot("upper") < 0 || chdir("/") < 0)
		_exit(1);
	ready();
}

START_TEST(a_root_that_is_no_overlay_is_read_through_its_process)
{
	put("upper/etc/os-release", debian);
	put("upper/var/lib/dpkg/status", status);
	put("upper/app/package.json", "{\"name\":\"a\",\"version\":\"1\"}");
	run("mkfifo upper/app/package-lock.json upper/etc/fifo");
	target.init_pid = suspect(live_in_upper);
	ck_ok(firn_proc_namespaces(&host, target.init_pid, &target.namespaces,
				   &err));
	collect_packages();
	ck_assert_uint_eq(n_components(), 4);
	ck_assert_ptr_null(json_object_get(image, "changed_files"));
	ck_assert_int_eq(gaps_with("packages"), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_dpkg_installed_is_listed_with_its_source,
		the_distribution_is_named_for_each_scanner,
		the_exact_version_of_debian_comes_from_its_own_file,
		the_scanners_find_which_packages_are_the_systems,
		an_image_without_dpkg_has_one_file_for_each_package,
		what_apk_installed_is_listed_with_its_digest,
		the_topmost_layer_has_the_word,
		what_was_deleted_is_not_listed,
		a_folder_that_came_again_over_a_deleted_one_is_its_own,
		a_file_whose_mode_alone_changed_is_read_where_its_contents_are,
		what_lower_layers_have_of_a_renamed_folder_is_a_gap,
		the_layers_make_the_root_that_the_kernel_makes_of_them,
		no_link_is_followed,
		no_access_time_is_renewed,
		what_a_service_does_not_need_is_listed,
		an_empty_root_has_none_of_it,
		a_layer_that_is_gone_is_a_gap,
		a_process_of_the_host_has_no_list,
		a_root_that_is_no_overlay_is_read_through_its_process,
	};

	if (geteuid() != 0) {
		puts("skipped: making layers needs root");
		return 77;
	}
	return run_suite(packages_suite("packages", tests,
					sizeof(tests) / sizeof(tests[0])));
}
