#ifndef CONTAIN_CUT_CUT_ATTEMPTS_H
#define CONTAIN_CUT_CUT_ATTEMPTS_H

/*
 * cut_attempts -- whom the container still tries to reach, and who calls it: a
 * map that the programs write into what they drop.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "contain/cut/bpf_code.h"
#include "contain/cut/cut_program.h"
#include "firn/err.h"

#define FIRN_ATTEMPTS_MAX 1024 /* what is seldom is forgotten first */
#define FIRN_SAMPLE 64

struct firn_attempt_key {
	uint32_t hook;
	uint16_t ethertype; /* this and what follows as on the wire */
	uint8_t protocol;
	uint8_t zero;
	unsigned char remote[16];
	uint16_t port; /* the other side's; 0 where there is none to see */
	uint16_t zero_too;
};

struct firn_attempt {
	uint64_t packets, bytes;
	uint64_t first_ns, last_ns; /* CLOCK_BOOTTIME */
	uint64_t sample_len;
	unsigned char sample[FIRN_SAMPLE]; /* of the first packet, from where
					    * the program sees it */
};

/* What the program looks like where it has dropped a packet. */
struct firn_attempt_spot {
	struct firn_bpf_code *code;
	const struct firn_filter *filter;
	uint8_t packet;  /* the register that holds it, 6 or 7 */
	int16_t scratch; /* 40 bytes of the frame; all below is free, and so
			  * are the registers 8 and 9 */
};

/* firn_attempts_seen(hook) -- can they be counted there?  XDP's programs read
 * packets by other means. */
bool firn_attempts_seen(enum firn_hook hook);

/* firn_attempt_code(spot) -- count it. */
void firn_attempt_code(const struct firn_attempt_spot *spot);

/* firn_attempts_map(err) -- a new one; a descriptor, or -1. */
FIRN_MUST_CHECK int firn_attempts_map(struct firn_err *err);

/* firn_attempts_pinned(path, err) -- the one pinned there, made if need be. */
FIRN_MUST_CHECK int firn_attempts_pinned(const char *path,
					 struct firn_err *err);

/* firn_attempts_of(details) -- those that a change of the ledger has seen so
 * far, as firn_attempts() has them; a new array. */
json_t *firn_attempts_of(const json_t *details);

#endif
