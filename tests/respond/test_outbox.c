/* The outbox: what is to be told is told, once, to whom it may concern. */

#include "respond/outbox/box.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"
#include "check.h"
#include "respond/outbox/courier.h"
#include "respond/outbox/signature.h"
#include "respond/post_server.h"

#define SECRET "whsec_plJ3nmyCDGBKInavdOK15jsl"

static struct firn_err err;
static char folder[64], requests[96], outbox[96];
static struct firn_box box;
static struct firn_delivery how;
static struct server server;
static int wait_ms;

/* --- fixture ---------------------------------------------------------------
 */

/* Where only root can write: secrets are read from there. */
static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/var/lib/firn-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(requests, sizeof(requests), "%s/requests", folder);
	snprintf(outbox, sizeof(outbox), "%s/outbox", folder);
	ck_assert_int_eq(mkdir(requests, 0700), 0);
	ck_ok(firn_box_open(&box, outbox, &err));
	how = (struct firn_delivery){ .timeout_ms = 5000 };
	server = (struct server){ 0 };
}

static void
teardown(void)
{
	char command[128];

	server_stop(&server);
	firn_box_close(&box);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static const char *
url_of(const struct server *to)
{
	static char url[96];

	snprintf(url, sizeof(url), "%s://127.0.0.1:%d/hooks?token=t0p",
		 to->certificate != NULL ? "https" : "http", to->port);
	return url;
}

static void
put(const char *id, const char *url, const char *secret_file)
{
	autojson json_t *body = json_pack("{s:s}", "event", "contained");

	ck_ok(firn_box_put(&box, id, url, secret_file, body, &err));
}

static void
deliver(void)
{
	ck_ok(firn_box_deliver(&box, &how, &wait_ms, &err));
}

/* "done/ID", "failed/ID", or "ID" for one that waits. */
static bool
is_in(const char *where)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s.json", outbox, where);
	return access(path, F_OK) == 0;
}

static json_t *
only_entry(void)
{
	json_t *all = NULL, *entry;

	ck_ok(firn_box_list(&box, &all, &err));
	ck_assert_uint_eq(json_array_size(all), 1);
	entry = json_incref(json_array_get(all, 0));
	json_decref(all);
	return entry;
}

static bool
last_error_says(const char *text)
{
	autojson json_t *entry = only_entry();
	const char *said = firn_json_string(entry, "last_error", NULL);

	return said != NULL && strstr(said, text) != NULL;
}

static void
write_file(const char *name, const char *text, mode_t mode, char ret[160])
{
	FILE *out;

	snprintf(ret, 160, "%s/%s", folder, name);
	out = fopen(ret, "w");
	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	fclose(out);
	ck_assert_int_eq(chmod(ret, mode), 0);
}

static void
header_of(const char *request, const char *name, char ret[256])
{
	const char *at = strcasestr(request, name);

	ck_assert_msg(at != NULL, "no %s in %s", name, request);
	at += strlen(name) + 2;
	snprintf(ret, 256, "%.*s", (int)strcspn(at, "\r\n"), at);
}

/* --- delivered ------------------------------------------------------------
 */

START_TEST(a_message_is_delivered_as_it_was_put)
{
	const char *heard;
	char id[256];

	server_start(&server, requests);
	put("case-1.started", url_of(&server), NULL);
	deliver();
	heard = server_heard(&server, 1);
	ck_assert(strncmp(heard, "POST /hooks?token=t0p HTTP/1.1\r\n", 32) ==
		  0);
	header_of(heard, "webhook-id", id);
	ck_assert_str_eq(id, "case-1.started");
	ck_assert_ptr_nonnull(strstr(heard, "content-type: application/json"));
	ck_assert_ptr_nonnull(
		strstr(heard, "\r\n\r\n{\"event\":\"contained\"}"));
	ck_assert(is_in("done/case-1.started"));
	ck_assert(!is_in("case-1.started"));
	ck_assert_int_eq(wait_ms, -1);
}
END_TEST

