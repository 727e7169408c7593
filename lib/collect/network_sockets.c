#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/network.h"

/*
 * network_sockets -- the sockets of a namespace, by two witnesses.
 *
 * sock_diag says more, /proc/PID/net is what a rootkit hides from first.  Only
 * what both list is compared, by inode.  A socket that came or went between
 * the two is told from a hidden one by asking both again: what one list had
 * before and after, and the other not in between, was there all the time.
 */

#define DIAG_MAX_MS 20000
#define LINE_SIZE 1024

static const enum firn_netlink_offer offers[FIRN_N_TABLES] = {
	[FIRN_TABLE_TCP] = FIRN_OFFERS_TCP_DIAG,
	[FIRN_TABLE_TCP6] = FIRN_OFFERS_TCP_DIAG,
	[FIRN_TABLE_UDP] = FIRN_OFFERS_UDP_DIAG,
	[FIRN_TABLE_UDP6] = FIRN_OFFERS_UDP_DIAG,
	[FIRN_TABLE_UDPLITE] = FIRN_OFFERS_UDPLITE_DIAG,
	[FIRN_TABLE_UDPLITE6] = FIRN_OFFERS_UDPLITE_DIAG,
	[FIRN_TABLE_RAW] = FIRN_OFFERS_RAW_DIAG,
	[FIRN_TABLE_RAW6] = FIRN_OFFERS_RAW_DIAG,
	[FIRN_TABLE_SCTP] = FIRN_OFFERS_SCTP_DIAG,
	[FIRN_TABLE_SCTP6] = FIRN_OFFERS_SCTP_DIAG,
	[FIRN_TABLE_ICMP] = FIRN_N_OFFERS, /* the kernel has none */
	[FIRN_TABLE_ICMP6] = FIRN_N_OFFERS,
	[FIRN_TABLE_UNIX] = FIRN_OFFERS_UNIX_DIAG,
	[FIRN_TABLE_PACKET] = FIRN_OFFERS_PACKET_DIAG,
	[FIRN_TABLE_NETLINK] = FIRN_OFFERS_NETLINK_DIAG,
};

bool
firn_network_is_taken(struct firn_network_dump *dump, uint64_t inode,
		      bool listed)
{
	if (listed && dump->seen != NULL)
		firn_inodes_add(dump->seen, inode);
	if (!dump->lines)
		return false;
	if (dump->only != NULL)
		return firn_inodes_have(dump->only, inode);
	if (dump->view->restricted &&
	    !firn_network_has_member(dump->network, inode)) {
		dump->view->not_taken++;
		return false;
	}
	firn_inodes_add(&dump->network->seen, inode);
	return true;
}

static bool
is_offered(const struct firn_network *network, enum firn_socket_table table)
{
	return offers[table] != FIRN_N_OFFERS &&
	       network->offers[offers[table]] &&
	       (table >= FIRN_TABLE_UNIX ||
		network->offers[FIRN_OFFERS_INET_DIAG]);
}

int
firn_network_diag(struct firn_network *network, struct firn_network_view *view,
		  enum firn_socket_table table, bool lines,
		  struct firn_inodes *seen, bool *ret_asked,
		  struct firn_err *err)
{
	char what[32];
	struct firn_network_dump dump = {
		.network = network,
		.view = view,
		.what = what,
		.fd = view->diag_fd,
		.timeout_ms = DIAG_MAX_MS,
		.member = FIRN_NET_SOCKETS,
		.lines = lines,
		.seen = seen,
	};
	int result;

	*ret_asked = false;
	if (view->diag_fd < 0 || !is_offered(network, table))
		return 0;
	snprintf(what, sizeof(what), "sock_diag of %s",
		 firn_socket_tables[table]);
	switch ((int)table) {
	case FIRN_TABLE_UNIX:
		result = firn_network_unix(&dump, err);
		break;
	case FIRN_TABLE_PACKET:
		result = firn_network_packet(&dump, err);
		break;
	case FIRN_TABLE_NETLINK:
		result = firn_network_netlink(&dump, err);
		break;
	default:
		result = firn_network_inet(&dump, table, err);
		break;
	}
	*ret_asked = !dump.failed;
	return result;
}

