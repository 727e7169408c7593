#include "respond/policy/rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"

/*
 * policy_keeping -- where evidence goes, where alerts are taken in, and who is
 * told.
 */

#define RETENTION_MAX_S (10u * 365 * 24 * 3600)
#define BODY_MAX (1u << 20) /* FIRN_ALERT_MAX */
#define URL_MAX 2048
#define ADDRESSES_MAX 16

int
firn_read_evidence(const struct firn_reading *reading, struct fy_node *node)
{
	static const char *const keys[] = { "folder", "key", "retention",
					    NULL };
	struct firn_keeping *keeping = &reading->policy->keeping;

	if (node == NULL)
		return 0;
	if (firn_yaml_keys(reading->yaml, node, keys, reading->err) < 0 ||
	    firn_read_path(reading, firn_yaml_at(node, "folder"),
			   &keeping->folder) < 0 ||
	    firn_read_path(reading, firn_yaml_at(node, "key"), &keeping->key) <
		    0)
		return -1;
	return firn_yaml_duration(reading->yaml,
				  firn_yaml_at(node, "retention"),
				  RETENTION_MAX_S, &keeping->retention_s,
				  reading->err);
}

/* --- where alerts come in -------------------------------------------------
 */

/* "127.0.0.1:2801", "[::]:2801": what stands before the last colon is for the
 * receiver to resolve; here only the form is checked. */
static bool
is_address(const char *text)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	if (colon == NULL || colon == text || strlen(text) > 128 ||
	    !firn_is_decimal(colon + 1, &port) || port < 1 || port > 65535)
		return false;
	if (text[0] == '[')
		return colon[-1] == ']' &&
		       strspn(text + 1, "0123456789abcdefABCDEF:.%") + 2 ==
			       (size_t)(colon - text);
	return memchr(text, ':', (size_t)(colon - text)) == NULL &&
	       strspn(text, "0123456789.") == (size_t)(colon - text);
}

static int
read_addresses(const struct firn_reading *reading, struct fy_node *node,
	       struct firn_listening *ret)
{
	struct firn_words words = { 0 };
	int done = firn_yaml_some(reading->yaml, node, &words, reading->err);

	ret->addresses = words.items;
	ret->n_addresses = words.n;
	if (done == 0 && words.n > ADDRESSES_MAX)
		done = firn_yaml_error(reading->yaml, node, reading->err,
				       "more than %d addresses", ADDRESSES_MAX);
	for (size_t i = 0; done == 0 && i < words.n; i++)
		if (!is_address(words.items[i]))
			done = firn_yaml_error(reading->yaml, node,
					       reading->err,
					       "\"%s\" is no address and port, "
					       "as 127.0.0.1:2801 or "
					       "[::]:2801",
					       words.items[i]);
	return done;
}

static int
check_listening(const struct firn_reading *reading, struct fy_node *node)
{
	const struct firn_listening *listening = &reading->policy->listening;
	bool pair = listening->certificate != NULL && listening->key != NULL;

	if (listening->n_addresses > 0 && !pair)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "addresses need certificate and key: "
				       "alerts are taken over TLS only");
	if (!pair && (listening->certificate != NULL || listening->key != NULL))
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "certificate and key go together");
	return 0;
}

