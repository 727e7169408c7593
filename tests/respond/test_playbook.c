/* What a playbook says is what is done, in an order that keeps the evidence;
 * what it can't say is an error at its place. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "check.h"
#include "firn/playbook.h"
#include "firn/policy.h"
#include "respond/playbook/written.h"

static struct firn_err err;

static struct firn_playbook *
parsed(const char *text)
{
	struct firn_playbook *playbook = NULL;

	ck_ok(firn_playbook_parse(&playbook, "x.yaml", text, strlen(text),
				  &err));
	return playbook;
}

/* One with these steps, and nothing to be warned of. */
#define WITH(steps)                                \
	"playbook: x\n"                            \
	"match: [{rule: r}]\n"                     \
	"limits: {cooldown: 1h, max_freeze: 5m}\n" \
	"steps:\n" steps

static bool
warns(const struct firn_playbook *playbook, const char *words)
{
	const json_t *one;
	size_t i;

	json_array_foreach(playbook->warnings, i, one) {
		if (strstr(json_string_value(one), words) != NULL)
			return true;
	}
	return false;
}

/* "ISOLATE FREEZE CAPTURE THEN" and the like; "*" for what is implied. */
static void
is_done(const char *steps, const char *expected)
{
	struct firn_playbook *playbook = parsed(steps);
	autobuf struct firn_buf done = { 0 };

	for (size_t i = 0; i < playbook->n_steps; i++)
		firn_buf_addf(&done, "%s%s%s", i > 0 ? " " : "",
			      firn_step_name(playbook->steps[i].kind),
			      playbook->steps[i].line == 0 ? "*" : "");
	ck_assert_str_eq(done.data, expected);
	firn_playbook_close(&playbook);
}

/* --- the examples --------------------------------------------------------- */

static struct firn_playbook *
example(const char *name)
{
	struct firn_playbook *playbook = NULL;
	autofree char *text = NULL;
	char path[512];
	size_t len;

	snprintf(path, sizeof(path), TEST_DATA "/playbooks/%s", name);
	ck_ok(firn_read_at(-1, path, 1 << 20, &text, &len, &err));
	ck_ok(firn_playbook_parse(&playbook, name, text, len, &err));
	return playbook;
}

START_TEST(the_shell_example_means_what_it_says)
{
	struct firn_playbook *playbook = example("suspicious-shell.yaml");
	const struct firn_step *steps = playbook->steps;

	ck_assert_str_eq(playbook->name, "suspicious-shell");
	ck_assert_str_eq(playbook->owner, "sec-oncall@example.org");
	ck_assert_uint_eq(playbook->limits.cooldown_s, 1800);
	ck_assert_uint_eq(playbook->limits.max_running, 2);
	ck_assert_uint_eq(playbook->limits.max_freeze_s, 600);
	ck_assert_uint_eq(json_array_size(playbook->match), 2);
	ck_assert_uint_eq(json_array_size(playbook->except), 2);

	ck_assert_uint_eq(playbook->n_steps, 7);
	ck_assert_int_eq(steps[0].kind, FIRN_STEP_ISOLATE);
	ck_assert_uint_eq(steps[0].isolation.n_allow, 1);
	ck_assert_uint_eq(steps[0].allow[0].port, 9200);
	ck_assert_int_eq(steps[0].line, 33);
	ck_assert_int_eq(steps[1].kind, FIRN_STEP_FREEZE);
	ck_assert_int_eq(steps[2].kind, FIRN_STEP_CAPTURE);
	/* "metadata" is ours by another name, and memory isn't built. */
	ck_assert_uint_eq(steps[2].words.n, 5);
	ck_assert_str_eq(steps[2].words.items[3], "runtime");
	ck_assert(!steps[2].stop_on_error);
	ck_assert_int_eq(steps[3].kind, FIRN_STEP_SECRETS);
	ck_assert_int_eq(steps[4].kind, FIRN_STEP_SEAL);
	ck_assert_ptr_null(steps[4].key);
	ck_assert_int_eq(steps[5].kind, FIRN_STEP_SEND);
	ck_assert_int_eq(steps[6].ending, FIRN_THEN_KEEP_FROZEN);

	ck_assert(warns(playbook, "suspicious-shell.yaml:27:35: \"memory\""));
	ck_assert(warns(playbook, ":30:42: \"max_file\""));
	ck_assert(warns(playbook, ":31:21: \"since\""));
	ck_assert(warns(playbook, "\"timestamp\""));
	ck_assert(warns(playbook, "\"encrypt_to\""));
	ck_assert(warns(playbook, "s3 URLs"));
	ck_assert(warns(playbook, "\"lock\""));
	ck_assert_uint_eq(json_array_size(playbook->warnings), 7);
	ck_assert_str_eq(firn_json_string(json_array_get(playbook->notify, 0),
					  "webhook", NULL),
			 "https://hooks.example.org/ir");
	firn_playbook_close(&playbook);
}
END_TEST

