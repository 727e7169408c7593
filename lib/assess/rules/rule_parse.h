#ifndef ASSESS_RULE_PARSE_H
#define ASSESS_RULE_PARSE_H

/*
 * rule_parse -- one rule of a YAML file.
 */

#include "assess/rules/rules.h"

/* firn_rule_parse(yaml, node, ret, err) -- one of the list "rules"; its guide
 * is only named.  What `ret` holds is for firn_rule_free() on failure too. */
FIRN_MUST_CHECK int firn_rule_parse(const struct firn_yaml *yaml,
				    struct fy_node *node, struct firn_rule *ret,
				    struct firn_err *err);
void firn_rule_free(struct firn_rule *rule);

#endif
