#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/network.h"
#include "host/netlink_json.h"

/*
 * network_firewall -- the rules of nf_tables, as the kernel has them.
 *
 * What an expression does is given by its name and, in hexadecimal, its
 * attributes: nothing is lost, and nft(8) can be fed from it.
 *
 * Source: linux/netfilter/nf_tables.h.
 */

#define DUMP_MAX_MS 5000
#define SETS_MAX 1024

static const struct firn_attribute hook[] = {
	{ NFTA_HOOK_HOOKNUM, FIRN_ATTR_BIG, "number" },
	{ NFTA_HOOK_PRIORITY, FIRN_ATTR_BIG, "priority" },
	{ NFTA_HOOK_DEV, FIRN_ATTR_TEXT, "device" },
	{ 0 },
};

static const struct firn_attribute expression[] = {
	{ NFTA_EXPR_NAME, FIRN_ATTR_TEXT, "name" },
	{ NFTA_EXPR_DATA, FIRN_ATTR_HEX, "data" },
	{ 0 },
};

static const struct firn_attribute counter[] = {
	{ NFTA_COUNTER_BYTES, FIRN_ATTR_BIG, "bytes" },
	{ NFTA_COUNTER_PACKETS, FIRN_ATTR_BIG, "packets" },
	{ 0 },
};

static const struct firn_attribute tables[] = {
	{ NFTA_TABLE_NAME, FIRN_ATTR_TEXT, "name" },
	{ NFTA_TABLE_FLAGS, FIRN_ATTR_BIG, "flags" },
	{ NFTA_TABLE_USE, FIRN_ATTR_BIG, "uses" },
	{ NFTA_TABLE_HANDLE, FIRN_ATTR_BIG, "handle" },
	{ NFTA_TABLE_USERDATA, FIRN_ATTR_HEX, "userdata" },
	{ NFTA_TABLE_OWNER, FIRN_ATTR_BIG, "owner_port" },
	{ 0 },
};

static const struct firn_attribute chains[] = {
	{ NFTA_CHAIN_TABLE, FIRN_ATTR_TEXT, "table" },
	{ NFTA_CHAIN_HANDLE, FIRN_ATTR_BIG, "handle" },
	{ NFTA_CHAIN_NAME, FIRN_ATTR_TEXT, "name" },
	{ NFTA_CHAIN_HOOK, FIRN_ATTR_NESTED, "hook", hook },
	{ NFTA_CHAIN_POLICY, FIRN_ATTR_BIG, "policy" },
	{ NFTA_CHAIN_USE, FIRN_ATTR_BIG, "uses" },
	{ NFTA_CHAIN_TYPE, FIRN_ATTR_TEXT, "type" },
	{ NFTA_CHAIN_COUNTERS, FIRN_ATTR_NESTED, "counters", counter },
	{ NFTA_CHAIN_FLAGS, FIRN_ATTR_BIG, "flags" },
	{ NFTA_CHAIN_USERDATA, FIRN_ATTR_HEX, "userdata" },
	{ 0 },
};

static const struct firn_attribute rules[] = {
	{ NFTA_RULE_TABLE, FIRN_ATTR_TEXT, "table" },
	{ NFTA_RULE_CHAIN, FIRN_ATTR_TEXT, "chain" },
	{ NFTA_RULE_HANDLE, FIRN_ATTR_BIG, "handle" },
	{ NFTA_RULE_EXPRESSIONS, FIRN_ATTR_LIST, "expressions", expression },
	{ NFTA_RULE_POSITION, FIRN_ATTR_BIG, "after" },
	{ NFTA_RULE_USERDATA, FIRN_ATTR_HEX, "userdata" },
	{ 0 },
};

static const struct firn_attribute sets[] = {
	{ NFTA_SET_TABLE, FIRN_ATTR_TEXT, "table" },
	{ NFTA_SET_NAME, FIRN_ATTR_TEXT, "name" },
	{ NFTA_SET_FLAGS, FIRN_ATTR_BIG, "flags" },
	{ NFTA_SET_KEY_TYPE, FIRN_ATTR_BIG, "key_type" },
	{ NFTA_SET_KEY_LEN, FIRN_ATTR_BIG, "key_bytes" },
	{ NFTA_SET_DATA_TYPE, FIRN_ATTR_BIG, "data_type" },
	{ NFTA_SET_DATA_LEN, FIRN_ATTR_BIG, "data_bytes" },
	{ NFTA_SET_HANDLE, FIRN_ATTR_BIG, "handle" },
	{ 0 },
};

