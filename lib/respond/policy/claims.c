#include "respond/policy/claims.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

/* --- what claims are made of ---------------------------------------------- */

static void
set_rule(json_t *claim, const struct firn_policy *policy,
	 const struct firn_place *place)
{
	char text[160];

	snprintf(text, sizeof(text), "%.120s:%d:%d", policy->file, place->line,
		 place->column);
	firn_json_text(claim, "rule", text);
}

static json_t *
roles_json(unsigned roles)
{
	json_t *array = json_array();

	for (size_t i = 0; i < FIRN_N_ROLES; i++)
		if ((roles & (1u << i)) != 0)
			json_array_append_new(
				array, json_string(firn_role_name(
					       (enum firn_role)(1u << i))));
	return array;
}

static json_t *
people_json(const struct firn_people *people)
{
	return json_pack("{s:s, s:o, s:o}", "kind", "person", "users",
			 firn_words_json(&people->users), "groups",
			 firn_words_json(&people->groups));
}

/* What holds for everybody whom no rule names. */
static json_t *
otherwise(const char *kind, const char *verdict)
{
	return json_pack("{s:{s:s}, s:s}", "who", "kind", kind, "otherwise",
			 verdict);
}

/* --- who may do what ------------------------------------------------------
 */

json_t *
firn_claim_of_grant(const struct firn_policy *policy,
		    const struct firn_grant *grant)
{
	json_t *claim = json_object();

	json_object_set_new(claim, "who", people_json(&grant->people));
	json_object_set_new(claim, "may", roles_json(grant->may));
	json_object_set_new(claim, "targets",
			    firn_patterns_json(&grant->targets));
	set_rule(claim, policy, &grant->place);
	return claim;
}

json_t *
firn_claims_people(const struct firn_policy *policy)
{
	json_t *claims = json_array();

	for (size_t i = 0; i < policy->n_responders; i++)
		json_array_append_new(
			claims,
			firn_claim_of_grant(policy, &policy->responders[i]));
	json_array_append_new(claims, otherwise("person", policy->says_who
								  ? "denied"
								  : "allowed"));
	return claims;
}

static json_t *
credentials_json(const struct firn_source *source)
{
	static const char *const names[] = {
		[FIRN_CREDENTIAL_BEARER] = "bearer",
		[FIRN_CREDENTIAL_STANDARD] = "standard-webhooks",
		[FIRN_CREDENTIAL_HUB] = "hub-signature",
		[FIRN_CREDENTIAL_CERTIFICATE] = "client-certificate",
		[FIRN_CREDENTIAL_UNIX] = "user",
	};
	json_t *array = json_array();

	for (size_t i = 0; i < source->n_credentials; i++) {
		const struct firn_credential *one = &source->credentials[i];
		json_t *object = json_object();

		firn_json_text(object, "kind", names[one->kind]);
		firn_json_text(object, "file", one->file);
		firn_json_text(object, "header", one->header);
		firn_json_text(object, "value", one->value);
		json_array_append_new(array, object);
	}
	return array;
}

json_t *
firn_claim_of_source(const struct firn_policy *policy, size_t i)
{
	const struct firn_source *source = &policy->sources[i];
	json_t *claim = json_object();

	json_object_set_new(claim, "who",
			    json_pack("{s:s, s:s}", "kind", "source", "name",
				      source->name));
	json_object_set_new(claim, "credentials", credentials_json(source));
	json_object_set_new(claim, "may", roles_json(policy->rights[i].may));
	json_object_set_new(claim, "targets",
			    firn_patterns_json(&policy->rights[i].targets));
	json_object_set_new(claim, "dry_run", json_boolean(source->dry_run));
	json_object_set_new(claim, "rate",
			    json_integer(source->rate != 0 ? source->rate
							   : FIRN_SOURCE_RATE));
	set_rule(claim, policy, &policy->rights[i].place);
	return claim;
}

json_t *
firn_claims_alerts(const struct firn_policy *policy)
{
	json_t *claims = json_array();

	for (size_t i = 0; i < policy->n_sources; i++)
		json_array_append_new(claims, firn_claim_of_source(policy, i));
	json_array_append_new(claims, otherwise("source", "denied"));
	return claims;
}

json_t *
firn_claims_never(const struct firn_policy *policy)
{
	json_t *claims = json_array();

	for (size_t i = 0; i < policy->never.n; i++) {
		const struct firn_patterns one = { &policy->never.items[i], 1 };
		json_t *claim = json_object();

		json_object_set_new(claim, "targets", firn_patterns_json(&one));
		set_rule(claim, policy, &policy->never.items[i].place);
		json_array_append_new(claims, claim);
	}
	return claims;
}

