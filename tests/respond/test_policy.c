/* The language of the policy: what is read, what is refused, and where.  The
 * place of what is quoted is that of the first letter in the quotes. */

#include "policy_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/policy_file.h"
#include "firn/exposure.h"
#include "firn/owners.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* --- what is refused ------------------------------------------------------
 */

static const struct {
	const char *text, *place, *part;
} broken[] = {
	{ "hello", "1:1", "keys and values" },
	{ "[]", "", "keys and values" },
	{ "responder: []", "1:1", "unknown key" },
	{ "responders:\n", "1:1", "a list" },
	{ "responders: ~", "1:13", "a list" },
	{ "responders: {users: a, may: all}", "1:14", "a list" },
	{ "responders: [{may: all}]", "1:15", "names nobody" },
	{ "responders: [{users: a}]", "1:15", "lacks `may`" },
	{ "responders: [{users: a, may: [stop]}]", "1:31", "not known" },
	{ "responders: [{users: a, may: [all]}]", "1:31", "not known" },
	{ "responders: [{users: '*', may: all}]", "1:23", "no name" },
	{ "responders: [{users: 'a b', may: all}]", "1:23", "no name" },
	{ "responders: [{users: [], may: all}]", "1:15", "names nobody" },
	{ "responders: [{users: \"a\\0b\", may: all}]", "1:23", "NUL" },
	{ "responders: [{\"users\\0x\": a, may: all}]", "1:16", "a word" },
	{ "responders: [{users: a, users: b, may: all}]", "1:25", "dupl" },
	{ "responders: [{users: a, may: all, targets: {}}]", "1:35",
	  "says nothing" },
	{ "responders: [{users: a, may: all, targets: []}]", "1:35", "empty" },
	{ "responders: [{users: a, may: all, targets: web}]", "1:44",
	  "keys and values" },
	{ "never-touch: []", "1:1", "empty" },
	{ "never-touch:\n", "1:1", "keys and values" },
	{ "never-touch: [{name: 'a?'}]", "1:23", "only *" },
	{ "never-touch: [{name: '[ab]'}]", "1:23", "only *" },
	{ "never-touch: [{name: ''}]", "1:23", "1 to" },
	{ "never-touch: [{name: []}]", "1:16", "1 to" },
	{ "never-touch: [{names: a}]", "1:16", "unknown key" },
	{ "never-touch: [{label: app}]", "1:23", "labels" },
	{ "never-touch: [{label: {}}]", "1:16", "labels" },
	{ "never-touch: [{label: {app: {a: b}}}]", "1:30", "a list" },
	{ "sources: [{user: a}]", "1:12", "has a name" },
	{ "sources: [{name: 'a b', user: a}]", "1:19", "has a name" },
	{ "sources: [{name: a}]", "1:12", "how does it prove" },
	{ "sources: [{name: a, user: u}, {name: a, user: v}]", "1:32",
	  "already" },
	{ "sources: [{name: a, user: u}, {name: b, user: u}]", "1:32",
	  "can't be told apart" },
	{ "sources: [{name: a, bearer: {file: /x}},\n"
	  " {name: b, standard-webhooks: {file: /x}}]",
	  "2:3", "can't be told apart" },
	{ "sources: [{name: a, bearer: secret}]", "1:29", "the file" },
	{ "sources: [{name: a, bearer: {file: x}}]", "1:36", "begins with /" },
	{ "sources: [{name: a, bearer: {file: /x, header: y}}]", "1:40",
	  "unknown key" },
	{ "sources: [{name: a, hub-signature: {file: /x, header: 'a:b'}}]",
	  "1:56", "no header" },
	{ "sources: [{name: a, client-certificate: 'sha256:00'}]", "1:42",
	  "64" },
	{ "sources: [{name: a, client-certificate: '*.example.org'}]", "1:42",
	  "64" },
	{ "sources: [{name: a, user: u, dry-run: yes}]", "1:39", "not known" },
	{ "sources: [{name: a, user: u, rate: 0}]", "1:36", "a number" },
	{ "sources: [{name: a, user: u, mapping: {x: /y}}]", "1:40",
	  "has no \"x\"" },
	{ "sources: [{name: a, user: u, mapping: {rule: /a~}}]", "1:40",
	  "no JSON pointer" },
	{ "sources: [{name: a, user: u, mapping: {}}]", "1:30", "expected" },
	{ "approval: [{may: [look, kill]}]", "1:19", "no second person" },
	{ "approval: [{may: kill, by: {}}]", "1:24", "names nobody" },
	{ "approval: [{may: kill, by: bob}]", "1:28", "keys and values" },
	{ "approval: [{may: kill, within: 8d}]", "1:32", "7d" },
	{ "approval: [{by: {users: a}}]", "1:13", "lacks `may`" },
	{ "limits: {freezes-per-hour: -1}", "1:28", "a number" },
	{ "limits: {freezes-per-hour: 99999999999999999999}", "1:28",
	  "a number" },
	{ "limits: {stopped-share: 50}", "1:25", "a share" },
	{ "limits: {stopped-share: 101%}", "1:25", "a share" },
	{ "limits: {stopped-share: '%'}", "1:26", "a share" },
	{ "limits: {single-replica: allow}", "1:26", "stopped-share" },
	{ "limits: {running: 0}", "1:19", "a number" },
	{ "quiet-hours: [{to: '06:00', sources-may: []}]", "1:16",
	  "lacks `from`" },
	{ "quiet-hours: [{from: '6:00', to: '06:00', sources-may: []}]", "1:23",
	  "no time" },
	{ "quiet-hours: [{from: '06:00', to: '24:01', sources-may: []}]",
	  "1:36", "no time" },
	{ "quiet-hours: [{from: '06:60', to: '24:00', sources-may: []}]",
	  "1:23", "no time" },
	{ "quiet-hours: [{from: '06:00', to: '06:00', sources-may: []}]",
	  "1:16", "ends when" },
	{ "quiet-hours: [{from: '06:00', to: '07:00'}]", "1:16",
	  "lacks `sources-may`" },
	{ "quiet-hours: [{from: '06:00', to: '07:00', days: [mo],\n"
	  "  sources-may: []}]",
	  "1:51", "not known" },
	{ "quiet-hours: [{from: '06:00', to: '07:00', zone: CET,\n"
	  "  sources-may: []}]",
	  "1:50", "not known" },
	{ "evidence: {folder: x}", "1:20", "begins with /" },
	{ "evidence: {retention: 3651d}", "1:23", "3650d" },
	{ "listen: {addresses: '127.0.0.1:1'}", "1:10", "certificate and key" },
	{ "listen: {certificate: /c}", "1:10", "go together" },
	{ "listen: {addresses: [':80'], certificate: /c, key: /k}", "1:23",
	  "no address" },
	{ "listen: {addresses: ['1.2.3.4:0'], certificate: /c, key: /k}",
	  "1:23", "no address" },
	{ "listen: {addresses: ['::1:80'], certificate: /c, key: /k}", "1:23",
	  "no address" },
	{ "listen: {addresses: ['[::1]80'], certificate: /c, key: /k}", "1:23",
	  "no address" },
	{ "listen: {body-max: 1048577}", "1:20", "a number" },
	{ "notify: [{secret: {file: /x}}]", "1:11", "https" },
	{ "notify: [{webhook: 'http://evil.example'}]", "1:21", "https" },
	{ "notify: [{webhook: 'http://127.0.0.1.evil'}]", "1:21", "https" },
	{ "notify: [{webhook: 'https://a b'}]", "1:21", "https" },
	{ "notify: [{webhook: 'https://a', on: [ended]}]", "1:38",
	  "not known" },
	{ "node: {exposed-from: likely}", "1:22", "not known" },
	{ "break-glass: maybe", "1:14", "not known" },
	{ "responders: !x []", "1:", "tags" },
	{ "never-touch: [&a {name: x}, *a]", "1:", "are refused" },
	{ "limits: {}\n---\nlimits: {}\n", "2:1", "one document" },
	{ "limits: {running: 1}\nlimits: {running: 2}\n", "2:1", "dupl" },
	{ "responders: [{users: \"\xff\"}]", "1:", "" },
	{ "responders: [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]",
	  "1:", "too deep" },
};

