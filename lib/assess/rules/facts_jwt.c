#include "assess/rules/facts.h"

#include <string.h>
#include <time.h>

#include "assess/rules/jwt.h"
#include "base/auto.h"
#include "base/json.h"

static void
add_time(json_t *facts, const char *name, const json_t *seconds)
{
	if (json_is_integer(seconds))
		firn_json_time(facts, name,
			       (struct timespec){
				       .tv_sec = (time_t)json_integer_value(
					       seconds) });
}

static void
add_text(json_t *facts, const char *name, const json_t *text)
{
	if (json_is_string(text))
		firn_json_text(facts, name, json_string_value(text));
}

/* Bound tokens have an object, those of a Secret have flat names. */
static void
add_kubernetes(json_t *facts, const json_t *claims)
{
	static const char flat[] = "kubernetes.io/serviceaccount/";
	static const struct {
		const char *name, *within, *flat;
	} known[] = {
		{ "service_account", "serviceaccount", "service-account.name" },
		{ "pod", "pod", NULL },
		{ "node", "node", NULL },
		{ "secret", "secret", "secret.name" },
	};
	const json_t *bound = json_object_get(claims, "kubernetes.io");
	char name[64];

	add_text(facts, "namespace", json_object_get(bound, "namespace"));
	snprintf(name, sizeof(name), "%snamespace", flat);
	add_text(facts, "namespace", json_object_get(claims, name));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		add_text(facts, known[i].name,
			 json_object_get(json_object_get(bound,
							 known[i].within),
					 "name"));
		if (known[i].flat == NULL)
			continue;
		snprintf(name, sizeof(name), "%s%s", flat, known[i].flat);
		add_text(facts, known[i].name, json_object_get(claims, name));
	}
}

void
firn_facts_jwt(json_t *facts, const char *value, size_t len)
{
	autojson json_t *claims = NULL;
	const json_t *audience;

	if (len < 4 || strncmp(value, "eyJ", 3) != 0)
		return;
	claims = firn_jwt_part(value, len, FIRN_JWT_CLAIMS);
	if (claims == NULL)
		return;
	add_text(facts, "issuer", json_object_get(claims, "iss"));
	add_text(facts, "subject", json_object_get(claims, "sub"));
	audience = json_object_get(claims, "aud");
	if (json_is_array(audience))
		audience = json_array_get(audience, 0);
	add_text(facts, "audience", audience);
	add_time(facts, "issued", json_object_get(claims, "iat"));
	add_time(facts, "expires", json_object_get(claims, "exp"));
	add_kubernetes(facts, claims);
}