int
firn_read_listen(const struct firn_reading *reading, struct fy_node *node)
{
	static const char *const keys[] = {
		"addresses", "unix",          "certificate", "key", "client-ca",
		"body-max",  "replay-window", "connections", NULL,
	};
	struct firn_listening *ret = &reading->policy->listening;
	const struct firn_yaml *yaml = reading->yaml;
	struct firn_err *err = reading->err;

	if (node == NULL)
		return 0;
	if (firn_yaml_keys(yaml, node, keys, err) < 0 ||
	    read_addresses(reading, firn_yaml_at(node, "addresses"), ret) < 0 ||
	    firn_read_path(reading, firn_yaml_at(node, "unix"),
			   &ret->unix_path) < 0 ||
	    firn_read_path(reading, firn_yaml_at(node, "certificate"),
			   &ret->certificate) < 0 ||
	    firn_read_path(reading, firn_yaml_at(node, "key"), &ret->key) < 0 ||
	    firn_read_path(reading, firn_yaml_at(node, "client-ca"),
			   &ret->client_ca) < 0 ||
	    firn_yaml_number(yaml, firn_yaml_at(node, "body-max"), 1024,
			     BODY_MAX, &ret->body_max, err) < 0 ||
	    firn_yaml_duration(yaml, firn_yaml_at(node, "replay-window"), 3600,
			       &ret->replay_s, err) < 0 ||
	    firn_yaml_number(yaml, firn_yaml_at(node, "connections"), 1, 4096,
			     &ret->connections, err) < 0)
		return -1;
	return check_listening(reading, node);
}

/* --- who is told ----------------------------------------------------------
 */

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Without TLS only to this node itself. */
static bool
is_url(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' ||
		    (unsigned char)text[i] >= 0x7f)
			return false;
	if (len > URL_MAX)
		return false;
	return (begins(text, "https://") && len > 8) ||
	       begins(text, "http://127.0.0.1:") ||
	       begins(text, "http://127.0.0.1/") ||
	       begins(text, "http://[::1]:") || begins(text, "http://[::1]/") ||
	       begins(text, "http://localhost:") ||
	       begins(text, "http://localhost/");
}

static int
read_url(const struct firn_reading *reading, struct fy_node *node, json_t *ret)
{
	struct fy_node *url = firn_yaml_at(node, "webhook");
	autofree char *text = NULL;

	if (firn_yaml_text(reading->yaml, url, &text, reading->err) < 0)
		return -1;
	if (text == NULL || !is_url(text))
		return firn_yaml_error(reading->yaml, url != NULL ? url : node,
				       reading->err,
				       "`webhook` with an https:// URL is "
				       "expected here");
	firn_json_text(ret, "url", text);
	return 0;
}

static int
read_events(const struct firn_reading *reading, struct fy_node *node,
	    json_t *ret)
{
	static const char *const names[] = { "started", "contained", "sealed",
					     "failed", NULL };
	json_t *on = json_array();
	struct fy_node *item;
	void *at = NULL;

	json_object_set_new(ret, "on", on);
	for (size_t i = 0; node == NULL && names[i] != NULL; i++)
		json_array_append_new(on, json_string(names[i]));
	if (node == NULL)
		return 0;
	if (!fy_node_is_sequence(node))
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "a list of started, contained, sealed "
				       "and failed is expected here");
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL) {
		int which = 0;

		if (firn_yaml_choice(reading->yaml, item, names, &which,
				     reading->err) < 0)
			return -1;
		json_array_append_new(on, json_string(names[which]));
	}
	return 0;
}

static int
read_webhook(const struct firn_reading *reading, struct fy_node *node)
{
	static const char *const keys[] = { "webhook", "secret", "on", NULL };
	autofree char *file = NULL;
	json_t *one = json_object();

	json_array_append_new(reading->policy->notify, one);
	if (firn_yaml_keys(reading->yaml, node, keys, reading->err) < 0 ||
	    read_url(reading, node, one) < 0 ||
	    firn_read_file(reading, firn_yaml_at(node, "secret"), &file) < 0)
		return -1;
	json_object_set_new(one, "secret_file",
			    file != NULL ? json_string(file) : json_null());
	return read_events(reading, firn_yaml_at(node, "on"), one);
}

int
firn_read_notify(const struct firn_reading *reading, struct fy_node *node)
{
	return firn_read_list(reading, node, read_webhook);
}

int
firn_read_node(const struct firn_reading *reading, struct fy_node *node)
{
	return firn_threshold_read(reading->yaml, node,
				   &reading->policy->threshold, reading->err);
}
