#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/network.h"
#include "host/netlink_apart.h"
#include "host/netns.h"
#include "host/proc.h"

/*
 * network_views -- the network namespaces that the target's threads are in.
 */

/* More than a container has unless it was made to. */
#define VIEWS_MAX 64
#define PIDS_MAX 256 /* that are named for one namespace */

static struct firn_network_view *
find(struct firn_network *network, uint64_t inode)
{
	for (size_t i = 0; i < network->n_views; i++) {
		if (network->views[i].inode == inode)
			return &network->views[i];
	}
	return NULL;
}

static struct firn_network_view *
add_view(struct firn_network *network, uint64_t inode)
{
	struct firn_network_view *view =
		realloc(network->views,
			(network->n_views + 1) * sizeof(*network->views));

	if (view == NULL)
		return NULL;
	network->views = view;
	view += network->n_views++;
	*view = (struct firn_network_view){
		.inode = inode,
		.netns_fd = -1,
		.net_fd = -1,
		.diag_fd = -1,
		.route_fd = -1,
		.netfilter_fd = -1,
		.pids = json_array(),
	};
	view->own = inode == network->target->namespaces.inode[FIRN_NS_NET];
	view->host = inode == network->host_netns;
	view->restricted = view->host && !view->own;
	return view;
}

static void
gap_of_views(struct firn_network *network, int code, const char *text)
{
	struct firn_err why = { 0 };

	firn_err_set(&why, code, "%s", text);
	firn_network_gap(network, "network namespaces", &why);
}

/* The namespace of a thread; 0 if it is gone. */
static uint64_t
netns_of(const struct firn_target *target, pid_t pid, pid_t tid)
{
	struct firn_err why = { 0 };
	char name[48], link[64], *inode;

	snprintf(name, sizeof(name), "task/%d/ns/net", tid);
	if (firn_proc_link(target->host, pid, name, link, sizeof(link), &why) <
	    0)
		return 0;
	inode = strchr(link, '[');
	return inode == NULL ? 0 : strtoull(inode + 1, NULL, 10);
}

/* Hold what a thread leads to, unless it is elsewhere by now. */
static void
hold(const struct firn_target *target, struct firn_network_view *view,
     pid_t pid, pid_t tid)
{
	autoclose int netns_fd = -1, net_fd = -1;
	struct firn_err why = { 0 };
	struct stat st;
	char name[48];

	snprintf(name, sizeof(name), "task/%d/ns/net", tid);
	netns_fd = firn_proc_open(target->host, pid, name, O_RDONLY, &why);
	if (netns_fd >= 0 &&
	    (fstat(netns_fd, &st) < 0 || st.st_ino != view->inode))
		return;
	snprintf(name, sizeof(name), "task/%d/net", tid);
	net_fd = firn_proc_open(target->host, pid, name, O_PATH | O_DIRECTORY,
				&why);
	if (netns_of(target, pid, tid) != view->inode)
		return;
	view->pid = pid;
	view->tid = tid;
	if (view->netns_fd < 0)
		view->netns_fd = firn_steal_fd(&netns_fd);
	if (view->net_fd < 0)
		view->net_fd = firn_steal_fd(&net_fd);
}

static int
add_thread(struct firn_network *network, pid_t pid, pid_t tid,
	   struct firn_err *err)
{
	uint64_t inode = netns_of(network->target, pid, tid);
	struct firn_network_view *view;
	size_t n;

	if (inode == 0)
		return 0;
	view = find(network, inode);
	if (view == NULL && network->n_views == VIEWS_MAX) {
		gap_of_views(network, EFBIG, "there are more than 64");
		return 0;
	}
	if (view == NULL)
		view = add_view(network, inode);
	if (view == NULL)
		return firn_err_nomem(err);
	if (view->netns_fd < 0 || view->net_fd < 0)
		hold(network->target, view, pid, tid);
	n = json_array_size(view->pids);
	if (n < PIDS_MAX &&
	    (n == 0 ||
	     json_integer_value(json_array_get(view->pids, n - 1)) != pid))
		json_array_append_new(view->pids, json_integer(pid));
	return 0;
}

static int
add_member(struct firn_network *network, const struct firn_member *member,
	   struct firn_err *err)
{
	const struct firn_host *host = network->target->host;
	autofree pid_t *tids = NULL;
	struct firn_err why = { 0 };
	struct firn_proc_stat stat;
	size_t n = 0;

	/* What only shares something with it has a network of its own; what
	 * was put into its cgroup from outside may be an escapee. */
	if (member->joined)
		return 0;
	if (firn_proc_stat(host, member->pid, &stat, &why) < 0 ||
	    stat.start_ticks != member->start_ticks ||
	    firn_proc_threads(host, member->pid, &tids, &n, &why) < 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (add_thread(network, member->pid, tids[i], err) < 0)
			return -1;
	}
	return 0;
}

