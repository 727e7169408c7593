/* The order is an argument; steps hold names and nothing else; and the three
 * formats show hostile text as text. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "assess/checklist/fill.h"
#include "assess/checklist/order.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "check.h"
#include "firn/owners.h"
#include "firn/secrets.h"

static struct firn_err err;

/* 2026-11-24T12:00:00Z */
#define NOW ((time_t)1795521600)

/* An item with these over what every one has. */
static json_t *
item(const char *print, const char *more)
{
	json_t *one = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:b, s:s, s:s}}",
		"id", print, "fingerprint", print, "kind", "k", "title",
		"Thing", "priority", "P1", "confidence", "high", "guide",
		"first", "revoke", "ends", "never", "mints", 0, "revoke",
		"end it", "rotate", "make one");
	autojson json_t *others = json_loads(more, 0, NULL);

	ck_assert_ptr_nonnull(one);
	ck_assert_msg(others != NULL, "%s", more);
	ck_assert_int_eq(json_object_update_recursive(one, others), 0);
	return one;
}

static json_t *
ordered(json_t *items)
{
	ck_ok(firn_order(items, NOW, &err));
	return items;
}

static bool
argues(const json_t *one, const char *words)
{
	const json_t *sentence;
	size_t i;

	json_array_foreach(firn_json_at(one, "order", "why", NULL), i,
			   sentence) {
		if (strstr(json_string_value(sentence), words) != NULL)
			return true;
	}
	return false;
}

/* --- the order ------------------------------------------------------------
 */

/* The first is more pressing than the second, and says so. */
static const struct {
	const char *more, *less, *words;
} pairs[] = {
	{ "{\"priority\": \"P0\"}", "{}", "an account" },
	{ "{\"guide\": {\"mints\": true}}", "{}", "make other credentials" },
	{ "{\"readers\": \"sent\"}", "{\"readers\": \"intruder\"}", "leaving" },
	{ "{\"readers\": \"intruder\"}", "{\"readers\": \"world\"}",
	  "a sign of an intruder" },
	{ "{\"readers\": \"world\"}", "{\"readers\": \"user\"}", "Any user" },
	{ "{\"readers\": \"user\"}", "{\"readers\": \"root\"}", "own user" },
	{ "{\"readers\": \"root\"}", "{\"readers\": \"outside\"}",
	  "Only root" },
	{ "{\"guide\": {\"ends\": \"expiry\"}}",
	  "{\"guide\": {\"ends\": \"pod\"}}", "doesn't end it" },
	{ "{\"guide\": {\"residual\": \"sessions live on\"}}", "{}",
	  "sessions live on" },
	{ "{\"consumers\": [{\"name\": \"web-2\"}]}", "{}", "web-2" },
	{ "{}", "{\"confidence\": \"low\"}", "never ends by itself" },
	{ "{\"expires\": \"2027-01-01T00:00:00Z\"}",
	  "{\"expires\": \"2026-11-24T13:00:00Z\"}", "" },
	/* Seen leaving weighs more than what it opens. */
	{ "{\"readers\": \"sent\"}",
	  "{\"priority\": \"P0\", \"readers\": \"root\"}", "leaving" },
};
#define N_PAIRS (sizeof(pairs) / sizeof(pairs[0]))

START_TEST(each_consideration_has_its_weight_and_its_sentence)
{
	/* Against the order of the ties. */
	autojson json_t *items = json_pack("[o, o]", item("a", pairs[_i].less),
					   item("b", pairs[_i].more));
	const json_t *first = json_array_get(ordered(items), 0);

	ck_assert_msg(strcmp(firn_json_string(first, "id", NULL), "b") == 0,
		      "%s before %s", pairs[_i].less, pairs[_i].more);
	ck_assert_msg(pairs[_i].words[0] == '\0' ||
			      argues(first, pairs[_i].words),
		      "%s", pairs[_i].words);
}
END_TEST

