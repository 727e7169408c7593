#ifndef COLLECT_QUEUES_H
#define COLLECT_QUEUES_H

/*
 * queues -- what was sent and not read yet, or not sent yet.
 *
 * A line of JSON says what a queue is and what became of it; its bytes are a
 * member of the archive.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "collect/network.h"
#include "collect/queues/peeker.h"
#include "firn/target.h"

/* A socket under way. */
struct firn_queue {
	const struct firn_socket_owner *owner; /* of the target, and who else */
	size_t n_owners;
	int fd; /* borrowed from it */
	struct firn_survey survey;
	uint64_t in_flight; /* descriptors, by its fdinfo */
	bool walk, hold; /* its receive queue needs SO_PEEK_OFF set, or off */
	bool sent;       /* its send queue is to be read */
};

#define FIRN_QUEUES_WAITING 256

/* All of them. */
struct firn_queues {
	struct firn_network *network;
	struct firn_peeker peeker;
	/* What is to be read with leave; a descriptor of ours for each. */
	struct firn_queue waiting[FIRN_QUEUES_WAITING];
	size_t n_waiting;
	uint64_t n, bytes; /* that are in the archive */
	uint64_t n_gaps;
	bool asked_for_fuse, may_take;
};

/* firn_queue_ask(queues, queue, how, why) -- have the peeker read it, unless
 * there is too much already. */
FIRN_MUST_CHECK int firn_queue_ask(struct firn_queues *queues,
				   const struct firn_queue *queue,
				   enum firn_peek_how how,
				   struct firn_err *why);

/* firn_queue_write(queues, queue, which, first_only, err) -- what the peeker
 * has seen, into the archive; nothing for an empty one. */
FIRN_MUST_CHECK int firn_queue_write(struct firn_queues *queues,
				     const struct firn_queue *queue,
				     const char *which, bool first_only,
				     struct firn_err *err);

/* firn_queue_read(queues, queue, how, which, err) -- both. */
FIRN_MUST_CHECK int firn_queue_read(struct firn_queues *queues,
				    const struct firn_queue *queue,
				    enum firn_peek_how how, const char *which,
				    struct firn_err *err);

/* firn_queue_not_read(queues, queue, which, why, err) -- nothing of it could be
 * had: a line that says so, and a gap. */
FIRN_MUST_CHECK int firn_queue_not_read(struct firn_queues *queues,
					const struct firn_queue *queue,
					const char *which,
					const struct firn_err *why,
					struct firn_err *err);

/* firn_queue_gap(queues, queue, which, why) -- 64 of them; then they are
 * counted, and firn_queues_note_other_gaps() says how many. */
void firn_queue_gap(struct firn_queues *queues, const struct firn_queue *queue,
		    const char *which, const struct firn_err *why);
void firn_queues_note_other_gaps(struct firn_queues *queues);

/* firn_queue_let_wait(queues, queue, err) -- read it with leave, later; takes
 * its descriptor over.  Where it is shared with somebody who runs, what shows
 * without is read at once. */
FIRN_MUST_CHECK int firn_queue_let_wait(struct firn_queues *queues,
					const struct firn_queue *queue,
					struct firn_err *err);
FIRN_MUST_CHECK int firn_queues_read_waiting(struct firn_queues *queues,
					     struct firn_err *err);

/* firn_queue_kind(survey) -- "tcp", "udp", "unix", ...; NULL for those that
 * are not read. */
const char *firn_queue_kind(const struct firn_survey *survey);

/* firn_queue_json(queue, which) -- "receive" or "send": the beginning of its
 * line. */
json_t *firn_queue_json(const struct firn_queue *queue, const char *which);

/* firn_queue_set_messages(line, seen) -- "messages": lengths and senders. */
void firn_queue_set_messages(json_t *line, const struct firn_peeked *seen);

/* firn_queue_set_flying(line, queue, seen) -- "in_flight": the descriptors. */
void firn_queue_set_flying(json_t *line, const struct firn_queue *queue,
			   const struct firn_peeked *seen);

/* firn_queue_change(queue, member) -- what is written down before options of
 * the socket are set. */
json_t *firn_queue_change(const struct firn_queue *queue,
			  const struct firn_target *target);

/*
 * firn_queue_in_flight(network, owner) -- how many descriptors wait in the
 * queue of a unix socket; 0 where the kernel (before 5.10) doesn't say.
 */
uint64_t firn_queue_in_flight(const struct firn_network *network,
			      const struct firn_socket_owner *owner);

/*
 * firn_queue_may_take(target) -- may we take descriptors that are in flight?
 *
 * Whoever closes one of a file on FUSE sends a message to its server
 * (FUSE_FLUSH), which may be the suspect's.  So only where there is no FUSE: by
 * its list of connections, or where that is not mounted by the mounts of the
 * target and of the host's init.
 */
bool firn_queue_may_take(const struct firn_target *target);

/* firn_queue_dumps(network, inode) -- is a dump under way on a netlink socket,
 * which any recvmsg(2) would go on with?  True where that isn't known. */
bool firn_queue_dumps(const struct firn_network *network, uint64_t inode);

#endif