START_TEST(the_miner_example_means_what_it_says)
{
	struct firn_playbook *playbook = example("crypto-miner.yaml");
	const struct firn_step *steps = playbook->steps;

	ck_assert_uint_eq(playbook->n_steps, 7);
	ck_assert_int_eq(steps[0].kind, FIRN_STEP_ISOLATE);
	ck_assert_int_eq(steps[1].kind, FIRN_STEP_FREEZE);
	ck_assert_int_eq(steps[2].kind, FIRN_STEP_CAPTURE);
	ck_assert_int_eq(steps[3].kind, FIRN_STEP_RUN);
	ck_assert_str_eq(steps[3].words.items[0], "/etc/ir/hooks/page-oncall");
	ck_assert_uint_eq(steps[3].words.n, 3);
	ck_assert_str_eq(steps[3].user, "nobody");
	ck_assert_uint_eq(steps[3].timeout_s, 10);
	ck_assert_str_eq(steps[5].url,
			 "https://evidence.example.org/incoming/{archive}");
	ck_assert_int_eq(steps[6].ending, FIRN_THEN_STOP);
	ck_assert_uint_eq(firn_playbook_roles(playbook),
			  FIRN_ROLE_ISOLATE | FIRN_ROLE_FREEZE |
				  FIRN_ROLE_CAPTURE | FIRN_ROLE_KILL);
	firn_playbook_close(&playbook);
}
END_TEST

/* --- the order ------------------------------------------------------------ */

START_TEST(an_act_is_cut_frozen_captured_however_it_was_written)
{
	is_done(WITH("  - capture\n  - freeze\n  - isolate\n  - then: thaw\n"),
		"isolate freeze capture then");
	is_done(WITH("  - freeze\n  - secrets\n  - isolate\n  - exposure\n"
		     "  - capture\n  - seal\n  - then: thaw\n"),
		"isolate freeze capture secrets exposure seal then");
}
END_TEST

START_TEST(what_happens_outside_stays_where_it_was_written)
{
	is_done(WITH("  - freeze\n  - notify\n  - isolate\n  - wait\n"
		     "  - capture\n  - run: {argv: [/x]}\n"
		     "  - send: {to: /evidence}\n  - then: thaw\n"),
		"freeze notify isolate wait capture run send then");
}
END_TEST

START_TEST(without_an_end_it_is_thawed)
{
	struct firn_playbook *playbook = parsed(WITH("  - capture\n"));

	ck_assert_uint_eq(playbook->n_steps, 2);
	ck_assert_int_eq(playbook->steps[1].kind, FIRN_STEP_THEN);
	ck_assert_int_eq(playbook->steps[1].ending, FIRN_THEN_THAW);
	ck_assert_int_eq(playbook->steps[1].line, 0);
	/* Which asks for nothing that it didn't ask for. */
	ck_assert_uint_eq(firn_playbook_roles(playbook), FIRN_ROLE_CAPTURE);
	firn_playbook_close(&playbook);
}
END_TEST

#define APPROVE(when, steps)                                                 \
	"playbook: x\nlimits: {cooldown: 1h, max_freeze: 5m, approve: " when \
	"}\nsteps:\n" steps

