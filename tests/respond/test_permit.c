/* Who may, how often, with whom: and what is written of it. */

#include "firn/permit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alone.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "check.h"
#include "firn/approval.h"
#include "firn/audit.h"

static struct firn_err err;
static struct firn_policy *policy;
static struct firn_host host = { -1, -1 };
static char name_of_ada[] = "ada", name_of_bob[] = "bob";
static char name_of_carol[] = "carol", name_of_falco[] = "falco";
static struct firn_party ada = { .name = name_of_ada, .uid = 1001 };
static struct firn_party bob = { .name = name_of_bob, .uid = 1002 };
static struct firn_party falco = { .is_source = true, .name = name_of_falco };
static struct firn_permit permit;
static struct firn_traits web;
static struct firn_decision said;

static const char TEXT[] =
	"responders:\n"
	"  - {users: [ada], may: [look, capture, freeze, isolate],"
	" targets: {name: \"web*\"}}\n"
	"  - {users: [bob], may: [look, isolate]}\n"
	"sources:\n"
	"  - {name: falco, user: falco, may: [capture, freeze, isolate]}\n"
	"never-touch: [{name: [web-never]}]\n"
	"approval: [{may: [isolate], within: 10m}]\n"
	"limits: {freezes-per-hour: 3}\n";

static struct firn_traits
named(const char *name)
{
	struct firn_traits traits = {
		.id = name,
		.name = name,
		.image = "registry.example.org/web:1",
		.labels_whole = true,
	};

	snprintf(traits.service, sizeof(traits.service), "web");
	return traits;
}

static void
use_policy(const char *text)
{
	firn_policy_close(&policy);
	ck_ok(firn_policy_parse(&policy, "policy.yaml", text, strlen(text),
				&err));
	permit.policy = policy;
}

static void
setup(void)
{
	alone();
	ck_ok(firn_host_open(&host, "/", &err));
	permit = (struct firn_permit){
		.host = &host,
		.who = &ada,
		.command = "test",
	};
	use_policy(TEXT);
	web = named("web-1");
}

static void
teardown(void)
{
	firn_policy_close(&policy);
	firn_host_close(&host);
}

static enum firn_verdict
ask(enum firn_role role, const struct firn_traits *what)
{
	ck_ok(firn_permitted_as(&permit, role, what, &said, &err));
	return said.verdict;
}

static json_t *
lines(void)
{
	autojson json_t *log = NULL;

	ck_ok(firn_audit_read(0, &log, &err));
	ck_assert(json_is_true(json_object_get(log, "intact")));
	return json_incref(json_object_get(log, "lines"));
}

static size_t
n_lines(void)
{
	autojson json_t *all = lines();

	return json_array_size(all);
}

/* The last line; "" for what isn't there. */
static const char *
last(const char *key)
{
	static char text[4096];
	autojson json_t *all = lines();
	const json_t *line = json_array_get(all, json_array_size(all) - 1);
	const char *its = firn_json_string(line, key, NULL);

	if (its == NULL)
		its = firn_json_string(line, "details", key, NULL);
	snprintf(text, sizeof(text), "%s", its != NULL ? its : "");
	return text;
}

/* --- what is recorded ----------------------------------------------------- */

START_TEST(a_permission_and_a_refusal_are_lines_that_say_why)
{
	struct firn_traits other = named("db-1");
	autojson json_t *all = NULL;
	const json_t *line;

	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_ALLOWED);
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &other), FIRN_DENIED);
	all = lines();
	ck_assert_uint_eq(json_array_size(all), 2);
	line = json_array_get(all, 0);
	ck_assert_str_eq(firn_json_string(line, "action", NULL), "allowed");
	ck_assert_str_eq(firn_json_string(line, "who", "name", NULL), "ada");
	ck_assert_str_eq(firn_json_string(line, "details", "target", "id",
					  NULL),
			 "web-1");
	ck_assert_str_eq(firn_json_string(line, "details", "rule", NULL),
			 "policy.yaml:2:6");
	ck_assert_str_eq(firn_json_string(line, "details", "policy", NULL),
			 firn_policy_digest(policy));
	line = json_array_get(all, 1);
	ck_assert_str_eq(firn_json_string(line, "action", NULL), "denied");
	ck_assert_str_eq(firn_json_string(line, "details", "why", NULL),
			 said.why);
	ck_assert_ptr_null(firn_json_at(line, "details", "stops", NULL));
}
END_TEST

