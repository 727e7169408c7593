#ifndef COLLECT_NETWORK_H
#define COLLECT_NETWORK_H

/*
 * network -- the network of a target, while it is read.
 *
 * Every network namespace that a thread of the target is in, is a *view*: a
 * few netlink sockets that were made inside it, and the folder of a process in
 * it, for /proc/PID/net.  Lines of JSON gather in one spool per member of the
 * archive and each says the inode of the namespace it was read in.
 *
 * The functions here and in the files beside fail (-1) only when the archive
 * or a spool can't be written; what can't be read they record as a gap.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>
#include <linux/netlink.h>

#include "base/spool.h"
#include "firn/archive.h"
#include "firn/collect.h"
#include "firn/err.h"
#include "firn/target.h"
#include "host/netlink.h"

/* A descriptor of a socket, somewhere on the host. */
struct firn_socket_owner {
	uint64_t inode;
	pid_t pid;
	pid_t tid; /* the thread whose own table it is; the pid otherwise */
	int fd;
	bool member; /* of the target */
};

struct firn_socket_owners {
	struct firn_socket_owner *items; /* sorted by inode, pid, tid, fd */
	size_t n, size;
	bool cut; /* there are more than are held */
};

/* Inodes of sockets, to compare what two witnesses say. */
struct firn_inodes {
	uint64_t *items; /* sorted once they are all there */
	size_t n, size;
	bool cut;
};

/* The spools, one per member of the archive. */
enum firn_network_member {
	FIRN_NET_SOCKETS,
	FIRN_NET_QUEUES,
	FIRN_NET_DISAGREEMENTS,
	FIRN_NET_INTERFACES,
	FIRN_NET_ADDRESSES,
	FIRN_NET_ROUTES,
	FIRN_NET_RULES,
	FIRN_NET_NEIGHBOURS,
	FIRN_NET_QDISCS,
	FIRN_NET_CONNTRACK,
	FIRN_NET_FIREWALL,
	FIRN_N_NET_MEMBERS
};

/* Those that we make in a namespace. */
#define FIRN_VIEW_SOCKETS 3

struct firn_network_view {
	uint64_t inode; /* of the namespace */
	pid_t pid, tid; /* a thread that is in it */
	int netns_fd;   /* -1 if it could not be opened */
	int net_fd;     /* /proc/PID/task/TID/net; -1 if it could not */
	bool own;       /* the one of the target's init */
	bool host;      /* the host's */
	/* The host's, while the target's own is another: only what the
	 * target's processes hold in it is taken. */
	bool restricted;
	int diag_fd, route_fd, netfilter_fd; /* -1: not to be had */
	pid_t diag_pid; /* who asks by diag_fd: host/netlink_apart.h */
	uint64_t inodes[FIRN_VIEW_SOCKETS]; /* of these, 0 for none */
	bool newline_in_name; /* a unix socket's name could fake a line of
			       * /proc/net/unix */
	uint64_t not_taken;   /* sockets, because of `restricted` */
	json_t *pids;         /* of the members in it */
};

struct firn_network {
	const struct firn_target *target;
	struct firn_archive *archive;
	const struct firn_queue_leave *leave; /* NULL for none */
	bool offers[FIRN_N_OFFERS];
	struct firn_socket_owners owners;
	struct firn_network_view *views;
	size_t n_views;
	uint64_t host_netns;      /* inode; 0 if not known */
	pid_t host_pid;           /* of a process in it */
	struct firn_inodes seen;  /* every socket that stands in the sockets */
	struct firn_inodes peers; /* of unix sockets */
	json_t *addresses;        /* of the target's own interfaces, as keys */
	struct firn_spool spools[FIRN_N_NET_MEMBERS];
};

/* firn_network_gap(network, what, why) -- could not be had. */
void firn_network_gap(struct firn_network *network, const char *what,
		      const struct firn_err *why);

/* firn_network_view_gap(network, view, what, why) -- the same of one
 * namespace. */
void firn_network_view_gap(struct firn_network *network,
			   const struct firn_network_view *view,
			   const char *what, const struct firn_err *why);

/* -- namespaces: network_views.c -- */

/* firn_network_views(network, err) -- find and enter them. */
FIRN_MUST_CHECK int firn_network_views(struct firn_network *network,
				       struct firn_err *err);
void firn_network_views_close(struct firn_network *network);

/*
 * firn_network_host(network, err) -- the view of the host's namespace, adopted
 * if no process of the target is in it: its number, or -1.
 */
FIRN_MUST_CHECK int firn_network_host(struct firn_network *network,
				      struct firn_err *err);