START_TEST(the_same_id_again_is_no_second_message)
{
	server_start(&server, requests);
	put("once", url_of(&server), NULL);
	put("once", url_of(&server), NULL);
	deliver();
	put("once", url_of(&server), NULL);
	deliver();
	ck_assert_str_ne(server_heard(&server, 1), "");
	ck_assert_str_eq(server_heard(&server, 2), "");
}
END_TEST

START_TEST(a_proxy_of_the_environment_is_not_asked)
{
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
	server_start(&server, requests);
	put("direct", url_of(&server), NULL);
	deliver();
	ck_assert(is_in("done/direct"));
}
END_TEST

START_TEST(of_an_answer_without_an_end_the_start_is_enough)
{
	server.endless = true;
	server.answers[0] = "HTTP/1.1 200 OK\r\n\r\nAAAAAAAAAAAAAAAAAAAAAAAA";
	server_start(&server, requests);
	put("endless", url_of(&server), NULL);
	deliver();
	ck_assert(is_in("done/endless"));
}
END_TEST

/* --- signed ---------------------------------------------------------------
 */

/* What its own libraries are tested with. */
START_TEST(signatures_are_those_of_standard_webhooks)
{
	static const char body[] = "{\"test\": 2432232314}";
	autosecret struct firn_secret key = { 0 };
	char signature[FIRN_WEBHOOK_SIGNATURE];

	ck_ok(firn_webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &key,
			       &err));
	ck_ok(firn_webhook_sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek",
				"1614265330", body, strlen(body), signature,
				&err));
	ck_assert_str_eq(signature,
			 "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}
END_TEST

START_TEST(a_message_is_signed_with_the_secret_of_the_file)
{
	autosecret struct firn_secret key = { 0 };
	char path[160], id[256], timestamp[256], signature[256];
	char expected[FIRN_WEBHOOK_SIGNATURE];
	const char *heard;

	write_file("secret", SECRET "\n", 0600, path);
	server_start(&server, requests);
	put("signed", url_of(&server), path);
	deliver();
	heard = server_heard(&server, 1);
	header_of(heard, "webhook-id", id);
	header_of(heard, "webhook-timestamp", timestamp);
	header_of(heard, "webhook-signature", signature);
	heard = strstr(heard, "\r\n\r\n") + 4;
	ck_ok(firn_webhook_key(SECRET, &key, &err));
	ck_ok(firn_webhook_sign(&key, id, timestamp, heard, strlen(heard),
				expected, &err));
	ck_assert_str_eq(signature, expected);
	ck_assert_int_lt(labs(atol(timestamp) - firn_now().tv_sec), 60);
}
END_TEST

START_TEST(the_secret_never_lies_in_the_outbox)
{
	char path[160], command[256];

	write_file("secret", SECRET, 0600, path);
	put("waits", "http://127.0.0.1:1/", path);
	deliver();
	snprintf(command, sizeof(command), "grep -rq plJ3nmyCDGBK %s", outbox);
	ck_assert_int_ne(system(command), 0);
}
END_TEST

START_TEST(without_its_secret_a_message_is_not_sent_unsigned)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *said;
	} wrong[] = {
		{ SECRET, 0620, "written by others" },
		{ SECRET, 0644, "read by others" },
		{ "whsec_short", 0600, "no webhook secret" },
		{ "", 0600, "no webhook secret" },
	};
	char path[160];

	write_file("secret", wrong[_i].text, wrong[_i].mode, path);
	server_start(&server, requests);
	put("unsigned", url_of(&server), path);
	deliver();
	ck_assert_str_eq(server_heard(&server, 1), "");
	ck_assert(is_in("unsigned"));
	ck_assert(last_error_says(wrong[_i].said));
}
END_TEST

/* --- tried again ----------------------------------------------------------
 */

