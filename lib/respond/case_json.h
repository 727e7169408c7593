#ifndef RESPOND_CASE_JSON_H
#define RESPOND_CASE_JSON_H

/*
 * case_json -- data/case.json: who took what, from which machine, by which
 * clock, and with which firn.
 */

#include <jansson.h>

#include "firn/capture.h"

/* firn_case_json(target, how) -- a new object; what can't be had of the
 * machine is null in it.  NULL when there is no memory. */
json_t *firn_case_json(const struct firn_target *target,
		       const struct firn_capture *how);

#endif
