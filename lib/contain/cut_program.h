#ifndef CONTAIN_CUT_PROGRAM_H
#define CONTAIN_CUT_PROGRAM_H

/*
 * cut_program -- the BPF programs that let nothing pass but what is allowed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "contain/bpf_code.h"
#include "firn/err.h"
#include "firn/isolate.h"

/* Rules that fit in a program that every kernel takes. */
#define FIRN_ALLOW_MAX 128

/* Where a packet meets the program, seen from the container: "out" is what it
 * sends.  At a cgroup packets start with their IP header; at the host's end of
 * an interface with their Ethernet header. */
enum firn_hook {
	FIRN_HOOK_CGROUP_OUT,
	FIRN_HOOK_CGROUP_IN,
	FIRN_HOOK_LINK_OUT,
	FIRN_HOOK_LINK_IN,
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

/*
 * firn_cut_program(hook, how, map_fd, err) -- load it; a descriptor, or -1.
 *
 * Passes: at a cgroup, loopback (interface 1, not counted).  Everywhere, what
 * `how` allows: TCP and UDP by the port of the other side when a rule has one,
 * and then no fragments and nothing behind IPv6 extension headers, because the
 * port can't be seen there.  At an interface with rules for IPv4 also ARP, with
 * rules for IPv6 neighbour solicitation and advertisement that can't leave the
 * local network; both only in their own small size.
 *
 * `map_fd` is an array of FIRN_N_ELEMENTS `struct firn_count`.
 */
FIRN_MUST_CHECK int firn_cut_program(enum firn_hook hook,
				     const struct firn_isolation *how,
				     int map_fd, struct firn_err *err);

/* firn_cut_program_logging(..., attempts_fd, err) -- one that also counts whom
 * the dropped packets were for, in a map of cut_attempts.h. */
FIRN_MUST_CHECK int firn_cut_program_logging(enum firn_hook hook,
					     const struct firn_isolation *how,
					     int map_fd, int attempts_fd,
					     struct firn_err *err);

/*
 * firn_cut_prove(prog_fd, hook, how, map_fd, ifindex, err) -- let the loaded
 * program judge packets of ours, and compare.
 *
 * Sends nothing.  Packets to and from each rule's network and beside it, with
 * its port and another, and to somewhere else, of both families, in fragments,
 * ARP.  What it counted is taken back.  `ifindex` is any interface of our
 * network namespace but loopback.  EBADMSG when an answer was wrong.
 */
FIRN_MUST_CHECK int firn_cut_prove(int prog_fd, enum firn_hook hook,
				   const struct firn_isolation *how, int map_fd,
				   uint32_t ifindex, struct firn_err *err);

#endif
