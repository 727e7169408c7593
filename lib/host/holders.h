#ifndef HOST_HOLDERS_H
#define HOST_HOLDERS_H

/*
 * holders -- which process holds which socket, by the links "socket:[INODE]" of
 * /proc/PID/fd.
 *
 * Source: proc_pid_fd(5), kcmp(2).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"
#include "firn/host.h"

struct firn_holder {
	uint64_t inode;
	pid_t pid;
	int fd;
};

/* Starts as `{ 0 }`.  Sorted by inode, pid, descriptor once looked up. */
struct firn_holders {
	struct firn_holder *items;
	size_t n, size;
	bool cut;    /* there are more than were taken */
	bool sorted; /* until something is added */
};

/*
 * firn_holders_add(holders, host, pid, err) -- the sockets of one process, also
 * those of its threads that have a table of descriptors of their own.
 *
 * A process that is gone has none.  Release with firn_holders_free().
 */
FIRN_MUST_CHECK int firn_holders_add(struct firn_holders *holders,
				     const struct firn_host *host, pid_t pid,
				     struct firn_err *err);
void firn_holders_free(struct firn_holders *holders);

/* firn_holders_of(holders, inode, ret_n) -- who holds it; NULL for nobody. */
const struct firn_holder *firn_holders_of(struct firn_holders *holders,
					  uint64_t inode, size_t *ret_n);

#endif
