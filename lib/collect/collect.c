#include "firn/collect.h"

#include <errno.h>
#include <string.h>

#include "collect/collectors.h"

/* Its place in the order is kept. */
static const struct firn_collector memory = {
	.name = "memory",
	.summary = "memory of every process, as ELF cores",
	.source = "elf(5), core(5)",
	.volatility = FIRN_LOST_WITH_PROCESS,
	.collect = NULL,
};

static const struct firn_collector *const collectors[] = {
	&firn_collect_network, &firn_collect_processes,  &memory,
	&firn_collect_mounts,  &firn_collect_filesystem, &firn_collect_logs,
	&firn_collect_runtime, &firn_collect_host,       &firn_collect_packages,
};

#define N_COLLECTORS (sizeof(collectors) / sizeof(collectors[0]))

const struct firn_collector *const *
firn_collectors(size_t *ret_n)
{
	*ret_n = N_COLLECTORS;
	return collectors;
}

static const struct firn_collector *
named(const char *name)
{
	for (size_t i = 0; i < N_COLLECTORS; i++) {
		if (strcmp(collectors[i]->name, name) == 0)
			return collectors[i];
	}
	return NULL;
}

/* Nothing is read before every name is known to be one. */
static int
check_names(const char *const *only, size_t n_only, struct firn_err *err)
{
	for (size_t i = 0; i < n_only; i++) {
		const struct firn_collector *collector = named(only[i]);

		if (collector == NULL)
			return firn_err_set(err, EINVAL,
					    "%s is not a collector", only[i]);
		if (collector->collect == NULL)
			return firn_err_set(err, ENOTSUP, "%s is not built yet",
					    only[i]);
	}
	return 0;
}

static bool
is_wanted(const struct firn_collector *collector, const char *const *only,
	  size_t n_only)
{
	if (collector->collect == NULL)
		return false;
	for (size_t i = 0; i < n_only; i++) {
		if (strcmp(collector->name, only[i]) == 0)
			return true;
	}
	return n_only == 0;
}

int
firn_collect(const struct firn_target *target,
	     const struct firn_collection *what, const char *const *only,
	     size_t n_only, struct firn_archive *archive, struct firn_err *err)
{
	if (check_names(only, n_only, err) < 0)
		return -1;
	for (size_t i = 0; i < N_COLLECTORS; i++) {
		const struct firn_collector *collector = collectors[i];

		if (!is_wanted(collector, only, n_only))
			continue;
		if (collector->collect(target, what, archive, err) < 0 ||
		    firn_archive_checkpoint(archive, err) < 0)
			return firn_err_in(err, "%s", collector->name);
	}
	return 0;
}
