#include "respond/policy/claims.h"

#include <string.h>

#include "base/auto.h"
#include "base/duration.h"
#include "base/json.h"

/*
 * sentences -- claims, read aloud.
 */

/* --- parts of sentences ---------------------------------------------------
 */

/* "a, b and c" */
static void
say_list(struct firn_buf *out, const json_t *words, const char *last)
{
	size_t n = json_array_size(words);

	for (size_t i = 0; i < n; i++)
		firn_buf_addf(out, "%s%s",
			      i == 0       ? ""
			      : i + 1 == n ? last
					   : ", ",
			      json_string_value(json_array_get(words, i)));
}

static void
say_roles(struct firn_buf *out, const json_t *roles, const char *last)
{
	size_t n = json_array_size(roles);

	for (size_t i = 0; i < n; i++) {
		const char *role = json_string_value(json_array_get(roles, i));

		firn_buf_addf(out, "%s%s%s",
			      i == 0       ? ""
			      : i + 1 == n ? last
					   : ", ",
			      role, strcmp(role, "look") == 0 ? " at" : "");
	}
}

/* "alice, bob and group sec" */
static void
say_people(struct firn_buf *out, const json_t *who, const char *last)
{
	autojson json_t *all = json_copy(json_object_get(who, "users"));
	const json_t *group;
	size_t i;

	json_array_foreach(json_object_get(who, "groups"), i, group)
		json_array_append_new(all,
				      json_sprintf("group %s",
						   json_string_value(group)));
	say_list(out, all, last);
}

static void
say_label(struct firn_buf *out, const json_t *labels)
{
	json_t *all = (json_t *)(uintptr_t)labels, *values;
	const char *key, *before = "";

	json_object_foreach(all, key, values) {
		firn_buf_addf(out, "%s%s=", before, key);
		say_list(out, values, " or ");
		before = " and ";
	}
}

static void
say_target(struct firn_buf *out, const json_t *target)
{
	static const struct {
		const char *key, *words;
	} parts[] = {
		{ "namespace", " in namespace " },
		{ "pod", " in pod " },
		{ "name", " named " },
		{ "image", " of image " },
		{ "label", " labelled " },
	};
	const char *before = "";

	firn_buf_addf(out, "containers");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const json_t *value = json_object_get(target, parts[i].key);

		if (value == NULL)
			continue;
		firn_buf_addf(out, "%s%s", before, parts[i].words);
		if (json_is_object(value))
			say_label(out, value);
		else
			say_list(out, value, " or ");
		before = ",";
	}
}

static void
say_targets(struct firn_buf *out, const json_t *claim, const char *all)
{
	const json_t *targets = json_object_get(claim, "targets"), *target;
	size_t i;

	if (json_array_size(targets) == 0)
		firn_buf_addf(out, "%s", all);
	json_array_foreach(targets, i, target) {
		firn_buf_addf(out, "%s", i > 0 ? "; or " : "");
		say_target(out, target);
	}
}

static void
say_rule(struct firn_buf *out, const json_t *claim)
{
	firn_buf_addf(out, " (%s).", firn_json_string(claim, "rule", NULL));
}

static void
say_seconds(struct firn_buf *out, const json_t *seconds)
{
	char text[FIRN_DURATION_TEXT];

	firn_duration_text((unsigned)json_integer_value(seconds), text);
	firn_buf_addf(out, "%s", text);
}

static bool
is_true(const json_t *claim, const char *key)
{
	return json_is_true(json_object_get(claim, key));
}

/* --- the sentences --------------------------------------------------------
 */

void
firn_say_people(const json_t *claim, struct firn_buf *out)
{
	const char *otherwise = firn_json_string(claim, "otherwise", NULL);

	if (otherwise != NULL) {
		firn_buf_addf(out, "%s",
			      strcmp(otherwise, "denied") == 0
				      ? "Everybody else may do nothing, nor "
					"look; root is no exception."
				      : "Whoever can run firn as root may look "
					"at, capture, freeze, isolate and kill "
					"every container: the policy names no "
					"responders.");
		return;
	}
	say_people(out, json_object_get(claim, "who"), " and ");
	if (json_array_size(json_object_get(claim, "may")) == 0) {
		firn_buf_addf(out, " may do nothing");
	} else {
		firn_buf_addf(out, " may ");
		say_roles(out, json_object_get(claim, "may"), " and ");
		firn_buf_addf(out, " ");
		say_targets(out, claim, "every container");
	}
	say_rule(out, claim);
}

/* "by bearer token, user falco" */
static void
say_credentials(struct firn_buf *out, const json_t *credentials)
{
	const json_t *one;
	size_t i;

	json_array_foreach(credentials, i, one) {
		const char *kind = firn_json_string(one, "kind", NULL);
		const char *value = firn_json_string(one, "value", NULL);

		firn_buf_addf(out, "%s%s%s%s", i > 0 ? " or " : "", kind,
			      value != NULL ? " " : "",
			      value != NULL ? value : "");
	}
}

void
firn_say_alerts(const json_t *claim, struct firn_buf *out)
{
	const json_t *may = json_object_get(claim, "may");

	if (json_object_get(claim, "otherwise") != NULL) {
		firn_buf_addf(out, "Alerts of any other sender are only "
				   "recorded.");
		return;
	}
	firn_buf_addf(out, "Alerts of %s (known by ",
		      firn_json_string(claim, "who", "name", NULL));
	say_credentials(out, json_object_get(claim, "credentials"));
	if (json_array_size(may) == 0) {
		firn_buf_addf(out, ") are only recorded");
	} else {
		firn_buf_addf(
			out, ") %s ",
			is_true(claim, "dry_run")
				? "run dry: it is only recorded that they "
				  "would"
				: "may");
		say_roles(out, may, " and ");
		firn_buf_addf(out, " ");
		say_targets(out, claim, "every container");
	}
	firn_buf_addf(out, "; at most %lld a minute are taken",
		      (long long)json_integer_value(
			      json_object_get(claim, "rate")));
	say_rule(out, claim);
}