START_TEST(what_has_expired_is_last_and_says_so)
{
	autojson json_t *items = json_pack(
		"[o, o]",
		item("a", "{\"priority\": \"P0\", \"readers\": \"sent\", "
			  "\"guide\": {\"mints\": true}, "
			  "\"expires\": \"2026-11-24T11:59:59.5Z\"}"),
		item("b", "{\"priority\": \"P3\", \"confidence\": \"low\"}"));
	const json_t *last = json_array_get(ordered(items), 1);

	ck_assert_str_eq(firn_json_string(last, "id", NULL), "a");
	ck_assert_str_eq(firn_json_string(last, "state", NULL), "expired");
	ck_assert(argues(last, "expired on 2026-11-24T11:59:59Z"));
	ck_assert_str_eq(firn_json_string(json_array_get(items, 0), "state",
					  NULL),
			 "unknown");
}
END_TEST

START_TEST(a_time_that_is_none_expires_nothing)
{
	static const char *const times[] = { "", "never", "2026", "2026-11-24",
					     "0000-00-00T99:99:99Z" };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		autojson json_t *items = json_pack("[o]", item("a", "{}"));
		json_t *one = json_array_get(items, 0);

		json_object_set_new(one, "expires", json_string(times[i]));
		ordered(items);
		ck_assert_str_eq(firn_json_string(one, "state", NULL),
				 "unknown");
	}
}
END_TEST

START_TEST(the_order_does_not_depend_on_what_came_in_first)
{
	static const char *const kinds[] = {
		"{\"priority\": \"P0\"}",
		"{\"priority\": \"P0\"}",
		"{\"readers\": \"world\"}",
		"{\"confidence\": \"low\"}",
		"{}",
	};
	char expected[8] = "";

	for (size_t turn = 0; turn < 5; turn++) {
		autojson json_t *items = json_array();
		const json_t *one;
		char got[8] = "";
		size_t i;

		for (size_t k = 0; k < 5; k++) {
			size_t which = (k * 2 + turn) % 5;
			char print[2] = { (char)('a' + (int)which), '\0' };

			json_array_append_new(items, item(print, kinds[which]));
		}
		ordered(items);
		json_array_foreach(items, i, one) {
			got[i] = firn_json_string(one, "id", NULL)[0];
			ck_assert_int_eq(json_integer_value(
						 firn_json_at(one, "order",
							      "rank", NULL)),
					 (json_int_t)i + 1);
		}
		if (turn == 0)
			memcpy(expected, got, sizeof(got));
		ck_assert_str_eq(got, expected);
	}
	ck_assert_str_eq(expected, "cabed");
}
END_TEST

/* By who could read it, and by who needs it. */
static const struct {
	const char *more, *first;
} firsts[] = {
	{ "{\"guide\": {\"first\": \"revoke\"}}", "revoke" },
	{ "{\"guide\": {\"first\": \"replace\"}}", "replace" },
	{ "{\"guide\": {\"first\": \"replace\"}, \"readers\": \"world\"}",
	  "replace" },
	{ "{\"guide\": {\"first\": \"replace\"}, \"readers\": \"sent\"}",
	  "revoke" },
	{ "{\"guide\": {\"first\": \"replace\"}, \"readers\": \"intruder\"}",
	  "revoke" },
	{ "{\"guide\": {\"first\": \"replace\"}, \"readers\": \"intruder\", "
	  "\"consumers\": [{\"name\": \"b\"}]}",
	  "replace" },
	{ "{\"guide\": {\"first\": \"replace\"}, \"readers\": \"sent\", "
	  "\"consumers\": [{\"name\": \"b\"}]}",
	  "revoke" },
};

START_TEST(what_was_taken_is_revoked_before_it_is_replaced)
{
	autojson json_t *items = json_pack("[o]", item("a", firsts[_i].more));
	const json_t *one = json_array_get(ordered(items), 0);

	ck_assert_str_eq(firn_json_string(one, "order", "first", NULL),
			 firsts[_i].first);
	ck_assert(argues(one, strcmp(firsts[_i].first, "replace") == 0
				      ? "Replace first"
				      : "Revoke first"));
}
END_TEST

START_TEST(what_is_ticked_off_comes_after_all_that_is_open)
{
	autojson json_t *items =
		json_pack("[o, o]",
			  item("a",
			       "{\"priority\": \"P0\", \"done\": {\"by\": "
			       "\"alice\", \"at\": \"2026-11-24T11:00:00Z\"}}"),
			  item("b", "{\"expires\": \"2020-01-01T00:00:00Z\"}"));

	ck_assert_str_eq(firn_json_string(json_array_get(ordered(items), 1),
					  "id", NULL),
			 "a");
	ck_assert(argues(json_array_get(items, 1), "alice"));
}
END_TEST

