#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/json.h"
#include "collect/packages/ecosystem.h"

/*
 * npm -- packages of Node.js that are installed, and those that a lock file
 * wants.
 *
 * Source: npm-docs, package.json and package-lock.json (lockfileVersion 1 to
 * 3).
 */

#define MANIFEST_MAX (4u << 20)
#define LOCK_MAX (16u << 20)
#define DEPTH_MAX 32 /* of the first version's nesting */

/* --- a package that is there ------------------------------------------------
 */

/* Directly below a node_modules, or nowhere near one: a package.json deeper in
 * says how to load what lies beside it. */
static bool
takes(const struct firn_tree_entry *entry)
{
	const char *path = entry->path, *at = path, *last = NULL, *slash;

	if (strcmp(entry->name, "package.json") != 0)
		return false;
	while ((at = strstr(at, "node_modules/")) != NULL) {
		at += 13;
		last = at;
	}
	if (last == NULL)
		return true;
	slash = strchr(last, '/');
	if (slash != NULL && last[0] == '@')
		slash = strchr(slash + 1, '/');
	return slash != NULL && slash + 1 == entry->name;
}

/* "@scope/name" is a group and a name; `copy` is for the group. */
static void
set_name(struct firn_package *package, const char *name, char *copy,
	 size_t size)
{
	const char *slash = name[0] == '@' ? strchr(name, '/') : NULL;

	package->name = name;
	if (slash == NULL || slash[1] == '\0' || (size_t)(slash - name) >= size)
		return;
	snprintf(copy, size, "%.*s", (int)(slash - name), name);
	package->group = copy;
	package->name = slash + 1;
}

static const char *
license_of(const json_t *json)
{
	const json_t *license = json_object_get(json, "license");

	if (license == NULL)
		license = json_array_get(json_object_get(json, "licenses"), 0);
	return json_is_string(license)
		       ? json_string_value(license)
		       : firn_json_string(license, "type", NULL);
}

static const char *
author_of(const json_t *json)
{
	const json_t *author = json_object_get(json, "author");

	return json_is_string(author) ? json_string_value(author)
				      : firn_json_string(author, "name", NULL);
}

static int
read_manifest(struct firn_reading *reading, const struct firn_tree_entry *entry,
	      struct firn_err *err)
{
	autojson json_t *json = firn_reading_json(reading, entry, MANIFEST_MAX);
	const char *name = firn_json_string(json, "name", NULL);
	const char *version = firn_json_string(json, "version", NULL);
	struct firn_package package = {
		.type = "npm",
		.version = version,
		.license = license_of(json),
		.supplier = author_of(json),
		.place = entry->path,
	};
	char group[256];

	/* Without both it's no package, but settings of one. */
	if (name == NULL || name[0] == '\0' || version == NULL)
		return 0;
	set_name(&package, name, group, sizeof(group));
	return firn_bom_add(reading->bom, &package, err);
}

const struct firn_ecosystem firn_ecosystem_npm = {
	.takes = takes,
	.read = read_manifest,
};

/* --- a lock file -------------------------------------------------------------
 */

static bool
takes_lock(const struct firn_tree_entry *entry)
{
	return strcmp(entry->name, "package-lock.json") == 0 ||
	       strcmp(entry->name, "npm-shrinkwrap.json") == 0;
}

/* "sha512-" and base64. */
static void
take_integrity(struct firn_package *package, const char *text, char ret[129])
{
	unsigned char digest[66 + 3];

	if (text == NULL || strncmp(text, "sha512-", 7) != 0 ||
	    strlen(text) != 7 + 88 ||
	    EVP_DecodeBlock(digest, (const unsigned char *)text + 7, 88) != 66)
		return;
	firn_hex(digest, 64, ret);
	package->hash_alg = "SHA-512";
	package->hash = ret;
}

static int
add_locked(struct firn_reading *reading, const struct firn_tree_entry *entry,
	   const char *name, const json_t *json, struct firn_err *err)
{
	struct firn_package package = {
		.type = "npm",
		.version = firn_json_string(json, "version", NULL),
		.license = license_of(json),
		.place = entry->path,
		.evidence = "lock file",
	};
	char group[256], hash[129];

	if (name[0] == '\0' || package.version == NULL)
		return 0;
	set_name(&package, name, group, sizeof(group));
	take_integrity(&package, firn_json_string(json, "integrity", NULL),
		       hash);
	return firn_bom_has(reading->bom, &package)
		       ? 0
		       : firn_bom_add(reading->bom, &package, err);
}

/* "@b/c" of "node_modules/a/node_modules/@b/c"; NULL if it's in none. */
static const char *
name_in(const char *path)
{
	const char *name = NULL;

	while ((path = strstr(path, "node_modules/")) != NULL) {
		path += 13;
		name = path;
	}
	return name;
}

/* Of the second version on: by where they are put. */
static int
add_paths(struct firn_reading *reading, const struct firn_tree_entry *entry,
	  const json_t *packages, struct firn_err *err)
{
	const char *path;
	json_t *json;

	/* jansson takes no const back, and changes nothing here. */
	json_object_foreach((json_t *)(uintptr_t)packages, path, json) {
		const char *name = firn_json_string(json, "name", NULL);

		if (name == NULL)
			name = name_in(path);
		if (name != NULL && path[0] != '\0' &&
		    add_locked(reading, entry, name, json, err) < 0)
			return -1;
	}
	return 0;
}

static int
add_nested(struct firn_reading *reading, const struct firn_tree_entry *entry,
	   const json_t *dependencies, unsigned depth, struct firn_err *err)
{
	const char *name;
	json_t *json;

	if (depth == DEPTH_MAX) {
		firn_reading_gap(reading, entry, E2BIG, "nested too deeply");
		return 0;
	}
	json_object_foreach((json_t *)(uintptr_t)dependencies, name, json) {
		if (add_locked(reading, entry, name, json, err) < 0 ||
		    add_nested(reading, entry,
			       json_object_get(json, "dependencies"), depth + 1,
			       err) < 0)
			return -1;
	}
	return 0;
}

static int
read_lock(struct firn_reading *reading, const struct firn_tree_entry *entry,
	  struct firn_err *err)
{
	autojson json_t *json = firn_reading_json(reading, entry, LOCK_MAX);
	const json_t *packages = json_object_get(json, "packages");

	if (packages != NULL)
		return add_paths(reading, entry, packages, err);
	return add_nested(reading, entry, json_object_get(json, "dependencies"),
			  0, err);
}

const struct firn_ecosystem firn_ecosystem_npm_lock = {
	.late = true,
	.takes = takes_lock,
	.read = read_lock,
};
