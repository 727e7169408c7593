#include <stdlib.h>
#include <string.h>

#include "assess/archived.h"

/*
 * archived_raw -- bytes that are no file: what memory, sockets and pipes held.
 */

#define MEMORY "data/memory/"

/* Bytes that are no file: what memory, sockets and pipes held.  Of a
 * connection, what is on its way out is as good as gone. */
static const struct raw {
	const char *begin, *end;
	const char *where, *readable_by;
	enum firn_readers readers;
} raws[] = {
	{ MEMORY, "", "memory", "its user, and root in the container",
	  FIRN_READERS_USER },
	{ "data/network/queues/", ".send", "data on its way out",
	  "whoever is at the other end of the connection", FIRN_READERS_SENT },
	{ "data/network/queues/", ".recv", "data that came in",
	  "its user, and root in the container", FIRN_READERS_USER },
	{ "data/processes/pipes/", "", "pipe",
	  "the users at its ends, and root in the container",
	  FIRN_READERS_USER },
};

static const struct raw *
raw_of(const char *member)
{
	for (size_t i = 0; i < sizeof(raws) / sizeof(raws[0]); i++) {
		size_t len = strlen(member), end = strlen(raws[i].end);

		if (strncmp(member, raws[i].begin, strlen(raws[i].begin)) ==
			    0 &&
		    len >= end && strcmp(member + len - end, raws[i].end) == 0)
			return &raws[i];
	}
	return NULL;
}

bool
firn_archived_is_raw(const char *member)
{
	return raw_of(member) != NULL;
}

int
firn_archived_raw(struct firn_archived *archived, const char *member,
		  uint64_t size, struct firn_err *err)
{
	const struct raw *raw = raw_of(member);
	const struct firn_secret_place place = {
		.where = raw->where,
		.pid = strcmp(raw->begin, MEMORY) == 0
			       ? atoi(member + strlen(MEMORY))
			       : 0,
		.readable_by = raw->readable_by,
		.readers = raw->readers,
	};

	/* Names are for files. */
	return firn_archived_file(archived, member, size > 0 ? UINT64_MAX : 0,
				  &place, err);
}
