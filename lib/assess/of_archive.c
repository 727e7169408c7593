#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "assess/archived.h"
#include "assess/places/assignments.h"
#include "base/auto.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "firn/reader.h"

/*
 * of_archive -- the checklist made again from what was captured.
 *
 * All that is in it is looked through with the rules of today.  What was looked
 * at then and isn't in it, files of the image for one, is taken over from the
 * checklist that was made then.
 */

#define MEMBER_MAX ((uint64_t)16 << 20)
#define CHECKLIST "data/assess/secrets.json"

static int
read_member(struct firn_reader *reader, const char *path, uint64_t size,
	    char **ret, struct firn_err *err)
{
	char *text;
	size_t have = 0;

	if (size > MEMBER_MAX)
		return firn_err_set(err, EFBIG, "%s has %llu bytes", path,
				    (unsigned long long)size);
	text = calloc(1, (size_t)size + 1);
	if (text == NULL)
		return firn_err_nomem(err);
	while (have < size) {
		ssize_t n = firn_reader_read(reader, text + have,
					     (size_t)size - have, err);

		if (n <= 0) {
			free(text);
			return n < 0 ? -1
				     : firn_err_set(err, EBADMSG,
						    "%s is cut short", path);
		}
		have += (size_t)n;
	}
	*ret = text;
	return 0;
}

static int
take_case(struct firn_checklist *list, const char *text, size_t len,
	  struct firn_err *err)
{
	autojson json_t *json = NULL;
	const char *id, *key;

	if (firn_json_parse(text, len, "data/case.json", &json, err) < 0)
		return -1;
	id = firn_json_string(json, "case", NULL);
	key = firn_json_string(json, "fingerprint_key", NULL);
	if (id == NULL || key == NULL ||
	    firn_unhex(key, list->of.key, sizeof(list->of.key)) < 0)
		return firn_err_set(err, EBADMSG,
				    "data/case.json has no case or no key");
	snprintf(list->of.id, sizeof(list->of.id), "%s", id);
	return 0;
}

/* Where it was found again, readers and names may be known otherwise. */
static bool
is_known_place(const json_t *places, const json_t *one)
{
	const json_t *other;
	size_t i;

	json_array_foreach(places, i, other) {
		const json_t *path = json_object_get(one, "path");

		if (json_equal(other, one) ||
		    (path != NULL &&
		     json_equal(json_object_get(other, "path"), path) &&
		     json_equal(json_object_get(other, "where"),
				json_object_get(one, "where"))))
			return true;
	}
	return false;
}

/* Of an item that was found again, what no process has. */
static int
take_places(json_t *item, const json_t *then, struct firn_err *err)
{
	json_t *places = json_object_get(item, "places"), *place;
	size_t i;

	json_array_foreach(json_object_get(then, "places"), i, place) {
		if (json_is_object(place) &&
		    json_object_get(place, "pid") == NULL &&
		    !is_known_place(places, place) &&
		    json_array_append(places, place) < 0)
			return firn_err_nomem(err);
	}
	return 0;
}

static bool
is_item(const json_t *item)
{
	static const char *const texts[] = { "id",       "fingerprint",
					     "kind",     "title",
					     "priority", "confidence" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (firn_json_string(item, texts[i], NULL) == NULL)
			return false;
	}
	return json_is_array(json_object_get(item, "places"));
}

static int
take_item(struct firn_checklist *list, json_t *item, struct firn_err *err)
{
	const char *print = firn_json_string(item, "fingerprint", NULL);
	struct firn_err why = { 0 };
	json_t *known;

	if (!is_item(item)) {
		firn_err_set(&why, EBADMSG, "an item that is none");
		firn_checklist_gap(list, CHECKLIST, &why);
		return 0;
	}
	known = json_object_get(list->by_fingerprint, print);
	if (known != NULL)
		return take_places(known, item, err);
	if (json_array_append(list->items, item) < 0 ||
	    json_object_set(list->by_fingerprint, print, item) < 0)
		return firn_err_nomem(err);
	return 0;
}

/* The image's layers and the volumes are not in an archive, nor is what a
 * container could have reached. */
static void
say_files(struct firn_checklist *list, bool have)
{
	struct firn_err why = { 0 };

	if (have)
		firn_err_set(&why, ENOTSUP,
			     "taken over from " CHECKLIST
			     ": not looked through with the rules of now");
	else
		firn_err_set(&why, ENOENT,
			     "no " CHECKLIST " to take them over from");
	firn_checklist_gap(list,
			   "files of the image, and volumes, that are "
			   "not in the archive",
			   &why);
}

static int
take_over(struct firn_checklist *list, const char *text, size_t len,
	  struct firn_err *err)
{
	autojson json_t *json = NULL;
	struct firn_err why = { 0 };
	json_t *item, *gap;
	size_t i;

