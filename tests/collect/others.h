#ifndef TESTS_COLLECT_OTHERS_H
#define TESTS_COLLECT_OTHERS_H

/*
 * others -- a stand-in for the collector that is built elsewhere.
 */

#include "collect/collectors.h"

const struct firn_collector firn_collect_network = {
	.name = "network",
	.summary = "a stand-in",
	.source = "this test",
	.volatility = FIRN_LOST_IN_SECONDS,
};

#endif