START_TEST(approval_is_waited_for_before_the_network_is_cut)
{
	is_done(APPROVE("network", "  - isolate\n  - freeze\n  - capture\n"
				   "  - secrets\n"),
		"freeze capture secrets wait* isolate then*");
	is_done(APPROVE("network", "  - isolate: {cut: none}\n  - capture\n"),
		"isolate capture then*");
	is_done(APPROVE("network", "  - capture\n  - wait\n  - isolate\n"),
		"capture wait isolate then*");
}
END_TEST

START_TEST(approval_is_waited_for_before_all_of_it_and_once)
{
	is_done(APPROVE("always", "  - isolate\n  - capture\n  - notify\n"
				  "  - isolate\n"),
		"wait* isolate capture notify isolate then*");
	is_done(APPROVE("always", "  - notify\n  - run: {argv: [/x]}\n"),
		"notify wait* run then*");
	is_done(APPROVE("always", "  - wait\n  - capture\n"),
		"wait capture then*");
	is_done(APPROVE("never", "  - isolate\n"), "isolate then*");
}
END_TEST

/* As many as can be written, all with something implied before. */
START_TEST(the_most_steps_have_room_for_what_they_imply)
{
	autobuf struct firn_buf text = { 0 };
	struct firn_playbook *playbook;

	firn_buf_addf(&text, "playbook: x\nlimits: {approve: network}\n"
			     "steps:\n");
	for (int i = 0; i < 20; i++)
		firn_buf_addf(&text, "  - notify\n  - isolate\n");
	playbook = parsed(text.data);
	ck_assert_uint_eq(playbook->n_steps, 61);
	firn_playbook_close(&playbook);
	firn_buf_addf(&text, "  - notify\n");
	ck_fails(firn_playbook_parse(&playbook, "x.yaml", text.data, text.len,
				     &err),
		 EBADMSG);
}
END_TEST

/* --- mistakes ------------------------------------------------------------- */

#define STEP(step) "playbook: x\nsteps:\n  - " step "\n"
#define ENTRY(entry) "playbook: x\nmatch:\n  - " entry "\nsteps: [capture]\n"

