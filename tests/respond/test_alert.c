#include <errno.h>
#include <fcntl.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "firn/alert.h"
#include "respond/alerts.h"

#define WEB "361491266a70ecacb99dff5be1d74433ff822c93b9faaf056ff8e2a3e32f3bdf"
#define POD "'pod': 'web-6c9f7d5b8-x2v4n', 'namespace': 'shop'"
#define UID "'pod_uid': '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0'"
#define IMAGE "'image': 'registry.example.org/shop/web:1.4.2'"

/* JSON with ' for ". */
static json_t *
quoted(const char *text)
{
	autofree char *copy = strdup(text);
	json_error_t why;
	json_t *json;

	for (char *c = copy; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	json = json_loads(copy, 0, &why);
	ck_assert_msg(json != NULL, "%s: %s", why.text, copy);
	return json;
}

static int
parse(const char *text, json_t **ret, struct firn_err *err)
{
	return firn_alerts_parse(text, strlen(text), NULL, NULL, ret, err);
}

/* The only alert of a text with ' for ". */
static json_t *
one(const char *text)
{
	autojson json_t *payload = quoted(text), *alerts = NULL;
	autofree char *line = firn_json_line(payload);
	struct firn_err err = { 0 };

	ck_ok(parse(line, &alerts, &err));
	ck_assert_uint_eq(json_array_size(alerts), 1);
	return json_incref(json_array_get(alerts, 0));
}

/* Is all of `wanted` in it?  null: it must not be there. */
static void
check_holds(const char *what, const json_t *alert, const json_t *wanted)
{
	autofree char *whole = firn_json_line(alert);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)wanted, key, value) {
		const json_t *is = json_object_get(alert, key);

		if (json_is_null(value))
			ck_assert_msg(is == NULL, "%s has %s: %s", what, key,
				      whole);
		else if (json_is_object(value))
			check_holds(what, is, value);
		else
			ck_assert_msg(json_equal(is, value), "%s: %s: %s", what,
				      key, whole);
	}
}

