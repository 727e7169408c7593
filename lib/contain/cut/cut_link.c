#include "contain/cut/cut_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/spaces.h"

int
firn_place_describe(struct firn_place *place, struct firn_err *err)
{
	uint64_t netns = place->netns;

	if (netns == 0 && firn_own_netns(&netns, err) < 0)
		return -1;
	firn_json_uint(place->details, "ifindex", place->link->ifindex);
	firn_json_hex(place->details, "address", place->link->address,
		      place->link->address_len);
	firn_json_uint(place->details, "netns", netns);
	return 0;
}

uint32_t
firn_place_ifindex(const json_t *details)
{
	json_int_t n = json_integer_value(json_object_get(details, "ifindex"));

	return n > 0 && n <= INT32_MAX ? (uint32_t)n : 0;
}

int
firn_place_is_here(const json_t *details, struct firn_err *err)
{
	json_int_t then = json_integer_value(json_object_get(details, "netns"));
	uint64_t now;

	if (firn_own_netns(&now, err) < 0)
		return -1;
	if (then < 0 || (uint64_t)then != now)
		return firn_err_set(err, EXDEV,
				    "was made in another network namespace "
				    "than firn runs in now");
	return 0;
}

static bool
has_address(const struct firn_link *link, const json_t *details)
{
	autojson json_t *now = json_object();

	firn_json_hex(now, "address", link->address, link->address_len);
	return json_equal(json_object_get(now, "address"),
			  json_object_get(details, "address")) == 1;
}

int
firn_place_find(const json_t *details, int rtnl_fd, struct firn_link *ret,
		struct firn_err *err)
{
	autofree struct firn_link *links = NULL;
	size_t n;

	if (firn_rtnl_links(rtnl_fd, &links, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (links[i].ifindex != firn_place_ifindex(details) ||
		    !has_address(&links[i], details))
			continue;
		*ret = links[i];
		return 1;
	}
	return 0;
}
