#include <stdlib.h>

#include "collect/network.h"

/* How many sockets are compared: 32 MiB of them. */
#define INODES_MAX ((size_t)4 << 20)

void
firn_inodes_add(struct firn_inodes *inodes, uint64_t inode)
{
	if (inode == 0 || inodes->cut)
		return;
	if (inodes->n == inodes->size) {
		size_t size = inodes->size != 0 ? 2 * inodes->size : 1024;
		uint64_t *more =
			size > INODES_MAX
				? NULL
				: realloc(inodes->items, size * sizeof(*more));

		if (more == NULL) {
			inodes->cut = true;
			return;
		}
		inodes->items = more;
		inodes->size = size;
	}
	inodes->items[inodes->n++] = inode;
}

static int
ascending(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

void
firn_inodes_sort(struct firn_inodes *inodes)
{
	if (inodes->n > 1)
		qsort(inodes->items, inodes->n, sizeof(*inodes->items),
		      ascending);
}

bool
firn_inodes_have(const struct firn_inodes *inodes, uint64_t inode)
{
	return inodes->n > 0 && bsearch(&inode, inodes->items, inodes->n,
					sizeof(inode), ascending) != NULL;
}

void
firn_inodes_free(struct firn_inodes *inodes)
{
	free(inodes->items);
	*inodes = (struct firn_inodes){ 0 };
}
