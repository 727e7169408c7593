#include <errno.h>
#include <fcntl.h>

#include "base/auto.h"
#include "collect/network.h"
#include "host/proc.h"

/*
 * network_peers -- the other ends of unix sockets that are the host's.
 *
 * A socket's file may be mounted into a container (a runtime's, a log
 * daemon's): its server lives elsewhere, mostly in the host's namespace.
 */

#define DIAG_MAX_MS 10000

int
firn_network_peers(struct firn_network *network, struct firn_err *err)
{
	struct firn_inodes missing = { 0 };
	struct firn_network_dump dump = {
		.network = network,
		.what = "peers of unix sockets",
		.timeout_ms = DIAG_MAX_MS,
		.member = FIRN_NET_SOCKETS,
		.lines = true,
		.only = &missing,
	};
	struct firn_err why = { 0 };
	int netns_fd, view, result = 0;

	firn_inodes_sort(&network->seen);
	for (size_t i = 0; i < network->peers.n; i++) {
		if (!firn_inodes_have(&network->seen, network->peers.items[i]))
			firn_inodes_add(&missing, network->peers.items[i]);
	}
	firn_inodes_sort(&missing);
	if (missing.n == 0)
		return 0;
	netns_fd = firn_proc_open(network->target->host, 1, "ns/net", O_RDONLY,
				  &why);
	view = netns_fd < 0 ? -1 : firn_network_adopt(network, netns_fd, &why);
	if (view < 0) {
		firn_network_gap(network, "peers of unix sockets", &why);
	} else if (network->views[view].diag_fd >= 0 &&
		   network->offers[FIRN_OFFERS_UNIX_DIAG]) {
		dump.view = &network->views[view];
		dump.fd = dump.view->diag_fd;
		result = firn_network_unix(&dump, err);
	}
	firn_inodes_free(&missing);
	return result;
}
