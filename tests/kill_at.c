/*
 * kill_at -- preloaded into a program, it ends it by SIGKILL at the N-th line
 * that it writes to a case's diary: KILL_AT=N before the line is written,
 * KILL_AT=N+ after.  A child goes on counting where its parent was.  That is
 * once only: KILL_ONCE is a file that is made then.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int count;

static int
is_first(void)
{
	const char *once = getenv("KILL_ONCE");

	return once != NULL &&
	       open(once, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) >= 0;
}

static int
is_diary(int fd)
{
	char link[64], path[512];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 12)
		return 0;
	path[len] = '\0';
	return strcmp(path + len - 11, ".case.jsonl") == 0;
}

ssize_t
write(int fd, const void *data, size_t size)
{
	const char *at = getenv("KILL_AT");
	ssize_t n;
	int due = 0;

	if (at != NULL && is_diary(fd))
		due = ++count == atoi(at) && is_first();
	if (due && strchr(at, '+') == NULL)
		raise(SIGKILL);
	n = syscall(SYS_write, fd, data, size);
	if (due)
		raise(SIGKILL);
	return n;
}
