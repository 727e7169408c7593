#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/packages/ecosystem.h"

/*
 * composer -- PHP's packages.
 *
 * Source: Composer, the schema of composer.lock; installed.json is a list of
 * the same (version 1) or has one (version 2).
 */

#define LIST_MAX (16u << 20)

static bool
takes(const struct firn_tree_entry *entry)
{
	return strcmp(entry->name, "installed.json") == 0 &&
	       firn_ends_with(entry->path, "composer/installed.json");
}

static bool
takes_lock(const struct firn_tree_entry *entry)
{
	return strcmp(entry->name, "composer.lock") == 0;
}

static int
add(struct firn_reading *reading, const struct firn_tree_entry *entry,
    const json_t *json, const char *evidence, struct firn_err *err)
{
	const json_t *license =
		json_array_get(json_object_get(json, "license"), 0);
	const char *name = firn_json_string(json, "name", NULL);
	const char *hash = firn_json_string(json, "dist", "shasum", NULL);
	struct firn_package package = {
		.type = "composer",
		.version = firn_json_string(json, "version", NULL),
		.license = json_string_value(license),
		.place = entry->path,
		.evidence = evidence,
	};
	const char *slash = name != NULL ? strchr(name, '/') : NULL;
	char group[256];

	if (slash == NULL || slash[1] == '\0' ||
	    (size_t)(slash - name) >= sizeof(group))
		return 0;
	snprintf(group, sizeof(group), "%.*s", (int)(slash - name), name);
	package.group = group;
	package.name = slash + 1;
	if (hash != NULL && strlen(hash) == 40 &&
	    strspn(hash, "0123456789abcdef") == 40) {
		package.hash_alg = "SHA-1";
		package.hash = hash;
	}
	if (evidence != NULL && firn_bom_has(reading->bom, &package))
		return 0;
	return firn_bom_add(reading->bom, &package, err);
}

static int
add_all(struct firn_reading *reading, const struct firn_tree_entry *entry,
	const json_t *list, const char *evidence, struct firn_err *err)
{
	const json_t *json;
	size_t i;

	json_array_foreach(list, i, json) {
		if (add(reading, entry, json, evidence, err) < 0)
			return -1;
	}
	return 0;
}

static int
read_installed(struct firn_reading *reading,
	       const struct firn_tree_entry *entry, struct firn_err *err)
{
	autojson json_t *json = firn_reading_json(reading, entry, LIST_MAX);
	const json_t *list = json_object_get(json, "packages");

	return add_all(reading, entry, list != NULL ? list : json, NULL, err);
}

static int
read_lock(struct firn_reading *reading, const struct firn_tree_entry *entry,
	  struct firn_err *err)
{
	autojson json_t *json = firn_reading_json(reading, entry, LIST_MAX);

	if (add_all(reading, entry, json_object_get(json, "packages"),
		    "lock file", err) < 0)
		return -1;
	return add_all(reading, entry, json_object_get(json, "packages-dev"),
		       "lock file", err);
}

const struct firn_ecosystem firn_ecosystem_composer = {
	.takes = takes,
	.read = read_installed,
};

const struct firn_ecosystem firn_ecosystem_composer_lock = {
	.late = true,
	.takes = takes_lock,
	.read = read_lock,
};
