#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <linux/if_ether.h>

#include "contain/cut/allow.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/cut_program.h"

/* Of all rules, so many are tried: each costs some microseconds. */
#define RULES_TRIED 8

/* A packet as the examiner thinks of it; `port` is the other side's. */
struct packet {
	int family;
	unsigned char remote[16];
	uint16_t port;
	uint8_t protocol;
	bool fragment;
};

struct proof {
	int prog_fd;
	const struct firn_filter *filter;
	uint32_t ifindex;
};

/* Where the container would be: addresses for documentation (RFC 5737, 3849)
 * that nothing here can meet, because the packets go nowhere. */
static const unsigned char local4[4] = { 192, 0, 2, 77 };
static const unsigned char local6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 77 };

static void
put_ports(unsigned char *at, bool out, uint16_t port)
{
	uint16_t remote = htons(port), local = htons(49152);

	memcpy(at, out ? &local : &remote, 2);
	memcpy(at + 2, out ? &remote : &local, 2);
}

static size_t
put_ipv4(unsigned char *at, const struct packet *packet, bool out)
{
	at[0] = 0x46; /* one word of options, so that its length counts */
	at[3] = 64;
	at[6] = packet->fragment ? 0x20 : 0;
	at[8] = 64;
	at[9] = packet->protocol;
	memcpy(at + 12, out ? local4 : packet->remote, 4);
	memcpy(at + 16, out ? packet->remote : local4, 4);
	memset(at + 20, 1, 4);
	put_ports(at + 24, out, packet->port);
	return 64;
}

static size_t
put_ipv6(unsigned char *at, const struct packet *packet, bool out)
{
	at[0] = 0x60;
	at[5] = 24;
	/* A fragment's header (44) stands in front of the other one. */
	at[6] = packet->fragment ? 44 : packet->protocol;
	at[7] = 64;
	memcpy(at + 8, out ? local6 : packet->remote, 16);
	memcpy(at + 24, out ? packet->remote : local6, 16);
	if (packet->fragment)
		at[40] = packet->protocol;
	put_ports(at + (packet->fragment ? 48 : 40), out, packet->port);
	return 64;
}

static bool
should_pass(const struct proof *proof, const struct packet *packet)
{
	bool has_port = !packet->fragment && (packet->protocol == IPPROTO_TCP ||
					      packet->protocol == IPPROTO_UDP);

	for (size_t i = 0; i < proof->filter->how->n_allow; i++)
		if (firn_allow_matches(&proof->filter->how->allow[i],
				       packet->family, packet->remote,
				       has_port ? packet->port : -1))
			return true;
	return false;
}

static int
judge(const struct proof *proof, const void *frame, size_t size, bool expected,
      struct firn_err *err)
{
	/* XDP's context names no interface. */
	uint32_t ifindex =
		proof->filter->hook == FIRN_HOOK_XDP_IN ? 0 : proof->ifindex;
	uint32_t answer;

	if (firn_bpf_try(proof->prog_fd, frame, size, ifindex, &answer, err) <
	    0)
		return -1;
	if ((int32_t)answer != firn_hook_answer(proof->filter->hook, expected))
		return firn_err_set(err, EBADMSG,
				    "the BPF program answered %d for a packet "
				    "that should %s",
				    (int)answer, expected ? "pass" : "drop");
	return 0;
}

static int
try_packet(const struct proof *proof, const struct packet *packet,
	   struct firn_err *err)
{
	unsigned char frame[128] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	bool out = firn_hook_is_out(proof->filter->hook);
	size_t size;

	frame[12] = packet->family == AF_INET ? 0x08 : 0x86;
	frame[13] = packet->family == AF_INET ? 0x00 : 0xdd;
	if (packet->family == AF_INET)
		size = put_ipv4(frame + ETH_HLEN, packet, out);
	else
		size = put_ipv6(frame + ETH_HLEN, packet, out);
	if (firn_hook_is_link(proof->filter->hook) && proof->filter->headless)
		return judge(proof, frame + ETH_HLEN, size,
			     should_pass(proof, packet), err);
	return judge(proof, frame, ETH_HLEN + size, should_pass(proof, packet),
		     err);
}

