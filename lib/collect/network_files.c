#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "collect/network.h"

/*
 * network_files -- the files of /proc/PID/net as they are.
 *
 * Source: proc_pid_net(5).
 */

#define FILE_MAX ((uint64_t)256 << 20)
#define FILE_MAX_NS 10000000000ull
#define BUFFER_SIZE 65536

/* Beside those of sockets, which network_sockets.c reads. */
static const char *const names[] = {
	"arp",
	"dev",
	"dev_mcast",
	"if_inet6",
	"igmp",
	"igmp6",
	"ip_mr_cache",
	"ip_mr_vif",
	"ip6_mr_cache",
	"ip6_mr_vif",
	"ipv6_route",
	"mcfilter",
	"mcfilter6",
	"netstat",
	"anycast6",
	"protocols",
	"ptype",
	"route",
	"rt_cache",
	"fib_trie",
	"fib_triestat",
	"snmp",
	"snmp6",
	"sockstat",
	"sockstat6",
	"softnet_stat",
	"wireless",
	"xfrm_stat",
	"ip6_flowlabel",
	"ip_tables_names",
	"ip6_tables_names",
	"arp_tables_names",
	"ip_tables_matches",
	"ip_tables_targets",
	"nf_conntrack_expect",
	"stat/nf_conntrack",
	"netfilter/nf_log",
	"netfilter/nfnetlink_queue",
	"netfilter/nfnetlink_log",
};

/* Until the end, the limits, or an error, which is `why`. */
static int
read_file(int fd, struct firn_spool *spool, struct firn_err *why,
	  struct firn_err *err)
{
	autofree char *buffer = malloc(BUFFER_SIZE);
	uint64_t start_ns = firn_monotonic_ns();

	if (buffer == NULL)
		return firn_err_nomem(err);
	while (spool->size < FILE_MAX) {
		ssize_t n = read(fd, buffer, BUFFER_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			firn_err_sys(why, "read");
		if (n <= 0)
			return 0;
		if (firn_spool_add(spool, buffer, (size_t)n, err) < 0)
			return -1;
		if (firn_monotonic_ns() - start_ns > FILE_MAX_NS) {
			firn_err_set(why, ETIMEDOUT, "cut after %llu bytes",
				     (unsigned long long)spool->size);
			return 0;
		}
	}
	firn_err_set(why, EFBIG, "cut after %llu bytes",
		     (unsigned long long)spool->size);
	return 0;
}

static int
store(struct firn_network *network, const struct firn_network_view *view,
      const char *name, const struct firn_spool *spool, struct firn_err *err)
{
	char member[160], path[128];
	const struct firn_member_source source = { "network", path,
						   "proc_pid_net(5)" };

	snprintf(path, sizeof(path), "/proc/%d/task/%d/net/%s", view->pid,
		 view->tid, name);
	snprintf(member, sizeof(member), "data/network/proc/%llu/%s",
		 (unsigned long long)view->inode, name);
	return firn_archive_spool(network->archive, member, spool, &source,
				  err);
}

int
firn_network_read(struct firn_network *network,
		  const struct firn_network_view *view, const char *name,
		  struct firn_spool *ret, struct firn_err *err)
{
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	if (view->net_fd < 0)
		return 0;
	fd = openat(view->net_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		firn_err_sys(&why, "open");
	if (fd < 0 && errno == ENOENT &&
	    faccessat(view->net_fd, "dev", F_OK, 0) < 0)
		firn_err_set(&why, ESRCH, "process %d has ended", view->pid);
	if (fd >= 0 && read_file(fd, ret, &why, err) < 0)
		return -1;
	if (why.code != 0) {
		char what[64];

		snprintf(what, sizeof(what), "/proc/PID/net/%s", name);
		firn_network_view_gap(network, view, what, &why);
	}
	return fd >= 0;
}

int
firn_network_file(struct firn_network *network,
		  const struct firn_network_view *view, const char *name,
		  struct firn_spool *ret, struct firn_err *err)
{
	autospool struct firn_spool own = firn_spool_init(AT_FDCWD);
	struct firn_spool *spool = ret != NULL ? ret : &own;
	int found = firn_network_read(network, view, name, spool, err);

	if (found < 0)
		return -1;
	/* The host's own lists of sockets are not the target's. */
	if (!found || view->restricted)
		return found;
	return store(network, view, name, spool, err) < 0 ? -1 : 1;
}

int
firn_network_files(struct firn_network *network,
		   const struct firn_network_view *view, struct firn_err *err)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (firn_network_file(network, view, names[i], NULL, err) < 0)
			return -1;
	}
	return 0;
}
