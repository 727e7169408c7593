/*
 * At last: the host's end of the interface down.
 *
 * It cuts everything, --allow too.  The kernel forgets what went through it:
 * IPv6 addresses, routes and permanent neighbours; they stand in the ledger as
 * the kernel gave them, and are given back to it.
 *
 * Source: rtnetlink(7); ip-route(8), "save" and "restore".
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_link.h"

/* Of routes and the like; the ledger's line has to hold them in hexadecimal. */
enum {
	RECORDS_MAX = 256,
	RECORD_MAX = 1024
};

/* Routes may lean on each other; so many rounds bring all of them back. */
enum {
	ROUNDS = 3
};

union request {
	struct nlmsghdr header;
	unsigned char bytes[NLMSG_HDRLEN + RECORD_MAX];
};

struct records {
	uint32_t ifindex;
	json_t *array;
};

static void
forget(void *arg)
{
	json_array_clear(((struct records *)arg)->array);
}

static bool
is_route_of(const struct nlmsghdr *answer, uint32_t ifindex)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(answer);

	/* The kernel's own come back with their address. */
	if (mnl_nlmsg_get_payload_len(answer) < sizeof(*route) ||
	    route->rtm_protocol == RTPROT_KERNEL ||
	    (route->rtm_flags & RTM_F_CLONED) != 0)
		return false;
	return firn_rtnl_number(firn_rtnl_attr(answer, sizeof(*route),
					       RTA_OIF)) == ifindex;
}

static bool
is_address_of(const struct nlmsghdr *answer, uint32_t ifindex)
{
	const struct ifaddrmsg *address = mnl_nlmsg_get_payload(answer);

	return mnl_nlmsg_get_payload_len(answer) >= sizeof(*address) &&
	       address->ifa_family == AF_INET6 && address->ifa_index == ifindex;
}

static bool
is_neighbour_of(const struct nlmsghdr *answer, uint32_t ifindex)
{
	const struct ndmsg *neighbour = mnl_nlmsg_get_payload(answer);

	return mnl_nlmsg_get_payload_len(answer) >= sizeof(*neighbour) &&
	       (neighbour->ndm_family == AF_INET ||
		neighbour->ndm_family == AF_INET6) &&
	       (uint32_t)neighbour->ndm_ifindex == ifindex &&
	       (neighbour->ndm_state & NUD_PERMANENT) != 0;
}

static bool
is_wanted(const struct nlmsghdr *answer, uint32_t ifindex)
{
	switch (answer->nlmsg_type) {
	case RTM_NEWADDR:
		return is_address_of(answer, ifindex);
	case RTM_NEWROUTE:
		return is_route_of(answer, ifindex);
	case RTM_NEWNEIGH:
		return is_neighbour_of(answer, ifindex);
	}
	return false;
}

static int
keep(const struct nlmsghdr *answer, void *arg, struct firn_err *err)
{
	struct records *records = arg;
	size_t len = mnl_nlmsg_get_payload_len(answer);
	json_t *record;

	if (!is_wanted(answer, records->ifindex))
		return 0;
	if (len > RECORD_MAX || json_array_size(records->array) == RECORDS_MAX)
		return firn_err_set(err, E2BIG,
				    "more routes than the ledger can hold");
	record = json_object();
	firn_json_uint(record, "type", answer->nlmsg_type);
	firn_json_hex(record, "message", mnl_nlmsg_get_payload(answer), len);
	if (json_array_append_new(records->array, record) < 0)
		return firn_err_nomem(err);
	return 0;
}

/* All of one type, added to what is there already. */
static int
record(int rtnl_fd, uint16_t type, uint32_t ifindex, json_t *all,
       struct firn_err *err)
{
	autojson json_t *array = json_array();
	struct records records = { ifindex, array };
	const struct firn_rtnl_reader reader = { keep, forget, &records };
	union request request = { 0 };

	mnl_nlmsg_put_header(request.bytes);
	request.header.nlmsg_type = type;
	mnl_nlmsg_put_extra_header(&request.header, sizeof(struct rtmsg));
	if (firn_rtnl_dump(rtnl_fd, &request.header, &reader, err) < 0)
		return -1;
	return json_array_extend(all, array) < 0 ? firn_err_nomem(err) : 0;
}

static int
plan(struct firn_cut *cut, struct firn_place *place, struct firn_err *err)
{
	uint32_t ifindex = place->link->ifindex;
	json_t *lost = json_array();

	json_object_set_new(place->details, "lost", lost);
	json_object_set_new(place->details, "pins", json_array());
	firn_json_uint(place->details, "flags", place->link->flags);
	if (firn_place_describe(place, err) < 0 ||
	    record(cut->rtnl_fd, RTM_GETADDR, ifindex, lost, err) < 0 ||
	    record(cut->rtnl_fd, RTM_GETNEIGH, ifindex, lost, err) < 0)
		return -1;
	return record(cut->rtnl_fd, RTM_GETROUTE, ifindex, lost, err);
}

