#ifndef EVIDENCE_SEEN_H
#define EVIDENCE_SEEN_H

/*
 * seen -- members that were found in an archive, and that no signed list has
 * spoken of yet; in their order, and to be found by path.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "firn/err.h"

/* A member as it was found. */
struct firn_seen {
	char *path;            /* NULL: it's settled */
	uint64_t size, offset; /* offset: of the frame it begins in */
	uint64_t hash;
	unsigned char sha256[FIRN_SHA256];
	bool whole; /* nothing of it is missing; its digest is one */
};

struct firn_seen_list {
	struct firn_seen *all;
	size_t n, max, settled;
	size_t carried;   /* a checkpoint passed over the first so many */
	uint32_t *places; /* of a hash; index + 1, or 0 */
	size_t n_places;
};

void firn_seen_free(struct firn_seen_list *list);

/* firn_seen_add(list, member, err) -- takes its path. */
FIRN_MUST_CHECK int firn_seen_add(struct firn_seen_list *list,
				  struct firn_seen *member,
				  struct firn_err *err);

/* firn_seen_find(list, path, ret, err) -- `*ret` is NULL if there's none, and
 * valid until the next firn_seen_add() or firn_seen_tidy(). */
FIRN_MUST_CHECK int firn_seen_find(struct firn_seen_list *list,
				   const char *path, struct firn_seen **ret,
				   struct firn_err *err);

/* firn_seen_settle(list, member) -- its fate is known. */
void firn_seen_settle(struct firn_seen_list *list, struct firn_seen *member);

/* firn_seen_tidy(list) -- make room of those that are settled. */
void firn_seen_tidy(struct firn_seen_list *list);

#endif
