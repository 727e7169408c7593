#ifndef FIRN_ISOLATE_H
#define FIRN_ISOLATE_H

/*
 * isolate -- cut a container off the network at once, and undo exactly that.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/ledger.h"
#include "firn/target.h"

/* Whom it may still talk to, both ways. */
struct firn_allow {
	int family;                /* AF_INET or AF_INET6 */
	unsigned char address[16]; /* network order; bits beyond prefix are 0 */
	unsigned prefix;           /* bits */
	uint16_t port;             /* host order; 0 for any */
};

/* firn_allow_parse(text, ret, err) -- of CIDR[:PORT], "10.0.0.5:9200",
 * "10.0.0.0/8", "[2001:db8::/32]:443", "2001:db8::1". */
FIRN_MUST_CHECK int firn_allow_parse(const char *text, struct firn_allow *ret,
				     struct firn_err *err);

/* Rules that fit in a program that every kernel takes. */
#define FIRN_ALLOW_MAX 128

struct firn_isolation {
	const struct firn_allow *allow;
	size_t n_allow;
	bool watch; /* by a keeper, to cut it again when it was restarted */
	bool log; /* count whom it still tries to reach, see firn_attempts() */
	bool reset;    /* then destroy its connections, see firn_reset() */
	bool cut_unix; /* no new connection to a unix socket either */
	/* Also the containers that share its network namespace; otherwise
	 * nothing of theirs is touched. */
	bool whole_pod;
	bool cut_loopback;
};

/* firn_isolation_json(how) -- all that makes the cut what it is, for the
 * ledger: a new object.  Whether it is watched is none of it. */
json_t *firn_isolation_json(const struct firn_isolation *how);

/* firn_isolation_parse(options, ret, rules, err) -- of that; `ret` points into
 * `rules`. */
FIRN_MUST_CHECK int firn_isolation_parse(
	const json_t *options, struct firn_isolation *ret,
	struct firn_allow rules[FIRN_ALLOW_MAX], struct firn_err *err);

/*
 * firn_isolate(target, ledger, how, ret, err) -- let nothing in or out.
 *
 * First a BPF program on the container's cgroup, both ways (established
 * connections stop at once; holds for host-network containers; nothing inside
 * can undo it), then one at the interfaces, because raw frames pass the first:
 * at the host's end of each; inside, in the container's network namespace,
 * where there is no such end (macvlan, ipvlan, tap, a card of its own); and
 * where others use the interface too (the host's, a pod's), one that drops only
 * what sockets of its cgroup send.  This for every network namespace that one
 * of its processes lives in.  Links are pinned, so that they outlive firn.
 * Sockets keep their state; the peer sees silence.
 *
 * `*ret` is a new object:
 *   "state"    "isolated", or "partial" with what is left open
 *   "methods"  array of {"method": "cgroup-bpf" | "unix-bpf" | "tcx" |
 *              "clsact" | "nft" | "link-down" | "tcx-cgroup" |
 *              "clsact-cgroup" | "tcx-inside",
 *              "on": cgroup or interface, "covers": text, "verified": bool,
 *              "elapsed_us"}
 *   "not_used" array of {"method", "why"}
 *   "open"     array of texts: what still gets through, and why
 *   "shared_with" array of {"id", "name", "pid"}: the containers in the same
 *              network namespace, or processes of none (these have no "id")
 *   "dropped"  {"egress_packets", "egress_bytes", "ingress_..."}, so far
 *   "already"  was it isolated before? then nothing is changed
 *   "keeper"   with `watch`: "pid" of the process that cuts again after a
 *              restart, which makes a new cgroup and a new network namespace;
 *              where it could not be had, that is among "open"
 *   "unix"     (with the interfaces) what leads out of it over unix sockets:
 *              array of {"kind": "connection", "pid", "fd", "type", "path",
 *              "peer_pid", "peer_comm"} and {"kind": "mounted", "path",
 *              "source"}; no cut of the network concerns them
 *   "attempts" as firn_attempts() has them, if they are counted
 *   "reset"    as firn_reset() has it, if that was asked for and all of it was
 *              to be cut by this call
 *
 * Source: linux/bpf.h; bpf(2); Linux Documentation/bpf/prog_cgroup_sockopt.rst
 * and bpf_prog_run.rst.
 */
