#ifndef CONTAIN_WATCH_HOLDER_H
#define CONTAIN_WATCH_HOLDER_H

/*
 * holder -- a small process of firn's that keeps killed tasks readable, and
 * sees who thaws them.
 *
 * It attaches itself to every thread with PTRACE_SEIZE and
 * PTRACE_O_TRACEEXIT, without stopping it.  A task that is killed then stops at
 * the door (PTRACE_EVENT_EXIT) with its registers, memory and descriptors, and
 * stays there until the holder ends: with firn_holder_end(), or, whatever
 * becomes of firn, when the other end of its socket is closed.  Then the kill
 * completes by itself.  So the container's death is put off, never undone, and
 * nothing of this is in the ledger: it ends with firn.
 *
 * v2: a frozen task that gets SIGKILL goes to the door at once.  v1: it dies
 * only when v1 thaws it, at the same door.  No help against the OOM killer,
 * whose reaper takes the memory from under it, nor for a task that somebody
 * else traces.
 *
 * Other signals and stops, which a task gets only if somebody thaws it, are
 * passed on; who exits by himself may.
 *
 * Source: ptrace(2); kernel/ptrace.c; hostile.md, 1.5.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "contain/freeze/freezer.h"

struct firn_holder;

enum firn_holder_news {
	FIRN_HOLDER_NOT_HELD, /* a thread could not be attached to */
	FIRN_HOLDER_KILLED,
	FIRN_HOLDER_WRITTEN, /* somebody wrote to the cgroup's freezer */
};

struct firn_holder_event {
	enum firn_holder_news news;
	struct timespec time;
	pid_t pid, tid; /* the task's; WRITTEN: who wrote, 0 if not known */
	char comm[16];  /* its; NUL only if shorter, may be all of it */
	int code;       /* NOT_HELD: errno(3); KILLED: the signal */
	pid_t tracer;   /* NOT_HELD: who traces it, or 0 */
	char tracer_comm[16];
	/* WRITTEN: to which freezer, did that leave it thawed, and was it
	 * frozen again? */
	enum firn_hierarchy hierarchy;
	bool thawed, refrozen;
};

/*
 * firn_holder_start(ret, target, err) -- make the process; it holds nothing
 * yet.  Release with firn_holder_end().
 */
FIRN_MUST_CHECK int firn_holder_start(struct firn_holder **ret,
				      const struct firn_target *target,
				      struct firn_err *err);

/*
 * firn_holder_seize(holder, stopped_only, err) -- attach to every thread of the
 * cgroups that it doesn't hold yet, its pid 1 first.
 *
 * Before a v1 freeze, as the kernel waits for ever for a stopped task that v1
 * has frozen; after one such tasks are left out.  Where all the others still
 * run, with `stopped_only`, so that their freeze needn't wait for it.  A thread
 * at which it hangs all the same for a quarter of a second is left out, too:
 * the holder is made anew.
 */
FIRN_MUST_CHECK int firn_holder_seize(struct firn_holder *holder,
				      bool stopped_only, struct firn_err *err);

/*
 * firn_holder_watch(holder, refreeze, until_ns, err) -- tell of every write to
 * the cgroups' freezers by others, as WRITTEN; one that thaws a hierarchy of
 * `refreeze` is answered by another freeze at once, but not from `until_ns` on,
 * as firn_boot_ns() has it.
 *
 * Source: fanotify(7).
 */
FIRN_MUST_CHECK int firn_holder_watch(struct firn_holder *holder,
				      const bool refreeze[FIRN_N_HIERARCHIES],
				      uint64_t until_ns, struct firn_err *err);

/* firn_holder_sync(holder, err) -- when it returns, all that has happened
 * until now can be had by firn_holder_next(). */
FIRN_MUST_CHECK int firn_holder_sync(struct firn_holder *holder,
				     struct firn_err *err);

/* firn_holder_next(holder, ret) -- what wasn't told yet, oldest first; false
 * if there is nothing.  No system call.  4096 in all. */
bool firn_holder_next(struct firn_holder *holder,
		      struct firn_holder_event *ret);

/* firn_holder_held(holder) -- how many threads it holds. */
size_t firn_holder_held(const struct firn_holder *holder);

pid_t firn_holder_pid(const struct firn_holder *holder);

/* firn_holder_end(holder) -- let go of everything; NULL is fine. */
void firn_holder_end(struct firn_holder **holder);

#endif
