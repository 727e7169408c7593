#include "respond/playbook/written.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"

/*
 * notify -- whom a case of this playbook tells, besides those of the policy.
 */

#define NOTIFY_MAX 16

static const char *const moments[] = { "started", "contained", "sealed",
				       "waiting", "done",      "failed",
				       NULL };

/* All of them, if nothing is said. */
static int
take_moments(const struct firn_written *in, struct fy_node *node, json_t *hook,
	     struct firn_err *err)
{
	json_t *on = json_array();
	struct fy_node *item;
	void *at = NULL;

	json_object_set_new(hook, "on", on);
	if (node == NULL) {
		for (const char *const *one = moments; *one != NULL; one++)
			json_array_append_new(on, json_string(*one));
		return 0;
	}
	if (!fy_node_is_sequence(node) || fy_node_sequence_item_count(node) < 1)
		return firn_yaml_error(in->yaml, node, err,
				       "a list of moments is expected here: "
				       "[started, failed]");
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL) {
		int which = 0;

		if (firn_yaml_choice(in->yaml, item, moments, &which, err) < 0)
			return -1;
		if (!firn_json_holds(on, moments[which]))
			json_array_append_new(on, json_string(moments[which]));
	}
	return 0;
}

static int
take_hook(const struct firn_written *in, struct fy_node *node,
	  struct firn_err *err)
{
	static const char *const keys[] = { "webhook", "secret", "on", NULL };
	static const char *const schemes[] = { "https://", "http://", NULL };
	autofree char *url = NULL, *secret = NULL;
	json_t *hook = json_object();

	json_array_append_new(in->playbook->notify, hook);
	if (firn_yaml_keys(in->yaml, node, keys, err) < 0)
		return -1;
	if (firn_yaml_at(node, "webhook") == NULL)
		return firn_yaml_error(
			in->yaml, node, err,
			"\"webhook\" is missing: the URL that is "
			"told");
	if (firn_written_url(in, firn_yaml_at(node, "webhook"), schemes, &url,
			     err) < 0 ||
	    firn_written_secret(in, firn_yaml_at(node, "secret"), &secret,
				err) < 0)
		return -1;
	firn_json_text(hook, "webhook", url);
	firn_json_text(hook, "secret_file", secret);
	return take_moments(in, firn_yaml_at(node, "on"), hook, err);
}

int
firn_written_notify(const struct firn_written *in, struct fy_node *node,
		    struct firn_err *err)
{
	struct fy_node *item;
	void *at = NULL;

	if (node == NULL)
		return 0;
	if (!fy_node_is_sequence(node) ||
	    fy_node_sequence_item_count(node) > NOTIFY_MAX)
		return firn_yaml_error(in->yaml, node, err,
				       "a list of at most %d webhooks is "
				       "expected here",
				       NOTIFY_MAX);
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL)
		if (take_hook(in, item, err) < 0)
			return -1;
	return 0;
}
