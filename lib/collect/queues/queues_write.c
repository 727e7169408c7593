#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "collect/json_stream.h"
#include "collect/queues/queues.h"

/*
 * queues_write -- what became of a queue, into the archive.
 */

#define QUEUES_MAX 65536
#define QUEUES_BYTES ((uint64_t)1 << 30)
#define GAPS_MAX 64

void
firn_queue_gap(struct firn_queues *queues, const struct firn_queue *queue,
	       const char *which, const struct firn_err *why)
{
	char what[64];

	if (queues->n_gaps++ >= GAPS_MAX)
		return;
	snprintf(what, sizeof(what), "%s queue of socket:[%llu]", which,
		 (unsigned long long)queue->owner->inode);
	firn_network_gap(queues->network, what, why);
}

void
firn_queues_note_other_gaps(struct firn_queues *queues)
{
	struct firn_err why = { 0 };

	if (queues->n_gaps <= GAPS_MAX)
		return;
	firn_err_set(&why, E2BIG, "%llu more could not be read: see %s",
		     (unsigned long long)(queues->n_gaps - GAPS_MAX),
		     "data/network/queues.jsonl");
	firn_network_gap(queues->network, "queues of sockets", &why);
}

static int
add_line(struct firn_queues *queues, const struct firn_queue *queue,
	 json_t *line, struct firn_err *err)
{
	firn_network_set_owners(queues->network, queue->owner->inode, line);
	return firn_json_stream_add(&queues->network->spools[FIRN_NET_QUEUES],
				    line, err);
}

/* Nothing of it could be had. */
int
firn_queue_not_read(struct firn_queues *queues, const struct firn_queue *queue,
		    const char *which, const struct firn_err *why,
		    struct firn_err *err)
{
	json_t *line = firn_queue_json(queue, which);

	firn_queue_gap(queues, queue, which, why);
	firn_json_text(line, "not_read", why->text);
	return add_line(queues, queue, line, err);
}

static int
store(struct firn_queues *queues, const struct firn_queue *queue,
      const char *which, json_t *line, struct firn_err *err)
{
	static const struct firn_member_source source = {
		"network", "pidfd_getfd, MSG_PEEK", "recv(2)"
	};
	const struct firn_peeked *seen = queues->peeker.seen;
	char path[96], text[FIRN_SHA256_TEXT];
	unsigned char sum[FIRN_SHA256];

	snprintf(path, sizeof(path), "data/network/queues/%llu.%s",
		 (unsigned long long)queue->owner->inode,
		 strcmp(which, "send") == 0 ? "send" : "recv");
	if (firn_sha256(seen->data, seen->bytes, sum, err) < 0 ||
	    firn_archive_bytes(queues->network->archive, path, seen->data,
			       seen->bytes, &source, err) < 0)
		return -1;
	firn_hex(sum, sizeof(sum), text);
	json_object_set_new(line, "member", json_string(path));
	json_object_set_new(line, "sha256", json_string(text));
	queues->bytes += seen->bytes;
	queues->n++;
	return 0;
}

/* What is missing; NULL for nothing. */
static const char *
shortfall(const struct firn_queue *queue, const struct firn_peeked *seen,
	  bool received, bool first_only)
{
	if (seen->code != 0)
		return strerror(seen->code);
	if (seen->cut)
		return "there is more than firn keeps of one queue";
	if (seen->survey.urgent)
		return "what is behind the urgent byte can't be peeked at";
	if (received && queue->survey.type == SOCK_STREAM &&
	    (int64_t)seen->bytes < seen->survey.receive_bytes)
		return "it is shorter than the kernel says";
	if (first_only && seen->n_messages > 0)
		return "only the first message: others show only to who takes "
		       "it, or may set an option of the socket";
	if (queue->in_flight > seen->n_flying && seen->closed_in)
		return "descriptors in flight were not all looked at";
	return NULL;
}

/* What the peeker has seen, into the archive. */
int
firn_queue_write(struct firn_queues *queues, const struct firn_queue *queue,
		 const char *which, bool first_only, struct firn_err *err)
{
	const struct firn_peeked *seen = queues->peeker.seen;
	bool stream = queue->survey.type == SOCK_STREAM;
	const char *missing =
		shortfall(queue, seen, strcmp(which, "receive") == 0,
			  first_only);
	struct firn_err why = { 0 };
	json_t *line;

	if (seen->bytes == 0 && seen->n_messages == 0 && missing == NULL)
		return 0;
	line = firn_queue_json(queue, which);
	firn_json_uint(line, "bytes", seen->bytes);
	if (!stream)
		firn_queue_set_messages(line, seen);
	firn_queue_set_flying(line, queue, seen);
	if (missing != NULL) {
		firn_err_set(&why, seen->code != 0 ? seen->code : EFBIG, "%s",
			     missing);
		firn_queue_gap(queues, queue, which, &why);
		firn_json_text(line, "missing", missing);
	}
	if (seen->bytes > 0 && store(queues, queue, which, line, err) < 0) {
		json_decref(line);
		return -1;
	}
	return add_line(queues, queue, line, err);
}

static bool
is_full(const struct firn_queues *queues, struct firn_err *why)
{
	if (queues->n < QUEUES_MAX && queues->bytes < QUEUES_BYTES)
		return false;
	firn_err_set(why, EFBIG, "not read: %llu others with %llu bytes were",
		     (unsigned long long)queues->n,
		     (unsigned long long)queues->bytes);
	return true;
}

int
firn_queue_ask(struct firn_queues *queues, const struct firn_queue *queue,
	       enum firn_peek_how how, struct firn_err *why)
{
	const struct firn_peek_request request = {
		.how = how,
		.take_flying = queue->in_flight > 0 && queues->may_take,
		.peek_offset = queue->survey.peek_offset,
		.reuse = queue->survey.reuse,
	};

	if (is_full(queues, why))
		return -1;
	return firn_peeker_ask(&queues->peeker, queue->fd, &request, why);
}

int
firn_queue_read(struct firn_queues *queues, const struct firn_queue *queue,
		enum firn_peek_how how, const char *which, struct firn_err *err)
{
	struct firn_err why = { 0 };

	if (firn_queue_ask(queues, queue, how, &why) < 0)
		return firn_queue_not_read(queues, queue, which, &why, err);
	return firn_queue_write(queues, queue, which, how == FIRN_PEEK_FIRST,
				err);
}