START_TEST(what_is_wrong_is_refused_at_its_place)
{
	struct firn_policy *policy = NULL;
	char place[64];

	snprintf(place, sizeof(place), "/x/policy.yaml:%s", broken[_i].place);
	ck_fails(firn_policy_parse(&policy, "/x/policy.yaml", broken[_i].text,
				   strlen(broken[_i].text), &err),
		 EBADMSG);
	ck_assert_ptr_null(policy);
	ck_assert_msg(strncmp(err.text, place, strlen(place)) == 0,
		      "%s\nin: %s", err.text, broken[_i].text);
	ck_assert_msg(strstr(err.text, broken[_i].part) != NULL, "%s\nin: %s",
		      err.text, broken[_i].text);
}
END_TEST

START_TEST(a_policy_is_bounded)
{
	struct firn_policy *policy = NULL;
	autobuf struct firn_buf text = { 0 };

	firn_buf_addf(&text, "#");
	firn_buf_fill(&text, 'x', FIRN_YAML_MAX);
	firn_buf_addf(&text, "\nlimits: {}\n");
	ck_fails(firn_policy_parse(&policy, "p", text.data, text.len, &err),
		 EFBIG);
	text.len = 0;
	firn_buf_addf(&text, "never-touch:\n");
	for (int i = 0; i < 1025; i++)
		firn_buf_addf(&text, "  - name: a%d\n", i);
	ck_fails(firn_policy_parse(&policy, "p", text.data, text.len, &err),
		 EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "p:1026:"));
}
END_TEST

