/* Archives to where they are kept: whole, or not at all, and known which. */

#include "firn/outbox.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/json.h"
#include "check.h"
#include "respond/post_server.h"

#define SIZE 300000 /* no multiple of a block */
#define NAME "case-1.firn.tar.zst"

static struct firn_err err;
static char folder[64], archive[128], kept[96], requests[96], sha256[65];
static struct server server;
static json_t *told;

/* --- fixture ---------------------------------------------------------------
 */

static void
make_archive(const char *path, int byte)
{
	FILE *out = fopen(path, "w");
	autofree char *data = malloc(SIZE);
	unsigned char digest[FIRN_SHA256];

	ck_assert_ptr_nonnull(out);
	for (int i = 0; i < SIZE; i++)
		data[i] = (char)(i * 31 + byte);
	ck_assert_uint_eq(fwrite(data, 1, SIZE, out), SIZE);
	ck_assert_int_eq(fclose(out), 0);
	ck_ok(firn_sha256(data, SIZE, digest, &err));
	firn_hex(digest, sizeof(digest), sha256);
}

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/var/tmp/firn-send-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(archive, sizeof(archive), "%s/" NAME, folder);
	snprintf(kept, sizeof(kept), "%s/kept", folder);
	snprintf(requests, sizeof(requests), "%s/requests", folder);
	ck_assert_int_eq(mkdir(kept, 0700), 0);
	ck_assert_int_eq(mkdir(requests, 0700), 0);
	make_archive(archive, 7);
	server = (struct server){ 0 };
}

static void
teardown(void)
{
	char command[96];

	json_decref(told);
	told = NULL;
	server_stop(&server);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static const char *
in_kept(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", kept, name);
	return path;
}

static bool
are_same(const char *left, const char *right)
{
	char command[512];

	snprintf(command, sizeof(command), "cmp -s %s %s", left, right);
	return system(command) == 0;
}

static const char *
url_of(const char *path)
{
	static char url[128];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", server.port, path);
	return url;
}

/* --- a folder -------------------------------------------------------------
 */

START_TEST(an_archive_is_copied_and_read_back)
{
	char url[160];
	struct stat st;

	snprintf(url, sizeof(url), "%s%s%s", _i == 0 ? "file://" : "", kept,
		 _i == 2 ? "" : "/");
	ck_ok(firn_send(archive, url, 60, &told, &err));
	ck_assert(are_same(archive, in_kept(NAME)));
	ck_assert_int_eq(stat(in_kept(NAME), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_ne(access(in_kept(NAME ".partial"), F_OK), 0);
	ck_assert_str_eq(firn_json_string(told, "sha256", NULL), sha256);
	ck_assert_str_eq(firn_json_string(told, "to", NULL), url);
	ck_assert_int_eq(json_integer_value(json_object_get(told, "bytes")),
			 SIZE);
	ck_assert_ptr_nonnull(
		firn_json_string(told, "receipt", "read back", NULL));
}
END_TEST

START_TEST(the_same_archive_again_is_a_receipt)
{
	ck_ok(firn_send(archive, kept, 60, &told, &err));
	json_decref(told);
	told = NULL;
	ck_ok(firn_send(archive, kept, 60, &told, &err));
	ck_assert(
		json_is_true(firn_json_at(told, "receipt", "was there", NULL)));
	ck_assert_str_eq(firn_json_string(told, "sha256", NULL), sha256);
}
END_TEST

START_TEST(nothing_is_written_over_another_of_that_name)
{
	char other[128];

	snprintf(other, sizeof(other), "%s/other", folder);
	make_archive(other, 8);
	ck_assert_int_eq(link(other, in_kept(NAME)), 0);
	ck_fails(firn_send(archive, kept, 60, &told, &err), EEXIST);
	ck_assert(are_same(other, in_kept(NAME)));
}
END_TEST

START_TEST(what_a_killed_copy_left_is_in_nobodys_way)
{
	FILE *out = fopen(in_kept(NAME ".partial"), "w");

	for (int i = 0; i < SIZE; i++)
		fputs("torn", out);
	fclose(out);
	ck_ok(firn_send(archive, kept, 60, &told, &err));
	ck_assert(are_same(archive, in_kept(NAME)));
}
END_TEST

/* Each at the place of the copy, before it. */
START_TEST(a_trap_in_the_folder_is_not_stepped_into)
{
	char victim[128], copy[128];

	snprintf(victim, sizeof(victim), "%s/victim", folder);
	snprintf(copy, sizeof(copy), "%s/copy", folder);
	make_archive(victim, 9);
	make_archive(copy, 9);
	if (_i == 0)
		ck_assert_int_eq(symlink(victim, in_kept(NAME ".partial")), 0);
	else if (_i == 1)
		ck_assert_int_eq(link(victim, in_kept(NAME ".partial")), 0);
	else if (_i == 2)
		ck_assert_int_eq(mkfifo(in_kept(NAME ".partial"), 0666), 0);
	else
		ck_assert_int_eq(symlink(victim, in_kept(NAME)), 0);
	ck_assert_int_lt(firn_send(archive, kept, 60, &told, &err), 0);
	ck_assert(are_same(victim, copy));
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_not_made)
{
	ck_fails(firn_send(archive, in_kept("none"), 60, &told, &err), ENOENT);
}
END_TEST

START_TEST(of_a_full_disk_nothing_is_left)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL), 0);
	ck_assert_int_eq(mount("t", kept, "tmpfs", 0, "size=100k"), 0);
	ck_fails(firn_send(archive, kept, 60, &told, &err), ENOSPC);
	ck_assert_int_ne(access(in_kept(NAME), F_OK), 0);
	ck_assert_int_ne(access(in_kept(NAME ".partial"), F_OK), 0);
	ck_assert_int_eq(umount(kept), 0);
}
END_TEST

