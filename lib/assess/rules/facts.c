#include "assess/rules/facts.h"

#include <string.h>

#include "assess/rules/rules.h"
#include "assess/rules/valid_kinds.h"
#include "base/json.h"

/* What a structure check was made for tells which facts there are. */
static const struct {
	const char *valid;
	void (*add)(json_t *facts, const char *value, size_t len);
} of_valid[] = {
	{ "aws-key-id", firn_facts_aws },
	{ "basic-auth", firn_facts_login },
	{ "discord", firn_facts_bot },
	{ "pem", firn_facts_pem },
	{ "service-account", firn_facts_service_account },
};

/* An id is the public half: the guides name it. */
static bool
is_of_ids(const struct firn_rule *rule)
{
	const char *end = strstr(rule->name, "-key-id");

	return end != NULL && end[strlen("-key-id")] == '\0';
}

void
firn_rule_facts(const struct firn_rule *rule, const char *value, size_t len,
		json_t *facts)
{
	const char *valid = rule->valid != NULL ? rule->valid->name : "";

	for (size_t i = 0; i < sizeof(of_valid) / sizeof(of_valid[0]); i++) {
		if (strcmp(of_valid[i].valid, valid) == 0)
			of_valid[i].add(facts, value, len);
	}
	if (strcmp(rule->name, "telegram-bot-token") == 0)
		firn_facts_bot(facts, value, len);
	if (is_of_ids(rule))
		json_object_set_new(facts, "key_id", json_stringn(value, len));
	/* One may stand under any name. */
	firn_facts_jwt(facts, value, len);
}

void
firn_rule_facts_around(const struct firn_rule *rule, const char *text,
		       size_t len, size_t at, json_t *facts)
{
	size_t from = at > rule->around ? at - rule->around : 0;
	struct firn_err why = { 0 };
	struct firn_span span = { 0 };

	if (rule->pattern == NULL || rule->names.n > 0 ||
	    !firn_regex_has_groups(rule->pattern))
		return;
	while (firn_regex_search(rule->pattern, text, len, &from, &span, &why) >
		       0 &&
	       span.start < at)
		;
	if (span.start == at)
		firn_regex_groups(rule->pattern, text, len, span.match, facts);
}
