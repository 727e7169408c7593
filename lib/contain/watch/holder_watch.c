#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "contain/watch/holder_child.h"

static const char *const files[] = { "cgroup.freeze", "freezer.state" };

int
firn_holder_watch_begin(struct firn_holder_child *child)
{
	child->watch_fd =
		fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC,
			      O_RDONLY);
	if (child->watch_fd < 0)
		return errno;
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++) {
		const struct firn_cgroup *cgroup =
			firn_freezer_cgroup(child->target, h);

		if (cgroup != NULL &&
		    fanotify_mark(child->watch_fd, FAN_MARK_ADD, FAN_MODIFY,
				  cgroup->dir_fd, files[h]) < 0)
			return errno;
	}
	return 0;
}

/* Which freezer is the file that was written, by its place. */
static bool
is_freezer(const struct firn_holder_child *child, int fd,
	   enum firn_hierarchy hierarchy)
{
	const struct firn_cgroup *cgroup =
		firn_freezer_cgroup(child->target, hierarchy);
	struct stat written, ours;

	return cgroup != NULL && fstat(fd, &written) == 0 &&
	       fstatat(cgroup->dir_fd, files[hierarchy], &ours, 0) == 0 &&
	       written.st_dev == ours.st_dev && written.st_ino == ours.st_ino;
}

static void
written(struct firn_holder_child *child, enum firn_hierarchy hierarchy,
	pid_t pid)
{
	struct firn_holder_event event = { .news = FIRN_HOLDER_WRITTEN,
					   .pid = pid,
					   .hierarchy = hierarchy };
	const struct firn_cgroup *cgroup =
		firn_freezer_cgroup(child->target, hierarchy);
	struct firn_freezer_state state = { 0 };
	struct firn_err ignored = { 0 };

	if (firn_freezer_read(cgroup, hierarchy, &state, &ignored) == 0)
		event.thawed = !state.own;
	/* First this, as it may be running by now; then who it was. */
	if (event.thawed && child->refreeze[hierarchy] &&
	    firn_boot_ns() < child->until_ns)
		event.refrozen = firn_freezer_write(cgroup, hierarchy, true,
						    &ignored) == 0;
	firn_holder_comm(pid, event.comm);
	firn_holder_tell(child, &event);
}

static void
look(struct firn_holder_child *child,
     const struct fanotify_event_metadata *event)
{
	if (event->fd < 0 || event->pid == getpid() || event->pid == getppid())
		return;
	for (enum firn_hierarchy h = 0; h < FIRN_N_HIERARCHIES; h++)
		if (is_freezer(child, event->fd, h))
			written(child, h, event->pid);
}

void
firn_holder_writes(struct firn_holder_child *child)
{
	_Alignas(struct fanotify_event_metadata) char data[4096];
	ssize_t len;

	if (child->watch_fd < 0)
		return;
	while ((len = read(child->watch_fd, data, sizeof(data))) > 0) {
		struct fanotify_event_metadata *event = (void *)data;

		for (; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len)) {
			look(child, event);
			if (event->fd >= 0)
				close(event->fd);
		}
	}
}