START_TEST(a_memory_filesystem_is_read_back_too)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL), 0);
	ck_assert_int_eq(mount("t", kept, "tmpfs", 0, NULL), 0);
	ck_ok(firn_send(archive, kept, 60, &told, &err));
	ck_assert(are_same(archive, in_kept(NAME)));
	ck_assert_int_eq(umount(kept), 0);
}
END_TEST

/* --- PUT ------------------------------------------------------------------
 */

#define CREATED                                                        \
	"HTTP/1.1 201 Created\r\nx-request-id: r-1\r\netag: \"e\"\r\n" \
	"content-length: 4\r\n\r\nkept"

START_TEST(an_archive_is_put_with_its_digest)
{
	autofree char *base64 = NULL, *expected = NULL;
	unsigned char digest[FIRN_SHA256];
	char command[512];
	const char *heard;

	server.answers[0] = CREATED;
	server_start(&server, requests);
	ck_ok(firn_send(archive, url_of("/in/?key=s3cr3t/"), 60, &told, &err));
	heard = server_heard(&server, 1);
	ck_assert(strncmp(heard, "PUT /in/?key=s3cr3t/" NAME " HTTP/1.1\r\n",
			  40) == 0);
	ck_ok(firn_unhex(sha256, digest, sizeof(digest)));
	base64 = firn_base64(digest, sizeof(digest));
	ck_assert_int_gt(asprintf(&expected,
				  "\r\nrepr-digest: sha-256=:%s:\r\n", base64),
			 0);
	ck_assert_ptr_nonnull(strstr(heard, expected));
	free(expected);
	ck_assert_int_gt(asprintf(&expected, "\r\nidempotency-key: \"%s\"\r\n",
				  sha256),
			 0);
	ck_assert_ptr_nonnull(strstr(heard, expected));
	snprintf(command, sizeof(command),
		 "tail -c %d %s/1.request | cmp -s - %s", SIZE, requests,
		 archive);
	ck_assert_int_eq(system(command), 0);

	ck_assert_str_eq(firn_json_string(told, "sha256", NULL), sha256);
	ck_assert_int_eq(json_integer_value(
				 firn_json_at(told, "receipt", "status", NULL)),
			 201);
	ck_assert_str_eq(firn_json_string(told, "receipt", "headers",
					  "x-request-id", NULL),
			 "r-1");
	ck_assert_str_eq(firn_json_string(told, "receipt", "body", NULL),
			 "kept");
	ck_assert_ptr_null(strstr(firn_json_string(told, "to", NULL), "s3cr"));
}
END_TEST