/* What each sender's sample says, alert by alert. */
static const struct {
	const char *sample;
	const char *alerts; /* an array, with ' for " */
} expected[] = {
	{ "falco-http.json",
	  "[{'format': 'falco', 'rule': 'Terminal shell in container',"
	  " 'severity': 'notice', 'state': 'firing', 'host': 'node-7',"
	  " 'time': '2026-11-23T19:50:12.123456789Z',"
	  " 'container_id': '361491266a70', 'container_name': 'web', " POD
	  ", " IMAGE ", 'tags': ['T1059', 'container', 'maturity_stable',"
	  " 'mitre_execution', 'shell'], 'pid': null, 'on_host': null,"
	  " 'fields': {'proc.cmdline': 'sh', 'user.uid': '0',"
	  " 'source': 'syscall'}}]" },
	{ "falco-host-event.json",
	  "[{'format': 'falco', 'on_host': true, 'container_id': null,"
	  " 'container_name': null, 'pod': null, 'image': null,"
	  " 'severity': 'warning'}]" },
	{ "falco-program-output.jsonl",
	  "[{'rule': 'Terminal shell in container'},"
	  " {'rule': 'Drop and execute new binary in container',"
	  " 'severity': 'critical', 'container_id': '361491266a70',"
	  " 'container_name': null, 'pod': null}, {'on_host': true}]" },
	{ "falcosidekick.json",
	  "[{'format': 'falco', 'id': '6f1c2b8a-57f4-4c58-9d3c-0a7a1b0f7c01',"
	  " 'container_id': '" WEB "', 'pid': 31590, " POD "}]" },
	{ "falcosidekick-alertmanager.json",
	  "[{'format': 'alertmanager', 'rule': 'Terminal shell in container',"
	  " 'severity': 'notice', 'container_id': '361491266a70', 'pid': 31590,"
	  " 'host': 'node-7', 'tags': ['container', 'mitre_execution',"
	  " 'shell'], " POD "}]" },
	{ "alertmanager-v4.json",
	  "[{'format': 'alertmanager', 'rule': 'ContainerCPUMiner',"
	  " 'id': 'c1a5b1e0d3f2a4b6@2026-11-23T19:40:00Z',"
	  " 'severity': 'critical', 'state': 'firing', 'host': 'node-7',"
	  " 'container': 'web', 'container_name': null, " POD ","
	  " 'container_id': '551e161c47d8ff0eb665438a7bcd5b4e3ef5a297282b40a9"
	  "2b7c77d6bd168eb3', 'labels': {'alertname': 'ContainerCPUMiner'},"
	  " 'fields': {'summary': 'CPU pinned for 10 minutes'}},"
	  " {'state': 'resolved', 'host': 'node-8', 'container_id': null,"
	  " 'pod': 'web-6c9f7d5b8-old'}]" },
	{ "alertmanager-cadvisor.json",
	  "[{'container_id': '" WEB "', 'container': 'web', 'host': null, " POD
	  "}, {'container_id': '" WEB "', 'container_name': 'web'}]" },
	{ "tracee-v1beta1.json",
	  "[{'format': 'tracee', 'rule': 'dropped_executable',"
	  " 'severity': 'warning', 'time': '2026-11-23T19:50:12.123456789Z',"
	  " 'container_id': '" WEB "', 'container_name': 'web', " POD ", " UID
	  ", " IMAGE ", 'pid': 31590, 'tags': ['default-policy'],"
	  " 'fields': {'path': '/tmp/implant',"
	  " 'threat': 'New executable dropped'}}]" },
	{ "tracee-legacy.json",
	  "[{'format': 'tracee', 'rule': 'dropped_executable', 'host': null,"
	  " 'severity': 'warning', 'container_id': '" WEB "', " POD ", " UID
	  ", " IMAGE ", 'pid': 31590, 'fields': {'path': '/tmp/implant'}}]" },
	{ "tetragon-exec.json",
	  "[{'format': 'tetragon', 'rule': 'process_exec', 'severity': null,"
	  " 'host': 'node-7', 'time': '2026-11-23T19:50:12.123456789Z',"
	  " 'container_id': '" WEB "', 'container': 'web', 'pid': 31590, " POD
	  ", " UID ", " IMAGE ", 'labels': {'app': 'web'},"
	  " 'fields': {'binary': '/bin/sh', 'uid': '0',"
	  " 'event_type': 'process_exec'}}]" },
	{ "tetragon-kprobe.json",
	  "[{'format': 'tetragon', 'rule': 'shell-in-prod-connect',"
	  " 'tags': ['shell', 'network'], 'container_id': '" WEB "',"
	  " 'fields': {'function_name': '__x64_sys_connect',"
	  " 'event_type': 'process_kprobe'}}]" },
	{ "tetragon-lsm.json",
	  "[{'rule': 'secrets-read', 'pod': null,"
	  " 'container_id': '361491266a70ecacb99dff5be1d7443'}]" },
	{ "tetragon-exit.json",
	  "[{'rule': 'process_exit', 'container_id': '361491266a70eca',"
	  " 'fields': {'signal': 'SIGSEGV'}}]" },
	{ "cloudevents-structured.json",
	  "[{'format': 'falco', 'id': '6f1c2b8a-57f4-4c58-9d3c-0a7a1b0f7c01',"
	  " 'container_id': '361491266a70'}]" },
	{ "cloudevents-batch.json",
	  "[{'format': 'falco'}, {'format': 'falco', 'id': 'a3c1f4d2-0002-1'},"
	  " {'format': 'firn', 'id': 'pagerduty-Q2X9'},"
	  " {'format': 'unknown', 'id': 'a3c1f4d2-0004-3'}]" },
	{ "cloudevents-binary.json", "[{'format': 'falco', 'id': 'b5d2-0001',"
				     " 'container_id': '361491266a70'}]" },
	{ "generic.json",
	  "[{'format': 'firn', 'id': 'pagerduty-Q2X9', 'rule': 'manual',"
	  " 'severity': 'error', 'host': 'node-7', 'pid': 31590,"
	  " 'container_id': '361491266a70', 'container': 'web', " POD ","
	  " 'playbook': 'suspicious-shell', 'case': 'IR-2026-0042',"
	  " 'note': 'customer saw odd checkout page'}]" },
	{ "standard-webhooks.json",
	  "[{'format': 'firn', 'id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',"
	  " 'tags': ['pci'], 'labels': {'team': 'shop'},"
	  " 'fields': {'ticket': '4711'}}]" },
	{ "grafana.json",
	  "[{'format': 'mapped', 'id': 'c6eadffa33fcdf37', 'state': 'firing',"
	  " 'rule': 'High CPU usage', 'severity': 'critical', " POD ","
	  " 'fields': {'summary': 'pinned'}}]" },
	{ "guardduty.json",
	  "[{'format': 'mapped', 'id': '16afba5c5c43e07c9e3e5e2e544e95df',"
	  " 'rule': 'CryptoCurrency:Runtime/BitcoinTool.B!DNS',"
	  " 'severity': 'error', 'container_id': '" WEB "', 'pid': 31590, " POD
	  ", " UID ", " IMAGE "}]" },
};

