#ifndef CONTAIN_CUT_CUT_RESET_H
#define CONTAIN_CUT_CUT_RESET_H

/*
 * cut_reset -- how the resets of destroyed sockets get past the cut.
 *
 * The programs have a purse: an element of their counters that says how many
 * packets may still pass.  It is empty but for the moment in which sockets are
 * destroyed, and what passes is paid with it, so that no more ever does than
 * was put in, also when firn dies meanwhile.  It buys: out, TCP segments with
 * RST and without data; at an interface, in, TCP acknowledgements without data
 * (RFC 5961's challenge, which a peer sends when it has not seen all that the
 * socket had sent, and which is answered with the reset that it believes), and
 * address resolution both ways.
 */

#include <stdbool.h>
#include <stdint.h>

#include "contain/cut/bpf_code.h"
#include "contain/cut/cut_program.h"
#include "firn/err.h"

/* Which element of the counters; its `packets` is the purse, signed. */
#define FIRN_PURSE FIRN_N_COUNTS

/* What the program looks like where it is about to drop a packet. */
struct firn_reset_spot {
	struct firn_bpf_code *code;
	const struct firn_filter *filter;
	uint8_t packet;  /* the register that holds it, 6 or 7 */
	int16_t scratch; /* 40 bytes of the frame; registers 8, 9 are free too
			  */
	int pass;        /* label */
};

/* firn_reset_passes(hook) -- is there anything to let through there? */
bool firn_reset_passes(enum firn_hook hook);

/* firn_reset_code(spot) -- go on at `pass` with a packet that is paid for;
 * otherwise behind this. */
void firn_reset_code(const struct firn_reset_spot *spot);

/* firn_purse_fill(map_fd, packets, err), firn_purse_left(map_fd, ret, err). */
FIRN_MUST_CHECK int firn_purse_fill(int map_fd, int64_t packets,
				    struct firn_err *err);
FIRN_MUST_CHECK int firn_purse_left(int map_fd, int64_t *ret,
				    struct firn_err *err);

#endif
