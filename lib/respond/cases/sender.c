#include "respond/cases/sender.h"

#include "base/auto.h"
#include "base/json.h"
#include "firn/audit.h"
#include "host/accounts.h"

const struct firn_source *
firn_sender(const struct firn_policy *policy, unsigned long trusted_uid,
	    const struct firn_letter *letter)
{
	const char *name = firn_json_string(letter->envelope, "source", NULL);
	autofree char *writer = NULL;
	struct firn_err none = { 0 };
	const struct firn_source *sources;
	size_t n;

	if (letter->writer_uid == trusted_uid)
		return name != NULL ? firn_policy_source(policy, name) : NULL;
	if (firn_account_of((uid_t)letter->writer_uid, &writer, &none) < 0)
		return NULL;
	sources = firn_policy_sources(policy, &n);
	for (size_t i = 0; i < n; i++)
		if (firn_source_is_of(&sources[i], writer))
			return &sources[i];
	return NULL;
}

int
firn_sender_refused(const struct firn_letter *letter, json_t **ret,
		    struct firn_err *err)
{
	const char *text = "its sender is not a source that the policy knows";
	const struct firn_party nobody = { .is_source = true };
	autojson json_t *who = firn_party_json(&nobody);
	autojson json_t *details = json_object();

	firn_json_text(details, "letter", letter->name);
	firn_json_uint(details, "uid", letter->writer_uid);
	firn_json_text(details, "why", text);
	if (firn_audit_add(who, "alert refused", details, err) < 0)
		return -1;
	*ret = json_pack("{s:b, s:s, s:s}", "accepted", false, "reason",
			 "unknown source", "text", text);
	return 0;
}
