/*
 * queued -- both ends of the connection of test_queues.sh, and what else stands
 * in queues of its container.
 *
 *	queued listen|connect ADDRESS PORT SIZE GO RESULT
 *		sends SIZE bytes of its stream, and reads nothing before the
 *file GO is there; then RESULT says "right", or what is wrong queued find
 *listen|connect SIZE where in that stream stdin stands
 */

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int connection;
static size_t size;
static unsigned ours, its; /* which stream */
static const char *go, *result;

static unsigned char
byte_at(unsigned stream, size_t at)
{
	uint32_t x = (uint32_t)at * 2654435761u + stream * 40503u;

	return (unsigned char)(x >> 15 ^ x >> 23);
}

static _Noreturn void
say(const char *text)
{
	FILE *file = fopen(result, "w");

	fprintf(file, "%s\n", text);
	fclose(file);
	exit(0);
}

static void *
send_all(void *arg)
{
	static unsigned char part[65536];
	size_t sent = 0;

	while (sent < size) {
		size_t len =
			size - sent < sizeof(part) ? size - sent : sizeof(part);
		ssize_t n;

		for (size_t i = 0; i < len; i++)
			part[i] = byte_at(ours, sent + i);
		n = send(connection, part, len, MSG_NOSIGNAL);
		if (n < 0)
			say("send fails");
		sent += (size_t)n;
	}
	return arg;
}

static void
receive_all(void)
{
	static unsigned char part[65536];
	size_t done = 0;

	while (done < size) {
		ssize_t n = recv(connection, part, sizeof(part), 0);

		if (n <= 0)
			say("recv fails");
		for (ssize_t i = 0; i < n; i++)
			if (part[i] != byte_at(its, done + (size_t)i))
				say("another byte");
		done += (size_t)n;
	}
}

/* Datagrams, a stream and a pipe that wait. */
static void
fill_others(int *ret_udp, int *ret_unix, int *ret_pipe)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	socklen_t len = sizeof(here);
	int pair[2], ends[2];

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*ret_udp = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(*ret_udp, (struct sockaddr *)&here, len) < 0 ||
	    getsockname(*ret_udp, (struct sockaddr *)&here, &len) < 0 ||
	    sendto(*ret_udp, "by udp", 6, 0, (struct sockaddr *)&here, len) !=
		    6 ||
	    sendto(*ret_udp, "again", 5, 0, (struct sockaddr *)&here, len) !=
		    5 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ||
	    send(pair[0], "by unix", 7, 0) != 7 || pipe(ends) < 0 ||
	    write(ends[1], "by pipe", 7) != 7)
		say("no queues");
	*ret_unix = pair[1];
	*ret_pipe = ends[0];
}

static void
drain_others(int udp, int local, int pipe_fd)
{
	char text[16];

	if (recv(udp, text, sizeof(text), MSG_DONTWAIT) != 6 ||
	    recv(udp, text, sizeof(text), MSG_DONTWAIT) != 5)
		say("udp is another");
	if (recv(local, text, sizeof(text), MSG_DONTWAIT) != 7)
		say("unix is another");
	if (read(pipe_fd, text, sizeof(text)) != 7)
		say("the pipe is another");
}

static void
join(char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	address.sin_port = htons((uint16_t)atoi(argv[3]));
	inet_pton(AF_INET, argv[2], &address.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (strcmp(argv[1], "connect") == 0) {
		for (int i = 0; connect(fd, (struct sockaddr *)&address,
					sizeof(address)) < 0;
		     i++) {
			if (i == 100)
				say("no connection");
			usleep(100000);
		}
		connection = fd;
		return;
	}
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 1) < 0)
		say("no listener");
	connection = accept(fd, NULL, NULL);
	close(fd);
}

static int
find(unsigned stream, size_t len)
{
	static unsigned char text[64 << 20];
	size_t n = fread(text, 1, sizeof(text), stdin);

	for (size_t at = 0; n > 0 && at + n <= len; at++) {
		size_t i = 0;

		while (i < n && text[i] == byte_at(stream, at + i))
			i++;
		if (i == n) {
			printf("%zu %zu\n", at, n);
			return 0;
		}
	}
	return 1;
}

int
main(int argc, char **argv)
{
	int reuse = 0, udp, local, pipe_fd;
	socklen_t len = sizeof(reuse);
	pthread_t sender;

	if (argc == 4 && strcmp(argv[1], "find") == 0)
		return find(strcmp(argv[2], "connect") == 0,
			    (size_t)atoll(argv[3]));
	if (argc != 7)
		return 2;
	size = (size_t)atoll(argv[4]);
	go = argv[5];
	result = argv[6];
	ours = strcmp(argv[1], "connect") == 0;
	its = !ours;
	fill_others(&udp, &local, &pipe_fd);
	join(argv);
	if (connection < 0 ||
	    pthread_create(&sender, NULL, send_all, NULL) != 0)
		say("no connection");
	while (access(go, F_OK) < 0)
		usleep(20000);
	drain_others(udp, local, pipe_fd);
	receive_all();
	pthread_join(sender, NULL);
	if (ours && (getsockopt(connection, SOL_SOCKET, SO_REUSEADDR, &reuse,
				&len) < 0 ||
		     reuse != 1))
		say("SO_REUSEADDR is another");
	say("right");
}