	if (firn_json_parse(text, len, CHECKLIST, &json, &why) < 0) {
		firn_checklist_gap(list, CHECKLIST, &why);
		return 0;
	}
	json_array_foreach(json_object_get(json, "items"), i, item) {
		if (take_item(list, item, err) < 0)
			return -1;
	}
	json_array_foreach(json_object_get(json, "gaps"), i, gap) {
		if (json_is_object(gap) &&
		    json_array_append(list->gaps, gap) < 0)
			return firn_err_nomem(err);
	}
	return 0;
}

static int
look_at_process(struct firn_checklist *list, const char *path, const char *text,
		size_t len, struct firn_err *err)
{
	bool environment = strstr(path, "/environ") != NULL;
	const struct firn_secret_place place = {
		.where = environment ? "environment" : "command line",
		.pid = (pid_t)atoi(path + strlen("data/processes/")),
		.readable_by = environment
				       ? "its user, and root in the container"
				       : "everybody in the container",
	};

	return environment
		       ? firn_checklist_environ(list, &place, text, len, err)
		       : firn_checklist_arguments(list, &place, text, len, err);
}

static bool
is_wanted(const char *path)
{
	return strcmp(path, "data/case.json") == 0 ||
	       strcmp(path, CHECKLIST) == 0 ||
	       (strncmp(path, "data/processes/", 15) == 0 &&
		(firn_ends_with(path, "/environ") ||
		 firn_ends_with(path, "/cmdline")));
}

static int
look_at(struct firn_checklist *list, const char *path, const char *text,
	size_t len, struct firn_err *err)
{
	if (strcmp(path, "data/case.json") == 0)
		return take_case(list, text, len, err);
	if (list->of.id[0] == '\0')
		return firn_err_set(err, EBADMSG,
				    "data/case.json doesn't come first: not an "
				    "archive of firn's");
	if (strcmp(path, CHECKLIST) == 0)
		return take_over(list, text, len, err);
	return look_at_process(list, path, text, len, err);
}

/* One that is read whole. */
static int
look_at_small(struct firn_checklist *list, struct firn_reader *reader,
	      const char *path, uint64_t size, struct firn_err *err)
{
	struct firn_err why = { 0 };
	char *text;
	int done;

	if (read_member(reader, path, size, &text, &why) < 0) {
		firn_checklist_gap(list, path, &why);
		return 0;
	}
	done = look_at(list, path, text, (size_t)size, err);
	OPENSSL_cleanse(text, (size_t)size);
	free(text);
	return done;
}

static int
look(struct firn_checklist *list, struct firn_reader *reader,
     struct firn_archived *archived, struct firn_err *err)
{
	const char *at;
	uint64_t size;
	bool have = false;
	int more;

	while ((more = firn_reader_next(reader, &at, &size, err)) > 0) {
		autofree char *path = strdup(at);
		int done;

		if (path == NULL)
			return firn_err_nomem(err);
		if (is_wanted(path))
			done = look_at_small(list, reader, path, size, err);
		else if (list->of.id[0] != '\0')
			done = firn_archived_member(archived, path, size, err);
		else
			done = 0;
		if (done < 0)
			return -1;
		have |= strcmp(path, CHECKLIST) == 0;
	}
	say_files(list, have);
	return more;
}

static int
look_with(struct firn_checklist *list, struct firn_reader *reader,
	  struct firn_err *err)
{
	autofree struct firn_archived *archived = calloc(1, sizeof(*archived));
	int done;

	if (archived == NULL)
		return firn_err_nomem(err);
	if (firn_archived_open(archived, list, reader, err) < 0)
		return -1;
	done = look(list, reader, archived, err);
	firn_archived_close(archived);
	return done;
}

int
firn_secrets_wanted_archive(int fd, const struct firn_secret_rules *rules,
			    struct firn_wanted *wanted, json_t **ret,
			    struct firn_err *err)
{
	autodone(firn_reader_close) struct firn_reader *reader = NULL;
	const struct firn_case none = { 0 };
	struct firn_checklist list;
	int done;

	if (firn_reader_open(&reader, fd, err) < 0 ||
	    firn_checklist_open(&list, rules, &none, err) < 0)
		return -1;
	list.wanted = wanted;
	done = look_with(&list, reader, err);
	if (done == 0 && list.of.id[0] == '\0')
		done = firn_err_set(err, EBADMSG,
				    "no data/case.json in it: not an archive "
				    "of firn's");
	if (done == 0) {
		*ret = firn_checklist_json(&list);
		done = *ret == NULL ? firn_err_nomem(err) : 0;
	}
	firn_checklist_close(&list);
	return done;
}

int
firn_secrets_of_archive(int fd, const struct firn_secret_rules *rules,
			json_t **ret, struct firn_err *err)
{
	return firn_secrets_wanted_archive(fd, rules, NULL, ret, err);
}
