#include "assess/rules/facts.h"

#include "assess/rules/rules.h"

void
firn_rule_facts(const struct firn_rule *rule, const char *value, size_t len,
		json_t *facts)
{
	(void)rule;
	firn_jwt_facts(facts, value, len);
}