/* What one table holds, by one witness and by the other, twice. */
struct comparison {
	struct firn_network *network;
	struct firn_network_view *view;
	enum firn_socket_table table;
	struct firn_inodes diag, proc, diag_again, proc_again;
	bool asked; /* sock_diag was, and has said all */
};

static void
comparison_free(struct comparison *all)
{
	firn_inodes_free(&all->diag);
	firn_inodes_free(&all->proc);
	firn_inodes_free(&all->diag_again);
	firn_inodes_free(&all->proc_again);
}

/* A line that sock_diag doesn't have. */
static int
take_line(struct comparison *all, struct firn_proc_socket *socket,
	  struct firn_err *err)
{
	bool known = socket->inode != 0
			     ? firn_inodes_have(&all->diag, socket->inode)
			     : all->asked;

	if (!known && all->view->restricted &&
	    !firn_network_has_member(all->network, socket->inode)) {
		all->view->not_taken += !all->asked;
		known = true;
	}
	if (known) {
		json_decref(socket->line);
		return 0;
	}
	firn_inodes_add(&all->network->seen, socket->inode);
	firn_network_set_owners(all->network, socket->inode, socket->line);
	json_object_set_new(socket->line, "source",
			    json_string("/proc/PID/net"));
	return firn_network_add(all->network, all->view, FIRN_NET_SOCKETS,
				socket->line, err);
}

/* One line of the file; the suspect may have made it long or false. */
static int
note_line(struct comparison *all, const char *text, bool lines,
	  struct firn_err *err)
{
	struct firn_inodes *to = lines ? &all->proc : &all->proc_again;
	struct firn_proc_socket socket;

	if (!firn_network_proc_line(all->table, text, lines, &socket))
		return 0;
	firn_inodes_add(to, socket.inode);
	return lines ? take_line(all, &socket, err) : 0;
}

static int
note_lines(struct comparison *all, const struct firn_spool *spool, bool lines,
	   struct firn_err *err)
{
	autofree char *buffer = malloc(65536);
	char line[LINE_SIZE];
	size_t len = 0;
	uint64_t offset = 0;
	ssize_t n;

	if (buffer == NULL)
		return firn_err_nomem(err);
	while ((n = firn_spool_read(spool, offset, buffer, 65536, err)) > 0) {
		offset += (uint64_t)n;
		for (ssize_t i = 0; i < n; i++) {
			if (buffer[i] != '\n') {
				/* What is behind is only a long name. */
				if (len < sizeof(line) - 1)
					line[len++] = buffer[i];
				continue;
			}
			line[len] = '\0';
			len = 0;
			if (note_line(all, line, lines, err) < 0)
				return -1;
		}
	}
	return (int)n;
}

static bool
differ(const struct firn_inodes *a, const struct firn_inodes *b)
{
	for (size_t i = 0; i < a->n; i++) {
		if (!firn_inodes_have(b, a->items[i]))
			return true;
	}
	return false;
}

static int
look_again(struct comparison *all, struct firn_err *err)
{
	autospool struct firn_spool spool = firn_spool_init(AT_FDCWD);
	const char *name = firn_socket_tables[all->table];
	bool asked;

	if (firn_network_diag(all->network, all->view, all->table, false,
			      &all->diag_again, &asked, err) < 0 ||
	    firn_network_read(all->network, all->view, name, &spool, err) < 0 ||
	    note_lines(all, &spool, false, err) < 0)
		return -1;
	firn_inodes_sort(&all->diag_again);
	firn_inodes_sort(&all->proc_again);
	return 0;
}

