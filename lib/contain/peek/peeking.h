#ifndef CONTAIN_PEEK_PEEKING_H
#define CONTAIN_PEEK_PEEKING_H

/*
 * peeking -- sockets of which an option is set while their queues are read.
 *
 * Two of them: TCP_REPAIR, without which a send queue doesn't show, and whose
 * end clears SO_REUSEADDR; and SO_PEEK_OFF, by which one message after the
 * other is peeked at.  A socket that was left in repair would be lost to its
 * owner: recv(2) is EPERM, and what is sent doesn't leave.
 *
 * The ledger's change "peek" has "sockets": objects with "inode" and "cookie"
 * (SO_COOKIE), which say which socket; "pid", "tid" if it's in a table of that
 * thread's own, "start_ticks" and "fd", where it was; "peek_offset", its
 * SO_PEEK_OFF before, if that is set meanwhile; "reuse_address", its
 * SO_REUSEADDR before, if TCP_REPAIR is.
 *
 * Source: socket(7), SO_PEEK_OFF; kernel net/ipv4/tcp.c, do_tcp_setsockopt().
 */

#include <stdint.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"
#include "firn/ledger.h"

/* firn_peeking_ask(host, ledger, sockets, err) -- write down what is about to
 * be done; what an earlier firn has left is put right first.  Whoever has the
 * sockets has to stand still meanwhile. */
FIRN_MUST_CHECK int firn_peeking_ask(const struct firn_host *host,
				     struct firn_ledger *ledger,
				     const json_t *sockets,
				     struct firn_err *err);

/*
 * firn_peeking_undo(host, ledger, err) -- every socket of open changes is as it
 * was, or is put right, and the changes are closed.
 *
 * A socket is found where it was, or wherever else a process of the host holds
 * it; one that nobody holds has gone.  A socket that its owner has locked is
 * waited for 1 s, then ETIMEDOUT: its change stays open, and a child stays that
 * puts it right when the lock is free.
 */
FIRN_MUST_CHECK int firn_peeking_undo(const struct firn_host *host,
				      struct firn_ledger *ledger,
				      struct firn_err *err);

#endif
