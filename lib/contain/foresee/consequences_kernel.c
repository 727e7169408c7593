#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "contain/foresee/consequence.h"
#include "host/mountinfo.h"
#include "host/proc.h"

/* Looking at more of them would take longer than it is worth. */
#define MEMBERS_MAX 1024
#define FDS_MAX 1024

/* Which freezer holds it decides what SIGKILL does. */
static void
add_kill(const struct firn_target *target, json_t *list)
{
	if (target->freezer.path != NULL)
		firn_consequence_add(
			list, "kill", FIRN_SOME_TIME,
			"a kill -9 waits until the thaw, because v1 holds it; "
			"its runtime's kill, stop and remove thaw v1 first "
			"(runc does) and end it at once, with its memory");
	else
		firn_consequence_add(
			list, "kill", FIRN_SOME_TIME,
			"v2 lets SIGKILL end a frozen task at once, and its "
			"memory is lost: kill -9, its runtime's kill, stop and "
			"remove, the OOM killer");
}

static bool
has_fuse(const struct firn_target *target, char *ret, size_t size)
{
	autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };
	struct firn_err gone = { 0 };

	if (firn_mounts_read(target->host, target->init_pid, &mounts, &gone) <
	    0)
		return false;
	for (size_t i = 0; i < mounts.n; i++) {
		const char *fstype = mounts.items[i].fstype;

		if (strncmp(fstype, "fuse", 4) != 0 ||
		    strcmp(fstype, "fusectl") == 0)
			continue;
		snprintf(ret, size, "%s", mounts.items[i].point);
		return true;
	}
	return false;
}

static bool
serves_fuse(const struct firn_target *target, pid_t pid)
{
	autofree pid_t *fds = NULL;
	struct firn_err gone = { 0 };
	size_t n = 0;

	if (firn_proc_numbers(target->host, pid, "fd", &fds, &n, &gone) < 0)
		return false;
	for (size_t i = 0; i < n && i < FDS_MAX; i++) {
		char name[32], link[64];

		snprintf(name, sizeof(name), "fd/%d", fds[i]);
		if (firn_proc_link(target->host, pid, name, link, sizeof(link),
				   &gone) == 0 &&
		    strcmp(link, "/dev/fuse") == 0)
			return true;
	}
	return false;
}

static bool
is_own(const struct firn_member *member)
{
	return !member->foreign && !member->joined;
}

static void
add_fuse(const struct firn_target *target, json_t *list)
{
	char point[4096];

	if (!has_fuse(target, point, sizeof(point)))
		return;
	for (size_t i = 0; i < target->members.n && i < MEMBERS_MAX; i++) {
		const struct firn_member *member = &target->members.items[i];

		if (!is_own(member) || !serves_fuse(target, member->pid))
			continue;
		firn_consequence_add(
			list, "fuse", 0,
			"its process %d serves a FUSE filesystem, and one is "
			"mounted at %s: whoever uses what it serves waits "
			"until the thaw",
			member->pid, point);
		return;
	}
}

static pid_t
tracer_of(const struct firn_target *target, pid_t pid)
{
	autofree char *status = NULL;
	struct firn_err gone = { 0 };
	char text[32];
	uint64_t tracer;

	if (firn_proc_read(target->host, pid, "status", FIRN_PROC_MAX, &status,
			   NULL, &gone) < 0 ||
	    firn_proc_status_field(status, "TracerPid", text, sizeof(text)) <
		    0 ||
	    !firn_is_decimal(text, &tracer) || tracer > INT32_MAX)
		return 0;
	return (pid_t)tracer;
}

static bool
is_member(const struct firn_target *target, pid_t pid)
{
	for (size_t i = 0; i < target->members.n; i++)
		if (target->members.items[i].pid == pid)
			return is_own(&target->members.items[i]);
	return false;
}

static void
add_ptrace(const struct firn_target *target, json_t *list)
{
	pid_t first = 0, by = 0;
	size_t n = 0;

	for (size_t i = 0; i < target->members.n && i < MEMBERS_MAX; i++) {
		const struct firn_member *member = &target->members.items[i];
		pid_t tracer =
			is_own(member) ? tracer_of(target, member->pid) : 0;

		if (tracer != 0 && tracer != target->holder_pid && n++ == 0) {
			first = member->pid;
			by = tracer;
		}
	}
	if (n == 0)
		return;
	firn_consequence_add(list, "ptrace", 0,
			     "%zu of its processes are traced, the first is "
			     "pid %d, by %s (pid %d): nobody else can trace "
			     "them%s",
			     n, first,
			     is_member(target, by) ? "one of its own"
						   : "one outside of it",
			     by,
			     is_member(target, by)
				     ? ""
				     : ", and their tracer waits until the "
				       "thaw");
}

void
firn_consequences_of_kernel(const struct firn_target *target, json_t *list)
{
	add_kill(target, list);
	add_fuse(target, list);
	add_ptrace(target, list);
}
