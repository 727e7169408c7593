#include "check.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"

static void
escapes_to(const char *bytes, size_t len, const char *expected)
{
	char *text = firn_escape(bytes, len);

	ck_assert_str_eq(text, expected);
	free(text);
}

START_TEST(plain_text_stays_as_it_is)
{
	escapes_to("web-1 caf\xc3\xa9", 11, "web-1 caf\xc3\xa9");
	escapes_to("", 0, "");
}
END_TEST

START_TEST(nothing_that_moves_a_cursor_gets_through)
{
	escapes_to("a\033[2Jb\r\n\0c\x7f", 11,
		   "a\\x1b[2Jb\\x0d\\x0a\\x00c\\x7f");
	escapes_to("\xc2\x9b", 2, "\\u009b");
	escapes_to("back\\slash", 10, "back\\\\slash");
}
END_TEST

START_TEST(nothing_that_reorders_or_hides_text_gets_through)
{
	escapes_to("\xe2\x80\xae"
		   "gpj.exe",
		   10, "\\u202egpj.exe");
	escapes_to("a\xe2\x80\x8b", 4, "a\\u200b");
	escapes_to("\xf3\xa0\x81\x81", 4, "\\U000e0041");
}
END_TEST

START_TEST(invalid_utf8_is_shown_byte_by_byte)
{
	escapes_to("\xff\xc3", 2, "\\xff\\xc3");
	escapes_to("\xc0\xaf", 2, "\\xc0\\xaf");
	escapes_to("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");
	escapes_to("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80");
}
END_TEST

static json_t *FIRN_PRINTF(1, 2) message(const char *fmt, ...)
{
	va_list args;
	json_t *json;

	va_start(args, fmt);
	json = firn_json_message(fmt, args);
	va_end(args);
	return json;
}

/* An interface may be called anything; what is open on it is said all the
 * same. */
START_TEST(a_message_with_any_bytes_is_no_message_lost)
{
	autojson json_t *plain = message("%s: caf\xc3\xa9", "eth0"),
			*odd = message("%s: everything", "e\xff");

	ck_assert_str_eq(json_string_value(plain), "eth0: caf\xc3\xa9");
	ck_assert_str_eq(json_string_value(odd), "e\\xff: everything");
}
END_TEST

START_TEST(a_small_buffer_is_cut_at_a_whole_escape)
{
	char small[6];

	ck_assert_uint_eq(firn_escape_into(small, sizeof(small), "a\033\033",
					   3),
			  5);
	ck_assert_str_eq(small, "a\\x1b");
	ck_assert_uint_eq(firn_escape_into(small, 1, "abc", 3), 0);
	ck_assert_str_eq(small, "");
}
END_TEST

START_TEST(utf8_with_a_nul_is_not_text)
{
	ck_assert(firn_is_utf8("abc", 3));
	ck_assert(!firn_is_utf8("a\0c", 3));
	ck_assert(!firn_is_utf8("a\xe2\x82", 3));
}
END_TEST

START_TEST(sizes_are_in_powers_of_1000)
{
	char text[FIRN_SIZE_TEXT];

	firn_size_text(999, text);
	ck_assert_str_eq(text, "999 B");
	firn_size_text(1500, text);
	ck_assert_str_eq(text, "1.5 kB");
	firn_size_text(2300000000, text);
	ck_assert_str_eq(text, "2.3 GB");
	firn_size_text(999999, text);
	ck_assert_str_eq(text, "1.0 MB");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("text");
	TCase *tcase = tcase_create("text");

	tcase_add_test(tcase, plain_text_stays_as_it_is);
	tcase_add_test(tcase, nothing_that_moves_a_cursor_gets_through);
	tcase_add_test(tcase, nothing_that_reorders_or_hides_text_gets_through);
	tcase_add_test(tcase, invalid_utf8_is_shown_byte_by_byte);
	tcase_add_test(tcase, a_message_with_any_bytes_is_no_message_lost);
	tcase_add_test(tcase, a_small_buffer_is_cut_at_a_whole_escape);
	tcase_add_test(tcase, utf8_with_a_nul_is_not_text);
	tcase_add_test(tcase, sizes_are_in_powers_of_1000);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
