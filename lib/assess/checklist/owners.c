#include "firn/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "assess/rules/rules.h"
#include "base/auto.h"
#include "base/duration.h"
#include "base/io.h"
#include "base/json.h"
#include "base/policy_file.h"
#include "base/yaml.h"

#define OWNER_MAX 128
#define N_PRIORITIES 4

struct owner {
	char *kind, *provider; /* globs; NULL for any */
	int priority;          /* -1 for any */
	char *name;
};

struct firn_owners {
	struct owner *items;
	size_t n;
	unsigned due_s[N_PRIORITIES];
	bool sets_due; /* the policy does */
};

/* --- the policy -----------------------------------------------------------
 */

static int
take_owner(const struct firn_yaml *yaml, struct fy_node *node,
	   struct owner *owner, struct firn_err *err)
{
	static const char *const keys[] = { "kind", "provider", "priority",
					    "owner", NULL };
	struct fy_node *name = firn_yaml_at(node, "owner");

	owner->priority = -1;
	if (firn_yaml_keys(yaml, node, keys, err) < 0 ||
	    firn_yaml_text(yaml, firn_yaml_at(node, "kind"), &owner->kind,
			   err) < 0 ||
	    firn_yaml_text(yaml, firn_yaml_at(node, "provider"),
			   &owner->provider, err) < 0 ||
	    firn_yaml_choice(yaml, firn_yaml_at(node, "priority"),
			     firn_priority_names, &owner->priority, err) < 0 ||
	    firn_yaml_text(yaml, name, &owner->name, err) < 0)
		return -1;
	if (owner->name == NULL || owner->name[0] == '\0' ||
	    strlen(owner->name) > OWNER_MAX)
		return firn_yaml_error(yaml, name != NULL ? name : node, err,
				       "an owner is 1 to %d bytes", OWNER_MAX);
	return 0;
}

static int
take_owners(struct firn_owners *owners, const struct firn_yaml *yaml,
	    struct fy_node *node, struct firn_err *err)
{
	struct fy_node *item;
	void *at = NULL;

	if (node == NULL)
		return 0;
	if (!fy_node_is_sequence(node))
		return firn_yaml_error(yaml, node, err,
				       "a list of owners is expected here");
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL) {
		struct owner *items = reallocarray(owners->items, owners->n + 1,
						   sizeof(*items));

		if (items == NULL)
			return firn_err_nomem(err);
		owners->items = items;
		items[owners->n] = (struct owner){ 0 };
		owners->n++;
		if (take_owner(yaml, item, &items[owners->n - 1], err) < 0)
			return -1;
	}
	return 0;
}

static int
take_due(struct firn_owners *owners, const struct firn_yaml *yaml,
	 struct fy_node *node, struct firn_err *err)
{
	if (node == NULL)
		return 0;
	if (firn_yaml_keys(yaml, node, firn_priority_names, err) < 0)
		return -1;
	for (size_t i = 0; i < N_PRIORITIES; i++)
		if (firn_yaml_duration(
			    yaml, firn_yaml_at(node, firn_priority_names[i]),
			    FIRN_DURATION_MAX, &owners->due_s[i], err) < 0)
			return -1;
	owners->sets_due = true;
	return 0;
}

static int
take_policy(struct firn_owners *owners, const struct firn_yaml *yaml,
	    struct firn_err *err)
{
	static const char *const secrets_keys[] = { "owners", "due", NULL };
	struct fy_node *root = fy_document_root(yaml->document), *secrets;

	if (firn_policy_sections(yaml, err) < 0)
		return -1;
	secrets = firn_yaml_at(root, "secrets");
	if (secrets == NULL)
		return 0;
	if (firn_yaml_keys(yaml, secrets, secrets_keys, err) < 0)
		return -1;
	return take_owners(owners, yaml, firn_yaml_at(secrets, "owners"), err) <
			       0
		       ? -1
		       : take_due(owners, yaml, firn_yaml_at(secrets, "due"),
				  err);
}

