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
	json_t *ids;     /* all that ran at the last look; NULL if it failed */
	uint64_t ids_ns; /* when that was, by firn_boot_ns(); 0: never */
};

/* firn_known_target(known, container_id) -- the container that was found by
 * this, if it runs; borrowed, and not for acting upon.  NULL if none was. */
const struct firn_target *firn_known_target(struct firn_known *known,
					    const char *container_id);

/* firn_known_add(known, container_id, target) -- it was found; `*target` is
 * taken. */
void firn_known_add(struct firn_known *known, const char *container_id,
		    struct firn_target **target);

enum firn_known_as {
	FIRN_KNOWN_TO_RUN,
	FIRN_KNOWN_TO_BE_NOBODY,
	FIRN_NOT_KNOWN, /* a look would tell */
};

/* firn_known_id(known, container_id, since_ns) -- what is known of an id, or
 * the beginning of one, of a container that ran at that time, by
 * firn_boot_ns()? */
enum firn_known_as firn_known_id(struct firn_known *known,
				 const char *container_id, uint64_t since_ns);

/*
 * firn_known_look(known, host) -- see which ids there are now; what it takes
 * the time of finding one.
 *
 * firn_known_wait_ms(known) -- how long until the next look should be, so that
 * most of the time is left for containers that are known; 0 for now.
 */
#define FIRN_KNOWN_LOOK_MS 100
void firn_known_look(struct firn_known *known, const struct firn_host *host);
int firn_known_wait_ms(const struct firn_known *known);
void firn_known_free(struct firn_known *known);

#endif
