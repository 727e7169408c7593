#include "collect/queues/queues.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "host/borrow.h"

/*
 * What can be had without a change to the socket is read at once, the rest in
 * the end.
 */

static void
queues_free(struct firn_queues *queues)
{
	for (size_t i = 0; i < queues->n_waiting; i++)
		close(queues->waiting[i].fd);
	firn_peeker_close(&queues->peeker);
}

/* -- what is done with each kind -- */

static int
read_tcp(struct firn_queues *queues, struct firn_queue *queue,
	 struct firn_err *err)
{
	const struct firn_survey *survey = &queue->survey;
	struct firn_err why = { 0 };

	if (survey->receive_bytes <= 0 && survey->send_bytes <= 0 &&
	    !survey->urgent)
		return 0;
	if (survey->ulp[0] != '\0') {
		firn_err_set(&why, EOPNOTSUPP, "not read: %s is on top of TCP",
			     survey->ulp);
		return firn_queue_not_read(queues, queue, "receive", &why, err);
	}
	queue->hold = survey->receive_bytes > 0 && survey->peek_offset >= 0;
	if (survey->receive_bytes > 0 && !queue->hold &&
	    firn_queue_read(queues, queue, FIRN_PEEK_STREAM, "receive", err) <
		    0)
		return -1;
	if (survey->send_bytes <= 0)
		return 0;
	if (survey->repair == 0) {
		queue->sent = true;
		return 0;
	}
	firn_err_set(&why, EBUSY, "not read: its owner has it in repair");
	return firn_queue_not_read(queues, queue, "send", &why, err);
}

/* A stream shows up to the first descriptors, or the next sender. */
static int
read_unix(struct firn_queues *queues, struct firn_queue *queue,
	  struct firn_err *err)
{
	const struct firn_survey *survey = &queue->survey;
	struct firn_err why = { 0 };

	queue->in_flight = firn_queue_in_flight(queues->network, queue->owner);
	if (queue->in_flight > 0 && !queues->asked_for_fuse) {
		queues->may_take = firn_queue_may_take(queues->network->target);
		queues->asked_for_fuse = true;
	}
	if (survey->type != SOCK_STREAM) {
		queue->walk = true;
		return 0;
	}
	if (survey->receive_bytes <= 0)
		return 0;
	queue->walk = survey->peek_offset >= 0 || queue->in_flight > 0;
	if (queue->walk)
		return 0;
	if (firn_queue_ask(queues, queue, FIRN_PEEK_STREAM, &why) < 0)
		return firn_queue_not_read(queues, queue, "receive", &why, err);
	queue->walk =
		queues->peeker.seen->code == 0 &&
		(int64_t)queues->peeker.seen->bytes < survey->receive_bytes;
	return queue->walk
		       ? 0
		       : firn_queue_write(queues, queue, "receive", false, err);
}

static int
read_messages(struct firn_queues *queues, struct firn_queue *queue,
	      struct firn_err *err)
{
	struct firn_err why = { 0 };

	if (queue->survey.domain == AF_NETLINK &&
	    firn_queue_dumps(queues->network, queue->owner->inode)) {
		firn_err_set(&why, EBUSY,
			     "not read: a dump is under way on it, and would "
			     "go on");
		return firn_queue_not_read(queues, queue, "receive", &why, err);
	}
	if (queue->survey.has_peek_offset) {
		queue->walk = true;
		return 0;
	}
	return firn_queue_read(queues, queue, FIRN_PEEK_FIRST, "receive", err);
}

static int
read_kind(struct firn_queues *queues, struct firn_queue *queue,
	  struct firn_err *err)
{
	const struct firn_survey *survey = &queue->survey;
	const char *kind = firn_queue_kind(survey);
	struct firn_err why = { 0 };

	if (kind == NULL) {
		firn_err_set(&why, EOPNOTSUPP,
			     "not read: a socket of this kind may not be left "
			     "as it is");
		return firn_queue_not_read(queues, queue, "receive", &why, err);
	}
	if (survey->listens) {
		if (!survey->readable)
			return 0;
		firn_err_set(&why, EOPNOTSUPP,
			     "connections wait to be accepted: what came by "
			     "them is out of reach");
		return firn_queue_not_read(queues, queue, "receive", &why, err);
	}
	if (strcmp(kind, "tcp") == 0)
		return read_tcp(queues, queue, err);
	if (!survey->readable)
		return 0;
	if (survey->error) {
		firn_err_set(&why, EBUSY,
			     "not read: an error waits for its owner, and "
			     "reading would take it");
		return firn_queue_not_read(queues, queue, "receive", &why, err);
	}
	return survey->domain == AF_UNIX ? read_unix(queues, queue, err)
					 : read_messages(queues, queue, err);
}

/* The first of the target's descriptors that leads to it. */
static int
borrow(struct firn_queue *queue, struct firn_err *why)
{
	for (size_t i = 0; i < queue->n_owners && queue->owner[i].member; i++) {
		const struct firn_socket_owner *owner = &queue->owner[i];

		queue->fd = firn_borrow(owner->pid, owner->tid, owner->fd,
					owner->inode, why);
		if (queue->fd >= 0)
			return 0;
	}
	return -1;
}

static int
read_socket(struct firn_queues *queues, struct firn_queue *queue,
	    struct firn_err *err)
{
	const struct firn_peek_request survey = { .how = FIRN_PEEK_SURVEY };
	struct firn_err why = { 0 };
	int result;

	if (borrow(queue, &why) < 0)
		return firn_queue_not_read(queues, queue, "receive", &why, err);
	if (firn_peeker_ask(&queues->peeker, queue->fd, &survey, &why) < 0) {
		result = firn_queue_not_read(queues, queue, "receive", &why,
					     err);
	} else {
		queue->survey = queues->peeker.seen->survey;
		result = read_kind(queues, queue, err);
	}
	if (result == 0 && (queue->walk || queue->hold || queue->sent))
		return firn_queue_let_wait(queues, queue, err);
	close(queue->fd);
	return result;
}

int
firn_network_queues(struct firn_network *network, struct firn_err *err)
{
	const struct firn_socket_owners *owners = &network->owners;
	autodone(queues_free) struct firn_queues queues = {
		.network = network,
		.peeker.proc_fd = network->target->host->proc_fd,
	};

	for (size_t i = 0; i < owners->n;) {
		struct firn_queue queue = { .fd = -1 };

		queue.owner =
			firn_network_owned(network, owners->items[i].inode,
					   &queue.n_owners);
		if (queue.owner == NULL) { /* an inode of 0 is nobody's */
			i++;
			continue;
		}
		i += queue.n_owners;
		if (queue.owner->member &&
		    read_socket(&queues, &queue, err) < 0)
			return -1;
	}
	if (firn_queues_read_waiting(&queues, err) < 0)
		return -1;
	firn_queues_note_other_gaps(&queues);
	return 0;
}
