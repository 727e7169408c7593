#include "contain/cut/cut_rules.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include <linux/if_ether.h>

#include "contain/cut/cut_program.h"

/* A packet that has no port that can be seen, and one whose port doesn't
 * matter. */
enum {
	NO_PORT = -1,
	EVERY_PORT = -2
};

/* Lengths of whole frames: an ARP packet is 42 bytes, or 60 with padding;
 * neighbour discovery is 86 with one address option. */
enum {
	ARP_MAX = 60,
	ND_MAX = 86 + 16
};

/* Reads a packet by offsets too; not in the headers of Debian 12. */
#define FIRN_BPF_XDP_LOAD_BYTES 189
#define FIRN_BPF_XDP_LENGTH 188

static bool
has_ethernet(const struct firn_cut_code *cut)
{
	return firn_filter_has_ethernet(cut->filter);
}

static int32_t
base_of(const struct firn_cut_code *cut)
{
	return has_ethernet(cut) ? ETH_HLEN : 0;
}

void
firn_cut_length(const struct firn_cut_code *cut, uint8_t dst)
{
	struct firn_bpf_code *code = cut->code;

	if (cut->filter->hook != FIRN_HOOK_XDP_IN) {
		firn_bpf_load(code, BPF_W, dst, PACKET,
			      offsetof(struct __sk_buff, len));
		return;
	}
	firn_bpf_move(code, BPF_REG_1, PACKET);
	firn_bpf_call(code, FIRN_BPF_XDP_LENGTH);
	if (dst != BPF_REG_0)
		firn_bpf_move(code, dst, BPF_REG_0);
}

static bool
any_rule(const struct firn_cut_code *cut, int family)
{
	for (size_t i = 0; i < cut->filter->how->n_allow; i++)
		if (cut->filter->how->allow[i].family == family)
			return true;
	return false;
}

static bool
any_port(const struct firn_cut_code *cut, int family)
{
	for (size_t i = 0; i < cut->filter->how->n_allow; i++)
		if (cut->filter->how->allow[i].family == family &&
		    cut->filter->how->allow[i].port != 0)
			return true;
	return false;
}

/* Bytes of the packet to the frame; too short a packet is dropped.  The offset
 * is in BPF_REG_2 already. */
static void
fetch(const struct firn_cut_code *cut, int16_t to, int32_t size)
{
	struct firn_bpf_code *code = cut->code;

	firn_bpf_move(code, BPF_REG_1, PACKET);
	firn_bpf_move(code, BPF_REG_3, FRAME);
	firn_bpf_add(code, BPF_REG_3, to);
	firn_bpf_set(code, BPF_REG_4, size);
	firn_bpf_call(code, cut->filter->hook == FIRN_HOOK_XDP_IN
				    ? FIRN_BPF_XDP_LOAD_BYTES
				    : (int32_t)BPF_FUNC_skb_load_bytes);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, 0, cut->drop);
}

static void
fetch_at(const struct firn_cut_code *cut, int32_t from, int16_t to,
	 int32_t size)
{
	firn_bpf_set(cut->code, BPF_REG_2, from);
	fetch(cut, to, size);
}

/* The other side's port, once BPF_REG_2 says where the ports are. */
static void
take_port(const struct firn_cut_code *cut)
{
	int16_t at = firn_hook_is_out(cut->filter->hook) ? PORTS + 2 : PORTS;

	fetch(cut, PORTS, 4);
	firn_bpf_load(cut->code, BPF_H, PORT, FRAME, at);
}

/* Go on at `label` unless the protocol in BPF_REG_0 has ports. */
static void
unless_ports(const struct firn_cut_code *cut, int label)
{
	int ports = firn_bpf_label(cut->code);

	firn_bpf_jump_if(cut->code, BPF_JEQ, BPF_REG_0, IPPROTO_TCP, ports);
	firn_bpf_jump_if(cut->code, BPF_JNE, BPF_REG_0, IPPROTO_UDP, label);
	firn_bpf_place(cut->code, ports);
}

/* The end of each rule: the address fits, so the port decides. */
static void
decide(const struct firn_cut_code *cut, const struct firn_allow *rule, int next)
{
	if (rule->port != 0) {
		firn_bpf_jump_if(cut->code, BPF_JEQ, PORT, EVERY_PORT,
				 cut->pass);
		firn_bpf_jump_if(cut->code, BPF_JNE, PORT, htons(rule->port),
				 next);
	}
	firn_bpf_jump(cut->code, cut->pass);
}

/* The mask of the i-th 32 bits of an address, as on the wire. */
static uint32_t
mask_of(const struct firn_allow *rule, unsigned i)
{
	if (rule->prefix <= 32 * i)
		return 0;
	if (rule->prefix >= 32 * (i + 1))
		return UINT32_MAX;
	return htonl(UINT32_MAX << (32 * (i + 1) - rule->prefix));
}

static uint32_t
word_of(const struct firn_allow *rule, unsigned i)
{
	uint32_t word;

	memcpy(&word, rule->address + 4 * i, sizeof(word));
	return word;
}

