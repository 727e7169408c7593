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

/* Within: */

/* firn_archived_file(archived, member, size, place, err) -- what the member
 * holds, as a file of the container at that place. */
FIRN_MUST_CHECK int firn_archived_file(struct firn_archived *archived,
				       const char *member, uint64_t size,
				       const struct firn_secret_place *place,
				       struct firn_err *err);

/* firn_archived_is_raw(member) -- is it what memory, a socket or a pipe held?
 * Then firn_archived_raw() looks through it. */
bool firn_archived_is_raw(const char *member);
FIRN_MUST_CHECK int firn_archived_raw(struct firn_archived *archived,
				      const char *member, uint64_t size,
				      struct firn_err *err);

#endif
