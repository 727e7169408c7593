#include "contain/cut/nft_batch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/auto.h"

/* 128 rules to allow are some 200 KiB. */
#define BATCH_MAX ((size_t)1 << 20)

/* No message of ours is longer. */
#define MESSAGE_MAX ((size_t)4096)

int
firn_nft_open(struct firn_nft_batch *batch, struct firn_err *err)
{
	batch->bytes = calloc(1, BATCH_MAX);
	return batch->bytes == NULL ? firn_err_nomem(err) : 0;
}

void
firn_nft_close(struct firn_nft_batch *batch)
{
	free(batch->bytes);
	*batch = (struct firn_nft_batch){ 0 };
}

/* The one before is complete by now. */
static struct nlmsghdr *
begin(struct firn_nft_batch *batch, uint16_t type, uint16_t flags,
      uint8_t family)
{
	struct nfgenmsg *head;

	if (batch->last != NULL)
		batch->len += NLMSG_ALIGN(batch->last->nlmsg_len);
	/* What doesn't fit goes where it does no harm, and is never sent. */
	if (batch->len > BATCH_MAX - MESSAGE_MAX) {
		batch->failed = true;
		batch->len = 0;
	}
	batch->last = mnl_nlmsg_put_header(batch->bytes + batch->len);
	batch->last->nlmsg_type = type;
	batch->last->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	batch->last->nlmsg_seq = ++batch->sequence;
	head = mnl_nlmsg_put_extra_header(batch->last, sizeof(*head));
	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
	if (family == AF_UNSPEC)
		head->res_id = htons(NFNL_SUBSYS_NFTABLES);
	return batch->last;
}

/* The first message says that more follow. */
static struct nlmsghdr *
add(struct firn_nft_batch *batch, uint16_t type, uint16_t flags)
{
	if (batch->last == NULL)
		begin(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC);
	return begin(batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
		     (uint16_t)(flags | NLM_F_ACK), NFPROTO_NETDEV);
}

void
firn_nft_table(struct firn_nft_batch *batch, const char *name)
{
	mnl_attr_put_strz(add(batch, NFT_MSG_NEWTABLE,
			      NLM_F_CREATE | NLM_F_EXCL),
			  NFTA_TABLE_NAME, name);
}

void
firn_nft_no_table(struct firn_nft_batch *batch, const char *name)
{
	mnl_attr_put_strz(add(batch, NFT_MSG_DELTABLE, 0), NFTA_TABLE_NAME,
			  name);
}

void
firn_nft_chain(struct firn_nft_batch *batch, const char *table,
	       const char *name, uint32_t hook, const char *device)
{
	struct nlmsghdr *message =
		add(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *nest;

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, name);
	nest = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(hook));
	mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY,
			 htonl((uint32_t)INT32_MIN));
	mnl_attr_put_strz(message, NFTA_HOOK_DEV, device);
	mnl_attr_nest_end(message, nest);
	mnl_attr_put_u32(message, NFTA_CHAIN_POLICY, htonl(NF_DROP));
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
}

void
firn_nft_rule(struct firn_nft_batch *batch, const char *table,
	      const char *chain)
{
	struct nlmsghdr *message =
		add(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
	batch->expressions =
		mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
}

/* One expression, "meta" or the like, and its own attributes. */
struct expression {
	struct nlattr *element, *data;
};

static struct expression
begin_expression(struct nlmsghdr *message, const char *name)
{
	struct expression expression;

	expression.element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, name);
	expression.data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	return expression;
}

static void
end_expression(struct nlmsghdr *message, struct expression expression)
{
	mnl_attr_nest_end(message, expression.data);
	mnl_attr_nest_end(message, expression.element);
}

static void
put_number(struct nlmsghdr *message, uint16_t type, uint32_t number)
{
	mnl_attr_put_u32(message, type, htonl(number));
}

static void
put_data(struct nlmsghdr *message, uint16_t type, const void *bytes, size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(message, type);

	mnl_attr_put(message, NFTA_DATA_VALUE, len, bytes);
	mnl_attr_nest_end(message, nest);
}

static void
compare(struct nlmsghdr *message, uint32_t how, const void *bytes, size_t len)
{
	struct expression cmp = begin_expression(message, "cmp");

	put_number(message, NFTA_CMP_SREG, NFT_REG_1);
	put_number(message, NFTA_CMP_OP, how);
	put_data(message, NFTA_CMP_DATA, bytes, len);
	end_expression(message, cmp);
}

static void
mask_with(struct nlmsghdr *message, const void *mask, uint32_t len)
{
	static const unsigned char nothing[16];
	struct expression bitwise = begin_expression(message, "bitwise");

	put_number(message, NFTA_BITWISE_SREG, NFT_REG_1);
	put_number(message, NFTA_BITWISE_DREG, NFT_REG_1);
	put_number(message, NFTA_BITWISE_LEN, len);
	put_data(message, NFTA_BITWISE_MASK, mask, len);
	put_data(message, NFTA_BITWISE_XOR, nothing, len);
	end_expression(message, bitwise);
}

