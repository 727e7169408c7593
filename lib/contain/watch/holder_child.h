#ifndef CONTAIN_WATCH_HOLDER_CHILD_H
#define CONTAIN_WATCH_HOLDER_CHILD_H

/*
 * holder_child -- the inside of the holder, and what it shares with firn.
 */

#include "contain/freeze/tasks.h"
#include "contain/watch/holder.h"

#define FIRN_HOLDER_EVENTS 4096
#define FIRN_HOLDER_SKIPPED 8

/* In memory that both see; events are only ever added. */
struct firn_holder_shared {
	_Atomic pid_t trying; /* the thread that it attaches to now, or 0 */
	_Atomic size_t n_held, n_events;
	/* At which an earlier holder hung. */
	pid_t skipped[FIRN_HOLDER_SKIPPED];
	size_t n_skipped;
	struct firn_holder_event events[FIRN_HOLDER_EVENTS];
};

/* What firn asks for; the answer is an errno(3), or 0. */
struct firn_holder_request {
	enum {
		FIRN_HOLDER_SEIZE,
		FIRN_HOLDER_WATCH,
		FIRN_HOLDER_SYNC,
	} what;
	bool stopped_only;                 /* SEIZE */
	bool refreeze[FIRN_N_HIERARCHIES]; /* WATCH */
	uint64_t until_ns;                 /* likewise */
};

/* The holder itself. */
struct firn_holder_child {
	const struct firn_target *target;
	struct firn_holder_shared *shared;
	int socket_fd, signal_fd;
	int watch_fd; /* fanotify(7), or -1 */
	bool refreeze[FIRN_N_HIERARCHIES];
	uint64_t until_ns; /* refreeze, as firn_boot_ns() */
	struct firn_tasks held, refused;
};

/* firn_holder_child(child) -- serve until the socket is closed. */
_Noreturn void firn_holder_child(struct firn_holder_child *child);

/* firn_holder_tell(child, event) -- add one; its time is set here. */
void firn_holder_tell(struct firn_holder_child *child,
		      struct firn_holder_event *event);

/* firn_holder_comm(pid, ret) -- a process's name as the kernel has it. */
void firn_holder_comm(pid_t pid, char ret[16]);

/* --- holder_seize.c --- */

/* firn_holder_seize_all(child, stopped_only, err) -- every thread that isn't
 * held yet. */
int firn_holder_seize_all(struct firn_holder_child *child, bool stopped_only,
			  struct firn_err *err);

/* firn_holder_stops(child) -- what came of those that are held. */
void firn_holder_stops(struct firn_holder_child *child);

/* --- holder_watch.c --- */

/* firn_holder_watch_begin(child), firn_holder_writes(child) -- have the files
 * watched; look at who wrote. */
int firn_holder_watch_begin(struct firn_holder_child *child);
void firn_holder_writes(struct firn_holder_child *child);

#endif