/*
 * firn_network_adopt(network, netns_fd, err) -- a namespace that no process is
 * in, but that a descriptor led to.  Takes the descriptor over.  Returns the
 * number of its view, or -1 with `err` also for one that can't be entered.
 */
FIRN_MUST_CHECK int firn_network_adopt(struct firn_network *network,
				       int netns_fd, struct firn_err *err);

/* -- owners: network_owners.c -- */

/* firn_network_owners(network, err) -- who on this host holds which socket;
 * the target's processes first, the others for 3 seconds. */
FIRN_MUST_CHECK int firn_network_owners(struct firn_network *network,
					struct firn_err *err);

/* firn_network_owned(network, inode, ret_n) -- the first of them, or NULL. */
const struct firn_socket_owner *firn_network_owned(
	const struct firn_network *network, uint64_t inode, size_t *ret_n);

/* firn_network_has_member(network, inode) -- does the target hold it? */
bool firn_network_has_member(const struct firn_network *network,
			     uint64_t inode);

/* firn_network_set_owners(network, inode, line) -- "owners" of a line. */
void firn_network_set_owners(const struct firn_network *network, uint64_t inode,
			     json_t *line);

/* -- sets of inodes: network_inodes.c -- */

void firn_inodes_add(struct firn_inodes *inodes, uint64_t inode);
void firn_inodes_sort(struct firn_inodes *inodes);
bool firn_inodes_have(const struct firn_inodes *inodes, uint64_t inode);
void firn_inodes_free(struct firn_inodes *inodes);

/* -- dumps: network_dump.c -- */

struct firn_network_dump;

/* A line for a message of the kernel's, or NULL for none. */
typedef json_t *firn_network_line_fn(const struct nlmsghdr *message,
				     struct firn_network_dump *dump);

/* One question to the kernel; filled in by who asks. */
struct firn_network_dump {
	struct firn_network *network;
	struct firn_network_view *view;
	const char *what; /* for a gap: "tcp sockets" */
	int fd;           /* of `view` */
	unsigned timeout_ms;
	enum firn_network_member member; /* where the lines go */
	firn_network_line_fn *line;
	const void *arg; /* the asker's */
	void *state;     /* the same, to be changed */
	/* Empties `state` before each attempt; may be NULL. */
	void (*restart)(struct firn_network_dump *dump);
	bool lines;                     /* write down; else only fill `seen` */
	bool quiet;                     /* an error is no gap: it has none */
	struct firn_inodes *seen;       /* the asker's; may be NULL */
	const struct firn_inodes *only; /* if not NULL: nothing else */
	struct firn_spool spool;        /* lines of this attempt */
	bool failed;                    /* result: it has not come to its end */
};

/*
 * firn_network_dump(dump, request, err) -- ask, up to three times while the
 * table changes under the dump (NLM_F_DUMP_INTR), and add the lines.
 *
 * A dump that was interrupted to the last, or that broke off, is a gap; what
 * it gave is kept.
 */
FIRN_MUST_CHECK int firn_network_dump(struct firn_network_dump *dump,
				      struct nlmsghdr *request,
				      struct firn_err *err);

/* firn_network_add(network, view, member, line, err) -- one line; takes it
 * over. */
FIRN_MUST_CHECK int firn_network_add(struct firn_network *network,
				     const struct firn_network_view *view,
				     enum firn_network_member member,
				     json_t *line, struct firn_err *err);

/* -- sockets -- */

/* The tables in which a socket can stand. */
enum firn_socket_table {
	FIRN_TABLE_TCP,
	FIRN_TABLE_TCP6,
	FIRN_TABLE_UDP,
	FIRN_TABLE_UDP6,
	FIRN_TABLE_UDPLITE,
	FIRN_TABLE_UDPLITE6,
	FIRN_TABLE_RAW,
	FIRN_TABLE_RAW6,
	FIRN_TABLE_SCTP,
	FIRN_TABLE_SCTP6,
	FIRN_TABLE_ICMP,
	FIRN_TABLE_ICMP6,
	FIRN_TABLE_UNIX,
	FIRN_TABLE_PACKET,
	FIRN_TABLE_NETLINK,
	FIRN_N_TABLES
};
extern const char *const firn_socket_tables[FIRN_N_TABLES];

/*
 * firn_network_diag(network, view, table, lines, seen, err) -- sock_diag(7)'s
 * list.
 *
 * Lines go into the archive with `lines`; without, only the inodes are taken.
 * Returns 1, or 0 when this kernel has no sock_diag for it (not without loading
 * a module), or it broke off.
 */
