/*
 * Where BPF can't be had: a table of nf_tables with two chains on the host's
 * end of the interface.  No other table's rules can accept what these drop.
 *
 * Source: nft(8), "netdev" family; linux/netfilter/nf_tables.h.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_link.h"
#include "contain/cut/nft_batch.h"
#include "contain/cut/nft_rules.h"
#include "host/netlink.h"

/* At the host's end, what the container sends comes in. */
static const struct side {
	const char *chain;
	uint32_t hook;
	bool out;
} sides[2] = {
	{ "out", NF_NETDEV_INGRESS, true },
	{ "in", NF_NETDEV_EGRESS, false },
};

static const char *
table_of(const json_t *details)
{
	const char *name = firn_json_string(details, "table", NULL);

	return name == NULL ? "" : name;
}

/* Named for whom it is, and so that nobody else's is ever taken for it. */
static int
name_table(const struct firn_cut *cut, struct firn_place *place,
	   struct firn_err *err)
{
	char name[64];
	uint32_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return firn_err_sys(err, "getrandom");
	snprintf(name, sizeof(name), "firn_%.12s_%u_%08x", cut->target->id,
		 place->link->ifindex, random);
	/* Other ids than those in hexadecimal may hold dots and dashes. */
	for (char *c = name; *c != '\0'; c++)
		if (*c == '.' || *c == '-' || *c == ':')
			*c = '_';
	firn_json_text(place->details, "table", name);
	return 0;
}

static int
plan(struct firn_cut *cut, struct firn_place *place, struct firn_err *err)
{
	bool offers[FIRN_N_OFFERS];

	if (firn_netlink_offers(cut->target->host, offers, err) < 0)
		return -1;
	if (!offers[FIRN_OFFERS_NFTABLES])
		return firn_err_set(err, ENOTSUP,
				    "nf_tables is not in this kernel, or not "
				    "loaded");
	if (firn_place_describe(place, err) < 0 ||
	    name_table(cut, place, err) < 0)
		return -1;
	json_object_set_new(place->details, "pins", json_array());
	json_object_set(place->details, "allow", cut->allow);
	return 0;
}

static int
make(struct firn_cut *cut, const struct firn_place *place, struct firn_err *err)
{
	autodone(firn_nft_close) struct firn_nft_batch batch = { 0 };
	const char *table = table_of(place->details);
	autoclose int fd = firn_nft_socket(err);

	if (fd < 0 || firn_nft_open(&batch, err) < 0)
		return -1;
	firn_nft_table(&batch, table);
	for (size_t i = 0; i < 2; i++) {
		firn_nft_chain(&batch, table, sides[i].chain, sides[i].hook,
			       place->link->name);
		firn_nft_allow(&batch, table, sides[i].chain, sides[i].out,
			       cut->how);
	}
	if (firn_nft_send(&batch, fd, err) == 0)
		return 0;
	if (err->code == EOPNOTSUPP || err->code == EINVAL)
		firn_err_in(err, "a chain on what goes to it needs Linux 5.16");
	return -1;
}

struct chains {
	const char *table;
	char name[IFNAMSIZ]; /* the interface's */
	bool there[2];
	size_t n_rules;
};

static uint32_t
big(const struct nlattr *attr)
{
	return attr == NULL ? UINT32_MAX : ntohl(firn_rtnl_number(attr));
}

static const struct nlattr *
attr_of(const struct nlmsghdr *answer, uint16_t type)
{
	return firn_rtnl_attr(answer, sizeof(struct nfgenmsg), type);
}

static bool
is_it(const struct nlmsghdr *answer, const struct chains *chains,
      const struct side *side)
{
	const struct nlattr *hook = attr_of(answer, NFTA_CHAIN_HOOK);

	return strcmp(firn_rtnl_text(attr_of(answer, NFTA_CHAIN_NAME)),
		      side->chain) == 0 &&
	       big(attr_of(answer, NFTA_CHAIN_POLICY)) == NF_DROP &&
	       big(firn_rtnl_nested(hook, NFTA_HOOK_HOOKNUM)) == side->hook &&
	       strcmp(firn_rtnl_text(firn_rtnl_nested(hook, NFTA_HOOK_DEV)),
		      chains->name) == 0;
}