FIRN_MUST_CHECK int firn_isolate(struct firn_target *target,
				 struct firn_ledger *ledger,
				 const struct firn_isolation *how, json_t **ret,
				 struct firn_err *err);

/* Only the part on the cgroup (0.1 ms), only the part on interfaces, at first
 * by what is quick where that's not what lasts, and only what can wait: what
 * lasts, which then stands in "methods" again, the report of unix sockets, and
 * the keeper.  Capture puts the freeze between the first two. */
enum firn_isolate_part {
	FIRN_ISOLATE_CGROUP = 1,
	FIRN_ISOLATE_LINKS = 2,
	FIRN_ISOLATE_REST = 4,
	FIRN_ISOLATE_ALL = 7,
};
FIRN_MUST_CHECK int firn_isolate_part(struct firn_target *target,
				      struct firn_ledger *ledger,
				      const struct firn_isolation *how,
				      enum firn_isolate_part part, json_t **ret,
				      struct firn_err *err);

/*
 * firn_reset(target, ledger, ret, err) -- destroy a cut container's
 * connections, and tell their peers.
 *
 * TCP, and UDP that has a peer, of its own; not what listens, not what stays
 * inside.  First they are written down, in the ledger and in `*ret`.  Their
 * owners get ECONNABORTED, their peers a reset (ECONNRESET): the cut lets just
 * so many packets pass as these need, and lasts.  Then the connections that the
 * kernel tracks for its addresses are taken away, in its network namespace and
 * in the host's (where it shares the host's: those of the sockets).  Nothing of
 * it can be undone.  Without a cut that holds it is EPERM.
 *
 * `*ret` is a new object:
 *   "sockets"   array of {"family", "protocol", "local", "remote", "state",
 *               "inode", "receive_queue_bytes", "send_queue_bytes",
 *               "end": "destroyed", "had ended", or why not}
 *   "destroyed", "failed", "left_out": how many
 *   "passed"    packets that were let through for it: resets, what a peer asks
 *               back, address resolution
 *   "silent"    text: why peers are not told, if so
 *   "flows"     {"container", "host"}: tracked connections taken away
 *   "open"      array of texts: what of it was not done
 *
 * Source: linux/sock_diag.h; kernel net/ipv4/tcp.c, tcp_abort();
 * RFC 5961, section 3.2.
 */
FIRN_MUST_CHECK int firn_reset(struct firn_target *target,
			       struct firn_ledger *ledger, json_t **ret,
			       struct firn_err *err);

/*
 * firn_attempts(ledger, ret, err) -- what was dropped so far, by whom it was
 * for or from.
 *
 * `*ret` is NULL where that isn't counted, or a new array, most packets first,
 * of {"direction": "out" (what the container sends) or "in", "at": "cgroup" or
 * "interface", "protocol": "tcp", ..., "arp", "ip N" or "ethertype N",
 * "remote", "port", "packets", "bytes", "first", "last": times, "sample":
 * base64 of the first packet's first 64 bytes, beginning with its IP header, at
 * an interface with its Ethernet header}.  Each place keeps 1024 of them; those
 * that were not seen for the longest time are forgotten first.
 */
FIRN_MUST_CHECK int firn_attempts(const struct firn_ledger *ledger,
				  json_t **ret, struct firn_err *err);

/*
 * firn_release(ledger, ret, err) -- undo every open isolation in the ledger,
 * from the ledger alone: the container may be gone.  Its keeper ends first.
 * `*ret` is a new object: "state" ("released", "not isolated"), "undone"
 * (methods), "dropped" (the counters at the end), "why" if the node was
 * rebooted since it was isolated, "attempts" (as firn_attempts(), if they were
 * counted; the ledger keeps the first 512 of each place).
 */
FIRN_MUST_CHECK int firn_release(struct firn_ledger *ledger, json_t **ret,
				 struct firn_err *err);

/*
 * firn_isolate_plan(target, how, ret, err) -- what firn_isolate() would try;
 * changes nothing.
 *
 * `*ret` is a new object: "would_cut", an array of {"methods": those that are
 * tried in turn until one holds, "at_once": the one that is there until then,
 * "on": cgroup or interface, "inside": the interface's name in the container};
 * "would_stay_open", an array of texts.
 */
FIRN_MUST_CHECK int firn_isolate_plan(const struct firn_target *target,
				      const struct firn_isolation *how,
				      json_t **ret, struct firn_err *err);

#endif