START_TEST(only_a_source_that_looks_leaves_a_line)
{
	struct firn_traits other = named("db-1");

	ck_assert_int_eq(ask(FIRN_ROLE_LOOK, &web), FIRN_ALLOWED);
	ck_assert_uint_eq(n_lines(), 0);
	ck_assert_int_eq(ask(FIRN_ROLE_LOOK, &other), FIRN_DENIED);
	ck_assert_uint_eq(n_lines(), 1);
	permit.who = &falco;
	ck_assert_int_eq(ask(FIRN_ROLE_LOOK, &web), FIRN_ALLOWED);
	ck_assert_uint_eq(n_lines(), 2);
}
END_TEST

START_TEST(what_cant_be_recorded_isnt_done_but_undone)
{
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_ALLOWED);
	ck_assert_int_eq(chmod(FIRN_AUDIT_FOLDER "/audit.jsonl", 0444), 0);
	ck_fails(firn_permitted_as(&permit, FIRN_ROLE_FREEZE, &web, &said,
				   &err),
		 EPERM);
	permit.undo = true;
	err = (struct firn_err){ 0 };
	ck_assert_int_eq(firn_permitted_as(&permit, FIRN_ROLE_FREEZE, &web,
					   &said, &err),
			 1);
	ck_assert_int_eq(said.verdict, FIRN_ALLOWED);
	ck_assert_int_eq(err.code, EPERM);
	/* What isn't allowed is not done because of that. */
	permit.who = &bob;
	ck_fails(firn_permitted_as(&permit, FIRN_ROLE_FREEZE, &web, &said,
				   &err),
		 EPERM);
}
END_TEST

START_TEST(a_name_that_somebody_chose_breaks_no_line)
{
	autojson json_t *labels = json_object(), *all = NULL;
	struct firn_traits hostile =
		named("web\n{\"seq\":1}\x1b[2J\xff\",\"stops\":true");
	char value[1024];

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 100; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		json_object_set_new(labels, key, json_string(value));
	}
	hostile.labels = labels;
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &hostile), FIRN_ALLOWED);
	all = lines();
	ck_assert_uint_eq(json_array_size(all), 1);
	ck_assert_ptr_null(firn_json_at(json_array_get(all, 0), "details",
					"target", "labels", NULL));
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &hostile), FIRN_ALLOWED);
}
END_TEST

START_TEST(what_the_answer_would_be_is_told_and_leaves_nothing)
{
	ck_ok(firn_would_permit(&permit, FIRN_ROLE_ISOLATE, &web, &said, &err));
	ck_assert_int_eq(said.verdict, FIRN_NEEDS_APPROVAL);
	permit.who = &falco;
	ck_ok(firn_would_permit(&permit, FIRN_ROLE_FREEZE, &web, &said, &err));
	ck_assert_int_eq(said.verdict, FIRN_ALLOWED);
	ck_assert_int_eq(rmdir(FIRN_AUDIT_FOLDER), -1);
	ck_assert_int_eq(errno, EBUSY); /* a mount, and empty: */
	ck_assert_int_eq(system("test -z \"$(ls -A " FIRN_AUDIT_FOLDER ")\""),
			 0);
}
END_TEST

/* --- undoing -------------------------------------------------------------- */

START_TEST(to_undo_takes_the_role_or_to_have_done_it_oneself)
{
	static struct firn_party carol = { .name = name_of_carol, .uid = 1003 };

	use_policy("responders:\n"
		   "  - {users: [ada, carol], may: [capture]}\n"
		   "  - {users: [bob], may: [freeze]}\n");
	ck_assert_int_eq(ask(FIRN_ROLE_CAPTURE, &web), FIRN_ALLOWED);
	permit.undo = true;
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_ALLOWED);
	ck_assert_ptr_nonnull(strstr(said.why, "itself"));
	permit.beyond = true;
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_DENIED);
	permit.beyond = false;
	permit.who = &carol;
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_DENIED);
	permit.who = &bob;
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_ALLOWED);
	/* What another did after is that one's. */
	permit.undo = false;
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_ALLOWED);
	permit.undo = true;
	permit.who = &ada;
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_DENIED);
	/* To have frozen it is not to have isolated it. */
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_DENIED);
}
END_TEST

