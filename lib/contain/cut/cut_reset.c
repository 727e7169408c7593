#include "contain/cut/cut_reset.h"

#include <arpa/inet.h>
#include <stddef.h>

#include <linux/if_ether.h>

#include "contain/cut/bpf_call.h"

/* What the registers hold; all are kept over a call. */
enum {
	PURSE = BPF_REG_8,
	HEADERS = BPF_REG_9, /* where the data begins, were there any */
	FRAME = BPF_REG_10,
};

/* Flags of TCP (RFC 9293, 3.1). */
enum {
	FIN = 1,
	SYN = 2,
	RST = 4,
	ACK = 16
};

/* Lengths of whole frames: an ARP packet is 42 bytes, or 60 with padding;
 * neighbour discovery is 86 with one address option. */
enum {
	ARP_MAX = 60,
	ND_MAX = 86
};

/* TCP's header in the scratch, up to its flags. */
enum {
	TCP_AT = 20,
	TCP_LEN = 14
};

bool
firn_reset_passes(enum firn_hook hook)
{
	return hook != FIRN_HOOK_CGROUP_IN && hook != FIRN_HOOK_XDP_IN;
}

static int32_t
base_of(const struct firn_reset_spot *spot)
{
	return firn_filter_has_ethernet(spot->filter) ? ETH_HLEN : 0;
}

/* Bytes of the packet into the scratch; the offset is in BPF_REG_2 already. */
static void
fetch(const struct firn_reset_spot *spot, int at, int32_t size, int no)
{
	struct firn_bpf_code *code = spot->code;

	firn_bpf_move(code, BPF_REG_1, spot->packet);
	firn_bpf_move(code, BPF_REG_3, FRAME);
	firn_bpf_add(code, BPF_REG_3, spot->scratch + at);
	firn_bpf_set(code, BPF_REG_4, size);
	firn_bpf_call(code, BPF_FUNC_skb_load_bytes);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, 0, no);
}

static void
load(const struct firn_reset_spot *spot, uint8_t size, uint8_t dst, int at)
{
	firn_bpf_load(spot->code, size, dst, FRAME,
		      (int16_t)(spot->scratch + at));
}

static void
load_length(const struct firn_reset_spot *spot)
{
	firn_bpf_load(spot->code, BPF_W, BPF_REG_1, spot->packet,
		      offsetof(struct __sk_buff, len));
}

/* The length of the headers before it is in HEADERS. */
static void
tcp(const struct firn_reset_spot *spot, int pay, int no)
{
	struct firn_bpf_code *code = spot->code;
	bool out = firn_hook_is_out(spot->filter->hook);

	firn_bpf_move(code, BPF_REG_2, HEADERS);
	fetch(spot, TCP_AT, TCP_LEN, no);
	load(spot, BPF_B, BPF_REG_0, TCP_AT + 13);
	firn_bpf_and32(code, BPF_REG_0,
		       out ? FIN | SYN | RST : FIN | SYN | RST | ACK);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, out ? RST : ACK, no);
	/* The upper half of the byte is its length in words of four. */
	load(spot, BPF_B, BPF_REG_0, TCP_AT + 12);
	firn_bpf_and32(code, BPF_REG_0, 0xf0);
	firn_bpf_shift_right(code, BPF_REG_0, 2);
	firn_bpf_add_register(code, HEADERS, BPF_REG_0);
	load_length(spot);
	firn_bpf_jump_above(code, BPF_REG_1, HEADERS, no);
	firn_bpf_jump(code, pay);
}

static void
ipv4(const struct firn_reset_spot *spot, int pay, int no)
{
	struct firn_bpf_code *code = spot->code;

	firn_bpf_set(code, BPF_REG_2, base_of(spot));
	fetch(spot, 0, 20, no);
	load(spot, BPF_B, HEADERS, 0);
	firn_bpf_jump_if(code, BPF_JLT, HEADERS, 0x45, no);
	firn_bpf_jump_if(code, BPF_JGT, HEADERS, 0x4f, no);
	load(spot, BPF_H, BPF_REG_0, 6);
	firn_bpf_and32(code, BPF_REG_0, htons(0x3fff));
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, 0, no);
	load(spot, BPF_B, BPF_REG_0, 9);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, IPPROTO_TCP, no);
	firn_bpf_and32(code, HEADERS, 0xf);
	firn_bpf_shift(code, HEADERS, 2);
	firn_bpf_add(code, HEADERS, base_of(spot));
	tcp(spot, pay, no);
}

/* Solicitation and advertisement of neighbours, RFC 4861. */
static void
neighbours(const struct firn_reset_spot *spot, int pay, int no)
{
	struct firn_bpf_code *code = spot->code;

	load(spot, BPF_B, BPF_REG_0, 7);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, 255, no);
	load_length(spot);
	firn_bpf_jump_if(code, BPF_JGT, BPF_REG_1, ND_MAX, no);
	firn_bpf_set(code, BPF_REG_2, base_of(spot) + 40);
	fetch(spot, 0, 1, no);
	load(spot, BPF_B, BPF_REG_0, 0);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, 135, pay);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, 136, pay);
	firn_bpf_jump(code, no);
}

