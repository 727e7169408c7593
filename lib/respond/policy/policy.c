#include "firn/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/policy_file.h"
#include "respond/policy/rules.h"

#define RUNNING 2
#define BODY_MAX (1u << 20)
#define REPLAY_S 300
#define CONNECTIONS 256

/* --- the whole ------------------------------------------------------------
 */

static int
read_parts(const struct firn_reading *reading)
{
	struct fy_node *root = fy_document_root(reading->yaml->document);
	const struct {
		const char *key;
		int (*read)(const struct firn_reading *, struct fy_node *);
	} parts[] = {
		{ "responders", firn_read_responders },
		{ "sources", firn_read_sources },
		{ "approval", firn_read_approval },
		{ "limits", firn_read_limits },
		{ "quiet-hours", firn_read_quiet_hours },
		{ "evidence", firn_read_evidence },
		{ "listen", firn_read_listen },
		{ "notify", firn_read_notify },
		{ "node", firn_read_node },
	};
	bool glass = true;

	if (firn_policy_sections(reading->yaml, reading->err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].read(reading, firn_yaml_at(root, parts[i].key)) <
		    0)
			return -1;
	if (firn_patterns_parse(reading->yaml,
				firn_yaml_at(root, "never-touch"),
				&reading->policy->never, reading->err) < 0 ||
	    firn_yaml_flag(reading->yaml, firn_yaml_at(root, "break-glass"),
			   &glass, reading->err) < 0)
		return -1;
	reading->policy->no_break_glass = !glass;
	return 0;
}

/* What holds where the policy says nothing. */
static int
make(struct firn_policy **ret, const char *file, struct firn_err *err)
{
	autodone(firn_policy_close) struct firn_policy *policy =
		calloc(1, sizeof(*policy));
	const char *base = file != NULL ? strrchr(file, '/') : NULL;

	if (policy == NULL)
		return firn_err_nomem(err);
	policy->limits = (struct firn_limits){
		.freezes_hour = -1,
		.freezes_hour_service = -1,
		.stopped_share = -1,
	};
	policy->threshold = FIRN_FROM_PRESUMED;
	policy->keeping.max_running = RUNNING;
	policy->listening.body_max = BODY_MAX;
	policy->listening.replay_s = REPLAY_S;
	policy->listening.connections = CONNECTIONS;
	policy->notify = json_array();
	policy->keeping.folder = strdup(FIRN_EVIDENCE_FOLDER);
	policy->file = strdup(base != NULL   ? base + 1
			      : file != NULL ? file
					     : "");
	if (policy->notify == NULL || policy->keeping.folder == NULL ||
	    policy->file == NULL)
		return firn_err_nomem(err);
	*ret = firn_steal(policy);
	return 0;
}

int
firn_policy_parse(struct firn_policy **ret, const char *file, const char *text,
		  size_t len, struct firn_err *err)
{
	autodone(firn_policy_close) struct firn_policy *policy = NULL;
	struct firn_yaml yaml;
	struct firn_reading reading = { .yaml = &yaml, .err = err };
	int done;

	if (make(&policy, file, err) < 0 ||
	    firn_sha256_text(text, len, policy->digest, err) < 0)
		return -1;
	if (!firn_yaml_says_nothing(text, len)) {
		if (firn_yaml_open(&yaml, file, text, len, err) < 0)
			return -1;
		reading.policy = policy;
		done = read_parts(&reading);
		firn_yaml_close(&yaml);
		if (done < 0)
			return -1;
	}
	*ret = firn_steal(policy);
	return 0;
}

int
firn_policy_open(struct firn_policy **ret, const char *path,
		 struct firn_err *err)
{
	const char *file = path != NULL ? path : FIRN_POLICY_PATH;
	autofree char *text = NULL;
	size_t len;

	if (firn_policy_read(file, &text, &len, err) == 0)
		return firn_policy_parse(ret, file, text, len, err);
	if (path != NULL || err->code != ENOENT)
		return -1;
	*err = (struct firn_err){ 0 };
	return make(ret, NULL, err);
}

/* --- release --------------------------------------------------------------
 */

static void
people_free(struct firn_people *people)
{
	firn_words_free(&people->users);
	firn_words_free(&people->groups);
}

static void
grant_free(struct firn_grant *grant)
{
	people_free(&grant->people);
	firn_patterns_free(&grant->targets);
}

static void
source_free(struct firn_source *source)
{
	free(source->name);
	for (size_t i = 0; i < source->n_credentials; i++) {
		free(source->credentials[i].file);
		free(source->credentials[i].header);
		free(source->credentials[i].value);
	}
	free(source->credentials);
	json_decref(source->mapping);
}

static void
rules_free(struct firn_policy *policy)
{
	for (size_t i = 0; i < policy->n_responders; i++)
		grant_free(&policy->responders[i]);
	free(policy->responders);
	for (size_t i = 0; i < policy->n_sources; i++) {
		source_free(&policy->sources[i]);
		grant_free(&policy->rights[i]);
	}
	free(policy->sources);
	free(policy->rights);
	for (size_t i = 0; i < policy->n_seconds; i++) {
		firn_patterns_free(&policy->seconds[i].targets);
		people_free(&policy->seconds[i].by);
	}
	free(policy->seconds);
	free(policy->quiet);
	firn_patterns_free(&policy->never);
}

static void
listening_free(struct firn_listening *listening)
{
	struct firn_words addresses = { listening->addresses,
					listening->n_addresses };

	firn_words_free(&addresses);
	free(listening->unix_path);
	free(listening->certificate);
	free(listening->key);
	free(listening->client_ca);
}

void
firn_policy_close(struct firn_policy **policy)
{
	if (*policy == NULL)
		return;
	rules_free(*policy);
	listening_free(&(*policy)->listening);
	free((*policy)->keeping.folder);
	free((*policy)->keeping.key);
	json_decref((*policy)->notify);
	free((*policy)->file);
	free(*policy);
	*policy = NULL;
}

/* --- what others ask of it ------------------------------------------------
 */

const struct firn_source *
firn_policy_sources(const struct firn_policy *policy, size_t *ret_n)
{
	*ret_n = policy->n_sources;
	return policy->sources;
}

const struct firn_source *
firn_policy_source(const struct firn_policy *policy, const char *name)
{
	for (size_t i = 0; name != NULL && i < policy->n_sources; i++)
		if (strcmp(policy->sources[i].name, name) == 0)
			return &policy->sources[i];
	return NULL;
}

bool
firn_source_is_of(const struct firn_source *source, const char *user)
{
	for (size_t i = 0; i < source->n_credentials; i++)
		if (source->credentials[i].kind == FIRN_CREDENTIAL_UNIX &&
		    strcmp(source->credentials[i].value, user) == 0)
			return true;
	return false;
}

const struct firn_listening *
firn_policy_listening(const struct firn_policy *policy)
{
	return &policy->listening;
}

const struct firn_keeping *
firn_policy_keeping(const struct firn_policy *policy)
{
	return &policy->keeping;
}

const json_t *
firn_policy_notify(const struct firn_policy *policy)
{
	return policy->notify;
}

const char *
firn_policy_digest(const struct firn_policy *policy)
{
	return policy->digest;
}

bool
firn_policy_break_glass(const struct firn_policy *policy)
{
	return !policy->no_break_glass;
}
