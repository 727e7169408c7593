#include "contain/cut/cut_program.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include <linux/pkt_cls.h>

#include "base/auto.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/cut_attempts.h"
#include "contain/cut/cut_reset.h"
#include "contain/cut/cut_rules.h"

bool
firn_hook_is_link(enum firn_hook hook)
{
	return hook != FIRN_HOOK_CGROUP_OUT && hook != FIRN_HOOK_CGROUP_IN;
}

bool
firn_hook_is_out(enum firn_hook hook)
{
	return hook == FIRN_HOOK_CGROUP_OUT || hook == FIRN_HOOK_LINK_OUT ||
	       hook == FIRN_HOOK_OWN_OUT;
}

/* At an interface "pass" lets the host's other programs have their say; -1 is
 * TCX_NEXT as well as clsact's TC_ACT_UNSPEC. */
int32_t
firn_hook_answer(enum firn_hook hook, bool pass)
{
	if (hook == FIRN_HOOK_XDP_IN)
		return pass ? XDP_PASS : XDP_DROP;
	if (firn_hook_is_link(hook))
		return pass ? TC_ACT_UNSPEC : TC_ACT_SHOT;
	return pass ? 1 : 0;
}

bool
firn_filter_has_ethernet(const struct firn_filter *filter)
{
	return firn_hook_is_link(filter->hook) && !filter->headless;
}

uint32_t
firn_count_key(enum firn_hook hook, bool pass)
{
	return 2 * (uint32_t)hook + (pass ? 1 : 0);
}

/* Count it under the key that is in the frame, and return the verdict. */
static void
count_and_return(const struct firn_cut_code *cut)
{
	struct firn_bpf_code *code = cut->code;
	int out = firn_bpf_label(code);

	firn_cut_length(cut, PORT);
	firn_bpf_map(code, BPF_REG_1, cut->filter->counters_fd);
	firn_bpf_move(code, BPF_REG_2, FRAME);
	firn_bpf_add(code, BPF_REG_2, KEY);
	firn_bpf_call(code, BPF_FUNC_map_lookup_elem);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, 0, out);
	firn_bpf_set(code, BPF_REG_1, 1);
	firn_bpf_atomic_add(code, BPF_REG_0,
			    offsetof(struct firn_count, packets), BPF_REG_1);
	firn_bpf_atomic_add(code, BPF_REG_0, offsetof(struct firn_count, bytes),
			    PORT);
	firn_bpf_place(code, out);
	firn_bpf_move(code, BPF_REG_0, VERDICT);
	firn_bpf_exit(code);
}

static void
answer(const struct firn_cut_code *cut, bool pass)
{
	enum firn_hook hook = cut->filter->hook;

	firn_bpf_set(cut->code, VERDICT, firn_hook_answer(hook, pass));
	firn_bpf_store32(cut->code, FRAME, KEY,
			 (int32_t)firn_count_key(hook, pass));
}

/* Not ours to judge, and not counted. */
static void
let_go(const struct firn_cut_code *cut)
{
	firn_bpf_set(cut->code, BPF_REG_0,
		     firn_hook_answer(cut->filter->hook, true));
	firn_bpf_exit(cut->code);
}

/* Loopback is interface 1 in every network namespace (LOOPBACK_IFINDEX). */
static void
spare_loopback(const struct firn_cut_code *cut)
{
	int no = firn_bpf_label(cut->code);

	firn_bpf_load(cut->code, BPF_W, BPF_REG_0, PACKET,
		      offsetof(struct __sk_buff, ifindex));
	firn_bpf_jump_if(cut->code, BPF_JNE, BPF_REG_0, 1, no);
	let_go(cut);
	firn_bpf_place(cut->code, no);
}