json_t *
firn_claims_approval(const struct firn_policy *policy)
{
	json_t *claims = json_array();

	for (size_t i = 0; i < policy->n_seconds; i++) {
		const struct firn_second *second = &policy->seconds[i];
		bool anybody =
			second->by.users.n == 0 && second->by.groups.n == 0;
		json_t *claim = json_object();

		json_object_set_new(claim, "may", roles_json(second->may));
		json_object_set_new(claim, "targets",
				    firn_patterns_json(&second->targets));
		json_object_set_new(claim, "by",
				    anybody ? json_null()
					    : people_json(&second->by));
		json_object_set_new(claim, "within_s",
				    json_integer(second->within_s));
		set_rule(claim, policy, &second->place);
		json_array_append_new(claims, claim);
	}
	return claims;
}

/* --- how much, and when ---------------------------------------------------
 */

static void
add_limit(json_t *claims, const struct firn_policy *policy, const char *limit,
	  long most, const struct firn_place *place)
{
	json_t *claim;

	if (most < 0)
		return;
	claim = json_pack("{s:s, s:I, s:b}", "limit", limit, "most",
			  (json_int_t)most, "people",
			  (int)policy->limits.people);
	set_rule(claim, policy, place);
	json_array_append_new(claims, claim);
}

json_t *
firn_claims_limits(const struct firn_policy *policy)
{
	const struct firn_limits *limits = &policy->limits;
	json_t *claims = json_array();

	add_limit(claims, policy, "freezes-per-hour", limits->freezes_hour,
		  &limits->freezes_at);
	add_limit(claims, policy, "freezes-per-hour-and-service",
		  limits->freezes_hour_service, &limits->service_at);
	add_limit(claims, policy, "stopped-share", limits->stopped_share,
		  &limits->share_at);
	if (limits->stopped_share >= 0)
		json_object_set_new(
			json_array_get(claims, json_array_size(claims) - 1),
			"single_replica",
			json_string(limits->stops_single ? "allow" : "refuse"));
	json_array_append_new(
		claims, json_pack("{s:s, s:I}", "limit", "running", "most",
				  (json_int_t)policy->keeping.max_running));
	return claims;
}

static json_t *
days_json(unsigned days)
{
	static const char *const names[] = { "mon", "tue", "wed", "thu",
					     "fri", "sat", "sun" };
	json_t *array = json_array();

	for (size_t i = 0; i < 7; i++)
		if ((days & (1u << (i + 1) % 7)) != 0)
			json_array_append_new(array, json_string(names[i]));
	return array;
}

static void
set_time(json_t *claim, const char *key, unsigned minutes)
{
	char text[16];

	snprintf(text, sizeof(text), "%02u:%02u", minutes / 60, minutes % 60);
	firn_json_text(claim, key, text);
}

json_t *
firn_claims_quiet(const struct firn_policy *policy)
{
	json_t *claims = json_array();

	for (size_t i = 0; i < policy->n_quiet; i++) {
		const struct firn_quiet *quiet = &policy->quiet[i];
		json_t *claim = json_object();

		json_object_set_new(claim, "days", days_json(quiet->days));
		set_time(claim, "from", quiet->from_m);
		set_time(claim, "to", quiet->to_m);
		firn_json_text(claim, "zone", quiet->utc ? "UTC" : "local");
		json_object_set_new(claim, "sources_may",
				    roles_json(quiet->may));
		set_rule(claim, policy, &quiet->place);
		json_array_append_new(claims, claim);
	}
	return claims;
}

/* --- what else ------------------------------------------------------------
 */

json_t *
firn_claims_evidence(const struct firn_policy *policy)
{
	json_t *claim = json_object();

	firn_json_text(claim, "folder", policy->keeping.folder);
	firn_json_text(claim, "key", policy->keeping.key);
	json_object_set_new(claim, "retention_s",
			    json_integer(policy->keeping.retention_s));
	return json_pack("[o]", claim);
}

json_t *
firn_claims_notify(const struct firn_policy *policy)
{
	return json_deep_copy(policy->notify);
}

json_t *
firn_claims_listen(const struct firn_policy *policy)
{
	const struct firn_listening *listening = &policy->listening;
	json_t *claims = json_array();

	for (size_t i = 0; i < listening->n_addresses; i++)
		json_array_append_new(
			claims, json_pack("{s:s, s:b}", "address",
					  listening->addresses[i],
					  "client_certificates",
					  (int)(listening->client_ca != NULL)));
	if (listening->unix_path != NULL)
		json_array_append_new(claims, json_pack("{s:s}", "unix",
							listening->unix_path));
	return claims;
}

json_t *
firn_claims_node(const struct firn_policy *policy)
{
	return json_pack("[{s:s}]", "exposed_from",
			 firn_threshold_name(policy->threshold));
}

json_t *
firn_claims_emergency(const struct firn_policy *policy)
{
	return json_pack("[{s:b}]", "break_glass",
			 (int)!policy->no_break_glass);
}
