/*
 * What a sender, or a suspect whose words it passes on, can do to a parser.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "firn/alert.h"
#include "respond/alerts.h"

static int
parse(const void *text, size_t len, json_t **ret, struct firn_err *err)
{
	return firn_alerts_parse(text, len, NULL, NULL, ret, err);
}

static void
check_fails(const char *text, size_t len, int code)
{
	struct firn_err err = { 0 };
	json_t *alerts = NULL;

	ck_fails(parse(text, len, &alerts, &err), code);
	ck_assert(alerts == NULL);
	ck_assert(err.text[0] != '\0');
}

/* A Falco alert with this, as it is, for its command line. */
static void
falco(struct firn_buf *ret, const char *bytes, size_t len)
{
	firn_buf_addf(ret, "{\"rule\":\"r\",\"priority\":\"Notice\","
			   "\"output_fields\":{\"container.id\":"
			   "\"361491266a70\",\"proc.cmdline\":\"");
	firn_buf_add(ret, bytes, len);
	firn_buf_addf(ret, "\"}}");
}

static void
check_command(const char *bytes, size_t len, const char *command)
{
	autobuf struct firn_buf text = { 0 };
	autojson json_t *alerts = NULL;
	struct firn_err err = { 0 };
	const json_t *alert;

	falco(&text, bytes, len);
	ck_ok(parse(text.data, text.len, &alerts, &err));
	alert = json_array_get(alerts, 0);
	ck_assert_str_eq(firn_json_string(alert, "container_id", NULL),
			 "361491266a70");
	ck_assert_str_eq(firn_json_string(alert, "fields", "proc.cmdline",
					  NULL),
			 command);
}

#define COMMAND(bytes, command) check_command(bytes, sizeof(bytes) - 1, command)

START_TEST(no_command_line_silences_the_alert_about_it)
{
	COMMAND("a\\u0000b", "a\xef\xbf\xbd"
			     "b");
	COMMAND("\\udc80", "\xef\xbf\xbd");
	COMMAND("\\uD800x", "\xef\xbf\xbdx");
	COMMAND("\\ud800\\u0041", "\xef\xbf\xbd"
				  "A");
	COMMAND("\\ud83d\\ude00", "\xf0\x9f\x98\x80");
	COMMAND("\\\\u0000", "\\u0000");
	COMMAND("\xff\xfe", "??");
	COMMAND("\xc3", "?");
	COMMAND("\xc0\xaf", "??");
	COMMAND("\xed\xa0\x80", "???");
	COMMAND("\\\"}}", "\"}}");
	COMMAND("{[{[{[\\\\", "{[{[{[\\");
}
END_TEST

START_TEST(a_kernels_address_silences_nothing_either)
{
	static const char text[] =
		"{\"rule\":\"r\",\"priority\":\"Notice\",\"output\":\"\","
		"\"output_fields\":{\"a\":18446744071579017184,"
		"\"user.uid\":0,\"proc.pid\":31590}}";
	autojson json_t *alerts = NULL;
	struct firn_err err = { 0 };
	const json_t *alert;

	ck_ok(parse(text, strlen(text), &alerts, &err));
	alert = json_array_get(alerts, 0);
	ck_assert_str_eq(firn_json_string(alert, "fields", "user.uid", NULL),
			 "0");
	ck_assert_int_eq(json_integer_value(json_object_get(alert, "pid")),
			 31590);
}
END_TEST

