#include <string.h>
#include <time.h>

#include "assess/posture/posture.h"
#include "base/clock.h"
#include "base/json.h"

/*
 * posture_image -- what it was made from.
 *
 * Source: image-spec, config; data/filesystem/image.json, firn-archive(5).
 */

#define IMAGE "data/filesystem/image.json"
#define MUCH ((json_int_t)200 * 1000 * 1000)
#define MANY 100
#define OLD_DAYS 90

static const json_t *
image(struct firn_answering *answering)
{
	const json_t *json = firn_facts_json(answering->view->facts, IMAGE);

	if (json == NULL)
		firn_answer(answering, FIRN_CANNOT_TELL,
			    IMAGE " was not captured");
	return json;
}

/* Of all kinds. */
static json_int_t
count(const json_t *packages)
{
	json_int_t n = 0;
	const char *kind;
	json_t *one;

	json_object_foreach((json_t *)(uintptr_t)packages, kind, one) {
		n += json_integer_value(one);
	}
	return n;
}

enum firn_answer
firn_is_small(struct firn_answering *answering)
{
	const json_t *json = image(answering);
	const json_t *bytes = json_object_get(json, "bytes");
	json_int_t packages = count(json_object_get(json, "packages"));

	if (json == NULL)
		return FIRN_CANNOT_TELL;
	if (!json_is_integer(bytes))
		return firn_answer(answering,
				   packages > MANY ? FIRN_FAIL
						   : FIRN_CANNOT_TELL,
				   "%lld packages; its size isn't known",
				   (long long)packages);
	return firn_answer(answering,
			   json_integer_value(bytes) <= MUCH && packages <= MANY
				   ? FIRN_PASS
				   : FIRN_FAIL,
			   "%lld MB, %lld packages",
			   (long long)json_integer_value(bytes) / 1000000,
			   (long long)packages);
}

/* A list of paths that ought to be empty. */
static enum firn_answer
has_none(struct firn_answering *answering, const char *key)
{
	const json_t *json = image(answering);
	const json_t *list = json_object_get(json, key);
	const char *first =
		firn_json_string(json_array_get(list, 0), "path", NULL);

	if (json == NULL)
		return FIRN_CANNOT_TELL;
	if (!json_is_array(list))
		return firn_answer(answering, FIRN_CANNOT_TELL,
				   IMAGE " doesn't say");
	if (json_array_size(list) == 0)
		return firn_answer(answering, FIRN_PASS, "none was found");
	return firn_answer(answering, FIRN_FAIL, "%s%s",
			   first != NULL ? first : "?",
			   json_array_size(list) > 1 ? " and others" : "");
}

enum firn_answer
firn_has_no_shell(struct firn_answering *answering)
{
	return has_none(answering, "shells");
}

enum firn_answer
firn_has_no_package_manager(struct firn_answering *answering)
{
	return has_none(answering, "package_managers");
}

enum firn_answer
firn_has_no_build_tools(struct firn_answering *answering)
{
	return has_none(answering, "tools");
}

/* --- where it is from -----------------------------------------------------
 */

const char *
firn_image_reference(struct firn_answering *answering)
{
	const char *name =
		firn_json_string(firn_facts_json(answering->view->facts,
						 "data/runtime/config.v2.json"),
				 "Config", "Image", NULL);

	if (name == NULL)
		name = firn_json_string(answering->view->target, "image", NULL);
	if (name == NULL)
		firn_answer(answering, FIRN_CANNOT_TELL,
			    "no record names its image");
	return name;
}

enum firn_answer
firn_is_pinned(struct firn_answering *answering)
{
	const char *name = firn_image_reference(answering);

	if (name == NULL)
		return FIRN_CANNOT_TELL;
	return firn_answer(answering,
			   strstr(name, "sha256:") != NULL ? FIRN_PASS
							   : FIRN_FAIL,
			   "it was started as %s", name);
}

/* --- its age, its health --------------------------------------------------
 */