START_TEST(never_touch_and_limits_dont_stand_against_undoing)
{
	struct firn_traits never = named("web-never");

	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &never), FIRN_DENIED);
	ck_assert(said.never_touched);
	permit.undo = true;
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &never), FIRN_ALLOWED);
	permit.who = &falco;
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_ALLOWED);
}
END_TEST

START_TEST(one_that_is_gone_is_known_by_what_was_written_of_it)
{
	autojson json_t *kept = NULL, *none = NULL, *labels = NULL;
	struct firn_traits traits;

	labels = json_pack("{s:s}", "team", "shop");
	web.labels = labels;
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_ALLOWED);
	ck_ok(firn_gone_traits("web-1", &kept, &traits, &err));
	ck_assert_str_eq(traits.name, "web-1");
	ck_assert_str_eq(traits.service, "web");
	ck_assert_str_eq(firn_json_string(traits.labels, "team", NULL), "shop");
	ck_assert(traits.labels_whole);
	ck_ok(firn_gone_traits("web-2", &none, &traits, &err));
	ck_assert_str_eq(traits.id, "web-2");
	ck_assert_ptr_null(traits.name);
	ck_assert_ptr_null(none);
}
END_TEST

/* --- limits --------------------------------------------------------------- */

START_TEST(what_one_case_asks_for_is_one_freeze)
{
	struct firn_traits others[] = { named("a"), named("b"), named("c") };

	permit.who = &falco;
	permit.case_id = "case-1";
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &others[i]),
				 FIRN_ALLOWED);
		ck_assert_int_eq(ask(FIRN_ROLE_CAPTURE, &others[i]),
				 FIRN_ALLOWED);
	}
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &others[2]), FIRN_ALLOWED);
	ck_assert_int_eq(ask(FIRN_ROLE_CAPTURE, &others[2]), FIRN_ALLOWED);
	permit.case_id = "case-2";
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_DENIED);
	ck_assert_ptr_nonnull(strstr(said.why, "freezes-per-hour"));
	/* A person isn't held up by what alerts did. */
	permit.who = &ada;
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_ALLOWED);
}
END_TEST

START_TEST(twenty_at_once_are_let_through_three_times)
{
	int allowed = 0;

	permit.who = &falco;
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			char name[16];
			struct firn_traits what;

			snprintf(name, sizeof(name), "web-%d", i);
			what = named(name);
			_exit(ask(FIRN_ROLE_FREEZE, &what) == FIRN_ALLOWED ? 0
									   : 1);
		}
	}
	for (int i = 0; i < 20; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status));
		allowed += WEXITSTATUS(status) == 0;
	}
	ck_assert_int_eq(allowed, 3);
	ck_assert_uint_eq(n_lines(), 20);
}
END_TEST

START_TEST(the_limit_of_a_service_is_of_its_containers_alone)
{
	struct firn_traits db = named("db-1"), web_2 = named("web-2");

	use_policy("sources:\n"
		   "  - {name: falco, user: falco, may: [freeze]}\n"
		   "limits: {freezes-per-hour-and-service: 1}\n");
	snprintf(db.service, sizeof(db.service), "db");
	permit.who = &falco;
	permit.case_id = "case-1";
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_ALLOWED);
	permit.case_id = "case-2";
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web_2), FIRN_DENIED);
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &db), FIRN_ALLOWED);
}
END_TEST

START_TEST(the_only_replica_on_the_node_is_told_by_what_runs)
{
	use_policy("sources:\n"
		   "  - {name: falco, user: falco, may: [freeze]}\n"
		   "limits: {stopped-share: 50%}\n");
	snprintf(web.service, sizeof(web.service), "no-such-service");
	permit.who = &falco;
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_DENIED);
	ck_assert_ptr_nonnull(strstr(said.why, "only replica"));
}
END_TEST

/* --- the second person ---------------------------------------------------- */

/* "firn approve ID" stands at the end. */
static const char *
request_id(void)
{
	const char *at = strstr(said.why, "firn approve ");

	ck_assert_ptr_nonnull(at);
	return at + strlen("firn approve ");
}

