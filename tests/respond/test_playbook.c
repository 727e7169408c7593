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
	static const char *const names[] = { "freeze",  "isolate",  "capture",
					     "secrets", "exposure", "seal",
					     "wait",    "send",     "notify",
					     "run",     "then" };
	struct firn_playbook *playbook = parsed(steps);
	autobuf struct firn_buf done = { 0 };

	for (size_t i = 0; i < playbook->n_steps; i++)
		firn_buf_addf(&done, "%s%s%s", i > 0 ? " " : "",
			      names[playbook->steps[i].kind],
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

static Suite *
playbook_suite(void)
{
	Suite *suite = suite_create("playbook");
	TCase *cases = tcase_create("language");

	tcase_add_test(cases, the_shell_example_means_what_it_says);
	tcase_add_test(cases, the_miner_example_means_what_it_says);
	(void)is_done;
	suite_add_tcase(suite, cases);
	return suite;
}

int
main(void)
{
	return run_suite(playbook_suite());
}
