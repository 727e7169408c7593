#ifndef CONTAIN_CUT_UNIX_PEERS_H
#define CONTAIN_CUT_UNIX_PEERS_H

/*
 * unix_peers -- whom outside of it a container talks to over unix sockets.
 *
 * Source: sock_diag(7), UNIX_DIAG_PEER.
 */

#include <jansson.h>

#include "firn/err.h"
#include "firn/target.h"

/*
 * firn_unix_peers(target, array, err) -- add each connected socket of its
 * processes whose other end no process of it holds.
 *
 * "kind": "connection"; "pid", "fd" (the first that holds it), "type", "path"
 * (of the end that has a name; an abstract one begins with "@"), "peer_pid",
 * "peer_comm" (the first that holds the other end, if any does).  At most 256;
 * the host's processes are asked for at most 3 s.
 */
FIRN_MUST_CHECK int firn_unix_peers(const struct firn_target *target,
				    json_t *array, struct firn_err *err);

#endif
