#include "contain/cut/cut_attempts.h"

#include <arpa/inet.h>
#include <stddef.h>

#include <linux/if_ether.h>

#include "contain/cut/bpf_call.h"

/* What the registers hold. */
enum {
	NOW = BPF_REG_8,
	FRAME = BPF_REG_10,
};

/* What the frame holds, below the scratch. */
enum {
	KEY = -96,
	VALUE = -200,
};
_Static_assert(sizeof(struct firn_attempt_key) <= 32, "it ends at -64");
_Static_assert(VALUE + (int)sizeof(struct firn_attempt) <= KEY,
	       "they don't overlap");

#define KEY_OF(member) \
	((int16_t)(KEY + (int)offsetof(struct firn_attempt_key, member)))
#define VALUE_OF(member) \
	((int16_t)(VALUE + (int)offsetof(struct firn_attempt, member)))

bool
firn_attempts_seen(enum firn_hook hook)
{
	return hook != FIRN_HOOK_XDP_IN;
}

static int32_t
base_of(const struct firn_attempt_spot *spot)
{
	return firn_filter_has_ethernet(spot->filter) ? ETH_HLEN : 0;
}

static void
clear(const struct firn_attempt_spot *spot, int from, size_t size)
{
	for (size_t i = 0; i < size; i += 4)
		firn_bpf_store32(spot->code, FRAME, (int16_t)(from + (int)i),
				 0);
}

/* `size` bytes of the packet into the frame; the offset is in BPF_REG_2
 * already.  What is too short is `no`. */
static void
fetch(const struct firn_attempt_spot *spot, int16_t to, int32_t size, int no)
{
	struct firn_bpf_code *code = spot->code;

	firn_bpf_move(code, BPF_REG_1, spot->packet);
	firn_bpf_move(code, BPF_REG_3, FRAME);
	firn_bpf_add(code, BPF_REG_3, to);
	firn_bpf_set(code, BPF_REG_4, size);
	firn_bpf_call(code, BPF_FUNC_skb_load_bytes);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, 0, no);
}

static void
fetch_header(const struct firn_attempt_spot *spot, int32_t size, int no)
{
	firn_bpf_set(spot->code, BPF_REG_2, base_of(spot));
	fetch(spot, spot->scratch, size, no);
}

static void
load(const struct firn_attempt_spot *spot, uint8_t size, uint8_t dst, int at)
{
	firn_bpf_load(spot->code, size, dst, FRAME,
		      (int16_t)(spot->scratch + at));
}

static void
keep_remote(const struct firn_attempt_spot *spot, int at, int words)
{
	for (int i = 0; i < words; i++) {
		load(spot, BPF_W, BPF_REG_0, at + 4 * i);
		firn_bpf_store(spot->code, BPF_W, FRAME,
			       (int16_t)(KEY_OF(remote) + 4 * i), BPF_REG_0);
	}
}

/* The protocol is in BPF_REG_0, where its header begins in BPF_REG_2. */
static void
keep_port(const struct firn_attempt_spot *spot, int done)
{
	struct firn_bpf_code *code = spot->code;
	int ports = firn_bpf_label(code);

	firn_bpf_store(code, BPF_B, FRAME, KEY_OF(protocol), BPF_REG_0);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, IPPROTO_TCP, ports);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, IPPROTO_UDP, done);
	firn_bpf_place(code, ports);
	fetch(spot, spot->scratch, 4, done);
	load(spot, BPF_H, BPF_REG_0,
	     firn_hook_is_out(spot->filter->hook) ? 2 : 0);
	firn_bpf_store(code, BPF_H, FRAME, KEY_OF(port), BPF_REG_0);
	firn_bpf_jump(code, done);
}

static void
set_ethertype(const struct firn_attempt_spot *spot, uint16_t type)
{
	firn_bpf_set(spot->code, BPF_REG_0, htons(type));
	firn_bpf_store(spot->code, BPF_H, FRAME, KEY_OF(ethertype), BPF_REG_0);
}

