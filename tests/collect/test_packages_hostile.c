#include <dirent.h>

#include "collect/made_go.h"
#include "collect/made_rpm.h"
#include "collect/made_zip.h"
#include "collect/packages/bom.h"
#include "collect/packages/ecosystem.h"
#include "collect/packages/os_release.h"
#include "collect/packages/tree.h"
#include "collect/packages_fixture.h"

/* --- what an intruder may have written
 * ------------------------------------------
 *
 * Each file is cut at many places and has bytes changed, by a fixed seed, and
 * is read each time: under the sanitizers that shows what reads too far.
 */

#define CUTS 40
#define CHANGES 80

static const struct firn_os nothing;

/* As the collector does, without the archive around it. */
static void
read_it(const char *path)
{
	struct firn_tree tree = { .archive = archive };
	struct firn_tree_entry entry;
	struct firn_bom bom;
	struct firn_reading reading = { &tree, &bom };
	const struct firn_ecosystem *ecosystem;
	autofree char *text = NULL;
	json_t *json = NULL;

	ck_ok(firn_tree_add(&tree, open("upper", O_PATH | O_CLOEXEC), &err));
	ck_ok(firn_bom_begin(&bom, &target, &nothing, &err));
	ck_assert(firn_tree_find(&tree, path, &entry));
	ecosystem = firn_ecosystem_of(&entry);
	/* One that became too short to be an executable. */
	if (ecosystem != NULL)
		ck_ok(ecosystem->read(&reading, &entry, &err));
	ck_ok(firn_bom_end(&bom, true, &err));
	text = calloc(1, bom.text.size + 1);
	ck_assert_ptr_nonnull(text);
	for (uint64_t at = 0; at < bom.text.size;) {
		ssize_t n = firn_spool_read(&bom.text, at, text + at,
					    bom.text.size - at, &err);

		ck_assert_int_gt(n, 0);
		at += (uint64_t)n;
	}
	ck_ok(firn_json_parse(text, bom.text.size, "the list", &json, &err));
	json_decref(json);
	firn_bom_free(&bom);
	firn_tree_close(&tree);
}

static void
put_and_read(const char *path, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	size_t used = len;
	char file[256];
	int fd;

	while (used > 0 && bytes[used - 1] == 0)
		used--; /* zeros need not be written */

	snprintf(file, sizeof(file), "upper/%s", path);
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ck_assert_int_ge(fd, 0);
	ck_ok(firn_write_all(fd, file, data, used, &err));
	ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
	close(fd);
	read_it(path);
}

/* Only its first `most` bytes matter, if it is mostly zeros. */
static void
mangle(const char *path, const void *data, size_t len, size_t most)
{
	autofree unsigned char *copy = malloc(len);
	char folder_of[256];

	ck_assert_ptr_nonnull(copy);
	snprintf(folder_of, sizeof(folder_of),
		 "mkdir -p \"$(dirname 'upper/%s')\"", path);
	run(folder_of);
	most = most != 0 && most < len ? most : len;
	put_and_read(path, data, len);
	for (size_t i = 0; i < CUTS; i++)
		put_and_read(path, data, most * i / CUTS);
	srandom(1);
	for (size_t i = 0; i < CHANGES; i++) {
		memcpy(copy, data, len);
		for (size_t k = 0; k <= i % 4; k++)
			copy[(size_t)random() % most] =
				(unsigned char)(i % 3 == 0 ? 0xff : random());
		put_and_read(path, copy, len);
	}
}

#define mangle_text(path, text) mangle(path, text, strlen(text), 0)

START_TEST(no_text_leads_a_reader_astray)
{
	mangle_text("var/lib/dpkg/status",
		    "Package: a\nStatus: install ok installed\n"
		    "Source: b (1:2-3)\nVersion: 9:1.2-3\n\nPackage: c\n");
	mangle_text("lib/apk/db/installed",
		    "C:Q1p78yvTLG094tHE1+dToJGbmYzQE=\nP:a\nV:1\nA:x\n\nP:b");
	mangle_text("a/x.dist-info/METADATA", "Name: a\nVersion: 1\n\nb\n");
	mangle_text("a/specifications/x.gemspec",
		    "  s.name = \"a\".freeze\n  s.version = '1'\n");
	mangle_text("a/Gemfile.lock", "GEM\n  specs:\n    a (1)\n    b (2)\n");
	mangle_text("a/Cargo.lock",
		    "[[package]]\nname = \"a\"\nversion = \"1\"\n[[package]]");
	mangle_text("a/package.json", "{\"name\":\"@a/b\",\"version\":\"1\","
				      "\"license\":{\"type\":\"MIT\"}}");
	mangle_text("a/package-lock.json",
		    "{\"packages\":{\"node_modules/@a/b\":{\"version\":\"1\","
		    "\"integrity\":\"sha512-AAAA\"}}}");
	mangle_text("a/composer/installed.json",
		    "[{\"name\":\"a/b\",\"version\":\"1\"}]");
}
END_TEST

