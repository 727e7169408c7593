#include "check.h"

#include <string.h>

#include "assess/rules/rules.h"
#include "assess/rules/samples.h"
#include "base/auto.h"
#include "base/json.h"

static struct firn_err err;
static struct firn_secret_rules *rules;

static void
setup(void)
{
	ck_ok(firn_secret_rules_open(&rules, NULL, 0, &err));
}

static void
teardown(void)
{
	firn_secret_rules_close(&rules);
}

/* Of the secret that a rule finds in a sample. */
static json_t *
facts_of(const char *name, const char *written)
{
	const struct firn_rule *rule = firn_rule_named(rules, name);
	autofree char *sample = NULL;
	json_t *facts = json_object();
	struct firn_span span;
	size_t from = 0;

	ck_ok(firn_sample(written, 7, &sample, &err));
	ck_assert_int_eq(firn_rule_in_text(rule, sample, strlen(sample), &from,
					   &span, &err),
			 1);
	firn_rule_facts(rule, sample + span.start, span.end - span.start,
			facts);
	firn_rule_facts_around(rule, sample, strlen(sample), span.start, facts);
	return facts;
}

static void
ck_fact(const json_t *facts, const char *name, const char *expected)
{
	const char *said = firn_json_string(facts, name, NULL);

	ck_assert_msg(said != NULL, "there is no %s", name);
	ck_assert_str_eq(said, expected);
}

/* Source: Tal Be'ery, "A short note on AWS KEY ID". */
START_TEST(a_key_id_tells_its_account)
{
	autojson json_t *facts = facts_of("aws-session-key-id", "ASIA"
								"QNZGKIQY56JQ"
								"7WML");

	ck_fact(facts, "account", "029608264753");
	ck_fact(facts, "key_id",
		"ASIA"
		"QNZGKIQY56JQ7WML");
}
END_TEST

START_TEST(a_service_account_token_tells_its_pod_and_its_end)
{
	autojson json_t *facts =
		facts_of("kubernetes-token",
			 "eyJhbGciOiJSUzI1NiJ9.{k8s:bound}.{url:86}");

	ck_fact(facts, "namespace", "drill");
	ck_fact(facts, "service_account", "firn");
	ck_fact(facts, "pod", "web-1");
	ck_fact(facts, "node", "node-1");
	ck_fact(facts, "subject", "system:serviceaccount:drill:firn");
	ck_assert_ptr_nonnull(firn_json_string(facts, "expires", NULL));
}
END_TEST

START_TEST(a_token_of_a_secret_tells_which_and_no_end)
{
	autojson json_t *facts =
		facts_of("kubernetes-legacy-token",
			 "eyJhbGciOiJSUzI1NiJ9.{k8s:legacy}.{url:86}");

	ck_fact(facts, "secret", "firn-token");
	ck_fact(facts, "namespace", "drill");
	ck_assert_ptr_null(firn_json_string(facts, "expires", NULL));
}
END_TEST

START_TEST(a_key_file_of_google_tells_whose_it_is)
{
	static const char sample[] =
		"{\"type\": \"service_account\", \"project_id\": \"drill\", "
		"\"private_key_id\": \"0123456789abcdef0123456789abcdef01234567"
		"\", \"private_key\": \"{pemline:pkcs8}\\n\", "
		"\"client_email\": \"firn@drill.iam.gserviceaccount.com\"}";
	autojson json_t *facts = facts_of("gcp-service-account", sample);

	ck_fact(facts, "account", "firn@drill.iam.gserviceaccount.com");
	ck_fact(facts, "project", "drill");
	ck_fact(facts, "key_id", "0123456789abcdef0123456789abcdef01234567");
	ck_assert_ptr_null(json_object_get(facts, "private_key"));
}
END_TEST

START_TEST(a_url_tells_user_host_and_database)
{
	autojson json_t *facts =
		facts_of("postgres-url", "postgres://app:drill-{alnum:12}@"
					 "db.example:5432/orders?sslmode=no");

	ck_fact(facts, "user", "app");
	ck_fact(facts, "host", "db.example:5432");
	ck_fact(facts, "database", "orders");
	ck_assert_uint_eq(json_object_size(facts), 3);
}
END_TEST

START_TEST(an_ssh_key_tells_the_fingerprint_that_logs_show)
{
	autojson json_t *facts = facts_of("openssh-key", "{pem:openssh}");
	const char *fingerprint = firn_json_string(facts, "fingerprint", NULL);

	ck_fact(facts, "type", "ssh-ed25519");
	ck_assert_ptr_nonnull(fingerprint);
	ck_assert_uint_eq(strlen(fingerprint), strlen("SHA256:") + 43);
	ck_assert_ptr_null(json_object_get(facts, "sealed"));
}
END_TEST

START_TEST(a_private_key_tells_its_type_and_whether_it_is_sealed)
{
	autojson json_t *open = facts_of("private-key", "{pem:pkcs8}");
	autojson json_t *ec = facts_of("old-private-key", "{pem:ec}");
	autojson json_t *sealed =
		facts_of("encrypted-private-key", "{pem:sealed}");

	ck_fact(open, "type", "ED25519");
	ck_fact(ec, "type", "EC");
	ck_assert(json_is_true(json_object_get(sealed, "sealed")));
	ck_assert_ptr_null(json_object_get(sealed, "fingerprint"));
}
END_TEST

START_TEST(a_registry_login_tells_its_user)
{
	autojson json_t *facts =
		facts_of("docker-auth", "{\"auths\": {\"r.example\": "
					"{\"auth\": \"{basic}\"}}}");

	ck_fact(facts, "user", "firn");
}
END_TEST

/* Whatever the kind, no fact is a piece of the secret.  Ids are no secrets. */
START_TEST(no_fact_of_any_sample_is_in_its_value)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct firn_rule *rule = &rules->items[i];
		autofree char *sample = NULL;
		autojson json_t *facts = json_object();
		struct firn_span span;
		const char *key;
		json_t *fact;
		size_t from = 0;

		if (rule->match.n == 0 || rule->names.n > 0 ||
		    rule->valid == NULL)
			continue;
		ck_ok(firn_sample(rule->match.items[0], 7, &sample, &err));
		if (firn_rule_in_text(rule, sample, strlen(sample), &from,
				      &span, &err) <= 0)
			continue;
		firn_rule_facts(rule, sample + span.start,
				span.end - span.start, facts);
		json_object_foreach(facts, key, fact) {
			const char *text = json_string_value(fact);

			if (text == NULL || strcmp(key, "key_id") == 0 ||
			    strcmp(key, "type") == 0 ||
			    strcmp(rule->name, "gcp-service-account") == 0)
				continue;
			ck_assert_msg(memmem(sample + span.start,
					     span.end - span.start, text,
					     strlen(text)) == NULL,
				      "%s of %s", key, rule->name);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("facts");
	TCase *tcase = tcase_create("facts");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_key_id_tells_its_account);
	tcase_add_test(tcase,
		       a_service_account_token_tells_its_pod_and_its_end);
	tcase_add_test(tcase, a_token_of_a_secret_tells_which_and_no_end);
	tcase_add_test(tcase, a_key_file_of_google_tells_whose_it_is);
	tcase_add_test(tcase, a_url_tells_user_host_and_database);
	tcase_add_test(tcase, an_ssh_key_tells_the_fingerprint_that_logs_show);
	tcase_add_test(tcase,
		       a_private_key_tells_its_type_and_whether_it_is_sealed);
	tcase_add_test(tcase, a_registry_login_tells_its_user);
	tcase_add_test(tcase, no_fact_of_any_sample_is_in_its_value);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
