#ifndef COLLECT_JSON_STREAM_H
#define COLLECT_JSON_STREAM_H

/*
 * json_stream -- JSON that grows object by object, in bounded memory.
 */

#include <stdbool.h>

#include <jansson.h>

#include "base/spool.h"
#include "firn/err.h"

/*
 * firn_json_stream_add(spool, object, err) -- one object on a line of its own.
 *
 * Takes the object over, also on failure.
 */
FIRN_MUST_CHECK int firn_json_stream_add(struct firn_spool *spool,
					 json_t *object, struct firn_err *err);

/* firn_json_array_add(spool, object, err) -- the same, as an element of an
 * array that firn_json_array_end() closes. */
FIRN_MUST_CHECK int firn_json_array_add(struct firn_spool *spool,
					json_t *object, struct firn_err *err);
FIRN_MUST_CHECK int firn_json_array_end(struct firn_spool *spool,
					struct firn_err *err);

#endif