/* --- what is read ---------------------------------------------------------
 */

static const char *
example(size_t *ret_len)
{
	static char *page;
	char *start, *end;

	ck_ok(firn_read_at(AT_FDCWD, TEST_DATA "/../../man/firn-policy.5.scd",
			   1 << 20, &page, NULL, &err));
	start = strstr(page, "\n```\n");
	ck_assert_ptr_nonnull(start);
	start += 5;
	end = strstr(start, "\n```\n");
	ck_assert_ptr_nonnull(end);
	*ret_len = (size_t)(end + 1 - start);
	return start;
}

START_TEST(the_example_of_the_manual_is_a_policy)
{
	autodone(firn_policy_close) struct firn_policy *policy = NULL;
	const struct firn_listening *listening;
	const struct firn_source *source;
	const struct firn_keeping *keeping;
	const json_t *notify;
	const char *text;
	size_t len, n;

	text = example(&len);
	ck_ok(firn_policy_parse(&policy, "policy.yaml", text, len, &err));
	ck_ok(firn_posture_check_policy("policy.yaml", text, len, &err));
	firn_policy_sources(policy, &n);
	ck_assert_uint_eq(n, 2);
	source = firn_policy_source(policy, "guardduty");
	ck_assert_uint_eq(source->n_credentials, 1);
	ck_assert_int_eq(source->credentials[0].kind, FIRN_CREDENTIAL_BEARER);
	ck_assert_str_eq(source->credentials[0].file,
			 "/etc/firn/credentials/guardduty.token");
	ck_assert(source->dry_run);
	ck_assert_uint_eq(source->rate, 60);
	ck_assert_str_eq(firn_json_string(source->mapping, "rule", NULL),
			 "/detail/type");
	ck_assert_uint_eq(json_array_size(json_object_get(source->mapping,
							  "container_id")),
			  2);
	keeping = firn_policy_keeping(policy);
	ck_assert_str_eq(keeping->folder, "/var/lib/firn/evidence");
	ck_assert_uint_eq(keeping->retention_s, 90 * 24 * 3600);
	ck_assert_uint_eq(keeping->max_running, 2);
	listening = firn_policy_listening(policy);
	ck_assert_uint_eq(listening->n_addresses, 2);
	ck_assert_str_eq(listening->addresses[1], "[::]:2801");
	ck_assert_str_eq(listening->unix_path, "/run/firn/alerts.sock");
	notify = json_array_get(firn_policy_notify(policy), 0);
	ck_assert_str_eq(firn_json_string(notify, "secret_file", NULL),
			 "/etc/firn/credentials/chat.secret");
	ck_assert_uint_eq(json_array_size(json_object_get(notify, "on")), 2);
	ck_assert_uint_eq(strlen(firn_policy_digest(policy)), 64);
}
END_TEST

