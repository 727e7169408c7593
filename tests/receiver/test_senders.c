/* Who a request comes from: only whoever proves it. */

#include "receiver/senders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "check.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define OTHER_TOKEN "fedcba9876543210fedcba9876543210"

/* The vector of the reference implementations of Standard Webhooks. */
#define STANDARD_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define STANDARD_ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define STANDARD_TIME 1614265330
#define STANDARD_BODY "{\"test\": 2432232314}"
#define STANDARD_SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

/* The vector of GitHub's "Validating webhook deliveries". */
#define HUB_SECRET "It's a Secret to Everybody"
#define HUB_BODY "Hello, World!"

static struct firn_err err;
static char folder[64];
static struct firn_policy *policy;
static struct firn_senders senders;
static struct firn_http_head head;
static int folder_fd;

static void
write_file(const char *name, const char *text, mode_t mode)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	ck_assert_int_ge(fd, 0);
	ck_ok(firn_write_all(fd, path, text, strlen(text), &err));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void
read_policy(const char *sources)
{
	autofree char *text = NULL;

	firn_senders_close(&senders);
	firn_policy_close(&policy);
	ck_assert_int_gt(asprintf(&text, "sources:\n%s", sources), 0);
	ck_ok(firn_policy_parse(&policy, "policy.yaml", text, strlen(text),
				&err));
}

/* Every kind of credential, each of another source. */
static void
open_all(void)
{
	autofree char *text = NULL;

	ck_assert_int_gt(
		asprintf(&text,
			 "  - {name: falco, bearer: {file: %s/token}, "
			 "may: [look]}\n"
			 "  - {name: other, bearer: {file: %s/other}, "
			 "may: [look]}\n"
			 "  - {name: hooks, standard-webhooks: {file: "
			 "%s/standard}, may: [look]}\n"
			 "  - {name: hub, hub-signature: {file: %s/hub}, "
			 "may: [look]}\n"
			 "  - {name: grafana, hub-signature: {file: %s/hub2, "
			 "header: X-Grafana-Signature}, may: [look]}\n"
			 "  - {name: us, user: root, may: [look]}\n"
			 "  - {name: pinned, client-certificate: \"sha256:"
			 "00112233445566778899aabbccddeeff"
			 "00112233445566778899aabbccddeeff\", may: [look]}\n"
			 "  - {name: named, client-certificate: falco.example, "
			 "may: [look]}\n",
			 folder, folder, folder, folder, folder),
		0);
	read_policy(text);
	ck_ok(firn_senders_open(&senders, policy, folder_fd, &err));
}

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/firn-senders-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(folder_fd, 0);
	write_file("token", TOKEN "\n\n  " TOKEN "-new\n", 0600);
	write_file("other", OTHER_TOKEN "\n", 0640);
	write_file("standard", STANDARD_SECRET "\n", 0600);
	write_file("hub", HUB_SECRET "\n", 0600);
	write_file("hub2", "another-secret-of-grafana\n", 0600);
}

