/* Which playbook is for an alert: what it says, and what is known of the
 * container that was found, which is believed alone. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "check.h"
#include "firn/alert.h"
#include "firn/playbook.h"

static struct firn_err err;

static struct firn_playbook *
with(const char *more)
{
	struct firn_playbook *playbook = NULL;
	char text[2048];

	snprintf(text, sizeof(text), "playbook: x\n%s\nsteps: [capture]\n",
		 more);
	ck_ok(firn_playbook_parse(&playbook, "x.yaml", text, strlen(text),
				  &err));
	return playbook;
}

#define ALERT                                                                 \
	"{\"format\": \"falco\", \"rule\": \"Terminal shell in container\", " \
	"\"severity\": \"notice\", \"tags\": [\"shell\", "                    \
	"\"mitre_execution\"], \"labels\": {\"app\": \"web\"}, "              \
	"\"fields\": {\"proc.name\": \"sh\"}, \"image\": \"shop/web:1\", "    \
	"\"namespace\": \"shop\", \"container_name\": \"web\"}"

static bool
fits(const char *more, const char *alert_text, const char *source,
     const struct firn_traits *traits, const char *says)
{
	struct firn_playbook *playbook = with(more);
	autojson json_t *alert = json_loads(alert_text, 0, NULL);
	autojson json_t *why = NULL;
	bool found = says == NULL, fits;
	const json_t *one;
	size_t i;

	ck_assert_ptr_nonnull(alert);
	fits = firn_playbook_fits(playbook, alert, source, traits, &why);
	ck_assert_int_eq(fits, firn_playbook_fits(playbook, alert, source,
						  traits, NULL));
	json_array_foreach(why, i, one) {
		found = found || strstr(json_string_value(one), says) != NULL;
	}
	ck_assert_msg(found, "\"%s\" isn't among why", says);
	firn_playbook_close(&playbook);
	return fits;
}

#define FITS(entry) fits("match: [" entry "]", ALERT, NULL, NULL, NULL)

/* --- one entry ------------------------------------------------------------ */

START_TEST(all_keys_of_an_entry_must_fit_and_any_of_a_list)
{
	ck_assert(FITS("{rule: Terminal shell in container}"));
	ck_assert(FITS("{rule: [x, \"*shell*\"]}"));
	ck_assert(!FITS("{rule: shell}"));
	ck_assert(!FITS("{rule: \"terminal*\"}"));
	ck_assert(FITS("{rule: \"*\", source: falco}"));
	ck_assert(!FITS("{rule: \"*\", source: tracee}"));
	ck_assert(FITS("{rule: x}, {source: falco}"));
	ck_assert(FITS("{tags: [x, shell]}"));
	ck_assert(!FITS("{tags: x}"));
	ck_assert(FITS(
		"{labels: {app: \"w*\"}, fields: {proc.name: [bash, sh]}}"));
	ck_assert(!FITS("{labels: {app: web, other: \"*\"}}"));
}
END_TEST

START_TEST(a_priority_is_that_or_that_and_worse)
{
	ck_assert(FITS("{priority: notice}"));
	ck_assert(FITS("{priority: \">=notice\"}"));
	ck_assert(FITS("{priority: \">= debug\"}"));
	ck_assert(FITS("{priority: [critical, low]}"));
	ck_assert(!FITS("{priority: \">=warning\"}"));
	ck_assert(!FITS("{priority: [warning, debug]}"));
	/* One that has none, or one that nobody knows. */
	ck_assert(!fits("match: [{priority: \">=debug\"}]", "{\"rule\": \"r\"}",
			NULL, NULL, "isn't known"));
	ck_assert(!fits("match: [{priority: \">=debug\"}]",
			"{\"severity\": \"loud\"}", NULL, NULL, NULL));
}
END_TEST

START_TEST(a_sender_is_known_by_its_form_or_by_its_name)
{
	ck_assert(fits("match: [{source: falco-prod}]", ALERT, "falco-prod",
		       NULL, "its sender is \"falco-prod\""));
	ck_assert(fits("match: [{source: falco}]", ALERT, "falco-prod", NULL,
		       "its form is \"falco\""));
	ck_assert(!fits("match: [{source: falco-prod}]", ALERT, NULL, NULL,
			NULL));
}
END_TEST

START_TEST(without_a_match_it_is_for_nobody_who_does_not_ask)
{
	ck_assert(!fits("", ALERT, NULL, NULL, "by its name"));
}
END_TEST

/* --- the container -------------------------------------------------------- */