static int
see_chain(const struct nlmsghdr *answer, void *arg, struct firn_err *err)
{
	struct chains *chains = arg;

	(void)err;
	if (mnl_nlmsg_get_payload_len(answer) < sizeof(struct nfgenmsg) ||
	    strcmp(firn_rtnl_text(attr_of(answer, NFTA_CHAIN_TABLE)),
		   chains->table) != 0)
		return 0;
	for (size_t i = 0; i < 2; i++)
		chains->there[i] |= is_it(answer, chains, &sides[i]);
	return 0;
}

static int
see_rule(const struct nlmsghdr *answer, void *arg, struct firn_err *err)
{
	struct chains *chains = arg;

	(void)err;
	if (mnl_nlmsg_get_payload_len(answer) >= sizeof(struct nfgenmsg) &&
	    strcmp(firn_rtnl_text(attr_of(answer, NFTA_RULE_TABLE)),
		   chains->table) == 0)
		chains->n_rules++;
	return 0;
}

static void
forget(void *arg)
{
	struct chains *chains = arg;

	chains->there[0] = chains->there[1] = false;
	chains->n_rules = 0;
}

static int
list(struct chains *chains, uint16_t type,
     int (*each)(const struct nlmsghdr *, void *, struct firn_err *),
     struct firn_err *err)
{
	unsigned char buffer[64]
		__attribute__((aligned(__alignof__(struct nlmsghdr)))) = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	const struct firn_rtnl_reader reader = { each, forget, chains };
	autoclose int fd = firn_nft_socket(err);
	struct nfgenmsg *head;

	if (fd < 0)
		return -1;
	request->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	head = mnl_nlmsg_put_extra_header(request, sizeof(*head));
	head->nfgen_family = NFPROTO_NETDEV;
	return firn_rtnl_dump(fd, request, &reader, err);
}

static int
holds(const json_t *details, struct firn_err *err)
{
	struct chains chains = { .table = table_of(details) };
	autoclose int rtnl_fd = -1;
	struct firn_link link;
	int found;

	if (firn_place_is_here(details, err) < 0)
		return -1;
	rtnl_fd = firn_rtnl_open(err);
	if (rtnl_fd < 0)
		return -1;
	found = firn_place_find(details, rtnl_fd, &link, err);
	if (found < 0)
		return -1;
	if (found == 0)
		return firn_err_set(err, ENOENT, "the interface is gone");
	memcpy(chains.name, link.name, sizeof(chains.name));
	if (list(&chains, NFT_MSG_GETCHAIN, see_chain, err) < 0)
		return -1;
	if (!chains.there[0] || !chains.there[1])
		return firn_err_set(err, ENOENT,
				    "the chains of table %s are not there",
				    chains.table);
	return 0;
}

/* What they accept can't be tried without sending: that there are no other
 * rules than ours can be seen. */
static int
verify(struct firn_cut *cut, const struct firn_place *place,
       struct firn_err *err)
{
	autodone(firn_nft_close) struct firn_nft_batch batch = { 0 };
	struct chains chains = { .table = table_of(place->details) };
	size_t expected = 0;

	if (firn_nft_open(&batch, err) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++)
		expected += firn_nft_allow(&batch, chains.table, sides[i].chain,
					   sides[i].out, cut->how);
	if (list(&chains, NFT_MSG_GETRULE, see_rule, err) < 0)
		return -1;
	if (chains.n_rules != expected)
		return firn_err_set(err, EBADMSG,
				    "table %s has %zu rules, not %zu",
				    chains.table, chains.n_rules, expected);
	return 0;
}

static int
undo(const json_t *details, struct firn_err *err)
{
	autodone(firn_nft_close) struct firn_nft_batch batch = { 0 };
	autoclose int fd = -1;

	if (firn_place_is_here(details, err) < 0)
		return -1;
	fd = firn_nft_socket(err);
	if (fd < 0 || firn_nft_open(&batch, err) < 0)
		return -1;
	firn_nft_no_table(&batch, table_of(details));
	if (firn_nft_send(&batch, fd, err) == 0)
		return 0;
	if (err->code != ENOENT)
		return -1;
	*err = (struct firn_err){ 0 };
	return 0;
}

const struct firn_method firn_method_nft = {
	.name = "nft",
	.plan = plan,
	.make = make,
	.holds = holds,
	.verify = verify,
	.undo = undo,
};
