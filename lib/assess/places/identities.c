#include "assess/places/identities.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

int
firn_reached(const struct firn_looking *looking, const char *rule_name,
	     const char *identity, const struct firn_secret_place *place,
	     struct firn_err *err)
{
	const struct firn_rule *rule =
		firn_rule_named(looking->list->rules, rule_name);
	struct firn_err why = { 0 };

	if (rule != NULL)
		return firn_checklist_reached(looking->list, rule, identity,
					      place, err);
	firn_err_set(&why, ENOENT, "no rule of the name %s", rule_name);
	firn_look_gap(looking, place->where, &why);
	return 0;
}

/* --- what a variable may say ------------------------------------------------
 *
 * It goes into the checklist, so it is shown only if it is what it claims to
 * be: a secret might stand there.
 */

static const char *
checked(const json_t *said, const char *name, const char *allowed, size_t max)
{
	const char *text = firn_json_string(said, name, NULL);
	size_t len = text != NULL ? strlen(text) : 0;

	return len > 0 && len <= max && strspn(text, allowed) == len ? text
								     : NULL;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static const char *
arn_in(const json_t *said, const char *name, const char *prefix)
{
	const char *text =
		checked(said, name, LOWER UPPER DIGITS ":/_+=,.@-", 2048);

	return text != NULL && strncmp(text, prefix, strlen(prefix)) == 0
		       ? text
		       : NULL;
}

static const char *
uuid_in(const json_t *said, const char *name)
{
	const char *text = checked(said, name, "abcdefABCDEF" DIGITS "-", 36);

	return text != NULL && strlen(text) == 36 && text[8] == '-' ? text
								    : NULL;
}

static const char *
path_in(const json_t *said, const char *name)
{
	const char *text = checked(said, name, LOWER UPPER DIGITS "/_.-", 1024);

	return text != NULL && text[0] == '/' ? text : NULL;
}

/* "arn:aws:iam::123456789012:role/path/name", "acs:ram::1234567890123456:..."
 */
static void
add_role(json_t *facts, const char *arn)
{
	const char *name = strrchr(arn, '/');

	for (const char *field = arn; field != NULL;) {
		size_t len = strspn(field, DIGITS);

		if (len > 0 && field[len] == ':') {
			json_object_set_new(facts, "account",
					    json_stringn(field, len));
			break;
		}
		field = strchr(field, ':');
		field = field != NULL ? field + 1 : NULL;
	}
	firn_json_text(facts, "role", name != NULL ? name + 1 : arn);
	firn_json_text(facts, "role_arn", arn);
}

/* What was found in the file of a token: whose it is. */
static void
add_token(const struct firn_looking *looking, const char *path, json_t *facts)
{
	static const char *const keys[] = { "issuer",          "subject",
					    "audience",        "namespace",
					    "service_account", "expires" };
	const json_t *item, *place;
	size_t i, k;

	firn_json_text(facts, "token_file", path);
	json_array_foreach(looking->list->items, i, item) {
		bool here = false;

		json_array_foreach(json_object_get(item, "places"), k, place) {
			const char *at = firn_json_string(place, "path", NULL);

			here |= at != NULL && path != NULL &&
				strcmp(at, path) == 0;
		}
		for (k = 0; here && k < sizeof(keys) / sizeof(keys[0]); k++)
			firn_json_text(facts, keys[k],
				       firn_json_string(item, "facts", keys[k],
							NULL));
	}
}

/* --- the clouds
 * ---------------------------------------------------------------
 */

static struct firn_secret_place
place_of(json_t *facts, const char *path)
{
	return (struct firn_secret_place){
		.where = "workload identity",
		.path = path,
		.readable_by = "whoever may read its token in the container",
		.readers = FIRN_READERS_USER,
		.facts = facts,
	};
}

static int
look_for_role(const struct firn_looking *looking, const json_t *said,
	      const char *const names[4], struct firn_err *err)
{
	const char *arn = arn_in(said, names[0], names[2]);
	const char *file = path_in(said, names[1]);
	autojson json_t *facts = json_object();
	struct firn_secret_place place = place_of(facts, file);

	if (arn == NULL)
		return 0;
	add_role(facts, arn);
	add_token(looking, file, facts);
	return firn_reached(looking, names[3], arn, &place, err);
}

static int
look_for_aws(const struct firn_looking *looking, const json_t *said,
	     struct firn_err *err)
{
	static const char *const full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
	static const char *const task =
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
	const char *file =
		path_in(said, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	autojson json_t *facts = json_object();
	struct firn_secret_place place = place_of(facts, file);

	firn_json_text(facts, "namespace", looking->target->pod_namespace);
	if (json_object_get(said, full) != NULL && file != NULL) {
		add_token(looking, file, facts);
		return firn_reached(looking, "aws-pod-identity-role", file,
				    &place, err);
	}
	if (json_object_get(said, full) == NULL &&
	    json_object_get(said, task) == NULL)
		return 0;
	place.readable_by = "everybody in the container";
	place.readers = FIRN_READERS_WORLD;
	return firn_reached(looking, "aws-task-role", "the task's role", &place,
			    err);
}

static int
look_for_azure(const struct firn_looking *looking, const json_t *said,
	       struct firn_err *err)
{
	const char *client = uuid_in(said, "AZURE_CLIENT_ID");
	const char *file = path_in(said, "AZURE_FEDERATED_TOKEN_FILE");
	autojson json_t *facts = json_object();
	struct firn_secret_place place = place_of(facts, file);

	firn_json_text(facts, "client_id", client);
	firn_json_text(facts, "tenant_id", uuid_in(said, "AZURE_TENANT_ID"));
	if (client != NULL && file != NULL) {
		add_token(looking, file, facts);
		return firn_reached(looking, "azure-workload-identity", client,
				    &place, err);
	}
	if (json_object_get(said, "IDENTITY_ENDPOINT") == NULL)
		return 0;
	place.readable_by = "everybody in the container";
	place.readers = FIRN_READERS_WORLD;
	return firn_reached(looking, "azure-managed-identity",
			    client != NULL ? client : "the container's own",
			    &place, err);
}

static int
look_for_others(const struct firn_looking *looking, const json_t *said,
		struct firn_err *err)
{
	static const char *const alibaba[] = {
		"ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
		"acs:ram:", "cloud-instance-role"
	};
	static const char *const tencent[] = { "TKE_ROLE_ARN",
					       "TKE_WEB_IDENTITY_TOKEN_FILE",
					       "qcs:", "cloud-instance-role" };
	autojson json_t *facts = json_pack("{s:s}", "cloud", "Oracle Cloud");
	struct firn_secret_place place = place_of(facts, NULL);

	if (look_for_role(looking, said, alibaba, err) < 0 ||
	    look_for_role(looking, said, tencent, err) < 0)
		return -1;
	if (json_object_get(said, "OCI_RESOURCE_PRINCIPAL_VERSION") == NULL)
		return 0;
	return firn_reached(looking, "cloud-instance-role",
			    "Oracle Cloud resource principal", &place, err);
}

/* Google's needs no variable: its token has an audience of theirs. */
static int
look_for_google(const struct firn_looking *looking, struct firn_err *err)
{
	size_t n = json_array_size(looking->list->items);

	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(looking->list->items, i);
		const char *audience =
			firn_json_string(item, "facts", "audience", NULL);
		const json_t *first =
			json_array_get(json_object_get(item, "places"), 0);
		const char *path = firn_json_string(first, "path", NULL);
		autojson json_t *facts = json_object();
		struct firn_secret_place place = place_of(facts, path);

		if (audience == NULL ||
		    (strstr(audience, ".svc.id.goog") == NULL &&
		     strstr(audience, "iam.googleapis.com") == NULL))
			continue;
		add_token(looking, path, facts);
		if (firn_reached(looking, "gcp-workload-identity", audience,
				 &place, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_look_at_identities(const struct firn_looking *looking,
			const struct firn_hints *hints, struct firn_err *err)
{
	static const char *const aws[] = { "AWS_ROLE_ARN",
					   "AWS_WEB_IDENTITY_TOKEN_FILE",
					   "arn:", "aws-web-identity-role" };
	const json_t *said;
	size_t i;

	json_array_foreach(hints->environments, i, said) {
		if (look_for_role(looking, said, aws, err) < 0 ||
		    look_for_aws(looking, said, err) < 0 ||
		    look_for_azure(looking, said, err) < 0 ||
		    look_for_others(looking, said, err) < 0)
			return -1;
	}
	return look_for_google(looking, err);
}
