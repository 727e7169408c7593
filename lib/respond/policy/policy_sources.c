#include "respond/policy/rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/alert.h"

/*
 * policy_sources -- who sends alerts, how that is proved, and what they may.
 */

#define RATE_MAX 1000000
#define POINTERS_MAX 16

/* --- how it proves who it is ----------------------------------------------
 */

static struct firn_credential *
add_credential(struct firn_source *source, enum firn_credential_kind kind)
{
	struct firn_credential *items =
		firn_more(source->credentials, source->n_credentials,
			  sizeof(*items));

	if (items == NULL)
		return NULL;
	source->credentials = items;
	items[source->n_credentials].kind = kind;
	return &items[source->n_credentials++];
}

static bool
is_header(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '-')
			return false;
	return len > 0 && len <= 64;
}

static int
read_header(const struct firn_reading *reading, struct fy_node *node,
	    char **ret)
{
	if (node == NULL) {
		*ret = strdup("X-Hub-Signature-256");
		return *ret == NULL ? firn_err_nomem(reading->err) : 0;
	}
	if (firn_yaml_text(reading->yaml, node, ret, reading->err) < 0)
		return -1;
	return is_header(*ret)
		       ? 0
		       : firn_yaml_error(reading->yaml, node, reading->err,
					 "\"%s\" is no header's name", *ret);
}

/* {file: PATH}, and of hub-signature {file, header}. */
static int
read_secret(const struct firn_reading *reading, struct fy_node *node,
	    enum firn_credential_kind kind, struct firn_source *source)
{
	static const char *const keys[] = { "file", NULL };
	static const char *const hub_keys[] = { "file", "header", NULL };
	bool hub = kind == FIRN_CREDENTIAL_HUB;
	struct firn_credential *one;

	if (node == NULL)
		return 0;
	one = add_credential(source, kind);
	if (one == NULL)
		return firn_err_nomem(reading->err);
	if (fy_node_is_mapping(node) &&
	    firn_yaml_keys(reading->yaml, node, hub ? hub_keys : keys,
			   reading->err) < 0)
		return -1;
	if (firn_read_file(reading, node, &one->file) < 0)
		return -1;
	return hub ? read_header(reading, firn_yaml_at(node, "header"),
				 &one->header)
		   : 0;
}

/* What begins with "sha256:" is a digest; anything else is a name. */
static bool
is_certificate(const char *text)
{
	size_t len = strlen(text);

	if (strncmp(text, "sha256:", 7) == 0)
		return len == 7 + 64 &&
		       strspn(text + 7, "0123456789abcdef") == 64;
	return len > 0 && len <= 255 && strpbrk(text, " *\n\t") == NULL;
}

static bool
is_user(const char *text)
{
	return text[0] != '\0' && strlen(text) <= 64 &&
	       strpbrk(text, "*:, \n") == NULL;
}

static int
read_value(const struct firn_reading *reading, struct fy_node *node,
	   enum firn_credential_kind kind, bool (*is)(const char *),
	   const char *wanted, struct firn_source *source)
{
	struct firn_credential *one;

	if (node == NULL)
		return 0;
	one = add_credential(source, kind);
	if (one == NULL)
		return firn_err_nomem(reading->err);
	if (firn_yaml_text(reading->yaml, node, &one->value, reading->err) < 0)
		return -1;
	return is(one->value)
		       ? 0
		       : firn_yaml_error(reading->yaml, node, reading->err,
					 "%s is expected here", wanted);
}

static int
read_credentials(const struct firn_reading *reading, struct fy_node *node,
		 struct firn_source *source)
{
	if (read_secret(reading, firn_yaml_at(node, "bearer"),
			FIRN_CREDENTIAL_BEARER, source) < 0 ||
	    read_secret(reading, firn_yaml_at(node, "standard-webhooks"),
			FIRN_CREDENTIAL_STANDARD, source) < 0 ||
	    read_secret(reading, firn_yaml_at(node, "hub-signature"),
			FIRN_CREDENTIAL_HUB, source) < 0 ||
	    read_value(reading, firn_yaml_at(node, "client-certificate"),
		       FIRN_CREDENTIAL_CERTIFICATE, is_certificate,
		       "\"sha256:\" and 64 lower-case digits, or a name that "
		       "is in the certificate",
		       source) < 0 ||
	    read_value(reading, firn_yaml_at(node, "user"),
		       FIRN_CREDENTIAL_UNIX, is_user, "a user of this node",
		       source) < 0)
		return -1;
	if (source->n_credentials == 0)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "how does it prove who it is? Give "
				       "bearer, standard-webhooks, "
				       "hub-signature, client-certificate or "
				       "user");
	return 0;
}

static bool
same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Two sources that prove it alike can't be told apart. */
static int
check_apart(const struct firn_reading *reading, struct fy_node *node,
	    const struct firn_source *other, const struct firn_source *one)
{
	for (size_t i = 0; i < other->n_credentials; i++) {
		const struct firn_credential *a = &other->credentials[i];

		for (size_t k = 0; k < one->n_credentials; k++) {
			const struct firn_credential *b = &one->credentials[k];

			if (same_text(a->file, b->file) ||
			    (a->kind == b->kind &&
			     same_text(a->value, b->value)))
				return firn_yaml_error(
					reading->yaml, node, reading->err,
					"can't be told apart from source "
					"\"%s\": both prove it by %s",
					other->name,
					b->file != NULL ? b->file : b->value);
		}
	}
	return 0;
}

