#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "evidence/tar.h"
#include "firn/archive.h"
#include "firn/secrets.h"

static struct firn_err err;
static struct firn_secret_rules *rules;
static json_t *checklist;
static char folder[64];
static struct firn_archive *archive;
static struct firn_key *signer; /* the archive's, as long as it is written */

static const struct firn_case of = { .id = "CASE-1", .key = { 1, 2, 3 } };

static const char own_rules[] =
	"rules:\n"
	"  - {name: planted, title: Planted, priority: P3, confidence: high, "
	"guide: github-token, keywords: [plantedby], "
	"pattern: '\\b(?<secret>plantedby[a-z]{8}[0-9]{3})\\b'}\n"
	"  - {name: of-a-path, title: Of a path, priority: P3, "
	"guide: github-token, files: ['~/.planted-login']}\n";

/* None of the tests has the same twice. */
static void
secret(char ret[24], unsigned number)
{
	snprintf(ret, 24, "plantedbyarchived%03u", number);
}

/* --- an archive -----------------------------------------------------------
 */

static void
setup(void)
{
	const char *const folders[] = { folder };
	struct firn_archive_options options = { .case_id = of.id };
	autojson json_t *about = json_object();
	autoclose int fd = -1;
	char path[96];

	snprintf(folder, sizeof(folder), "/var/tmp/firn-archived-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/own.yaml", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_ok(firn_write_all(fd, path, own_rules, strlen(own_rules), &err));
	ck_ok(firn_secret_rules_open(&rules, folders, 1, &err));
	snprintf(path, sizeof(path), "%s/key", folder);
	ck_ok(firn_key_make(&signer, path, &err));
	snprintf(path, sizeof(path), "%s/archive", folder);
	options.key = signer;
	options.path = path;
	ck_ok(firn_archive_create(&archive, &options, &err));
	firn_json_text(about, "case", of.id);
	firn_json_hex(about, "fingerprint_key", of.key, sizeof(of.key));
	ck_ok(firn_archive_json(archive, "data/case.json", about, NULL, &err));
}

static void
teardown(void)
{
	char command[96];

	json_decref(checklist);
	checklist = NULL;
	firn_archive_close(&archive);
	firn_key_close(&signer);
	firn_secret_rules_close(&rules);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
add_member(const char *path, const void *data, size_t len)
{
	ck_ok(firn_archive_bytes(archive, path, data, len, NULL, &err));
}

static void
add_text(const char *path, const char *text)
{
	add_member(path, text, strlen(text));
}

static void
look(void)
{
	struct firn_sealed sealed;
	autoclose int fd = -1;
	char path[96];

	ck_ok(firn_archive_seal(archive, &sealed, &err));
	snprintf(path, sizeof(path), "%s/archive", folder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_ok(firn_secrets_of_archive(fd, rules, &checklist, &err));
}

/* --- a tar in it ----------------------------------------------------------
 */

static void
add_file(struct firn_buf *tar, struct firn_tar_entry *entry, const char *data,
	 size_t len)
{
	entry->type = FIRN_TAR_FILE;
	if (entry->extents == NULL)
		entry->size = len;
	ck_ok(firn_tar_header(entry, tar, &err));
	firn_buf_add(tar, data, len);
	firn_buf_fill(tar, 0, firn_tar_padding(len));
}

static void
add_small(struct firn_buf *tar, const char *path, uint32_t mode,
	  unsigned number)
{
	struct firn_tar_entry entry = { .path = path, .mode = mode };
	char text[24];

	secret(text, number);
	add_file(tar, &entry, text, strlen(text));
}

static void
end_tar(struct firn_buf *tar, const char *member)
{
	firn_buf_fill(tar, 0, FIRN_TAR_END);
	ck_ok(firn_buf_check(tar, &err));
	add_member(member, tar->data, tar->len);
}

static const char *
said_of(const json_t *object, const char *key)
{
	const char *text = firn_json_string(object, key, NULL);

	return text != NULL ? text : "";
}

/* The one place of its kind with this path, or whose path ends so. */
static const json_t *
place_at(const char *where, const char *path)
{
	const json_t *item, *place, *found = NULL;
	size_t i, k;

	json_array_foreach(json_object_get(checklist, "items"), i, item) {
		json_array_foreach(json_object_get(item, "places"), k, place) {
			if (strcmp(said_of(place, "where"), where) != 0 ||
			    strcmp(said_of(place, "path"), path) != 0)
				continue;
			ck_assert_msg(found == NULL, "%s is there twice", path);
			found = place;
		}
	}
	return found;
}

static size_t
n_items(void)
{
	return json_array_size(json_object_get(checklist, "items"));
}

static bool
has_gap(const char *what)
{
	const json_t *gap;
	size_t i;

	json_array_foreach(json_object_get(checklist, "gaps"), i, gap) {
		if (strstr(said_of(gap, "what"), what) != NULL)
			return true;
	}
	return false;
}

START_TEST(files_of_the_layer_are_found_under_their_paths)
{
	autobuf struct firn_buf tar = { 0 };
	struct firn_tar_entry folder_entry = { .type = FIRN_TAR_FOLDER,
					       .path = "etc",
					       .mode = 0755 };
	struct firn_tar_entry empty = { .path = "tmp/.wh.gone" };
	char deep[301] = "/";
	char *far = deep + 1;

	memset(far, 'd', 299);
	for (size_t i = 50; i < 299; i += 50)
		far[i] = '/';
	ck_ok(firn_tar_header(&folder_entry, &tar, &err));
	add_small(&tar, "etc/app.conf", 0644, 1);
	add_file(&tar, &empty, "", 0);
	add_small(&tar, far, 0600, 2);
	add_small(&tar, "root/\x1b[31m\xff", 0600, 3);
	end_tar(&tar, "data/filesystem/layer.tar");
	look();
	ck_assert_uint_eq(n_items(), 3);
	ck_assert_str_eq(said_of(place_at("changed file", "/etc/app.conf"),
				 "readers"),
			 "world");
	ck_assert_ptr_nonnull(place_at("changed file", deep));
}
END_TEST

START_TEST(a_path_is_enough_for_a_rule_that_says_so)
{
	autobuf struct firn_buf tar = { 0 };
	struct firn_tar_entry entry = { .path = "home/app/.planted-login",
					.mode = 0600 };

	add_file(&tar, &entry, "whatever it is\n", 15);
	end_tar(&tar, "data/filesystem/layer.tar");
	look();
	ck_assert_uint_eq(n_items(), 1);
	ck_assert_ptr_nonnull(
		place_at("changed file", "/home/app/.planted-login"));
}
END_TEST

/* Across the pieces that it comes in, and the blocks that are searched. */
START_TEST(a_file_that_is_longer_than_memory_is_looked_through)
{
	const size_t len = 20u << 20;
	autobuf struct firn_buf tar = { 0 };
	struct firn_tar_entry entry = { .path = "var/large", .mode = 0600 };
	autofree char *large = malloc(len);
	char text[24];

	ck_assert_ptr_nonnull(large);
	memset(large, '.', len);
	for (unsigned i = 0; i < 40; i++) {
		secret(text, i);
		memcpy(large + ((size_t)i << 19) + 65536 - 10 - i, text, 20);
	}
	add_file(&tar, &entry, large, len);
	add_small(&tar, "after", 0600, 100);
	end_tar(&tar, "data/filesystem/layer.tar");
	look();
	ck_assert_uint_eq(n_items(), 41);
	ck_assert_ptr_nonnull(place_at("changed file", "/after"));
}
END_TEST

START_TEST(the_pieces_of_a_sparse_file_are_looked_through)
{
	autobuf struct firn_buf tar = { 0 };
	const struct firn_tar_extent extents[] = {
		{ 1u << 20, 512 },
		{ (uint64_t)1 << 40, 20 },
	};
	struct firn_tar_entry entry = {
		.path = "sparse",
		.mode = 0600,
		.size = ((uint64_t)1 << 40) + 20,
		.extents = extents,
		.n_extents = 2,
	};
	char data[532], text[24];

	memset(data, '.', sizeof(data));
	secret(text, 1);
	memcpy(data + 100, text, 20);
	secret(text, 2);
	memcpy(data + 512, text, 20);
	add_file(&tar, &entry, data, sizeof(data));
	add_small(&tar, "after", 0600, 3);
	end_tar(&tar, "data/filesystem/layer.tar");
	look();
	ck_assert_uint_eq(n_items(), 3);
	ck_assert_ptr_nonnull(place_at("changed file", "/after"));
}
END_TEST

START_TEST(what_was_mounted_is_found_where_it_was)
{
	autobuf struct firn_buf tar = { 0 };
	char text[24];

	add_text("data/processes/17/mountinfo",
		 "42 1 0:40 / / rw - overlay overlay rw\n"
		 "45 42 0:44 / /run/secrets rw - tmpfs tmpfs rw\n"
		 "46 42 0:45 /x /etc/one\\040file rw - ext4 /dev/sda rw\n");
	add_small(&tar, "db", 0600, 1);
	end_tar(&tar, "data/mounts/45.tar");
	secret(text, 2);
	add_text("data/mounts/46.file", text);
	secret(text, 3);
	add_text("data/mounts/99.file", text);
	look();
	ck_assert_uint_eq(n_items(), 3);
	ck_assert_ptr_nonnull(place_at("file", "/run/secrets/db"));
	ck_assert_ptr_nonnull(place_at("file", "/etc/one file"));
	ck_assert_ptr_nonnull(place_at("file", "mount 99"));
}
END_TEST

START_TEST(what_only_a_process_held_memory_and_logs_are_looked_at)
{
	char text[24];

	secret(text, 1);
	add_text("data/processes/17/fd-5", text);
	secret(text, 2);
	add_text("data/processes/17/map-7f00", text);
	secret(text, 3);
	add_text("data/memory/18.core", text);
	secret(text, 4);
	add_text("data/logs/container.log", text);
	look();
	ck_assert_uint_eq(n_items(), 4);
	ck_assert_ptr_nonnull(place_at("deleted file", "/proc/17/fd/5"));
	ck_assert_ptr_nonnull(
		place_at("deleted file", "/proc/17/map_files/7f00"));
	ck_assert_ptr_nonnull(place_at("memory", ""));
	ck_assert_ptr_nonnull(place_at("log", "data/logs/container.log"));
}
END_TEST

START_TEST(what_is_on_its_way_out_counts_as_sent)
{
	const json_t *item;
	char text[24];

	secret(text, 1);
	add_text("data/network/queues/4711.send", text);
	add_text("data/network/queues/4711.recv", text);
	secret(text, 2);
	add_text("data/processes/pipes/99", text);
	look();
	ck_assert_uint_eq(n_items(), 2);
	ck_assert_ptr_nonnull(place_at("data on its way out", ""));
	ck_assert_ptr_nonnull(place_at("data that came in", ""));
	ck_assert_ptr_nonnull(place_at("pipe", ""));
	/* And stands before what was only readable. */
	item = json_array_get(json_object_get(checklist, "items"), 0);
	ck_assert_str_eq(said_of(item, "readers"), "sent");
}
END_TEST

START_TEST(the_environment_in_the_runtimes_records_is_looked_at)
{
	const json_t *item;

	add_text("data/runtime/config.json",
		 "{\"process\": {\"env\": [\"PATH=/bin\", "
		 "\"POOL_PASSWORD=pl4nted-by-archived\"]}}");
	look();
	ck_assert_uint_eq(n_items(), 1);
	item = json_array_get(json_object_get(checklist, "items"), 0);
	ck_assert_str_eq(said_of(json_array_get(json_object_get(item, "places"),
						0),
				 "name"),
			 "POOL_PASSWORD");
}
END_TEST

START_TEST(a_tar_that_is_none_is_a_gap_and_what_came_before_counts)
{
	autobuf struct firn_buf tar = { 0 };

	add_small(&tar, "etc/app.conf", 0644, 1);
	firn_buf_fill(&tar, 'x', 4096);
	ck_ok(firn_buf_check(&tar, &err));
	add_member("data/filesystem/layer.tar", tar.data, tar.len);
	add_text("data/logs/log", "plantedbyarchived002");
	look();
	ck_assert_uint_eq(n_items(), 2);
	ck_assert(has_gap("layer.tar"));
}
END_TEST

START_TEST(what_the_archive_has_not_is_a_gap)
{
	look();
	ck_assert_uint_eq(n_items(), 0);
	ck_assert(has_gap("files of the image"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("archived");
	TCase *tcase = tcase_create("archived");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, files_of_the_layer_are_found_under_their_paths);
	tcase_add_test(tcase, a_path_is_enough_for_a_rule_that_says_so);
	tcase_add_test(tcase,
		       a_file_that_is_longer_than_memory_is_looked_through);
	tcase_add_test(tcase, the_pieces_of_a_sparse_file_are_looked_through);
	tcase_add_test(tcase, what_was_mounted_is_found_where_it_was);
	tcase_add_test(tcase,
		       what_only_a_process_held_memory_and_logs_are_looked_at);
	tcase_add_test(tcase, what_is_on_its_way_out_counts_as_sent);
	tcase_add_test(tcase,
		       the_environment_in_the_runtimes_records_is_looked_at);
	tcase_add_test(tcase,
		       a_tar_that_is_none_is_a_gap_and_what_came_before_counts);
	tcase_add_test(tcase, what_the_archive_has_not_is_a_gap);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
