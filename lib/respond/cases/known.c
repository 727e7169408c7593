#include "respond/cases/known.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"

static void
forget(struct firn_known_one *one)
{
	free(one->container_id);
	firn_target_close(&one->target);
	*one = (struct firn_known_one){ 0 };
}

static bool
runs(const struct firn_target *target)
{
	struct pollfd init = { .fd = target->init_pidfd, .events = POLLIN };

	return target->init_pidfd >= 0 && poll(&init, 1, 0) == 0;
}

static struct firn_known_one *
find(struct firn_known *known, const char *container_id)
{
	for (size_t i = 0; i < FIRN_KNOWN_MAX; i++) {
		struct firn_known_one *one = &known->ones[i];

		if (one->container_id != NULL &&
		    strcmp(one->container_id, container_id) == 0)
			return one;
	}
	return NULL;
}

const struct firn_target *
firn_known_target(struct firn_known *known, const char *container_id)
{
	struct firn_known_one *one = find(known, container_id);

	if (one == NULL || runs(one->target))
		return one != NULL ? one->target : NULL;
	forget(one);
	return NULL;
}

void
firn_known_add(struct firn_known *known, const char *container_id,
	       struct firn_target **target)
{
	struct firn_known_one *one = find(known, container_id);

	if (one == NULL) {
		one = &known->ones[known->next];
		known->next = (known->next + 1) % FIRN_KNOWN_MAX;
	}
	forget(one);
	one->container_id = strdup(container_id);
	if (one->container_id != NULL)
		one->target = firn_steal(*target);
}

static bool
is_listed(const struct firn_known *known, const char *container_id)
{
	size_t len = strlen(container_id), i;
	const json_t *id;

	json_array_foreach(known->ids, i, id) {
		if (strncmp(json_string_value(id), container_id, len) == 0)
			return true;
	}
	return false;
}

enum firn_known_as
firn_known_id(struct firn_known *known, const char *container_id,
	      uint64_t since_ns)
{
	if (is_listed(known, container_id) ||
	    firn_known_target(known, container_id) != NULL)
		return FIRN_KNOWN_TO_RUN;
	return known->ids != NULL && since_ns < known->ids_ns
		       ? FIRN_KNOWN_TO_BE_NOBODY
		       : FIRN_NOT_KNOWN;
}

void
firn_known_look(struct firn_known *known, const struct firn_host *host)
{
	struct firn_err none = { 0 };

	/* One that fails tells nothing, and what an earlier one told is old. */
	json_decref(known->ids);
	known->ids = NULL;
	known->ids_ns = firn_boot_ns();
	(void)!firn_target_ids(host, &known->ids, &none);
}

int
firn_known_wait_ms(const struct firn_known *known)
{
	uint64_t since_ms = (firn_boot_ns() - known->ids_ns) / 1000000;

	return known->ids_ns == 0 || since_ms >= FIRN_KNOWN_LOOK_MS
		       ? 0
		       : FIRN_KNOWN_LOOK_MS - (int)since_ms;
}

void
firn_known_free(struct firn_known *known)
{
	for (size_t i = 0; i < FIRN_KNOWN_MAX; i++)
		forget(&known->ones[i]);
	json_decref(known->ids);
	*known = (struct firn_known){ 0 };
}
