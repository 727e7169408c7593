#include "respond/alert/lead.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

json_t *
lead_why(const char *reason, json_t *candidates, const char *fmt, ...)
{
	va_list args;
	json_t *text;

	va_start(args, fmt);
	text = firn_json_message(fmt, args);
	va_end(args);
	return json_pack("{s:s, s:o*, s:o*}", "reason", reason, "text", text,
			 "candidates", candidates);
}

void
lead_facts_of_target(const struct firn_target *target, struct lead_facts *ret)
{
	*ret = (struct lead_facts){
		.id = target->id,
		.name = target->name,
		.image = target->image,
		.namespace = target->pod_namespace,
		.pod = target->pod_name,
		.pod_uid = target->pod_uid,
		.container = target->pod_container,
	};
}

void
lead_facts_of_listed(const json_t *listed, struct lead_facts *ret)
{
	const json_t *pod = json_object_get(listed, "pod");

	*ret = (struct lead_facts){
		.id = firn_json_string(listed, "id", NULL),
		.name = firn_json_string(listed, "name", NULL),
		.image = firn_json_string(listed, "image", NULL),
		.namespace = firn_json_string(pod, "namespace", NULL),
		.pod = firn_json_string(pod, "name", NULL),
		.pod_uid = firn_json_string(pod, "uid", NULL),
		.container = firn_json_string(pod, "container", NULL),
	};
}

static bool
differ(const char *said, const char *known)
{
	return said != NULL && known != NULL && strcmp(said, known) != 0;
}

/* Docker's name of what a kubelet made: k8s_CONTAINER_POD_NAMESPACE_UID_N. */
static bool
is_shim_name(const char *said, const char *container)
{
	size_t len = strlen(container);

	return strncmp(said, "k8s_", 4) == 0 &&
	       strncmp(said + 4, container, len) == 0 && said[4 + len] == '_';
}

bool
lead_is_called(const char *name, const struct lead_facts *facts)
{
	return strcmp(name, facts->id) == 0 ||
	       (facts->name != NULL && strcmp(name, facts->name) == 0) ||
	       (facts->container != NULL &&
		(strcmp(name, facts->container) == 0 ||
		 is_shim_name(name, facts->container)));
}

/* The last part of its name, without tag and digest; 0 for what is only a
 * digest.  One image may have names in several registries. */
static size_t
image_name(const char *image, const char **ret)
{
	const char *slash = strrchr(image, '/');
	size_t len;

	*ret = slash != NULL ? slash + 1 : image;
	len = strcspn(*ret, "@:");
	if (strncmp(*ret, "sha256:", 7) == 0 ||
	    (slash == NULL && len >= 12 &&
	     strspn(*ret, "0123456789abcdef") == len))
		return 0;
	return len;
}

static bool
images_differ(const char *said, const char *known)
{
	const char *one, *other;
	size_t len, other_len;

	if (said == NULL || known == NULL)
		return false;
	len = image_name(said, &one);
	other_len = image_name(known, &other);
	return len > 0 && other_len > 0 &&
	       (len != other_len || memcmp(one, other, len) != 0);
}

const char *
lead_differs(const json_t *alert, const struct lead_facts *facts)
{
	const char *name = firn_json_string(alert, "container_name", NULL);
	const char *container = firn_json_string(alert, "container", NULL);

	if (differ(firn_json_string(alert, "namespace", NULL),
		   facts->namespace))
		return "namespace";
	if (differ(firn_json_string(alert, "pod", NULL), facts->pod))
		return "pod";
	if (differ(firn_json_string(alert, "pod_uid", NULL), facts->pod_uid))
		return "pod_uid";
	if (differ(container,
		   facts->pod != NULL ? facts->container : facts->name))
		return "container";
	if (name != NULL && (facts->name != NULL || facts->container != NULL) &&
	    !lead_is_called(name, facts))
		return "container_name";
	if (images_differ(firn_json_string(alert, "image", NULL), facts->image))
		return "image";
	return NULL;
}

bool
lead_is_sandbox(const struct lead_facts *facts)
{
	return facts->namespace != NULL && facts->pod != NULL &&
	       facts->container != NULL && strcmp(facts->container, "POD") == 0;
}

bool
lead_means(const json_t *alert, const struct lead_facts *facts)
{
	const char *id = firn_json_string(alert, "container_id", NULL);
	const char *pod = firn_json_string(alert, "pod", NULL);

	if (lead_differs(alert, facts) != NULL)
		return false;
	if (id != NULL)
		return strncmp(facts->id, id, strlen(id)) == 0;
	/* It is one of the pod's when it's named. */
	if (lead_is_sandbox(facts) &&
	    firn_json_string(alert, "container", NULL) == NULL)
		return false;
	if (pod != NULL)
		return facts->pod != NULL;
	return facts->name != NULL || facts->container != NULL;
}