START_TEST(a_servers_error_is_tried_again)
{
	server.answers[0] = "HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n";
	server.answers[1] = CREATED;
	server_start(&server, requests);
	ck_ok(firn_send(archive, url_of("/a"), 60, &told, &err));
	ck_assert_str_ne(server_heard(&server, 2), "");
}
END_TEST

START_TEST(a_refusal_is_said)
{
	server.answers[0] =
		"HTTP/1.1 403 No\r\ncontent-length: 8\r\n\r\nno room!";
	server_start(&server, requests);
	ck_fails(firn_send(archive, url_of("/a?key=s3cr3t"), 60, &told, &err),
		 EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "403: no room!"));
	ck_assert_ptr_null(strstr(err.text, "s3cr3t"));
	ck_assert_str_eq(server_heard(&server, 2), "");
}
END_TEST

START_TEST(who_never_answers_has_only_its_time)
{
	server.silent = true;
	server_start(&server, requests);
	ck_fails(firn_send(archive, url_of("/a"), 1, &told, &err), EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "timed out"));
}
END_TEST

/* By somebody who waits until it is on its way. */
static void
replace(void)
{
	char other[160];

	snprintf(other, sizeof(other), "%s.new", archive);
	make_archive(other, 8);
	rename(other, archive);
}

static void
change(void)
{
	FILE *out = fopen(archive, "r+");

	fseek(out, 1000, SEEK_SET);
	fputs("changed", out);
	fclose(out);
}

static void
shorten(void)
{
	(void)!truncate(archive, 1000);
}

START_TEST(an_archive_that_is_changed_on_the_way_has_no_receipt)
{
	void (*const ways[])(void) = { replace, change, shorten };

	server.meanwhile = ways[_i];
	server.answers[0] = CREATED;
	server_start(&server, requests);
	ck_assert_int_lt(firn_send(archive, url_of("/a"), 60, &told, &err), 0);
	ck_assert_ptr_null(told);
	if (_i == 2)
		ck_assert_ptr_nonnull(strstr(err.text, "shorter"));
	else
		ck_assert_int_eq(err.code, ESTALE);
}
END_TEST

/* --- what can't be sent, or there -----------------------------------------
 */

START_TEST(what_firn_cannot_do_is_said)
{
	static const char *const urls[] = { "s3://bucket/x", "sftp://h/x",
					    "relative/", "", "file://host/x" };

	ck_fails(firn_send(archive, urls[_i], 60, &told, &err), ENOTSUP);
}
END_TEST

START_TEST(only_regular_files_are_sent_and_waited_for)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/other.zst", folder);
	if (_i == 0)
		ck_assert_int_eq(mkfifo(path, 0600), 0);
	else if (_i == 1)
		ck_assert_int_eq(symlink("/etc/shadow", path), 0);
	else if (_i == 2)
		ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_lt(firn_send(path, kept, 60, &told, &err), 0);
	ck_assert_int_ne(access(in_kept("other.zst"), F_OK), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("send");
	TCase *tcase = tcase_create("send");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, an_archive_is_copied_and_read_back, 0, 3);
	tcase_add_test(tcase, the_same_archive_again_is_a_receipt);
	tcase_add_test(tcase, nothing_is_written_over_another_of_that_name);
	tcase_add_test(tcase, what_a_killed_copy_left_is_in_nobodys_way);
	tcase_add_loop_test(tcase, a_trap_in_the_folder_is_not_stepped_into, 0,
			    4);
	tcase_add_test(tcase, a_folder_that_is_not_there_is_not_made);
	tcase_add_test(tcase, of_a_full_disk_nothing_is_left);
	tcase_add_test(tcase, a_memory_filesystem_is_read_back_too);
	tcase_add_test(tcase, an_archive_is_put_with_its_digest);
	tcase_add_test(tcase, a_servers_error_is_tried_again);
	tcase_add_test(tcase, a_refusal_is_said);
	tcase_add_test(tcase, who_never_answers_has_only_its_time);
	tcase_add_loop_test(
		tcase, an_archive_that_is_changed_on_the_way_has_no_receipt, 0,
		3);
	tcase_add_loop_test(tcase, what_firn_cannot_do_is_said, 0, 5);
	tcase_add_loop_test(tcase, only_regular_files_are_sent_and_waited_for,
			    0, 4);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