START_TEST(after_a_servers_error_the_same_message_comes_again)
{
	char first[256], second[256];

	server.answers[0] =
		"HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy";
	server.answers[1] = OK;
	server_start(&server, requests);
	put("again", url_of(&server), NULL);
	deliver();
	ck_assert(is_in("again"));
	ck_assert(last_error_says("the server answered 503: busy"));
	ck_assert_int_gt(wait_ms, 0);
	ck_assert_int_le(wait_ms, 2000);
	while (is_in("again"))
		deliver();
	ck_assert(is_in("done/again"));
	header_of(server_heard(&server, 1), "webhook-id", first);
	header_of(server_heard(&server, 2), "webhook-id", second);
	ck_assert_str_eq(first, second);
}
END_TEST

START_TEST(pauses_double_up_to_ten_minutes)
{
	static const int pauses[] = { 1,  2,   4,   8,   16,  32,
				      64, 128, 256, 512, 600, 600 };
	char path[160];

	put("refused", "http://127.0.0.1:1/", NULL);
	snprintf(path, sizeof(path), "%s/refused.json", outbox);
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		const struct timespec now[2] = { firn_now(), firn_now() };
		struct stat st;
		long pause;

		ck_assert_int_eq(utimensat(AT_FDCWD, path, now, 0), 0);
		deliver();
		ck_assert_int_eq(stat(path, &st), 0);
		pause = st.st_mtim.tv_sec - now[0].tv_sec;
		ck_assert_int_ge(pause, pauses[i]);
		ck_assert_int_le(pause, pauses[i] + 3);
	}
}
END_TEST

static const char too_many[] = "HTTP/1.1 429 Too Many\r\nretry-after: 90\r\n"
			       "content-length: 0\r\n\r\n",
		  for_ever[] = "HTTP/1.1 429 Too Many\r\n"
			       "retry-after: 999999999999\r\n"
			       "content-length: 0\r\n\r\n";

START_TEST(who_asks_for_patience_gets_it_within_reason)
{
	server.answers[0] = _i == 0 ? too_many : for_ever;
	server_start(&server, requests);
	put("patient", url_of(&server), NULL);
	deliver();
	ck_assert(is_in("patient"));
	ck_assert_int_ge(wait_ms, _i == 0 ? 80000 : 3500000);
	ck_assert_int_le(wait_ms, _i == 0 ? 90000 : 3600000);
}
END_TEST

START_TEST(what_a_server_refuses_is_given_up)
{
	server.answers[0] = "HTTP/1.1 400 No\r\ncontent-length: 7\r\n\r\n"
			    "\x1b[2Jbad";
	server_start(&server, requests);
	put("refused", url_of(&server), NULL);
	deliver();
	ck_assert(is_in("failed/refused"));
	ck_assert(last_error_says("the server answered 400"));
	ck_assert_int_eq(wait_ms, -1);
	put("refused", url_of(&server), NULL);
	deliver();
	ck_assert_str_eq(server_heard(&server, 2), "");
}
END_TEST

START_TEST(nobody_is_followed)
{
	struct server other = { 0 };
	char folder2[128], answer[256];

	snprintf(folder2, sizeof(folder2), "%s/other", folder);
	ck_assert_int_eq(mkdir(folder2, 0700), 0);
	server_start(&other, folder2);
	snprintf(answer, sizeof(answer),
		 "HTTP/1.1 307 There\r\nlocation: http://127.0.0.1:%d/x\r\n"
		 "content-length: 0\r\n\r\n",
		 other.port);
	server.answers[0] = answer;
	server_start(&server, requests);
	put("redirected", url_of(&server), NULL);
	deliver();
	ck_assert(is_in("failed/redirected"));
	ck_assert(last_error_says("/x"));
	ck_assert_str_eq(server_heard(&other, 1), "");
	server_stop(&other);
}
END_TEST