static void
enter(struct firn_network *network, struct firn_network_view *view)
{
	int protocols[FIRN_VIEW_SOCKETS], fds[FIRN_VIEW_SOCKETS];
	int *places[FIRN_VIEW_SOCKETS];
	struct firn_err why = { 0 };
	size_t n = 0;

	if (view->netns_fd < 0) {
		firn_err_set(&why, ESRCH, "nobody is in it any more");
		firn_network_view_gap(network, view, "namespace", &why);
		return;
	}
	protocols[n] = NETLINK_ROUTE;
	places[n++] = &view->route_fd;
	if (network->offers[FIRN_OFFERS_SOCK_DIAG]) {
		protocols[n] = NETLINK_SOCK_DIAG;
		places[n++] = &view->diag_fd;
	}
	if (network->offers[FIRN_OFFERS_NFNETLINK]) {
		protocols[n] = NETLINK_NETFILTER;
		places[n++] = &view->netfilter_fd;
	}
	if (firn_netns_sockets(view->netns_fd, protocols, n, fds, &why) < 0) {
		firn_network_view_gap(network, view, "namespace", &why);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		*places[i] = fds[i];
		if (fds[i] >= 0 && fstat(fds[i], &st) == 0)
			view->inodes[i] = st.st_ino;
	}
	if (view->diag_fd < 0)
		return;
	view->diag_fd =
		firn_netlink_apart(view->diag_fd, &view->diag_pid, &why);
	if (view->diag_fd < 0)
		firn_network_view_gap(network, view, "sock_diag", &why);
}

/* Init's; where even root may not look at init, our own, if we see ourselves
 * in the host's proc(5). */
static void
find_host(struct firn_network *network)
{
	const struct firn_target *target = network->target;
	char self[16], ours[16];
	ssize_t len;

	network->host_pid = 1;
	network->host_netns = netns_of(target, 1, 1);
	if (network->host_netns != 0)
		return;
	len = readlinkat(target->host->proc_fd, "self", self, sizeof(self) - 1);
	snprintf(ours, sizeof(ours), "%d", getpid());
	if (len > 0 && (size_t)len == strlen(ours) &&
	    memcmp(self, ours, (size_t)len) == 0) {
		network->host_pid = getpid();
		network->host_netns = netns_of(target, getpid(), getpid());
	}
	if (network->host_netns == 0)
		gap_of_views(network, EACCES,
			     "which is the host's can't be known");
}

int
firn_network_host(struct firn_network *network, struct firn_err *err)
{
	int fd = firn_proc_open(network->target->host, network->host_pid,
				"ns/net", O_RDONLY, err);

	return fd < 0 ? -1 : firn_network_adopt(network, fd, err);
}

int
firn_network_views(struct firn_network *network, struct firn_err *err)
{
	const struct firn_members *members = &network->target->members;

	find_host(network);
	for (size_t i = 0; i < members->n; i++) {
		if (add_member(network, &members->items[i], err) < 0)
			return -1;
	}
	if (find(network, network->target->namespaces.inode[FIRN_NS_NET]) ==
	    NULL) {
		gap_of_views(network, ESRCH,
			     "none of its processes is in the target's own "
			     "any more");
	}
	for (size_t i = 0; i < network->n_views; i++)
		enter(network, &network->views[i]);
	return 0;
}

int
firn_network_adopt(struct firn_network *network, int netns_fd,
		   struct firn_err *err)
{
	autoclose int fd = netns_fd;
	struct firn_network_view *view;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "stat a network namespace");
	view = find(network, st.st_ino);
	if (view != NULL)
		return (int)(view - network->views);
	if (network->n_views == VIEWS_MAX)
		return firn_err_set(err, EFBIG, "too many namespaces");
	view = add_view(network, st.st_ino);
	if (view == NULL)
		return firn_err_nomem(err);
	view->netns_fd = firn_steal_fd(&fd);
	enter(network, view);
	return (int)(view - network->views);
}

void
firn_network_views_close(struct firn_network *network)
{
	for (size_t i = 0; i < network->n_views; i++) {
		struct firn_network_view *view = &network->views[i];

		firn_auto_close(&view->netns_fd);
		firn_auto_close(&view->net_fd);
		firn_netlink_apart_close(&view->diag_fd, &view->diag_pid);
		firn_auto_close(&view->route_fd);
		firn_auto_close(&view->netfilter_fd);
		json_decref(view->pids);
	}
	free(network->views);
	network->views = NULL;
	network->n_views = 0;
}
