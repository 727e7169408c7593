#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "assess/places/identities.h"
#include "base/auto.h"
#include "base/json.h"
#include "host/netns.h"
#include "host/rtnl.h"

/*
 * metadata -- the service of the cloud that tells a machine who it is, and
 * gives whoever asks there the machine's role.
 *
 * Source: docs.aws.amazon.com "Use IMDS"; cloud.google.com "About VM metadata";
 * learn.microsoft.com "Azure Instance Metadata Service"; rtnetlink(7).
 */

#define SERVICE "169.254.169.254"
#define ANSWER 4096

/* What the firmware says of whose machine it is. */
static const struct cloud {
	const char *file, *says;
	const char *name, *rule, *address;
} clouds[] = {
	{ "sys_vendor", "Amazon EC2", "AWS", "aws-instance-role", SERVICE },
	{ "bios_version", "amazon", "AWS", "aws-instance-role", SERVICE },
	{ "product_name", "Google", "Google Cloud", "gcp-instance-identity",
	  SERVICE },
	/* The tag of every machine in Azure, and of no other of Hyper-V's. */
	{ "chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77", "Azure",
	  "azure-managed-identity", SERVICE },
	{ "sys_vendor", "Alibaba Cloud", "Alibaba Cloud", "cloud-instance-role",
	  "100.100.100.200" },
	{ "chassis_asset_tag", "OracleCloud.com", "Oracle Cloud",
	  "cloud-instance-role", SERVICE },
	{ "sys_vendor", "Tencent Cloud", "Tencent Cloud", "cloud-instance-role",
	  "169.254.0.23" },
	{ "sys_vendor", "Huawei Cloud", "Huawei Cloud", "cloud-instance-role",
	  SERVICE },
	{ "sys_vendor", "DigitalOcean", "DigitalOcean", "cloud-instance-role",
	  SERVICE },
	{ "sys_vendor", "Hetzner", "Hetzner", "cloud-instance-role", SERVICE },
	{ "sys_vendor", "Scaleway", "Scaleway", "cloud-instance-role",
	  "169.254.42.42" },
	{ "sys_vendor", "OpenStack", "OpenStack", "cloud-instance-role",
	  SERVICE },
	{ "product_name", "OpenStack", "OpenStack", "cloud-instance-role",
	  SERVICE },
};

static const struct cloud *
cloud_of(const struct firn_host *host)
{
	for (size_t i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++) {
		autofree char *text = NULL;
		struct firn_err why = { 0 };
		char path[64];
		size_t len;

		snprintf(path, sizeof(path), "/sys/class/dmi/id/%s",
			 clouds[i].file);
		if (firn_host_read(host, path, 4096, &text, &len, &why) == 0 &&
		    strstr(text, clouds[i].says) != NULL)
			return &clouds[i];
	}
	return NULL;
}

/* --- the route
 * ------------------------------------------------------------------
 */

struct route {
	bool found;
	uint32_t ifindex;
	char gateway[INET_ADDRSTRLEN];
};

static void
take_route(const struct nlmsghdr *answer, struct route *ret)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(answer);
	const struct nlattr *gateway;

	if (answer->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(answer) < sizeof(*route) ||
	    route->rtm_type != RTN_UNICAST)
		return;
	ret->found = true;
	ret->ifindex = firn_rtnl_number(
		firn_rtnl_attr(answer, sizeof(*route), RTA_OIF));
	gateway = firn_rtnl_attr(answer, sizeof(*route), RTA_GATEWAY);
	if (gateway != NULL && mnl_attr_get_payload_len(gateway) == 4)
		inet_ntop(AF_INET, mnl_attr_get_payload(gateway), ret->gateway,
			  sizeof(ret->gateway));
}

/* As "ip route get" asks: the kernel looks it up, and nothing is sent. */
static int
ask_route(int fd, const char *address, struct route *ret, struct firn_err *err)
{
	const struct timeval wait = { .tv_sec = 2 };
	unsigned char buffer[ANSWER]
		__attribute__((aligned(__alignof__(struct nlmsghdr))));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route;
	struct in_addr to;
	ssize_t len;

	request->nlmsg_type = RTM_GETROUTE;
	request->nlmsg_flags = NLM_F_REQUEST;
	request->nlmsg_seq = 1;
	route = mnl_nlmsg_put_extra_header(request, sizeof(*route));
	route->rtm_family = AF_INET;
	route->rtm_dst_len = 32;
	inet_pton(AF_INET, address, &to);
	mnl_attr_put(request, RTA_DST, sizeof(to), &to);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
	    send(fd, request, request->nlmsg_len, 0) < 0)
		return firn_err_sys(err, "ask for a route");
	len = recv(fd, buffer, sizeof(buffer), 0);
	if (len < 0)
		return firn_err_sys(err, "ask for a route");
	if (mnl_nlmsg_ok((struct nlmsghdr *)(void *)buffer, (int)len))
		take_route((struct nlmsghdr *)(void *)buffer, ret);
	return 0;
}