static const struct {
	const char *text, *says;
} mistakes[] = {
	{ "[]", "x.yaml: keys and values" },
	{ "x", "x.yaml:1:1: keys and values" },
	{ "steps: [capture]\n", "\"playbook\" is missing" },
	{ "playbook: x\n", "\"steps\" is missing" },
	{ "playbook: X\nsteps: [capture]\n", "x.yaml:1:11: a name is" },
	{ "playbook: ../x\nsteps: [capture]\n", "x.yaml:1:11: a name is" },
	{ "playbook: x\nplaybook: y\n", "x.yaml:2:1: duplicate key" },
	{ "playbook: x\nstep: []\n",
	  "x.yaml:2:1: unknown key \"step\"; did you mean \"steps\"?" },
	{ "playbook: &a x\nsteps: [*a]\n", "anchors are refused" },
	{ "playbook: !!str x\n", "tags are refused" },
	{ "playbook: x\n---\nplaybook: y\n", "x.yaml:2:1: one document" },
	{ "playbook: x\nsteps: []\n", "x.yaml:2:1: a list of steps" },
	{ "playbook: x\nversion: 0\n", "x.yaml:2:10: a number" },
	{ "playbook: x\nlimits: {cooldown: 5}\n", "x.yaml:2:20: \"5\"" },
	{ "playbook: x\nlimits: {approve: maybe}\n", "x.yaml:2:19:" },
	{ "playbook: x\ndescription: \"a\\eb\"\n", "x.yaml:2:15: holds what" },

	{ STEP("freze: {}"), "x.yaml:3:5: unknown key \"freze\"; did you "
			     "mean \"freeze\"?" },
	{ STEP("frezee"), "x.yaml:3:5: \"frezee\" is not known here; did you "
			  "mean \"freeze\"?" },
	{ STEP("on_error"), "\"on_error\" is not known here" },
	{ STEP(""), "x.yaml:2:1: \"\" is not known here" },
	{ STEP("{}"), "a step says what is done" },
	{ STEP("{freeze: {}, capture: all}"), "a step does one thing" },
	{ STEP("exposure: {x: y}"), "\"exposure\" takes nothing" },
	{ STEP("freeze: {mode: sigstop}"), "x.yaml:3:20: \"sigstop\"" },
	{ STEP("freeze: {mode: none, hold: true}"), "can't be held" },
	{ STEP("isolate: {allow: [example.org]}"), "x.yaml:3:23:" },
	{ STEP("isolate: {cut: some}"), "x.yaml:3:20:" },
	{ STEP("capture: [netwrok]"), "x.yaml:3:15: \"netwrok\" can't be "
				      "captured" },
	{ STEP("capture: [network, network]"), "x.yaml:3:24: \"network\" is "
					       "there already" },
	{ STEP("capture: [memory]"), "nothing of this can be captured" },
	{ STEP("capture: some"), "\"all\", or a list" },
	{ STEP("capture: all\n    with: {disk: {}}"), "unknown key \"disk\"" },
	{ STEP("capture: all\n    with: {volumes: [data]}"), "absolute path" },
	{ STEP("freeze: {}\n    with: {}"), "x.yaml:4:5: \"with\" belongs" },
	{ STEP("seal: {sign: ../../x}"), "a key is named" },
	{ STEP("send: {to: \"ftp://x/y\"}"), "x.yaml:3:17: a URL" },
	{ STEP("send: {to: \"https://\"}"), "x.yaml:3:17: a URL" },
	{ STEP("send: {to: \"https://x/{host}\"}"), "{case} and {archive}" },
	{ STEP("send: {}"), "\"to\" is missing" },
	{ STEP("run: {argv: [ls]}"), "absolute path" },
	{ STEP("run: {argv: []}"), "absolute path" },
	{ STEP("run: {}"), "\"argv\" is missing" },
	{ STEP("run: {argv: [/x], user: root}"), "nothing of a playbook runs "
						 "as root" },
	{ STEP("run: ls"), "\"argv\" is missing" },
	{ STEP("wait: {for: rain}"), "x.yaml:3:17: \"rain\"" },
	{ STEP("wait: {}\n    on_error: continue"), "a refusal is an answer" },
	{ STEP("notify: {secret: {file: /x}}"), "a secret without" },
	{ STEP("notify: {webhook: \"https://x/\", secret: abc}"),
	  "keys and values" },
	{ STEP("then: leave"), "x.yaml:3:11: \"leave\" is not known" },
	{ STEP("then: thaw\n  - capture: all"), "nothing comes after" },
	{ STEP("then: thaw\n    on_error: stop"), "nothing comes after" },
	{ STEP("freeze\n  - freeze"), "x.yaml:4:5: there is a \"freeze\"" },
	{ STEP("seal\n  - wait\n  - seal"), "x.yaml:5:5: there is a \"seal\"" },

	{ "playbook: x\nmatch: []\n", "x.yaml:2:1: a list of what" },
	{ ENTRY("{}"), "an empty entry would fit every alert" },
	{ ENTRY("rules: x"), "unknown key \"rules\"; did you mean \"rule\"?" },
	{ ENTRY("rule: []"), "x.yaml:3:5: a list of 1 to 256" },
	{ ENTRY("rule: {a: b}"), "a text or a list" },
	{ ENTRY("rule:"), "x.yaml:3:5:" },
	{ ENTRY("priority: loud"), "x.yaml:3:15: \"loud\" is no priority" },
	{ ENTRY("priority: \">notice\""), "is no priority" },
	{ ENTRY("labels: web"), "labels: {NAME: TEXT}" },
	{ ENTRY("target.namespace: \"kube-[a-z]*\""), "only * is a wildcard" },
	{ "playbook: x\nnotify: [{on: [started]}]\nsteps: [capture]\n",
	  "\"webhook\" is missing" },
	{ "playbook: x\nnotify: [{webhook: \"https://x/\", on: [never]}]\n"
	  "steps: [capture]\n",
	  "x.yaml:2:39: \"never\"" },
};

