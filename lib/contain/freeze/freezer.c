#include "contain/freeze/freezer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"

const char *const firn_hierarchy_names[FIRN_N_HIERARCHIES] = { "v2", "v1" };

const struct firn_cgroup *
firn_freezer_cgroup(const struct firn_target *target,
		    enum firn_hierarchy hierarchy)
{
	const struct firn_cgroup *cgroup =
		hierarchy == FIRN_V2 ? &target->v2 : &target->freezer;

	return cgroup->path != NULL && cgroup->dir_fd >= 0 ? cgroup : NULL;
}

bool
firn_freezer_lost(const struct firn_err *err)
{
	return err->code == ESRCH;
}

/* kernfs says ENODEV on a descriptor of a removed cgroup, ENOENT in one. */
static int
failed(struct firn_err *err)
{
	if (err->code == ENODEV || err->code == ENOENT)
		return firn_err_set(err, ESRCH, "the cgroup is gone");
	return -1;
}

static int
read_fd(int fd, const char *name, char *ret, size_t size, struct firn_err *err)
{
	ssize_t n = pread(fd, ret, size - 1, 0);

	if (n < 0) {
		firn_err_sys(err, "read %s", name);
		return failed(err);
	}
	ret[n] = '\0';
	return 0;
}

static int
open_file(const struct firn_cgroup *cgroup, const char *name, int flags,
	  struct firn_err *err)
{
	int fd = openat(cgroup->dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	firn_err_sys(err, "open %s", name);
	return failed(err);
}

static int
read_file(const struct firn_cgroup *cgroup, const char *name, char *ret,
	  size_t size, struct firn_err *err)
{
	autoclose int fd = open_file(cgroup, name, O_RDONLY, err);

	return fd < 0 ? -1 : read_fd(fd, name, ret, size, err);
}

static int
write_file(const struct firn_cgroup *cgroup, const char *name, const char *text,
	   struct firn_err *err)
{
	if (firn_write_at(cgroup->dir_fd, name, text, err) < 0)
		return failed(err);
	return 0;
}

static bool
says_frozen(const char *events)
{
	const char *line = strstr(events, "frozen ");

	return line != NULL && line[strlen("frozen ")] == '1';
}

static int
read_v2(const struct firn_cgroup *cgroup, struct firn_freezer_state *ret,
	struct firn_err *err)
{
	char freeze[16], events[256];

	if (read_file(cgroup, "cgroup.freeze", freeze, sizeof(freeze), err) <
		    0 ||
	    read_file(cgroup, "cgroup.events", events, sizeof(events), err) < 0)
		return -1;
	ret->own = freeze[0] == '1';
	ret->frozen = says_frozen(events);
	/* cgroup.freeze is its own wish; the ancestors' have no file. */
	ret->ancestors = ret->frozen && !ret->own;
	return 0;
}

static int
read_v1(const struct firn_cgroup *cgroup, struct firn_freezer_state *ret,
	struct firn_err *err)
{
	char own[16], parents[16], state[32];

	if (read_file(cgroup, "freezer.self_freezing", own, sizeof(own), err) <
		    0 ||
	    read_file(cgroup, "freezer.parent_freezing", parents,
		      sizeof(parents), err) < 0 ||
	    read_file(cgroup, "freezer.state", state, sizeof(state), err) < 0)
		return -1;
	ret->own = own[0] == '1';
	ret->ancestors = parents[0] == '1';
	ret->frozen = strncmp(state, "FROZEN", 6) == 0;
	return 0;
}

int
firn_freezer_read(const struct firn_cgroup *cgroup,
		  enum firn_hierarchy hierarchy, struct firn_freezer_state *ret,
		  struct firn_err *err)
{
	struct firn_freezer_state state = { 0 };
	int done = hierarchy == FIRN_V2 ? read_v2(cgroup, &state, err)
					: read_v1(cgroup, &state, err);

	if (done == 0)
		*ret = state;
	return done;
}

int
firn_freezer_write(const struct firn_cgroup *cgroup,
		   enum firn_hierarchy hierarchy, bool freeze,
		   struct firn_err *err)
{
	if (hierarchy == FIRN_V2)
		return write_file(cgroup, "cgroup.freeze", freeze ? "1" : "0",
				  err);
	return write_file(cgroup, "freezer.state", freeze ? "FROZEN" : "THAWED",
			  err);
}

/* Wait for the event, but not past the deadline. */
static int
wait_event(int fd, uint64_t left_ns, struct firn_err *err)
{
	/*
	 * The kernel sends at most one event in 10 ms for a file
	 * (CGROUP_FILE_NOTIFY_MIN_INTV): an earlier one delays ours.  So look
	 * at the file itself at least this often.
	 */
	const uint64_t look_again_ns = 1000000;
	struct pollfd events = { .fd = fd, .events = POLLPRI };
	struct timespec timeout = { 0 };

	timeout.tv_nsec =
		(long)(left_ns < look_again_ns ? left_ns : look_again_ns);
	if (ppoll(&events, 1, &timeout, NULL) < 0 && errno != EINTR)
		return firn_err_sys(err, "wait for cgroup.events");
	return 0;
}

int
firn_v2_wait(const struct firn_cgroup *cgroup, bool frozen,
	     uint64_t deadline_ns, struct firn_err *err)
{
	autoclose int fd = open_file(cgroup, "cgroup.events", O_RDONLY, err);

	if (fd < 0)
		return -1;
	for (;;) {
		char events[256];
		uint64_t now;

		if (read_fd(fd, "cgroup.events", events, sizeof(events), err) <
		    0)
			return -1;
		if (says_frozen(events) == frozen)
			return 1;
		now = firn_monotonic_ns();
		if (now >= deadline_ns)
			return 0;
		if (wait_event(fd, deadline_ns - now, err) < 0)
			return -1;
	}
}

/*
 * A v1 freezer looks at its tasks again only when it's written to
 * (legacy_freezer.c, freeze_cgroup()), so one that was missed, between a
 * vfork(2) and its wait, stays missed until the next write.  Thawing in
 * between, as others do, would let the suspect run.
 */
int
firn_v1_insist(const struct firn_cgroup *cgroup, uint64_t deadline_ns,
	       struct firn_err *err)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	char state[32];

	for (;;) {
		if (write_file(cgroup, "freezer.state", "FROZEN", err) < 0 ||
		    read_file(cgroup, "freezer.state", state, sizeof(state),
			      err) < 0)
			return -1;
		if (strncmp(state, "FROZEN", 6) == 0)
			return 1;
		if (firn_monotonic_ns() >= deadline_ns)
			return 0;
		nanosleep(&pause, NULL);
	}
}