static int
find_route(const struct firn_target *target, const char *address,
	   struct route *ret, struct firn_err *err)
{
	const int protocol = NETLINK_ROUTE;
	autoclose int netns_fd = -1, fd = -1;

	netns_fd = firn_proc_open(target->host, target->init_pid, "ns/net",
				  O_RDONLY, err);
	if (netns_fd < 0 ||
	    firn_netns_sockets(netns_fd, &protocol, 1, &fd, err) < 0)
		return -1;
	return ask_route(fd, address, ret, err);
}

/* --- a connection
 * ---------------------------------------------------------------
 */

/* /proc/PID/net/tcp has "A9FEA9FE" backwards; tcp6 has it at the end of a
 * mapped one. */
static bool
is_connected(const struct firn_target *target, const char *address)
{
	static const char *const files[] = { "net/tcp", "net/tcp6" };
	struct in_addr to;
	char hex[16];

	inet_pton(AF_INET, address, &to);
	snprintf(hex, sizeof(hex), "%08X:", (unsigned)to.s_addr);
	for (size_t i = 0; i < 2; i++) {
		autofree char *text = NULL;
		struct firn_err why = { 0 };
		size_t len;

		if (firn_proc_read(target->host, target->init_pid, files[i],
				   FIRN_PROC_MAX, &text, &len, &why) == 0 &&
		    strstr(text, hex) != NULL)
			return true;
	}
	return false;
}

/* --- together
 * ---------------------------------------------------------------------
 */

static bool
is_on_nodes_network(const struct firn_target *target)
{
	struct firn_namespaces node = { 0 };
	struct firn_err why = { 0 };

	return firn_proc_namespaces(target->host, 1, &node, &why) == 0 &&
	       node.inode[FIRN_NS_NET] != 0 &&
	       node.inode[FIRN_NS_NET] == target->namespaces.inode[FIRN_NS_NET];
}

static json_t *
facts_of(const struct firn_target *target, const struct cloud *cloud,
	 const char *address, const struct route *route)
{
	json_t *facts = json_object();

	firn_json_text(facts, "address", address);
	if (cloud != NULL)
		firn_json_text(facts, "cloud", cloud->name);
	if (route->found)
		firn_json_text(facts, "route",
			       route->gateway[0] != '\0' ? route->gateway
							 : "direct");
	firn_json_text(facts, "hops",
		       is_on_nodes_network(target)
			       ? "none: the node's own network"
			       : "one or more: whether it answers so far away "
				 "can't be known without asking it");
	return facts;
}

static int
tell(const struct firn_looking *looking, const struct cloud *cloud,
     const char *address, const struct route *route, struct firn_err *err)
{
	bool connected = is_connected(looking->target, address);
	autojson json_t *facts =
		facts_of(looking->target, cloud, address, route);
	struct firn_secret_place place = {
		.where = "metadata service",
		.readable_by = "everybody in the container",
		.readers = FIRN_READERS_WORLD,
		.via = address,
		.facts = facts,
	};

	if (connected)
		firn_json_text(facts, "connection",
			       "one to it was open when it was looked at");
	/* Most networks have a route to everywhere: on a machine that is no
	 * cloud's that says nothing. */
	if (!connected && (cloud == NULL || !route->found))
		return 0;
	return firn_reached(looking,
			    cloud != NULL ? cloud->rule : "cloud-instance-role",
			    address, &place, err);
}

int
firn_look_at_metadata(const struct firn_looking *looking, struct firn_err *err)
{
	const struct cloud *cloud = cloud_of(looking->target->host);
	const char *address = cloud != NULL ? cloud->address : SERVICE;
	struct firn_err why = { 0 };
	struct route route = { 0 };

	if (cloud != NULL &&
	    find_route(looking->target, address, &route, &why) < 0)
		firn_look_gap(looking, "the way to the metadata service", &why);
	return tell(looking, cloud, address, &route, err);
}