/* --- steps ----------------------------------------------------------------
 */

START_TEST(a_step_is_filled_with_what_is_known)
{
	autojson json_t *facts =
		json_pack("{s:s, s:s, s:i}", "key_id", "AKIAFIRN", "account",
			  "ci@shop.iam.example.org", "port", 5432);
	autofree char *text = firn_fill(
		"cmd --id {key_id} --as {account}:{port} --u {user_name}; "
		"${HOME} {} {no name} {A} { x",
		facts);

	ck_assert_str_eq(text, "cmd --id AKIAFIRN --as "
			       "ci@shop.iam.example.org:5432 --u USER_NAME; "
			       "${HOME} {} {no name} {A} { x");
}
END_TEST

static const char *const hostile[] = {
	"$(reboot)",
	"`reboot`",
	"a b",
	"a;reboot",
	"a|b",
	"a&b",
	"a>b",
	"a\nb",
	"a'b",
	"a\"b",
	"a\\b",
	"*",
	"~root",
	"--force",
	"-rf",
	"@team",
	"",
	"a#b",
	"a(b)",
	"[x](y)",
	"<b>",
	"a{b}",
	"a=b",
	"a%0a",
	"\xff",
	("\xe2\x80\xae"
	 "x"),
	"a\x1b[m",
	"a!b",
	"a?b",
	"a,b",
};
#define N_HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

START_TEST(what_could_be_more_than_a_name_is_not_filled_in)
{
	autojson json_t *facts = json_object();
	autofree char *text = NULL;

	json_object_set_new(facts, "key_id", json_string_nocheck(hostile[_i]));
	text = firn_fill("cmd {key_id}", facts);
	ck_assert_str_eq(text, "cmd KEY_ID");
}
END_TEST

START_TEST(a_name_of_any_length_or_with_a_nul_in_it_is_not_filled_in)
{
	autojson json_t *facts = json_object();
	autofree char *text = NULL, *cut = NULL;
	char name[300];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	firn_json_text(facts, "user", name);
	text = firn_fill("{user}", facts);
	ck_assert_str_eq(text, "USER");
	json_object_set_new(facts, "user", json_stringn("ab\0cd", 5));
	cut = firn_fill("{user}", facts);
	ck_assert_str_eq(cut, "USER");
}
END_TEST

/* --- formats --------------------------------------------------------------
 */

#define LINK "[x](https://evil.example/) <img> www.evil.example"

static json_t *
hostile_checklist(const char *name)
{
	json_t *list =
		json_pack("{s:s, s:[o], s:[{s:s, s:s}]}", "case", "CASE-1",
			  "items", item("abcdef0123456789", "{}"), "gaps",
			  "what", "x", "why", "y");
	json_t *one = json_array_get(json_object_get(list, "items"), 0);
	autojson json_t *place = json_pack("{s:s}", "where", "file");
	autojson json_t *more =
		json_pack("{s:[O], s:{s:s}, s:[{s:s}]}", "places", place,
			  "facts", "fact", "f", "consumers", "name", "n");

	firn_json_text(place, "name", name);
	firn_json_text(place, "path", name);
	json_object_update(one, more);
	firn_json_text(json_object_get(one, "facts"), "fact", name);
	firn_json_text(json_array_get(json_object_get(one, "consumers"), 0),
		       "name", name);
	firn_json_text(one, "owner", name);
	firn_json_text(json_array_get(json_object_get(list, "gaps"), 0), "what",
		       name);
	ordered(json_object_get(list, "items"));
	return list;
}

START_TEST(nothing_hostile_is_markup)
{
	static const char *const names[] = {
		"a|b|c",
		"*x*",
		"\n# head\n- [x] done",
		"`reboot`",
		LINK,
		"@team",
		"\x1b[31m",
		("\xe2\x80\xae"
		 "evil"),
		"$x$",
		"a\r\nb",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		autojson json_t *list = hostile_checklist(names[i]);
		autofree char *text = firn_secrets_markdown(list);

		ck_assert_ptr_nonnull(text);
		for (const char *at = text; (at = strstr(at, names[i])) != NULL;
		     at++)
			ck_assert_msg(at[-1] == '\\', "%s", names[i]);
		ck_assert_ptr_null(strchr(text, '\x1b'));
		ck_assert_ptr_null(strchr(text, '\r'));
		ck_assert_ptr_null(strstr(text, "\n# head"));
		ck_assert_ptr_null(strstr(text, "s://"));
		ck_assert_ptr_null(strstr(text, "www."));
		ck_assert_ptr_null(strstr(text, " <img"));
	}
}
END_TEST