START_TEST(no_database_of_rpm_leads_its_reader_astray)
{
	struct firn_buf blobs[3] = { 0 }, file = { 0 };

	rpm_package(&blobs[0], "a", "1", 0, "a-1-6.src.rpm", 10);
	rpm_package(&blobs[1], "b", "2", 1, "b-2-6.nosrc.rpm", 9000);
	rpm_package(&blobs[2], "c", "3", 0, "-", 0);
	made_sqlite(&file, blobs, 3);
	mangle("var/lib/rpm/rpmdb.sqlite", file.data, file.len, 0);
	/* Where the header and the root of the table are. */
	mangle("var/lib/rpm/rpmdb.sqlite", file.data, file.len, 120);
	firn_buf_free(&file);
	made_ndb(&file, blobs, 3);
	mangle("var/lib/rpm/Packages.db", file.data, file.len, 0);
	mangle("var/lib/rpm/Packages.db", file.data, file.len, 80);
	firn_buf_free(&file);
	made_bdb(&file, blobs, 3, false);
	mangle("var/lib/rpm/Packages", file.data, file.len, 0);
	mangle("var/lib/rpm/Packages", file.data, file.len, 72);
	firn_buf_free(&file);
	for (size_t i = 0; i < 3; i++)
		firn_buf_free(&blobs[i]);
}
END_TEST

START_TEST(no_database_that_leads_in_a_circle_is_read_forever)
{
	struct firn_buf blob = { 0 }, blobs[2], file = { 0 };

	rpm_package(&blob, "a", "1", 0, "a-1-6.src.rpm", 9000);
	blobs[0] = blobs[1] = blob;
	made_sqlite(&file, blobs, 2);
	/* The table's root says that it is its own child. */
	memcpy(file.data + 4096 + 8, "\0\0\0\2", 4);
	memcpy(file.data + 4096 + 4000, "\0\0\0\2", 4);
	run("mkdir -p upper/var/lib/rpm");
	put_and_read("var/lib/rpm/rpmdb.sqlite", file.data, file.len);
	firn_buf_free(&file);
	made_bdb(&file, blobs, 2, false);
	/* The first page of a chain comes again. */
	memcpy(file.data + 2 * 4096 + 16, "\2\0\0\0", 4);
	put_and_read("var/lib/rpm/Packages", file.data, file.len);
	firn_buf_free(&file);
	firn_buf_free(&blob);
	ck_assert_uint_ge(firn_archive_gaps(archive), 2);
}
END_TEST

START_TEST(no_executable_leads_its_reader_astray)
{
	void (*const makes[])(struct firn_buf *, const char *,
			      const char *) = { go_section, go_old_section };

	for (size_t i = 0; i < 2; i++) {
		autobuf struct firn_buf section = { 0 }, file = { 0 };

		makes[i](&section, "go1.20", "path\ta\nmod\ta\tv1\t\n");
		go_executable(&file, &section);
		mangle("usr/bin/app", file.data, file.len, 500);
	}
}
END_TEST

START_TEST(no_archive_leads_its_reader_astray)
{
	struct made_zip inner = { 0 }, outer = { 0 };

	zip_text(&inner, "META-INF/maven/a/b/pom.properties",
		 "groupId=a\nartifactId=b\nversion=1\n");
	zip_end(&inner);
	zip_text(&outer, "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n");
	zip_add(&outer, "a.jar", inner.bytes.data, inner.bytes.len, false);
	zip_add(&outer, "b.jar", inner.bytes.data, inner.bytes.len, true);
	zip_end(&outer);
	mangle("srv/app.jar", outer.bytes.data, outer.bytes.len, 0);
	firn_buf_free(&inner.bytes);
	firn_buf_free(&outer.bytes);
}
END_TEST

/* --- what is too much, and names that hide something
 * -----------------------------
 */

START_TEST(a_database_that_is_too_large_is_a_gap)
{
	run("mkdir -p upper/var/lib/dpkg upper/var/lib/rpm upper/a && "
	    "truncate -s 10G upper/var/lib/dpkg/status && "
	    "truncate -s 10G upper/var/lib/rpm/rpmdb.sqlite && "
	    "truncate -s 40M upper/a/package-lock.json");
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_uint_eq(n_components(), 0);
	ck_assert_int_eq(gaps_with("dpkg/status"), 1);
	ck_assert_int_eq(gaps_with("rpmdb.sqlite"), 1);
	ck_assert_int_eq(gaps_with("package-lock.json"), 1);
}
END_TEST

START_TEST(an_archive_that_unpacks_to_more_than_can_be_is_a_gap)
{
	struct made_zip bomb = { 0 };
	autofree char *zeros = calloc(1, 30 << 20);

	ck_assert_ptr_nonnull(zeros);
	for (size_t i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%zu.jar", i);
		zip_add(&bomb, name, zeros, 30 << 20, true);
	}
	zip_end(&bomb);
	put_bytes("upper/srv/bomb.jar", bomb.bytes.data, bomb.bytes.len);
	firn_buf_free(&bomb.bytes);
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_int_ge(gaps_with("would be in all"), 1);
}
END_TEST

