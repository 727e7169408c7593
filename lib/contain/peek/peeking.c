#include "contain/peek/peeking.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "contain/peek/put_right.h"
#include "host/borrow.h"
#include "host/holders.h"
#include "host/proc.h"

#define HOLDERS_MAX_NS 3000000000ull

struct undoing {
	const struct firn_host *host;
	struct firn_holders holders; /* of the whole host, once it was asked */
	bool asked;
};

static json_int_t
number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Its inode may be another one's by now, its cookie never. */
static bool
is_that(int fd, const json_t *socket)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 &&
	       cookie == (uint64_t)number_of(socket, "cookie");
}

static int
borrow(pid_t pid, pid_t tid, int fd, const json_t *socket)
{
	struct firn_err gone = { 0 };
	autoclose int ours =
		firn_borrow(pid, tid, fd, (uint64_t)number_of(socket, "inode"),
			    &gone);

	return ours >= 0 && is_that(ours, socket) ? firn_steal_fd(&ours) : -1;
}

static int
find_where_it_was(const struct undoing *undoing, const json_t *socket)
{
	pid_t pid = (pid_t)number_of(socket, "pid");
	const json_t *tid = json_object_get(socket, "tid");
	struct firn_proc_stat stat;
	struct firn_err gone = { 0 };

	if (firn_proc_stat(undoing->host, pid, &stat, &gone) < 0 ||
	    stat.start_ticks != (uint64_t)number_of(socket, "start_ticks"))
		return -1;
	return borrow(pid, tid != NULL ? (pid_t)json_integer_value(tid) : pid,
		      (int)number_of(socket, "fd"), socket);
}

static int
ask_everybody(struct undoing *undoing, struct firn_err *err)
{
	uint64_t start_ns = firn_monotonic_ns();
	autofree pid_t *pids = NULL;
	size_t n;

	if (undoing->asked)
		return 0;
	if (firn_proc_pids(undoing->host, &pids, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (firn_monotonic_ns() - start_ns > HOLDERS_MAX_NS)
			return firn_err_set(err, ETIMEDOUT,
					    "%zu of %zu processes could not be "
					    "asked who holds a socket",
					    n - i, n);
		if (firn_holders_add(&undoing->holders, undoing->host, pids[i],
				     err) < 0)
			return -1;
	}
	undoing->asked = true;
	return 0;
}

/* 1 and a descriptor of ours, or 0 if nobody has it any more. */
static int
find(struct undoing *undoing, const json_t *socket, int *ret_fd,
     struct firn_err *err)
{
	const struct firn_holder *holder;
	size_t n;

	*ret_fd = find_where_it_was(undoing, socket);
	if (*ret_fd >= 0)
		return 1;
	if (ask_everybody(undoing, err) < 0)
		return -1;
	holder = firn_holders_of(&undoing->holders,
				 (uint64_t)number_of(socket, "inode"), &n);
	for (size_t i = 0; i < n; i++) {
		*ret_fd = borrow(holder[i].pid, holder[i].pid, holder[i].fd,
				 socket);
		if (*ret_fd >= 0)
			return 1;
	}
	return 0;
}

static void
was(const json_t *socket, struct firn_socket_was *ret)
{
	const json_t *offset = json_object_get(socket, "peek_offset");
	const json_t *reuse = json_object_get(socket, "reuse_address");

	ret->has_peek_offset = offset != NULL;
	ret->peek_offset = (int)json_integer_value(offset);
	ret->has_reuse = reuse != NULL;
	ret->reuse = (int)json_integer_value(reuse);
}

static int
undo_change(struct undoing *undoing, const json_t *sockets, json_t *note,
	    struct firn_err *err)
{
	size_t n = json_array_size(sockets), found = 0, changed = 0;
	autofree struct firn_socket_was *all = calloc(n + 1, sizeof(*all));
	int result = all == NULL ? firn_err_nomem(err) : 0;

	for (size_t i = 0; result == 0 && i < n; i++) {
		const json_t *socket = json_array_get(sockets, i);
		int there = find(undoing, socket, &all[found].fd, err);

		if (there < 0)
			result = -1;
		if (there > 0)
			was(socket, &all[found++]);
	}
	if (result == 0)
		result = firn_put_right(all, found, &changed, err);
	for (size_t i = 0; i < found; i++)
		close(all[i].fd);
	firn_json_uint(note, "put_right", changed);
	firn_json_uint(note, "gone", n - found);
	return result;
}

int
firn_peeking_undo(const struct firn_host *host, struct firn_ledger *ledger,
		  struct firn_err *err)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "peek");
	struct undoing undoing = { .host = host };
	json_t *change;
	int result = 0;
	size_t i;

	json_array_foreach(open, i, change) {
		autojson json_t *note = json_object();
		struct firn_err why = { 0 };

		if (undo_change(&undoing,
				firn_json_at(change, "details", "sockets",
					     NULL),
				note, &why) == 0 &&
		    firn_ledger_note(ledger,
				     (uint64_t)number_of(change, "change"),
				     "undone", note, &why) == 0)
			continue;
		if (result == 0)
			*err = why;
		result = -1;
	}
	firn_holders_free(&undoing.holders);
	if (result == 0 && firn_ledger_forget(ledger, "peek", err) < 0)
		return -1;
	return result;
}

int
firn_peeking_ask(const struct firn_host *host, struct firn_ledger *ledger,
		 const json_t *sockets, struct firn_err *err)
{
	autojson json_t *details = json_object();
	uint64_t change;

	if (firn_peeking_undo(host, ledger, err) < 0)
		return -1;
	json_object_set_new(details, "sockets", json_deep_copy(sockets));
	return firn_ledger_ask(ledger, "peek", details, &change, err);
}