START_TEST(a_mistake_is_told_with_its_place)
{
	const char *text = mistakes[_i].text;
	struct firn_playbook *playbook = NULL;

	ck_fails(firn_playbook_parse(&playbook, "x.yaml", text, strlen(text),
				     &err),
		 EBADMSG);
	ck_assert_msg(strstr(err.text, mistakes[_i].says) != NULL,
		      "\"%s\" is not in: %s", mistakes[_i].says, err.text);
	ck_assert_ptr_null(playbook);
}
END_TEST

/* --- what looks wrong ----------------------------------------------------- */

static void
is_warned_of(const char *text, const char *words)
{
	struct firn_playbook *playbook = parsed(text);

	if (words == NULL)
		ck_assert_uint_eq(json_array_size(playbook->warnings), 0);
	else
		ck_assert_msg(warns(playbook, words), "%s", words);
	firn_playbook_close(&playbook);
}

START_TEST(what_loses_evidence_is_warned_of)
{
	is_warned_of(WITH("  - freeze\n  - then: kill\n"),
		     "x.yaml:6:5: nothing was captured before");
	is_warned_of(WITH("  - capture\n  - then: stop\n"), NULL);
	is_warned_of(WITH("  - send: {to: /x}\n  - capture\n"),
		     "x.yaml:5:5: there is no archive");
	is_warned_of(WITH("  - isolate\n  - notify\n  - capture\n"),
		     "x.yaml:5:5: the network is cut");
	is_warned_of(WITH("  - isolate\n  - capture\n"), NULL);
	is_warned_of(WITH("  - isolate\n  - freeze\n  - notify\n  - capture\n"),
		     NULL);
	is_warned_of(WITH("  - freeze: {mode: none}\n  - capture\n"),
		     "it runs on while it is read");
}
END_TEST

START_TEST(what_is_without_bounds_is_warned_of)
{
	is_warned_of("playbook: x\nmatch: [{rule: r}]\nsteps: [capture]\n",
		     "no limits.cooldown");
	is_warned_of("playbook: x\nmatch: [{rule: r}]\nlimits: {cooldown: 0}\n"
		     "steps: [capture]\n",
		     "no limits.cooldown");
	is_warned_of("playbook: x\nsteps: [freeze]\n", "no limits.max_freeze");
	/* Only a person starts it. */
	is_warned_of("playbook: x\nsteps: [capture]\n", NULL);
}
END_TEST

START_TEST(what_cannot_be_done_yet_is_warned_of)
{
	is_warned_of(WITH("  - isolate: {cut: egress}\n"), "\"egress\"");
	is_warned_of(WITH("  - capture\n  - send: {to: \"s3://b/{case}\"}\n"),
		     "x.yaml:6:17: s3 URLs");
	is_warned_of(WITH("  - capture\n  - send: {to: \"http://h/{case}\"}\n"),
		     "http: whoever is on the way");
	is_warned_of(WITH("  - secrets: {redact: false}\n"), "--reveal");
}
END_TEST

START_TEST(options_are_taken)
{
	struct firn_playbook *playbook =
		parsed(WITH("  - network: {pod: true, log: true, reset: true, "
			    "unix: true, watch: false, loopback: true}\n"
			    "  - freeze: {hold: true}\n"
			    "  - capture: all\n"
			    "    with: {volumes: [/data, /srv]}\n"
			    "    on_error: stop\n"
			    "  - rotate: {deep: true}\n"
			    "  - seal: {sign: lab}\n"
			    "  - notify: {webhook: \"https://x/\", secret: "
			    "{file: /s}, text: hello}\n"));
	const struct firn_step *steps = playbook->steps;

	ck_assert(steps[0].isolation.whole_pod && steps[0].isolation.log &&
		  steps[0].isolation.reset && steps[0].isolation.cut_unix &&
		  steps[0].isolation.cut_loopback && !steps[0].isolation.watch);
	ck_assert(steps[1].hold);
	ck_assert_uint_eq(steps[2].words.n, 0);
	ck_assert_uint_eq(steps[2].volumes.n, 2);
	ck_assert(steps[2].stop_on_error && !steps[1].stop_on_error);
	ck_assert(steps[3].deep);
	ck_assert_str_eq(steps[4].key, "/etc/firn/keys/lab.pem");
	ck_assert_str_eq(steps[5].secret_file, "/s");
	ck_assert_str_eq(steps[5].text, "hello");
	firn_playbook_close(&playbook);
}
END_TEST

