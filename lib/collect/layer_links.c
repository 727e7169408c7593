#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "collect/layer_entry.h"

/*
 * layer_links -- hard links: names of one inode.
 *
 * A table of inodes with open addressing; the paths lie in a spool.
 */

/* Beyond this many the names that come are stored as files of their own. */
#define LINKS_MAX ((size_t)1 << 20)

struct slot {
	uint64_t inode; /* 0: empty; no filesystem numbers from 0 */
	uint64_t offset;
};

struct firn_layer_links {
	struct slot *slots;
	size_t n, size; /* size is a power of two */
	struct firn_spool paths;
};

static struct slot *
slot_of(const struct firn_layer_links *links, uint64_t inode)
{
	size_t at = (size_t)(inode * 0x9e3779b97f4a7c15u) & (links->size - 1);

	while (links->slots[at].inode != 0 && links->slots[at].inode != inode)
		at = (at + 1) & (links->size - 1);
	return &links->slots[at];
}

static int
grow(struct firn_layer_links *links, struct firn_err *err)
{
	struct firn_layer_links more = { .size = links->size * 2 };

	more.slots = calloc(more.size, sizeof(*more.slots));
	if (more.slots == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < links->size; i++) {
		if (links->slots[i].inode != 0)
			*slot_of(&more, links->slots[i].inode) =
				links->slots[i];
	}
	free(links->slots);
	links->slots = more.slots;
	links->size = more.size;
	return 0;
}

static int
create(struct firn_layer_links **ret, struct firn_err *err)
{
	struct firn_layer_links *links = calloc(1, sizeof(*links));

	if (links == NULL)
		return firn_err_nomem(err);
	*ret = links;
	links->size = 256;
	links->paths = firn_spool_init(AT_FDCWD);
	links->slots = calloc(links->size, sizeof(*links->slots));
	return links->slots == NULL ? firn_err_nomem(err) : 0;
}

static int
path_at(const struct firn_layer_links *links, uint64_t offset, char **ret,
	struct firn_err *err)
{
	autofree char *path = NULL;
	size_t len;

	if (firn_spool_read(&links->paths, offset, &len, sizeof(len), err) < 0)
		return -1;
	path = malloc(len + 1);
	if (path == NULL)
		return firn_err_nomem(err);
	if (firn_spool_read(&links->paths, offset + sizeof(len), path, len,
			    err) < 0)
		return -1;
	path[len] = '\0';
	*ret = firn_steal(path);
	return 0;
}

int
firn_layer_link(struct firn_layer *layer, uint64_t inode, const char *path,
		char **ret, struct firn_err *err)
{
	struct firn_layer_links *links;
	size_t len = strlen(path);
	struct slot *slot;

	*ret = NULL;
	if (layer->links == NULL && create(&layer->links, err) < 0)
		return -1;
	links = layer->links;
	slot = slot_of(links, inode);
	if (slot->inode == inode)
		return path_at(links, slot->offset, ret, err);
	if (links->n == LINKS_MAX)
		return 0;
	*slot = (struct slot){ inode, links->paths.size };
	if (firn_spool_add(&links->paths, &len, sizeof(len), err) < 0 ||
	    firn_spool_add(&links->paths, path, len, err) < 0)
		return -1;
	links->n++;
	return links->n * 2 > links->size ? grow(links, err) : 0;
}

void
firn_layer_links_free(struct firn_layer_links **links)
{
	if (*links == NULL)
		return;
	firn_spool_free(&(*links)->paths);
	free((*links)->slots);
	free(*links);
	*links = NULL;
}
