#include "respond/playbook/match.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/alert.h"
#include "respond/playbook/written.h"

/*
 * match -- for which alerts a playbook is meant: what may be said of them.
 */

const struct firn_match_key firn_match_keys[] = {
	{ "source", "its sender", FIRN_MATCH_SOURCE },
	{ "rule", "its rule", FIRN_MATCH_ALERT },
	{ "priority", "its priority", FIRN_MATCH_PRIORITY },
	{ "tags", "one of its tags", FIRN_MATCH_TAGS },
	{ "labels", "its label", FIRN_MATCH_LABELS },
	{ "fields", "its field", FIRN_MATCH_FIELDS },
	{ "target.namespace", "the pod's namespace", FIRN_MATCH_NAMESPACE },
	{ "target.pod", "the pod", FIRN_MATCH_POD },
	{ "target.name", "the container's name", FIRN_MATCH_NAME },
	{ "target.image", "the image", FIRN_MATCH_IMAGE },
	{ "target.label", "the container's label", FIRN_MATCH_TARGET_LABELS },
};
const size_t firn_n_match_keys =
	sizeof(firn_match_keys) / sizeof(firn_match_keys[0]);

const struct firn_match_key *
firn_match_key(const char *name)
{
	for (size_t i = 0; i < firn_n_match_keys; i++)
		if (strcmp(firn_match_keys[i].name, name) == 0)
			return &firn_match_keys[i];
	return NULL;
}

int
firn_match_severity(const char *text, bool *ret_at_least)
{
	*ret_at_least = strncmp(text, ">=", 2) == 0;
	if (*ret_at_least)
		text += 2 + strspn(text + 2, " ");
	return firn_alert_severity(text);
}

static int
check_glob(const struct firn_written *in, const struct firn_match_key *key,
	   struct fy_node *node, struct firn_err *err)
{
	autofree char *text = NULL;
	bool at_least;

	if (node == NULL || !fy_node_is_scalar(node))
		return firn_yaml_error(in->yaml, node, err,
				       "a text or a list of texts is expected "
				       "here");
	if (firn_written_text(in, node, FIRN_PLAYBOOK_TEXT, &text, err) < 0)
		return -1;
	if (key->of == FIRN_MATCH_PRIORITY &&
	    firn_match_severity(text, &at_least) < 0)
		return firn_yaml_error(in->yaml, node, err,
				       "\"%s\" is no priority: emergency, "
				       "alert, critical, error, warning, "
				       "notice, informational or debug, or "
				       "\">=notice\"",
				       text);
	/* Lest it be taken for a wildcard, and except nothing. */
	if (key->of >= FIRN_MATCH_NAMESPACE && strpbrk(text, "?[]{}\\") != NULL)
		return firn_yaml_error(in->yaml, node, err,
				       "\"%s\": only * is a wildcard", text);
	return 0;
}

/* One text, or a list of which any may fit. */
static int
check_globs(const struct firn_written *in, const struct firn_match_key *key,
	    struct fy_node *node, struct fy_node *at_key, struct firn_err *err)
{
	struct fy_node *item;
	void *at = NULL;
	int n;

	if (node == NULL)
		return firn_yaml_error(in->yaml, at_key, err,
				       "\"%s\" says nothing", key->name);
	if (!fy_node_is_sequence(node))
		return check_glob(in, key, node, err);
	n = fy_node_sequence_item_count(node);
	if (n < 1 || n > FIRN_MATCH_GLOBS)
		return firn_yaml_error(in->yaml, at_key, err,
				       "a list of 1 to %d texts is expected "
				       "here",
				       FIRN_MATCH_GLOBS);
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL)
		if (check_glob(in, key, item, err) < 0)
			return -1;
	return 0;
}

/* "labels: {alertname: ...}" */
static int
check_named(const struct firn_written *in, const struct firn_match_key *key,
	    struct fy_node *node, struct fy_node *at_key, struct firn_err *err)
{
	struct fy_node_pair *pair;
	void *at = NULL;

	if (node == NULL || !fy_node_is_mapping(node) ||
	    fy_node_mapping_item_count(node) < 1)
		return firn_yaml_error(in->yaml, at_key, err,
				       "%s: {NAME: TEXT} is expected here",
				       key->name);
	while ((pair = fy_node_mapping_iterate(node, &at)) != NULL)
		if (check_globs(in, key, fy_node_pair_value(pair),
				fy_node_pair_key(pair), err) < 0)
			return -1;
	return 0;
}

static int
check_entry(const struct firn_written *in, struct fy_node *node,
	    struct firn_err *err)
{
	const char *names[sizeof(firn_match_keys) / sizeof(firn_match_keys[0]) +
			  1] = { 0 };
	struct fy_node_pair *pair;
	void *at = NULL;

	for (size_t i = 0; i < firn_n_match_keys; i++)
		names[i] = firn_match_keys[i].name;
	if (firn_yaml_keys(in->yaml, node, names, err) < 0)
		return -1;
	while ((pair = fy_node_mapping_iterate(node, &at)) != NULL) {
		struct fy_node *key = fy_node_pair_key(pair);
		const struct firn_match_key *known =
			firn_match_key(fy_node_get_scalar0(key));
		struct fy_node *value = fy_node_pair_value(pair);
		bool named = known->of == FIRN_MATCH_LABELS ||
			     known->of == FIRN_MATCH_FIELDS ||
			     known->of == FIRN_MATCH_TARGET_LABELS;

		if ((named ? check_named : check_globs)(in, known, value, key,
							err) < 0)
			return -1;
	}
	return 0;
}

int
firn_written_match(const struct firn_written *in, struct fy_node *node,
		   json_t **ret, struct firn_err *err)
{
	struct fy_node *item;
	void *at = NULL;

	if (node == NULL || !fy_node_is_sequence(node) ||
	    fy_node_sequence_item_count(node) < 1)
		return firn_yaml_error(in->yaml, node, err,
				       "a list of what an alert is known by is "
				       "expected here");
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL) {
		if (firn_written_says_nothing(item))
			return firn_yaml_error(in->yaml, node, err,
					       "an empty entry would fit every "
					       "alert; say {rule: \"*\"} if "
					       "that's what is meant");
		if (check_entry(in, item, err) < 0)
			return -1;
	}
	json_decref(*ret);
	*ret = NULL;
	return firn_written_json(in, node, ret, err);
}