static const struct firn_attribute data[] = {
	{ NFTA_DATA_VALUE, FIRN_ATTR_HEX, "value" },
	{ NFTA_DATA_VERDICT, FIRN_ATTR_HEX, "verdict" },
	{ 0 },
};

static const struct firn_attribute element[] = {
	{ NFTA_SET_ELEM_KEY, FIRN_ATTR_NESTED, "key", data },
	{ NFTA_SET_ELEM_KEY_END, FIRN_ATTR_NESTED, "key_end", data },
	{ NFTA_SET_ELEM_DATA, FIRN_ATTR_NESTED, "data", data },
	{ NFTA_SET_ELEM_FLAGS, FIRN_ATTR_BIG, "flags" },
	{ NFTA_SET_ELEM_EXPIRATION, FIRN_ATTR_BIG, "expires_ms" },
	{ 0 },
};

static const struct firn_attribute elements[] = {
	{ NFTA_SET_ELEM_LIST_TABLE, FIRN_ATTR_TEXT, "table" },
	{ NFTA_SET_ELEM_LIST_SET, FIRN_ATTR_TEXT, "set" },
	{ NFTA_SET_ELEM_LIST_ELEMENTS, FIRN_ATTR_LIST, "elements", element },
	{ 0 },
};

static const struct firn_attribute objects[] = {
	{ NFTA_OBJ_TABLE, FIRN_ATTR_TEXT, "table" },
	{ NFTA_OBJ_NAME, FIRN_ATTR_TEXT, "name" },
	{ NFTA_OBJ_TYPE, FIRN_ATTR_BIG, "type" },
	{ NFTA_OBJ_DATA, FIRN_ATTR_HEX, "data" },
	{ NFTA_OBJ_USE, FIRN_ATTR_BIG, "uses" },
	{ NFTA_OBJ_HANDLE, FIRN_ATTR_BIG, "handle" },
	{ 0 },
};

static const struct firn_attribute flowtables[] = {
	{ NFTA_FLOWTABLE_TABLE, FIRN_ATTR_TEXT, "table" },
	{ NFTA_FLOWTABLE_NAME, FIRN_ATTR_TEXT, "name" },
	{ NFTA_FLOWTABLE_HOOK, FIRN_ATTR_HEX, "hook" },
	{ NFTA_FLOWTABLE_USE, FIRN_ATTR_BIG, "uses" },
	{ NFTA_FLOWTABLE_HANDLE, FIRN_ATTR_BIG, "handle" },
	{ NFTA_FLOWTABLE_FLAGS, FIRN_ATTR_BIG, "flags" },
	{ 0 },
};

static const struct question {
	uint16_t request;
	const struct firn_attribute *table;
	const char *what;
} questions[] = {
	{ NFT_MSG_GETTABLE, tables, "table" },
	{ NFT_MSG_GETCHAIN, chains, "chain" },
	{ NFT_MSG_GETRULE, rules, "rule" },
	{ NFT_MSG_GETSET, sets, "set" },
	{ NFT_MSG_GETOBJ, objects, "object" },
	{ NFT_MSG_GETFLOWTABLE, flowtables, "flowtable" },
};

static const struct question of_elements = { NFT_MSG_GETSETELEM, elements,
					     "elements" };

/* What one asks for, and, of sets, which there are. */
struct asking {
	const struct question *question;
	struct firn_spool *sets; /* struct set after struct set; may be NULL */
	size_t n_sets;
	struct firn_err failed;
};

/* As the kernel wants them back. */
struct set {
	unsigned char family;
	char table[NFT_NAME_MAXLEN], name[NFT_NAME_MAXLEN];
};

static const char *
family_of(unsigned family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_NETDEV:
		return "netdev";
	default:
		return "other";
	}
}

static void
copy_text(char ret[NFT_NAME_MAXLEN], const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);

	memcpy(ret, mnl_attr_get_payload(attr),
	       len < NFT_NAME_MAXLEN ? len : NFT_NAME_MAXLEN - 1);
}

static void
note_set(struct asking *asking, unsigned char family, const char *attributes,
	 size_t len)
{
	const struct nlattr *attr = NULL;
	struct set set = { .family = family };

	while ((attr = firn_netlink_attr(attributes, len, attr)) != NULL) {
		if (mnl_attr_get_type(attr) == NFTA_SET_TABLE)
			copy_text(set.table, attr);
		if (mnl_attr_get_type(attr) == NFTA_SET_NAME)
			copy_text(set.name, attr);
	}
	if (asking->n_sets < SETS_MAX && asking->failed.code == 0 &&
	    firn_spool_add(asking->sets, &set, sizeof(set), &asking->failed) ==
		    0)
		asking->n_sets++;
}