START_TEST(archives_in_archives_end_somewhere)
{
	struct made_zip zips[6] = { 0 };

	zip_text(&zips[0], "META-INF/maven/a/b/pom.properties",
		 "groupId=a\nartifactId=deep\nversion=1\n");
	zip_end(&zips[0]);
	for (size_t i = 1; i < 6; i++) {
		zip_add(&zips[i], "a.jar", zips[i - 1].bytes.data,
			zips[i - 1].bytes.len, i % 2 == 0);
		zip_end(&zips[i]);
	}
	put_bytes("upper/deep.jar", zips[5].bytes.data, zips[5].bytes.len);
	for (size_t i = 0; i < 6; i++)
		firn_buf_free(&zips[i].bytes);
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_ptr_null(nth("deep", 0));
	ck_assert_int_eq(gaps_with("lies too deep"), 1);
}
END_TEST

START_TEST(folders_deeper_than_a_path_can_be_are_a_gap)
{
	char name[201] = { 0 };
	int fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), next;

	memset(name, 'd', 200);
	run("mkdir upper");
	ck_assert_int_eq(fchdir(fd), 0);
	ck_assert_int_eq(chdir("upper"), 0);
	for (int i = 0; i < 30; i++) {
		ck_assert_int_eq(mkdir(name, 0755), 0);
		ck_assert_int_eq(chdir(name), 0);
	}
	next = open("package.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_ge(next, 0);
	close(next);
	ck_assert_int_eq(fchdir(fd), 0);
	close(fd);
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_int_eq(gaps_with("lies too deep"), 1);
}
END_TEST

START_TEST(names_and_values_that_are_no_text_are_escaped)
{
	static const char installed[] =
		"Package: a\xff\x1b[2J\nStatus: install ok installed\n"
		"Version: 1\0hidden\nArchitecture: \xe2\x80\xae"
		"amd64\n";

	put_bytes("upper/var/lib/dpkg/status", installed,
		  sizeof(installed) - 1);
	put("upper/srv/x\xfe\n/node_modules/n/package.json",
	    "{\"name\":\"n\",\"version\":\"1\"}");
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_str_eq(firn_json_string(component("a\\xff\\x1b[2J"),
					  "version", NULL),
			 "1\x01hidden");
	ck_assert_str_eq(purl_of("a\\xff\\x1b[2J"),
			 "pkg:deb/a%FF%1B%5B2J@1%01hidden"
			 "?arch=%E2%80%AEamd64");
	ck_assert_str_eq(place_of("n"),
			 "/srv/x\\xfe\\x0a/node_modules/n/package.json");
}
END_TEST

START_TEST(a_thousand_gaps_are_enough)
{
	run("mkdir upper && cd upper && for i in $(seq 1200); do "
	    "mkdir -p $i && echo '{' > $i/package.json; done");
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_int_eq(gaps_with("no valid JSON"), 1000);
	ck_assert_int_eq(gaps_with("the others aren't listed"), 1);
}
END_TEST

START_TEST(no_crowd_of_files_hides_what_the_system_has)
{
	put("upper/var/lib/dpkg/status",
	    "Package: a\nStatus: install ok installed\nVersion: 1\n");
	run("for i in $(seq 20); do mkdir -p upper/zzz/$i && "
	    "truncate -s 15M upper/zzz/$i/package-lock.json "
	    "upper/zzz/$i/composer.lock; done");
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_uint_eq(n_components(), 1);
	ck_assert_int_ge(gaps_with("would be in all"), 1);
}
END_TEST

START_TEST(what_is_no_file_is_not_opened)
{
	run("mkdir -p upper/var/lib/dpkg upper/a && "
	    "mkfifo upper/var/lib/dpkg/status upper/a/package.json && "
	    "mknod upper/a/Cargo.lock c 1 3");
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_uint_eq(n_components(), 0);
	ck_assert_int_eq(gaps_with("\"packages\""), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		no_text_leads_a_reader_astray,
		no_database_of_rpm_leads_its_reader_astray,
		no_database_that_leads_in_a_circle_is_read_forever,
		no_executable_leads_its_reader_astray,
		no_archive_leads_its_reader_astray,
		a_database_that_is_too_large_is_a_gap,
		an_archive_that_unpacks_to_more_than_can_be_is_a_gap,
		archives_in_archives_end_somewhere,
		folders_deeper_than_a_path_can_be_are_a_gap,
		names_and_values_that_are_no_text_are_escaped,
		a_thousand_gaps_are_enough,
		no_crowd_of_files_hides_what_the_system_has,
		what_is_no_file_is_not_opened,
	};

	if (geteuid() != 0) {
		puts("skipped: making devices needs root");
		return 77;
	}
	return run_suite(packages_suite("hostile packages", tests,
					sizeof(tests) / sizeof(tests[0])));
}
