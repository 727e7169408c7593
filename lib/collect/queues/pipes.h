#ifndef COLLECT_PIPES_H
#define COLLECT_PIPES_H

/*
 * pipes -- what stands in the pipes and FIFOs that the target holds.
 *
 * A descriptor that reads is needed, the target's own if it has one, else that
 * of whoever holds the other end.  None is opened: one reader more is seen by
 * who writes.  A listener of inotify(7) at a named FIFO sees IN_ACCESS.
 *
 * Source: pipe(7), tee(2); kernel fs/splice.c, do_tee().
 */

#include <stdbool.h>
#include <stdint.h>

#include "collect/process.h"
#include "firn/err.h"

/* A descriptor of a pipe, while its process is read. */
struct firn_pipe_end {
	uint64_t inode;
	dev_t device;     /* of a named one; 0 for pipe(2) */
	const char *path; /* likewise, as proc(5) shows it, or NULL */
	int fd;
	bool reads;
};

/* firn_pipes_note(process, end) -- keep it in mind, once per pipe. */
void firn_pipes_note(struct firn_process *process,
		     const struct firn_pipe_end *end);

/* firn_pipes_write(reading, err) -- data/processes/pipes.jsonl and pipes/. */
FIRN_MUST_CHECK int firn_pipes_write(struct firn_reading *reading,
				     struct firn_err *err);

#endif
