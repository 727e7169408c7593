#ifndef COLLECT_RECORDS_H
#define COLLECT_RECORDS_H

/*
 * records -- files of the host that speak of the target, copied whole.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/host.h"

/* What became of one. */
struct firn_record_copy {
	bool stored;    /* false: a gap was recorded */
	uint64_t size;  /* bytes, when it was opened */
	uint64_t bytes; /* that are real */
	struct timespec modified;
};

/*
 * firn_record_store(host, archive, source, member, ret, err) -- copy the file
 * of the host that `source->source` names into the archive as `member`.
 *
 * As large as it is when it is opened: a log may grow meanwhile.
 */
FIRN_MUST_CHECK int firn_record_store(const struct firn_host *host,
				      struct firn_archive *archive,
				      const struct firn_member_source *source,
				      const char *member,
				      struct firn_record_copy *ret,
				      struct firn_err *err);

#endif
