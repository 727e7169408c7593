#ifndef HOST_LANDLOCK_H
#define HOST_LANDLOCK_H

/*
 * landlock -- what of the filesystem and the network this process can still
 * reach, from here on and for good.
 */

#include <stddef.h>
#include <stdint.h>

#include "firn/err.h"

enum firn_reach {
	FIRN_REACH_READ = 1, /* read files and list folders */
	FIRN_REACH_PUT = 2,  /* make, write, rename and remove regular files */
};

struct firn_reach_path {
	const char *path; /* a file, or a folder with all that is in it */
	unsigned reach;   /* of enum firn_reach */
};

struct firn_landlock {
	const struct firn_reach_path *paths; /* those not there are skipped */
	size_t n_paths;
	const uint16_t *ports; /* that TCP may connect to */
	size_t n_ports;
};

/*
 * firn_landlock(allowed, ret_version, err) -- all else is EACCES.
 *
 * What is open stays open.  TCP can't be bound; where the kernel knows how,
 * signals and abstract sockets of other processes are out of reach too.
 * `*ret_version` is the kernel's (7 here has all of that; below 4 TCP is left
 * as it was), 0 where nothing was done: for a kernel without Landlock, or with
 * its first version, which can't allow FIRN_REACH_PUT.  Needs no_new_privs
 * (firn_become()) or CAP_SYS_ADMIN.
 *
 * Source: landlock(7), linux/landlock.h.
 */
FIRN_MUST_CHECK int firn_landlock(const struct firn_landlock *allowed,
				  int *ret_version, struct firn_err *err);

#endif