static int
answer(const char *id, const struct firn_party *by, bool yes)
{
	autojson json_t *request = NULL;

	return firn_approval_answer(policy, id, by, yes, "a note", &request,
				    &err);
}

START_TEST(a_second_person_lets_it_be_done_once)
{
	char id[FIRN_APPROVAL_ID];

	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	snprintf(id, sizeof(id), "%s", request_id());
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	ck_assert_str_eq(request_id(), id);
	ck_fails(answer(id, &ada, true), EPERM);
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	ck_ok(answer(id, &bob, true));
	ck_assert_str_eq(last("action"), "approved");
	ck_assert_str_eq(last("note"), "a note");
	ck_fails(answer(id, &bob, true), EPERM);
	ck_ok(firn_would_permit(&permit, FIRN_ROLE_ISOLATE, &web, &said, &err));
	ck_assert_int_eq(said.verdict, FIRN_ALLOWED);
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_ALLOWED);
	ck_assert_str_eq(last("approval"), id);
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
}
END_TEST

START_TEST(an_approval_is_for_this_party_role_and_container_alone)
{
	struct firn_traits other = named("web-2");

	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	ck_ok(answer(request_id(), &bob, true));
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &other), FIRN_NEEDS_APPROVAL);
	permit.who = &falco;
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	permit.who = &bob;
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	permit.who = &ada;
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_ALLOWED);
}
END_TEST

START_TEST(whom_the_policy_doesnt_let_is_no_second_person)
{
	static const struct firn_party carol = { .name = name_of_carol,
						 .uid = 1004 };

	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	ck_fails(answer(request_id(), &carol, true), EPERM);
	ck_fails(answer(request_id(), &carol, false), EPERM);
	ck_fails(answer(request_id(), &falco, true), EPERM);
	ck_fails(answer("0123456789", &bob, true), ESRCH);
	ck_fails(answer("../audit", &bob, true), ESRCH);
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
}
END_TEST

START_TEST(a_no_is_a_no_until_it_is_asked_again)
{
	autojson json_t *all = NULL;

	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	ck_ok(answer(request_id(), &bob, false));
	ck_ok(firn_approvals(&all, &err));
	ck_assert_str_eq(firn_json_string(json_array_get(all, 0), "state",
					  NULL),
			 "refused");
	ck_fails(answer(request_id(), &bob, true), EPERM);
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	ck_ok(answer(request_id(), &bob, true));
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_ALLOWED);
}
END_TEST

/* The request's file with another text for a key. */
static void
rewrite(const char *id, const char *key, json_t *value)
{
	autojson json_t *request = NULL;
	char path[128];

	snprintf(path, sizeof(path), FIRN_APPROVALS "/%s.json", id);
	request = json_load_file(path, 0, NULL);
	ck_assert_ptr_nonnull(request);
	json_object_set_new(request, key, value);
	ck_assert_int_eq(json_dump_file(request, path, 0), 0);
}

static json_t *
time_at(time_t when)
{
	char text[FIRN_TIME_TEXT];

	firn_time_text((struct timespec){ .tv_sec = when }, text);
	return json_string(text);
}

START_TEST(a_yes_is_good_for_as_long_as_the_policy_says)
{
	time_t now = time(NULL);
	char id[FIRN_APPROVAL_ID];

	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	snprintf(id, sizeof(id), "%s", request_id());
	ck_ok(answer(id, &bob, true));
	/* Also not one that a clock which was set back makes younger. */
	rewrite(id, "answered", time_at(now + 120));
	ck_ok(firn_would_permit(&permit, FIRN_ROLE_ISOLATE, &web, &said, &err));
	ck_assert_int_eq(said.verdict, FIRN_NEEDS_APPROVAL);
	rewrite(id, "answered", time_at(now - 601));
	ck_ok(firn_would_permit(&permit, FIRN_ROLE_ISOLATE, &web, &said, &err));
	ck_assert_int_eq(said.verdict, FIRN_NEEDS_APPROVAL);
	rewrite(id, "answered", time_at(now - 500));
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_ALLOWED);
}
END_TEST