FIRN_MUST_CHECK int firn_network_diag(struct firn_network *network,
				      struct firn_network_view *view,
				      enum firn_socket_table table, bool lines,
				      struct firn_inodes *seen,
				      struct firn_err *err);

/* What each part of it does; for firn_network_diag(). */
FIRN_MUST_CHECK int firn_network_inet(struct firn_network_dump *dump,
				      enum firn_socket_table table,
				      struct firn_err *err);
FIRN_MUST_CHECK int firn_network_unix(struct firn_network_dump *dump,
				      struct firn_err *err);
FIRN_MUST_CHECK int firn_network_packet(struct firn_network_dump *dump,
					struct firn_err *err);
FIRN_MUST_CHECK int firn_network_netlink(struct firn_network_dump *dump,
					 struct firn_err *err);

/* firn_network_is_taken(dump, inode, listed) -- is a socket ours to write
 * down?  Puts it into `seen` if it is one that both witnesses list. */
bool firn_network_is_taken(struct firn_network_dump *dump, uint64_t inode,
			   bool listed);

/* firn_network_tcp_info(bytes, len) -- struct tcp_info, as far as it goes. */
json_t *firn_network_tcp_info(const void *bytes, size_t len);

/* firn_network_memory(bytes, len) -- INET_DIAG_SKMEMINFO and its like. */
json_t *firn_network_memory(const void *bytes, size_t len);

/* firn_network_type(type) -- SOCK_STREAM is "stream", and so on. */
const char *firn_network_type(unsigned type);

/* firn_network_state(state) -- "established", ...; NULL if not known. */
const char *firn_network_state(unsigned state);

/* A line of a table of /proc/PID/net. */
struct firn_proc_socket {
	uint64_t inode;
	json_t *line; /* NULL unless lines were asked for */
};

/* firn_network_proc_line(table, text, lines, ret) -- false for a line that
 * isn't one, as the heading. */
bool firn_network_proc_line(enum firn_socket_table table, const char *text,
			    bool lines, struct firn_proc_socket *ret);

/*
 * firn_network_sockets(network, view, err) -- all sockets of a namespace, by
 * both witnesses, their disagreements, and the raw files of /proc/PID/net.
 */
FIRN_MUST_CHECK int firn_network_sockets(struct firn_network *network,
					 struct firn_network_view *view,
					 struct firn_err *err);

/* firn_network_peers(network, err) -- the other ends of unix sockets, where
 * they are the host's. */
FIRN_MUST_CHECK int firn_network_peers(struct firn_network *network,
				       struct firn_err *err);

/*
 * firn_network_unlisted(network, first, err) -- sockets that the target's
 * processes hold and that no list has.
 *
 * With `first`, the namespaces of those are adopted, and no line is written.
 */
FIRN_MUST_CHECK int firn_network_unlisted(struct firn_network *network,
					  bool first, struct firn_err *err);

/* firn_network_queues(network, err) -- what stands in the queues of the sockets
 * that the target holds. */
FIRN_MUST_CHECK int firn_network_queues(struct firn_network *network,
					struct firn_err *err);

/* -- tables of the kernel's -- */

FIRN_MUST_CHECK int firn_network_links(struct firn_network *network,
				       struct firn_network_view *view,
				       struct firn_err *err);
FIRN_MUST_CHECK int firn_network_conntrack(struct firn_network *network,
					   struct firn_network_view *view,
					   struct firn_err *err);
FIRN_MUST_CHECK int firn_network_firewall(struct firn_network *network,
					  struct firn_network_view *view,
					  struct firn_err *err);

/*
 * firn_network_read(network, view, name, ret, err) -- read a file of
 * /proc/PID/net into a spool.
 *
 * One that this kernel doesn't have is no gap.  Returns 1 if it is there, 0 if
 * not.
 */
FIRN_MUST_CHECK int firn_network_read(struct firn_network *network,
				      const struct firn_network_view *view,
				      const char *name, struct firn_spool *ret,
				      struct firn_err *err);

/* firn_network_file(network, view, name, ret, err) -- the same, and into the
 * archive, unless the view is restricted.  `ret` may be NULL. */
FIRN_MUST_CHECK int firn_network_file(struct firn_network *network,
				      const struct firn_network_view *view,
				      const char *name, struct firn_spool *ret,
				      struct firn_err *err);

/* firn_network_files(network, view, err) -- all but those of sockets. */
FIRN_MUST_CHECK int firn_network_files(struct firn_network *network,
				       const struct firn_network_view *view,
				       struct firn_err *err);

#endif
