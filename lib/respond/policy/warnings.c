#include "firn/policy.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "host/accounts.h"
#include "respond/policy/rules.h"

struct warning {
	const struct firn_policy *policy;
	json_t *texts;
};

static void FIRN_PRINTF(3, 4)
	warn(struct warning *warning, const struct firn_place *place,
	     const char *fmt, ...)
{
	json_t *what, *text;
	va_list args;

	va_start(args, fmt);
	what = firn_json_message(fmt, args);
	va_end(args);
	text = place == NULL
		       ? json_incref(what)
		       : json_sprintf("%s:%d:%d: %s", warning->policy->file,
				      place->line, place->column,
				      json_string_value(what));
	json_array_append_new(warning->texts, text);
	json_decref(what);
}

/* --- people ---------------------------------------------------------------
 */

static void
check_user(struct warning *warning, const struct firn_place *place,
	   const char *name)
{
	struct firn_err err = { 0 };
	uid_t uid;

	if (firn_account_named(name, &uid, NULL, &err) < 0)
		warn(warning, place, "%s", err.text);
}

static void
check_people(struct warning *warning, const struct firn_place *place,
	     const struct firn_people *people)
{
	for (size_t i = 0; i < people->users.n; i++)
		check_user(warning, place, people->users.items[i]);
	for (size_t i = 0; i < people->groups.n; i++) {
		struct firn_err err = { 0 };
		bool there = false;

		if (firn_account_is_group(people->groups.items[i], &there,
					  &err) < 0)
			warn(warning, place, "%s", err.text);
		else if (!there)
			warn(warning, place, "no group %s on this node",
			     people->groups.items[i]);
	}
}

/* --- files ----------------------------------------------------------------
 */

static void
check_file(struct warning *warning, const struct firn_place *place,
	   const char *path, bool secret)
{
	struct stat stat;

	if (path == NULL)
		return;
	if (lstat(path, &stat) < 0)
		warn(warning, place, "%s: %s", path, strerror(errno));
	else if (S_ISLNK(stat.st_mode))
		return; /* to wherever it's kept */
	else if (!S_ISREG(stat.st_mode))
		warn(warning, place, "%s is not a regular file", path);
	else if (secret && (stat.st_mode & S_IRWXO) != 0)
		warn(warning, place, "others can read %s: chmod o= %s", path,
		     path);
}

static void
check_source(struct warning *warning, const struct firn_source *source)
{
	const struct firn_place place = { source->line, source->column };

	for (size_t i = 0; i < source->n_credentials; i++) {
		const struct firn_credential *one = &source->credentials[i];

		check_file(warning, &place, one->file, true);
		if (one->kind == FIRN_CREDENTIAL_UNIX)
			check_user(warning, &place, one->value);
		if (one->kind == FIRN_CREDENTIAL_CERTIFICATE &&
		    warning->policy->listening.client_ca == NULL)
			warn(warning, &place,
			     "client-certificate: listen has no client-ca to "
			     "check it by");
	}
}

static void
check_files(struct warning *warning)
{
	const struct firn_policy *policy = warning->policy;
	const json_t *webhook;
	size_t i;

	check_file(warning, NULL, policy->listening.certificate, false);
	check_file(warning, NULL, policy->listening.key, true);
	check_file(warning, NULL, policy->listening.client_ca, false);
	check_file(warning, NULL, policy->keeping.key, true);
	json_array_foreach(policy->notify, i, webhook)
		check_file(warning, NULL,
			   firn_json_string(webhook, "secret_file", NULL),
			   true);
}

/* --- labels ---------------------------------------------------------------
 */

static void
check_labels(struct warning *warning, const struct firn_patterns *patterns,
	     const char *what)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (patterns->items[i].n_labels > 0)
			warn(warning, &patterns->items[i].place,
			     "only Docker tells all labels of a container, and "
			     "not of a pod's; one of others %s",
			     what);
}

json_t *
firn_policy_warnings(const struct firn_policy *policy)
{
	struct warning warning = { policy, json_array() };

	for (size_t i = 0; i < policy->n_responders; i++) {
		const struct firn_grant *grant = &policy->responders[i];

		check_people(&warning, &grant->place, &grant->people);
		check_labels(&warning, &grant->targets,
			     "that doesn't show the label isn't given");
	}
	for (size_t i = 0; i < policy->n_sources; i++) {
		check_source(&warning, &policy->sources[i]);
		check_labels(&warning, &policy->rights[i].targets,
			     "that doesn't show the label isn't given");
	}
	check_labels(&warning, &policy->never,
		     "that doesn't show the label isn't touched either");
	for (size_t i = 0; i < policy->n_seconds; i++) {
		check_people(&warning, &policy->seconds[i].place,
			     &policy->seconds[i].by);
		check_labels(&warning, &policy->seconds[i].targets,
			     "that doesn't show the label takes a second "
			     "person, too");
	}
	check_files(&warning);
	return warning.texts;
}
