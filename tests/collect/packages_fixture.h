#ifndef TESTS_COLLECT_PACKAGES_FIXTURE_H
#define TESTS_COLLECT_PACKAGES_FIXTURE_H

/*
 * packages_fixture -- roots made of layers, and what the collector says of
 * them.  A layer is a folder of the test's own: "upper", "lower", "base".
 */

#include "collect/fixture.h"

static json_t *list, *image;

static inline char *
absolute(const char *name)
{
	char *path = NULL;

	ck_assert_int_gt(asprintf(&path, "%s/%s", folder, name), 0);
	return path;
}

/* Topmost first, up to NULL. */
static inline void
layers(const char *upper, const char *lower, const char *base)
{
	const char *const lowers[] = { lower, base };

	target.rootfs.upper = absolute(upper);
	target.rootfs.lowers = calloc(2, sizeof(char *));
	ck_assert_ptr_nonnull(target.rootfs.lowers);
	for (size_t i = 0; i < 2 && lowers[i] != NULL; i++)
		target.rootfs.lowers[target.rootfs.n_lowers++] =
			absolute(lowers[i]);
}

static inline void
put_bytes(const char *path, const void *data, size_t len)
{
	char command[512];
	FILE *file;

	snprintf(command, sizeof(command), "mkdir -p \"$(dirname '%s')\"",
		 path);
	run(command);
	file = fopen(path, "w");
	ck_assert_msg(file != NULL, "%s", path);
	ck_assert_uint_eq(fwrite(data, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static inline void
put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

static inline void
collect_packages(void)
{
	/* Without processes it has no mounts to name either. */
	target.init_pid = target.init_pid != 0 ? target.init_pid : getpid();
	if (target.id == NULL)
		target.id = strdup("demo");
	capture(&firn_collect_packages);
	list = load("CASE/data/filesystem/packages.cdx.json");
	image = load("CASE/data/filesystem/image.json");
}

static inline void
packages_teardown(void)
{
	free(target.rootfs.upper);
	for (size_t i = 0; i < target.rootfs.n_lowers; i++)
		free(target.rootfs.lowers[i]);
	free(target.rootfs.lowers);
	free(target.id);
	json_decref(list);
	json_decref(image);
	list = image = NULL;
	teardown();
}

/* The n-th component of this name, from 0; NULL if there are fewer. */
static inline const json_t *
nth(const char *name, size_t n)
{
	const json_t *component;
	size_t i;

	json_array_foreach(json_object_get(list, "components"), i, component) {
		if (strcmp(firn_json_string(component, "name", NULL), name) ==
			    0 &&
		    n-- == 0)
			return component;
	}
	return NULL;
}

static inline const json_t *
component(const char *name)
{
	const json_t *found = nth(name, 0);

	ck_assert_msg(found != NULL, "%s is not in the list", name);
	return found;
}

static inline const char *
purl_of(const char *name)
{
	return firn_json_string(component(name), "purl", NULL);
}

/* The value of a property of a component; NULL for none. */
static inline const char *
property(const char *name, const char *which)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(component(name), "properties"), i,
			   one) {
		if (strcmp(firn_json_string(one, "name", NULL), which) == 0)
			return firn_json_string(one, "value", NULL);
	}
	return NULL;
}

static inline const char *
place_of(const char *name)
{
	const json_t *places =
		firn_json_at(component(name), "evidence", "occurrences", NULL);

	return firn_json_string(json_array_get(places, 0), "location", NULL);
}

static inline size_t
n_components(void)
{
	return json_array_size(json_object_get(list, "components"));
}

/* Is a path in one of image.json's lists? */
static inline const json_t *
listed(const char *which, const char *path)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(image, which), i, one) {
		if (strcmp(firn_json_string(one, "path", NULL), path) == 0)
			return one;
	}
	return NULL;
}

static inline Suite *
packages_suite(const char *name, const TTest *const *tests, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, packages_teardown);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}

#endif