static json_t *
line_of(const struct nlmsghdr *header, struct firn_network_dump *dump)
{
	/* The asker's own; const for all others. */
	struct asking *asking = (struct asking *)(uintptr_t)dump->arg;
	const struct nfgenmsg *general = mnl_nlmsg_get_payload(header);
	size_t len = mnl_nlmsg_get_payload_len(header);
	size_t skip = NLMSG_ALIGN(sizeof(*general));
	const char *attributes = (const char *)general + skip;
	json_t *line;

	if (len < skip)
		return NULL;
	line = json_object();
	firn_json_text(line, "entry", asking->question->what);
	firn_json_text(line, "family", family_of(general->nfgen_family));
	firn_netlink_json(line, attributes, len - skip,
			  asking->question->table);
	if (asking->sets != NULL)
		note_set(asking, general->nfgen_family, attributes, len - skip);
	return line;
}

static int
ask(struct firn_network *network, struct firn_network_view *view,
    struct asking *asking, const struct set *set, struct firn_err *err)
{
	char buffer[NLMSG_ALIGN(sizeof(struct nlmsghdr)) + 1024]
		__attribute__((aligned)) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *general =
		mnl_nlmsg_put_extra_header(header, sizeof(*general));
	struct firn_network_dump dump = {
		.network = network,
		.view = view,
		.what = "nf_tables",
		.fd = view->netfilter_fd,
		.timeout_ms = DUMP_MAX_MS,
		.member = FIRN_NET_FIREWALL,
		.line = line_of,
		.arg = asking,
	};

	header->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 |
					asking->question->request);
	if (set != NULL) {
		general->nfgen_family = set->family;
		mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, set->table);
		mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, set->name);
	}
	return firn_network_dump(&dump, header, err);
}

static int
ask_for_elements(struct firn_network *network, struct firn_network_view *view,
		 const struct asking *known, struct firn_err *err)
{
	struct asking asking = { .question = &of_elements };
	struct set set;

	for (size_t i = 0; i < known->n_sets; i++) {
		if (firn_spool_read(known->sets, i * sizeof(set), &set,
				    sizeof(set), err) < 0 ||
		    ask(network, view, &asking, &set, err) < 0)
			return -1;
	}
	if (known->n_sets == SETS_MAX) {
		struct firn_err why = { 0 };

		firn_err_set(&why, EFBIG, "there are %d or more", SETS_MAX);
		firn_network_view_gap(network, view, "elements of sets", &why);
	}
	return 0;
}

/* ip_tables of old has its own door, which would load a module for it. */
static int
note_legacy(struct firn_network *network, const struct firn_network_view *view,
	    struct firn_err *err)
{
	static const char *const lists[] = { "ip_tables_names",
					     "ip6_tables_names",
					     "arp_tables_names" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		autospool struct firn_spool spool = firn_spool_init(AT_FDCWD);
		struct firn_err why = { 0 };

		if (firn_network_read(network, view, lists[i], &spool, err) < 0)
			return -1;
		if (spool.size == 0)
			continue;
		firn_err_set(&why, ENOTSUP,
			     "the tables of old that %s lists are not read",
			     lists[i]);
		firn_network_view_gap(network, view, "xtables rules", &why);
	}
	return 0;
}

int
firn_network_firewall(struct firn_network *network,
		      struct firn_network_view *view, struct firn_err *err)
{
	autospool struct firn_spool known = firn_spool_init(AT_FDCWD);
	struct asking of_sets = { 0 };

	if (note_legacy(network, view, err) < 0)
		return -1;
	if (view->netfilter_fd < 0 || !network->offers[FIRN_OFFERS_NFTABLES])
		return 0;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct asking asking = { .question = &questions[i] };

		if (questions[i].request == NFT_MSG_GETSET)
			asking.sets = &known;
		if (ask(network, view, &asking, NULL, err) < 0)
			return -1;
		if (asking.failed.code != 0) {
			*err = asking.failed;
			return -1;
		}
		if (asking.sets != NULL)
			of_sets = asking;
	}
	return ask_for_elements(network, view, &of_sets, err);
}
