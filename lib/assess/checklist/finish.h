#ifndef ASSESS_FINISH_H
#define ASSESS_FINISH_H

/*
 * finish -- what an item says once all its places are known.
 */

#include <jansson.h>

#include "assess/rules/rules.h"
#include "firn/err.h"

/* firn_item_describe(item, rule, err) -- "kind", "title", "provider",
 * "priority", "confidence". */
FIRN_MUST_CHECK int firn_item_describe(json_t *item,
				       const struct firn_rule *rule,
				       struct firn_err *err);

/*
 * firn_item_finish(item, rule, err) -- also "expires", "readers" (the widest of
 * its places) and "guide", with the placeholders filled.
 *
 * `rule` NULL is one that these rules don't know: what stands in an archive is
 * not taken for a guide.  Nor is anything else there that is decided here.
 */
FIRN_MUST_CHECK int firn_item_finish(json_t *item, const struct firn_rule *rule,
				     struct firn_err *err);

#endif
