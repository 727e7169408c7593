#include <errno.h>
#include <unistd.h>

#include "base/auto.h"
#include "collect/queues/queues.h"

/*
 * queues_waiting -- queues that show only once an option of their socket is
 * set.  They are gathered, written down together, and then read.
 */

/* Without leave: what shows without. */
static int
read_without(struct firn_queues *queues, const struct firn_queue *queue,
	     const struct firn_err *why, struct firn_err *err)
{
	if (queue->sent &&
	    firn_queue_not_read(queues, queue, "send", why, err) < 0)
		return -1;
	if (queue->hold || (queue->walk && queue->survey.peek_offset >= 0))
		return firn_queue_not_read(queues, queue, "receive", why, err);
	if (!queue->walk)
		return 0;
	return firn_queue_read(queues, queue,
			       queue->survey.type == SOCK_STREAM
				       ? FIRN_PEEK_STREAM
				       : FIRN_PEEK_FIRST,
			       "receive", err);
}

static int
read_with(struct firn_queues *queues, const struct firn_queue *queue,
	  struct firn_err *err)
{
	if (queue->sent &&
	    firn_queue_read(queues, queue, FIRN_PEEK_SENT, "send", err) < 0)
		return -1;
	if (queue->hold)
		return firn_queue_read(queues, queue, FIRN_PEEK_HELD, "receive",
				       err);
	return queue->walk ? firn_queue_read(queues, queue, FIRN_PEEK_WALK,
					     "receive", err)
			   : 0;
}

/* Is anybody else there, who runs and would meet the change? */
static bool
is_shared(const struct firn_queues *queues, const struct firn_queue *queue)
{
	for (size_t i = 0; i < queue->n_owners; i++)
		if (!queue->owner[i].member)
			return true;
	return queues->network->owners.cut;
}

static int
ask_leave(struct firn_queues *queues, struct firn_err *why)
{
	const struct firn_queue_leave *leave = queues->network->leave;
	autojson json_t *changes = json_array();

	if (leave == NULL)
		return firn_err_set(why, EPERM,
				    "its socket may not be changed for it");
	for (size_t i = 0; i < queues->n_waiting; i++)
		json_array_append_new(
			changes, firn_queue_change(&queues->waiting[i],
						   queues->network->target));
	return leave->ask(leave->arg, changes, why);
}

int
firn_queues_read_waiting(struct firn_queues *queues, struct firn_err *err)
{
	const struct firn_queue_leave *leave = queues->network->leave;
	struct firn_err why = { 0 };
	int result = 0;
	bool asked;

	if (queues->n_waiting == 0)
		return 0;
	asked = ask_leave(queues, &why) == 0;
	for (size_t i = 0; i < queues->n_waiting; i++) {
		const struct firn_queue *queue = &queues->waiting[i];

		if (result == 0 && asked)
			result = read_with(queues, queue, err);
		else if (result == 0)
			result = read_without(queues, queue, &why, err);
		close(queue->fd);
	}
	queues->n_waiting = 0;
	if (asked && leave->done(leave->arg, &why) < 0)
		firn_network_gap(queues->network,
				 "putting right what was changed of sockets",
				 &why);
	return result;
}

/* Takes its descriptor over. */
int
firn_queue_let_wait(struct firn_queues *queues, const struct firn_queue *queue,
		    struct firn_err *err)
{
	struct firn_err why = { 0 };
	int result;

	if (is_shared(queues, queue)) {
		firn_err_set(&why, EBUSY,
			     "a process outside of the target holds the "
			     "socket, too: it is not changed");
		result = read_without(queues, queue, &why, err);
		close(queue->fd);
		return result;
	}
	if (queues->n_waiting == FIRN_QUEUES_WAITING &&
	    firn_queues_read_waiting(queues, err) < 0) {
		close(queue->fd);
		return -1;
	}
	queues->waiting[queues->n_waiting++] = *queue;
	return 0;
}