START_TEST(what_is_not_said_has_a_value_all_the_same)
{
	static const char *const texts[] = { "", "\n# nothing\n", "{}" };

	for (size_t i = 0; i < N(texts); i++) {
		autodone(firn_policy_close) struct firn_policy *policy =
			policy_of(texts[i]);
		const struct firn_listening *listening =
			firn_policy_listening(policy);
		size_t n;

		firn_policy_sources(policy, &n);
		ck_assert_uint_eq(n, 0);
		ck_assert_ptr_null(firn_policy_source(policy, "x"));
		ck_assert_ptr_null(firn_policy_source(policy, NULL));
		ck_assert_str_eq(firn_policy_keeping(policy)->folder,
				 FIRN_EVIDENCE_FOLDER);
		ck_assert_ptr_null(firn_policy_keeping(policy)->key);
		ck_assert_uint_eq(firn_policy_keeping(policy)->retention_s, 0);
		ck_assert_uint_eq(listening->body_max, 1 << 20);
		ck_assert_uint_eq(listening->replay_s, 300);
		ck_assert_uint_eq(listening->connections, 256);
		ck_assert_uint_eq(listening->n_addresses, 0);
		ck_assert_uint_eq(json_array_size(firn_policy_notify(policy)),
				  0);
		ck_assert(firn_policy_break_glass(policy));
	}
}
END_TEST

