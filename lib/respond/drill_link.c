#include "respond/drill_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "base/auto.h"

/* One request, and its acknowledgement. */
static int
ask(struct nlmsghdr *request, struct firn_err *err)
{
	struct mnl_socket *socket =
		mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	char answer[8192];
	ssize_t len;
	int done = -1;

	if (socket == NULL)
		return firn_err_sys(err, "open a netlink socket");
	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	request->nlmsg_seq = 1;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_sendto(socket, request, request->nlmsg_len) >= 0) {
		len = mnl_socket_recvfrom(socket, answer, sizeof(answer));
		if (len > 0)
			done = mnl_cb_run(answer, (size_t)len, 1,
					  mnl_socket_get_portid(socket), NULL,
					  NULL);
	}
	if (done < 0)
		firn_err_sys(err, "rtnetlink");
	mnl_socket_close(socket);
	return done < 0 ? -1 : 0;
}

static int
make_pair(const char *interface, pid_t pid, struct firn_err *err)
{
	char buffer[1024];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nlattr *info, *data, *peer;

	request->nlmsg_type = RTM_NEWLINK;
	request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, interface);
	info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, "eth0");
	mnl_attr_put_u32(request, IFLA_NET_NS_PID, (uint32_t)pid);
	mnl_attr_nest_end(request, peer);
	mnl_attr_nest_end(request, data);
	mnl_attr_nest_end(request, info);
	if (ask(request, err) < 0)
		return firn_err_in(err, "make the veth pair %s", interface);
	return 0;
}

static int
set_address(int fd, struct ifreq *request, unsigned long what,
	    const char *address, struct firn_err *err)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	inet_pton(AF_INET, address, &to.sin_addr);
	memcpy(&request->ifr_addr, &to, sizeof(to));
	if (ioctl(fd, what, request) < 0)
		return firn_err_sys(err, "give %s to %s", address,
				    request->ifr_name);
	return 0;
}

int
firn_drill_link_up(const char *interface, const char *address,
		   struct firn_err *err)
{
	struct ifreq request = { 0 };
	autoclose int fd = -1;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return firn_err_sys(err, "open a socket");
	strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
	if (address != NULL &&
	    (set_address(fd, &request, SIOCSIFADDR, address, err) < 0 ||
	     set_address(fd, &request, SIOCSIFNETMASK, FIRN_DRILL_MASK, err) <
		     0))
		return -1;
	memset(&request.ifr_ifru, 0, sizeof(request.ifr_ifru));
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return firn_err_sys(err, "bring up %s", interface);
	return 0;
}

int
firn_drill_link_make(const char *interface, pid_t pid, struct firn_err *err)
{
	if (make_pair(interface, pid, err) < 0)
		return -1;
	return firn_drill_link_up(interface, FIRN_DRILL_HOST, err);
}

int
firn_drill_link_remove(const char *interface, struct firn_err *err)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = RTM_DELLINK;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, interface);
	if (ask(request, err) == 0 || err->code == ENODEV)
		return 0;
	return firn_err_in(err, "remove %s", interface);
}