START_TEST(each_sender_is_understood)
{
	const char *name = expected[_i].sample;
	struct sample sample = sample_open(name);
	autojson json_t *wanted = quoted(expected[_i].alerts), *alerts = NULL;
	struct firn_err err = { 0 };

	ck_ok(sample_parse(&sample, &alerts, &err));
	ck_assert_uint_eq(json_array_size(alerts), json_array_size(wanted));
	for (size_t i = 0; i < json_array_size(wanted); i++)
		check_holds(name, json_array_get(alerts, i),
			    json_array_get(wanted, i));
	sample_close(&sample);
}
END_TEST

START_TEST(every_sample_is_expected_to_say_something)
{
	ck_assert_uint_eq(N_SAMPLES, sizeof(expected) / sizeof(expected[0]));
}
END_TEST

#define SAYS(target) \
	"{'schema': 'firn.alert/v1', 'rule': 'r', 'target': {" target "}}"

static void
check_id(const char *said, const char *id)
{
	autofree char *text = NULL;
	autojson json_t *alert = NULL;
	const char *is;

	ck_assert_int_gt(asprintf(&text, SAYS("'container_id': %s"), said), 0);
	alert = one(text);
	is = firn_json_string(alert, "container_id", NULL);
	if (id == NULL)
		ck_assert_msg(is == NULL, "%s is %s", said, is);
	else
		ck_assert_msg(is != NULL && strcmp(is, id) == 0, "%s is %s",
			      said, is);
}

START_TEST(an_id_is_digits_whatever_is_around_them)
{
	check_id("'" WEB "'", WEB);
	check_id("'361491266A70'", "361491266a70");
	check_id("'docker://" WEB "'", WEB);
	check_id("'containerd://" WEB "'", WEB);
	check_id("'cri-o://361491266a70ecacb99dff5be1d7443'",
		 "361491266a70ecacb99dff5be1d7443");
	check_id("'/docker/" WEB "'", WEB);
	check_id("'/kubepods/burstable/pod0f1e/" WEB "'", WEB);
	check_id("'/system.slice/docker-" WEB ".scope'", WEB);
	check_id("'/machine.slice/libpod-" WEB ".scope/container'", WEB);
}
END_TEST

START_TEST(what_can_not_be_an_id_is_none)
{
	check_id("'361491266a7'", NULL);
	check_id("'" WEB "0'", NULL);
	check_id("'../../../etc/passwd'", NULL);
	check_id("'docker://../../../etc'", NULL);
	check_id("'361491266a70/..'", NULL);
	check_id("'/'", NULL);
	check_id("'/system.slice/nginx.service'", NULL);
	check_id("''", NULL);
	check_id("'<NA>'", NULL);
	check_id("null", NULL);
	check_id("361491266070", "361491266070");
	check_id("['361491266a70']", NULL);
	check_id("{'id': '361491266a70'}", NULL);
	check_id("true", NULL);
}
END_TEST

static json_int_t
pid_of(const char *said)
{
	autofree char *text = NULL;
	autojson json_t *alert = NULL;

	ck_assert_int_gt(asprintf(&text, SAYS("'pid': %s"), said), 0);
	alert = one(text);
	return json_integer_value(json_object_get(alert, "pid"));
}

START_TEST(a_pid_is_one_that_a_process_can_have)
{
	ck_assert_int_eq(pid_of("31590"), 31590);
	ck_assert_int_eq(pid_of("'31590'"), 31590);
	ck_assert_int_eq(pid_of("2147483647"), 2147483647);
	ck_assert_int_eq(pid_of("2147483648"), 0);
	ck_assert_int_eq(pid_of("9223372036854775807"), 0);
	ck_assert_int_eq(pid_of("-1"), 0);
	ck_assert_int_eq(pid_of("0"), 0);
	ck_assert_int_eq(pid_of("1e300"), 0);
	ck_assert_int_eq(pid_of("'0x10'"), 0);
	ck_assert_int_eq(pid_of("' 1'"), 0);
	ck_assert_int_eq(pid_of("null"), 0);
	ck_assert_int_eq(pid_of("[1]"), 0);
}
END_TEST

