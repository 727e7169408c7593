#ifndef ASSESS_READER_CHILD_H
#define ASSESS_READER_CHILD_H

/*
 * reader_child -- what the child of a reader does.
 *
 * Over the socket it sends notes, and gets back a byte for each slot that may
 * be filled again.
 */

#include "assess/memory/reader.h"

#define FIRN_MEMORY_SLOT ((size_t)1 << 20)
#define FIRN_MEMORY_SLOTS 4u

/* What a note may be besides, between the two. */
enum firn_memory_more {
	FIRN_MEMORY_ALIVE = 100, /* nothing yet, but it's coming on */
	FIRN_MEMORY_END,
	FIRN_MEMORY_FAILED, /* all of it: `code`, `path` */
};

struct firn_memory_task {
	int socket, process_fd;
	char *slots;
	uint64_t from;
	const struct firn_memory_files *files;
};

/* firn_memory_read_all(task) -- in a child that was forked for it; allocates
 * nothing. */
_Noreturn void firn_memory_read_all(const struct firn_memory_task *task);

#endif