/* Those of `had` that `lacks` lacks; those in `again` are sure. */
static int
disagree(struct comparison *all, const struct firn_inodes *had,
	 const struct firn_inodes *lacks, const struct firn_inodes *again,
	 const char *only_in, struct firn_err *err)
{
	uint64_t before = 0;

	for (size_t i = 0; i < had->n; i++) {
		uint64_t inode = had->items[i];
		json_t *line;

		if (inode == before || firn_inodes_have(lacks, inode))
			continue;
		before = inode;
		line = json_object();
		firn_json_text(line, "protocol",
			       firn_socket_tables[all->table]);
		firn_json_uint(line, "inode", inode);
		firn_json_text(line, "only_in", only_in);
		json_object_set_new(line, "confirmed",
				    json_boolean(
					    firn_inodes_have(again, inode)));
		if (all->table == FIRN_TABLE_UNIX && all->view->newline_in_name)
			firn_json_text(line, "doubt",
				       "a socket's name has a newline in it, "
				       "which can fake a line");
		firn_network_set_owners(all->network, inode, line);
		if (firn_network_add(all->network, all->view,
				     FIRN_NET_DISAGREEMENTS, line, err) < 0)
			return -1;
	}
	return 0;
}

static int
compare(struct comparison *all, struct firn_err *err)
{
	struct firn_inodes both = { 0 };
	int result;

	if (!all->asked || all->diag.cut || all->proc.cut ||
	    (!differ(&all->diag, &all->proc) &&
	     !differ(&all->proc, &all->diag)))
		return 0;
	if (look_again(all, err) < 0)
		return -1;
	/* In time: diag, proc, diag_again, proc_again. */
	result = disagree(all, &all->diag, &all->proc, &all->diag_again,
			  "sock_diag", err);
	/* Confirmed is what proc had, diag_again not, and proc_again had. */
	for (size_t i = 0; i < all->proc_again.n; i++) {
		if (!firn_inodes_have(&all->diag_again,
				      all->proc_again.items[i]))
			firn_inodes_add(&both, all->proc_again.items[i]);
	}
	if (result == 0)
		result = disagree(all, &all->proc, &all->diag, &both,
				  "/proc/PID/net", err);
	firn_inodes_free(&both);
	return result;
}

static int
read_table(struct comparison *all, struct firn_err *err)
{
	autospool struct firn_spool spool = firn_spool_init(AT_FDCWD);
	int found;

	if (firn_network_diag(all->network, all->view, all->table, true,
			      &all->diag, &all->asked, err) < 0)
		return -1;
	firn_inodes_sort(&all->diag);
	found = firn_network_file(all->network, all->view,
				  firn_socket_tables[all->table], &spool, err);
	if (found <= 0)
		return found;
	if (note_lines(all, &spool, true, err) < 0)
		return -1;
	firn_inodes_sort(&all->proc);
	return compare(all, err);
}

/* Without sock_diag for it, its list is poorer. */
static void
note_not_asked(struct firn_network *network,
	       const struct firn_network_view *view,
	       const struct comparison *all)
{
	struct firn_err why = { 0 };
	char what[48];

	if (all->asked || view->diag_fd < 0 || is_offered(network, all->table))
		return;
	if (offers[all->table] == FIRN_N_OFFERS ||
	    (all->proc.n == 0 && view->net_fd >= 0))
		return;
	snprintf(what, sizeof(what), "sock_diag of %s",
		 firn_socket_tables[all->table]);
	firn_err_set(&why, EOPNOTSUPP,
		     "%s is not in the kernel, and asking for it would load "
		     "it; what /proc/PID/net says was taken instead",
		     firn_netlink_offer_names[offers[all->table]]);
	firn_network_view_gap(network, view, what, &why);
}

int
firn_network_sockets(struct firn_network *network,
		     struct firn_network_view *view, struct firn_err *err)
{
	for (int table = 0; table < FIRN_N_TABLES; table++) {
		autodone(comparison_free) struct comparison all = {
			.network = network,
			.view = view,
			.table = (enum firn_socket_table)table,
		};

		if (read_table(&all, err) < 0)
			return -1;
		note_not_asked(network, view, &all);
	}
	return 0;
}