START_TEST(of_a_container_that_was_found_the_alert_is_not_believed)
{
	const struct firn_traits traits = { .id = "0123",
					    .name = "db",
					    .image = "postgres:15",
					    .labels_whole = true };

	ck_assert(FITS("{target.image: shop/web}"));
	ck_assert(FITS("{target.name: web, target.namespace: shop}"));
	ck_assert(!fits("match: [{target.image: shop/web}]", ALERT, NULL,
			&traits, "the image is \"postgres:15\""));
	ck_assert(fits("match: [{target.image: docker.io/library/postgres}]",
		       ALERT, NULL, &traits, NULL));
	ck_assert(
		fits("match: [{target.name: db}]", ALERT, NULL, &traits, NULL));
	/* It is in no pod, whatever the alert says. */
	ck_assert(!fits("match: [{target.namespace: shop}]", ALERT, NULL,
			&traits, NULL));
}
END_TEST

START_TEST(labels_are_the_containers_own)
{
	autojson json_t *labels = json_pack("{s:s}", "app", "db");
	const struct firn_traits traits = { .id = "0123",
					    .name = "db",
					    .labels = labels,
					    .labels_whole = true };

	ck_assert(fits("match: [{target.label: {app: db}}]", ALERT, NULL,
		       &traits, NULL));
	ck_assert(!fits("match: [{target.label: {app: web}}]", ALERT, NULL,
			&traits, NULL));
	ck_assert(!fits("match: [{target.label: {app: web}}]", ALERT, NULL,
			NULL, NULL));
}
END_TEST

START_TEST(an_exception_holds_also_where_something_is_not_known)
{
	const struct firn_traits bare = { .id = "0123" };
	const struct firn_traits kube = { .id = "0123",
					  .name = "x",
					  .pod_namespace = "kube-system",
					  .pod_name = "dns" };

#define EXCEPT \
	"match: [{rule: \"*\"}]\nexcept: [{target.namespace: kube-system}]"
	ck_assert(fits(EXCEPT, ALERT, NULL, NULL, NULL));
	ck_assert(!fits(EXCEPT, ALERT, NULL, &kube, "it is excepted"));
	ck_assert(!fits(EXCEPT, ALERT, NULL, &bare, "could be one"));
}
END_TEST

/* What a suspect chose, as long and as strange as an alert can hold it. */
START_TEST(hostile_texts_are_compared_and_shown_short)
{
	autojson json_t *alert = json_object(), *why = NULL;
	struct firn_playbook *playbook =
		with("match: [{rule: \"*a*a*a*a*a*a*a*a*a*a*a*b\"}]");
	char text[FIRN_ALERT_TEXT + 1];

	memset(text, 'a', FIRN_ALERT_TEXT);
	text[FIRN_ALERT_TEXT] = '\0';
	memcpy(text, "\033]0;\xe2\x80\xae", 7);
	json_object_set_new(alert, "rule", json_string(text));
	ck_assert(!firn_playbook_fits(playbook, alert, NULL, NULL, &why));
	ck_assert_uint_eq(json_array_size(why), 1);
	ck_assert_uint_lt(json_string_length(json_array_get(why, 0)), 200);
	firn_playbook_close(&playbook);

	/* Not what an alert should hold at all. */
	json_object_set_new(alert, "rule", json_integer(1));
	json_object_set_new(alert, "tags", json_string("x"));
	json_object_set_new(alert, "labels", json_array());
	json_object_set_new(alert, "severity", json_true());
	playbook = with("match: [{rule: x}, {tags: x}, {labels: {a: b}}, "
			"{priority: \">=debug\"}]");
	ck_assert(!firn_playbook_fits(playbook, alert, NULL, NULL, NULL));
	firn_playbook_close(&playbook);
}
END_TEST

/* --- among all ------------------------------------------------------------ */

static char folder[] = "/tmp/firn-playbooks-XXXXXX";

static void
make_folder(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
remove_folder(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
put(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, 0644), 0);
}

static const char *
chosen(const struct firn_playbooks *all, const char *alert_text)
{
	autojson json_t *alert = json_loads(alert_text, 0, NULL);
	const struct firn_playbook *one =
		firn_playbooks_choose(all, alert, NULL, NULL, NULL);

	return one != NULL ? one->name : "none";
}

