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

const struct firn_target *
firn_known_target(struct firn_known *known, const char *container_id)
{
	for (size_t i = 0; i < FIRN_KNOWN_MAX; i++) {
		struct firn_known_one *one = &known->ones[i];

		if (one->container_id == NULL ||
		    strcmp(one->container_id, container_id) != 0)
			continue;
		if (runs(one->target))
			return one->target;
		forget(one);
		return NULL;
	}
	return NULL;
}

void
firn_known_add(struct firn_known *known, const char *container_id,
	       struct firn_target **target)
{
	struct firn_known_one *one = &known->ones[known->next];

	known->next = (known->next + 1) % FIRN_KNOWN_MAX;
	forget(one);
	one->container_id = strdup(container_id);
	if (one->container_id != NULL)
		one->target = firn_steal(*target);
}

bool
firn_known_nobody(const struct firn_known *known, const char *container_id,
		  uint64_t since_ns)
{
	size_t len = strlen(container_id), i;
	const json_t *id;

	if (known->ids == NULL || since_ns >= known->ids_ns)
		return false;
	json_array_foreach(known->ids, i, id) {
		if (strncmp(json_string_value(id), container_id, len) == 0)
			return false;
	}
	return true;
}

void
firn_known_look(struct firn_known *known, const struct firn_host *host)
{
	uint64_t now_ns = firn_boot_ns();
	struct firn_err none = { 0 };
	json_t *ids = NULL;

	if (firn_target_ids(host, &ids, &none) < 0)
		return;
	json_decref(known->ids);
	known->ids = ids;
	known->ids_ns = now_ns;
}

void
firn_known_free(struct firn_known *known)
{
	for (size_t i = 0; i < FIRN_KNOWN_MAX; i++)
		forget(&known->ones[i]);
	json_decref(known->ids);
	*known = (struct firn_known){ 0 };
}
