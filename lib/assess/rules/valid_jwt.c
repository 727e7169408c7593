#include "assess/rules/valid_kinds.h"

#include "assess/rules/jwt.h"
#include "base/json.h"

/*
 * valid_jwt -- tokens in three parts, by what their header and claims say.
 */

/* Source: RFC 7515, 4.1.1: the header names the algorithm. */
bool
firn_valid_jwt(const char *value, size_t len)
{
	json_t *header = firn_jwt_part(value, len, FIRN_JWT_HEADER);
	bool holds = json_is_string(json_object_get(header, "alg"));

	json_decref(header);
	return holds;
}

/* Source: Kubernetes, "Managing Service Accounts": tokens that the API server
 * issues have this claim. */
bool
firn_valid_kubernetes(const char *value, size_t len)
{
	json_t *claims = firn_jwt_part(value, len, FIRN_JWT_CLAIMS);
	bool holds = json_is_object(json_object_get(claims, "kubernetes.io"));

	json_decref(claims);
	return holds && firn_valid_jwt(value, len);
}

/* And those that stand in a Secret, these. */
bool
firn_valid_kubernetes_legacy(const char *value, size_t len)
{
	json_t *claims = firn_jwt_part(value, len, FIRN_JWT_CLAIMS);
	bool holds = json_is_string(
		json_object_get(claims,
				"kubernetes.io/serviceaccount/secret.name"));

	json_decref(claims);
	return holds && firn_valid_jwt(value, len);
}
