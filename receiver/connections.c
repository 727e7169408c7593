#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/bufferevent_ssl.h>

#include "receiver/connection.h"

static void
name_user(struct firn_connection *connection, int fd)
{
	struct ucred user = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(user);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &len) < 0)
		return;
	snprintf(connection->peer, sizeof(connection->peer), "uid %u pid %d",
		 user.uid, user.pid);
	snprintf(connection->share, sizeof(connection->share), "uid %u",
		 user.uid);
	connection->by_peer =
		firn_senders_user(&connection->receiver->senders, user.uid);
}

static void
name_address(struct firn_connection *connection, int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} peer = { 0 };
	socklen_t len = sizeof(peer);
	char *text = connection->peer;
	int on = 1;

	/* Else each answer waits for the acknowledgement of what was before. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (getpeername(fd, &peer.any, &len) < 0)
		return;
	if (peer.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &peer.in.sin_addr, text, FIRN_PEER_TEXT);
		snprintf(connection->share, FIRN_PEER_TEXT, "%s", text);
		return;
	}
	inet_ntop(AF_INET6, &peer.in6.sin6_addr, text, FIRN_PEER_TEXT);
	memset(peer.in6.sin6_addr.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &peer.in6.sin6_addr, connection->share,
		  FIRN_PEER_TEXT);
}

/* One sender has a quarter of the connections at most. */
static bool
has_share(const struct firn_connection *connection)
{
	const struct firn_receiver *receiver = connection->receiver;
	size_t most = receiver->listening->connections / 4 + 1, n = 0;
	const struct firn_connection *other;

	TAILQ_FOREACH(other, &receiver->connections, link) {
		n += other->is_unix == connection->is_unix &&
		     strcmp(other->share, connection->share) == 0;
	}
	return n < most;
}

static struct bufferevent *
stream_of(const struct firn_receiver *receiver, int fd, bool is_unix)
{
	struct bufferevent *stream = NULL;
	SSL *ssl = NULL;

	if (is_unix)
		return bufferevent_socket_new(receiver->base, fd,
					      BEV_OPT_CLOSE_ON_FREE);
	ssl = SSL_new(receiver->tls);
	if (ssl != NULL)
		stream = bufferevent_openssl_socket_new(
			receiver->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
			BEV_OPT_CLOSE_ON_FREE);
	if (stream == NULL)
		SSL_free(ssl);
	else
		bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
	return stream;
}

void
firn_connection_open(struct firn_receiver *receiver, int fd, bool is_unix)
{
	struct firn_connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL) {
		close(fd);
		return;
	}
	connection->receiver = receiver;
	connection->is_unix = is_unix;
	connection->idle = true;
	if (is_unix)
		name_user(connection, fd);
	else
		name_address(connection, fd);
	connection->deadline =
		evtimer_new(receiver->base, firn_connection_late, connection);
	if (connection->deadline == NULL || !has_share(connection) ||
	    (connection->stream = stream_of(receiver, fd, is_unix)) == NULL) {
		receiver->cut++;
		if (connection->deadline != NULL)
			event_free(connection->deadline);
		free(connection);
		close(fd);
		return;
	}
	TAILQ_INSERT_TAIL(&receiver->connections, connection, link);
	receiver->n_connections++;
	receiver->n_tcp += !is_unix;
	firn_connection_listen(connection);
}

void
firn_connection_close(struct firn_connection *connection)
{
	struct firn_receiver *receiver = connection->receiver;

	TAILQ_REMOVE(&receiver->connections, connection, link);
	receiver->n_connections--;
	receiver->n_tcp -= !connection->is_unix;
	firn_connection_forget(connection);
	event_free(connection->deadline);
	bufferevent_free(connection->stream);
	free(connection);
	firn_accept_again(receiver);
	firn_receiver_leave(receiver);
}

/* An eighth of the connections is the unix socket's. */
bool
firn_connection_room(struct firn_receiver *receiver, bool is_unix,
		     bool may_close)
{
	size_t most = receiver->listening->connections;
	size_t most_tcp = most - most / 8;
	struct firn_connection *one;

	if (receiver->n_connections < most &&
	    (is_unix || receiver->n_tcp < most_tcp))
		return true;
	if (!may_close)
		return false;
	TAILQ_FOREACH(one, &receiver->connections, link) {
		if (one->state == FIRN_LINGERS ||
		    (one->state == FIRN_READS_HEAD && one->idle &&
		     (is_unix || !one->is_unix))) {
			firn_connection_close(one);
			return true;
		}
	}
	return false;
}