START_TEST(severities_have_one_order)
{
	static const char *const falling[] = { "Emergency",     "alert",
					       "CRITICAL",      "Error",
					       "Warning",       "notice",
					       "Informational", "debug" };

	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(firn_alert_severity(falling[i]), i);
	ck_assert_int_eq(firn_alert_severity("MEDIUM"), 4);
	ck_assert_int_eq(firn_alert_severity("high"), 3);
	ck_assert_int_eq(firn_alert_severity("P1"), -1);
	ck_assert_int_eq(firn_alert_severity(""), -1);
}
END_TEST

START_TEST(a_severity_that_nobody_knows_is_kept_as_it_was_said)
{
	autojson json_t *alert = one("{'schema': 'firn.alert/v1',"
				     " 'severity': 'P1'}");

	ck_assert(json_object_get(alert, "severity") == NULL);
	ck_assert_str_eq(firn_json_string(alert, "fields", "severity", NULL),
			 "P1");
}
END_TEST

START_TEST(a_mapping_takes_the_first_pointer_that_leads_somewhere)
{
	autojson json_t *mapping =
		quoted("{'rule': ['/nothing', '/a~1b/c~0d/1'], 'pod': '/p',"
		       " 'severity': 'critical', 'tags': ['/u', '/t'],"
		       " 'unknown': '/p'}");
	autojson json_t *wanted =
		quoted("[{'format': 'mapped', 'rule': 'r', 'pod': 'x',"
		       " 'severity': 'critical', 'tags': ['one', 'two'],"
		       " 'unknown': null}]");
	const char *text = "{\"a/b\": {\"c~d\": [0, \"r\"]}, \"p\": \"x\","
			   " \"t\": [\"one\", \"two\"]}";
	autojson json_t *alerts = NULL;
	struct firn_err err = { 0 };

	ck_ok(firn_alerts_parse(text, strlen(text), NULL, mapping, &alerts,
				&err));
	check_holds("mapped", json_array_get(alerts, 0),
		    json_array_get(wanted, 0));
}
END_TEST

START_TEST(a_mapping_that_finds_nothing_is_told)
{
	autojson json_t *mapping =
		quoted("{'rule': '/rule', 'severity': 'high'}");
	autojson json_t *alerts = NULL;
	struct firn_err err = { 0 };

	ck_fails(firn_alerts_parse("{\"a\": 1}", 8, NULL, mapping, &alerts,
				   &err),
		 EBADMSG);
}
END_TEST

START_TEST(a_mapping_points_into_events_of_either_mode)
{
	autojson json_t *mapping =
		quoted("{'rule': '/type', 'pod': '/data/p'}");
	autojson json_t *headers =
		quoted("{'ce-specversion': '1.0', 'ce-type': 'a%20rule',"
		       " 'ce-source': '/x', 'ce-id': 'e1', 'content-type':"
		       " 'application/json'}");
	const char *event = "{\"specversion\":\"1.0\",\"type\":\"a rule\","
			    "\"source\":\"/x\",\"id\":\"e1\","
			    "\"data\":{\"p\":\"web\"}}";
	autojson json_t *binary = NULL, *structured = NULL;
	struct firn_err err = { 0 };

	ck_ok(firn_alerts_parse("{\"p\":\"web\"}", 11, headers, mapping,
				&binary, &err));
	ck_ok(firn_alerts_parse(event, strlen(event), NULL, mapping,
				&structured, &err));
	ck_assert(json_equal(binary, structured));
	ck_assert_str_eq(firn_json_string(json_array_get(binary, 0), "rule",
					  NULL),
			 "a rule");
}
END_TEST

START_TEST(a_mapping_is_checked_before_it_is_used)
{
	static const char *const bad[] = {
		"{'ruel': '/rule'}",      "{'rule': 7}",
		"{'rule': ''}",           "{'rule': '/a~2'}",
		"{'labels': 'labels'}",   "{'each': 'alerts'}",
		"{'rule': ['/a', null]}", "{'tags': ['/a', 'b']}",
	};
	autojson json_t *good =
		quoted("{'each': '/alerts', 'rule': ['/a', '/b~1c'],"
		       " 'severity': 'high', 'labels': '/labels'}");
	struct firn_err err = { 0 };

	ck_ok(firn_alert_mapping_check(good, &err));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		autojson json_t *mapping = quoted(bad[i]);

		ck_fails(firn_alert_mapping_check(mapping, &err), EBADMSG);
	}
}
END_TEST