/* --- read aloud ----------------------------------------------------------- */

START_TEST(it_is_explained_in_the_order_in_which_it_is_done)
{
	struct firn_playbook *playbook = example("suspicious-shell.yaml");
	autojson json_t *said = firn_playbook_explain(playbook);
	const json_t *steps = json_object_get(said, "steps");

	ck_assert_uint_eq(json_array_size(steps), playbook->n_steps - 1);
	for (size_t i = 0; i < json_array_size(steps); i++)
		ck_assert_int_eq(json_integer_value(json_object_get(
					 json_array_get(steps, i), "line")),
				 playbook->steps[i].line);
	ck_assert_ptr_nonnull(
		strstr(firn_json_string(json_array_get(steps, 0), "text", NULL),
		       "it still reaches 10.20.0.5:9200"));
	ck_assert_ptr_nonnull(strstr(firn_json_string(said, "then", NULL),
				     "until 10m have passed"));
	ck_assert_uint_eq(json_array_size(json_object_get(said, "when")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(said, "except")), 2);
	ck_assert(firn_json_holds(json_object_get(said, "needs"), "isolate"));
	ck_assert(!firn_json_holds(json_object_get(said, "needs"), "kill"));
	firn_playbook_close(&playbook);
}
END_TEST

/* The manual's own example is sound, and has nothing to be warned of. */
START_TEST(the_manual_has_no_example_that_is_wrong)
{
	autofree char *manual = NULL;
	struct firn_playbook *playbook = NULL;
	char *from, *to;

	ck_ok(firn_read_at(-1, TEST_DATA "/../../man/firn-playbook.5.scd",
			   1 << 20, &manual, NULL, &err));
	from = strstr(manual, "```\n");
	ck_assert_ptr_nonnull(from);
	from += 4;
	to = strstr(from, "```");
	ck_assert_ptr_nonnull(to);
	ck_ok(firn_playbook_parse(&playbook, "manual", from,
				  (size_t)(to - from), &err));
	ck_assert_uint_eq(json_array_size(playbook->warnings), 0);
	firn_playbook_close(&playbook);
}
END_TEST

static Suite *
playbook_suite(void)
{
	Suite *suite = suite_create("playbook");
	TCase *cases = tcase_create("language");

	tcase_add_test(cases, the_shell_example_means_what_it_says);
	tcase_add_test(cases, the_miner_example_means_what_it_says);
	tcase_add_test(cases,
		       an_act_is_cut_frozen_captured_however_it_was_written);
	tcase_add_test(cases, what_happens_outside_stays_where_it_was_written);
	tcase_add_test(cases, without_an_end_it_is_thawed);
	tcase_add_test(cases, approval_is_waited_for_before_the_network_is_cut);
	tcase_add_test(cases, approval_is_waited_for_before_all_of_it_and_once);
	tcase_add_test(cases, the_most_steps_have_room_for_what_they_imply);
	tcase_add_loop_test(cases, a_mistake_is_told_with_its_place, 0,
			    (int)(sizeof(mistakes) / sizeof(mistakes[0])));
	tcase_add_test(cases, what_loses_evidence_is_warned_of);
	tcase_add_test(cases, what_is_without_bounds_is_warned_of);
	tcase_add_test(cases, what_cannot_be_done_yet_is_warned_of);
	tcase_add_test(cases, options_are_taken);
	tcase_add_test(cases, it_is_explained_in_the_order_in_which_it_is_done);
	tcase_add_test(cases, the_manual_has_no_example_that_is_wrong);
	suite_add_tcase(suite, cases);
	return suite;
}

int
main(void)
{
	return run_suite(playbook_suite());
}
