#include "base/closest.h"

#include <string.h>

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The optimal string alignment distance, by rows. */
static unsigned
distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	unsigned rows[3][FIRN_CLOSEST_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2], *spare;

	for (size_t k = 0; k <= n_b; k++) {
		before[k] = 0;
		last[k] = (unsigned)k;
	}
	for (size_t i = 1; i <= n_a; i++) {
		row[0] = (unsigned)i;
		for (size_t k = 1; k <= n_b; k++) {
			row[k] = least(least(last[k] + 1, row[k - 1] + 1),
				       last[k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] &&
			    a[i - 2] == b[k - 1])
				row[k] = least(row[k], before[k - 2] + 1);
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[n_b];
}

const char *
firn_closest(const char *word, const char *const *names)
{
	size_t len = strlen(word);
	unsigned best = len <= 4 ? 2 : 3;
	const char *found = NULL;

	if (len < 2 || len > FIRN_CLOSEST_MAX)
		return NULL;
	for (; *names != NULL; names++) {
		size_t n = strlen(*names);
		unsigned far = n <= FIRN_CLOSEST_MAX
				       ? distance(word, len, *names, n)
				       : best;

		if (far < best) {
			best = far;
			found = *names;
		}
	}
	return found;
}
