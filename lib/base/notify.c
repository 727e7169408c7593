#include "base/notify.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

int
firn_notify_open(int *ret, struct firn_err *err)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = path != NULL ? strlen(path) : 0;
	autoclose int fd = -1;

	*ret = -1;
	if (len == 0)
		return 0;
	if (len >= sizeof(address.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return firn_err_set(err, EINVAL,
				    "NOTIFY_SOCKET is \"%s\": no address",
				    path);
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) <
		    0)
		return firn_err_sys(err, "connect to NOTIFY_SOCKET %s", path);
	*ret = firn_steal_fd(&fd);
	return 0;
}

void
firn_notify(int fd, const char *state)
{
	if (fd >= 0)
		(void)!send(fd, state, strlen(state),
			    MSG_NOSIGNAL | MSG_DONTWAIT);
}

unsigned
firn_notify_every_ms(void)
{
	const char *text = getenv("WATCHDOG_USEC"),
		   *pid = getenv("WATCHDOG_PID");
	uint64_t usec, whom;

	if (text == NULL || !firn_is_decimal(text, &usec) ||
	    usec > (uint64_t)UINT32_MAX * 1000)
		return 0;
	if (pid != NULL &&
	    (!firn_is_decimal(pid, &whom) || whom != (uint64_t)getpid()))
		return 0;
	return (unsigned)(usec / 2000);
}