/* Go on at `next` unless the 32 bits in BPF_REG_0 fit.  A mask of nothing is
 * compared too: the verifier refuses what no jump can reach. */
static void
match_word(const struct firn_cut_code *cut, uint32_t mask, uint32_t word,
	   int next)
{
	if (mask != UINT32_MAX)
		firn_bpf_and32(cut->code, BPF_REG_0, mask);
	firn_bpf_set32(cut->code, BPF_REG_1, word);
	firn_bpf_jump_differ(cut->code, BPF_REG_0, BPF_REG_1, next);
}

static void
match_ipv4(const struct firn_cut_code *cut, const struct firn_allow *rule)
{
	int next = firn_bpf_label(cut->code);

	firn_bpf_move32(cut->code, BPF_REG_0, ADDRESS);
	match_word(cut, mask_of(rule, 0), word_of(rule, 0), next);
	decide(cut, rule, next);
	firn_bpf_place(cut->code, next);
}

static int16_t
ipv6_remote(const struct firn_cut_code *cut)
{
	return firn_hook_is_out(cut->filter->hook) ? HEADER + 24 : HEADER + 8;
}

static void
match_ipv6(const struct firn_cut_code *cut, const struct firn_allow *rule)
{
	int next = firn_bpf_label(cut->code);

	for (unsigned i = 0; i < 4 && (i == 0 || mask_of(rule, i) != 0); i++) {
		firn_bpf_load(cut->code, BPF_W, BPF_REG_0, FRAME,
			      (int16_t)(ipv6_remote(cut) + 4 * (int)i));
		match_word(cut, mask_of(rule, i), word_of(rule, i), next);
	}
	decide(cut, rule, next);
	firn_bpf_place(cut->code, next);
}

/* Every fragment is without a port, the first one too: the others could not
 * follow it. */
static void
ipv4_port(const struct firn_cut_code *cut)
{
	struct firn_bpf_code *code = cut->code;
	int done = firn_bpf_label(code);

	firn_bpf_set(code, PORT, NO_PORT);
	firn_bpf_load(code, BPF_H, BPF_REG_0, FRAME, HEADER + 6);
	firn_bpf_and32(code, BPF_REG_0, htons(0x3fff));
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, 0, done);
	firn_bpf_load(code, BPF_B, BPF_REG_0, FRAME, HEADER + 9);
	unless_ports(cut, done);
	firn_bpf_load(code, BPF_B, BPF_REG_2, FRAME, HEADER);
	firn_bpf_and32(code, BPF_REG_2, 0xf);
	firn_bpf_shift(code, BPF_REG_2, 2);
	firn_bpf_add(code, BPF_REG_2, base_of(cut));
	take_port(cut);
	firn_bpf_place(code, done);
}

static void
ipv4(const struct firn_cut_code *cut)
{
	struct firn_bpf_code *code = cut->code;

	fetch_at(cut, base_of(cut), HEADER, 20);
	/* Version 4, and a header of five words or more. */
	firn_bpf_load(code, BPF_B, BPF_REG_0, FRAME, HEADER);
	firn_bpf_jump_if(code, BPF_JLT, BPF_REG_0, 0x45, cut->drop);
	firn_bpf_jump_if(code, BPF_JGT, BPF_REG_0, 0x4f, cut->drop);
	firn_bpf_load(code, BPF_W, ADDRESS, FRAME,
		      firn_hook_is_out(cut->filter->hook) ? HEADER + 16
							  : HEADER + 12);
	if (any_port(cut, AF_INET))
		ipv4_port(cut);
	for (size_t i = 0; i < cut->filter->how->n_allow; i++)
		if (cut->filter->how->allow[i].family == AF_INET)
			match_ipv4(cut, &cut->filter->how->allow[i]);
	firn_bpf_jump(code, cut->drop);
}

/*
 * Neighbour discovery, without which an interface reaches nobody: solicitation
 * and advertisement (RFC 4861), with a hop limit of 255, short, and on the
 * local network or with whom a rule names.  Others go on at `other`.
 */
static void
neighbour_discovery(const struct firn_cut_code *cut, int rules, int other)
{
	struct firn_bpf_code *code = cut->code;
	int is_nd = firn_bpf_label(code), no_link_local = firn_bpf_label(code),
	    no_multicast = firn_bpf_label(code);

	firn_bpf_load(code, BPF_B, BPF_REG_0, FRAME, HEADER + 6);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, IPPROTO_ICMPV6, other);
	firn_bpf_load(code, BPF_B, BPF_REG_0, FRAME, HEADER + 7);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, 255, other);
	firn_cut_length(cut, BPF_REG_0);
	firn_bpf_jump_if(code, BPF_JGT, BPF_REG_0, ND_MAX, other);
	fetch_at(cut, base_of(cut) + 40, ND_TYPE, 1);
	firn_bpf_load(code, BPF_B, BPF_REG_0, FRAME, ND_TYPE);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, 135, is_nd);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, 136, other);
	firn_bpf_place(code, is_nd);
	firn_bpf_load(code, BPF_W, BPF_REG_0, FRAME, ipv6_remote(cut));
	match_word(cut, htonl(0xffc00000), htonl(0xfe800000), no_link_local);
	firn_bpf_jump(code, cut->pass);
	firn_bpf_place(code, no_link_local);
	firn_bpf_load(code, BPF_W, BPF_REG_0, FRAME, ipv6_remote(cut));
	match_word(cut, htonl(0xffff0000), htonl(0xff020000), no_multicast);
	firn_bpf_jump(code, cut->pass);
	firn_bpf_place(code, no_multicast);
	firn_bpf_set(code, PORT, EVERY_PORT);
	firn_bpf_jump(code, rules);
}

