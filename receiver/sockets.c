#include "receiver/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

#define FIRST_PASSED 3
#define BACKLOG 1024

/* Any address, with its length. */
struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} of;
	socklen_t len;
};

static void
name_of(const struct address *address, char *ret, size_t size)
{
	char text[INET6_ADDRSTRLEN] = "";

	switch (address->of.any.sa_family) {
	case AF_UNIX:
		snprintf(ret, size, "%.*s",
			 (int)sizeof(address->of.un.sun_path),
			 address->of.un.sun_path);
		break;
	case AF_INET:
		inet_ntop(AF_INET, &address->of.in.sin_addr, text,
			  sizeof(text));
		snprintf(ret, size, "%s:%u", text,
			 ntohs(address->of.in.sin_port));
		break;
	default:
		inet_ntop(AF_INET6, &address->of.in6.sin6_addr, text,
			  sizeof(text));
		snprintf(ret, size, "[%s]:%u", text,
			 ntohs(address->of.in6.sin6_port));
		break;
	}
}

static bool
address_of(int fd, struct address *ret)
{
	*ret = (struct address){ .len = sizeof(ret->of) };
	return getsockname(fd, &ret->of.any, &ret->len) == 0;
}

/* Takes over the descriptor. */
static int
add(struct firn_sockets *sockets, int fd, struct firn_err *err)
{
	autoclose int owned = fd;
	struct firn_socket *one = &sockets->items[sockets->n];
	struct address address;
	int family, is_listening = 0;
	socklen_t len = sizeof(is_listening);

	if (sockets->n == FIRN_SOCKETS_MAX)
		return firn_err_set(err, E2BIG, "more than %d sockets",
				    FIRN_SOCKETS_MAX);
	if (!address_of(fd, &address) ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) <
		    0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return firn_err_sys(err, "look at socket %d", fd);
	family = address.of.any.sa_family;
	if (!is_listening ||
	    (family != AF_UNIX && family != AF_INET && family != AF_INET6))
		return firn_err_set(err, EINVAL,
				    "descriptor %d is no listening stream "
				    "socket",
				    fd);
	one->is_unix = family == AF_UNIX;
	name_of(&address, one->name, sizeof(one->name));
	one->fd = firn_steal_fd(&owned);
	sockets->n++;
	return 0;
}

static int
take_passed(struct firn_sockets *sockets, struct firn_err *err)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	uint64_t ours, count;

	if (pid == NULL || n == NULL || !firn_is_decimal(pid, &ours) ||
	    !firn_is_decimal(n, &count) || ours != (uint64_t)getpid())
		return 0;
	for (uint64_t i = 0; i < count && i <= FIRN_SOCKETS_MAX; i++)
		if (add(sockets, FIRST_PASSED + (int)i, err) < 0)
			return -1;
	return 0;
}

/* "127.0.0.1:2801" or "[::1]:2801". */
static int
parse(const char *text, struct address *ret, struct firn_err *err)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	uint64_t port = 0;
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;
	bool is_6 = text[0] == '[' && len > 2 && text[len - 1] == ']';

	*ret = (struct address){ 0 };
	if (len == 0 || len >= sizeof(host) ||
	    !firn_is_decimal(colon + 1, &port) || port > UINT16_MAX)
		return firn_err_set(err, EINVAL,
				    "%s: not \"ADDRESS:PORT\" in numbers",
				    text);
	snprintf(host, sizeof(host), "%.*s", (int)(is_6 ? len - 2 : len),
		 text + is_6);
	if (is_6) {
		ret->of.in6.sin6_family = AF_INET6;
		ret->of.in6.sin6_port = htons((uint16_t)port);
		ret->len = sizeof(ret->of.in6);
	} else {
		ret->of.in.sin_family = AF_INET;
		ret->of.in.sin_port = htons((uint16_t)port);
		ret->len = sizeof(ret->of.in);
	}
	if (inet_pton(is_6 ? AF_INET6 : AF_INET, host,
		      is_6 ? (void *)&ret->of.in6.sin6_addr
			   : (void *)&ret->of.in.sin_addr) != 1)
		return firn_err_set(err, EINVAL, "%s: %s is no numeric address",
				    text, host);
	return 0;
}

static bool
is_passed(const struct firn_sockets *sockets, const struct address *address)
{
	char name[sizeof(sockets->items[0].name)];

	name_of(address, name, sizeof(name));
	for (size_t i = 0; i < sockets->n; i++)
		if (strcmp(sockets->items[i].name, name) == 0)
			return true;
	return false;
}

