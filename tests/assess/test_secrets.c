#include "assess/planted.h"

#include "base/digest.h"
#include "firn/archive.h"

static pid_t pid;
static struct firn_host host;
static struct firn_secret_rules *rules;
static json_t *checklist;
static const struct firn_case of = { .id = "CASE-1", .key = { 1, 2, 3 } };

static void
look_at_planted(void)
{
	struct firn_member member = { .pid = pid };
	struct firn_target target = {
		.host = &host,
		.init_pid = pid,
		.members = { .items = &member, .n = 1 },
		.environment = json_pack("[s]", "CONFIG_SECRET=" CONFIGURED),
	};

	json_decref(checklist);
	checklist = NULL;
	ck_ok(firn_secrets_of_target(&target, rules, &of, &checklist, &err));
	json_decref(target.environment);
}

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/var/tmp/firn-secrets-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(folder_fd, 0);
	plant_files();
	plant_outside();
	ck_ok(firn_host_open(&host, "/", &err));
	ck_ok(firn_secret_rules_open(&rules, NULL, 0, &err));
	pid = start_planted();
	look_at_planted();
}

static void
teardown(void)
{
	char command[192];

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	json_decref(checklist);
	firn_secret_rules_close(&rules);
	firn_host_close(&host);
	close(folder_fd);
	snprintf(command, sizeof(command), "rm -rf %s %s.outside", folder,
		 folder);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(no_planted_value_comes_out)
{
	ck_says_no_value(checklist);
	ck_assert_str_eq(said_of(checklist, "case"), "CASE-1");
}
END_TEST

START_TEST(the_same_value_in_two_places_is_one_item)
{
	const json_t *item = item_at(checklist, "name", "POOL_PASSWORD");

	ck_assert_ptr_nonnull(item);
	ck_assert_ptr_eq(item, item_at(checklist, "name", "DATABASE_URL"));
	/* What knows more of it has the say. */
	ck_assert_str_eq(said_of(item, "kind"), "postgres-url");
	ck_assert_str_eq(firn_json_string(item, "facts", "user", NULL), "app");
	ck_assert_str_eq(firn_json_string(item, "facts", "host", NULL), "db");
	ck_assert_str_eq(said_of(item, "confidence"), "high");
}
END_TEST

START_TEST(the_configured_environment_is_looked_at)
{
	ck_assert_ptr_nonnull(item_at(checklist, "name", "CONFIG_SECRET"));
	ck_assert_ptr_nonnull(item_at(checklist, "where", "configuration"));
}
END_TEST

START_TEST(secrets_on_a_command_line_are_found)
{
	ck_assert_str_eq(said_of(item_at(checklist, "name", "--token"), "kind"),
			 "huggingface-token");
	ck_assert_ptr_nonnull(item_at(checklist, "name", "--password"));
	ck_assert_ptr_nonnull(item_at(checklist, "name", "ACCESS_TOKEN"));
}
END_TEST

START_TEST(secrets_in_files_are_found)
{
	const json_t *key = item_at(checklist, "path", "/root/.ssh/id_ed25519");
	const json_t *cloud =
		item_at(checklist, "path", "/root/.aws/credentials");

	ck_assert_ptr_nonnull(item_at(checklist, "path", "/run/secrets/db"));
	ck_assert_str_eq(said_of(key, "kind"), "openssh-key");
	ck_assert_str_eq(said_of(cloud, "kind"), "aws-access-key");
	ck_assert_ptr_nonnull(item_at(checklist, "path", "/home/app/.pgpass"));
}
END_TEST

START_TEST(a_projected_token_says_whose_it_is_and_until_when)
{
	const json_t *item =
		item_at(checklist, "path",
			"/run/secrets/kubernetes.io/serviceaccount/token");

	ck_assert_ptr_nonnull(item);
	ck_assert_str_eq(firn_json_string(item, "facts", "issuer", NULL),
			 "firn-fake");
	ck_assert_str_eq(firn_json_string(item, "facts", "audience", NULL),
			 "fake-aud");
	ck_assert_int_eq(strncmp(said_of(item, "expires"), "2033-05-18", 10),
			 0);
}
END_TEST

START_TEST(what_only_stands_beside_a_secret_is_not_one)
{
	ck_assert_ptr_null(
		item_at(checklist, "path",
			"/run/secrets/kubernetes.io/serviceaccount/namespace"));
	ck_assert_ptr_null(
		item_at(checklist, "path",
			"/run/secrets/kubernetes.io/serviceaccount/ca.crt"));
	ck_assert_ptr_null(item_at(checklist, "name", "QUEUE_PASSWORD_FILE"));
}
END_TEST

START_TEST(a_file_that_a_variable_names_holds_its_value)
{
	const json_t *item = item_at(checklist, "name", "QUEUE_PASSWORD");

	ck_assert_ptr_nonnull(item);
	ck_assert_ptr_eq(item, item_at(checklist, "path", "/run/secrets/db"));
}
END_TEST

START_TEST(a_fifo_in_place_of_a_file_is_a_gap_and_is_not_woken)
{
	ck_assert_ptr_null(item_at(checklist, "path", "/root/.netrc"));
	ck_assert(has_gap(checklist, "/root/.netrc"));
	/* Nobody holds it open for reading. */
	ck_assert_int_eq(openat(folder_fd, "root/.netrc",
				O_WRONLY | O_NONBLOCK | O_CLOEXEC),
			 -1);
	ck_assert_int_eq(errno, ENXIO);
}
END_TEST

START_TEST(a_link_out_of_the_root_is_a_gap_and_is_not_followed)
{
	ck_assert_ptr_null(
		item_at(checklist, "path", "/root/.docker/config.json"));
	ck_assert(has_gap(checklist, "/root/.docker/config.json"));
	ck_assert(has_gap(checklist, "/run/secrets/out"));
	/* Those of a projected volume stay within it. */
	ck_assert(!has_gap(checklist, "/run/secrets/kubernetes.io"));
}
END_TEST

START_TEST(a_file_that_was_looked_at_keeps_its_time_of_access)
{
	const struct timespec old[2] = { { .tv_sec = 1000 },
					 { .tv_sec = 2000 } };
	struct stat st;

	ck_assert_int_eq(utimensat(folder_fd, "run/secrets/db", old, 0), 0);
	look_at_planted();
	ck_assert_int_eq(fstatat(folder_fd, "run/secrets/db", &st, 0), 0);
	ck_assert_int_eq(st.st_atim.tv_sec, 1000);
}
END_TEST

/* A line that a name began would be markup. */
START_TEST(a_hostile_name_is_no_markup)
{
	autofree char *markdown = firn_secrets_markdown(checklist);

	ck_assert_ptr_nonnull(markdown);
	ck_assert_ptr_null(strchr(markdown, '\x1b'));
	ck_assert_ptr_null(strstr(markdown, "\n# \\"));
	ck_assert_ptr_null(strstr(markdown, "|`<b>"));
	ck_assert_ptr_null(strstr(markdown, "[x](y)"));
	ck_assert_ptr_nonnull(strstr(markdown, "A\\|\\`\\<b\\>"));
}
END_TEST

START_TEST(the_most_pressing_come_first_and_each_says_why)
{
	const json_t *item;
	json_int_t last = INT32_MAX;
	size_t i;

	json_array_foreach(json_object_get(checklist, "items"), i, item) {
		const json_t *order = json_object_get(item, "order");
		json_int_t points =
			json_integer_value(json_object_get(order, "points"));

		ck_assert_int_le(points, last);
		last = points;
		ck_assert_int_eq(json_integer_value(
					 json_object_get(order, "rank")),
				 (int)i + 1);
		ck_assert_uint_gt(json_array_size(
					  json_object_get(order, "why")),
				  0);
		ck_assert_ptr_nonnull(
			firn_json_string(item, "guide", "rotate", NULL));
		ck_assert_uint_gt(json_array_size(
					  json_object_get(item, "places")),
				  0);
	}
	ck_assert_uint_ge(i, 9);
}
END_TEST

START_TEST(another_case_has_other_fingerprints)
{
	const struct firn_case other = { .id = "CASE-2", .key = { 9 } };
	struct firn_target target = {
		.host = &host,
		.init_pid = pid,
		.environment = json_pack("[s]", "CONFIG_SECRET=" CONFIGURED),
	};
	autojson json_t *again = NULL;

	ck_ok(firn_secrets_of_target(&target, rules, &other, &again, &err));
	json_decref(target.environment);
	ck_assert_str_ne(said_of(item_at(again, "name", "CONFIG_SECRET"),
				 "fingerprint"),
			 said_of(item_at(checklist, "name", "CONFIG_SECRET"),
				 "fingerprint"));
}
END_TEST

/* The checklist of a configured environment, with a process that is gone. */
static json_t *
look_at_environment(json_t *environment)
{
	struct firn_member member = { .pid = 0x3ffffff };
	struct firn_target target = {
		.host = &host,
		.init_pid = pid,
		.members = { .items = &member, .n = 1 },
		.environment = environment,
	};
	json_t *result = NULL;

	ck_ok(firn_secrets_of_target(&target, rules, &of, &result, &err));
	json_decref(environment);
	return result;
}

START_TEST(each_secret_in_a_value_is_an_item)
{
	autojson json_t *result = look_at_environment(
		json_pack("[s]",
			  "APP_CONFIG={\"db\": \"postgres://a:" CONFIGURED
			  "@db/a\", \"hub\": \"" ARGUMENT "\"}"));
	const json_t *item, *place;
	size_t i, k, n = 0;

	json_array_foreach(json_object_get(result, "items"), i, item) {
		json_array_foreach(json_object_get(item, "places"), k, place) {
			n += strcmp(said_of(place, "name"), "APP_CONFIG") == 0;
		}
	}
	ck_assert_uint_eq(n, 2);
	ck_says_no_value(result);
}
END_TEST

START_TEST(a_name_that_holds_a_secret_is_not_shown)
{
	autojson json_t *result = look_at_environment(
		json_pack("[s]", ARGUMENT "-TOKEN=" CONFIGURED));

	ck_assert_ptr_nonnull(item_at(result, "path", "/run/secrets/db"));
	ck_says_no_value(result);
}
END_TEST

START_TEST(more_secrets_than_the_list_takes_is_a_gap_beside_others)
{
	json_t *environment = json_array();
	autojson json_t *result = NULL;

	for (int i = 0; i < 2100; i++)
		json_array_append_new(environment,
				      json_sprintf("X%d_SECRET=firn-fake-%d", i,
						   i));
	result = look_at_environment(environment);
	ck_assert_uint_eq(json_array_size(json_object_get(result, "items")),
			  2000);
	ck_assert(has_gap(result, "the rest"));
	ck_assert(has_gap(result, "environment"));
}
END_TEST

START_TEST(a_process_that_is_gone_is_a_gap)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	look_at_planted();
	ck_assert(has_gap(checklist, "environment"));
	ck_assert(has_gap(checklist, "command line"));
	ck_assert(has_gap(checklist, "files"));
}
END_TEST