/* The same packet as TCP, UDP, another protocol, and a fragment. */
static int
try_kinds(const struct proof *proof, const struct packet *packet,
	  struct firn_err *err)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP,
					     IPPROTO_ICMP };
	struct packet kind = *packet;

	for (size_t i = 0; i < sizeof(protocols); i++) {
		kind.protocol = protocols[i];
		if (try_packet(proof, &kind, err) < 0)
			return -1;
	}
	kind.protocol = IPPROTO_TCP;
	kind.fragment = true;
	return try_packet(proof, &kind, err);
}

/* To its network with its port and with another, and just beside it. */
static int
try_rule(const struct proof *proof, const struct firn_allow *rule,
	 struct firn_err *err)
{
	struct packet packet = { .family = rule->family };

	memcpy(packet.remote, rule->address, sizeof(packet.remote));
	packet.port = rule->port != 0 ? rule->port : 443;
	if (try_kinds(proof, &packet, err) < 0)
		return -1;
	packet.port ^= 1;
	if (try_kinds(proof, &packet, err) < 0)
		return -1;
	if (rule->prefix == 0)
		return 0;
	packet.port ^= 1;
	packet.remote[(rule->prefix - 1) / 8] ^=
		(unsigned char)(0x80u >> (rule->prefix - 1) % 8);
	return try_kinds(proof, &packet, err);
}

static int
try_elsewhere(const struct proof *proof, struct firn_err *err)
{
	struct packet v4 = { .family = AF_INET,
			     .remote = { 203, 0, 113, 9 },
			     .port = 4444 },
		      v6 = { .family = AF_INET6,
			     .remote = { 0x20, 0x01, 0x0d, 0xb8, 0xff },
			     .port = 4444 };

	if (try_kinds(proof, &v4, err) < 0)
		return -1;
	return try_kinds(proof, &v6, err);
}

/* ARP, and a frame of a kind that is never allowed. */
static int
try_frames(const struct proof *proof, struct firn_err *err)
{
	unsigned char frame[60] = { [12] = 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1 };
	bool any_ipv4 = false;

	for (size_t i = 0; i < proof->filter->how->n_allow; i++)
		if (proof->filter->how->allow[i].family == AF_INET)
			any_ipv4 = true;
	if (judge(proof, frame, sizeof(frame), any_ipv4, err) < 0)
		return -1;
	frame[12] = 0x88;
	frame[13] = 0xb5; /* for experiments: IEEE 802 */
	return judge(proof, frame, sizeof(frame), false, err);
}

static int
try_all(const struct proof *proof, struct firn_err *err)
{
	if (try_elsewhere(proof, err) < 0)
		return -1;
	if (firn_filter_has_ethernet(proof->filter) &&
	    try_frames(proof, err) < 0)
		return -1;
	for (size_t i = 0; i < proof->filter->how->n_allow && i < RULES_TRIED;
	     i++)
		if (try_rule(proof, &proof->filter->how->allow[i], err) < 0)
			return -1;
	return 0;
}

int
firn_cut_prove(int prog_fd, const struct firn_filter *filter, uint32_t ifindex,
	       struct firn_err *err)
{
	const struct proof proof = { prog_fd, filter, ifindex };
	uint32_t dropped = firn_count_key(filter->hook, false),
		 passed = firn_count_key(filter->hook, true);
	int map_fd = filter->counters_fd;
	struct firn_count before[2];

	if (firn_bpf_read(map_fd, dropped, &before[0], err) < 0 ||
	    firn_bpf_read(map_fd, passed, &before[1], err) < 0 ||
	    try_all(&proof, err) < 0 ||
	    firn_bpf_write(map_fd, dropped, &before[0], err) < 0)
		return -1;
	return firn_bpf_write(map_fd, passed, &before[1], err);
}

int
firn_cut_prove_spares(int prog_fd, const struct firn_filter *filter,
		      uint32_t ifindex, struct firn_err *err)
{
	const struct proof proof = { prog_fd, filter, ifindex };
	const unsigned char frame[60] = { [12] = 0x88, 0xb5 };

	return judge(&proof, frame, sizeof(frame), true, err);
}
