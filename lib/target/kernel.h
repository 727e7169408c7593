#ifndef TARGET_KERNEL_H
#define TARGET_KERNEL_H

/*
 * kernel -- what the kernel alone says of the containers on a node: its
 * processes, grouped by the container that their control groups name.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"
#include "firn/host.h"
#include "host/cgroup.h"

struct kernel_process {
	pid_t pid, ppid;
	uint64_t start_ticks;
	char comm[64];
	char *v2, *freezer; /* its control groups; "" without the hierarchy */
	bool contained;     /* one of them names a container */
};

/* The processes whose control groups name one container. */
struct kernel_group {
	char id[72];
	char *v2, *freezer; /* up to the component that names it; NULL where no
			     * process was seen in such a one */
	pid_t *pids;        /* ascending */
	size_t n_pids;
};

struct kernel {
	struct kernel_process *processes; /* sorted by pid, no kernel threads */
	size_t n_processes;
	struct kernel_group *groups; /* sorted by id */
	size_t n_groups;
};

/* kernel_scan(host, ret, err) -- one pass over /proc.  A process that goes
 * meanwhile is left out. */
FIRN_MUST_CHECK int kernel_scan(const struct firn_host *host,
				struct kernel *ret, struct firn_err *err);
void kernel_free(struct kernel *kernel);

/* kernel_process(kernel, pid) and kernel_group(kernel, id) -- NULL if none. */
const struct kernel_process *kernel_process(const struct kernel *kernel,
					    pid_t pid);
const struct kernel_group *kernel_group(const struct kernel *kernel,
					const char *id);

/* kernel_is_live(host) -- is it a running kernel's proc(5), not a record? */
bool kernel_is_live(const struct firn_host *host);

/*
 * kernel_args(host, pid, ret, ret_n, err) -- the arguments of a process.
 *
 * `*ret` is one piece of memory for the caller to free(3): an array of
 * `*ret_n` strings.  At most 64 KiB of them are read.
 */
FIRN_MUST_CHECK int kernel_args(const struct firn_host *host, pid_t pid,
				char ***ret, size_t *ret_n,
				struct firn_err *err);

#endif