static const json_t *
image_config(struct firn_answering *answering)
{
	const json_t *config =
		firn_facts_json(answering->view->facts,
				"data/runtime/image/image-config.json");

	if (config == NULL)
		firn_answer(answering, FIRN_CANNOT_TELL,
			    "its image's configuration was not captured");
	return config;
}

/* What the image says of itself is no proof; a signature would be, and isn't on
 * the node.  image-spec, annotations. */
enum firn_answer
firn_is_signed(struct firn_answering *answering)
{
	const json_t *labels =
		firn_json_at(image_config(answering), "config", "Labels", NULL);
	const char *source =
		firn_json_string(labels, "org.opencontainers.image.source",
				 NULL);
	const char *revision =
		firn_json_string(labels, "org.opencontainers.image.revision",
				 NULL);

	if (source == NULL)
		return firn_answer(answering, FIRN_CANNOT_TELL,
				   "signatures are kept beside the image in "
				   "its registry, not on the node; it names no "
				   "source");
	return firn_answer(answering, FIRN_CANNOT_TELL,
			   "it says that it is of %s, %s; signatures are kept "
			   "beside the image in its registry, not on the node",
			   source, revision != NULL ? revision : "no revision");
}

/* Against the time of the container's start, so that a lab gets the same
 * answer a year later. */
enum firn_answer
firn_is_recent(struct firn_answering *answering)
{
	const json_t *config = image_config(answering);
	const char *created = firn_json_string(config, "created", NULL);
	time_t made = firn_time_seconds(created);
	time_t started = firn_time_seconds(answering->view->started);
	long days;

	if (config == NULL)
		return FIRN_CANNOT_TELL;
	if (made <= 0 || started <= 0)
		return firn_answer(answering, FIRN_CANNOT_TELL,
				   "its image doesn't say when it was made");
	days = (long)((started - made) / 86400);
	return firn_answer(answering, days <= OLD_DAYS ? FIRN_PASS : FIRN_FAIL,
			   "made %.10s, %ld days before it was started",
			   created, days);
}

enum firn_answer
firn_has_health_check(struct firn_answering *answering)
{
	const json_t *own =
		firn_json_at(firn_facts_json(answering->view->facts,
					     "data/runtime/config.v2.json"),
			     "Config", NULL);
	const json_t *config = image_config(answering);
	const json_t *check = json_object_get(own, "Healthcheck");

	if (!json_is_object(check))
		check = firn_json_at(config, "config", "Healthcheck", NULL);
	if (json_is_object(check))
		return firn_answer(answering, FIRN_PASS, "its image has one");
	if (own == NULL)
		return firn_answer(answering, FIRN_CANNOT_TELL,
				   "probes of a cluster stand there, not on "
				   "this node");
	return firn_answer(answering, FIRN_FAIL,
			   "neither it nor its image has one");
}

/* --- secrets --------------------------------------------------------------
 */

static bool
is_baked(const char *where)
{
	return where != NULL &&
	       (strcmp(where, "configuration") == 0 ||
		strncmp(where, "image", 5) == 0 || strcmp(where, "layer") == 0);
}

enum firn_answer
firn_has_no_baked_secrets(struct firn_answering *answering)
{
	const json_t *items =
		json_object_get(firn_facts_json(answering->view->facts,
						"data/assess/secrets.json"),
				"items");
	const json_t *item, *place;
	size_t i, k;

	if (!json_is_array(items))
		return firn_answer(answering, FIRN_CANNOT_TELL,
				   "no checklist of secrets was made: firn "
				   "secrets");
	json_array_foreach(items, i, item) {
		const char *id = firn_json_string(item, "id", NULL);

		json_array_foreach(json_object_get(item, "places"), k, place) {
			const char *where =
				firn_json_string(place, "where", NULL);

			if (is_baked(where))
				return firn_answer(answering, FIRN_FAIL,
						   "%s, in the %s",
						   id != NULL ? id : "?",
						   where);
		}
	}
	return firn_answer(answering, FIRN_PASS, "none was found");
}
