#include "respond/policy/rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/*
 * policy_parts -- what several parts of the policy are made of.
 */

#define RULES_MAX 1024

static const char *const role_names[] = { "look",    "capture", "freeze",
					  "isolate", "kill",    NULL };

const char *
firn_role_name(enum firn_role role)
{
	for (size_t i = 0; i < FIRN_N_ROLES; i++)
		if (role == 1u << i)
			return role_names[i];
	return "?";
}

void *
firn_more(void *items, size_t n, size_t size)
{
	char *more = reallocarray(items, n + 1, size);

	if (more != NULL)
		memset(more + n * size, 0, size);
	return more;
}

int
firn_read_list(const struct firn_reading *reading, struct fy_node *node,
	       firn_read_one_fn *read_one)
{
	struct fy_node *item;
	void *at = NULL;

	if (node == NULL)
		return 0;
	if (!fy_node_is_sequence(node))
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "a list of rules is expected here");
	if (fy_node_sequence_item_count(node) > RULES_MAX)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "more than %d rules", RULES_MAX);
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL)
		if (read_one(reading, item) < 0)
			return -1;
	return 0;
}

static int
read_role(const struct firn_reading *reading, struct fy_node *node,
	  unsigned *ret)
{
	int which = 0;

	if (firn_yaml_choice(reading->yaml, node, role_names, &which,
			     reading->err) < 0)
		return -1;
	*ret |= 1u << which;
	return 0;
}

int
firn_read_grant(const struct firn_reading *reading, struct fy_node *node,
		struct firn_grant *ret)
{
	struct fy_node *may = firn_yaml_at(node, "may");

	if (may != NULL && firn_read_roles(reading, may, &ret->may) < 0)
		return -1;
	if (ret->may != 0)
		ret->may |= FIRN_ROLE_LOOK;
	return firn_patterns_parse(reading->yaml, firn_yaml_at(node, "targets"),
				   &ret->targets, reading->err);
}

int
firn_read_roles(const struct firn_reading *reading, struct fy_node *node,
		unsigned *ret)
{
	static const char *const all[] = { "all", NULL };
	struct firn_err ignored = { 0 };
	struct fy_node *item;
	void *at = NULL;
	int which;

	if (node != NULL && fy_node_is_scalar(node)) {
		if (firn_yaml_choice(reading->yaml, node, all, &which,
				     &ignored) < 0)
			return read_role(reading, node, ret);
		*ret = FIRN_ALL_ROLES;
		return 0;
	}
	if (node == NULL || !fy_node_is_sequence(node))
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "a list of look, capture, freeze, "
				       "isolate and kill is expected here");
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL)
		if (read_role(reading, item, ret) < 0)
			return -1;
	return 0;
}

static int
read_names(const struct firn_reading *reading, struct fy_node *node,
	   struct firn_words *ret)
{
	if (firn_yaml_some(reading->yaml, node, ret, reading->err) < 0)
		return -1;
	for (size_t i = 0; i < ret->n; i++)
		if (ret->items[i][0] == '\0' || strlen(ret->items[i]) > 64 ||
		    strpbrk(ret->items[i], "*:, \n") != NULL)
			return firn_yaml_error(reading->yaml, node,
					       reading->err,
					       "\"%s\" is no name of a user or "
					       "a group",
					       ret->items[i]);
	return 0;
}

int
firn_read_people(const struct firn_reading *reading, struct fy_node *node,
		 struct firn_people *ret)
{
	if (read_names(reading, firn_yaml_at(node, "users"), &ret->users) < 0 ||
	    read_names(reading, firn_yaml_at(node, "groups"), &ret->groups) < 0)
		return -1;
	if (ret->users.n == 0 && ret->groups.n == 0)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "names nobody: give users or groups");
	return 0;
}

int
firn_read_path(const struct firn_reading *reading, struct fy_node *node,
	       char **ret)
{
	if (node == NULL)
		return 0;
	if (firn_yaml_text(reading->yaml, node, ret, reading->err) < 0)
		return -1;
	if ((*ret)[0] != '/' || strlen(*ret) >= 4096)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "a path that begins with / is expected "
				       "here");
	return 0;
}

int
firn_read_file(const struct firn_reading *reading, struct fy_node *node,
	       char **ret)
{
	struct fy_node *file = firn_yaml_at(node, "file");

	if (node == NULL)
		return 0;
	if (file == NULL)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "the file that has it is expected here: "
				       "{file: /etc/firn/credentials/NAME}");
	return firn_read_path(reading, file, ret);
}

static bool
holds(const struct firn_words *words, const char *name)
{
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->items[i], name) == 0)
			return true;
	return false;
}

bool
firn_is_of(const struct firn_people *people, const struct firn_party *party)
{
	if (party->is_source || party->name == NULL)
		return false;
	for (size_t i = 0; i < party->n_groups; i++)
		if (holds(&people->groups, party->groups[i]))
			return true;
	return holds(&people->users, party->name);
}
