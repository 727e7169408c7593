/* The receiver as its senders see it, over its unix socket. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"
#include "check.h"
#include "receiver/serving.h"

#define ALERT                                                                \
	"{\"schema\": \"firn.alert/v1\", \"rule\": \"a test\", \"target\": " \
	"{\"container_id\": \"0123456789ab\"}}"
#define HOST "Host: node\r\n"
#define BEARER "Authorization: Bearer " BEARER_TOKEN "\r\n"

static struct firn_err err;
static struct serving serving;

static void
setup(void)
{
	serving_start(&serving, "", "60");
}

static void
teardown(void)
{
	serving_clean(&serving);
}

static json_t *
json_of(const struct reply *reply)
{
	json_t *json = NULL;

	ck_ok(firn_json_parse(reply->body, strlen(reply->body), "the answer",
			      &json, &err));
	return json;
}

/* What an answer says, in one go. */
static int
status_of(const char *request)
{
	struct reply reply = serving_ask(&serving, request, strlen(request));

	free(reply.text);
	return reply.status;
}

START_TEST(an_alert_is_in_the_inbox_when_it_is_answered)
{
	struct reply reply =
		serving_post(&serving, "X-Secret: y\r\n", ALERT, strlen(ALERT));
	autojson json_t *answer = json_of(&reply);
	struct firn_letter letter = { 0 };

	ck_assert_int_eq(reply.status, 200);
	ck_assert(json_is_true(json_object_get(answer, "accepted")));
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "alerts")),
			 1);
	ck_assert_int_eq(firn_inbox_take(&serving.inbox, &letter, &err), 1);
	ck_assert_str_eq(letter.name, firn_json_string(answer, "id", NULL));
	ck_assert_str_eq(letter.payload, ALERT);
	ck_assert_uint_eq(letter.writer_uid, serving.inbox.trusted_uid);
	ck_assert_str_eq(firn_json_string(letter.envelope, "source", NULL),
			 "us");
	ck_assert_str_eq(firn_json_string(letter.envelope, "way", NULL),
			 "unix");
	ck_assert_str_eq(firn_json_string(letter.envelope, "auth", NULL),
			 "user");
	ck_assert_ptr_null(
		firn_json_at(letter.envelope, "headers", "x-secret", NULL));
	firn_letter_free(&letter);
	free(reply.text);
}
END_TEST

