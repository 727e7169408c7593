#ifndef RESPOND_CASES_CONTAIN_RESULT_H
#define RESPOND_CASES_CONTAIN_RESULT_H

/*
 * contain_result -- of all that a capture says, what a case's diary keeps; the
 * archive has the rest.
 */

#include <jansson.h>

#include "firn/playbook.h"

/* firn_contain_result(said, kind) -- what concerns a step of this kind: a new
 * object.  `said` is as firn_capture() has it. */
json_t *firn_contain_result(const json_t *said, enum firn_step_kind kind);

#endif