void
firn_nft_equals(struct firn_nft_batch *batch, struct firn_nft_bytes where,
		const void *mask, const void *value)
{
	struct nlmsghdr *message = batch->last;
	struct expression payload = begin_expression(message, "payload");

	put_number(message, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_number(message, NFTA_PAYLOAD_BASE, where.base);
	put_number(message, NFTA_PAYLOAD_OFFSET, where.offset);
	put_number(message, NFTA_PAYLOAD_LEN, where.len);
	end_expression(message, payload);
	if (mask != NULL)
		mask_with(message, mask, where.len);
	compare(message, NFT_CMP_EQ, value, where.len);
}

/* Registers are compared byte by byte, so that the number must be in network
 * order. */
void
firn_nft_at_most(struct firn_nft_batch *batch, uint32_t length)
{
	struct nlmsghdr *message = batch->last;
	uint32_t big = htonl(length);
	struct expression expression = begin_expression(message, "meta");

	put_number(message, NFTA_META_KEY, NFT_META_LEN);
	put_number(message, NFTA_META_DREG, NFT_REG_1);
	end_expression(message, expression);
	expression = begin_expression(message, "byteorder");
	put_number(message, NFTA_BYTEORDER_SREG, NFT_REG_1);
	put_number(message, NFTA_BYTEORDER_DREG, NFT_REG_1);
	put_number(message, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	put_number(message, NFTA_BYTEORDER_LEN, sizeof(big));
	put_number(message, NFTA_BYTEORDER_SIZE, sizeof(big));
	end_expression(message, expression);
	compare(message, NFT_CMP_LTE, &big, sizeof(big));
}

void
firn_nft_accept(struct firn_nft_batch *batch)
{
	struct nlmsghdr *message = batch->last;
	struct expression verdict = begin_expression(message, "immediate");
	struct nlattr *data, *nest;

	put_number(message, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(message, NFTA_IMMEDIATE_DATA);
	nest = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
	put_number(message, NFTA_VERDICT_CODE, NF_ACCEPT);
	mnl_attr_nest_end(message, nest);
	mnl_attr_nest_end(message, data);
	end_expression(message, verdict);
	mnl_attr_nest_end(message, batch->expressions);
}

int
firn_nft_socket(struct firn_err *err)
{
	const struct timeval wait = { .tv_sec = 2 };
	const int room = 2 * (int)BATCH_MAX;
	autoclose int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
		return firn_err_sys(err, "open nfnetlink");
	/* Both ways: each message is answered with itself. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return firn_steal_fd(&fd);
}

/* The answers of one datagram: the first error, and whether the last one is
 * among them. */
static bool
read_answers(const unsigned char *answer, size_t size, uint32_t last,
	     int *ret_code)
{
	const struct nlmsghdr *message = (const void *)answer;
	bool ended = false;
	int left = (int)size;

	for (; mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left)) {
		const struct nlmsgerr *said = mnl_nlmsg_get_payload(message);

		if (message->nlmsg_type != NLMSG_ERROR ||
		    mnl_nlmsg_get_payload_len(message) < sizeof(*said))
			continue;
		if (*ret_code == 0 && said->error < 0)
			*ret_code = -said->error;
		/* A refused beginning is the end. */
		ended |= message->nlmsg_seq == last || message->nlmsg_seq == 1;
	}
	return ended;
}

static int
receive(int fd, uint32_t last, struct firn_err *err)
{
	unsigned char answer[32768]
		__attribute__((aligned(__alignof__(struct nlmsghdr))));
	bool ended = false;
	int code = 0;

	while (!ended) {
		/* After an error others may follow, and no last one. */
		ssize_t len = recv(fd, answer, sizeof(answer),
				   code != 0 ? MSG_DONTWAIT : 0);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && code == 0)
			return firn_err_sys(err, "nf_tables");
		if (len <= 0)
			break;
		ended = read_answers(answer, (size_t)len, last, &code);
	}
	errno = code;
	return code == 0 ? 0 : firn_err_sys(err, "nf_tables");
}

int
firn_nft_send(struct firn_nft_batch *batch, int fd, struct firn_err *err)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	uint32_t last = batch->sequence;

	begin(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC);
	batch->len += NLMSG_ALIGN(batch->last->nlmsg_len);
	batch->last = NULL;
	if (batch->failed)
		return firn_err_set(err, E2BIG, "too many nf_tables rules");
	if (sendto(fd, batch->bytes, batch->len, 0,
		   (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return firn_err_sys(err, "ask nf_tables");
	return receive(fd, last, err);
}