START_TEST(after_a_day_it_is_given_up)
{
	static const char text[] =
		"{\"id\":\"old\",\"url\":\"http://127.0.0.1:1/"
		"\",\"body\":\"{}\""
		",\"put\":\"2020-01-01T00:00:00Z\",\"tries\":%d}";
	char path[160], old[256];

	snprintf(old, sizeof(old), text, _i == 0 ? 140 : 3);
	write_file("outbox/old.json", old, 0600, path);
	deliver();
	/* Unless it has hardly been tried: the node was off. */
	ck_assert(is_in(_i == 0 ? "failed/old" : "old"));
}
END_TEST

START_TEST(a_clock_that_was_set_back_keeps_nothing_waiting)
{
	const struct timespec far[2] = {
		{ .tv_sec = firn_now().tv_sec + 86400 * 365 },
		{ .tv_sec = firn_now().tv_sec + 86400 * 365 },
	};
	char path[160];

	server_start(&server, requests);
	put("early", url_of(&server), NULL);
	snprintf(path, sizeof(path), "%s/early.json", outbox);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, far, 0), 0);
	deliver();
	ck_assert(is_in("done/early"));
}
END_TEST

/* --- servers that wait ----------------------------------------------------
 */

static const char slow[] =
	"HTTP/1.1 200 OK\r\nx: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";

START_TEST(who_never_answers_is_left)
{
	how.timeout_ms = 500;
	server.silent = _i == 0;
	server.drips = _i == 1;
	server.answers[0] = slow;
	server_start(&server, requests);
	put("silent", url_of(&server), NULL);
	deliver();
	ck_assert(is_in("silent"));
	ck_assert(last_error_says("timed out"));
}
END_TEST

START_TEST(and_holds_up_nobody_else)
{
	struct server other = { 0 };
	char folder2[128], id[32];
	pid_t pid;

	how.timeout_ms = 25000;
	server.silent = true;
	server_start(&server, requests);
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "a-silent-%d", i);
		put(id, url_of(&server), NULL);
	}
	snprintf(folder2, sizeof(folder2), "%s/other", folder);
	ck_assert_int_eq(mkdir(folder2, 0700), 0);
	server_start(&other, folder2);
	put("b-good", url_of(&other), NULL);
	pid = fork();
	if (pid == 0) {
		deliver();
		_exit(0);
	}
	while (!is_in("done/b-good"))
		usleep(10000);
	/* And who is put in meanwhile isn't held up either. */
	put("c-late", url_of(&other), NULL);
	while (!is_in("done/c-late"))
		usleep(10000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert(is_in("a-silent-0"));
	server_stop(&other);
}
END_TEST

/* --- TLS ------------------------------------------------------------------
 */

static char certificate[160], key[160];

static void
make_certificate(const char *name)
{
	char command[1024];

	snprintf(certificate, sizeof(certificate), "%s/cert.pem", folder);
	snprintf(key, sizeof(key), "%s/key.pem", folder);
	snprintf(
		command, sizeof(command),
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
		"-nodes -subj /CN=test -addext subjectAltName=%s -days 2 "
		"-keyout %s -out %s 2>/dev/null",
		name, key, certificate);
	ck_assert_int_eq(system(command), 0);
	server.certificate = certificate;
	server.key = key;
}

START_TEST(a_certificate_of_the_teams_own_is_believed)
{
	make_certificate("IP:127.0.0.1");
	server_start(&server, requests);
	how.ca_file = certificate;
	put("private", url_of(&server), NULL);
	deliver();
	ck_assert_str_ne(server_heard(&server, 1), "");
	ck_assert(is_in("done/private"));
}
END_TEST

START_TEST(a_certificate_that_nobody_vouches_for_is_not)
{
	make_certificate("IP:127.0.0.1");
	server_start(&server, requests);
	put("forged", url_of(&server), NULL);
	deliver();
	ck_assert_str_eq(server_heard(&server, 1), "");
	ck_assert(is_in("forged"));
	ck_assert(last_error_says("certificate"));
}
END_TEST