static void
ipv6(const struct firn_reset_spot *spot, int pay, int no)
{
	struct firn_bpf_code *code = spot->code;
	int is_tcp = firn_bpf_label(code);

	firn_bpf_set(code, BPF_REG_2, base_of(spot));
	fetch(spot, 0, 40, no);
	load(spot, BPF_B, BPF_REG_0, 0);
	firn_bpf_jump_if(code, BPF_JLT, BPF_REG_0, 0x60, no);
	firn_bpf_jump_if(code, BPF_JGT, BPF_REG_0, 0x6f, no);
	load(spot, BPF_B, BPF_REG_0, 6);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, IPPROTO_TCP, is_tcp);
	if (firn_hook_is_link(spot->filter->hook)) {
		firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, IPPROTO_ICMPV6, no);
		neighbours(spot, pay, no);
	} else {
		firn_bpf_jump(code, no);
	}
	firn_bpf_place(code, is_tcp);
	firn_bpf_set(code, HEADERS, base_of(spot) + 40);
	tcp(spot, pay, no);
}

/* Falls through with IPv4, jumps to `is_ipv6`. */
static void
by_ethertype(const struct firn_reset_spot *spot, int is_ipv6, int pay, int no)
{
	struct firn_bpf_code *code = spot->code;
	int is_ipv4 = firn_bpf_label(code);

	firn_bpf_load(code, BPF_W, BPF_REG_0, spot->packet,
		      offsetof(struct __sk_buff, vlan_present));
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, 0, no);
	firn_bpf_set(code, BPF_REG_2, 12);
	fetch(spot, 0, 2, no);
	load(spot, BPF_H, BPF_REG_0, 0);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, htons(ETH_P_IP), is_ipv4);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, htons(ETH_P_IPV6), is_ipv6);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, htons(ETH_P_ARP), no);
	load_length(spot);
	firn_bpf_jump_if(code, BPF_JGT, BPF_REG_1, ARP_MAX, no);
	firn_bpf_jump(code, pay);
	firn_bpf_place(code, is_ipv4);
}

static void
by_version(const struct firn_reset_spot *spot, int is_ipv6, int no)
{
	struct firn_bpf_code *code = spot->code;

	firn_bpf_set(code, BPF_REG_2, 0);
	fetch(spot, 0, 1, no);
	load(spot, BPF_B, BPF_REG_0, 0);
	firn_bpf_jump_if(code, BPF_JGT, BPF_REG_0, 0x5f, is_ipv6);
}

/* An empty purse is what there is nearly always: it's looked at first. */
static void
open_purse(const struct firn_reset_spot *spot, int no)
{
	struct firn_bpf_code *code = spot->code;

	firn_bpf_store32(code, FRAME, spot->scratch, FIRN_PURSE);
	firn_bpf_map(code, BPF_REG_1, spot->filter->counters_fd);
	firn_bpf_move(code, BPF_REG_2, FRAME);
	firn_bpf_add(code, BPF_REG_2, spot->scratch);
	firn_bpf_call(code, BPF_FUNC_map_lookup_elem);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, 0, no);
	firn_bpf_move(code, PURSE, BPF_REG_0);
	firn_bpf_load(code, BPF_DW, BPF_REG_1, PURSE,
		      offsetof(struct firn_count, packets));
	firn_bpf_jump_if(code, BPF_JSLE, BPF_REG_1, 0, no);
}

void
firn_reset_code(const struct firn_reset_spot *spot)
{
	struct firn_bpf_code *code = spot->code;
	int no = firn_bpf_label(code), pay = firn_bpf_label(code),
	    is_ipv6 = firn_bpf_label(code);

	open_purse(spot, no);
	if (firn_filter_has_ethernet(spot->filter))
		by_ethertype(spot, is_ipv6, pay, no);
	else
		by_version(spot, is_ipv6, no);
	ipv4(spot, pay, no);
	firn_bpf_place(code, is_ipv6);
	ipv6(spot, pay, no);
	firn_bpf_place(code, pay);
	firn_bpf_set(code, BPF_REG_1, -1);
	firn_bpf_atomic_add(code, PURSE, offsetof(struct firn_count, packets),
			    BPF_REG_1);
	firn_bpf_jump(code, spot->pass);
	firn_bpf_place(code, no);
}

int
firn_purse_fill(int map_fd, int64_t packets, struct firn_err *err)
{
	const struct firn_count purse = { .packets = (uint64_t)packets };

	return firn_bpf_write(map_fd, FIRN_PURSE, &purse, err);
}

int
firn_purse_left(int map_fd, int64_t *ret, struct firn_err *err)
{
	struct firn_count purse;

	if (firn_bpf_read(map_fd, FIRN_PURSE, &purse, err) < 0)
		return -1;
	*ret = (int64_t)purse.packets;
	return 0;
}