/* How many cells has the row?  A bar within one has a backslash before it. */
static size_t
cells_of(const char *text, const char *begin)
{
	const char *row = strstr(text, begin);
	size_t n = 0;

	ck_assert_ptr_nonnull(row);
	for (const char *c = row + 1; *c != '\n'; c++)
		n += *c == '|' && c[-1] != '\\';
	return n;
}

START_TEST(the_table_has_as_many_cells_in_each_row)
{
	autojson json_t *list = hostile_checklist("a|b");
	json_t *one = json_array_get(json_object_get(list, "items"), 0);
	autofree char *text = NULL;

	firn_json_text(json_object_get(one, "guide"), "revoke",
		       "list | grep `x` | xargs end; then more");
	text = firn_secrets_markdown(list);
	ck_assert_uint_eq(cells_of(text, "| # |"), cells_of(text, "| 1 |"));
	/* Below, it is what is copied. */
	ck_assert_ptr_nonnull(
		strstr(text, "`` list | grep `x` | xargs end; then more ``"));
}
END_TEST

/* One cell of RFC 4180 from here; where the next begins, or NULL. */
static const char *
read_cell(const char *at, char *ret, size_t size)
{
	size_t len = 0;

	ck_assert_int_eq(*at++, '"');
	for (;; at++) {
		if (*at == '"' && at[1] != '"')
			break;
		ck_assert_int_ne(*at, '\0');
		at += *at == '"';
		ck_assert_uint_lt(len, size - 1);
		ret[len++] = *at;
	}
	ret[len] = '\0';
	return at[1] == ',' ? at + 2 : NULL;
}

static size_t
read_row(const char **at, char cells[][2048], size_t max)
{
	const char *cell = *at;
	size_t n = 0;

	while (cell != NULL && n < max)
		cell = read_cell(cell, cells[n++], sizeof(cells[0]));
	*at = strstr(*at, "\r\n");
	ck_assert_ptr_nonnull(*at);
	*at += 2;
	return n;
}

START_TEST(a_spreadsheet_reads_what_was_written)
{
	autojson json_t *list = hostile_checklist("say \"x\", or \"\"");
	autofree char *text = firn_secrets_csv(list);
	static char titles[40][2048], cells[40][2048];
	const char *at = text;
	size_t n;

	n = read_row(&at, titles, 40);
	ck_assert_uint_eq(n, read_row(&at, cells, 40));
	ck_assert_int_eq(*at, '\0');
	for (size_t i = 0; i < n; i++) {
		if (strcmp(titles[i], "places") == 0)
			ck_assert_str_eq(cells[i],
					 "file say \"x\", or \"\" say \"x\", "
					 "or \"\"");
		if (strcmp(titles[i], "rank") == 0)
			ck_assert_str_eq(cells[i], "1");
	}
}
END_TEST

START_TEST(nothing_in_a_spreadsheet_is_a_formula)
{
	static const char *const names[] = {
		"=1+1",
		"+1",
		"-1",
		"@SUM(A1)",
		"  =1",
		"\t=1",
		"\r=1",
		"\n=1",
		"=HYPERLINK(\"https://evil\")",
		("\xef\xbc\x9d"
		 "1"),
	};
	static char titles[40][2048], cells[40][2048];

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		autojson json_t *list = hostile_checklist(names[k]);
		autofree char *text = firn_secrets_csv(list);
		const char *at = text;
		size_t n = read_row(&at, titles, 40);

		read_row(&at, cells, 40);
		for (size_t i = 0; i < n; i++) {
			const char *c = cells[i] + strspn(cells[i], " ");

			ck_assert_msg(*c == '\0' ||
					      strchr("=+-@\t\r\n", *c) == NULL,
				      "%s: %s", titles[i], cells[i]);
			ck_assert_ptr_null(strchr(cells[i], '\n'));
			if (strcmp(titles[i], "owner") == 0)
				ck_assert(*c == '\'' || *c == '\\');
		}
	}
}
END_TEST

