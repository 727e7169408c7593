#ifndef CONTAIN_CUT_NFT_BATCH_H
#define CONTAIN_CUT_NFT_BATCH_H

/*
 * nft_batch -- changes to nf_tables, made all at once or not at all.
 *
 * Add messages in a row; what does not fit makes the batch `failed`, which is
 * said when it's sent.
 *
 * Source: linux/netfilter/nf_tables.h, nfnetlink.h; kernel
 * net/netfilter/nf_tables_api.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

#include "firn/err.h"

/* Starts as `{ 0 }`, after firn_nft_open(); of the netdev family. */
struct firn_nft_batch {
	unsigned char *bytes;
	size_t len;
	uint32_t sequence; /* of the last message */
	bool failed;
	struct nlmsghdr *last; /* the one that is added to */
	struct nlattr *expressions;
};

FIRN_MUST_CHECK int firn_nft_open(struct firn_nft_batch *batch,
				  struct firn_err *err);
void firn_nft_close(struct firn_nft_batch *batch);

/* firn_nft_table(batch, name), firn_nft_no_table(batch, name) -- make it, which
 * fails if it's there; take it away with all that is in it. */
void firn_nft_table(struct firn_nft_batch *batch, const char *name);
void firn_nft_no_table(struct firn_nft_batch *batch, const char *name);

/* firn_nft_chain(batch, table, name, hook, device) -- one that runs before all
 * others and drops what no rule accepts.  `hook` is NF_NETDEV_INGRESS or
 * NF_NETDEV_EGRESS. */
void firn_nft_chain(struct firn_nft_batch *batch, const char *table,
		    const char *name, uint32_t hook, const char *device);

/* A rule: begun, conditions added, and at last what fits all is accepted. */
void firn_nft_rule(struct firn_nft_batch *batch, const char *table,
		   const char *chain);
void firn_nft_accept(struct firn_nft_batch *batch);

/* What of a packet is compared; as on the wire. */
struct firn_nft_bytes {
	uint32_t base; /* NFT_PAYLOAD_LL_HEADER, ... */
	uint32_t offset, len;
};

/* firn_nft_equals(batch, where, mask, value) -- condition: these bytes, of
 * which only those in the mask count (NULL: all), are so. */
void firn_nft_equals(struct firn_nft_batch *batch, struct firn_nft_bytes where,
		     const void *mask, const void *value);

/* firn_nft_at_most(batch, length) -- condition: the packet is that long, as
 * the hook sees it. */
void firn_nft_at_most(struct firn_nft_batch *batch, uint32_t length);

/* firn_nft_socket(err) -- where they are sent, and asked for; a descriptor. */
FIRN_MUST_CHECK int firn_nft_socket(struct firn_err *err);

/* firn_nft_send(batch, fd, err) -- all of it; the kernel's first "no" is the
 * error. */
FIRN_MUST_CHECK int firn_nft_send(struct firn_nft_batch *batch, int fd,
				  struct firn_err *err);

#endif