START_TEST(every_credential_is_read)
{
	autodone(firn_policy_close) struct firn_policy *policy = policy_of(
		"sources:\n"
		"  - name: all\n"
		"    bearer: {file: /b}\n"
		"    standard-webhooks: {file: /s}\n"
		"    hub-signature: {file: /h}\n"
		"    client-certificate: sender.example.org\n"
		"    user: falco\n"
		"  - name: other\n"
		"    hub-signature: {file: /h2, header: X-Sig}\n"
		"    client-certificate: \"sha256:0123456789abcdef0123456789abc"
		"def0123456789abcdef0123456789abcdef\"\n");
	const struct firn_source *all = firn_policy_source(policy, "all");
	const struct firn_source *other = firn_policy_source(policy, "other");

	ck_assert_uint_eq(all->n_credentials, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(all->credentials[i].kind,
				 (enum firn_credential_kind)i);
	ck_assert_str_eq(all->credentials[FIRN_CREDENTIAL_HUB].header,
			 "X-Hub-Signature-256");
	ck_assert_str_eq(all->credentials[FIRN_CREDENTIAL_UNIX].value, "falco");
	ck_assert_str_eq(other->credentials[0].header, "X-Sig");
	ck_assert_uint_eq(other->rate, 0);
}
END_TEST

/* --- broken on purpose ----------------------------------------------------
 */

/* Parses or fails; what parses can be explained and closed. */
static void
try(const char *text, size_t len)
{
	struct firn_policy *policy = NULL;
	json_t *explained;

	err = (struct firn_err){ 0 };
	if (firn_policy_parse(&policy, "policy.yaml", text, len, &err) < 0) {
		ck_assert_uint_gt(strlen(err.text), 0);
		return;
	}
	explained = firn_policy_explain(policy);
	ck_assert_ptr_nonnull(explained);
	json_decref(explained);
	firn_policy_close(&policy);
}

START_TEST(any_part_of_a_policy_parses_or_fails)
{
	size_t len;
	const char *text = example(&len);

	for (size_t i = 0; i <= len; i++)
		try(text, i);
}
END_TEST

START_TEST(any_byte_may_be_another)
{
	static const char others[] = { '\0', '\n', ' ', '*', '"', '{',   '}',
				       ':',  '-',  '9', '&', '!', '\xff' };
	size_t len;
	const char *text = example(&len);
	autofree char *copy = malloc(len);

	for (size_t i = 0; i < len; i++) {
		memcpy(copy, text, len);
		copy[i] = others[i % N(others)];
		try(copy, len);
	}
}
END_TEST

/* --- the file -------------------------------------------------------------
 */

static char path[64];

static void
setup(void)
{
	static const char text[] = "limits: {running: 3}\n";
	int fd;

	strcpy(path, "/var/tmp/firn-policy-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void
teardown(void)
{
	unlink(path);
}

START_TEST(a_file_that_others_could_have_written_is_refused)
{
	static const mode_t modes[] = { 0620, 0602, 0666, 0777 };
	autodone(firn_policy_close) struct firn_policy *policy = NULL;

	ck_ok(firn_policy_open(&policy, path, &err));
	ck_assert_uint_eq(firn_policy_keeping(policy)->max_running, 3);
	firn_policy_close(&policy);
	for (size_t i = 0; i < N(modes); i++) {
		ck_assert_int_eq(chmod(path, modes[i]), 0);
		ck_fails(firn_policy_open(&policy, path, &err), EPERM);
		ck_assert_ptr_nonnull(strstr(err.text, "chmod go-w"));
	}
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(chown(path, 65534, 0), 0);
	ck_fails(firn_policy_open(&policy, path, &err), EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "chown root"));
	ck_assert_ptr_null(policy);
}
END_TEST

START_TEST(what_is_no_file_is_not_waited_for)
{
	struct firn_policy *policy = NULL;

	unlink(path);
	ck_fails(firn_policy_open(&policy, path, &err), ENOENT);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_fails(firn_policy_open(&policy, path, &err), EPERM);
	ck_fails(firn_policy_open(&policy, "/dev/zero", &err), EPERM);
	ck_fails(firn_policy_open(&policy, "/etc", &err), EPERM);
}
END_TEST

START_TEST(who_reads_only_secrets_takes_the_other_parts)
{
	autodone(firn_owners_close) struct firn_owners *owners = NULL;
	size_t len;
	const char *text = example(&len);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	close(fd);
	ck_ok(firn_owners_open(&owners, path, &err));
	ck_ok(firn_posture_check_policy(path, text, len, &err));
	ck_fails(firn_posture_check_policy("p", "posture: {x: 1}", 15, &err),
		 EBADMSG);
	ck_assert_str_eq(err.text, "p:1:11: unknown key \"x\"");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tcase = tcase_create("language");
	TCase *files = tcase_create("file");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, what_is_wrong_is_refused_at_its_place, 0,
			    (int)N(broken));
	tcase_add_test(tcase, a_policy_is_bounded);
	tcase_add_test(tcase, the_example_of_the_manual_is_a_policy);
	tcase_add_test(tcase, what_is_not_said_has_a_value_all_the_same);
	tcase_add_test(tcase, every_credential_is_read);
	tcase_add_test(tcase, any_part_of_a_policy_parses_or_fails);
	tcase_add_test(tcase, any_byte_may_be_another);
	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_test(files, a_file_that_others_could_have_written_is_refused);
	tcase_add_test(files, what_is_no_file_is_not_waited_for);
	tcase_add_test(files, who_reads_only_secrets_takes_the_other_parts);
	suite_add_tcase(suite, files);
	return run_suite(suite);
}
