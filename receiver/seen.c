#include "receiver/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST 256
#define MOST 65536

int
firn_seen_open(struct firn_seen *ret, unsigned rate, unsigned window_s,
	       struct firn_err *err)
{
	/* A time stamp may lie a window ahead, and be good for one more; and a
	 * minute's worth can come at once (rate.h). */
	uint64_t size = (uint64_t)rate * (2 * (uint64_t)window_s + 60) / 60;

	if (size < LEAST)
		size = LEAST;
	if (size > MOST)
		size = MOST;
	ret->ring = calloc(size, sizeof(*ret->ring));
	if (ret->ring == NULL)
		return firn_err_nomem(err);
	ret->size = size;
	ret->next = 0;
	return 0;
}

void
firn_seen_close(struct firn_seen *seen)
{
	free(seen->ring);
	*seen = (struct firn_seen){ 0 };
}

const char *
firn_seen_letter(const struct firn_seen *seen,
		 const unsigned char digest[FIRN_SHA256], int64_t now_s)
{
	for (size_t i = 0; i < seen->size; i++)
		if (seen->ring[i].until_s >= now_s &&
		    memcmp(seen->ring[i].digest, digest, FIRN_SHA256) == 0)
			return seen->ring[i].letter;
	return NULL;
}

bool
firn_seen_full(const struct firn_seen *seen, int64_t now_s)
{
	return seen->ring[seen->next].until_s >= now_s;
}

void
firn_seen_add(struct firn_seen *seen, const unsigned char digest[FIRN_SHA256],
	      const char *letter, int64_t until_s)
{
	struct firn_seen_one *one = &seen->ring[seen->next];

	memcpy(one->digest, digest, FIRN_SHA256);
	snprintf(one->letter, sizeof(one->letter), "%s", letter);
	one->until_s = until_s;
	seen->next = (seen->next + 1) % seen->size;
}
