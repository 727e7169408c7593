/* A request is read strictly: what two programs could read in two ways is
 * refused. */

#include "receiver/http.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

#define HOST "Host: node\r\n"

static struct firn_http_head head;

static int
read_text(const char *text)
{
	firn_http_head_free(&head);
	return firn_http_head(&head, text, strlen(text));
}

static void
teardown(void)
{
	firn_http_head_free(&head);
}

START_TEST(a_plain_request_is_read)
{
	ck_assert_int_eq(read_text("POST /v1/alerts?a=1 HTTP/1.1\r\n" HOST
				   "Content-Length: 12\r\n"
				   "X-Thing: \t one two \t\r\n\r\n"),
			 0);
	ck_assert_str_eq(head.method, "POST");
	ck_assert_str_eq(head.path, "/v1/alerts");
	ck_assert_str_eq(head.query, "a=1");
	ck_assert_str_eq(firn_http_field(&head, "x-thing"), "one two");
	ck_assert_ptr_null(firn_http_field(&head, "x-other"));
	ck_assert(head.has_length && !head.chunked && head.keep_alive);
	ck_assert_uint_eq(head.length, 12);
}
END_TEST

START_TEST(what_the_head_says_of_the_connection_is_obeyed)
{
	ck_assert_int_eq(read_text("GET / HTTP/1.0\r\n\r\n"), 0);
	ck_assert(!head.keep_alive);
	ck_assert_int_eq(read_text("GET / HTTP/1.1\r\n" HOST
				   "Connection: x, Close\r\n\r\n"),
			 0);
	ck_assert(!head.keep_alive);
	ck_assert_int_eq(read_text("GET / HTTP/1.1\r\n" HOST
				   "Expect: 100-Continue\r\n\r\n"),
			 0);
	ck_assert(head.expects);
	ck_assert_int_eq(read_text("GET http://node/x?y HTTP/1.1\r\n" HOST
				   "\r\n"),
			 0);
	ck_assert_str_eq(head.path, "/x");
	ck_assert_str_eq(head.query, "y");
}
END_TEST

