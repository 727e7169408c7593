#ifndef CONTAIN_CUT_CUT_PROGRAM_H
#define CONTAIN_CUT_CUT_PROGRAM_H

/*
 * cut_program -- the BPF programs that let nothing pass but what is allowed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "contain/cut/bpf_code.h"
#include "firn/err.h"
#include "firn/isolate.h"

/*
 * Where a packet meets the program, seen from the container: "out" is what it
 * sends.  At a cgroup packets start with their IP header; at an interface with
 * their Ethernet header, if it has one.
 *
 * FIRN_HOOK_OWN_OUT judges only what sockets of the container's cgroup send,
 * and lets the rest go.  FIRN_HOOK_XDP_IN is before packet sockets, which see a
 * frame before FIRN_HOOK_LINK_IN does.
 */
enum firn_hook {
	FIRN_HOOK_CGROUP_OUT,
	FIRN_HOOK_CGROUP_IN,
	FIRN_HOOK_LINK_OUT,
	FIRN_HOOK_LINK_IN,
	FIRN_HOOK_OWN_OUT,
	FIRN_HOOK_XDP_IN,
	FIRN_N_HOOKS
};

bool firn_hook_is_link(enum firn_hook hook);
bool firn_hook_is_out(enum firn_hook hook);

/* firn_hook_answer(hook, pass) -- what a program returns there. */
int32_t firn_hook_answer(enum firn_hook hook, bool pass);

/* What the programs count, in the elements of one array map. */
struct firn_count {
	uint64_t packets;
	uint64_t bytes;
};
#define FIRN_N_COUNTS (2 * FIRN_N_HOOKS)

/* Elements of the map: those, and the purse of cut_reset.h. */
#define FIRN_N_ELEMENTS (FIRN_N_COUNTS + 1)

/* firn_count_key(hook, pass) -- the element for packets dropped (or passed)
 * there. */
uint32_t firn_count_key(enum firn_hook hook, bool pass);

/* What a program is made of. */
struct firn_filter {
	enum firn_hook hook;
	const struct firn_isolation *how;
	int counters_fd; /* an array of FIRN_N_ELEMENTS `struct firn_count` */
	int cgroups_fd;  /* FIRN_HOOK_OWN_OUT: an array of one cgroup */
	/* Where it also counts whom the dropped packets were for, a map of
	 * cut_attempts.h; -1 for nowhere. */
	int attempts_fd;
	bool headless; /* the interface's frames begin with an IP header */
};

bool firn_filter_has_ethernet(const struct firn_filter *filter);

/*
 * firn_cut_program(filter, err) -- load it; a descriptor, or -1.
 *
 * Passes: at a cgroup, loopback (interface 1, not counted), unless that is to
 * be cut too.  Everywhere, what is allowed: TCP and UDP by the port of the
 * other side when a rule has one, and then no fragments and nothing behind IPv6
 * extension headers, because the port can't be seen there.  At an interface
 * with rules for IPv4 also ARP, with rules for IPv6 neighbour solicitation and
 * advertisement that can't leave the local network; both only in their own
 * small size.
 *
 * Source: bpf-helpers(7), bpf_skb_under_cgroup, bpf_xdp_load_bytes.
 */
FIRN_MUST_CHECK int firn_cut_program(const struct firn_filter *filter,
				     struct firn_err *err);

/*
 * firn_cut_prove(prog_fd, filter, ifindex, err) -- let the loaded program judge
 * packets of ours, and compare.
 *
 * Sends nothing.  Packets to and from each rule's network and beside it, with
 * its port and another, and to somewhere else, of both families, in fragments,
 * ARP.  What it counted is taken back.  `ifindex` is any interface of our
 * network namespace but loopback.  For FIRN_HOOK_OWN_OUT the array holds our
 * own cgroup meanwhile.  EBADMSG when an answer was wrong.
 */
FIRN_MUST_CHECK int firn_cut_prove(int prog_fd,
				   const struct firn_filter *filter,
				   uint32_t ifindex, struct firn_err *err);

/*
 * firn_cut_prove_spares(prog_fd, filter, ifindex, err) -- does a program of
 * FIRN_HOOK_OWN_OUT let a packet of ours go, now that its array holds another
 * cgroup?
 */
FIRN_MUST_CHECK int firn_cut_prove_spares(int prog_fd,
					  const struct firn_filter *filter,
					  uint32_t ifindex,
					  struct firn_err *err);

#endif
