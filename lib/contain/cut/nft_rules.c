#include "contain/cut/nft_rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>

/* As in cut_program.c, but for the Ethernet header: where the container's
 * frames come in, a packet's length is without it. */
enum {
	ARP_MAX = 60 - ETH_HLEN,
	ND_MAX = 102 - ETH_HLEN
};

struct rules {
	struct firn_nft_batch *batch;
	const char *table, *chain;
	bool out;
	const struct firn_isolation *how;
	size_t n;
};

static void
equals(const struct rules *rules, uint32_t base, uint32_t offset, uint32_t len,
       const void *value)
{
	const struct firn_nft_bytes where = { base, offset, len };

	firn_nft_equals(rules->batch, where, NULL, value);
}

static void
byte_is(const struct rules *rules, uint32_t offset, uint8_t value)
{
	equals(rules, NFT_PAYLOAD_NETWORK_HEADER, offset, 1, &value);
}

static void
at_most(const struct rules *rules, uint32_t length)
{
	firn_nft_at_most(rules->batch, rules->out ? length : length + ETH_HLEN);
}

/* By the Ethernet header, in which a VLAN's tag shows. */
static void
begin(struct rules *rules, uint16_t ethertype)
{
	uint16_t type = htons(ethertype);

	firn_nft_rule(rules->batch, rules->table, rules->chain);
	equals(rules, NFT_PAYLOAD_LL_HEADER, 12, sizeof(type), &type);
}

static void
version_is(const struct rules *rules, uint8_t version)
{
	const struct firn_nft_bytes where = { NFT_PAYLOAD_NETWORK_HEADER, 0,
					      1 };
	const uint8_t mask = 0xf0, value = (uint8_t)(version << 4);

	firn_nft_equals(rules->batch, where, &mask, &value);
}

static void
accept_it(struct rules *rules)
{
	firn_nft_accept(rules->batch);
	rules->n++;
}

static void
make_mask(unsigned char mask[16], unsigned prefix)
{
	memset(mask, 0, 16);
	for (unsigned i = 0; i < prefix; i++)
		mask[i / 8] |= (unsigned char)(0x80u >> i % 8);
}

/* The other side's address: where it goes, or where it comes from. */
static void
remote_in(const struct rules *rules, const struct firn_allow *allow)
{
	bool is_ipv4 = allow->family == AF_INET;
	struct firn_nft_bytes where = { .base = NFT_PAYLOAD_NETWORK_HEADER,
					.len = is_ipv4 ? 4 : 16 };
	unsigned char mask[16];

	if (allow->prefix == 0)
		return;
	if (is_ipv4)
		where.offset = rules->out ? 16 : 12;
	else
		where.offset = rules->out ? 24 : 8;
	make_mask(mask, allow->prefix);
	firn_nft_equals(rules->batch, where, mask, allow->address);
}

static void
port_is(const struct rules *rules, const struct firn_allow *allow,
	uint8_t protocol)
{
	uint16_t port = htons(allow->port);
	uint32_t offset = rules->out ? 2 : 0;

	if (allow->family == AF_INET6) {
		byte_is(rules, 6, protocol);
		/* Behind the header at once: no extension headers. */
		equals(rules, NFT_PAYLOAD_NETWORK_HEADER, 40 + offset,
		       sizeof(port), &port);
		return;
	}
	byte_is(rules, 9, protocol);
	equals(rules, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(port),
	       &port);
}

static void
no_fragment(const struct rules *rules)
{
	const struct firn_nft_bytes where = { NFT_PAYLOAD_NETWORK_HEADER, 6,
					      2 };
	const uint16_t mask = htons(0x3fff), none = 0;

	firn_nft_equals(rules->batch, where, &mask, &none);
}

/* `protocol` 0 is any. */
static void
allow_one(struct rules *rules, const struct firn_allow *allow, uint8_t protocol)
{
	bool is_ipv4 = allow->family == AF_INET;

	begin(rules, is_ipv4 ? ETH_P_IP : ETH_P_IPV6);
	version_is(rules, is_ipv4 ? 4 : 6);
	remote_in(rules, allow);
	if (protocol != 0 && is_ipv4)
		no_fragment(rules);
	if (protocol != 0)
		port_is(rules, allow, protocol);
	accept_it(rules);
}

/* Ethernet and IPv4 addresses, and no room for anything else (RFC 826). */
static void
arp(struct rules *rules)
{
	static const unsigned char head[] = { 0, 1, 8, 0, 6, 4 };

	begin(rules, ETH_P_ARP);
	at_most(rules, ARP_MAX);
	equals(rules, NFT_PAYLOAD_NETWORK_HEADER, 0, 4, head);
	equals(rules, NFT_PAYLOAD_NETWORK_HEADER, 4, 2, head + 4);
	accept_it(rules);
}

/* Solicitation (135) or advertisement (136), RFC 4861, with whom `allow`
 * names. */
static void
neighbour(struct rules *rules, uint8_t type, const struct firn_allow *allow)
{
	begin(rules, ETH_P_IPV6);
	version_is(rules, 6);
	byte_is(rules, 6, IPPROTO_ICMPV6);
	byte_is(rules, 7, 255);
	at_most(rules, ND_MAX);
	byte_is(rules, 40, type);
	remote_in(rules, allow);
	accept_it(rules);
}

static void
neighbours(struct rules *rules, uint8_t type)
{
	static const struct firn_allow local[] = {
		{ .family = AF_INET6, .address = { 0xfe, 0x80 }, .prefix = 10 },
		{ .family = AF_INET6, .address = { 0xff, 0x02 }, .prefix = 16 },
	};

	neighbour(rules, type, &local[0]);
	neighbour(rules, type, &local[1]);
	for (size_t i = 0; i < rules->how->n_allow; i++)
		if (rules->how->allow[i].family == AF_INET6)
			neighbour(rules, type, &rules->how->allow[i]);
}

static bool
any(const struct rules *rules, int family)
{
	for (size_t i = 0; i < rules->how->n_allow; i++)
		if (rules->how->allow[i].family == family)
			return true;
	return false;
}

size_t
firn_nft_allow(struct firn_nft_batch *batch, const char *table,
	       const char *chain, bool out, const struct firn_isolation *how)
{
	struct rules rules = { batch, table, chain, out, how, 0 };

	for (size_t i = 0; i < how->n_allow; i++) {
		const struct firn_allow *allow = &how->allow[i];

		if (allow->port == 0) {
			allow_one(&rules, allow, 0);
			continue;
		}
		allow_one(&rules, allow, IPPROTO_TCP);
		allow_one(&rules, allow, IPPROTO_UDP);
	}
	if (any(&rules, AF_INET))
		arp(&rules);
	if (any(&rules, AF_INET6)) {
		neighbours(&rules, 135);
		neighbours(&rules, 136);
	}
	return rules.n;
}