START_TEST(a_request_that_nobody_answers_expires)
{
	char id[FIRN_APPROVAL_ID];

	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	snprintf(id, sizeof(id), "%s", request_id());
	rewrite(id, "asked", time_at(time(NULL) - 90000));
	ck_fails(answer(id, &bob, true), EPERM);
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	ck_ok(answer(id, &bob, true));
}
END_TEST

START_TEST(a_yes_is_used_once_by_ten_at_once)
{
	int used = 0;

	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	ck_ok(answer(request_id(), &bob, true));
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			_exit(ask(FIRN_ROLE_ISOLATE, &web) == FIRN_ALLOWED ? 0
									   : 1);
	}
	for (int i = 0; i < 10; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status));
		used += WEXITSTATUS(status) == 0;
	}
	ck_assert_int_eq(used, 1);
}
END_TEST

START_TEST(what_stands_in_a_requests_file_is_believed_only_so_far)
{
	char id[FIRN_APPROVAL_ID], path[128];
	autojson json_t *all = NULL;

	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &web), FIRN_NEEDS_APPROVAL);
	snprintf(id, sizeof(id), "%s", request_id());
	ck_ok(answer(id, &bob, true));
	/* By oneself; of another container; of others' file. */
	rewrite(id, "by",
		json_pack("{s:s, s:i}", "kind", "person", "uid", 1001));
	ck_ok(firn_would_permit(&permit, FIRN_ROLE_ISOLATE, &web, &said, &err));
	ck_assert_int_eq(said.verdict, FIRN_NEEDS_APPROVAL);
	rewrite(id, "by",
		json_pack("{s:s, s:i}", "kind", "person", "uid", 1002));
	rewrite(id, "target", json_pack("{s:s}", "id", "web-2"));
	ck_ok(firn_would_permit(&permit, FIRN_ROLE_ISOLATE, &web, &said, &err));
	ck_assert_int_eq(said.verdict, FIRN_NEEDS_APPROVAL);
	snprintf(path, sizeof(path), FIRN_APPROVALS "/%s.json", id);
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_ok(firn_would_permit(&permit, FIRN_ROLE_ISOLATE, &web, &said, &err));
	ck_assert_int_eq(said.verdict, FIRN_NEEDS_APPROVAL);
	ck_ok(firn_approvals(&all, &err));
	ck_assert_str_eq(firn_json_string(json_array_get(all, 0), "state",
					  NULL),
			 "unreadable");
	/* The folder. */
	ck_assert_int_eq(chmod(FIRN_APPROVALS, 0777), 0);
	ck_fails(firn_permitted_as(&permit, FIRN_ROLE_ISOLATE, &web, &said,
				   &err),
		 EPERM);
}
END_TEST

START_TEST(requests_are_bounded_and_closed_ones_make_room)
{
	char id[FIRN_APPROVAL_ID];
	struct firn_traits what;

	for (int i = 0; i < 1000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "web-%d", i);
		what = named(name);
		ck_ok(firn_approval_ask(&ada, FIRN_ROLE_ISOLATE, &what, NULL,
					id, &err));
	}
	ck_fails(firn_permitted_as(&permit, FIRN_ROLE_ISOLATE,
				   &(struct firn_traits){ .id = "one-more",
							  .name = "web-more" },
				   &said, &err),
		 ENOSPC);
	ck_ok(answer(id, &bob, false));
	what = named("web-more");
	ck_assert_int_eq(ask(FIRN_ROLE_ISOLATE, &what), FIRN_NEEDS_APPROVAL);
	ck_fails(answer(id, &bob, false), ESRCH);
}
END_TEST

/* --- past the policy ------------------------------------------------------ */

static int
break_glass(const char *reason, bool forced, const struct firn_traits *what)
{
	return firn_break_glass(&permit, FIRN_ROLE_FREEZE, what, reason, forced,
				&said, &err);
}

START_TEST(the_glass_is_broken_by_persons_for_a_reason_and_aloud)
{
	struct firn_traits db = named("db-1");

	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &db), FIRN_DENIED);
	ck_fails(break_glass("", false, &db), EINVAL);
	ck_ok(break_glass("it is on fire", false, &db));
	ck_assert_int_eq(said.verdict, FIRN_ALLOWED);
	ck_assert_str_eq(last("action"), "break-glass");
	ck_assert_str_eq(last("reason"), "it is on fire");
	ck_assert_ptr_nonnull(strstr(last("why"), "ada"));
	permit.who = &falco;
	ck_fails(break_glass("I am an alert", true, &db), EPERM);
}
END_TEST

