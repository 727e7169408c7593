#ifndef TESTS_COLLECT_OTHERS_H
#define TESTS_COLLECT_OTHERS_H

/*
 * others -- stand-ins for collectors and stations that are built elsewhere.
 * Weak: once they are linked, they are what is tested.
 */

#include <jansson.h>

#include "firn/collect.h"
#include "firn/target.h"

#define STAND_IN(NAME, VOLATILITY)                              \
	extern const struct firn_collector firn_collect_##NAME; \
	__attribute__((weak))                                   \
	const struct firn_collector firn_collect_##NAME = {     \
		.name = #NAME,                                  \
		.summary = "a stand-in",                        \
		.source = "this test",                          \
		.volatility = VOLATILITY                        \
	}

STAND_IN(network, FIRN_LOST_IN_SECONDS);
STAND_IN(mounts, FIRN_LOST_WITH_CONTAINER);
STAND_IN(filesystem, FIRN_LOST_WITH_CONTAINER);

__attribute__((weak)) json_t *
firn_target_json(const struct firn_target *it)
{
	return json_pack("{s:s?}", "id", it->id);
}

#endif
