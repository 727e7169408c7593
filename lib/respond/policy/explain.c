#include "firn/policy.h"

#include "base/auto.h"
#include "base/json.h"
#include "respond/policy/claims.h"

/* What the policy is told in.  Each claim becomes one sentence; a part that
 * claims nothing says `none`. */
struct section {
	const char *name, *title;
	json_t *(*claims)(const struct firn_policy *policy);
	void (*say)(const json_t *claim, struct firn_buf *out);
	const char *none;
};

enum {
	PEOPLE,
	ALERTS
};

static const struct section sections[] = {
	[PEOPLE] = { "people", "Who may do what", firn_claims_people,
		     firn_say_people, NULL },
	[ALERTS] = { "alerts", "What alerts do by themselves",
		     firn_claims_alerts, firn_say_alerts, NULL },
	{ "never-touch", "What is never touched", firn_claims_never,
	  firn_say_never,
	  "Nothing beyond what firn itself refuses: the node's own processes, "
	  "its runtimes, and what its network and cluster need." },
	{ "approval", "What takes a second person", firn_claims_approval,
	  firn_say_approval, "Nothing." },
	{ "limits", "How much at most", firn_claims_limits, firn_say_limits,
	  NULL },
	{ "quiet-hours", "When alerts do less", firn_claims_quiet,
	  firn_say_quiet, "Never." },
	{ "evidence", "Where evidence goes", firn_claims_evidence,
	  firn_say_evidence, NULL },
	{ "notify", "Who is told", firn_claims_notify, firn_say_notify,
	  "Nobody." },
	{ "listen", "Where alerts come in", firn_claims_listen, firn_say_listen,
	  "Only by firn alert, on this node." },
	{ "node", "The node", firn_claims_node, firn_say_node, NULL },
	{ "emergency", "In an emergency", firn_claims_emergency,
	  firn_say_emergency, NULL },
};

/* Escapes what isn't text: a new string. */
static json_t *
sentence(const struct section *section, const json_t *claim)
{
	autobuf struct firn_buf text = { 0 };
	autojson json_t *object = json_object();

	section->say(claim, &text);
	firn_json_text(object, "text", text.data != NULL ? text.data : "");
	return json_incref(json_object_get(object, "text"));
}

static json_t *
section_json(const struct section *section, const struct firn_policy *policy)
{
	json_t *claims = section->claims(policy), *claim;
	json_t *sentences = json_array();
	size_t i;

	json_array_foreach(claims, i, claim)
		json_array_append_new(sentences, sentence(section, claim));
	if (json_array_size(claims) == 0 && section->none != NULL)
		json_array_append_new(sentences, json_string(section->none));
	return json_pack("{s:s, s:s, s:o, s:o}", "section", section->name,
			 "title", section->title, "sentences", sentences,
			 "claims", claims);
}

json_t *
firn_policy_explain(const struct firn_policy *policy)
{
	json_t *all = json_array();

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		json_array_append_new(all, section_json(&sections[i], policy));
	return all;
}

/* --- one party ------------------------------------------------------------
 */

static void
add_rule(json_t *rules, const struct section *section, json_t *claim)
{
	json_array_append_new(rules, sentence(section, claim));
	json_decref(claim);
}

/* The rules that speak of the party; without one, what holds for the others. */
static json_t *
rules_of(const struct firn_policy *policy, const struct firn_party *who)
{
	const struct section *section =
		&sections[who->is_source ? ALERTS : PEOPLE];
	json_t *rules = json_array();

	for (size_t i = 0; !who->is_source && i < policy->n_responders; i++)
		if (firn_is_of(&policy->responders[i].people, who))
			add_rule(rules, section,
				 firn_claim_of_grant(policy,
						     &policy->responders[i]));
	for (size_t i = 0; who->is_source && i < policy->n_sources; i++)
		if (&policy->sources[i] ==
		    firn_policy_source(policy, who->name))
			add_rule(rules, section,
				 firn_claim_of_source(policy, i));
	if (json_array_size(rules) == 0) {
		autojson json_t *claims = section->claims(policy);
		size_t last = json_array_size(claims) - 1;

		json_array_append_new(rules,
				      sentence(section,
					       json_array_get(claims, last)));
	}
	return rules;
}

json_t *
firn_policy_explain_party(const struct firn_policy *policy,
			  const struct firn_party *who)
{
	return json_pack("{s:o, s:o}", "who", firn_party_json(who), "rules",
			 rules_of(policy, who));
}