START_TEST(the_seven_that_ship_are_there_and_sound_and_general_is_last)
{
	static const char *const names[] = {
		"container-escape", "credential-theft",
		"crypto-miner",     "data-exfiltration",
		"suspicious-shell", "web-shell",
		"general"
	};
	struct firn_playbooks all = { 0 };

	ck_ok(firn_playbooks_open(&all, folder, &err));
	ck_assert_uint_eq(all.n, sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < all.n; i++) {
		const struct firn_playbook *one = all.items[i];

		ck_assert_str_eq(one->name, names[i]);
		ck_assert_uint_eq(json_array_size(one->warnings), 0);
		ck_assert_uint_gt(one->limits.max_freeze_s, 0);
		ck_assert_ptr_nonnull(one->description);
		/* Nothing that ships ends a container. */
		ck_assert_int_lt(one->steps[one->n_steps - 1].ending,
				 FIRN_THEN_STOP);
	}
	firn_playbooks_close(&all);
}
END_TEST

START_TEST(alerts_find_what_ships_for_them)
{
	struct firn_playbooks all = { 0 };

	ck_ok(firn_playbooks_open(&all, folder, &err));
	ck_assert_str_eq(chosen(&all, ALERT), "suspicious-shell");
	ck_assert_str_eq(chosen(&all, "{\"format\": \"tracee\", \"rule\": "
				      "\"stdio_over_socket\"}"),
			 "web-shell");
	ck_assert_str_eq(chosen(&all, "{\"format\": \"alertmanager\", "
				      "\"rule\": \"ContainerCPUMiner\"}"),
			 "crypto-miner");
	ck_assert_str_eq(chosen(&all, "{\"format\": \"tetragon\", \"rule\": "
				      "\"cve-2024-21626-runc\"}"),
			 "container-escape");
	ck_assert_str_eq(chosen(&all, "{\"rule\": \"x\", \"severity\": "
				      "\"critical\"}"),
			 "general");
	ck_assert_str_eq(chosen(&all, "{\"rule\": \"x\", \"severity\": "
				      "\"notice\"}"),
			 "none");
	ck_assert_str_eq(chosen(&all, "{}"), "none");
	firn_playbooks_close(&all);
}
END_TEST

START_TEST(one_that_is_named_is_taken_unless_it_is_excepted)
{
	struct firn_playbooks all = { 0 };

	put("a.yaml", "playbook: only-by-name\nexcept: [{rule: never}]\n"
		      "steps: [capture]\n");
	ck_ok(firn_playbooks_open(&all, folder, &err));
	ck_assert_str_eq(chosen(&all, "{\"playbook\": \"only-by-name\"}"),
			 "only-by-name");
	ck_assert_str_eq(chosen(&all, "{\"playbook\": \"only-by-name\", "
				      "\"rule\": \"never\", \"severity\": "
				      "\"alert\"}"),
			 "general");
	ck_assert_str_eq(chosen(&all, "{\"playbook\": \"../../x\", "
				      "\"severity\": \"alert\"}"),
			 "general");
	firn_playbooks_close(&all);
}
END_TEST

START_TEST(a_teams_own_come_first_and_replace_what_ships)
{
	struct firn_playbooks all = { 0 };
	autojson json_t *alert = json_loads(ALERT, 0, NULL), *why = NULL;

	put("20.yaml", "playbook: web-shell\nmatch: [{rule: \"*\"}]\n"
		       "steps: [capture]\n");
	put("10.json", "{\"playbook\": \"first\", \"match\": [{\"rule\": "
		       "\"Terminal*\"}], \"steps\": [\"capture\"]}");
	put("30.yml", "playbook: general\nsteps: [capture]\n");
	put(".40.yaml", "not read");
	put("50.yaml~", "not read");
	ck_ok(firn_playbooks_open(&all, folder, &err));
	ck_assert_uint_eq(all.n, 8);
	ck_assert_str_eq(all.items[0]->name, "first");
	ck_assert_str_eq(all.items[1]->name, "web-shell");
	ck_assert_str_eq(all.items[1]->file, "20.yaml");
	ck_assert_str_eq(all.items[7]->name, "general");
	ck_assert_str_eq(all.items[7]->file, "30.yml");
	ck_assert_str_eq(
		firn_playbooks_choose(&all, alert, NULL, NULL, &why)->name,
		"first");
	ck_assert_uint_eq(json_array_size(why), 1);
	/* After one that takes everything, nothing is left for those behind. */
	ck_assert_uint_eq(json_array_size(all.items[1]->warnings), 1);
	ck_assert_ptr_nonnull(strstr(
		json_string_value(json_array_get(all.items[3]->warnings, 0)),
		"is never chosen"));
	firn_playbooks_close(&all);
}
END_TEST

