#include "evidence/paths.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "evidence/format.h"

/* The first bit of a key tells a folder from a member; an empty place is all
 * zeros. */
struct key {
	unsigned char bytes[16];
};

void
firn_paths_free(struct firn_paths *paths)
{
	free(paths->keys);
	*paths = (struct firn_paths){ 0 };
}

static int
make_key(const char *path, size_t len, bool folder, struct key *ret,
	 struct firn_err *err)
{
	unsigned char digest[FIRN_SHA256];

	if (firn_sha256(path, len, digest, err) < 0)
		return -1;
	memcpy(ret->bytes, digest, sizeof(ret->bytes));
	ret->bytes[0] = (unsigned char)((digest[0] & 0xfe) | folder);
	return 0;
}

static bool
is_empty(const unsigned char place[16])
{
	static const unsigned char empty[16];

	return memcmp(place, empty, sizeof(empty)) == 0;
}

/* Where the key is, or would be. */
static size_t
place_of(const struct firn_paths *paths, const struct key *key)
{
	size_t i;

	memcpy(&i, key->bytes + 8, sizeof(i));
	for (;; i++) {
		i &= paths->size - 1;
		if (is_empty(paths->keys[i]) ||
		    memcmp(paths->keys[i], key->bytes, 16) == 0)
			return i;
	}
}

static bool
has(const struct firn_paths *paths, const struct key *key)
{
	return paths->size > 0 && !is_empty(paths->keys[place_of(paths, key)]);
}

static int
grow(struct firn_paths *paths, struct firn_err *err)
{
	struct firn_paths larger = { .size = paths->size != 0 ? 2 * paths->size
							      : 256 };

	if (2 * (paths->n + 1) <= paths->size)
		return 0;
	larger.keys = calloc(larger.size, sizeof(*larger.keys));
	if (larger.keys == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < paths->size; i++) {
		struct key key;

		if (is_empty(paths->keys[i]))
			continue;
		memcpy(key.bytes, paths->keys[i], 16);
		memcpy(larger.keys[place_of(&larger, &key)], key.bytes, 16);
	}
	larger.n = paths->n;
	firn_paths_free(paths);
	*paths = larger;
	return 0;
}

static int
add(struct firn_paths *paths, const struct key *key, struct firn_err *err)
{
	if (paths->n == 2 * (size_t)FIRN_MEMBERS_MAX)
		return firn_err_set(err, E2BIG,
				    "more members than an archive holds");
	if (grow(paths, err) < 0)
		return -1;
	memcpy(paths->keys[place_of(paths, key)], key->bytes, 16);
	paths->n++;
	return 0;
}

/* Each folder above: none may be a member. */
static int
add_folders(struct firn_paths *paths, const char *path, struct firn_err *err)
{
	for (const char *c = path; (c = strchr(c, '/')) != NULL; c++) {
		size_t len = (size_t)(c - path);
		struct key key;

		if (make_key(path, len, false, &key, err) < 0)
			return -1;
		if (has(paths, &key))
			return firn_err_set(err, EEXIST, "%s: %.*s is a member",
					    path, (int)len, path);
		key.bytes[0] |= 1;
		if (!has(paths, &key) && add(paths, &key, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_paths_add(struct firn_paths *paths, const char *path, struct firn_err *err)
{
	size_t len = strlen(path);
	struct key member, folder;

	if (make_key(path, len, false, &member, err) < 0 ||
	    make_key(path, len, true, &folder, err) < 0)
		return -1;
	if (has(paths, &member) || has(paths, &folder))
		return firn_err_set(err, EEXIST, "%s is there already", path);
	if (add_folders(paths, path, err) < 0)
		return -1;
	return add(paths, &member, err);
}

int
firn_paths_has(const struct firn_paths *paths, const char *path,
	       struct firn_err *err)
{
	struct key key;

	if (make_key(path, strlen(path), false, &key, err) < 0)
		return -1;
	return has(paths, &key);
}
