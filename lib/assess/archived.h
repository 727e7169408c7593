#ifndef ASSESS_ARCHIVED_H
#define ASSESS_ARCHIVED_H

/*
 * archived -- where secrets may be in an archive, apart from the environments
 * and command lines of processes: the container's files, its configuration,
 * its logs, what only processes held, memory.
 */

#include "assess/contents.h"
#include "evidence/entries.h"
#include "firn/reader.h"

struct firn_archived {
	struct firn_checklist *list;
	struct firn_reader *reader;
	struct firn_contents contents;
	json_t *points; /* by the number of a mount: where it is */
	char bytes[65536];
};

FIRN_MUST_CHECK int firn_archived_open(struct firn_archived *ret,
				       struct firn_checklist *list,
				       struct firn_reader *reader,
				       struct firn_err *err);
void firn_archived_close(struct firn_archived *archived);

/* firn_archived_member(archived, path, size, err) -- the reader is at this
 * member; of one that holds nothing to look at, nothing is read. */
FIRN_MUST_CHECK int firn_archived_member(struct firn_archived *archived,
					 const char *path, uint64_t size,
					 struct firn_err *err);

#endif