static const struct {
	int status;
	const char *request;
} answered[] = {
	{ 200, "GET /healthz HTTP/1.1\r\n" HOST "\r\n" },
	{ 200, "HEAD /healthz HTTP/1.1\r\n" HOST "\r\n" },
	{ 200, "OPTIONS / HTTP/1.1\r\n" HOST "\r\n" },
	{ 200, "PUT /v1/alerts HTTP/1.1\r\n" HOST
	       "Transfer-Encoding: chunked\r\n\r\n"
	       "40\r\n{\"schema\": \"firn.alert/v1\", \"rule\": \"x\", "
	       "\"target\": {\"pid\": 1  }}"
	       "\r\n0\r\nAuthorization: Bearer x\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n[1" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n" },
	{ 400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n"
	       "Content-Length: 2\r\n\r\n[]" },
	{ 400, "GET /healthz HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n[]" },
	{ 404, "POST /alert HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n[]" },
	{ 404, "GET /../etc/passwd HTTP/1.1\r\n" HOST "\r\n" },
	{ 404, "GET /alerts/../cur/x HTTP/1.1\r\n" HOST "\r\n" },
	{ 404,
	  "GET /alerts/0000000001.000000001-1-1 HTTP/1.1\r\n" HOST "\r\n" },
	{ 405, "GET /alerts HTTP/1.1\r\n" HOST "\r\n" },
	{ 405, "DELETE / HTTP/1.1\r\n" HOST "\r\n" },
	{ 405, "POST /healthz HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n" },
	{ 411, "POST / HTTP/1.1\r\n" HOST "\r\n" },
	{ 413, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n" },
	{ 413, "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
	       "Content-Length: 9999999999\r\n\r\n" },
	{ 413, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	       "100001\r\n" },
	{ 415, "POST / HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\n"
	       "Content-Length: 2\r\n\r\n[]" },
	{ 417, "POST / HTTP/1.1\r\n" HOST "Expect: x\r\n\r\n" },
	{ 501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n" },
	{ 505, "POST / HTTP/3.0\r\n" HOST "\r\n" },
	{ 400, "\x16\x03\x01\x02\x01\x05\r\n\r\n" }, /* TLS in plain */
};

START_TEST(every_request_is_answered_as_it_should_be)
{
	int status = status_of(answered[_i].request);

	ck_assert_msg(status == answered[_i].status, "%d, not %d: %s", status,
		      answered[_i].status, answered[_i].request);
}
END_TEST

START_TEST(a_head_that_has_no_end_is_refused)
{
	struct firn_buf text = { 0 };

	firn_buf_addf(&text, "POST / HTTP/1.1\r\n" HOST "A: ");
	firn_buf_fill(&text, 'a', 100000);
	ck_assert_int_eq(status_of(text.data), 431);
	firn_buf_free(&text);
}
END_TEST

/* Broken, deep, with keys twice: 400, and still in the inbox. */
START_TEST(what_a_known_sender_sent_is_kept_even_if_nobody_can_read_it)
{
	static const char *const bodies[] = { "{\"a\": 1, \"a\": 2}", "[[",
					      "{\"no\": \"form\"}", "\xff" };
	struct firn_buf deep = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < 4; i++) {
		struct reply reply = serving_post(&serving, "", bodies[i],
						  strlen(bodies[i]));
		autojson json_t *answer = json_of(&reply);

		ck_assert_msg(reply.status == 400, "%d: %s", reply.status,
			      bodies[i]);
		ck_assert(json_is_false(json_object_get(answer, "accepted")));
		ck_assert_ptr_nonnull(firn_json_string(answer, "id", NULL));
		ck_assert_uint_eq(serving_letters(&serving), ++n);
		free(reply.text);
	}
	firn_buf_fill(&deep, '[', 1u << 20);
	free(serving_post(&serving, "", deep.data, deep.len).text);
	ck_assert_uint_eq(serving_letters(&serving), ++n);
	firn_buf_free(&deep);
}
END_TEST

/* Another user of this node, who is nobody to the policy. */
static int
status_for_nobody(const char *request)
{
	int status = 0;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(255);
		_exit(status_of(request) / 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
nobody_gets(const char *fields, int status)
{
	autofree char *text = NULL;

	ck_assert_int_gt(asprintf(&text,
				  "POST / HTTP/1.1\r\n" HOST "%s"
				  "Content-Length: %zu\r\n\r\n" ALERT,
				  fields, strlen(ALERT)),
			 0);
	ck_assert_msg(status_for_nobody(text) == status / 2, "%s", fields);
}

START_TEST(whoever_proves_nothing_is_sent_away)
{
	nobody_gets("", 401);
	nobody_gets("Authorization: Bearer x\r\n", 401);
	nobody_gets("Authorization: Bearer " BEARER_TOKEN "x\r\n", 401);
	nobody_gets("Authorization: Basic " BEARER_TOKEN "\r\n", 401);
	nobody_gets("X-Hub-Signature-256: sha256=00\r\n", 401);
	nobody_gets("webhook-id: a\r\nwebhook-timestamp: 1\r\n"
		    "webhook-signature: v1,AAAA\r\n",
		    401);
	ck_assert_uint_eq(serving_letters(&serving), 0);
	nobody_gets(BEARER, 200);
	ck_assert_uint_eq(serving_letters(&serving), 1);
	ck_assert_int_eq(status_for_nobody("PUT /?access_token=" BEARER_TOKEN
					   " HTTP/1.1\r\n" HOST
					   "Content-Length: 1\r\n\r\n{"),
			 400 / 2);
	ck_assert_uint_eq(serving_letters(&serving), 2);
}
END_TEST

static void
sign(char *ret, size_t size, const char *id, long long when, const char *body)
{
	autobuf struct firn_buf whole = { 0 };
	unsigned char mac[FIRN_SHA256];
	autofree char *base64 = NULL;

	firn_buf_addf(&whole, "%s.%lld.%s", id, when, body);
	ck_ok(firn_hmac_sha256(STANDARD_KEY, strlen(STANDARD_KEY), whole.data,
			       whole.len, mac, &err));
	base64 = firn_base64(mac, sizeof(mac));
	snprintf(ret, size,
		 "POST /alerts HTTP/1.1\r\n" HOST "webhook-id: %s\r\n"
		 "webhook-timestamp: %lld\r\nwebhook-signature: v1,%s\r\n"
		 "Content-Length: %zu\r\n\r\n%s",
		 id, when, base64, strlen(body), body);
}

/* As nobody: root would be known by being root. */
START_TEST(a_signed_request_comes_once_however_often_it_is_sent)
{
	long long now = firn_now().tv_sec;
	char text[1024];

	sign(text, sizeof(text), "msg_1", now, ALERT);
	ck_assert_int_eq(status_for_nobody(text), 200 / 2);
	ck_assert_int_eq(status_for_nobody(text), 200 / 2);
	ck_assert_uint_eq(serving_letters(&serving), 1);
	/* Tried again by its sender: a new time, the same id. */
	sign(text, sizeof(text), "msg_1", now + 1, ALERT);
	ck_assert_int_eq(status_for_nobody(text), 200 / 2);
	ck_assert_uint_eq(serving_letters(&serving), 1);
	sign(text, sizeof(text), "msg_2", now, ALERT);
	ck_assert_int_eq(status_for_nobody(text), 200 / 2);
	ck_assert_uint_eq(serving_letters(&serving), 2);
	/* Killed, the next one knows as much. */
	serving_stop(&serving, SIGKILL);
	serving_restart(&serving, "60");
	ck_assert_int_eq(status_for_nobody(text), 200 / 2);
	ck_assert_uint_eq(serving_letters(&serving), 2);
	sign(text, sizeof(text), "msg_3", now - 400, ALERT);
	ck_assert_int_eq(status_for_nobody(text), 401 / 2);
	text[strlen(text) - 1] = ']';
	ck_assert_int_eq(status_for_nobody(text), 401 / 2);
	ck_assert_uint_eq(serving_letters(&serving), 2);
}
END_TEST

START_TEST(a_source_that_sends_too_much_is_told_when_to_come_again)
{
	static const char text[] =
		"POST /?access_token=" BEARER_TOKEN "-few HTTP/1.1\r\n" HOST
		"Content-Length: 2\r\n\r\n{}";

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(status_for_nobody(text), 400 / 2);
	ck_assert_int_eq(status_for_nobody(text), 429 / 2);
	ck_assert_uint_eq(serving_letters(&serving), 3);
	/* And nobody else is. */
	ck_assert_int_eq(status_of("POST / HTTP/1.1\r\n" HOST
				   "Content-Length: 2\r\n\r\n{}"),
			 400);
}
END_TEST

START_TEST(requests_in_a_row_are_answered_in_a_row)
{
	struct firn_buf text = { 0 };
	struct reply reply;
	const char *at;
	int n = 0;

	for (int i = 0; i < 300; i++)
		firn_buf_addf(&text,
			      "POST / HTTP/1.1\r\n" HOST
			      "Content-Length: %zu\r\n\r\n" ALERT
			      "GET /healthz HTTP/1.1\r\n" HOST "\r\n",
			      strlen(ALERT));
	firn_buf_addf(&text,
		      "GET /x HTTP/1.1\r\n" HOST "\r\n"
		      "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n1");
	reply = serving_ask(&serving, text.data, text.len);
	for (at = reply.text; (at = strstr(at, "HTTP/1.1 200")) != NULL; at++)
		n++;
	ck_assert_int_eq(n, 600);
	/* After a refusal nothing more is read. */
	ck_assert_ptr_nonnull(strstr(reply.text, "HTTP/1.1 404"));
	ck_assert_ptr_null(strstr(reply.text, "HTTP/1.1 400"));
	ck_assert_uint_eq(serving_letters(&serving), 300);
	free(reply.text);
	firn_buf_free(&text);
}
END_TEST

static int
status_for(const char *method, const char *path, const char *fields,
	   char **ret_text)
{
	autofree char *text = NULL;
	struct reply reply;

	ck_assert_int_gt(asprintf(&text, "%s %s HTTP/1.1\r\n" HOST "%s\r\n",
				  method, path, fields),
			 0);
	reply = serving_ask(&serving, text, strlen(text));
	*ret_text = reply.text;
	return reply.status;
}

START_TEST(what_became_of_an_alert_is_told_to_its_sender_alone)
{
	struct reply reply = serving_post(&serving, "", ALERT, strlen(ALERT));
	autojson json_t *answer = json_of(&reply);
	autojson json_t *done = json_pack("{s:b, s:[{s:s}]}", "accepted", true,
					  "alerts", "case", "a-case");
	autofree char *text = NULL, *path = NULL, *waiting = NULL;
	struct firn_letter letter = { 0 };
	char as_nobody[256];

	ck_assert_int_gt(asprintf(&path, "/v1/alerts/%s",
				  firn_json_string(answer, "id", NULL)),
			 0);
	ck_assert_int_eq(status_for("GET", path, "", &waiting), 200);
	ck_assert_ptr_nonnull(strstr(waiting, "\"waiting\""));
	ck_assert_int_eq(firn_inbox_take(&serving.inbox, &letter, &err), 1);
	ck_ok(firn_inbox_answer(&serving.inbox, letter.name, done, &err));
	ck_assert_int_eq(status_for("GET", path, "", &text), 200);
	ck_assert_ptr_nonnull(strstr(text, "\"a-case\""));
	ck_assert_ptr_nonnull(strstr(text, "\"done\""));
	snprintf(as_nobody, sizeof(as_nobody),
		 "GET %s HTTP/1.1\r\n" HOST BEARER "\r\n", path);
	ck_assert_int_eq(status_for_nobody(as_nobody), 404 / 2);
	snprintf(as_nobody, sizeof(as_nobody),
		 "GET %s HTTP/1.1\r\n" HOST "\r\n", path);
	ck_assert_int_eq(status_for_nobody(as_nobody), 401 / 2);
	firn_letter_free(&letter);
	free(reply.text);
}
END_TEST

/* A link to what firn may read isn't an answer. */
START_TEST(what_is_no_letter_is_never_followed)
{
	static const char name[] = "0000000001.000000001-1-1";
	autofree char *text = NULL;
	char path[96];

	ck_assert_int_eq(symlinkat("/etc/passwd", serving.inbox.new_fd, name),
			 0);
	ck_assert_int_eq(mkfifoat(serving.inbox.done_fd, name, 0666), 0);
	snprintf(path, sizeof(path), "/alerts/%s", name);
	ck_assert_int_eq(status_for("GET", path, "", &text), 404);
}
END_TEST

START_TEST(it_runs_without_privileges)
{
	static const char *const lines[] = {
		"CapEff:\t0000000000000000\n",
		"CapPrm:\t0000000000000000\n",
		"CapInh:\t0000000000000000\n",
		"NoNewPrivs:\t1\n",
		"Seccomp:\t2\n",
	};
	autofree char *text = NULL;
	unsigned long uids[4] = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", serving.pid);
	ck_ok(firn_read_at(AT_FDCWD, path, 65536, &text, NULL, &err));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ck_assert_msg(strstr(text, lines[i]) != NULL, "%s", lines[i]);
	ck_assert_int_eq(sscanf(strstr(text, "\nUid:"),
				"\nUid: %lu %lu %lu %lu", &uids[0], &uids[1],
				&uids[2], &uids[3]),
			 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(uids[i], serving.inbox.trusted_uid);
	ck_assert_ptr_nonnull(strstr(text, "\nGroups:\t \n"));
}
END_TEST

START_TEST(it_ends_calmly)
{
	int idle = serving_connect(&serving);

	ck_assert_int_eq(serving_stop(&serving, SIGTERM), 0);
	close(idle);
}
END_TEST

/* --- slow ones, many, and the end -----------------------------------------
 */

static void
setup_hasty(void)
{
	serving_start(&serving, "  connections: 16\n", "1");
}

static void
setup_crowded(void)
{
	serving_start(&serving, "  connections: 16\n", "60");
}

/* Whole in the end, but never within the time: its pieces don't buy any. */
static void
drip(const char *text, const char *expected)
{
	int fd = serving_connect(&serving);
	struct pollfd heard = { .fd = fd, .events = POLLIN };
	char answer[512] = "";

	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 (ssize_t)strlen(text));
	for (int i = 0; i < 100 && poll(&heard, 1, 200) == 0; i++)
		(void)!send(fd, "a", 1, MSG_NOSIGNAL);
	ck_assert_int_ge(recv(fd, answer, sizeof(answer) - 1, 0), 0);
	ck_assert_msg(strncmp(answer, expected, strlen(expected)) == 0, "%s",
		      answer);
	close(fd);
}

START_TEST(a_slow_sender_is_cut)
{
	drip("POST / HTTP/1.1\r\nHost: ", "HTTP/1.1 408");
	drip("POST / HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n",
	     "HTTP/1.1 408");
	drip("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	     "ff\r\n",
	     "HTTP/1.1 408");
	ck_assert_uint_eq(serving_letters(&serving), 0);
}
END_TEST

START_TEST(one_sender_does_not_get_all_connections)
{
	int fds[12];
	struct pollfd cut[12];
	int n = 0;

	for (int i = 0; i < 12; i++) {
		fds[i] = serving_connect(&serving);
		cut[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	}
	ck_assert_int_eq(send(fds[0], "GET /healthz HTTP/1.1\r\n" HOST "\r\n",
			      37, MSG_NOSIGNAL),
			 37);
	/* Those over a quarter of 16 are cut at once. */
	while (poll(&cut[5], 1, 5000) == 0)
		;
	for (int i = 5; i < 12; i++)
		n += poll(&cut[i], 1, 5000) == 1;
	ck_assert_int_eq(n, 7);
	for (int i = 0; i < 12; i++)
		close(fds[i]);
}
END_TEST

/* A connection of another user of this node. */
static int
connect_as(uid_t uid)
{
	int fd;

	ck_assert_int_eq(seteuid(uid), 0);
	fd = serving_connect(&serving);
	ck_assert_int_eq(seteuid(0), 0);
	return fd;
}

static bool
is_cut(int fd)
{
	struct pollfd end = { .fd = fd, .events = POLLIN };
	char part[512];

	return poll(&end, 1, 0) == 1 && recv(fd, part, sizeof(part), 0) <= 0;
}

static void
say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 (ssize_t)strlen(text));
}

static bool
is_answered(int fd, int wait_ms)
{
	struct pollfd heard = { .fd = fd, .events = POLLIN };
	char answer[512] = "";

	return poll(&heard, 1, wait_ms) == 1 &&
	       recv(fd, answer, sizeof(answer) - 1, 0) > 0 &&
	       strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

#define ASK "GET /healthz HTTP/1.1\r\n" HOST "\r\n"

/* Of 16 connections, four users with four each. */
START_TEST(when_all_are_taken_one_that_is_idle_gives_way)
{
	int fds[16];

	for (int i = 0; i < 16; i++) {
		fds[i] = connect_as((uid_t)(1001 + i / 4));
		/* The first two are in the midst of a second request. */
		say(fds[i], i < 2 ? ASK "GET /" : ASK);
		ck_assert(is_answered(fds[i], 10000));
	}
	ck_assert_int_eq(status_of(ASK), 200);
	ck_assert(!is_cut(fds[0]) && !is_cut(fds[1]));
	ck_assert(is_cut(fds[2])); /* idle for the longest */
	ck_assert(!is_cut(fds[3]) && !is_cut(fds[15]));
	for (int i = 0; i < 16; i++)
		close(fds[i]);
}
END_TEST

static void
setup_short(void)
{
	setenv("SERVING_DESCRIPTORS", "32", 1);
	serving_start(&serving, "", "60");
}

START_TEST(without_descriptors_it_waits_and_goes_on)
{
	int fds[40], n = 0;
	bool answered_first[40];

	for (int i = 0; i < 40; i++) {
		fds[i] = serving_connect(&serving);
		say(fds[i], ASK);
	}
	for (int i = 0; i < 40; i++) {
		answered_first[i] = is_answered(fds[i], n == i ? 1000 : 0);
		n += answered_first[i];
	}
	ck_assert(n > 5 && n < 32);
	for (int i = 0; i < 40; i++)
		if (answered_first[i])
			close(fds[i]);
	for (int i = 0; i < 40; i++) {
		if (answered_first[i])
			continue;
		ck_assert(is_answered(fds[i], 10000));
		close(fds[i]);
	}
}
END_TEST

#define FLOOD 10000

/* Sends them over one connection, and hears all it's told; returns how many
 * were accepted.  `killed_after` kills the receiver then. */
static int
flood(int n, int killed_after, struct firn_buf *heard)
{
	int fd = serving_connect(&serving);
	char request[512], part[4096];
	int sent = 0, got = 0;
	ssize_t len;

	snprintf(request, sizeof(request),
		 "POST / HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n" ALERT,
		 strlen(ALERT));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (got < n) {
		struct pollfd ready = {
			.fd = fd, .events = POLLIN | (sent < n ? POLLOUT : 0)
		};

		ck_assert_int_ge(poll(&ready, 1, 60000), 1);
		while (sent < n &&
		       send(fd, request, strlen(request), MSG_NOSIGNAL) ==
			       (ssize_t)strlen(request))
			sent++;
		len = recv(fd, part, sizeof(part) - 1, 0);
		if (len == 0 || (len < 0 && errno != EAGAIN))
			break;
		if (len < 0)
			continue;
		part[len] = '\0';
		for (const char *at = part;
		     (at = strstr(at, "\"accepted\":true")) != NULL; at++)
			got++;
		firn_buf_add(heard, part, (size_t)len);
		if (killed_after > 0 && got >= killed_after)
			kill(serving.pid, SIGKILL);
	}
	close(fd);
	return got;
}

START_TEST(a_flood_neither_fills_its_memory_nor_loses_an_alert)
{
	struct firn_buf heard = { 0 };
	long before, after;

	flood(500, 0, &heard);
	before = serving_memory(&serving);
	ck_assert_int_ge(flood(FLOOD, 0, &heard), FLOOD - 200);
	after = serving_memory(&serving);
	ck_assert_uint_eq(serving_letters(&serving), FLOOD + 500);
	ck_assert_msg(after - before < 8192, "from %ld kB to %ld kB", before,
		      after);
	firn_buf_free(&heard);
}
END_TEST

/* Every name that was answered is there. */
static int
check_names(const char *heard)
{
	int n = 0;

	for (const char *at = heard; (at = strstr(at, "\"id\":\"")) != NULL;) {
		char name[FIRN_LETTER_NAME] = "";
		size_t len;

		at += strlen("\"id\":\"");
		len = strcspn(at, "\"");
		if (at[len] == '\0')
			break; /* cut while it was sent */
		ck_assert_uint_lt(len, sizeof(name));
		memcpy(name, at, len);
		ck_assert_msg(faccessat(serving.inbox.new_fd, name, F_OK, 0) ==
				      0,
			      "%s", name);
		n++;
	}
	return n;
}

START_TEST(killed_in_a_flood_it_has_every_alert_that_it_answered)
{
	struct firn_buf heard = { 0 };

	flood(FLOOD, 100 + _i * 331, &heard);
	firn_buf_add(&heard, "", 0);
	ck_assert_int_ge(check_names(heard.data), 100);
	firn_buf_free(&heard);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("receiver");
	TCase *tests = tcase_create("answers"), *hasty = tcase_create("hasty");
	TCase *crowded = tcase_create("crowded");
	TCase *scarce = tcase_create("scarce");

	if (geteuid() != 0) {
		puts("skipped: not root");
		return 77;
	}
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, an_alert_is_in_the_inbox_when_it_is_answered);
	tcase_add_loop_test(tests, every_request_is_answered_as_it_should_be, 0,
			    (int)(sizeof(answered) / sizeof(answered[0])));
	tcase_add_test(tests, a_head_that_has_no_end_is_refused);
	tcase_add_test(
		tests,
		what_a_known_sender_sent_is_kept_even_if_nobody_can_read_it);
	tcase_add_test(tests, whoever_proves_nothing_is_sent_away);
	tcase_add_test(tests,
		       a_signed_request_comes_once_however_often_it_is_sent);
	tcase_add_test(tests,
		       a_source_that_sends_too_much_is_told_when_to_come_again);
	tcase_add_test(tests, requests_in_a_row_are_answered_in_a_row);
	tcase_add_test(tests,
		       what_became_of_an_alert_is_told_to_its_sender_alone);
	tcase_add_test(tests, what_is_no_letter_is_never_followed);
	tcase_add_test(tests, it_runs_without_privileges);
	tcase_add_test(tests, it_ends_calmly);
	tcase_add_test(tests,
		       a_flood_neither_fills_its_memory_nor_loses_an_alert);
	tcase_add_loop_test(
		tests, killed_in_a_flood_it_has_every_alert_that_it_answered, 0,
		5);
	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(hasty, setup_hasty, teardown);
	tcase_set_timeout(hasty, 120);
	tcase_add_test(hasty, a_slow_sender_is_cut);
	suite_add_tcase(suite, hasty);
	tcase_add_checked_fixture(crowded, setup_crowded, teardown);
	tcase_set_timeout(crowded, 120);
	tcase_add_test(crowded, one_sender_does_not_get_all_connections);
	tcase_add_test(crowded, when_all_are_taken_one_that_is_idle_gives_way);
	suite_add_tcase(suite, crowded);
	tcase_add_checked_fixture(scarce, setup_short, teardown);
	tcase_set_timeout(scarce, 120);
	tcase_add_test(scarce, without_descriptors_it_waits_and_goes_on);
	suite_add_tcase(suite, scarce);
	return run_suite(suite);
}
