#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"
#include "base/spool.h"

static struct firn_err err;

START_TEST(sha256_of_abc_is_the_one_of_fips_180)
{
	unsigned char digest[FIRN_SHA256];
	char text[FIRN_SHA256_TEXT];

	ck_ok(firn_sha256("abc", 3, digest, &err));
	firn_hex(digest, sizeof(digest), text);
	ck_assert_str_eq(text, "ba7816bf8f01cfea414140de5dae2223"
			       "b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(hmac_is_the_one_of_rfc_4231)
{
	unsigned char mac[FIRN_SHA256];
	char text[FIRN_SHA256_TEXT];

	ck_ok(firn_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28,
			       mac, &err));
	firn_hex(mac, sizeof(mac), text);
	ck_assert_str_eq(text, "5bdcc146bf60754e6a042426089575c7"
			       "5a003f089d2739839dec58b964ec3843");
}
END_TEST

START_TEST(hexadecimal_is_read_back_exactly_or_not_at_all)
{
	unsigned char bytes[2];

	ck_assert_int_eq(firn_unhex("00ff", bytes, 2), 0);
	ck_assert_uint_eq(bytes[1], 0xff);
	ck_assert_int_eq(firn_unhex("00f", bytes, 2), -1);
	ck_assert_int_eq(firn_unhex("00FF", bytes, 2), -1);
	ck_assert_int_eq(firn_unhex("00ff00", bytes, 2), -1);
}
END_TEST

START_TEST(a_file_larger_than_allowed_is_an_error_not_a_cut)
{
	autofree char *data = NULL;
	size_t len;

	ck_fails(firn_read_at(AT_FDCWD, "/proc/self/maps", 10, &data, &len,
			      &err),
		 EFBIG);
	ck_ok(firn_read_at(AT_FDCWD, "/proc/self/comm", 4096, &data, &len,
			   &err));
	ck_assert_uint_eq(strlen(data), len);
}
END_TEST

START_TEST(a_spool_gives_back_what_was_put_in_however_large)
{
	autospool struct firn_spool spool = firn_spool_init(AT_FDCWD);
	unsigned char block[4099], back[4099];
	uint64_t offset = 0;

	for (unsigned i = 0; i < 1000; i++) {
		memset(block, (int)(i % 251), sizeof(block));
		ck_ok(firn_spool_add(&spool, block, sizeof(block), &err));
	}
	ck_assert_uint_eq(spool.size, 1000 * sizeof(block));
	ck_assert_int_ge(spool.fd, 0);
	for (unsigned i = 0; i < 1000; i++) {
		size_t have = 0;

		while (have < sizeof(back)) {
			ssize_t n = firn_spool_read(&spool, offset, back + have,
						    sizeof(back) - have, &err);

			ck_assert_int_gt(n, 0);
			have += (size_t)n;
			offset += (uint64_t)n;
		}
		memset(block, (int)(i % 251), sizeof(block));
		ck_assert_mem_eq(back, block, sizeof(block));
	}
	ck_assert_int_eq(firn_spool_read(&spool, offset, back, 1, &err), 0);
}
END_TEST

START_TEST(bytes_that_are_not_text_stand_beside_it_in_base64)
{
	autojson json_t *object = json_object();

	firn_json_bytes(object, "name", "\xff\n", 2);
	firn_json_bytes(object, "plain", "a\nb", 3);
	ck_assert_str_eq(firn_json_string(object, "name", NULL), "\\xff\\x0a");
	ck_assert_str_eq(firn_json_string(object, "name_b64", NULL), "/wo=");
	ck_assert_str_eq(firn_json_string(object, "plain", NULL), "a\nb");
	ck_assert_ptr_null(json_object_get(object, "plain_b64"));
}
END_TEST

START_TEST(duplicate_keys_are_refused)
{
	json_t *json = NULL;

	ck_fails(firn_json_parse("{\"a\":1,\"a\":2}", 13, "alert", &json, &err),
		 EBADMSG);
	ck_assert_ptr_null(json);
}
END_TEST

START_TEST(a_buffer_grows_and_keeps_a_nul_behind)
{
	autobuf struct firn_buf buf = { 0 };

	for (int i = 0; i < 1000; i++)
		firn_buf_addf(&buf, "%d,", i);
	firn_buf_fill(&buf, 0, 3);
	ck_ok(firn_buf_check(&buf, &err));
	ck_assert_uint_eq(buf.len, 10 * 2 + 90 * 3 + 900 * 4 + 3);
	ck_assert_int_eq(buf.data[buf.len], '\0');
}
END_TEST

START_TEST(a_number_is_all_digits_and_fits)
{
	uint64_t value;

	ck_assert(firn_is_decimal("18446744073709551615", &value));
	ck_assert_uint_eq(value, UINT64_MAX);
	ck_assert(!firn_is_decimal("18446744073709551616", &value));
	ck_assert(!firn_is_decimal("", &value));
	ck_assert(!firn_is_decimal("-1", &value));
	ck_assert(!firn_is_decimal("1 ", &value));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bytes");
	TCase *tcase = tcase_create("bytes");

	tcase_add_test(tcase, sha256_of_abc_is_the_one_of_fips_180);
	tcase_add_test(tcase, hmac_is_the_one_of_rfc_4231);
	tcase_add_test(tcase, hexadecimal_is_read_back_exactly_or_not_at_all);
	tcase_add_test(tcase, a_file_larger_than_allowed_is_an_error_not_a_cut);
	tcase_add_test(tcase, a_spool_gives_back_what_was_put_in_however_large);
	tcase_add_test(tcase,
		       bytes_that_are_not_text_stand_beside_it_in_base64);
	tcase_add_test(tcase, duplicate_keys_are_refused);
	tcase_add_test(tcase, a_buffer_grows_and_keeps_a_nul_behind);
	tcase_add_test(tcase, a_number_is_all_digits_and_fits);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
