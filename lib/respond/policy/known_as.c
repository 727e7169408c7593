#include "respond/policy/known_as.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

json_t *
firn_traits_record(const struct firn_traits *traits)
{
	json_t *json = firn_traits_json(traits);
	const json_t *labels = json_object_get(json, "labels");
	bool whole = traits->labels_whole;

	if (labels != NULL &&
	    json_dumpb(labels, NULL, 0, JSON_COMPACT) > FIRN_LABELS_RECORDED) {
		json_object_del(json, "labels");
		whole = false;
	}
	json_object_set_new(json, "labels_whole", json_boolean(whole));
	return json;
}

void
firn_traits_recorded(const json_t *json, struct firn_traits *ret)
{
	const char *service = firn_json_string(json, "service", NULL);

	*ret = (struct firn_traits){
		.id = firn_json_string(json, "id", NULL),
		.name = firn_json_string(json, "name", NULL),
		.image = firn_json_string(json, "image", NULL),
		.pod_namespace = firn_json_string(json, "namespace", NULL),
		.pod_name = firn_json_string(json, "pod", NULL),
		.pod_container = firn_json_string(json, "container", NULL),
		.labels = json_object_get(json, "labels"),
		.labels_whole =
			json_is_true(json_object_get(json, "labels_whole")),
	};
	snprintf(ret->service, sizeof(ret->service), "%s",
		 service != NULL   ? service
		 : ret->id != NULL ? ret->id
				   : "");
}

int
firn_party_recorded(const json_t *json, struct firn_party *ret,
		    struct firn_err *err)
{
	const char *kind = firn_json_string(json, "kind", NULL);
	const char *name = firn_json_string(json, "name", NULL);

	if (kind == NULL)
		return firn_err_set(err, EBADMSG, "it doesn't say who asked");
	*ret = (struct firn_party){
		.is_source = strcmp(kind, "source") == 0,
		.uid = (unsigned long)json_integer_value(
			json_object_get(json, "uid")),
	};
	if (name == NULL)
		return 0;
	ret->name = strdup(name);
	return ret->name == NULL ? firn_err_nomem(err) : 0;
}

int
firn_role_recorded(const char *name, enum firn_role *ret, struct firn_err *err)
{
	for (unsigned bit = 0; name != NULL && bit < FIRN_N_ROLES; bit++) {
		enum firn_role role = (enum firn_role)(1u << bit);

		if (strcmp(firn_role_name(role), name) == 0) {
			*ret = role;
			return 0;
		}
	}
	return firn_err_set(err, EBADMSG, "it doesn't say for what");
}

bool
firn_party_same(const struct firn_party *one, const struct firn_party *other)
{
	if (one->is_source != other->is_source)
		return false;
	if (!one->is_source)
		return one->uid == other->uid;
	return one->name != NULL && other->name != NULL &&
	       strcmp(one->name, other->name) == 0;
}
