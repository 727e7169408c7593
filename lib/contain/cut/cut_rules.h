#ifndef CONTAIN_CUT_CUT_RULES_H
#define CONTAIN_CUT_CUT_RULES_H

/*
 * cut_rules -- the part of a cut's program that knows what is allowed.
 *
 * For the program's makers (cut_program.c) alone.
 */

#include "contain/cut/bpf_code.h"
#include "contain/cut/cut_program.h"

/* What the registers hold from the first line on. */
enum {
	PACKET = BPF_REG_6, /* the program's context: __sk_buff or xdp_md */
	VERDICT = BPF_REG_7,
	ADDRESS = BPF_REG_8, /* IPv4: the other side's, as on the wire */
	PORT = BPF_REG_9,    /* the other side's, as on the wire, or none */
	FRAME = BPF_REG_10,
};

/* What the frame holds. */
enum {
	HEADER = -64,  /* 40 bytes, the longest header we read */
	PORTS = -16,   /* 4 bytes: source, destination */
	ND_TYPE = -12, /* 1 byte */
	KEY = -8,      /* 4 bytes */
};

/* A program that is being made. */
struct firn_cut_code {
	struct firn_bpf_code *code;
	const struct firn_filter *filter;
	int pass, drop; /* labels */
};

/* firn_cut_rules(cut) -- go on at `pass` for what is allowed; whatever falls
 * through is dropped. */
void firn_cut_rules(const struct firn_cut_code *cut);

/* firn_cut_length(cut, dst) -- dst = the packet's length, in bytes. */
void firn_cut_length(const struct firn_cut_code *cut, uint8_t dst);

#endif