/* --- from an archive ------------------------------------------------------
 */

static void
archive_text(struct firn_archive *archive, const char *path, const char *text,
	     size_t len)
{
	ck_ok(firn_archive_bytes(archive, path, text, len, NULL, &err));
}

static json_t *
look_at_archive(const json_t *kept)
{
	static const char environ[] =
		"POOL_PASSWORD=" SHARED "\0"
		"DATABASE_URL=postgres://app:" SHARED "@db/app";
	static const char cmdline[] = "curl -u app:" SHELL_USER
				      " https://x/?ACCESS_TOKEN=" SHELL_TOKEN;
	autodone(firn_archive_close) struct firn_archive *archive = NULL;
	autojson json_t *about = json_object();
	struct firn_archive_options options = { .case_id = of.id };
	struct firn_sealed sealed;
	struct firn_key *key = NULL;
	char path[96];
	json_t *result = NULL;
	autoclose int fd = -1;

	snprintf(path, sizeof(path), "%s/key", folder);
	ck_ok(firn_key_make(&key, path, &err));
	snprintf(path, sizeof(path), "%s/archive", folder);
	options.key = key;
	options.path = path;
	ck_ok(firn_archive_create(&archive, &options, &err));
	firn_json_text(about, "case", of.id);
	firn_json_hex(about, "fingerprint_key", of.key, sizeof(of.key));
	ck_ok(firn_archive_json(archive, "data/case.json", about, NULL, &err));
	archive_text(archive, "data/processes/17/environ", environ,
		     sizeof(environ));
	archive_text(archive, "data/processes/17/cmdline", cmdline,
		     sizeof(cmdline));
	if (kept != NULL)
		ck_ok(firn_archive_json(archive, "data/assess/secrets.json",
					kept, NULL, &err));
	ck_ok(firn_archive_seal(archive, &sealed, &err));
	unlinkat(folder_fd, "key", 0);
	unlinkat(folder_fd, "key.pub", 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_ok(firn_secrets_of_archive(fd, rules, &result, &err));
	firn_key_close(&key);
	unlink(path);
	return result;
}

START_TEST(an_archive_gives_the_same_fingerprints_and_no_value)
{
	autojson json_t *again = look_at_archive(checklist);
	const json_t *item = item_at(again, "name", "POOL_PASSWORD");

	ck_says_no_value(again);
	ck_assert_str_eq(said_of(item, "fingerprint"),
			 said_of(item_at(checklist, "name", "POOL_PASSWORD"),
				 "fingerprint"));
	ck_assert_ptr_nonnull(item_at(again, "name", "ACCESS_TOKEN"));
}
END_TEST

START_TEST(what_files_held_is_taken_over_and_that_is_said)
{
	autojson json_t *again = look_at_archive(checklist);
	autojson json_t *without = look_at_archive(NULL);

	ck_assert_ptr_nonnull(item_at(again, "path", "/run/secrets/db"));
	ck_assert(has_gap(again, "files"));
	ck_assert(has_gap(without, "files"));
}
END_TEST

/* The same value in a process and in a file. */
START_TEST(a_file_of_an_item_that_processes_have_too_is_kept)
{
	const json_t *item = item_at(checklist, "name", "POOL_PASSWORD");
	autojson json_t *again = NULL;

	json_array_append_new(json_object_get(item, "places"),
			      json_pack("{s:s, s:s}", "where", "file", "path",
					"/run/secrets/pool"));
	again = look_at_archive(checklist);
	item = item_at(again, "name", "POOL_PASSWORD");
	ck_assert_ptr_eq(item, item_at(again, "path", "/run/secrets/pool"));
}
END_TEST

START_TEST(a_forged_checklist_in_an_archive_draws_nothing)
{
	autojson json_t *forged = json_pack(
		"{s:[{s:s, s:s, s:s, s:s, s:[{s:s}]}, {s:s, s:s}, s]}", "items",
		"fingerprint", "00", "priority", "P0", "title",
		"\x1b[2J\n# forged", "revoke", "\x1b]0;forged\a\n# forged",
		"places", "where", "\x1b[31m\n# forged", "fingerprint", "01",
		"priority", "P0\n# forged", "text");
	autojson json_t *again = NULL;
	autofree char *markdown = NULL;

	ck_assert_ptr_nonnull(forged);
	again = look_at_archive(forged);
	markdown = firn_secrets_markdown(again);
	ck_assert_ptr_nonnull(markdown);
	ck_assert_ptr_null(strchr(markdown, '\x1b'));
	ck_assert_ptr_null(strstr(markdown, "\n# forged"));
}
END_TEST

static void
add_live(TCase *tcase)
{
	tcase_add_test(tcase, no_planted_value_comes_out);
	tcase_add_test(tcase, the_same_value_in_two_places_is_one_item);
	tcase_add_test(tcase, the_configured_environment_is_looked_at);
	tcase_add_test(tcase, secrets_on_a_command_line_are_found);
	tcase_add_test(tcase, secrets_in_files_are_found);
	tcase_add_test(tcase,
		       a_projected_token_says_whose_it_is_and_until_when);
	tcase_add_test(tcase, what_only_stands_beside_a_secret_is_not_one);
	tcase_add_test(tcase, a_file_that_a_variable_names_holds_its_value);
	tcase_add_test(tcase,
		       a_fifo_in_place_of_a_file_is_a_gap_and_is_not_woken);
	tcase_add_test(tcase,
		       a_link_out_of_the_root_is_a_gap_and_is_not_followed);
	tcase_add_test(tcase,
		       a_file_that_was_looked_at_keeps_its_time_of_access);
	tcase_add_test(tcase, a_hostile_name_is_no_markup);
	tcase_add_test(tcase, the_most_pressing_come_first_and_each_says_why);
	tcase_add_test(tcase, another_case_has_other_fingerprints);
	tcase_add_test(tcase, each_secret_in_a_value_is_an_item);
	tcase_add_test(tcase, a_name_that_holds_a_secret_is_not_shown);
	tcase_add_test(tcase,
		       more_secrets_than_the_list_takes_is_a_gap_beside_others);
	tcase_add_test(tcase, a_process_that_is_gone_is_a_gap);
}

static void
add_archived(TCase *tcase)
{
	tcase_add_test(tcase,
		       an_archive_gives_the_same_fingerprints_and_no_value);
	tcase_add_test(tcase, what_files_held_is_taken_over_and_that_is_said);
	tcase_add_test(tcase,
		       a_file_of_an_item_that_processes_have_too_is_kept);
	tcase_add_test(tcase, a_forged_checklist_in_an_archive_draws_nothing);
}

int
main(int argc, char **argv)
{
	Suite *suite;
	TCase *tcase;

	if (argc > 2 && strcmp(argv[1], PLANTED) == 0)
		be_planted(argv[2]);
	if (geteuid() != 0) {
		puts("skipped: chroot(2) needs root");
		return 77;
	}
	suite = suite_create("secrets");
	tcase = tcase_create("secrets");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	add_live(tcase);
	add_archived(tcase);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