static const struct {
	int status;
	const char *text;
} refused[] = {
	/* Two lengths, even the same; a length and a coding; odd lengths. */
	{ 400, "POST / HTTP/1.1\r\n" HOST
	       "Content-Length: 1\r\nContent-Length: 1\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST
	       "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST
	       "Content-Length: 18446744073709551617\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n" },
	{ 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" },
	{ 501, "POST / HTTP/1.1\r\n" HOST
	       "Transfer-Encoding: gzip, chunked\r\n\r\n" },
	{ 501,
	  "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n" },
	/* Lines and names. */
	{ 400, "POST / HTTP/1.1\r\n" HOST "A : b\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST " A: b\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "A: b\nC: d\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "A: b\rC: d\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\n" HOST "\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "A\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST ": b\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n" },
	/* Whose, and what of it. */
	{ 400, "POST / HTTP/1.1\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST HOST "\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST
	       "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n" },
	{ 400, "POST  / HTTP/1.1\r\n" HOST "\r\n" },
	{ 400, "POST /\r\n" HOST "\r\n" },
	{ 400, "POST x HTTP/1.1\r\n" HOST "\r\n" },
	{ 400, "CONNECT node:80 HTTP/1.1\r\n" HOST "\r\n" },
	{ 400, "(): / HTTP/1.1\r\n" HOST "\r\n" },
	{ 400, "\r\n\r\n" },
	{ 417, "POST / HTTP/1.1\r\n" HOST "Expect: x\r\n\r\n" },
	{ 505, "PRI * HTTP/2.0\r\n\r\n" },
	{ 505, "GET / HTTP/1.2\r\n" HOST "\r\n" },
};

START_TEST(what_could_be_read_in_two_ways_is_refused)
{
	int status = read_text(refused[_i].text);

	ck_assert_msg(status == refused[_i].status, "%d, not %d: %s", status,
		      refused[_i].status, refused[_i].text);
}
END_TEST

START_TEST(a_nul_in_a_head_is_refused)
{
	static const char text[] = "GET / HTTP/1.1\r\n" HOST "A: \0b\r\n\r\n";

	ck_assert_int_eq(firn_http_head(&head, text, sizeof(text) - 1), 400);
}
END_TEST

START_TEST(more_headers_than_there_is_room_for_are_refused)
{
	struct firn_buf text = { 0 };

	firn_buf_addf(&text, "GET / HTTP/1.1\r\n" HOST);
	for (int i = 0; i < FIRN_HTTP_FIELDS; i++)
		firn_buf_addf(&text, "A: b\r\n");
	firn_buf_addf(&text, "\r\n");
	ck_assert_int_eq(read_text(text.data), 431);
	firn_buf_free(&text);
}
END_TEST

/* Under a sanitizer: nothing is read that isn't there. */
START_TEST(no_change_of_a_byte_and_no_cut_does_harm)
{
	static const char text[] =
		"PUT http://a/b?access_token=%41 HTTP/1.1\r\n"
		"Host: a\r\nExpect: 100-continue\r\n"
		"Transfer-Encoding: chunked\r\n\r\n";
	static const char other[] = { '\0', '\r', '\n', ' ', ':', '%', '?' };
	size_t len = sizeof(text) - 1;
	char changed[sizeof(text)];
	struct firn_buf value = { 0 };

	for (size_t i = 0; i < len; i++) {
		for (size_t k = 0; k < sizeof(other); k++) {
			memcpy(changed, text, sizeof(text));
			changed[i] = other[k];
			firn_http_head_free(&head);
			if (firn_http_head(&head, changed, len) == 0)
				(void)firn_http_parameter(&head, "access_token",
							  &value);
		}
		firn_http_head_free(&head);
		ck_assert_int_ne(firn_http_head(&head, text, i), 0);
	}
	firn_buf_free(&value);
}
END_TEST

START_TEST(a_parameter_is_decoded)
{
	struct firn_buf value = { 0 };

	read_text("GET /?xaccess_token=0&access_token=a%2Bb%25&c "
		  "HTTP/1.1\r\n" HOST "\r\n");
	ck_assert(firn_http_parameter(&head, "access_token", &value));
	ck_assert_str_eq(value.data, "a+b%");
	ck_assert(!firn_http_parameter(&head, "c", &value));
	read_text("GET /?a=1&a=2&b=%4 HTTP/1.1\r\n" HOST "\r\n");
	ck_assert(!firn_http_parameter(&head, "a", &value));
	ck_assert(!firn_http_parameter(&head, "b", &value));
	firn_buf_free(&value);
}
END_TEST

#define CHUNKED "4;x=\"y\"\r\nabcd\r\n00A\r\n0123456789\r\n0\r\nX: y\r\n\r\n"

START_TEST(chunks_are_put_together_however_they_come)
{
	size_t len = strlen(CHUNKED), used;

	for (size_t cut = 0; cut <= len; cut++) {
		struct firn_chunks chunks = { 0 };
		struct firn_buf body = { 0 };
		int first = firn_chunks_feed(&chunks, CHUNKED, cut, 100, &body,
					     &used);

		ck_assert_int_eq(first, cut == len);
		ck_assert_uint_eq(used, cut);
		if (cut < len)
			ck_assert_int_eq(firn_chunks_feed(&chunks,
							  CHUNKED "GET /", 0,
							  100, &body, &used),
					 0);
		if (cut < len) {
			const char *rest = &(CHUNKED "GET /")[cut];

			ck_assert_int_eq(firn_chunks_feed(&chunks, rest,
							  strlen(rest), 100,
							  &body, &used),
					 1);
			ck_assert_uint_eq(used, len - cut);
		}
		ck_assert_str_eq(body.data, "abcd0123456789");
		firn_buf_free(&body);
	}
}
END_TEST

static const struct {
	int status;
	const char *text;
} bad_chunks[] = {
	{ 400, "\r\n" },
	{ 400, "x\r\n" },
	{ 400, "-1\r\n" },
	{ 400, " 1\r\na\r\n" },
	{ 400, "1 \r\na\r\n" },
	{ 400, "1\na\r\n" },
	{ 400, "0x1\r\na\r\n" },
	{ 400, "1\r\nab\r\n" },
	{ 400, "1\r\na\n0\r\n\r\n" },
	{ 400, "0\r\n\n" },
	{ 400, "0\r\nA\nB\r\n\r\n" },
	{ 400, "1;\x01\r\n" },
	{ 413, "65\r\n" },
	{ 413, "FFFFFFFFFFFFFFFFF\r\n" },
	{ 413, "10000000000000001\r\na\r\n" },
};

START_TEST(chunks_that_are_none_are_refused)
{
	struct firn_chunks chunks = { 0 };
	struct firn_buf body = { 0 };
	size_t used;
	int status = firn_chunks_feed(&chunks, bad_chunks[_i].text,
				      strlen(bad_chunks[_i].text), 100, &body,
				      &used);

	ck_assert_msg(status == bad_chunks[_i].status, "%d, not %d: %s", status,
		      bad_chunks[_i].status, bad_chunks[_i].text);
	firn_buf_free(&body);
}
END_TEST

START_TEST(trailers_without_end_are_refused)
{
	struct firn_chunks chunks = { 0 };
	struct firn_buf body = { 0 };
	size_t used;
	int status = firn_chunks_feed(&chunks, "0\r\n", 3, 100, &body, &used);

	for (int i = 0; i < 100000 && status == 0; i++)
		status = firn_chunks_feed(&chunks, "A: b\r\n", 6, 100, &body,
					  &used);
	ck_assert_int_eq(status, 400);
	firn_buf_free(&body);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int
main(void)
{
	Suite *suite = suite_create("http");
	TCase *tests = tcase_create("http");

	tcase_add_checked_fixture(tests, NULL, teardown);
	tcase_add_test(tests, a_plain_request_is_read);
	tcase_add_test(tests, what_the_head_says_of_the_connection_is_obeyed);
	tcase_add_loop_test(tests, what_could_be_read_in_two_ways_is_refused, 0,
			    COUNT(refused));
	tcase_add_test(tests, a_nul_in_a_head_is_refused);
	tcase_add_test(tests, more_headers_than_there_is_room_for_are_refused);
	tcase_add_test(tests, no_change_of_a_byte_and_no_cut_does_harm);
	tcase_add_test(tests, a_parameter_is_decoded);
	tcase_add_test(tests, chunks_are_put_together_however_they_come);
	tcase_add_loop_test(tests, chunks_that_are_none_are_refused, 0,
			    COUNT(bad_chunks));
	tcase_add_test(tests, trailers_without_end_are_refused);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