static int
set_up(int rtnl_fd, uint32_t ifindex, bool up, struct firn_err *err)
{
	union request request = { 0 };
	struct ifinfomsg *link;

	mnl_nlmsg_put_header(request.bytes);
	request.header.nlmsg_type = RTM_NEWLINK;
	link = mnl_nlmsg_put_extra_header(&request.header, sizeof(*link));
	link->ifi_index = (int)ifindex;
	link->ifi_change = IFF_UP;
	link->ifi_flags = up ? IFF_UP : 0;
	if (firn_rtnl_ask(rtnl_fd, &request.header, 0, err) < 0)
		return firn_err_in(err, "interface %u %s", ifindex,
				   up ? "up" : "down");
	return 0;
}

static int
make(struct firn_cut *cut, const struct firn_place *place, struct firn_err *err)
{
	return set_up(cut->rtnl_fd, place->link->ifindex, false, err);
}

static int
holds(const json_t *details, struct firn_err *err)
{
	autoclose int rtnl_fd = firn_rtnl_open(err);
	struct firn_link link;
	int found;

	if (rtnl_fd < 0 || firn_place_is_here(details, err) < 0)
		return -1;
	found = firn_place_find(details, rtnl_fd, &link, err);
	if (found < 0)
		return -1;
	if (found == 0 || (link.flags & IFF_UP) != 0)
		return firn_err_set(err, ENOENT, "the interface is not down");
	return 0;
}

static int
from_hex(const char *hex, unsigned char *ret, size_t size)
{
	size_t len = strlen(hex) / 2;

	if (len > size)
		return -1;
	for (size_t i = 0; i < len; i++) {
		char digits[3] = { hex[2 * i], hex[2 * i + 1] }, *end;

		ret[i] = (unsigned char)strtoul(digits, &end, 16);
		if (*end != '\0')
			return -1;
	}
	return (int)len;
}

static int
give_back(int rtnl_fd, const json_t *kept, struct firn_err *err)
{
	json_int_t type = json_integer_value(json_object_get(kept, "type"));
	const char *hex = firn_json_string(kept, "message", NULL);
	union request request = { 0 };
	unsigned char message[RECORD_MAX];
	int len = hex == NULL ? -1 : from_hex(hex, message, sizeof(message));

	if (len < 0 || (type != RTM_NEWADDR && type != RTM_NEWROUTE &&
			type != RTM_NEWNEIGH))
		return firn_err_set(err, EBADMSG, "ledger: not a route");
	mnl_nlmsg_put_header(request.bytes);
	request.header.nlmsg_type = (uint16_t)type;
	memcpy(mnl_nlmsg_put_extra_header(&request.header, (size_t)len),
	       message, (size_t)len);
	if (firn_rtnl_ask(rtnl_fd, &request.header, NLM_F_CREATE | NLM_F_EXCL,
			  err) < 0 &&
	    err->code != EEXIST)
		return firn_err_in(err, "a route or address through the "
					"interface");
	return 0;
}

static int
give_all_back(int rtnl_fd, const json_t *lost, struct firn_err *err)
{
	size_t failed = 0, i;
	json_t *kept;

	for (int round = 0; round < ROUNDS; round++) {
		failed = 0;
		json_array_foreach(lost, i, kept)
			if (give_back(rtnl_fd, kept, err) < 0)
				failed++;
		if (failed == 0)
			return 0;
	}
	return -1;
}

static int
undo(const json_t *details, struct firn_err *err)
{
	json_int_t flags =
		json_integer_value(json_object_get(details, "flags"));
	autoclose int rtnl_fd = -1;
	struct firn_link link;
	int found;

	if (firn_place_is_here(details, err) < 0)
		return -1;
	rtnl_fd = firn_rtnl_open(err);
	if (rtnl_fd < 0)
		return -1;
	found = firn_place_find(details, rtnl_fd, &link, err);
	if (found <= 0 || (flags & IFF_UP) == 0)
		return found < 0 ? -1 : 0;
	if ((link.flags & IFF_UP) == 0 &&
	    set_up(rtnl_fd, link.ifindex, true, err) < 0)
		return -1;
	return give_all_back(rtnl_fd, json_object_get(details, "lost"), err);
}

const struct firn_method firn_method_down = {
	.name = "link-down",
	.plan = plan,
	.make = make,
	.holds = holds,
	.undo = undo,
};