static void
teardown(void)
{
	char command[96];

	close(folder_fd);
	firn_http_head_free(&head);
	firn_senders_close(&senders);
	firn_policy_close(&policy);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static const char *
name_of(struct firn_proven proven)
{
	return proven.sender != NULL ? proven.sender->source->name : "nobody";
}

static const char *
by_token(const char *token)
{
	return name_of(firn_senders_token(&senders, token, strlen(token)));
}

START_TEST(a_token_is_its_senders_alone)
{
	open_all();
	ck_assert_str_eq(by_token(TOKEN), "falco");
	ck_assert_str_eq(by_token(TOKEN "-new"), "falco");
	ck_assert_str_eq(by_token(OTHER_TOKEN), "other");
	ck_assert_str_eq(by_token(""), "nobody");
	ck_assert_str_eq(by_token(TOKEN "\n"), "nobody");
	ck_assert_str_eq(by_token(HUB_SECRET), "nobody");
}
END_TEST

START_TEST(a_user_is_known_by_the_kernels_word)
{
	open_all();
	ck_assert_str_eq(name_of(firn_senders_user(&senders, 0)), "us");
	ck_assert_str_eq(name_of(firn_senders_user(&senders, 1)), "nobody");
}
END_TEST

START_TEST(a_certificate_is_known_by_its_digest_or_by_a_name_its_ca_signed)
{
	static const char *const names[] = { "x", "falco.example" };
	struct firn_certificate shown = { .names = names, .n_names = 2 };

	open_all();
	ck_assert(firn_senders_pin(&senders));
	ck_assert_str_eq(name_of(firn_senders_certificate(&senders, &shown)),
			 "nobody");
	shown.is_signed = true;
	ck_assert_str_eq(name_of(firn_senders_certificate(&senders, &shown)),
			 "named");
	shown = (struct firn_certificate){ 0 };
	for (int i = 0; i < FIRN_SHA256; i++)
		shown.digest[i] = (unsigned char)(i % 16 * 0x11);
	ck_assert(firn_senders_pinned(&senders, shown.digest));
	ck_assert_str_eq(name_of(firn_senders_certificate(&senders, &shown)),
			 "pinned");
}
END_TEST

static void
read_head(const char *fields)
{
	autofree char *text = NULL;

	ck_assert_int_gt(asprintf(&text, "POST / HTTP/1.1\r\nHost: x\r\n%s\r\n",
				  fields),
			 0);
	firn_http_head_free(&head);
	ck_assert_int_eq(firn_http_head(&head, text, strlen(text)), 0);
}

static const char *
by_signature(const char *body, int64_t now_s)
{
	unsigned char digest[FIRN_SHA256];
	int64_t until_s;

	return name_of(firn_senders_signature(&senders, &head, body,
					      strlen(body), now_s, digest,
					      &until_s));
}

#define STANDARD(id, time, signature)                    \
	"webhook-id: " id "\r\nwebhook-timestamp: " time \
	"\r\nwebhook-signature: " signature "\r\n"

START_TEST(standard_webhooks_are_verified_as_their_authors_do)
{
	open_all();
	read_head(STANDARD(STANDARD_ID, "1614265330", STANDARD_SIGNATURE));
	ck_assert(firn_senders_signed(&senders, &head));
	ck_assert_str_eq(by_signature(STANDARD_BODY, STANDARD_TIME), "hooks");
	ck_assert_str_eq(by_signature("{\"test\": 2432232315}", STANDARD_TIME),
			 "nobody");
	read_head(STANDARD(STANDARD_ID, "1614265330",
			   "v1a,AAAA v1,bm9wZQ== " STANDARD_SIGNATURE));
	ck_assert_str_eq(by_signature(STANDARD_BODY, STANDARD_TIME), "hooks");
	read_head(STANDARD("msg_another", "1614265330", STANDARD_SIGNATURE));
	ck_assert_str_eq(by_signature(STANDARD_BODY, STANDARD_TIME), "nobody");
	read_head(STANDARD(STANDARD_ID, "1614265331", STANDARD_SIGNATURE));
	ck_assert_str_eq(by_signature(STANDARD_BODY, STANDARD_TIME), "nobody");
}
END_TEST

START_TEST(a_stale_signature_is_none_and_one_of_the_future_neither)
{
	open_all();
	read_head(STANDARD(STANDARD_ID, "1614265330", STANDARD_SIGNATURE));
	ck_assert_str_eq(by_signature(STANDARD_BODY, STANDARD_TIME + 300),
			 "hooks");
	ck_assert_str_eq(by_signature(STANDARD_BODY, STANDARD_TIME + 301),
			 "nobody");
	ck_assert_str_eq(by_signature(STANDARD_BODY, STANDARD_TIME - 300),
			 "hooks");
	ck_assert_str_eq(by_signature(STANDARD_BODY, STANDARD_TIME - 301),
			 "nobody");
	read_head(STANDARD(STANDARD_ID, "99999999999999999999",
			   STANDARD_SIGNATURE));
	ck_assert_str_eq(by_signature(STANDARD_BODY, STANDARD_TIME), "nobody");
}
END_TEST

#define HUB_SIGNATURE                      \
	"757107ea0eb2509fc211221cce984b8a" \
	"37570b6d7586c22c46f4379c8b043e17"

START_TEST(the_hub_signature_is_of_the_body_and_in_its_senders_header)
{
	open_all();
	read_head("X-Hub-Signature-256: sha256=" HUB_SIGNATURE "\r\n");
	ck_assert(firn_senders_signed(&senders, &head));
	ck_assert_str_eq(by_signature(HUB_BODY, 1), "hub");
	ck_assert_str_eq(by_signature("Hello, World?", 1), "nobody");
	read_head("X-Hub-Signature-256: " HUB_SIGNATURE "\r\n");
	ck_assert_str_eq(by_signature(HUB_BODY, 1), "hub");
	read_head("X-Hub-Signature-256: sha256=" HUB_SIGNATURE "00\r\n");
	ck_assert_str_eq(by_signature(HUB_BODY, 1), "nobody");
	read_head("X-Grafana-Signature: sha256=" HUB_SIGNATURE "\r\n");
	ck_assert(firn_senders_signed(&senders, &head));
	ck_assert_str_eq(by_signature(HUB_BODY, 1), "nobody");
}
END_TEST

START_TEST(a_request_without_a_signature_need_not_be_read)
{
	open_all();
	read_head("webhook-id: x\r\nwebhook-timestamp: 1\r\n");
	ck_assert(!firn_senders_signed(&senders, &head));
	read_head("X-Hub-Signature: sha1=00\r\n");
	ck_assert(!firn_senders_signed(&senders, &head));
}
END_TEST

static void
is_refused(const char *kind, const char *file, int code, const char *says)
{
	autofree char *text = NULL;

	ck_assert_int_gt(asprintf(&text,
				  "  - {name: a, %s: {file: %s/%s}, "
				  "may: [look]}\n",
				  kind, folder, file),
			 0);
	read_policy(text);
	ck_fails(firn_senders_open(&senders, policy, folder_fd, &err), code);
	ck_assert_msg(strstr(err.text, says) != NULL, "%s", err.text);
	/* What a secret is, is never said. */
	ck_assert_ptr_null(strstr(err.text, "password"));
}

START_TEST(a_secret_that_others_know_or_can_guess_is_refused)
{
	write_file("open", TOKEN "\n", 0644);
	write_file("short", "password\n", 0600);
	write_file("empty", "\n", 0600);
	write_file("odd", "whsec_!!!\n", 0600);
	is_refused("bearer", "open", EPERM, "chmod 0600");
	is_refused("bearer", "short", EINVAL, "guessed");
	is_refused("hub-signature", "short", EINVAL, "guessed");
	is_refused("bearer", "empty", ENODATA, "empty");
	is_refused("standard-webhooks", "odd", EBADMSG, "base64");
	is_refused("bearer", "none", ENOENT, "source a");
}
END_TEST

static void
open_seen(struct firn_seen *seen, unsigned rate, const char *source)
{
	firn_seen_close(seen);
	ck_ok(firn_seen_open(seen, rate, 10, folder_fd, source, &err));
	ck_assert_uint_lt(seen->bytes, 16 << 20);
}

static void
see(struct firn_seen *seen, const unsigned char digest[FIRN_SHA256],
    int64_t until_s)
{
	struct firn_seen_one one = { .letter = "letter", .until_s = until_s };

	memcpy(one.digest, digest, FIRN_SHA256);
	firn_seen_add(seen, &one);
}

static bool
knows(const struct firn_seen *seen, const unsigned char digest[FIRN_SHA256],
      int64_t now_s)
{
	const struct firn_seen_one *one = firn_seen_find(seen, digest, now_s);

	return one != NULL && strcmp(one->letter, "letter") == 0;
}

START_TEST(what_was_seen_is_known_until_it_cannot_be_replayed)
{
	autodone(firn_seen_close) struct firn_seen seen = { 0 };
	unsigned char one[FIRN_SHA256] = { 1 }, two[FIRN_SHA256] = { 2 };

	open_seen(&seen, 1, "../a");
	see(&seen, one, 100);
	ck_assert(knows(&seen, one, 100));
	ck_assert(!knows(&seen, one, 101));
	ck_assert(!knows(&seen, two, 100));
	/* Also by who comes after, and of this source alone. */
	open_seen(&seen, 1, "../a");
	ck_assert(knows(&seen, one, 100));
	open_seen(&seen, 1, "b");
	ck_assert(!knows(&seen, one, 100));
	open_seen(&seen, 1, "../a");
	while (seen.ring->next != 0)
		see(&seen, two, 200);
	ck_assert(firn_seen_full(&seen, 100));
	ck_assert(!firn_seen_full(&seen, 101));
	open_seen(&seen, 4000000000u, "../a");
	ck_assert(!knows(&seen, one, 100));
}
END_TEST

/* Whatever a file holds, it does no harm. */
START_TEST(what_was_seen_may_have_been_torn)
{
	autodone(firn_seen_close) struct firn_seen seen = { 0 };
	unsigned char one[FIRN_SHA256] = { 0 };

	open_seen(&seen, 1, "a");
	memset(seen.ring->items, 0xff, seen.bytes - sizeof(*seen.ring));
	seen.ring->next = UINT32_MAX;
	open_seen(&seen, 1, "a");
	ck_assert_uint_eq(seen.ring->next, 0);
	memset(seen.ring->items, 0x7f, seen.bytes - sizeof(*seen.ring));
	open_seen(&seen, 1, "a");
	memset(one, 0x7f, sizeof(one));
	ck_assert_uint_lt(strlen(firn_seen_find(&seen, one, 1)->letter),
			  FIRN_LETTER_NAME);
}
END_TEST

#define SECOND ((uint64_t)1000000000)

START_TEST(a_rate_lets_through_what_it_says_and_no_more)
{
	struct firn_rate rate;
	unsigned n = 0;

	firn_rate_start(&rate, 60, 0);
	for (; firn_rate_wait(&rate, 0) == 0; n++)
		firn_rate_take(&rate, 1);
	ck_assert_uint_eq(n, 60);
	ck_assert_uint_ge(firn_rate_wait(&rate, 0), 1);
	ck_assert_uint_eq(firn_rate_wait(&rate, SECOND), 0);
	firn_rate_take(&rate, 10);
	ck_assert_uint_ge(firn_rate_wait(&rate, SECOND), 9);
	ck_assert_uint_eq(firn_rate_wait(&rate, 12 * SECOND), 0);
	/* A long silence saves up a minute's worth. */
	(void)firn_rate_wait(&rate, 100000 * SECOND);
	for (n = 0; firn_rate_wait(&rate, 100000 * SECOND) == 0; n++)
		firn_rate_take(&rate, 1);
	ck_assert_uint_eq(n, 60);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("senders");
	TCase *tests = tcase_create("senders");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_token_is_its_senders_alone);
	tcase_add_test(tests, a_user_is_known_by_the_kernels_word);
	tcase_add_test(
		tests,
		a_certificate_is_known_by_its_digest_or_by_a_name_its_ca_signed);
	tcase_add_test(tests,
		       standard_webhooks_are_verified_as_their_authors_do);
	tcase_add_test(tests,
		       a_stale_signature_is_none_and_one_of_the_future_neither);
	tcase_add_test(
		tests,
		the_hub_signature_is_of_the_body_and_in_its_senders_header);
	tcase_add_test(tests, a_request_without_a_signature_need_not_be_read);
	tcase_add_test(tests,
		       a_secret_that_others_know_or_can_guess_is_refused);
	tcase_add_test(tests,
		       what_was_seen_is_known_until_it_cannot_be_replayed);
	tcase_add_test(tests, what_was_seen_may_have_been_torn);
	tcase_add_test(tests, a_rate_lets_through_what_it_says_and_no_more);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
