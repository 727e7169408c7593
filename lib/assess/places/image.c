#include "assess/places/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "assess/places/assignments.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/secret.h"

#define CONFIG_MAX (16u << 20)

static struct firn_secret_place
place_in(const struct firn_looking *looking, const char *where)
{
	return (struct firn_secret_place){
		.where = where,
		.readable_by = "whoever has the image",
		.readers = FIRN_READERS_OUTSIDE,
		.via = looking->via,
		.facts = looking->facts,
	};
}

static int
look_at_strings(const struct firn_looking *looking, const char *where,
		const json_t *strings, bool environment, struct firn_err *err)
{
	struct firn_secret_place place = place_in(looking, where);
	const json_t *one;
	size_t i;

	json_array_foreach(strings, i, one) {
		const char *text = json_string_value(one);
		size_t len = json_string_length(one);
		int done;

		if (text == NULL)
			continue;
		done = environment
			       ? firn_checklist_environ(looking->list, &place,
							text, len, err)
			       : firn_checklist_arguments(looking->list, &place,
							  text, len, err);
		if (done < 0)
			return -1;
	}
	return 0;
}

static int
look_at_labels(const struct firn_looking *looking, json_t *labels,
	       struct firn_err *err)
{
	struct firn_secret_place place = place_in(looking, "image labels");
	const char *key;
	const json_t *value;

	if (!json_is_object(labels))
		return 0;
	json_object_foreach(labels, key, value) {
		place.name = key;
		if (json_is_string(value) &&
		    firn_checklist_value(looking->list, &place,
					 json_string_value(value),
					 json_string_length(value), err) < 0)
			return -1;
	}
	return 0;
}

/* "|1 TOKEN=... /bin/sh -c make" was how the classic builder kept arguments. */
static int
look_at_history(const struct firn_looking *looking, const json_t *history,
		struct firn_err *err)
{
	struct firn_secret_place place = place_in(looking, "image history");
	static const char *const keys[] = { "created_by", "comment" };
	const json_t *one;
	size_t i;

	json_array_foreach(history, i, one) {
		for (size_t k = 0; k < 2; k++) {
			const char *text = firn_json_string(one, keys[k], NULL);

			if (text != NULL &&
			    firn_checklist_arguments(looking->list, &place,
						     text, strlen(text),
						     err) < 0)
				return -1;
		}
	}
	return 0;
}

static int
look_at_config(const struct firn_looking *looking, const json_t *image,
	       struct firn_err *err)
{
	const json_t *config = json_object_get(image, "config");
	static const char *const commands[] = { "Cmd", "Entrypoint", "OnBuild",
						"Shell" };

	if (look_at_strings(looking, "image environment",
			    json_object_get(config, "Env"), true, err) < 0 ||
	    look_at_labels(looking, json_object_get(config, "Labels"), err) <
		    0 ||
	    look_at_strings(looking, "image command",
			    firn_json_at(config, "Healthcheck", "Test", NULL),
			    false, err) < 0)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		if (look_at_strings(looking, "image command",
				    json_object_get(config, commands[i]), false,
				    err) < 0)
			return -1;
	}
	return look_at_history(looking, json_object_get(image, "history"), err);
}

static int
look_at_record(const struct firn_looking *looking,
	       const struct firn_record *record, struct firn_err *err)
{
	struct firn_err why = { 0 };
	autojson json_t *image = NULL;
	autosecret struct firn_secret text = { 0 };
	autoclose int fd = -1;

	fd = firn_host_file(looking->target->host, record->path,
			    O_RDONLY | O_NONBLOCK, &why);
	if (fd >= 0 &&
	    firn_secret_read_fd(&text, fd, record->path, CONFIG_MAX, &why) ==
		    0 &&
	    firn_json_parse(text.data != NULL ? text.data : "", text.len,
			    record->path, &image, &why) < 0)
		image = NULL;
	if (image != NULL)
		return look_at_config(looking, image, err);
	firn_look_gap(looking, "the image's configuration", &why);
	return 0;
}

int
firn_look_at_image(const struct firn_looking *looking, struct firn_err *err)
{
	const struct firn_target *target = looking->target;
	struct firn_err why = { 0 };

	for (size_t i = 0; i < target->n_records; i++) {
		const struct firn_record *record = &target->records[i];

		if (record->kind == FIRN_RECORD_IMAGE &&
		    strstr(record->name, "config") != NULL)
			return look_at_record(looking, record, err);
	}
	/* A bundle has none. */
	if (target->image == NULL)
		return 0;
	firn_err_set(&why, ENOENT,
		     "not found on disk: its environment, labels and history "
		     "were not looked at");
	firn_look_gap(looking, "the image's configuration", &why);
	return 0;
}
