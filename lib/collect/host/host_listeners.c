#include "collect/host/host_listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/spool.h"
#include "collect/json_stream.h"
#include "host/proc.h"

#define LISTENERS_MAX 16384
#define HOLDERS_MAX 64
#define TCP_LISTEN 0x0a
#define ACCEPTS 0x10000u /* __SO_ACCEPTCON */

struct listing {
	const struct firn_host_view *view;
	struct firn_open_files *files;
	struct firn_spool lines;
	json_t *seen; /* inodes of unix sockets */
	size_t n;
};

static void
set_pids(const struct listing *listing, uint64_t inode, json_t *line)
{
	json_t *pids = json_array();
	const struct firn_holder *holders;
	pid_t last = 0;
	size_t n;

	holders = firn_holders_of(&listing->files->sockets, inode, &n);
	for (size_t i = 0; i < n && json_array_size(pids) < HOLDERS_MAX; i++) {
		const struct firn_host_process *process;
		json_t *holder;

		if (holders[i].pid == last)
			continue;
		last = holders[i].pid;
		holder = json_object();
		json_object_set_new(holder, "pid", json_integer(last));
		process = firn_host_process(listing->view, last);
		if (process != NULL)
			firn_json_bytes(holder, "comm", process->comm,
					process->comm_len);
		json_array_append_new(pids, holder);
	}
	json_object_set_new(line, "pids", pids);
}

static int
add(struct listing *listing, json_t *line, uint64_t inode, struct firn_err *err)
{
	firn_json_uint(line, "inode", inode);
	set_pids(listing, inode, line);
	listing->n++;
	return firn_json_stream_add(&listing->lines, line, err);
}

/* "0100007F:1F90": each four bytes as a number of this machine's. */
static bool
set_address(const char *text, bool six, json_t *line)
{
	size_t n = six ? 4 : 1, digits = 8 * n;
	char address[INET6_ADDRSTRLEN], word[9] = { 0 };
	uint32_t words[4];

	if (strlen(text) != digits + 5 || text[digits] != ':')
		return false;
	for (size_t i = 0; i < n; i++) {
		memcpy(word, text + 8 * i, 8);
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	if (inet_ntop(six ? AF_INET6 : AF_INET, words, address,
		      sizeof(address)) == NULL)
		return false;
	firn_json_text(line, "family", six ? "inet6" : "inet");
	firn_json_text(line, "address", address);
	json_object_set_new(line, "port",
			    json_integer((json_int_t)strtoul(text + digits + 1,
							     NULL, 16)));
	return true;
}

/* The listening ones come first, so that a host's many connections are not
 * read.  1: go on, 0: that was all, -1: failed. */
static int
take_tcp(struct listing *listing, const char *row, bool six,
	 struct firn_err *err)
{
	char local[64];
	unsigned state, uid;
	uint64_t inode;
	json_t *line;

	if (sscanf(row, "%*s %63s %*s %x %*x:%*x %*x:%*x %*x %u %*d %" SCNu64,
		   local, &state, &uid, &inode) != 4)
		return 1; /* the heading */
	if (state != TCP_LISTEN)
		return 0;
	line = json_object();
	if (!set_address(local, six, line)) {
		json_decref(line);
		return 1;
	}
	json_object_set_new(line, "uid", json_integer(uid));
	return add(listing, line, inode, err) < 0 ? -1 : 1;
}

/* "ffff...: 00000002 00000000 00010000 0001 01 4711 /run/x"; an abstract name
 * begins with "@". */
static int
take_unix(struct listing *listing, const char *row, struct firn_err *err)
{
	unsigned flags, type;
	uint64_t inode;
	char text[24];
	int at = 0;
	json_t *line;

	if (sscanf(row, "%*x: %*x %*x %x %x %*x %" SCNu64 "%n", &flags, &type,
		   &inode, &at) != 3 ||
	    (flags & ACCEPTS) == 0)
		return 1;
	line = json_object();
	firn_json_text(line, "family", "unix");
	firn_json_text(line, "type", type == 5 ? "seqpacket" : "stream");
	if (row[at] == ' ')
		firn_json_bytes(line, "path", row + at + 1,
				strlen(row + at + 1));
	if (row[at] == ' ' && row[at + 1] == '@')
		json_object_set_new(line, "abstract", json_true());
	snprintf(text, sizeof(text), "%" PRIu64, inode);
	if (json_object_get(listing->seen, text) != NULL)
		json_object_set_new(line, "doubtful", json_true());
	json_object_set_new(listing->seen, text, json_true());
	return add(listing, line, inode, err) < 0 ? -1 : 1;
}

struct table {
	const char *name; /* in /proc/1/net */
	bool is_unix, six;
};

static int
read_table(struct listing *listing, FILE *file, const struct table *table,
	   struct firn_err *err)
{
	autofree char *row = NULL;
	size_t size = 0;
	int more = 1;

	while (more > 0 && listing->n < LISTENERS_MAX &&
	       getline(&row, &size, file) > 0) {
		row[strcspn(row, "\n")] = '\0';
		more = table->is_unix ? take_unix(listing, row, err)
				      : take_tcp(listing, row, table->six, err);
	}
	return more < 0 ? -1 : 0;
}

static int
read_all(struct listing *listing, const struct firn_host *host,
	 struct firn_archive *archive, struct firn_err *err)
{
	static const struct table tables[] = {
		{ "net/tcp", false, false },
		{ "net/tcp6", false, true },
		{ "net/unix", true, false },
	};
	int done = 0;

	for (size_t i = 0; i < 3 && done == 0; i++) {
		struct firn_err why = { 0 };
		int fd =
			firn_proc_open(host, 1, tables[i].name, O_RDONLY, &why);
		FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

		if (file == NULL) {
			/* Without IPv6 there is no tcp6. */
			if (why.code != ENOENT || !tables[i].six)
				firn_archive_gap(archive, "host", "listeners",
						 &why);
			continue;
		}
		done = read_table(listing, file, &tables[i], err);
		fclose(file);
	}
	return done;
}

static int
finish(struct listing *listing, struct firn_archive *archive,
       struct firn_err *err)
{
	static const struct firn_member_source source = {
		"host", "/proc/1/net, /proc/PID/fd", "proc_pid_net(5)"
	};
	struct firn_err why = { 0 };

	if (listing->n == LISTENERS_MAX || listing->files->cut) {
		firn_err_set(&why, E2BIG, "there are too many");
		firn_archive_gap(archive, "host", "listeners, or who they are",
				 &why);
	}
	return firn_archive_spool(archive, "data/host/listeners.jsonl",
				  &listing->lines, &source, err);
}

int
firn_host_listeners(const struct firn_host *host,
		    const struct firn_host_view *view,
		    struct firn_open_files *files, struct firn_archive *archive,
		    struct firn_err *err)
{
	struct listing listing = {
		.view = view,
		.files = files,
		.lines = firn_spool_init(AT_FDCWD),
		.seen = json_object(),
	};
	int done = read_all(&listing, host, archive, err);

	if (done == 0)
		done = finish(&listing, archive, err);
	firn_spool_free(&listing.lines);
	json_decref(listing.seen);
	return done;
}
