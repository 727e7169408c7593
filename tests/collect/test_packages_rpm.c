#include "collect/made_rpm.h"
#include "collect/packages_fixture.h"

static struct firn_buf blobs[3], database;

static void
make_blobs(void)
{
	rpm_package(&blobs[0], "bash", "5.1.8", 0, "bash-5.1.8-6.el9.src.rpm",
		    100);
	rpm_package(&blobs[1], "openssl-libs", "3.0.7", 1,
		    "openssl-3.0.7-6.el9.src.rpm", 20000);
	rpm_package(&blobs[2], "gpg-pubkey", "1", 0, "(none)", 0);
	put("upper/etc/os-release", "ID=\"rhel\"\nVERSION_ID=\"9.3\"\n");
}

static void
free_blobs(void)
{
	for (size_t i = 0; i < 3; i++)
		firn_buf_free(&blobs[i]);
	firn_buf_free(&database);
}

/* A key among the packages is none. */
static void
check(const char *place)
{
	put_bytes(place, database.data, database.len);
	free_blobs();
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_int_eq(gaps_with("packages"), 0);
	ck_assert_uint_eq(n_components(), 3);
	ck_assert_str_eq(purl_of("bash"),
			 "pkg:rpm/redhat/bash@5.1.8-6.el9?arch=x86_64&"
			 "distro=rhel-9.3&upstream=bash-5.1.8-6.el9.src.rpm");
	ck_assert_str_eq(purl_of("openssl-libs"),
			 "pkg:rpm/redhat/openssl-libs@3.0.7-6.el9?arch=x86_64&"
			 "distro=rhel-9.3&epoch=1&"
			 "upstream=openssl-3.0.7-6.el9.src.rpm");
	ck_assert_str_eq(firn_json_string(component("openssl-libs"), "version",
					  NULL),
			 "1:3.0.7-6.el9");
	ck_assert_str_eq(property("openssl-libs", "aquasecurity:trivy:SrcName"),
			 "openssl");
	ck_assert_str_eq(property("openssl-libs",
				  "aquasecurity:trivy:SrcEpoch"),
			 "1");
	ck_assert_str_eq(property("bash", "aquasecurity:trivy:SrcVersion"),
			 "5.1.8");
	ck_assert_str_eq(property("bash", "aquasecurity:trivy:SrcRelease"),
			 "6.el9");
}

START_TEST(packages_in_sqlite_are_listed)
{
	make_blobs();
	made_sqlite(&database, blobs, 3);
	check("upper/var/lib/rpm/rpmdb.sqlite");
}
END_TEST

START_TEST(packages_in_ndb_are_listed)
{
	make_blobs();
	made_ndb(&database, blobs, 3);
	check("upper/usr/lib/sysimage/rpm/Packages.db");
}
END_TEST

START_TEST(packages_in_berkeley_db_are_listed)
{
	make_blobs();
	made_bdb(&database, blobs, 3, false);
	check("upper/var/lib/rpm/Packages");
}
END_TEST

START_TEST(a_berkeley_db_of_the_other_byte_order_is_read_too)
{
	make_blobs();
	made_bdb(&database, blobs, 3, true);
	check("upper/var/lib/rpm/Packages");
}
END_TEST

START_TEST(changes_that_are_not_in_the_database_yet_are_a_gap)
{
	make_blobs();
	made_sqlite(&database, blobs, 3);
	put_bytes("upper/var/lib/rpm/rpmdb.sqlite", database.data,
		  database.len);
	put("upper/var/lib/rpm/rpmdb.sqlite-wal", "x");
	free_blobs();
	layers("upper", NULL, NULL);
	collect_packages();
	ck_assert_int_eq(gaps_with("rpmdb.sqlite-wal"), 1);
	ck_assert(json_is_false(json_object_get(image, "complete")));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		packages_in_sqlite_are_listed,
		packages_in_ndb_are_listed,
		packages_in_berkeley_db_are_listed,
		a_berkeley_db_of_the_other_byte_order_is_read_too,
		changes_that_are_not_in_the_database_yet_are_a_gap,
	};

	return run_suite(packages_suite("packages of rpm", tests,
					sizeof(tests) / sizeof(tests[0])));
}
