#ifndef CONTAIN_CUT_BPF_CODE_H
#define CONTAIN_CUT_BPF_CODE_H

/*
 * bpf_code -- an assembler for small BPF programs.
 *
 * Instructions are added in a row; jumps name a label, which is placed once,
 * before or after them.  What does not fit makes the code `failed`: add in a
 * row, and check once, in firn_bpf_link_labels().
 *
 * Source: Linux Documentation/bpf/standardization/instruction-set.rst.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/bpf.h>

#include "firn/err.h"

/* What every kernel takes (BPF_MAXINSNS); newer ones take a million. */
#define FIRN_BPF_INSNS 4096
#define FIRN_BPF_LABELS 512

/* Starts as `{ 0 }`; 37 kB, so on the heap. */
struct firn_bpf_code {
	struct bpf_insn insns[FIRN_BPF_INSNS];
	size_t n;
	size_t places[FIRN_BPF_LABELS];
	bool placed[FIRN_BPF_LABELS];
	int n_labels;
	bool failed;
};

/* firn_bpf_label(code) -- a new label, not placed yet. */
int firn_bpf_label(struct firn_bpf_code *code);

/* firn_bpf_place(code, label) -- it stands before the next instruction. */
void firn_bpf_place(struct firn_bpf_code *code, int label);

/* Registers: BPF_REG_0 is a result, 1 to 5 are arguments and lost in a call, 6
 * to 9 are kept, 10 is the frame, whose bytes lie below it. */

/* dst = src; dst = value, sign extended; and both in 32 bits, the upper half
 * cleared. */
void firn_bpf_move(struct firn_bpf_code *code, uint8_t dst, uint8_t src);
void firn_bpf_set(struct firn_bpf_code *code, uint8_t dst, int32_t value);
void firn_bpf_move32(struct firn_bpf_code *code, uint8_t dst, uint8_t src);
void firn_bpf_set32(struct firn_bpf_code *code, uint8_t dst, uint32_t value);

/* dst += value; dst += src; dst <<= bits; dst >>= bits; dst &= mask, the upper
 * half cleared. */
void firn_bpf_add(struct firn_bpf_code *code, uint8_t dst, int32_t value);
void firn_bpf_add_register(struct firn_bpf_code *code, uint8_t dst,
			   uint8_t src);
void firn_bpf_shift(struct firn_bpf_code *code, uint8_t dst, int32_t bits);
void firn_bpf_shift_right(struct firn_bpf_code *code, uint8_t dst,
			  int32_t bits);
void firn_bpf_and32(struct firn_bpf_code *code, uint8_t dst, uint32_t mask);

/* dst = *(src + off); `size` is BPF_B, BPF_H, BPF_W or BPF_DW. */
void firn_bpf_load(struct firn_bpf_code *code, uint8_t size, uint8_t dst,
		   uint8_t src, int16_t off);

/* *(dst + off) = value, 32 bits; = src, `size` as above; += src, 64 bits,
 * atomically. */
void firn_bpf_store32(struct firn_bpf_code *code, uint8_t dst, int16_t off,
		      int32_t value);
void firn_bpf_store(struct firn_bpf_code *code, uint8_t size, uint8_t dst,
		    int16_t off, uint8_t src);
void firn_bpf_atomic_add(struct firn_bpf_code *code, uint8_t dst, int16_t off,
			 uint8_t src);

/* dst = the map behind this descriptor. */
void firn_bpf_map(struct firn_bpf_code *code, uint8_t dst, int map_fd);

/* Always; if `dst op value` (op is BPF_JEQ, BPF_JNE, ..., 64 bits, the value
 * sign extended); if dst != src; if dst > src, unsigned. */
void firn_bpf_jump(struct firn_bpf_code *code, int label);
void firn_bpf_jump_if(struct firn_bpf_code *code, uint8_t op, uint8_t dst,
		      int32_t value, int label);
void firn_bpf_jump_differ(struct firn_bpf_code *code, uint8_t dst, uint8_t src,
			  int label);
void firn_bpf_jump_above(struct firn_bpf_code *code, uint8_t dst, uint8_t src,
			 int label);

void firn_bpf_call(struct firn_bpf_code *code, int32_t helper);
void firn_bpf_exit(struct firn_bpf_code *code);

/* firn_bpf_link_labels(code, err) -- turn labels into distances; once, at the
 * end.  E2BIG when something did not fit. */
FIRN_MUST_CHECK int firn_bpf_link_labels(struct firn_bpf_code *code,
					 struct firn_err *err);

#endif