static void
ipv4(const struct firn_attempt_spot *spot, int done)
{
	struct firn_bpf_code *code = spot->code;
	int whole = firn_bpf_label(code);

	set_ethertype(spot, ETH_P_IP);
	fetch_header(spot, 20, done);
	keep_remote(spot, firn_hook_is_out(spot->filter->hook) ? 16 : 12, 1);
	/* Behind the first fragment there are no ports. */
	load(spot, BPF_H, BPF_REG_1, 6);
	load(spot, BPF_B, BPF_REG_0, 9);
	load(spot, BPF_B, BPF_REG_2, 0);
	firn_bpf_and32(code, BPF_REG_1, htons(0x1fff));
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_1, 0, whole);
	firn_bpf_store(code, BPF_B, FRAME, KEY_OF(protocol), BPF_REG_0);
	firn_bpf_jump(code, done);
	firn_bpf_place(code, whole);
	firn_bpf_and32(code, BPF_REG_2, 0xf);
	firn_bpf_shift(code, BPF_REG_2, 2);
	firn_bpf_add(code, BPF_REG_2, base_of(spot));
	keep_port(spot, done);
}

static void
ipv6(const struct firn_attempt_spot *spot, int done)
{
	set_ethertype(spot, ETH_P_IPV6);
	fetch_header(spot, 40, done);
	keep_remote(spot, firn_hook_is_out(spot->filter->hook) ? 24 : 8, 4);
	load(spot, BPF_B, BPF_REG_0, 6);
	firn_bpf_set(spot->code, BPF_REG_2, base_of(spot) + 40);
	keep_port(spot, done);
}

/* Whom it asks for, and who asks (RFC 826). */
static void
arp(const struct firn_attempt_spot *spot, int done)
{
	struct firn_bpf_code *code = spot->code;

	firn_bpf_set(code, BPF_REG_2,
		     ETH_HLEN +
			     (firn_hook_is_out(spot->filter->hook) ? 24 : 14));
	fetch(spot, spot->scratch, 4, done);
	keep_remote(spot, 0, 1);
	firn_bpf_jump(code, done);
}

static void
by_ethertype(const struct firn_attempt_spot *spot, int is_ipv4, int is_ipv6,
	     int done)
{
	struct firn_bpf_code *code = spot->code;

	firn_bpf_set(code, BPF_REG_2, 12);
	fetch(spot, spot->scratch, 2, done);
	load(spot, BPF_H, BPF_REG_0, 0);
	firn_bpf_store(code, BPF_H, FRAME, KEY_OF(ethertype), BPF_REG_0);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, htons(ETH_P_IP), is_ipv4);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, htons(ETH_P_IPV6), is_ipv6);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, htons(ETH_P_ARP), done);
	arp(spot, done);
}

static void
by_version(const struct firn_attempt_spot *spot, int is_ipv4, int is_ipv6,
	   int done)
{
	struct firn_bpf_code *code = spot->code;

	firn_bpf_set(code, BPF_REG_2, 0);
	fetch(spot, spot->scratch, 1, done);
	load(spot, BPF_B, BPF_REG_0, 0);
	firn_bpf_and32(code, BPF_REG_0, 0xf0);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, 0x40, is_ipv4);
	firn_bpf_jump_if(code, BPF_JEQ, BPF_REG_0, 0x60, is_ipv6);
	firn_bpf_jump(code, done);
}

static void
make_key(const struct firn_attempt_spot *spot)
{
	struct firn_bpf_code *code = spot->code;
	int is_ipv4 = firn_bpf_label(code), is_ipv6 = firn_bpf_label(code),
	    done = firn_bpf_label(code);

	clear(spot, KEY, sizeof(struct firn_attempt_key));
	firn_bpf_store32(code, FRAME, KEY_OF(hook),
			 (int32_t)spot->filter->hook);
	if (firn_filter_has_ethernet(spot->filter))
		by_ethertype(spot, is_ipv4, is_ipv6, done);
	else
		by_version(spot, is_ipv4, is_ipv6, done);
	firn_bpf_place(code, is_ipv4);
	ipv4(spot, done);
	firn_bpf_place(code, is_ipv6);
	ipv6(spot, done);
	firn_bpf_place(code, done);
}

static void
load_length(const struct firn_attempt_spot *spot, uint8_t dst)
{
	firn_bpf_load(spot->code, BPF_W, dst, spot->packet,
		      offsetof(struct __sk_buff, len));
}