START_TEST(what_a_kubelet_counts_for_the_pod_is_no_container)
{
	autojson json_t *alert =
		one("{'labels': {'alertname': 'A', 'container': 'POD',"
		    " 'pod': 'p'}, 'annotations': {}}");

	ck_assert(json_object_get(alert, "container") == NULL);
	ck_assert_str_eq(firn_json_string(alert, "pod", NULL), "p");
}
END_TEST

START_TEST(names_that_a_pod_exports_itself_are_not_believed)
{
	autojson json_t *alert =
		one("{'labels': {'alertname': 'A', 'pod': 'metrics-1',"
		    " 'namespace': 'monitoring', 'exported_pod': 'web-1',"
		    " 'exported_namespace': 'shop'}, 'annotations': {}}");

	ck_assert(json_object_get(alert, "pod") == NULL);
	ck_assert(json_object_get(alert, "namespace") == NULL);
	ck_assert_str_eq(firn_json_string(alert, "labels", "exported_pod",
					  NULL),
			 "web-1");
}
END_TEST

START_TEST(an_event_may_hold_its_alert_in_base64)
{
	/* {"schema":"firn.alert/v1","rule":"r"} */
	autojson json_t *alert = one(
		"{'specversion': '1.0', 'type': 't', 'source': 's', 'id': 'e',"
		" 'data_base64': 'eyJzY2hlbWEiOiJmaXJuLmFsZXJ0L3YxIiwicnVsZSI6"
		"InIifQ=='}");
	autojson json_t *wanted =
		quoted("{'format': 'firn', 'rule': 'r', 'id': 'e'}");

	check_holds("base64", alert, wanted);
}
END_TEST

START_TEST(the_same_line_has_the_same_id_in_any_company)
{
	const char *alone = "{\"rule\":\"r\",\"priority\":\"Debug\","
			    "\"output\":\"x\"}";
	const char *second = "{\"rule\":\"q\",\"priority\":\"Debug\","
			     "\"output\":\"x\"}\n{\"rule\":\"r\","
			     "\"priority\":\"Debug\",\"output\":\"x\"}\n";
	autojson json_t *one_alert = NULL, *two_alerts = NULL;
	struct firn_err err = { 0 };

	ck_ok(parse(alone, &one_alert, &err));
	ck_ok(parse(second, &two_alerts, &err));
	ck_assert_uint_eq(json_array_size(two_alerts), 2);
	ck_assert(json_equal(json_array_get(one_alert, 0),
			     json_array_get(two_alerts, 1)));
	ck_assert_str_ne(firn_json_string(json_array_get(two_alerts, 0), "id",
					  NULL),
			 firn_json_string(json_array_get(two_alerts, 1), "id",
					  NULL));
}
END_TEST

START_TEST(an_empty_batch_has_no_alerts)
{
	autojson json_t *alerts = NULL;
	struct firn_err err = { 0 };

	ck_ok(parse("[]", &alerts, &err));
	ck_assert_uint_eq(json_array_size(alerts), 0);
}
END_TEST

/* "another host", or "" if it leads on. */
static const char *
nowhere(const char *text)
{
	static char reason[64];
	autojson json_t *alert = quoted(text), *why = NULL;
	autojson json_t *names =
		quoted("['node-7', '10.0.0.7', 'ip-10-0-0-7.example.org']");

	reason[0] = '\0';
	if (firn_alert_leads_nowhere(alert, names, &why))
		snprintf(reason, sizeof(reason), "%s",
			 firn_json_string(why, "reason", NULL));
	return reason;
}

#define ID "'container_id': '361491266a70'"

