#ifndef CONTAIN_FORESEE_CONSEQUENCE_H
#define CONTAIN_FORESEE_CONSEQUENCE_H

/*
 * consequence -- one thing that a freeze leads to, and who knows of them.
 */

#include <jansson.h>

#include "firn/err.h"
#include "firn/target.h"

/* It isn't known when. */
#define FIRN_SOME_TIME (-1)

/* firn_consequence_add(list, kind, after_s, fmt, ...) -- one more. */
void firn_consequence_add(json_t *list, const char *kind, long long after_s,
			  const char *fmt, ...) FIRN_PRINTF(4, 5);

/* Each adds what it knows. */
void firn_consequences_of_kernel(const struct firn_target *target,
				 json_t *list);
void firn_consequences_of_memory(const struct firn_target *target,
				 json_t *list);
void firn_consequences_of_docker(const struct firn_target *target,
				 json_t *list);
void firn_consequences_of_podman(const struct firn_target *target,
				 json_t *list);
void firn_consequences_of_containerd(const struct firn_target *target,
				     json_t *list);
void firn_consequences_of_kubelet(const struct firn_target *target,
				  json_t *list);

/* firn_consequence_record(target, name) -- a file that its runtime keeps of it,
 * "config.v2.json"; a new object, NULL if there is none. */
json_t *firn_consequence_record(const struct firn_target *target,
				const char *name);

#endif