START_TEST(what_is_no_json_is_refused)
{
	static const char *const bad[] = {
		"",         " \n",         "{",          "}",
		"rule=x",   "{\"a\":1,}",  "{\"a\" 1}",  "\"\\u12\"",
		"{\"a\":1", "[{\"a\":1}}", "\xff{}",     "{\"a\":\"\n\"}",
		"{} {",     "nul",         "{\"a\":01}", "1e999",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_fails(bad[i], strlen(bad[i]), EBADMSG);
	check_fails("{}\0{}", 5, EBADMSG);
	check_fails("\0", 1, EBADMSG);
}
END_TEST

START_TEST(what_nobody_sends_is_refused)
{
	static const char *const strange[] = {
		"{}",
		"1",
		"null",
		"\"falco\"",
		"{\"rule\":\"r\"}",
		"[1,2,[3]]",
		"{\"alerts\":[1]}",
		"{\"rule\":{},\"priority\":[],\"output\":1}",
		"{\"process_exec\":{\"process\":null}}",
		"{\"specversion\":\"1.0\",\"type\":\"t\",\"source\":\"s\"}",
	};

	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
		check_fails(strange[i], strlen(strange[i]), EBADMSG);
}
END_TEST

START_TEST(a_key_that_comes_twice_is_refused)
{
	static const char *const twice[] = {
		"{\"rule\":\"r\",\"priority\":\"Debug\",\"output\":\"\","
		"\"rule\":\"s\"}",
		"{\"schema\":\"firn.alert/v1\",\"target\":{\"pid\":1,"
		"\"\\u0070id\":2}}",
	};

	for (size_t i = 0; i < 2; i++)
		check_fails(twice[i], strlen(twice[i]), EBADMSG);
}
END_TEST

/* A known alert with `depth` levels in all. */
static void
nested(struct firn_buf *ret, size_t depth)
{
	firn_buf_addf(ret, "{\"schema\":\"firn.alert/v1\",\"x\":");
	firn_buf_fill(ret, '[', depth - 1);
	firn_buf_fill(ret, ']', depth - 1);
	firn_buf_addf(ret, "}");
}

START_TEST(depth_ends_at_its_limit)
{
	autobuf struct firn_buf deep = { 0 }, deeper = { 0 }, abyss = { 0 };
	autojson json_t *alerts = NULL;
	struct firn_err err = { 0 };

	nested(&deep, FIRN_ALERT_DEPTH);
	ck_ok(parse(deep.data, deep.len, &alerts, &err));
	nested(&deeper, FIRN_ALERT_DEPTH + 1);
	check_fails(deeper.data, deeper.len, EBADMSG);
	firn_buf_fill(&abyss, '[', FIRN_ALERT_MAX);
	check_fails(abyss.data, abyss.len, EBADMSG);
}
END_TEST

START_TEST(size_ends_at_its_limit)
{
	static const char head[] = "{\"schema\":\"firn.alert/v1\",\"note\":\"";
	autobuf struct firn_buf text = { 0 };
	autojson json_t *alerts = NULL;
	struct firn_err err = { 0 };

	firn_buf_addf(&text, "%s", head);
	firn_buf_fill(&text, 'x', FIRN_ALERT_MAX - strlen(head) - 2);
	firn_buf_addf(&text, "\"}");
	ck_assert_uint_eq(text.len, FIRN_ALERT_MAX);
	ck_ok(parse(text.data, text.len, &alerts, &err));
	firn_buf_addf(&text, " ");
	check_fails(text.data, text.len, E2BIG);
}
END_TEST

START_TEST(values_that_take_memory_are_counted)
{
	autobuf struct firn_buf text = { 0 };

	firn_buf_addf(&text, "[{}");
	for (size_t i = 0; i < FIRN_ALERT_VALUES / 2; i++)
		firn_buf_addf(&text, ",{}");
	firn_buf_addf(&text, "]");
	ck_assert_uint_lt(text.len, FIRN_ALERT_MAX);
	check_fails(text.data, text.len, E2BIG);
}
END_TEST

static void
group(struct firn_buf *ret, size_t n)
{
	firn_buf_addf(ret, "{\"version\":\"4\",\"alerts\":[");
	for (size_t i = 0; i < n; i++)
		firn_buf_addf(ret,
			      "%s{\"status\":\"firing\",\"labels\":{"
			      "\"alertname\":\"A\",\"pod\":\"p%zu\"},"
			      "\"annotations\":{}}",
			      i > 0 ? "," : "", i);
	firn_buf_addf(ret, "]}");
}

START_TEST(a_group_ends_at_its_limit)
{
	autobuf struct firn_buf most = { 0 }, more = { 0 };
	autojson json_t *alerts = NULL;
	struct firn_err err = { 0 };

	group(&most, FIRN_ALERTS_MAX);
	ck_ok(parse(most.data, most.len, &alerts, &err));
	ck_assert_uint_eq(json_array_size(alerts), FIRN_ALERTS_MAX);
	group(&more, FIRN_ALERTS_MAX + 1);
	check_fails(more.data, more.len, E2BIG);
}
END_TEST

START_TEST(long_strings_are_cut_at_a_whole_character)
{
	autobuf struct firn_buf command = { 0 }, text = { 0 };
	autojson json_t *alerts = NULL;
	struct firn_err err = { 0 };
	const char *is;

	firn_buf_addf(&command, "x");
	for (size_t i = 0; i < FIRN_ALERT_TEXT; i++)
		firn_buf_addf(&command, "\xe2\x82\xac");
	falco(&text, command.data, command.len);
	ck_ok(parse(text.data, text.len, &alerts, &err));
	is = firn_json_string(json_array_get(alerts, 0), "fields",
			      "proc.cmdline", NULL);
	ck_assert_uint_eq(strlen(is), FIRN_ALERT_TEXT);
	ck_assert_int_eq(strncmp(is, command.data, strlen(is)), 0);
}
END_TEST

/* Parses, or fails with a reason; a copy of exactly its size lets the sanitizer
 * see one byte too far. */
static void
try(const struct sample *sample, const char *text, size_t len)
{
	autofree char *exact = malloc(len + (len == 0));
	autojson json_t *alerts = NULL;
	struct firn_err err = { 0 };
	struct sample copy = *sample;

	memcpy(exact, text, len);
	copy.text = exact;
	copy.len = len;
	if (sample_parse(&copy, &alerts, &err) == 0) {
		ck_assert(json_is_array(alerts));
		return;
	}
	ck_assert(alerts == NULL);
	ck_assert(err.code == EBADMSG || err.code == E2BIG);
	ck_assert(err.text[0] != '\0');
}

START_TEST(every_truncation_parses_or_fails_with_a_reason)
{
	struct sample sample = sample_open(samples[_i]);

	for (size_t len = 0; len < sample.len; len++)
		try(&sample, sample.text, len);
	sample_close(&sample);
}
END_TEST

START_TEST(every_byte_may_be_another)
{
	static const char others[] = { '\0', '"', '\\', '{',    '}',
				       '[',  ',', ':',  '\xff', '\xe2',
				       '-',  '9', '/',  '~',    '\n' };
	struct sample sample = sample_open(samples[_i]);

	for (size_t i = 0; i < sample.len; i++) {
		char was = sample.text[i];

		sample.text[i] = others[i % sizeof(others)];
		try(&sample, sample.text, sample.len);
		sample.text[i] = was;
	}
	sample_close(&sample);
}
END_TEST

START_TEST(every_value_may_be_of_another_kind)
{
	static const char *const others[] = {
		"null",           "-1",  "1e9", "[]", "{}", "\"\"",
		"[{\"name\":1}]", "true"
	};
	struct sample sample = sample_open(samples[_i]);

	/* Behind each colon stands a value. */
	for (size_t i = 0; i + 1 < sample.len; i++) {
		if (sample.text[i] != ':' || sample.text[i - 1] != '"')
			continue;
		for (size_t k = 0; k < sizeof(others) / sizeof(others[0]);
		     k++) {
			autobuf struct firn_buf text = { 0 };
			size_t rest = i + 1;

			rest += strcspn(sample.text + rest, ",}]");
			firn_buf_add(&text, sample.text, i + 1);
			firn_buf_addf(&text, "%s", others[k]);
			firn_buf_add(&text, sample.text + rest,
				     sample.len - rest);
			try(&sample, text.data, text.len);
		}
	}
	sample_close(&sample);
}
END_TEST

START_TEST(what_base64_hides_is_not_believed_either)
{
	static const char *const hidden[] = { "",         "=",       "!!!!",
					      "AAAA",     "e30",     "W1tb",
					      "eyJhIjox", "/////w==" };

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		autobuf struct firn_buf text = { 0 };

		firn_buf_addf(&text,
			      "{\"specversion\":\"1.0\",\"type\":\"t\","
			      "\"source\":\"s\",\"data_base64\":\"%s\"}",
			      hidden[i]);
		check_fails(text.data, text.len, EBADMSG);
	}
}
END_TEST