/* --- where its fields are -------------------------------------------------
 */

static int
read_field(const struct firn_reading *reading, struct fy_node_pair *pair,
	   json_t *mapping)
{
	struct fy_node *value = fy_node_pair_value(pair);
	autofree char *field = NULL;
	struct firn_words words = { 0 };
	struct firn_err why = { 0 };
	autojson json_t *one = json_object();
	int done;

	if (firn_yaml_text(reading->yaml, fy_node_pair_key(pair), &field,
			   reading->err) < 0)
		return -1;
	done = firn_yaml_some(reading->yaml, value, &words, reading->err);
	if (done == 0 && (words.n == 0 || words.n > POINTERS_MAX))
		done = firn_yaml_error(reading->yaml, value, reading->err,
				       "1 to %d JSON pointers are expected "
				       "here",
				       POINTERS_MAX);
	if (done == 0)
		json_object_set_new(one, field,
				    fy_node_is_scalar(value)
					    ? json_string(words.items[0])
					    : firn_words_json(&words));
	firn_words_free(&words);
	if (done < 0)
		return -1;
	if (firn_alert_mapping_check(one, &why) < 0)
		return firn_yaml_error(reading->yaml, fy_node_pair_key(pair),
				       reading->err, "%s", why.text);
	json_object_update(mapping, one);
	return 0;
}

static int
read_mapping(const struct firn_reading *reading, struct fy_node *node,
	     struct firn_source *source)
{
	struct fy_node_pair *pair;
	void *at = NULL;

	if (node == NULL)
		return 0;
	if (!fy_node_is_mapping(node) || fy_node_mapping_is_empty(node))
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "fields of an alert and JSON pointers "
				       "are expected here");
	source->mapping = json_object();
	while ((pair = fy_node_mapping_iterate(node, &at)) != NULL)
		if (read_field(reading, pair, source->mapping) < 0)
			return -1;
	return 0;
}

/* --- a source -------------------------------------------------------------
 */

static int
read_name(const struct firn_reading *reading, struct fy_node *node, char **ret)
{
	struct fy_node *name = firn_yaml_at(node, "name");
	const char *text;

	if (firn_yaml_text(reading->yaml, name, ret, reading->err) < 0)
		return -1;
	text = *ret;
	if (text == NULL || text[0] == '\0' || strlen(text) > 64 ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789-_.") != strlen(text))
		return firn_yaml_error(reading->yaml,
				       name != NULL ? name : node, reading->err,
				       "a source has a name of 1 to 64 "
				       "letters, digits and -_.");
	return 0;
}

static int
check_others(const struct firn_reading *reading, struct fy_node *node)
{
	const struct firn_policy *policy = reading->policy;
	const struct firn_source *one = &policy->sources[policy->n_sources - 1];

	for (size_t i = 0; i + 1 < policy->n_sources; i++) {
		if (strcmp(policy->sources[i].name, one->name) == 0)
			return firn_yaml_error(reading->yaml, node,
					       reading->err,
					       "there is a source \"%s\" "
					       "already",
					       one->name);
		if (check_apart(reading, node, &policy->sources[i], one) < 0)
			return -1;
	}
	return 0;
}

/* Both arrays grow together. */
static int
add_source(struct firn_policy *policy, struct firn_err *err)
{
	struct firn_source *sources;
	struct firn_grant *rights;

	sources =
		firn_more(policy->sources, policy->n_sources, sizeof(*sources));
	if (sources == NULL)
		return firn_err_nomem(err);
	policy->sources = sources;
	rights = firn_more(policy->rights, policy->n_sources, sizeof(*rights));
	if (rights == NULL)
		return firn_err_nomem(err);
	policy->rights = rights;
	policy->n_sources++;
	return 0;
}

static int
read_source(const struct firn_reading *reading, struct fy_node *node)
{
	static const char *const keys[] = {
		"name",          "bearer",
		"hub-signature", "standard-webhooks",
		"user",          "client-certificate",
		"may",           "targets",
		"dry-run",       "rate",
		"mapping",       NULL,
	};
	struct firn_policy *policy = reading->policy;
	struct firn_source *source;
	struct firn_grant *rights;

	if (policy->n_sources >= FIRN_SOURCES_MAX)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "more than %d sources",
				       FIRN_SOURCES_MAX);
	if (firn_yaml_keys(reading->yaml, node, keys, reading->err) < 0 ||
	    add_source(policy, reading->err) < 0)
		return -1;
	source = &policy->sources[policy->n_sources - 1];
	rights = &policy->rights[policy->n_sources - 1];
	firn_yaml_place(node, &source->line, &source->column);
	rights->place = (struct firn_place){ source->line, source->column };
	if (read_name(reading, node, &source->name) < 0 ||
	    read_credentials(reading, node, source) < 0 ||
	    check_others(reading, node) < 0)
		return -1;
	if (firn_read_grant(reading, node, rights) < 0 ||
	    firn_yaml_flag(reading->yaml, firn_yaml_at(node, "dry-run"),
			   &source->dry_run, reading->err) < 0 ||
	    firn_yaml_number(reading->yaml, firn_yaml_at(node, "rate"), 1,
			     RATE_MAX, &source->rate, reading->err) < 0)
		return -1;
	return read_mapping(reading, firn_yaml_at(node, "mapping"), source);
}

int
firn_read_sources(const struct firn_reading *reading, struct fy_node *node)
{
	reading->policy->says_sources = node != NULL;
	return firn_read_list(reading, node, read_source);
}
