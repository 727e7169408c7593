#ifndef TESTS_POST_SERVER_H
#define TESTS_POST_SERVER_H

/*
 * post_server -- somebody to post to, as badly behaved as the test wants.
 *
 * A process that takes connections on 127.0.0.1, each answered in a process of
 * its own.  What came with the n-th is FOLDER/n.request, from 1.
 */

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ssl.h>

#define OK "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

struct server {
	/* What it answers to the first connection, the second...; the last of
	 * them to all that come after. */
	const char *answers[4];
	bool silent;  /* reads, and never answers */
	bool drips;   /* the answer comes at a byte in 100 ms, for ever */
	bool endless; /* the answer's body has no end */
	const char *certificate, *key; /* PEM files: TLS */
	void (*meanwhile)(void); /* once the head is there, before the body */

	const char *folder;
	int port;
	pid_t pid;
};

/* --- in its process -------------------------------------------------------
 */

struct peer {
	int fd;
	SSL *ssl;
};

static inline ssize_t
peer_read(struct peer *peer, void *data, size_t size)
{
	return peer->ssl != NULL ? SSL_read(peer->ssl, data, (int)size)
				 : read(peer->fd, data, size);
}

static inline bool
peer_write(struct peer *peer, const void *data, size_t len)
{
	return (peer->ssl != NULL ? SSL_write(peer->ssl, data, (int)len)
				  : write(peer->fd, data, len)) == (ssize_t)len;
}

static inline void
server_read(const struct server *server, struct peer *peer, FILE *out)
{
	char head[16384], data[65536];
	const char *length;
	size_t len = 0, left = 0;

	while (len < sizeof(head) - 1 &&
	       (len < 4 || memcmp(head + len - 4, "\r\n\r\n", 4) != 0))
		if (peer_read(peer, head + len++, 1) != 1)
			_exit(0);
	head[len] = '\0';
	fwrite(head, 1, len, out);
	length = strcasestr(head, "content-length: ");
	if (length != NULL)
		left = strtoul(length + 16, NULL, 10);
	if (server->meanwhile != NULL)
		server->meanwhile();
	if (strcasestr(head, "100-continue") != NULL)
		peer_write(peer, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	while (left > 0) {
		ssize_t n =
			peer_read(peer, data,
				  left < sizeof(data) ? left : sizeof(data));

		if (n <= 0)
			_exit(0);
		fwrite(data, 1, (size_t)n, out);
		left -= (size_t)n;
	}
}

static inline const char *
server_answer(const struct server *server, unsigned n)
{
	const char *answer = OK;

	for (unsigned i = 0; i < n && i < 4; i++)
		if (server->answers[i] != NULL)
			answer = server->answers[i];
	return answer;
}

static inline void
server_serve(const struct server *server, struct peer *peer, unsigned n)
{
	const char *answer = server_answer(server, n);
	char path[256], partial[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%u.request", server->folder, n);
	snprintf(partial, sizeof(partial), "%s/%u.coming", server->folder, n);
	out = fopen(partial, "w");
	server_read(server, peer, out);
	fclose(out);
	rename(partial, path);
	while (server->silent)
		pause();
	for (size_t i = 0; server->drips; i = (i + 1) % strlen(answer)) {
		if (!peer_write(peer, answer + i, 1))
			_exit(0);
		usleep(100000);
	}
	peer_write(peer, answer, strlen(answer));
	while (server->endless && peer_write(peer, answer, strlen(answer)))
		;
}

static inline SSL_CTX *
server_tls(const struct server *server)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	if (SSL_CTX_use_certificate_file(tls, server->certificate,
					 SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(tls, server->key, SSL_FILETYPE_PEM) !=
		    1)
		_exit(1);
	return tls;
}

static inline _Noreturn void
server_run(const struct server *server, int listen_fd)
{
	SSL_CTX *tls = server->certificate != NULL ? server_tls(server) : NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	for (unsigned n = 1;; n++) {
		struct peer peer = { .fd = accept(listen_fd, NULL, NULL) };

		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (tls != NULL) {
				peer.ssl = SSL_new(tls);
				SSL_set_fd(peer.ssl, peer.fd);
				if (SSL_accept(peer.ssl) != 1)
					_exit(0);
			}
			server_serve(server, &peer, n);
			if (peer.ssl != NULL)
				SSL_shutdown(peer.ssl);
			_exit(0);
		}
		close(peer.fd);
	}
}

/* --- in the test's --------------------------------------------------------
 */

static inline void
server_start(struct server *server, const char *folder)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	server->port = ntohs(address.sin_port);
	server->folder = folder;
	server->pid = fork();
	if (server->pid == 0)
		server_run(server, fd);
	close(fd);
}

static inline void
server_stop(struct server *server)
{
	if (server->pid > 0) {
		kill(server->pid, SIGKILL);
		waitpid(server->pid, NULL, 0);
	}
	server->pid = 0;
}

/* The n-th request, head and body; "" if there was none. */
static inline const char *
server_heard(const struct server *server, unsigned n)
{
	static char text[131072];
	char path[256];
	size_t len = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%u.request", server->folder, n);
	in = fopen(path, "r");
	if (in != NULL) {
		len = fread(text, 1, sizeof(text) - 1, in);
		fclose(in);
	}
	text[len] = '\0';
	return text;
}

#endif