START_TEST(headers_may_be_anything)
{
	static const char *const values[] = { "",     "%",      "%zz", "\"",
					      "\"\\", "%C0%A0", "%00", "1.0" };
	struct sample sample = sample_open("falco-http.json");

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		autojson json_t *headers =
			json_pack("{s:s, s:s, s:s, s:s, s:s}", "ce-specversion",
				  "1.0", "ce-type", values[i], "ce-source", "s",
				  "ce-id", values[i], "content-type",
				  values[i]);
		struct sample with = { .headers = headers };

		try(&with, sample.text, sample.len);
	}
	sample_close(&sample);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("alert_hostile");
	TCase *tests = tcase_create("hostile");

	tcase_set_timeout(tests, 240);
	tcase_add_test(tests, no_command_line_silences_the_alert_about_it);
	tcase_add_test(tests, a_kernels_address_silences_nothing_either);
	tcase_add_test(tests, what_is_no_json_is_refused);
	tcase_add_test(tests, what_nobody_sends_is_refused);
	tcase_add_test(tests, a_key_that_comes_twice_is_refused);
	tcase_add_test(tests, depth_ends_at_its_limit);
	tcase_add_test(tests, size_ends_at_its_limit);
	tcase_add_test(tests, values_that_take_memory_are_counted);
	tcase_add_test(tests, a_group_ends_at_its_limit);
	tcase_add_test(tests, long_strings_are_cut_at_a_whole_character);
	tcase_add_loop_test(tests,
			    every_truncation_parses_or_fails_with_a_reason, 0,
			    N_SAMPLES);
	tcase_add_loop_test(tests, every_byte_may_be_another, 0, N_SAMPLES);
	tcase_add_loop_test(tests, every_value_may_be_of_another_kind, 0,
			    N_SAMPLES);
	tcase_add_test(tests, what_base64_hides_is_not_believed_either);
	tcase_add_test(tests, headers_may_be_anything);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