static void
ipv6(const struct firn_cut_code *cut)
{
	struct firn_bpf_code *code = cut->code;
	int rules = firn_bpf_label(code), other = firn_bpf_label(code);

	fetch_at(cut, base_of(cut), HEADER, 40);
	firn_bpf_load(code, BPF_B, BPF_REG_0, FRAME, HEADER);
	firn_bpf_jump_if(code, BPF_JLT, BPF_REG_0, 0x60, cut->drop);
	firn_bpf_jump_if(code, BPF_JGT, BPF_REG_0, 0x6f, cut->drop);
	if (has_ethernet(cut))
		neighbour_discovery(cut, rules, other);
	firn_bpf_place(code, other);
	firn_bpf_set(code, PORT, NO_PORT);
	if (any_port(cut, AF_INET6)) {
		firn_bpf_load(code, BPF_B, BPF_REG_0, FRAME, HEADER + 6);
		unless_ports(cut, rules);
		firn_bpf_set(code, BPF_REG_2, base_of(cut) + 40);
		take_port(cut);
	}
	firn_bpf_place(code, rules);
	for (size_t i = 0; i < cut->filter->how->n_allow; i++)
		if (cut->filter->how->allow[i].family == AF_INET6)
			match_ipv6(cut, &cut->filter->how->allow[i]);
	firn_bpf_jump(code, cut->drop);
}

/* Ethernet and IPv4 addresses, and no room for anything else (RFC 826). */
static void
arp(const struct firn_cut_code *cut)
{
	struct firn_bpf_code *code = cut->code;

	firn_cut_length(cut, BPF_REG_0);
	firn_bpf_jump_if(code, BPF_JGT, BPF_REG_0, ARP_MAX, cut->drop);
	fetch_at(cut, ETH_HLEN, HEADER, 8);
	firn_bpf_load(code, BPF_W, BPF_REG_0, FRAME, HEADER);
	match_word(cut, UINT32_MAX, htonl(0x00010800), cut->drop);
	firn_bpf_load(code, BPF_H, BPF_REG_0, FRAME, HEADER + 4);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, htons(0x0604), cut->pass);
	firn_bpf_jump(code, cut->drop);
}

/* By the type in the Ethernet header; a VLAN's tag, also one that the card or
 * the kernel has taken off, is none of what is allowed. */
static void
by_ethertype(const struct firn_cut_code *cut, int is_ipv4, int is_ipv6)
{
	struct firn_bpf_code *code = cut->code;
	int is_arp = firn_bpf_label(code);

	if (cut->filter->hook != FIRN_HOOK_XDP_IN) {
		firn_bpf_load(code, BPF_W, BPF_REG_0, PACKET,
			      offsetof(struct __sk_buff, vlan_present));
		firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, 0, cut->drop);
	}
	fetch_at(cut, 0, HEADER, ETH_HLEN);
	firn_bpf_load(code, BPF_H, BPF_REG_0, FRAME, HEADER + 12);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, htons(ETH_P_IP), is_ipv4);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, htons(ETH_P_IPV6), is_ipv6);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, htons(ETH_P_ARP), cut->drop);
	firn_bpf_place(code, is_arp);
	if (any_rule(cut, AF_INET))
		arp(cut);
	else
		firn_bpf_jump(code, cut->drop);
}

static void
by_version(const struct firn_cut_code *cut, int is_ipv4, int is_ipv6)
{
	struct firn_bpf_code *code = cut->code;

	fetch_at(cut, 0, HEADER, 1);
	firn_bpf_load(code, BPF_B, BPF_REG_0, FRAME, HEADER);
	firn_bpf_and32(code, BPF_REG_0, 0xf0);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, 0x40, is_ipv4);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, 0x60, is_ipv6);
	firn_bpf_jump(code, cut->drop);
}

void
firn_cut_rules(const struct firn_cut_code *cut)
{
	int is_ipv4 = firn_bpf_label(cut->code),
	    is_ipv6 = firn_bpf_label(cut->code);

	if (has_ethernet(cut))
		by_ethertype(cut, is_ipv4, is_ipv6);
	else
		by_version(cut, is_ipv4, is_ipv6);
	firn_bpf_place(cut->code, is_ipv4);
	if (any_rule(cut, AF_INET))
		ipv4(cut);
	else
		firn_bpf_jump(cut->code, cut->drop);
	firn_bpf_place(cut->code, is_ipv6);
	if (any_rule(cut, AF_INET6))
		ipv6(cut);
}