START_TEST(alerts_about_other_nodes_are_told_apart)
{
	ck_assert_str_eq(nowhere("{'host': 'node-7', " ID "}"), "");
	ck_assert_str_eq(nowhere("{'host': 'NODE-7.example.org', " ID "}"), "");
	ck_assert_str_eq(nowhere("{'host': 'ip-10-0-0-7', " ID "}"), "");
	ck_assert_str_eq(nowhere("{" ID "}"), "");
	ck_assert_str_eq(nowhere("{'host': 'node-8', " ID "}"), "another host");
	ck_assert_str_eq(nowhere("{'host': 'node-70', " ID "}"),
			 "another host");
	ck_assert_str_eq(nowhere("{'host': 'ip-10-0-0-7.example.com', " ID "}"),
			 "another host");
	ck_assert_str_eq(nowhere("{'host': '10', " ID "}"), "another host");
}
END_TEST

START_TEST(an_instance_counts_only_where_a_plain_name_is_all_there_is)
{
	ck_assert_str_eq(
		nowhere("{'labels': {'instance': '10.0.0.9:10250'}, " ID "}"),
		"");
	ck_assert_str_eq(nowhere("{'labels': {'instance': 'metrics:8080'},"
				 " 'pod': 'web', 'namespace': 'shop'}"),
			 "");
	ck_assert_str_eq(nowhere("{'labels': {'instance': '10.0.0.9:8080'},"
				 " 'container_name': 'web'}"),
			 "another host");
	ck_assert_str_eq(nowhere("{'labels': {'instance': '10.0.0.7:8080'},"
				 " 'container_name': 'web'}"),
			 "");
	ck_assert_str_eq(nowhere("{'labels': {'instance': 'node-7:8080'},"
				 " 'container_name': 'web'}"),
			 "");
	ck_assert_str_eq(nowhere("{'labels': {'instance': '[fe80::1]:8080'},"
				 " 'container_name': 'web'}"),
			 "another host");
}
END_TEST

START_TEST(what_is_over_or_of_the_node_leads_nowhere)
{
	ck_assert_str_eq(nowhere("{'state': 'resolved', 'host': 'node-8'}"),
			 "resolved");
	ck_assert_str_eq(nowhere("{'on_host': true, 'host': 'node-7'}"),
			 "host");
	ck_assert_str_eq(nowhere("{'on_host': true, 'host': 'node-8'}"),
			 "another host");
}
END_TEST

START_TEST(this_node_knows_its_names)
{
	struct firn_host host = { 0 };
	struct firn_err err = { 0 };
	autojson json_t *names = NULL;
	char name[256] = "";

	ck_assert_int_eq(gethostname(name, sizeof(name) - 1), 0);
	ck_ok(firn_host_open(&host, "/", &err));
	ck_ok(firn_alert_host_names(&host, &names, &err));
	ck_assert(firn_json_holds(names, name));
	ck_assert(firn_json_holds(names, "127.0.0.1"));
	firn_host_close(&host);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("alert");
	TCase *tests = tcase_create("alert");

	tcase_add_loop_test(tests, each_sender_is_understood, 0,
			    sizeof(expected) / sizeof(expected[0]));
	tcase_add_test(tests, every_sample_is_expected_to_say_something);
	tcase_add_test(tests, an_id_is_digits_whatever_is_around_them);
	tcase_add_test(tests, what_can_not_be_an_id_is_none);
	tcase_add_test(tests, a_pid_is_one_that_a_process_can_have);
	tcase_add_test(tests, severities_have_one_order);
	tcase_add_test(tests,
		       a_severity_that_nobody_knows_is_kept_as_it_was_said);
	tcase_add_test(tests,
		       a_mapping_takes_the_first_pointer_that_leads_somewhere);
	tcase_add_test(tests, a_mapping_that_finds_nothing_is_told);
	tcase_add_test(tests, a_mapping_points_into_events_of_either_mode);
	tcase_add_test(tests, a_mapping_is_checked_before_it_is_used);
	tcase_add_test(tests,
		       what_a_kubelet_counts_for_the_pod_is_no_container);
	tcase_add_test(tests, names_that_a_pod_exports_itself_are_not_believed);
	tcase_add_test(tests, an_event_may_hold_its_alert_in_base64);
	tcase_add_test(tests, the_same_line_has_the_same_id_in_any_company);
	tcase_add_test(tests, an_empty_batch_has_no_alerts);
	tcase_add_test(tests, alerts_about_other_nodes_are_told_apart);
	tcase_add_test(
		tests,
		an_instance_counts_only_where_a_plain_name_is_all_there_is);
	tcase_add_test(tests, what_is_over_or_of_the_node_leads_nowhere);
	tcase_add_test(tests, this_node_knows_its_names);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
