#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/json_stream.h"
#include "collect/network.h"
#include "host/netlink_apart.h"

#define ATTEMPTS 3
#define COPY_SIZE 65536

void
firn_network_gap(struct firn_network *network, const char *what,
		 const struct firn_err *why)
{
	firn_archive_gap(network->archive, "network", what, why);
}

void
firn_network_view_gap(struct firn_network *network,
		      const struct firn_network_view *view, const char *what,
		      const struct firn_err *why)
{
	char text[128];

	snprintf(text, sizeof(text), "net:[%llu] %s",
		 (unsigned long long)view->inode, what);
	firn_network_gap(network, text, why);
}

/* The namespace stands in front. */
static json_t *
complete(const struct firn_network_view *view, json_t *line)
{
	json_t *whole = json_object();

	firn_json_uint(whole, "netns", view->inode);
	json_object_update(whole, line);
	json_decref(line);
	return whole;
}

int
firn_network_add(struct firn_network *network,
		 const struct firn_network_view *view,
		 enum firn_network_member member, json_t *line,
		 struct firn_err *err)
{
	return firn_json_stream_add(&network->spools[member],
				    complete(view, line), err);
}

static int
take_message(const struct nlmsghdr *message, void *arg, struct firn_err *err)
{
	struct firn_network_dump *dump = arg;
	json_t *line = dump->line(message, dump);

	if (line == NULL)
		return 0;
	return firn_json_stream_add(&dump->spool, complete(dump->view, line),
				    err);
}

static int
append(struct firn_spool *to, const struct firn_spool *from,
       struct firn_err *err)
{
	autofree char *buffer = malloc(COPY_SIZE);
	uint64_t offset = 0;

	if (buffer == NULL)
		return firn_err_nomem(err);
	for (;;) {
		ssize_t n =
			firn_spool_read(from, offset, buffer, COPY_SIZE, err);

		if (n <= 0)
			return (int)n;
		if (firn_spool_add(to, buffer, (size_t)n, err) < 0)
			return -1;
		offset += (uint64_t)n;
	}
}

static void
note_result(struct firn_network_dump *dump,
	    const struct firn_netlink_dumped *dumped)
{
	struct firn_err why = dumped->why;

	dump->failed = why.code != 0;
	/* Who asked waits still; /proc/PID/net has the rest. */
	if (why.code == ETIMEDOUT && dump->fd == dump->view->diag_fd)
		firn_netlink_apart_close(&dump->view->diag_fd,
					 &dump->view->diag_pid);
	if (why.code == 0 && dumped->interrupted) {
		firn_err_set(&why, EINTR,
			     "changed while it was read, %d times: an entry "
			     "may be missing or stand there twice",
			     ATTEMPTS);
	}
	if (why.code != 0 && !dump->quiet)
		firn_network_view_gap(dump->network, dump->view, dump->what,
				      &why);
}

int
firn_network_dump(struct firn_network_dump *dump, struct nlmsghdr *request,
		  struct firn_err *err)
{
	const struct firn_netlink_question question = {
		.fd = dump->fd,
		.timeout_ms = dump->timeout_ms,
		.each = take_message,
		.arg = dump,
	};
	struct firn_netlink_dumped dumped = { 0 };
	int result = 0;

	dump->spool = firn_spool_init(AT_FDCWD);
	for (int i = 0; i < ATTEMPTS; i++) {
		firn_spool_free(&dump->spool);
		if (dump->restart != NULL)
			dump->restart(dump);
		result = firn_netlink_dump(&question, request, &dumped, err);
		if (result < 0 || dumped.why.code != 0 || !dumped.interrupted)
			break;
	}
	if (result == 0) {
		note_result(dump, &dumped);
		result = append(&dump->network->spools[dump->member],
				&dump->spool, err);
	}
	firn_spool_free(&dump->spool);
	return result;
}