START_TEST(nor_is_one_for_another_name)
{
	make_certificate("DNS:other.example");
	server_start(&server, requests);
	how.ca_file = certificate;
	put("other", url_of(&server), NULL);
	deliver();
	ck_assert_str_eq(server_heard(&server, 1), "");
	ck_assert(is_in("other"));
}
END_TEST

START_TEST(whom_others_can_name_is_not_believed)
{
	make_certificate("IP:127.0.0.1");
	ck_assert_int_eq(chmod(certificate, 0666), 0);
	server_start(&server, requests);
	how.ca_file = certificate;
	put("planted", url_of(&server), NULL);
	deliver();
	ck_assert_str_eq(server_heard(&server, 1), "");
	ck_assert(last_error_says("written by others"));
}
END_TEST

/* --- killed ---------------------------------------------------------------
 */

/* At some moment of each of many deliveries, those to come included. */
START_TEST(kill_9_loses_nothing_and_keeps_ids)
{
	char id[32], heard[256];
	unsigned n_heard = 0;

	server_start(&server, requests);
	for (int i = 0; i < 40; i++) {
		pid_t pid;

		snprintf(id, sizeof(id), "k%d", i);
		put(id, url_of(&server), NULL);
		pid = fork();
		if (pid == 0) {
			deliver();
			_exit(0);
		}
		usleep((useconds_t)(i * 2500));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	deliver();
	for (int i = 0; i < 40; i++) {
		snprintf(id, sizeof(id), "done/k%d", i);
		ck_assert_msg(is_in(id), "%s was lost", id);
	}
	/* Connections that were cut off are no requests. */
	for (unsigned n = 1; n <= 200; n++) {
		if (server_heard(&server, n)[0] == '\0')
			continue;
		n_heard++;
		header_of(server_heard(&server, n), "webhook-id", heard);
		ck_assert_int_eq(heard[0], 'k');
	}
	ck_assert_uint_ge(n_heard, 40);
}
END_TEST

START_TEST(of_some_that_deliver_only_one_carries_a_message)
{
	pid_t pids[3];

	server_start(&server, requests);
	for (int i = 0; i < 20; i++) {
		char id[32];

		snprintf(id, sizeof(id), "t%d", i);
		put(id, url_of(&server), NULL);
	}
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			deliver();
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		waitpid(pids[i], NULL, 0);
	deliver();
	ck_assert_str_ne(server_heard(&server, 20), "");
	ck_assert_str_eq(server_heard(&server, 21), "");
}
END_TEST

/* --- the courier ----------------------------------------------------------
 */

static pid_t
courier_of(pid_t parent)
{
	char path[64], name[64] = "";
	FILE *in;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent,
		 parent);
	in = fopen(path, "r");
	ck_assert_ptr_nonnull(in);
	if (fscanf(in, "%d", &pid) != 1)
		pid = 0;
	fclose(in);
	if (pid == 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	in = fopen(path, "r");
	if (in != NULL) {
		ck_assert_ptr_nonnull(fgets(name, sizeof(name), in));
		fclose(in);
	}
	return strcmp(name, "firn-courier\n") == 0 ? pid : 0;
}

START_TEST(the_courier_has_nothing_to_lose)
{
	static const char *const expected[] = {
		"\nUid:\t65534\t65534\t65534\t65534\n",
		"\nGid:\t65534\t65534\t65534\t65534\n",
		"\nGroups:\t \n",
		"\nCapPrm:\t0000000000000000\n",
		"\nCapEff:\t0000000000000000\n",
		"\nNoNewPrivs:\t1\n",
		"\nSeccomp:\t2\n",
	};
	autofree char *status = NULL;
	char path[64];
	pid_t parent, pid = 0;

	server.silent = true;
	server_start(&server, requests);
	put("slow", url_of(&server), NULL);
	parent = fork();
	if (parent == 0) {
		deliver();
		_exit(0);
	}
	while (server_heard(&server, 1)[0] == '\0')
		usleep(10000);
	pid = courier_of(parent);
	ck_assert_int_gt(pid, 0);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	ck_ok(firn_read_at(AT_FDCWD, path, 65536, &status, NULL, &err));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		ck_assert_msg(strstr(status, expected[i]) != NULL,
			      "no %s in %s", expected[i], status);
	/* And it goes with who sent it. */
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	for (int i = 0; i < 500 && kill(pid, 0) == 0; i++)
		usleep(10000);
	ck_assert_int_lt(kill(pid, 0), 0);
}
END_TEST

/* --- bounds and traps -----------------------------------------------------
 */

START_TEST(what_cannot_be_a_message_is_refused)
{
	static const struct {
		const char *id, *url, *secret;
		int code;
	} wrong[] = {
		{ "", "https://x/", NULL, EINVAL },
		{ "../x", "https://x/", NULL, EINVAL },
		{ ".x", "https://x/", NULL, EINVAL },
		{ "x/y", "https://x/", NULL, EINVAL },
		{ "x\n", "https://x/", NULL, EINVAL },
		{ "x", "ftp://x/", NULL, EINVAL },
		{ "x", "file:///etc/passwd", NULL, EINVAL },
		{ "x", "https://", NULL, EINVAL },
		{ "x", "https:///x", NULL, EINVAL },
		{ "x", "https://x/\r\nhost: y", NULL, EINVAL },
		{ "x", "https://x/ y", NULL, EINVAL },
		{ "x", "https://x/", "secret", EINVAL },
	};
	autojson json_t *body = json_object();

	ck_fails(firn_box_put(&box, wrong[_i].id, wrong[_i].url,
			      wrong[_i].secret, body, &err),
		 wrong[_i].code);
}
END_TEST

START_TEST(messages_and_their_number_are_bounded)
{
	autofree char *large = calloc(1, FIRN_OUTBOX_BODY + 1);
	autojson json_t *body = NULL, *small = json_object();
	char name[64];

	memset(large, 'x', FIRN_OUTBOX_BODY);
	body = json_pack("{s:s}", "text", large);
	ck_fails(firn_box_put(&box, "large", "https://x/", NULL, body, &err),
		 E2BIG);
	for (int i = 0; i < FIRN_OUTBOX_WAITING; i++) {
		snprintf(name, sizeof(name), "w%d.json", i);
		close(openat(box.dir_fd, name, O_CREAT | O_WRONLY, 0600));
	}
	ck_fails(firn_box_put(&box, "more", "https://x/", NULL, small, &err),
		 EDQUOT);
}
END_TEST

START_TEST(what_is_no_message_is_put_aside_and_not_waited_for)
{
	char path[160];

	write_file("outbox/broken.json", "{\"id\":", 0600, path);
	write_file("outbox/others.json", "{}", 0666, path);
	ck_assert_int_eq(mkfifoat(box.dir_fd, "fifo.json", 0600), 0);
	ck_assert_int_eq(symlinkat("/etc/shadow", box.dir_fd, "link.json"), 0);
	ck_assert_int_eq(mkdirat(box.dir_fd, "folder.json", 0700), 0);
	server_start(&server, requests);
	put("good", url_of(&server), NULL);
	deliver();
	ck_assert(is_in("done/good"));
	ck_assert(is_in("failed/broken"));
	ck_assert(is_in("failed/others"));
	ck_assert(is_in("failed/fifo"));
	ck_assert(is_in("failed/link"));
	ck_assert(is_in("failed/folder"));
	ck_assert_int_eq(wait_ms, -1);
	ck_ok(firn_box_sync(&box, &err));
}
END_TEST

START_TEST(a_folder_that_others_can_write_is_no_outbox)
{
	struct firn_box other = FIRN_BOX_CLOSED;

	ck_assert_int_eq(chmod(outbox, 0770), 0);
	ck_fails(firn_box_open(&other, outbox, &err), EPERM);
}
END_TEST

START_TEST(passwords_and_tokens_in_urls_are_not_shown)
{
	static const struct {
		const char *url, *shown;
	} urls[] = {
		{ "https://h/p?token=x", "https://h/p" },
		{ "https://u:p@h/p#x", "https://h/p" },
		{ "https://u:p@q@h:1/p", "https://h:1/p" },
		{ "https://h/a@b", "https://h/a@b" },
		{ "https://h?u@v", "https://h" },
		{ "/folder/", "/folder/" },
		{ "?x", "" },
	};
	autofree char *shown = firn_url_shown(urls[_i].url);

	ck_assert_str_eq(shown, urls[_i].shown);
}
END_TEST

START_TEST(what_waits_is_listed)
{
	autojson json_t *entry = NULL;

	put("listed", "http://u:p@127.0.0.1:1/x?token=y", NULL);
	deliver();
	entry = only_entry();
	ck_assert_str_eq(firn_json_string(entry, "id", NULL), "listed");
	ck_assert_str_eq(firn_json_string(entry, "url", NULL),
			 "http://127.0.0.1:1/x");
	ck_assert_str_eq(firn_json_string(entry, "state", NULL), "waiting");
	ck_assert_int_eq(json_integer_value(json_object_get(entry, "tries")),
			 1);
	ck_assert_int_gt(firn_time_seconds(
				 firn_json_string(entry, "next", NULL)),
			 0);
	ck_assert_ptr_nonnull(firn_json_string(entry, "last_error", NULL));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("outbox");
	TCase *tcase = tcase_create("outbox");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_message_is_delivered_as_it_was_put);
	tcase_add_test(tcase, the_same_id_again_is_no_second_message);
	tcase_add_test(tcase, a_proxy_of_the_environment_is_not_asked);
	tcase_add_test(tcase, of_an_answer_without_an_end_the_start_is_enough);
	tcase_add_test(tcase, signatures_are_those_of_standard_webhooks);
	tcase_add_test(tcase, a_message_is_signed_with_the_secret_of_the_file);
	tcase_add_test(tcase, the_secret_never_lies_in_the_outbox);
	tcase_add_loop_test(tcase,
			    without_its_secret_a_message_is_not_sent_unsigned,
			    0, 4);
	tcase_add_test(tcase,
		       after_a_servers_error_the_same_message_comes_again);
	tcase_add_test(tcase, pauses_double_up_to_ten_minutes);
	tcase_add_loop_test(tcase, who_asks_for_patience_gets_it_within_reason,
			    0, 2);
	tcase_add_test(tcase, what_a_server_refuses_is_given_up);
	tcase_add_test(tcase, nobody_is_followed);
	tcase_add_loop_test(tcase, after_a_day_it_is_given_up, 0, 2);
	tcase_add_test(tcase, a_clock_that_was_set_back_keeps_nothing_waiting);
	tcase_add_loop_test(tcase, who_never_answers_is_left, 0, 2);
	tcase_add_test(tcase, and_holds_up_nobody_else);
	tcase_add_test(tcase, a_certificate_of_the_teams_own_is_believed);
	tcase_add_test(tcase, a_certificate_that_nobody_vouches_for_is_not);
	tcase_add_test(tcase, nor_is_one_for_another_name);
	tcase_add_test(tcase, whom_others_can_name_is_not_believed);
	tcase_add_test(tcase, kill_9_loses_nothing_and_keeps_ids);
	tcase_add_test(tcase, of_some_that_deliver_only_one_carries_a_message);
	tcase_add_test(tcase, the_courier_has_nothing_to_lose);
	tcase_add_loop_test(tcase, what_cannot_be_a_message_is_refused, 0, 12);
	tcase_add_test(tcase, messages_and_their_number_are_bounded);
	tcase_add_test(tcase,
		       what_is_no_message_is_put_aside_and_not_waited_for);
	tcase_add_test(tcase, a_folder_that_others_can_write_is_no_outbox);
	tcase_add_loop_test(tcase, passwords_and_tokens_in_urls_are_not_shown,
			    0, 7);
	tcase_add_test(tcase, what_waits_is_listed);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
