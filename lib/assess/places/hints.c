#include "assess/places/hints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/secret.h"

#define FILES_MAX 500
#define ENVIRONMENTS_MAX 1000

/* Paths of files; in some there are several. */
static const struct {
	const char *name;
	const char *file; /* in the folder that it names; NULL: it names it */
} pointers[] = {
	{ "GOOGLE_APPLICATION_CREDENTIALS", NULL },
	{ "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", NULL },
	{ "CLOUDSDK_CONFIG", "/application_default_credentials.json" },
	{ "KUBECONFIG", NULL },
	{ "AZURE_CONFIG_DIR", "/msal_token_cache.json" },
	{ "OCI_CLI_CONFIG_FILE", NULL },
	{ "DOCKER_CONFIG", "/config.json" },
	{ "REGISTRY_AUTH_FILE", NULL },
	{ "NETRC", NULL },
	{ "PGPASSFILE", NULL },
	{ "PGSERVICEFILE", NULL },
	{ "PGSSLKEY", NULL },
	{ "NPM_CONFIG_USERCONFIG", NULL },
	{ "CARGO_HOME", "/credentials.toml" },
	{ "KRB5_KTNAME", NULL },
	{ "KRB5_CLIENT_KTNAME", NULL },
	{ "TF_CLI_CONFIG_FILE", NULL },
	{ "RCLONE_CONFIG", NULL },
	{ "BOTO_CONFIG", NULL },
	{ "HISTFILE", NULL },
};

/* What says whose role a token stands for. */
static const char *const identities[] = {
	"AWS_ROLE_ARN",
	"AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	"AZURE_CLIENT_ID",
	"AZURE_TENANT_ID",
	"AZURE_FEDERATED_TOKEN_FILE",
	"IDENTITY_ENDPOINT",
	"GOOGLE_APPLICATION_CREDENTIALS",
	"GOOGLE_CLOUD_PROJECT",
	"ALIBABA_CLOUD_ROLE_ARN",
	"ALIBABA_CLOUD_OIDC_TOKEN_FILE",
	"TKE_ROLE_ARN",
	"TKE_WEB_IDENTITY_TOKEN_FILE",
	"OCI_RESOURCE_PRINCIPAL_RPST",
	"OCI_RESOURCE_PRINCIPAL_VERSION",
};

int
firn_hints_open(struct firn_hints *ret, struct firn_err *err)
{
	ret->files = json_object();
	ret->environments = json_array();
	if (ret->files == NULL || ret->environments == NULL)
		return firn_err_nomem(err);
	return 0;
}

void
firn_hints_close(struct firn_hints *hints)
{
	json_decref(hints->files);
	json_decref(hints->environments);
}

/* --- what a variable says ---------------------------------------------------
 */

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

static void
add_file(struct firn_hints *hints, const char *name, const char *path,
	 const char *rest)
{
	char whole[4096];

	if (path[0] != '/' || path[1] == '\0' ||
	    json_object_size(hints->files) >= FILES_MAX ||
	    snprintf(whole, sizeof(whole), "%s%s", path, rest) >=
		    (int)sizeof(whole))
		return;
	if (json_object_get(hints->files, whole) == NULL)
		json_object_set_new(hints->files, whole, json_string(name));
}

/* KUBECONFIG is a list; a keytab may be "FILE:/path". */
static void
add_files(struct firn_hints *hints, const char *name, const char *value,
	  const char *rest)
{
	autowipe char *copy = strdup(value);
	char *left = copy;
	const char *one;

	while (copy != NULL && (one = strsep(&left, ":")) != NULL)
		add_file(hints, name, one, rest);
}

static void
note_pointer(struct firn_hints *hints, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		if (strcmp(pointers[i].name, name) == 0) {
			add_files(hints, name, value,
				  pointers[i].file != NULL ? pointers[i].file
							   : "");
			return;
		}
	}
	if (ends_with(name, "_FILE") || ends_with(name, "_file") ||
	    ends_with(name, "_KEY_PATH") || ends_with(name, "_SECRET_PATH") ||
	    ends_with(name, "_TOKEN_PATH") || ends_with(name, "_KEYFILE") ||
	    ends_with(name, "_PASSWORD_PATH"))
		add_file(hints, name, value, "");
}

static void
note_identity(json_t *said, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(identities) / sizeof(identities[0]);
	     i++) {
		/* A resource principal's token may stand in it itself. */
		if (strcmp(identities[i], name) == 0)
			firn_json_text(said, name,
				       strstr(name, "RPST") != NULL ? "set"
								    : value);
	}
}

static bool
is_told(const struct firn_hints *hints, const json_t *said)
{
	const json_t *other;
	size_t i;

	json_array_foreach(hints->environments, i, other) {
		if (json_equal(other, said))
			return true;
	}
	return json_array_size(hints->environments) >= ENVIRONMENTS_MAX;
}

void
firn_hints_environ(struct firn_hints *hints, const char *text, size_t len)
{
	autojson json_t *said = json_object();

	for (size_t at = 0; at < len;) {
		size_t one = strnlen(text + at, len - at);
		autowipe char *line = strndup(text + at, one);
		char *equals = line != NULL ? strchr(line, '=') : NULL;

		if (equals != NULL) {
			*equals = '\0';
			note_pointer(hints, line, equals + 1);
			note_identity(said, line, equals + 1);
		}
		at += one + 1;
	}
	if (json_object_size(said) > 0 && !is_told(hints, said))
		json_array_append(hints->environments, said);
}

/* --- the files ---------------------------------------------------------------
 */

/* POOL_PASSWORD_FILE holds what POOL_PASSWORD would. */
static const char *
name_of(const char *pointer, char *ret, size_t size)
{
	snprintf(ret, size, "%s", pointer);
	if (!ends_with(ret, "_FILE") && !ends_with(ret, "_file") &&
	    !ends_with(ret, "_PATH"))
		return NULL;
	ret[strlen(ret) - 5] = '\0';
	return ret;
}

int
firn_look_at_pointed(const struct firn_looking *looking,
		     const struct firn_hints *hints, struct firn_err *err)
{
	const json_t *pointer;
	const char *path;

	json_object_foreach(hints->files, path, pointer) {
		struct firn_looking pointed = *looking;
		char name[256];

		pointed.where = "file that a variable names";
		pointed.follows = true;
		pointed.name =
			name_of(json_string_value(pointer), name, sizeof(name));
		if (firn_look_at(&pointed, path, err) < 0)
			return -1;
	}
	return 0;
}
