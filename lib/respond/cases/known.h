#ifndef RESPOND_CASES_KNOWN_H
#define RESPOND_CASES_KNOWN_H

/*
 * known -- containers that alerts were about lately, and which ids are
 * nobody's.
 *
 * To find a container takes tens of milliseconds on a full node.  An intruder
 * who is noisy, and a sender who is wrong about this node, send thousands of
 * alerts: those must not keep the one behind them waiting.
 */

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"
#include "firn/target.h"

#define FIRN_KNOWN_MAX 128

struct firn_known {
	struct firn_known_one {
		char *container_id; /* as alerts have it */
		struct firn_target *target;
	} ones[FIRN_KNOWN_MAX];
	size_t next;     /* to be forgotten */
	json_t *ids;     /* all that ran at some time, or NULL, */
	uint64_t ids_ns; /* which was then, by firn_boot_ns() */
};

/* firn_known_target(known, container_id) -- the container that was found by
 * this, if it runs; borrowed, and not for acting upon.  NULL if none was. */
const struct firn_target *firn_known_target(struct firn_known *known,
					    const char *container_id);

/* firn_known_add(known, container_id, target) -- it was found; `*target` is
 * taken. */
void firn_known_add(struct firn_known *known, const char *container_id,
		    struct firn_target **target);

/* firn_known_nobody(known, container_id, since_ns) -- is it known that no
 * container had such an id at that time, by firn_boot_ns()? */
bool firn_known_nobody(const struct firn_known *known, const char *container_id,
		       uint64_t since_ns);

/* firn_known_look(known, host) -- see which ids there are now. */
void firn_known_look(struct firn_known *known, const struct firn_host *host);
void firn_known_free(struct firn_known *known);

#endif
