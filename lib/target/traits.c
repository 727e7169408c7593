#include "firn/traits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "target/names.h"

/* --- what Kubernetes adds to a name ---------------------------------------
 */

#define RANDOM "bcdfghjklmnpqrstvwxz2456789"
#define HASH "456789bcdf" /* what digits become in RANDOM */
#define DIGITS "0123456789"

/* Cuts "-PART" off the end, if PART is made of these characters only. */
static bool
cut(char *name, const char *alphabet, size_t least, size_t most)
{
	char *dash = strrchr(name, '-');
	size_t len = dash != NULL ? strlen(dash + 1) : 0;

	if (dash == NULL || dash == name || len < least || len > most ||
	    strspn(dash + 1, alphabet) != len)
		return false;
	*dash = '\0';
	return true;
}

/* In place: "web-7f8b9c6d5f-x2x9z", "db-0", "agent-bcdfg",
 * "tidy-28712345-q4w6r" without what their owner's controller added. */
static void
cut_added(char *name)
{
	if (cut(name, RANDOM, 5, 5)) {
		if (!cut(name, HASH, 6, 10))
			cut(name, DIGITS, 8, 10);
		return;
	}
	cut(name, DIGITS, 1, 5);
}

/* --- an image's name ------------------------------------------------------
 */

bool
firn_image_is_digest(const char *image)
{
	const char *hex = strncmp(image, "sha256:", 7) == 0 ? image + 7 : image;

	return strlen(hex) >= 12 && strlen(hex) <= 64 && names_is_hex(hex);
}

void
firn_image_repository(const char *image, char *ret, size_t size)
{
	size_t len = strcspn(image, "@");
	const char *slash = memrchr(image, '/', len);
	size_t start = slash != NULL ? (size_t)(slash - image) : 0;

	if (firn_image_is_digest(image))
		len = strlen(image);
	else if (memchr(image + start, ':', len - start) != NULL)
		len = start + strcspn(image + start, ":");
	snprintf(ret, size, "%.*s", (int)(len < size ? len : size - 1), image);
}

void
firn_image_full(const char *image, char *ret, size_t size)
{
	size_t first = strcspn(image, "/");
	/* What comes before the first "/" is a registry if it has a dot or a
	 * port, or is localhost. */
	bool registry = image[first] == '/' &&
			(memchr(image, '.', first) != NULL ||
			 memchr(image, ':', first) != NULL ||
			 (first == 9 && strncmp(image, "localhost", 9) == 0));

	snprintf(ret, size, "%s%s",
		 registry              ? ""
		 : image[first] == '/' ? "docker.io/"
				       : "docker.io/library/",
		 image);
}

/* --- the service ----------------------------------------------------------
 */

/* What is too long is cut: such names are of one service the sooner. */
static void FIRN_PRINTF(2, 3)
	say(struct firn_traits *traits, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(traits->service, sizeof(traits->service), fmt, args);
	va_end(args);
}

static void
set_service(struct firn_traits *traits)
{
	const char *container = traits->pod_container;
	const char *project =
		firn_json_string(traits->labels, "com.docker.compose.project",
				 NULL);
	const char *part = firn_json_string(traits->labels,
					    "com.docker.compose.service", NULL);
	char owner[256];

	if (traits->pod_namespace != NULL && traits->pod_name != NULL) {
		snprintf(owner, sizeof(owner), "%s", traits->pod_name);
		cut_added(owner);
		say(traits, "%s/%s%s%s", traits->pod_namespace, owner,
		    container != NULL ? "/" : "",
		    container != NULL ? container : "");
	} else if (project != NULL && part != NULL) {
		say(traits, "%s/%s", project, part);
	} else if (traits->image != NULL && traits->image[0] != '\0') {
		firn_image_repository(traits->image, traits->service,
				      sizeof(traits->service));
	} else {
		say(traits, "%s",
		    traits->name != NULL && traits->name[0] != '\0'
			    ? traits->name
			    : traits->id);
	}
}

/* What a team calls a pod's labels stand with its sandbox alone. */
static void
finish(struct firn_traits *traits)
{
	if (traits->pod_name != NULL)
		traits->labels_whole = false;
	set_service(traits);
}

void
firn_target_traits(const struct firn_target *target, struct firn_traits *ret)
{
	*ret = (struct firn_traits){
		.id = target->id,
		.name = target->name,
		.image = target->image,
		.pod_namespace = target->pod_namespace,
		.pod_name = target->pod_name,
		.pod_container = target->pod_container,
		.labels = target->labels,
		.labels_whole = target->labels_whole,
	};
	finish(ret);
}

void
firn_listed_traits(const json_t *row, struct firn_traits *ret)
{
	const json_t *pod = json_object_get(row, "pod");

	*ret = (struct firn_traits){
		.id = firn_json_string(row, "id", NULL),
		.name = firn_json_string(row, "name", NULL),
		.image = firn_json_string(row, "image", NULL),
		.pod_namespace = firn_json_string(pod, "namespace", NULL),
		.pod_name = firn_json_string(pod, "name", NULL),
		.pod_container = firn_json_string(pod, "container", NULL),
		.labels = json_object_get(row, "labels"),
		.labels_whole =
			json_is_true(json_object_get(row, "labels_whole")),
	};
	finish(ret);
}

json_t *
firn_traits_json(const struct firn_traits *traits)
{
	json_t *json = json_object();

	firn_json_text(json, "id", traits->id);
	firn_json_text(json, "name", traits->name);
	firn_json_text(json, "image", traits->image);
	firn_json_text(json, "namespace", traits->pod_namespace);
	firn_json_text(json, "pod", traits->pod_name);
	firn_json_text(json, "container", traits->pod_container);
	if (traits->labels != NULL)
		json_object_set_new(json, "labels",
				    json_deep_copy(traits->labels));
	firn_json_text(json, "service", traits->service);
	return json;
}