void
firn_say_never(const json_t *claim, struct firn_buf *out)
{
	firn_buf_addf(out,
		      "Nobody, and no alert, may do anything but look at ");
	say_targets(out, claim, "any container");
	firn_buf_addf(out, "; one of which that can't be told counts as one");
	say_rule(out, claim);
}

void
firn_say_approval(const json_t *claim, struct firn_buf *out)
{
	const json_t *by = json_object_get(claim, "by");

	firn_buf_addf(out, "To ");
	say_roles(out, json_object_get(claim, "may"), " or ");
	firn_buf_addf(out, " ");
	say_targets(out, claim, "any container");
	firn_buf_addf(out, " takes a yes of ");
	if (json_is_null(by))
		firn_buf_addf(out, "somebody else who may do the same");
	else
		say_people(out, by, " or ");
	firn_buf_addf(out, ", who isn't the one who asks; it is good for ");
	say_seconds(out, json_object_get(claim, "within_s"));
	say_rule(out, claim);
}

void
firn_say_limits(const json_t *claim, struct firn_buf *out)
{
	const char *limit = firn_json_string(claim, "limit", NULL);
	const char *single = firn_json_string(claim, "single_replica", NULL);
	const char *who =
		is_true(claim, "people") ? "Alerts and people" : "Alerts";
	long long most = json_integer_value(json_object_get(claim, "most"));

	if (strcmp(limit, "running") == 0) {
		firn_buf_addf(out, "At most %lld captures run at once.", most);
		return;
	}
	if (strcmp(limit, "freezes-per-hour") == 0)
		firn_buf_addf(out,
			      "%s stop nothing more on this node after %lld "
			      "freezes in an hour",
			      who, most);
	else if (strcmp(limit, "freezes-per-hour-and-service") == 0)
		firn_buf_addf(out,
			      "%s stop nothing more of a service after %lld "
			      "freezes of it in an hour",
			      who, most);
	else
		firn_buf_addf(out,
			      "%s stop at most %lld%% of a service's replicas "
			      "on this node; one that has a single replica "
			      "here is %s",
			      who, most,
			      strcmp(single, "allow") == 0 ? "stopped"
							   : "not stopped");
	say_rule(out, claim);
}

void
firn_say_quiet(const json_t *claim, struct firn_buf *out)
{
	const json_t *days = json_object_get(claim, "days");
	const json_t *may = json_object_get(claim, "sources_may");

	firn_buf_addf(out, "From %s to %s (%s time), ",
		      firn_json_string(claim, "from", NULL),
		      firn_json_string(claim, "to", NULL),
		      firn_json_string(claim, "zone", NULL));
	if (json_array_size(days) == 7)
		firn_buf_addf(out, "every day");
	else
		say_list(out, days, " and ");
	firn_buf_addf(out, ", alerts by themselves ");
	if (json_array_size(may) == 0) {
		firn_buf_addf(out, "do nothing");
	} else {
		firn_buf_addf(out, "only ");
		say_roles(out, may, " and ");
	}
	say_rule(out, claim);
}

void
firn_say_evidence(const json_t *claim, struct firn_buf *out)
{
	const json_t *retention = json_object_get(claim, "retention_s");
	const char *key = firn_json_string(claim, "key", NULL);

	firn_buf_addf(out, "Archives go to %s, signed with %s",
		      firn_json_string(claim, "folder", NULL),
		      key != NULL ? key : "the node's own key");
	if (json_integer_value(retention) == 0) {
		firn_buf_addf(out, ", and are kept for ever.");
		return;
	}
	firn_buf_addf(out, "; those older than ");
	say_seconds(out, retention);
	firn_buf_addf(out, " are named by firn cases, and nothing deletes "
			   "them.");
}

void
firn_say_notify(const json_t *claim, struct firn_buf *out)
{
	firn_buf_addf(out, "%s is told when a case is ",
		      firn_json_string(claim, "url", NULL));
	say_list(out, json_object_get(claim, "on"), " or ");
	firn_buf_addf(out, "%s.",
		      json_is_string(json_object_get(claim, "secret_file"))
			      ? ", in messages that are signed"
			      : ", in messages that aren't signed");
}

void
firn_say_listen(const json_t *claim, struct firn_buf *out)
{
	const char *address = firn_json_string(claim, "address", NULL);

	if (address == NULL)
		firn_buf_addf(out, "Users of this node send to %s.",
			      firn_json_string(claim, "unix", NULL));
	else
		firn_buf_addf(out, "Others send over TLS to %s%s.", address,
			      is_true(claim, "client_certificates")
				      ? ", and may show a certificate"
				      : "");
}

void
firn_say_node(const json_t *claim, struct firn_buf *out)
{
	firn_buf_addf(out, "It is called exposed from the verdict \"%s\" on.",
		      firn_json_string(claim, "exposed_from", NULL));
}

void
firn_say_emergency(const json_t *claim, struct firn_buf *out)
{
	firn_buf_addf(out, "%s",
		      is_true(claim, "break_glass")
			      ? "In an emergency a person who is root may go "
				"past this policy, and that is recorded."
			      : "Nobody may go past this policy.");
}
