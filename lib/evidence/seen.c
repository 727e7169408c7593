#include "evidence/seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/format.h"

void
firn_seen_free(struct firn_seen_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->all[i].path);
	free(list->all);
	free(list->places);
	*list = (struct firn_seen_list){ 0 };
}

/* Paths may be chosen to collide: a digest's first bytes make that dear. */
static int
hash_path(const char *path, uint64_t *ret, struct firn_err *err)
{
	unsigned char digest[FIRN_SHA256];

	if (firn_sha256(path, strlen(path), digest, err) < 0)
		return -1;
	memcpy(ret, digest, sizeof(*ret));
	return 0;
}

static void
place(struct firn_seen_list *list, size_t i)
{
	size_t at = (size_t)list->all[i].hash;

	while (list->places[at & (list->n_places - 1)] != 0)
		at++;
	list->places[at & (list->n_places - 1)] = (uint32_t)i + 1;
}

static void
place_all(struct firn_seen_list *list)
{
	if (list->n_places == 0)
		return;
	memset(list->places, 0, list->n_places * sizeof(*list->places));
	for (size_t i = 0; i < list->n; i++)
		place(list, i);
}

/* Twice as many places as members. */
static int
grow(struct firn_seen_list *list, struct firn_err *err)
{
	size_t max = list->max != 0 ? 2 * list->max : 256;
	struct firn_seen *all;
	uint32_t *places;

	if (list->n < list->max)
		return 0;
	all = realloc(list->all, max * sizeof(*all));
	if (all == NULL)
		return firn_err_nomem(err);
	list->all = all;
	places = realloc(list->places, 2 * max * sizeof(*places));
	if (places == NULL)
		return firn_err_nomem(err);
	list->places = places;
	list->n_places = 2 * max;
	list->max = max;
	place_all(list);
	return 0;
}

int
firn_seen_add(struct firn_seen_list *list, struct firn_seen *member,
	      struct firn_err *err)
{
	if (list->n == FIRN_MEMBERS_MAX)
		return firn_err_set(err, E2BIG,
				    "more members than an archive holds");
	if (hash_path(member->path, &member->hash, err) < 0 ||
	    grow(list, err) < 0)
		return -1;
	list->all[list->n] = *member;
	member->path = NULL;
	place(list, list->n++);
	return 0;
}

int
firn_seen_find(struct firn_seen_list *list, const char *path,
	       struct firn_seen **ret, struct firn_err *err)
{
	uint64_t hash;
	uint32_t i;

	*ret = NULL;
	if (list->n == 0)
		return 0;
	if (hash_path(path, &hash, err) < 0)
		return -1;
	for (size_t at = (size_t)hash;
	     (i = list->places[at & (list->n_places - 1)]) != 0; at++) {
		struct firn_seen *seen = &list->all[i - 1];

		if (seen->hash == hash && seen->path != NULL &&
		    strcmp(seen->path, path) == 0) {
			*ret = seen;
			return 0;
		}
	}
	return 0;
}

void
firn_seen_settle(struct firn_seen_list *list, struct firn_seen *member)
{
	free(member->path);
	member->path = NULL;
	list->settled++;
}

void
firn_seen_tidy(struct firn_seen_list *list)
{
	size_t kept = 0, carried = 0;

	/* Each is moved as often as one is settled. */
	if (2 * list->settled < list->n)
		return;
	for (size_t i = 0; i < list->n; i++) {
		if (list->all[i].path == NULL)
			continue;
		carried += i < list->carried;
		list->all[kept++] = list->all[i];
	}
	list->n = kept;
	list->carried = carried;
	list->settled = 0;
	place_all(list);
}
