#include "assess/rules/valid_kinds.h"

#include <string.h>

#include "assess/rules/service_account.h"
#include "base/json.h"

/*
 * valid_objects -- secrets that are a whole object.
 */

/* Google's key file: whose it is, and a key that is one. */
bool
firn_valid_service_account(const char *value, size_t len)
{
	json_t *object = firn_service_account(value, len);
	const char *key = firn_json_string(object, "private_key", NULL);
	bool holds = key != NULL && firn_valid_pem(key, strlen(key)) &&
		     firn_json_string(object, "private_key_id", NULL) != NULL;

	json_decref(object);
	return holds;
}

/* Of version 3 or 4: a state that has resources. */
bool
firn_valid_terraform_state(const char *value, size_t len)
{
	json_t *object = json_loadb(value, len, 0, NULL);
	bool holds =
		json_is_integer(json_object_get(object, "version")) &&
		(json_array_size(json_object_get(object, "resources")) > 0 ||
		 json_array_size(json_object_get(object, "modules")) > 0);

	json_decref(object);
	return holds;
}
