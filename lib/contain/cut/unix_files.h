#ifndef CONTAIN_CUT_UNIX_FILES_H
#define CONTAIN_CUT_UNIX_FILES_H

/*
 * unix_files -- sockets of the host that are mounted into a container.
 */

#include <jansson.h>

#include "firn/err.h"
#include "firn/target.h"

/*
 * firn_unix_files(target, array, err) -- add each socket file that is mounted
 * into it by itself, and each well-known one (an engine's, dbus, systemd's) in
 * a folder that is.
 *
 * "kind": "mounted"; "path" (as it sees it, if it hasn't mounted over it),
 * "source" (on the host).  Nothing of the container's files is touched: its
 * mounts are found again among the host's.
 *
 * Source: proc_pid_mountinfo(5).
 */
FIRN_MUST_CHECK int firn_unix_files(const struct firn_target *target,
				    json_t *array, struct firn_err *err);

#endif