START_TEST(what_is_never_touched_takes_force_as_well)
{
	struct firn_traits never = named("web-never");

	ck_fails(break_glass("it is on fire", false, &never), EPERM);
	ck_assert_str_eq(last("action"), "denied");
	ck_ok(break_glass("it is on fire", true, &never));
	permit.undo = true;
	ck_ok(break_glass("it was the wrong one", false, &never));
}
END_TEST

START_TEST(a_policy_can_forbid_it_and_one_that_cant_be_read_cant)
{
	use_policy("responders: [{users: [bob], may: [freeze]}]\n"
		   "break-glass: false\n");
	ck_fails(break_glass("it is on fire", true, &web), EPERM);
	ck_assert_uint_eq(n_lines(), 1);
	ck_assert_str_eq(last("action"), "denied");
	ck_assert_str_eq(last("reason"), "it is on fire");
	permit.policy = NULL;
	ck_ok(break_glass("the policy is broken", false, &web));
	ck_assert_str_eq(last("action"), "break-glass");
}
END_TEST

START_TEST(without_a_policy_a_person_may_and_a_source_may_not)
{
	use_policy("");
	ck_assert_int_eq(ask(FIRN_ROLE_KILL, &web), FIRN_ALLOWED);
	ck_assert_str_eq(last("action"), "allowed");
	permit.who = &falco;
	ck_assert_int_eq(ask(FIRN_ROLE_FREEZE, &web), FIRN_DENIED);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("permit");
	TCase *tcase = tcase_create("permit");

	skip_unless_root();
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase,
		       a_permission_and_a_refusal_are_lines_that_say_why);
	tcase_add_test(tcase, only_a_source_that_looks_leaves_a_line);
	tcase_add_test(tcase, what_cant_be_recorded_isnt_done_but_undone);
	tcase_add_test(tcase, a_name_that_somebody_chose_breaks_no_line);
	tcase_add_test(tcase,
		       what_the_answer_would_be_is_told_and_leaves_nothing);
	tcase_add_test(tcase,
		       to_undo_takes_the_role_or_to_have_done_it_oneself);
	tcase_add_test(tcase,
		       never_touch_and_limits_dont_stand_against_undoing);
	tcase_add_test(tcase,
		       one_that_is_gone_is_known_by_what_was_written_of_it);
	tcase_add_test(tcase, what_one_case_asks_for_is_one_freeze);
	tcase_add_test(tcase, twenty_at_once_are_let_through_three_times);
	tcase_add_test(tcase,
		       the_limit_of_a_service_is_of_its_containers_alone);
	tcase_add_test(tcase,
		       the_only_replica_on_the_node_is_told_by_what_runs);
	tcase_add_test(tcase, a_second_person_lets_it_be_done_once);
	tcase_add_test(tcase,
		       an_approval_is_for_this_party_role_and_container_alone);
	tcase_add_test(tcase, whom_the_policy_doesnt_let_is_no_second_person);
	tcase_add_test(tcase, a_no_is_a_no_until_it_is_asked_again);
	tcase_add_test(tcase, a_yes_is_good_for_as_long_as_the_policy_says);
	tcase_add_test(tcase, a_request_that_nobody_answers_expires);
	tcase_add_test(tcase, a_yes_is_used_once_by_ten_at_once);
	tcase_add_test(tcase,
		       what_stands_in_a_requests_file_is_believed_only_so_far);
	tcase_add_test(tcase, requests_are_bounded_and_closed_ones_make_room);
	tcase_add_test(tcase,
		       the_glass_is_broken_by_persons_for_a_reason_and_aloud);
	tcase_add_test(tcase, what_is_never_touched_takes_force_as_well);
	tcase_add_test(tcase,
		       a_policy_can_forbid_it_and_one_that_cant_be_read_cant);
	tcase_add_test(tcase,
		       without_a_policy_a_person_may_and_a_source_may_not);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
