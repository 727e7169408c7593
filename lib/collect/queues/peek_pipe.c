#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/auto.h"
#include "collect/queues/peek.h"

/* Each read(2) of a pipe of packets is one packet. */
static void
read_copy(int fd, struct firn_peeked *ret)
{
	for (;;) {
		struct firn_peek_message *message =
			&ret->messages[ret->n_messages];
		ssize_t n;

		if (ret->n_messages == FIRN_PEEK_MESSAGES ||
		    ret->bytes == FIRN_PEEK_DATA) {
			ret->cut = true;
			return;
		}
		n = read(fd, ret->data + ret->bytes,
			 FIRN_PEEK_DATA - ret->bytes);
		if (n < 0 && errno != EAGAIN)
			ret->code = errno;
		if (n <= 0)
			return;
		*message =
			(struct firn_peek_message){ (uint64_t)n, (uint64_t)n };
		ret->bytes += (uint64_t)n;
		ret->n_messages++;
	}
}

void
firn_peek_pipe(int fd, struct firn_peeked *ret)
{
	autoclose int out = -1, in = -1;
	int ends[2];
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		ret->code = errno;
		return;
	}
	out = ends[0];
	in = ends[1];
	/* Room for each of its buffers; without, its beginning. */
	(void)fcntl(in, F_SETPIPE_SZ, ret->survey.capacity);
	n = tee(fd, in, INT_MAX, SPLICE_F_NONBLOCK);
	if (n < 0 && errno != EAGAIN)
		ret->code = errno;
	if (n > 0)
		read_copy(out, ret);
	if (ret->survey.receive_bytes > 0 &&
	    ret->bytes < (uint64_t)ret->survey.receive_bytes)
		ret->cut = true;
}