static int
listen_at(struct firn_sockets *sockets, const struct address *address,
	  struct firn_err *err)
{
	autoclose int fd = -1;
	char name[sizeof(sockets->items[0].name)];
	int on = 1;

	name_of(address, name, sizeof(name));
	fd = socket(address->of.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return firn_err_sys(err, "make a socket");
	if (address->of.any.sa_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->of.any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &address->of.any, address->len) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return firn_err_sys(err, "listen on %s", name);
	return add(sockets, firn_steal_fd(&fd), err);
}

static int
listen_tcp(struct firn_sockets *sockets, const char *text, struct firn_err *err)
{
	struct address address;

	if (parse(text, &address, err) < 0)
		return -1;
	return is_passed(sockets, &address) ? 0
					    : listen_at(sockets, &address, err);
}

/* What an earlier receiver left; one that still listens keeps its place. */
static int
clear_place(const struct address *address, struct firn_err *err)
{
	const char *path = address->of.un.sun_path;
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0
				       : firn_err_sys(err, "look at %s", path);
	if (!S_ISSOCK(st.st_mode))
		return firn_err_set(err, EEXIST, "%s is there and is no socket",
				    path);
	if (fd < 0)
		return firn_err_sys(err, "make a socket");
	if (connect(fd, &address->of.any, address->len) == 0)
		return firn_err_set(err, EADDRINUSE,
				    "another receiver listens on %s", path);
	if (errno != ECONNREFUSED)
		return firn_err_sys(err, "connect to %s", path);
	if (unlink(path) < 0)
		return firn_err_sys(err, "remove %s", path);
	return 0;
}

/* The folder may be passed through, for those who send; /run/firn/ledger has a
 * mode of its own. */
static void
open_folder(const char *path)
{
	autofree char *folder = strdup(path);
	char *slash = folder != NULL ? strrchr(folder, '/') : NULL;

	if (slash == NULL || slash == folder)
		return;
	*slash = '\0';
	if (mkdir(folder, 0711) == 0 || strcmp(folder, "/run/firn") == 0)
		chmod(folder, 0711);
}

static int
listen_unix(struct firn_sockets *sockets, const char *path,
	    struct firn_err *err)
{
	struct address address = { .of.un.sun_family = AF_UNIX,
				   .len = sizeof(address.of.un) };

	if (path[0] != '/' || strlen(path) >= sizeof(address.of.un.sun_path))
		return firn_err_set(err, EINVAL,
				    "%s: not an absolute path of less than "
				    "%zu bytes",
				    path, sizeof(address.of.un.sun_path));
	memcpy(address.of.un.sun_path, path, strlen(path));
	if (is_passed(sockets, &address))
		return 0;
	open_folder(path);
	if (clear_place(&address, err) < 0 ||
	    listen_at(sockets, &address, err) < 0)
		return -1;
	if (chmod(path, 0666) < 0)
		return firn_err_sys(err, "let others connect to %s", path);
	return 0;
}

int
firn_sockets_open(struct firn_sockets *ret,
		  const struct firn_listening *listening, struct firn_err *err)
{
	struct firn_sockets sockets = { 0 };
	int failed = take_passed(&sockets, err);

	for (size_t i = 0; failed == 0 && i < listening->n_addresses; i++)
		failed = listen_tcp(&sockets, listening->addresses[i], err);
	if (failed == 0 && listening->unix_path != NULL)
		failed = listen_unix(&sockets, listening->unix_path, err);
	if (failed == 0 && sockets.n == 0)
		failed = firn_err_set(err, ENOTCONN,
				      "nothing to listen on: the policy has "
				      "neither \"listen: {addresses}\" nor "
				      "\"listen: {unix}\"");
	if (failed < 0) {
		firn_sockets_close(&sockets);
		return -1;
	}
	*ret = sockets;
	return 0;
}

void
firn_sockets_close(struct firn_sockets *sockets)
{
	for (size_t i = 0; i < sockets->n; i++)
		close(sockets->items[i].fd);
	sockets->n = 0;
}

bool
firn_sockets_tcp(const struct firn_sockets *sockets)
{
	for (size_t i = 0; i < sockets->n; i++)
		if (!sockets->items[i].is_unix)
			return true;
	return false;
}
