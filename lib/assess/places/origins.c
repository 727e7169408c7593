#include "assess/places/origins.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

void
firn_origins_read(const struct firn_host *host, struct firn_origins *ret)
{
	struct firn_err why = { 0 };

	/* Without one of them the other has to do; they are mostly the same,
	 * but an engine may have been started in a namespace of its own. */
	if (firn_mounts_read(host, 1, &ret->first, &why) < 0)
		ret->first = (struct firn_mounts){ 0 };
	if (firn_mounts_read(host, 0, &ret->ours, &why) < 0)
		ret->ours = (struct firn_mounts){ 0 };
}

void
firn_origins_free(struct firn_origins *origins)
{
	firn_mounts_free(&origins->first);
	firn_mounts_free(&origins->ours);
}

bool
firn_path_covers(const char *folder, const char *path)
{
	size_t len = strlen(folder);

	if (strcmp(folder, "/") == 0)
		return path[0] == '/';
	return strncmp(folder, path, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

/* The one that shows least beside it. */
static const struct firn_mount *
same_files(const struct firn_mounts *mounts, const struct firn_mount *mount)
{
	const struct firn_mount *best = NULL;

	for (size_t i = 0; i < mounts->n; i++) {
		const struct firn_mount *one = &mounts->items[i];

		if (one->major == mount->major && one->minor == mount->minor &&
		    firn_path_covers(one->root, mount->root) &&
		    (best == NULL || strlen(one->root) > strlen(best->root)))
			best = one;
	}
	return best;
}

static bool
by_kernel(const struct firn_mounts *mounts, const struct firn_mount *mount,
	  char *ret, size_t size)
{
	const struct firn_mount *one = same_files(mounts, mount);
	const char *rest;
	size_t root;

	if (one == NULL)
		return false;
	root = strcmp(one->root, "/") == 0 ? 0 : strlen(one->root);
	rest = mount->root + root;
	if (strcmp(rest, "/") == 0)
		rest = "";
	snprintf(ret, size, "%s%s",
		 strcmp(one->point, "/") == 0 && rest[0] != '\0' ? ""
								 : one->point,
		 rest);
	return true;
}

static bool
by_configuration(const struct firn_target *target,
		 const struct firn_mount *mount, char *ret, size_t size)
{
	const json_t *one;
	size_t i;

	json_array_foreach(target->config_mounts, i, one) {
		const char *to = firn_json_string(one, "destination", NULL);
		const char *from = firn_json_string(one, "source", NULL);

		if (to == NULL || from == NULL || from[0] != '/' ||
		    strcmp(to, mount->point) != 0)
			continue;
		snprintf(ret, size, "%s", from);
		return true;
	}
	return false;
}

bool
firn_origin_of(const struct firn_origins *origins,
	       const struct firn_target *target, const struct firn_mount *mount,
	       char *ret, size_t size)
{
	return by_kernel(&origins->first, mount, ret, size) ||
	       by_kernel(&origins->ours, mount, ret, size) ||
	       by_configuration(target, mount, ret, size);
}
