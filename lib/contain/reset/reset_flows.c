#include <stdlib.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/spaces.h"
#include "contain/reset/flows.h"
#include "contain/reset/reset.h"
#include "host/netlink.h"
#include "host/netns.h"

/* Written down, then taken away. */
static int
flush(struct firn_resetting *reset, int fd, const char *where,
      const struct firn_flows_wanted *wanted, struct firn_err *err)
{
	autodone(firn_flows_free) struct firn_flows flows = { 0 };
	autojson json_t *details = json_object();
	uint64_t change;
	int deleted;

	if (firn_flows_find(fd, wanted, &flows, err) < 0)
		return -1;
	if (flows.n == 0)
		return 0;
	json_object_set_new(details, "undoable", json_false());
	firn_json_text(details, "in", where);
	json_object_set_new(details, "flows", firn_flows_json(&flows));
	firn_json_uint(details, "left_out", flows.left_out);
	if (firn_ledger_ask(reset->ledger, "reset", details, &change, err) < 0)
		return -1;
	deleted = firn_flows_delete(fd, &flows, err);
	json_object_clear(details);
	if (deleted < 0)
		firn_json_text(details, "why", err->text);
	else
		firn_json_uint(details, "deleted", (uint64_t)deleted);
	if (firn_ledger_note(reset->ledger, change, "final", details, err) <
		    0 ||
	    deleted < 0)
		return -1;
	if (flows.left_out > 0)
		json_array_append_new(
			reset->open,
			json_string("there are more tracked connections than "
				    "are taken away at once: reset again"));
	return deleted;
}

static void
set_count(json_t *counts, const char *where, int deleted)
{
	json_object_set_new(counts, where, json_integer(deleted));
}

/* In its namespace (unless that is ours), and then in ours, where its addresses
 * are translated. */
static int
flush_both(struct firn_resetting *reset, const struct firn_flows_wanted *wanted,
	   int inside_fd, struct firn_err *err)
{
	json_t *counts = json_object();
	autoclose int host_fd = -1;
	uint64_t ours;
	int deleted;

	json_object_set_new(reset->result, "flows", counts);
	if (firn_own_netns(&ours, err) < 0)
		return -1;
	if (inside_fd >= 0 && reset->sockets.spaces[0].netns != ours) {
		deleted = flush(reset, inside_fd, "container", wanted, err);
		if (deleted < 0)
			return -1;
		set_count(counts, "container", deleted);
	}
	host_fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (host_fd < 0)
		return firn_err_sys(err, "open nfnetlink");
	deleted = flush(reset, host_fd, "host", wanted, err);
	if (deleted < 0)
		return -1;
	set_count(counts, "host", deleted);
	return 0;
}

int
firn_reset_flows(struct firn_resetting *reset, struct firn_err *err)
{
	static const int protocols[] = { NETLINK_ROUTE, NETLINK_NETFILTER };
	struct firn_flows_wanted wanted = { .sockets = &reset->sockets };
	bool offers[FIRN_N_OFFERS];
	int fds[2] = { -1, -1 }, done;

	if (firn_netlink_offers(reset->target->host, offers, err) < 0)
		return -1;
	if (!offers[FIRN_OFFERS_NFNETLINK] || !offers[FIRN_OFFERS_CONNTRACK])
		return 0; /* nothing is tracked */
	done = firn_netns_sockets(reset->sockets.spaces[0].netns_fd, protocols,
				  2, fds, err);
	if (done == 0 && reset->own_netns)
		done = firn_flows_addresses(fds[0], &wanted, err);
	if (done == 0)
		done = flush_both(reset, &wanted, fds[1], err);
	free(wanted.addresses);
	firn_auto_close(&fds[0]);
	firn_auto_close(&fds[1]);
	return done;
}