START_TEST(one_that_is_wrong_stops_all)
{
	struct firn_playbooks all = { 0 };

	put("a.yaml", "playbook: a\nsteps: [freze]\n");
	ck_fails(firn_playbooks_open(&all, folder, &err), EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "a.yaml:2:9: "));
	ck_assert_uint_eq(all.n, 0);
}
END_TEST

START_TEST(two_of_one_name_stop_all)
{
	struct firn_playbooks all = { 0 };

	put("a.yaml", "playbook: same\nsteps: [capture]\n");
	put("b.yaml", "playbook: same\nsteps: [capture]\n");
	ck_fails(firn_playbooks_open(&all, folder, &err), EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "a.yaml and b.yaml"));
}
END_TEST

START_TEST(what_others_can_write_is_not_obeyed)
{
	struct firn_playbooks all = { 0 };
	char path[128];

	put("a.yaml", "playbook: a\nsteps: [capture]\n");
	snprintf(path, sizeof(path), "%s/a.yaml", folder);
	ck_assert_int_eq(chmod(path, 0664), 0);
	ck_fails(firn_playbooks_open(&all, folder, &err), EPERM);
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(chown(path, 65534, 0), 0);
	ck_fails(firn_playbooks_open(&all, folder, &err), EPERM);
	ck_assert_int_eq(unlink(path), 0);
	/* And nobody is waited for. */
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	ck_fails(firn_playbooks_open(&all, folder, &err), EPERM);
}
END_TEST

START_TEST(a_folder_that_others_can_change_is_not_read)
{
	struct firn_playbooks all = { 0 };

	put("a.yaml", "playbook: a\nsteps: [capture]\n");
	ck_assert_int_eq(chmod(folder, 0777), 0);
	ck_fails(firn_playbooks_open(&all, folder, &err), EPERM);
	ck_assert_int_eq(chmod(folder, 01777), 0);
	ck_fails(firn_playbooks_open(&all, folder, &err), EPERM);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_ok(firn_playbooks_open(&all, folder, &err));
	firn_playbooks_close(&all);
}
END_TEST

START_TEST(what_is_not_on_this_node_is_warned_of)
{
	struct firn_playbook *playbook =
		with("notify: [{webhook: \"https://x/\", secret: {file: "
		     "/nonexistent/1}}]");

	firn_playbook_look_here(playbook);
	ck_assert_uint_eq(json_array_size(playbook->warnings), 1);
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_array_get(playbook->warnings, 0)),
		       "/nonexistent/1 isn't there"));
	firn_playbook_close(&playbook);
}
END_TEST

START_TEST(a_folder_that_was_named_must_be_there)
{
	struct firn_playbooks all = { 0 };

	ck_fails(firn_playbooks_open(&all, "/nonexistent", &err), ENOENT);
}
END_TEST

static Suite *
choose_suite(void)
{
	Suite *suite = suite_create("choose");
	TCase *one = tcase_create("one"), *all = tcase_create("all");

	tcase_add_test(one, all_keys_of_an_entry_must_fit_and_any_of_a_list);
	tcase_add_test(one, a_priority_is_that_or_that_and_worse);
	tcase_add_test(one, a_sender_is_known_by_its_form_or_by_its_name);
	tcase_add_test(one, without_a_match_it_is_for_nobody_who_does_not_ask);
	tcase_add_test(one,
		       of_a_container_that_was_found_the_alert_is_not_believed);
	tcase_add_test(one, labels_are_the_containers_own);
	tcase_add_test(one,
		       an_exception_holds_also_where_something_is_not_known);
	tcase_add_test(one, hostile_texts_are_compared_and_shown_short);
	suite_add_tcase(suite, one);

	tcase_add_checked_fixture(all, make_folder, remove_folder);
	tcase_add_test(
		all,
		the_seven_that_ship_are_there_and_sound_and_general_is_last);
	tcase_add_test(all, alerts_find_what_ships_for_them);
	tcase_add_test(all, one_that_is_named_is_taken_unless_it_is_excepted);
	tcase_add_test(all, a_teams_own_come_first_and_replace_what_ships);
	tcase_add_test(all, one_that_is_wrong_stops_all);
	tcase_add_test(all, two_of_one_name_stop_all);
	tcase_add_test(all, what_others_can_write_is_not_obeyed);
	tcase_add_test(all, a_folder_that_others_can_change_is_not_read);
	tcase_add_test(all, what_is_not_on_this_node_is_warned_of);
	tcase_add_test(all, a_folder_that_was_named_must_be_there);
	suite_add_tcase(suite, all);
	return suite;
}

int
main(void)
{
	if (geteuid() != 0) {
		puts("skipped: needs root");
		return 77;
	}
	return run_suite(choose_suite());
}