/* A packet without a socket, as one that is forwarded, is nobody's. */
static void
spare_others(const struct firn_cut_code *cut)
{
	int mine = firn_bpf_label(cut->code);

	firn_bpf_move(cut->code, BPF_REG_1, PACKET);
	firn_bpf_map(cut->code, BPF_REG_2, cut->filter->cgroups_fd);
	firn_bpf_set(cut->code, BPF_REG_3, 0);
	firn_bpf_call(cut->code, BPF_FUNC_skb_under_cgroup);
	firn_bpf_jump_if(cut->code, BPF_JEQ, BPF_REG_0, 1, mine);
	let_go(cut);
	firn_bpf_place(cut->code, mine);
}

/* At the end of dropping: what firn itself sends may still pass. */
static void
pass_resets(const struct firn_cut_code *cut)
{
	const struct firn_reset_spot spot = {
		.code = cut->code,
		.filter = cut->filter,
		.packet = PACKET,
		.scratch = HEADER,
		.pass = cut->pass,
	};

	if (firn_reset_passes(cut->filter->hook))
		firn_reset_code(&spot);
}

static void
log_attempt(const struct firn_cut_code *cut)
{
	const struct firn_attempt_spot spot = {
		.code = cut->code,
		.filter = cut->filter,
		.packet = PACKET,
		.scratch = HEADER,
	};

	if (cut->filter->attempts_fd >= 0)
		firn_attempt_code(&spot);
}

static int
assemble(struct firn_cut_code *cut, struct firn_err *err)
{
	const struct firn_isolation *how = cut->filter->how;
	struct firn_bpf_code *code = cut->code;
	int count = firn_bpf_label(code);

	cut->pass = firn_bpf_label(code);
	cut->drop = firn_bpf_label(code);
	firn_bpf_move(code, PACKET, BPF_REG_1);
	if (!firn_hook_is_link(cut->filter->hook) && !how->cut_loopback)
		spare_loopback(cut);
	if (cut->filter->hook == FIRN_HOOK_OWN_OUT)
		spare_others(cut);
	if (how->n_allow > 0)
		firn_cut_rules(cut);
	firn_bpf_place(code, cut->drop);
	pass_resets(cut);
	answer(cut, false);
	log_attempt(cut);
	/* The verifier wants no code that can't be reached. */
	if (how->n_allow > 0 || firn_reset_passes(cut->filter->hook)) {
		firn_bpf_jump(code, count);
		firn_bpf_place(code, cut->pass);
		answer(cut, true);
	}
	firn_bpf_place(code, count);
	count_and_return(cut);
	return firn_bpf_link_labels(code, err);
}

static uint32_t
type_of(enum firn_hook hook)
{
	if (hook == FIRN_HOOK_XDP_IN)
		return BPF_PROG_TYPE_XDP;
	return firn_hook_is_link(hook) ? (uint32_t)BPF_PROG_TYPE_SCHED_CLS
				       : (uint32_t)BPF_PROG_TYPE_CGROUP_SKB;
}

int
firn_cut_program(const struct firn_filter *filter, struct firn_err *err)
{
	static const struct {
		const char *name;
		uint32_t attach; /* 0 where it's only said when attaching */
	} programs[FIRN_N_HOOKS] = {
		{ "firn_cgroup_out", BPF_CGROUP_INET_EGRESS },
		{ "firn_cgroup_in", BPF_CGROUP_INET_INGRESS },
		{ "firn_link_out", 0 },
		{ "firn_link_in", 0 },
		{ "firn_own_out", 0 },
		{ "firn_xdp_in", BPF_XDP },
	};
	autofree struct firn_bpf_code *code = calloc(1, sizeof(*code));
	struct firn_cut_code cut = { .code = code, .filter = filter };

	if (filter->how->n_allow > FIRN_ALLOW_MAX)
		return firn_err_set(err, E2BIG, "more than %d rules to allow",
				    FIRN_ALLOW_MAX);
	if (code == NULL)
		return firn_err_nomem(err);
	if (assemble(&cut, err) < 0)
		return -1;
	return firn_bpf_program(programs[filter->hook].name,
				type_of(filter->hook),
				programs[filter->hook].attach, code, err);
}