START_TEST(steps_from_memory_say_so)
{
	autojson json_t *list = hostile_checklist("x");
	json_t *guide = json_object_get(
		json_array_get(json_object_get(list, "items"), 0), "guide");
	autofree char *checked = NULL, *unchecked = NULL;

	json_object_set_new(guide, "checked", json_true());
	checked = firn_secrets_markdown(list);
	json_object_set_new(guide, "checked", json_false());
	unchecked = firn_secrets_markdown(list);
	ck_assert_ptr_null(strstr(checked, "from memory"));
	ck_assert_ptr_nonnull(
		strstr(unchecked,
		       "from memory: check with the provider's documentation"));
}
END_TEST

/* --- owners ---------------------------------------------------------------
 */

static int
open_policy(struct firn_owners **ret, const char *text)
{
	char path[] = "/tmp/firn-policy-XXXXXX";
	int fd = mkstemp(path), done;

	ck_assert_int_ge(fd, 0);
	ck_ok(firn_write_all(fd, path, text, strlen(text), &err));
	close(fd);
	err = (struct firn_err){ 0 };
	done = firn_owners_open(ret, path, &err);
	unlink(path);
	return done;
}

static json_t *
assigned(const char *policy)
{
	autodone(firn_owners_close) struct firn_owners *owners = NULL;
	json_t *list =
		json_pack("{s:s, s:[o, o, o]}", "made",
			  "2026-11-24T12:00:00.123Z", "items",
			  item("a",
			       "{\"priority\": \"P0\", \"kind\": \"aws-key\"}"),
			  item("b", "{\"provider\": \"GitHub\", "
				    "\"found\": \"2026-11-20T00:00:00.5Z\"}"),
			  item("c", "{\"priority\": \"P3\", "
				    "\"expires\": \"2020-01-01T00:00:00Z\"}"));

	ck_ok(open_policy(&owners, policy));
	ordered(json_object_get(list, "items"));
	ck_ok(firn_owners_assign(owners, list, &err));
	return list;
}

static const char *
of_item(const json_t *list, const char *id, const char *key)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(list, "items"), i, one) {
		if (strcmp(firn_json_string(one, "id", NULL), id) == 0)
			return firn_json_string(one, key, NULL);
	}
	return NULL;
}

START_TEST(the_first_owner_that_fits_has_it)
{
	autojson json_t *list = assigned(
		"secrets:\n  owners:\n"
		"    - {kind: \"aws-*\", priority: P1, owner: nobody}\n"
		"    - {kind: \"aws-*\", owner: cloud@example.org}\n"
		"    - {provider: GitHub, owner: platform}\n"
		"    - {owner: security}\n");

	ck_assert_str_eq(of_item(list, "a", "owner"), "cloud@example.org");
	ck_assert_str_eq(of_item(list, "b", "owner"), "platform");
	ck_assert_str_eq(of_item(list, "c", "owner"), "security");
}
END_TEST

START_TEST(due_counts_from_when_it_was_found)
{
	autojson json_t *list = assigned("secrets: {due: {P0: 90m, P1: 2d}}\n");

	ck_assert_str_eq(of_item(list, "a", "due"), "2026-11-24T13:30:00Z");
	ck_assert_str_eq(of_item(list, "b", "due"), "2026-11-22T00:00:00Z");
	ck_assert_ptr_null(of_item(list, "c", "due"));
	ck_assert_str_eq(firn_json_string(list, "due", "by", NULL), "policy");
	ck_assert_str_eq(firn_json_string(list, "due", "P3", NULL), "30d");
}
END_TEST

START_TEST(without_a_policy_the_due_times_are_firns_and_said_so)
{
	autojson json_t *list = assigned("# nothing\n");
	autofree char *text = firn_secrets_markdown(list);

	ck_assert_ptr_null(of_item(list, "a", "owner"));
	ck_assert_str_eq(of_item(list, "a", "due"), "2026-11-24T16:00:00Z");
	ck_assert_ptr_nonnull(strstr(text, "Due times are firn's own (P0 in "
					   "4h"));
}
END_TEST

