#include "contain/cut/bpf_code.h"

#include <assert.h>
#include <errno.h>

int
firn_bpf_label(struct firn_bpf_code *code)
{
	if (code->n_labels == FIRN_BPF_LABELS) {
		code->failed = true;
		return 0;
	}
	return code->n_labels++;
}

void
firn_bpf_place(struct firn_bpf_code *code, int label)
{
	if (code->failed)
		return;
	assert(!code->placed[label]);
	code->placed[label] = true;
	code->places[label] = code->n;
}

/* Until the labels are linked, the distance of a jump is its label. */
static void
add(struct firn_bpf_code *code, int opcode, uint8_t dst, uint8_t src, int off,
    int32_t imm)
{
	if (code->n == FIRN_BPF_INSNS) {
		code->failed = true;
		return;
	}
	code->insns[code->n++] = (struct bpf_insn){
		.code = (uint8_t)opcode,
		.dst_reg = dst & 0xfu,
		.src_reg = src & 0xfu,
		.off = (int16_t)off,
		.imm = imm,
	};
}

void
firn_bpf_move(struct firn_bpf_code *code, uint8_t dst, uint8_t src)
{
	add(code, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

void
firn_bpf_set(struct firn_bpf_code *code, uint8_t dst, int32_t value)
{
	add(code, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value);
}

void
firn_bpf_move32(struct firn_bpf_code *code, uint8_t dst, uint8_t src)
{
	add(code, BPF_ALU | BPF_MOV | BPF_X, dst, src, 0, 0);
}

void
firn_bpf_set32(struct firn_bpf_code *code, uint8_t dst, uint32_t value)
{
	add(code, BPF_ALU | BPF_MOV | BPF_K, dst, 0, 0, (int32_t)value);
}

void
firn_bpf_add(struct firn_bpf_code *code, uint8_t dst, int32_t value)
{
	add(code, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value);
}

void
firn_bpf_add_register(struct firn_bpf_code *code, uint8_t dst, uint8_t src)
{
	add(code, BPF_ALU64 | BPF_ADD | BPF_X, dst, src, 0, 0);
}

void
firn_bpf_shift(struct firn_bpf_code *code, uint8_t dst, int32_t bits)
{
	add(code, BPF_ALU64 | BPF_LSH | BPF_K, dst, 0, 0, bits);
}

void
firn_bpf_shift_right(struct firn_bpf_code *code, uint8_t dst, int32_t bits)
{
	add(code, BPF_ALU64 | BPF_RSH | BPF_K, dst, 0, 0, bits);
}

void
firn_bpf_and32(struct firn_bpf_code *code, uint8_t dst, uint32_t mask)
{
	add(code, BPF_ALU | BPF_AND | BPF_K, dst, 0, 0, (int32_t)mask);
}

void
firn_bpf_load(struct firn_bpf_code *code, uint8_t size, uint8_t dst,
	      uint8_t src, int16_t off)
{
	add(code, BPF_LDX | BPF_MEM | size, dst, src, off, 0);
}

void
firn_bpf_store32(struct firn_bpf_code *code, uint8_t dst, int16_t off,
		 int32_t value)
{
	add(code, BPF_ST | BPF_MEM | BPF_W, dst, 0, off, value);
}

void
firn_bpf_store(struct firn_bpf_code *code, uint8_t size, uint8_t dst,
	       int16_t off, uint8_t src)
{
	add(code, BPF_STX | BPF_MEM | size, dst, src, off, 0);
}

void
firn_bpf_atomic_add(struct firn_bpf_code *code, uint8_t dst, int16_t off,
		    uint8_t src)
{
	add(code, BPF_STX | BPF_ATOMIC | BPF_DW, dst, src, off, BPF_ADD);
}

/* Two instructions hold the 64 bits. */
void
firn_bpf_map(struct firn_bpf_code *code, uint8_t dst, int map_fd)
{
	add(code, BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, map_fd);
	add(code, 0, 0, 0, 0, 0);
}

void
firn_bpf_jump(struct firn_bpf_code *code, int label)
{
	add(code, BPF_JMP | BPF_JA, 0, 0, label, 0);
}

void
firn_bpf_jump_if(struct firn_bpf_code *code, uint8_t op, uint8_t dst,
		 int32_t value, int label)
{
	add(code, BPF_JMP | op | BPF_K, dst, 0, label, value);
}

void
firn_bpf_jump_differ(struct firn_bpf_code *code, uint8_t dst, uint8_t src,
		     int label)
{
	add(code, BPF_JMP | BPF_JNE | BPF_X, dst, src, label, 0);
}

void
firn_bpf_jump_above(struct firn_bpf_code *code, uint8_t dst, uint8_t src,
		    int label)
{
	add(code, BPF_JMP | BPF_JGT | BPF_X, dst, src, label, 0);
}

void
firn_bpf_call(struct firn_bpf_code *code, int32_t helper)
{
	add(code, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

void
firn_bpf_exit(struct firn_bpf_code *code)
{
	add(code, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static bool
is_jump(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP &&
	       BPF_OP(insn->code) != BPF_CALL && BPF_OP(insn->code) != BPF_EXIT;
}

int
firn_bpf_link_labels(struct firn_bpf_code *code, struct firn_err *err)
{
	if (code->failed)
		return firn_err_set(err, E2BIG,
				    "BPF program of more than %d "
				    "instructions",
				    FIRN_BPF_INSNS);
	for (size_t i = 0; i < code->n; i++) {
		struct bpf_insn *insn = &code->insns[i];

		if (!is_jump(insn))
			continue;
		assert(code->placed[insn->off]);
		/* Counted from the next one; both are below 4096. */
		insn->off =
			(int16_t)((int)code->places[insn->off] - (int)i - 1);
	}
	return 0;
}
