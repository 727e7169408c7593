#include "base/lock.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"

/* Most are held for the time of a line; the longest, while a disk syncs. */
#define PAUSE_FIRST_NS 50000
#define PAUSE_LONGEST_NS 2000000

int
firn_lock_wait(int fd, int command, const struct flock *range,
	       uint64_t timeout_ns, const char *what, struct firn_err *err)
{
	struct timespec pause = { .tv_nsec = PAUSE_FIRST_NS };
	uint64_t deadline = firn_monotonic_ns() + timeout_ns;

	while (fcntl(fd, command, range) < 0) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return firn_err_sys(err, "lock %s", what);
		if (firn_monotonic_ns() >= deadline)
			return firn_err_set(err, EBUSY,
					    "%s is held by another firn: wait "
					    "for it, or end it",
					    what);
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < PAUSE_LONGEST_NS)
			pause.tv_nsec *= 2;
	}
	return 0;
}