static int
read_policy(struct firn_owners *owners, const char *path, struct firn_err *err)
{
	autofree char *text = NULL;
	struct firn_yaml yaml;
	size_t len;
	int done;

	if (firn_read_at(AT_FDCWD, path, FIRN_YAML_MAX, &text, &len, err) < 0)
		return -1;
	if (firn_yaml_says_nothing(text, len))
		return 0;
	if (firn_yaml_open(&yaml, path, text, len, err) < 0)
		return -1;
	done = take_policy(owners, &yaml, err);
	firn_yaml_close(&yaml);
	return done;
}

int
firn_owners_open(struct firn_owners **ret, const char *path,
		 struct firn_err *err)
{
	autodone(firn_owners_close) struct firn_owners *owners = NULL;

	owners = calloc(1, sizeof(*owners));
	if (owners == NULL)
		return firn_err_nomem(err);
	owners->due_s[FIRN_P0] = 4 * 3600;
	owners->due_s[FIRN_P1] = 24 * 3600;
	owners->due_s[FIRN_P2] = 7 * 24 * 3600;
	owners->due_s[FIRN_P3] = 30 * 24 * 3600;
	if (read_policy(owners, path != NULL ? path : FIRN_POLICY_PATH, err) <
	    0) {
		if (path != NULL || err->code != ENOENT)
			return -1;
		*err = (struct firn_err){ 0 };
	}
	*ret = firn_steal(owners);
	return 0;
}

void
firn_owners_close(struct firn_owners **owners)
{
	if (*owners == NULL)
		return;
	for (size_t i = 0; i < (*owners)->n; i++) {
		free((*owners)->items[i].kind);
		free((*owners)->items[i].provider);
		free((*owners)->items[i].name);
	}
	free((*owners)->items);
	free(*owners);
	*owners = NULL;
}

/* --- who it is ------------------------------------------------------------
 */

static bool
fits(const char *glob, const json_t *item, const char *key)
{
	const char *text = firn_json_string(item, key, NULL);

	return glob == NULL ||
	       (text != NULL &&
		firn_glob(glob, text, strlen(text), false, false));
}

static int
priority_of(const json_t *item)
{
	const char *said = firn_json_string(item, "priority", NULL);

	for (int i = 0; said != NULL && i < N_PRIORITIES; i++)
		if (strcmp(firn_priority_names[i], said) == 0)
			return i;
	return -1;
}

static const char *
owner_of(const struct firn_owners *owners, const json_t *item)
{
	for (size_t i = 0; i < owners->n; i++) {
		const struct owner *owner = &owners->items[i];

		if (fits(owner->kind, item, "kind") &&
		    fits(owner->provider, item, "provider") &&
		    (owner->priority < 0 ||
		     owner->priority == priority_of(item)))
			return owner->name;
	}
	return NULL;
}

/* "2026-11-24T12:00:00Z" from when it was found. */
static void
set_due(const struct firn_owners *owners, json_t *item, const char *from)
{
	const char *state = firn_json_string(item, "state", NULL);
	int priority = priority_of(item);
	struct tm tm = { 0 };
	char text[32];
	time_t due;

	json_object_del(item, "due");
	if (priority < 0 || from == NULL ||
	    (state != NULL && strcmp(state, "expired") == 0) ||
	    strptime(from, "%Y-%m-%dT%H:%M:%S", &tm) == NULL)
		return;
	due = timegm(&tm) + (time_t)owners->due_s[priority];
	if (gmtime_r(&due, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		firn_json_text(item, "due", text);
}

static json_t *
due_json(const struct firn_owners *owners)
{
	json_t *due = json_object();

	for (size_t i = 0; i < N_PRIORITIES; i++) {
		char text[FIRN_DURATION_TEXT];

		firn_duration_text(owners->due_s[i], text);
		firn_json_text(due, firn_priority_names[i], text);
	}
	firn_json_text(due, "by", owners->sets_due ? "policy" : "firn");
	return due;
}

int
firn_owners_assign(const struct firn_owners *owners, json_t *checklist,
		   struct firn_err *err)
{
	const char *made = firn_json_string(checklist, "made", NULL);
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(checklist, "items"), i, item) {
		const char *found = firn_json_string(item, "found", NULL);

		json_object_del(item, "owner");
		firn_json_text(item, "owner", owner_of(owners, item));
		set_due(owners, item, found != NULL ? found : made);
	}
	return json_object_set_new(checklist, "due", due_json(owners)) < 0
		       ? firn_err_nomem(err)
		       : 0;
}