static void
take_sample(const struct firn_attempt_spot *spot)
{
	struct firn_bpf_code *code = spot->code;
	int short_one = firn_bpf_label(code), none = firn_bpf_label(code);

	load_length(spot, BPF_REG_4);
	firn_bpf_jump_if(code, BPF_JLT, BPF_REG_4, FIRN_SAMPLE, short_one);
	firn_bpf_set(code, BPF_REG_4, FIRN_SAMPLE);
	firn_bpf_place(code, short_one);
	firn_bpf_jump_if(code, BPF_JLT, BPF_REG_4, 1, none);
	firn_bpf_store(code, BPF_DW, FRAME, VALUE_OF(sample_len), BPF_REG_4);
	firn_bpf_move(code, BPF_REG_1, spot->packet);
	firn_bpf_set(code, BPF_REG_2, 0);
	firn_bpf_move(code, BPF_REG_3, FRAME);
	firn_bpf_add(code, BPF_REG_3, VALUE_OF(sample));
	firn_bpf_call(code, BPF_FUNC_skb_load_bytes);
	firn_bpf_place(code, none);
}

/* Of two processors that see the first packet at the same time one is right:
 * the other's isn't counted. */
static void
insert(const struct firn_attempt_spot *spot)
{
	struct firn_bpf_code *code = spot->code;

	clear(spot, VALUE, sizeof(struct firn_attempt));
	firn_bpf_set(code, BPF_REG_0, 1);
	firn_bpf_store(code, BPF_DW, FRAME, VALUE_OF(packets), BPF_REG_0);
	load_length(spot, BPF_REG_0);
	firn_bpf_store(code, BPF_DW, FRAME, VALUE_OF(bytes), BPF_REG_0);
	firn_bpf_store(code, BPF_DW, FRAME, VALUE_OF(first_ns), NOW);
	firn_bpf_store(code, BPF_DW, FRAME, VALUE_OF(last_ns), NOW);
	take_sample(spot);
	firn_bpf_map(code, BPF_REG_1, spot->filter->attempts_fd);
	firn_bpf_move(code, BPF_REG_2, FRAME);
	firn_bpf_add(code, BPF_REG_2, KEY);
	firn_bpf_move(code, BPF_REG_3, FRAME);
	firn_bpf_add(code, BPF_REG_3, VALUE);
	firn_bpf_set(code, BPF_REG_4, BPF_NOEXIST);
	firn_bpf_call(code, BPF_FUNC_map_update_elem);
}

static void
count(const struct firn_attempt_spot *spot)
{
	struct firn_bpf_code *code = spot->code;

	firn_bpf_set(code, BPF_REG_1, 1);
	firn_bpf_atomic_add(code, BPF_REG_0,
			    offsetof(struct firn_attempt, packets), BPF_REG_1);
	load_length(spot, BPF_REG_1);
	firn_bpf_atomic_add(code, BPF_REG_0,
			    offsetof(struct firn_attempt, bytes), BPF_REG_1);
	firn_bpf_store(code, BPF_DW, BPF_REG_0,
		       offsetof(struct firn_attempt, last_ns), NOW);
}

void
firn_attempt_code(const struct firn_attempt_spot *spot)
{
	struct firn_bpf_code *code = spot->code;
	int known = firn_bpf_label(code), done = firn_bpf_label(code);

	make_key(spot);
	firn_bpf_call(code, BPF_FUNC_ktime_get_boot_ns);
	firn_bpf_move(code, NOW, BPF_REG_0);
	firn_bpf_map(code, BPF_REG_1, spot->filter->attempts_fd);
	firn_bpf_move(code, BPF_REG_2, FRAME);
	firn_bpf_add(code, BPF_REG_2, KEY);
	firn_bpf_call(code, BPF_FUNC_map_lookup_elem);
	firn_bpf_jump_if(code, BPF_JNE, BPF_REG_0, 0, known);
	insert(spot);
	firn_bpf_jump(code, done);
	firn_bpf_place(code, known);
	count(spot);
	firn_bpf_place(code, done);
}

int
firn_attempts_map(struct firn_err *err)
{
	return firn_bpf_lru("firn_attempts", sizeof(struct firn_attempt_key),
			    sizeof(struct firn_attempt), FIRN_ATTEMPTS_MAX,
			    err);
}
