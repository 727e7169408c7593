#include "respond/policy/rules.h"

/*
 * policy_people -- responders, and who the second person is.
 */

#define WITHIN_S 1800
#define WITHIN_MAX_S (7 * 24 * 3600)

static int
read_responder(const struct firn_reading *reading, struct fy_node *node)
{
	static const char *const keys[] = { "users", "groups", "may", "targets",
					    NULL };
	struct firn_policy *policy = reading->policy;
	struct firn_grant *items =
		firn_more(policy->responders, policy->n_responders,
			  sizeof(*items));
	struct firn_grant *one;

	if (items == NULL)
		return firn_err_nomem(reading->err);
	policy->responders = items;
	one = &items[policy->n_responders++];
	firn_yaml_place(node, &one->place.line, &one->place.column);
	if (firn_yaml_keys(reading->yaml, node, keys, reading->err) < 0 ||
	    firn_read_people(reading, node, &one->people) < 0)
		return -1;
	if (firn_yaml_at(node, "may") == NULL)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "lacks `may`");
	return firn_read_grant(reading, node, one);
}

int
firn_read_responders(const struct firn_reading *reading, struct fy_node *node)
{
	reading->policy->says_who = node != NULL;
	return firn_read_list(reading, node, read_responder);
}

static int
read_by(const struct firn_reading *reading, struct fy_node *node,
	struct firn_people *ret)
{
	static const char *const keys[] = { "users", "groups", NULL };

	if (node == NULL)
		return 0;
	return firn_yaml_keys(reading->yaml, node, keys, reading->err) < 0
		       ? -1
		       : firn_read_people(reading, node, ret);
}

/* All but to look: what changes nothing takes nobody else. */
static int
read_changes(const struct firn_reading *reading, struct fy_node *node,
	     unsigned *ret)
{
	if (firn_read_roles(reading, node, ret) < 0)
		return -1;
	if (*ret == FIRN_ALL_ROLES)
		*ret &= ~(unsigned)FIRN_ROLE_LOOK;
	return (*ret & FIRN_ROLE_LOOK) == 0
		       ? 0
		       : firn_yaml_error(reading->yaml, node, reading->err,
					 "to look takes no second person");
}

static int
read_second(const struct firn_reading *reading, struct fy_node *node)
{
	static const char *const keys[] = { "may", "targets", "by", "within",
					    NULL };
	struct firn_policy *policy = reading->policy;
	struct firn_second *items =
		firn_more(policy->seconds, policy->n_seconds, sizeof(*items));
	struct firn_second *one;

	if (items == NULL)
		return firn_err_nomem(reading->err);
	policy->seconds = items;
	one = &items[policy->n_seconds++];
	one->within_s = WITHIN_S;
	firn_yaml_place(node, &one->place.line, &one->place.column);
	if (firn_yaml_keys(reading->yaml, node, keys, reading->err) < 0)
		return -1;
	if (firn_yaml_at(node, "may") == NULL)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "lacks `may`: for what?");
	if (read_changes(reading, firn_yaml_at(node, "may"), &one->may) < 0 ||
	    firn_patterns_parse(reading->yaml, firn_yaml_at(node, "targets"),
				&one->targets, reading->err) < 0 ||
	    read_by(reading, firn_yaml_at(node, "by"), &one->by) < 0)
		return -1;
	return firn_yaml_duration(reading->yaml, firn_yaml_at(node, "within"),
				  WITHIN_MAX_S, &one->within_s, reading->err);
}

int
firn_read_approval(const struct firn_reading *reading, struct fy_node *node)
{
	return firn_read_list(reading, node, read_second);
}
