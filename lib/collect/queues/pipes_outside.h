#ifndef COLLECT_PIPES_OUTSIDE_H
#define COLLECT_PIPES_OUTSIDE_H

/*
 * pipes_outside -- who on the host reads what the target writes.
 */

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"

/*
 * firn_pipes_outside(host, wanted, err) -- look for those who read pipes.
 *
 * `wanted` is an object of pipes, with the inode of each as the key; one that
 * was found gets its "pid", "tid" and "fd", "reads" and "outside" true.  Named
 * ones are not looked for.  At most 3 s, then ETIMEDOUT.
 */
FIRN_MUST_CHECK int firn_pipes_outside(const struct firn_host *host,
				       json_t *wanted, struct firn_err *err);

#endif