/* What is wrong, and where that stands. */
static const struct {
	const char *policy, *at;
} mistakes[] = {
	{ "secret: {}\n", ":1:1: unknown key \"secret\"" },
	{ "secrets:\n  owner: []\n", ":2:3: unknown key \"owner\"" },
	{ "secrets:\n  owners:\n    - {who: x}\n", ":3:8: unknown key" },
	{ "secrets:\n  owners:\n    - {kind: x}\n", "an owner is" },
	{ "secrets:\n  owners:\n    - {owner: \"\"}\n", ":3:16: an owner" },
	{ "secrets:\n  owners:\n    - {owner: x, priority: P9}\n",
	  ":3:28: \"P9\"" },
	{ "secrets:\n  owners: x\n", ":2:11: a list of owners" },
	{ "secrets:\n  due: {P0: soon}\n", ":2:13: \"soon\"" },
	{ "secrets:\n  due: {P7: 1d}\n", ":2:9: unknown key" },
	{ "secrets: [\n", "" },
	{ "secrets: &a {}\n", "anchors" },
};

START_TEST(a_mistake_in_the_policy_is_told_with_its_place)
{
	struct firn_owners *owners = NULL;

	ck_assert_int_lt(open_policy(&owners, mistakes[_i].policy), 0);
	ck_assert_ptr_null(owners);
	ck_assert_msg(strstr(err.text, mistakes[_i].at) != NULL, "%s: %s",
		      mistakes[_i].policy, err.text);
}
END_TEST

START_TEST(a_policy_that_was_named_must_be_there)
{
	struct firn_owners *owners = NULL;

	ck_fails(firn_owners_open(&owners, "/no/such/policy.yaml", &err),
		 ENOENT);
}
END_TEST

static TCase *
order_case(void)
{
	TCase *tcase = tcase_create("order");

	tcase_add_loop_test(tcase,
			    each_consideration_has_its_weight_and_its_sentence,
			    0, N_PAIRS);
	tcase_add_test(tcase, what_has_expired_is_last_and_says_so);
	tcase_add_test(tcase, a_time_that_is_none_expires_nothing);
	tcase_add_test(tcase, the_order_does_not_depend_on_what_came_in_first);
	tcase_add_loop_test(tcase,
			    what_was_taken_is_revoked_before_it_is_replaced, 0,
			    sizeof(firsts) / sizeof(firsts[0]));
	tcase_add_test(tcase, what_is_ticked_off_comes_after_all_that_is_open);
	return tcase;
}

static TCase *
text_case(void)
{
	TCase *tcase = tcase_create("text");

	tcase_add_test(tcase, a_step_is_filled_with_what_is_known);
	tcase_add_loop_test(tcase,
			    what_could_be_more_than_a_name_is_not_filled_in, 0,
			    N_HOSTILE);
	tcase_add_test(
		tcase,
		a_name_of_any_length_or_with_a_nul_in_it_is_not_filled_in);
	tcase_add_test(tcase, nothing_hostile_is_markup);
	tcase_add_test(tcase, the_table_has_as_many_cells_in_each_row);
	tcase_add_test(tcase, a_spreadsheet_reads_what_was_written);
	tcase_add_test(tcase, nothing_in_a_spreadsheet_is_a_formula);
	tcase_add_test(tcase, steps_from_memory_say_so);
	return tcase;
}

static TCase *
owners_case(void)
{
	TCase *tcase = tcase_create("owners");

	tcase_add_test(tcase, the_first_owner_that_fits_has_it);
	tcase_add_test(tcase, due_counts_from_when_it_was_found);
	tcase_add_test(tcase,
		       without_a_policy_the_due_times_are_firns_and_said_so);
	tcase_add_loop_test(tcase,
			    a_mistake_in_the_policy_is_told_with_its_place, 0,
			    sizeof(mistakes) / sizeof(mistakes[0]));
	tcase_add_test(tcase, a_policy_that_was_named_must_be_there);
	return tcase;
}

int
main(void)
{
	Suite *suite = suite_create("checklist");

	suite_add_tcase(suite, order_case());
	suite_add_tcase(suite, text_case());
	suite_add_tcase(suite, owners_case());
	return run_suite(suite);
}
