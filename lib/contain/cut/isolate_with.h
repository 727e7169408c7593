#ifndef CONTAIN_CUT_ISOLATE_WITH_H
#define CONTAIN_CUT_ISOLATE_WITH_H

/*
 * isolate_with -- isolate, by chosen methods.
 */

#include "contain/cut/cut.h"

/* firn_isolate_with(..., methods, ...) -- as firn_isolate_part(), but on an
 * interface only these methods, in this order; ends with NULL.  An older
 * kernel's choice can be seen so on a newer one. */
FIRN_MUST_CHECK int firn_isolate_with(struct firn_target *target,
				      struct firn_ledger *ledger,
				      const struct firn_isolation *how,
				      enum firn_isolate_part part,
				      const struct firn_method *const *methods,
				      json_t **ret, struct firn_err *err);

#endif
