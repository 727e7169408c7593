#include "contain/watch/cpu_used.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/io.h"
#include "contain/freeze/freezer.h"
#include "contain/freeze/tasks.h"
#include "host/proc.h"

#define NAP_NS 300000
#define NAPS 60

static int
of_cgroup(const struct firn_cgroup *cgroup, uint64_t *ret_us,
	  struct firn_err *err)
{
	static const char key[] = "usage_usec ";
	autofree char *text = NULL;
	const char *line;

	if (firn_read_at(cgroup->dir_fd, "cpu.stat", 65536, &text, NULL, err) <
	    0)
		return -1;
	line = strstr(text, key);
	if (line == NULL)
		return firn_err_set(err, EBADMSG, "cpu.stat has no usage_usec");
	*ret_us = strtoull(line + strlen(key), NULL, 10);
	return 0;
}

static int
of_threads(const struct firn_target *target, const struct firn_cgroup *cgroup,
	   uint64_t *ret_us, struct firn_err *err)
{
	autotasks struct firn_tasks tasks = { 0 };
	uint64_t ns = 0;

	if (firn_tasks_list(cgroup->dir_fd, "tasks", &tasks, err) < 0)
		return -1;
	for (size_t i = 0; i < tasks.n; i++) {
		autofree char *text = NULL;
		size_t len;

		if (firn_proc_read(target->host, tasks.items[i], "schedstat",
				   4096, &text, &len, err) < 0)
			return -1;
		ns += strtoull(text, NULL, 10);
	}
	*ret_us = ns / 1000;
	return 0;
}

int
firn_cpu_used(const struct firn_target *target, uint64_t *ret_us,
	      struct firn_err *err)
{
	const struct firn_cgroup *v2 = firn_freezer_cgroup(target, FIRN_V2);
	const struct firn_cgroup *v1 = firn_freezer_cgroup(target, FIRN_V1);

	if (v2 != NULL)
		return of_cgroup(v2, ret_us, err);
	if (v1 != NULL)
		return of_threads(target, v1, ret_us, err);
	return firn_err_set(err, ENOTSUP, "it has no cgroup");
}

int
firn_cpu_settled(const struct firn_target *target, uint64_t *ret_us,
		 struct firn_err *err)
{
	static const struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t before;

	if (firn_cpu_used(target, ret_us, err) < 0)
		return -1;
	for (int i = 0; i < NAPS; i++) {
		before = *ret_us;
		nanosleep(&nap, NULL);
		if (firn_cpu_used(target, ret_us, err) < 0)
			return -1;
		if (*ret_us == before)
			break;
	}
	return 0;
}
