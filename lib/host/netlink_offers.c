#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/auto.h"
#include "host/netlink.h"

/*
 * netlink_offers -- what can be asked without loading a module.
 */

const char *const firn_netlink_offer_names[FIRN_N_OFFERS] = {
	"sock_diag",    "inet_diag",    "tcp_diag",  "udp_diag",
	"udplite_diag", "raw_diag",     "sctp_diag", "unix_diag",
	"packet_diag",  "netlink_diag", "nfnetlink", "nf_conntrack_netlink",
	"nf_tables",
};

/* A function that is called through a pointer, so that no compiler inlines it
 * away, or that other files use. */
static const char *const functions[FIRN_N_OFFERS] = {
	"sock_diag_register",   "inet_diag_handler_cmd", "tcp_diag_dump",
	"udp_diag_dump",        "udplite_diag_dump",     "raw_diag_dump",
	"sctp_diag_dump",       "unix_diag_dump",        "packet_diag_dump",
	"netlink_diag_dump",    "nfnetlink_rcv",         "ctnetlink_dump_table",
	"nf_tables_dump_rules",
};

/* "ffffffff81f07b30 t tcp_diag_dump\t[tcp_diag]"; a compiler may have put
 * something like ".constprop.0" behind the name. */
static void
note_line(const char *line, size_t len, bool ret[FIRN_N_OFFERS])
{
	const char *name = memchr(line, ' ', len), *end = line + len;
	size_t name_len = 0;

	if (name == NULL || end - name < 4)
		return;
	name += 3;
	while (name + name_len < end && strchr("\t .", name[name_len]) == NULL)
		name_len++;
	for (size_t i = 0; i < FIRN_N_OFFERS; i++) {
		if (strncmp(functions[i], name, name_len) == 0 &&
		    functions[i][name_len] == '\0')
			ret[i] = true;
	}
}

/* Lines of a buffer; returns how many bytes stay, moved to its start. */
static size_t
note_lines(char *buffer, size_t len, size_t size, bool ret[FIRN_N_OFFERS])
{
	char *line = buffer, *end = buffer + len, *newline;

	while (line < end) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (newline == NULL)
			break;
		note_line(line, (size_t)(newline - line), ret);
		line = newline + 1;
	}
	len = (size_t)(end - line);
	if (len == size)
		return 0; /* no line of ours is that long */
	memmove(buffer, line, len);
	return len;
}

int
firn_netlink_offers(const struct firn_host *host, bool ret[FIRN_N_OFFERS],
		    struct firn_err *err)
{
	autoclose int fd = -1;
	char buffer[16384];
	size_t have = 0;

	memset(ret, 0, FIRN_N_OFFERS * sizeof(*ret));
	fd = openat(host->proc_fd, "kallsyms", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return firn_err_sys(err, "open /proc/kallsyms");
	for (;;) {
		ssize_t n = read(fd, buffer + have, sizeof(buffer) - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return firn_err_sys(err, "read /proc/kallsyms");
		if (n == 0)
			return 0;
		have = note_lines(buffer, have + (size_t)n, sizeof(buffer),
				  ret);
	}
}
