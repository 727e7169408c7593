#ifndef ASSESS_VERDICT_H
#define ASSESS_VERDICT_H

/*
 * verdict -- all checks, and what follows from them.
 */

#include "assess/exposure/view.h"

/* firn_verdict(view) -- a new object: "verdict", "exposed", "exposed_from",
 * "reasons" (strongest first) and "unknown", as firn/exposure.h has them. */
json_t *firn_verdict(const struct firn_view *view);

#endif
