/*
 * From the last byte of an alert to a container that stands still.
 *
 *	bench_response PORT CA TOKEN_FILE ROUNDS LOAD FIRN ID:FREEZER_FILE...
 *
 * Sends ROUNDS alerts over TLS to a `firn listen` on 127.0.0.1:PORT, each for
 * the next of the containers, on one connection as a detector holds it, while a
 * second connection sends LOAD alerts a second for containers that aren't
 *there. FREEZER_FILE is the cgroup.events or freezer.state of the container; it
 *is read every 100 microseconds.  After each round the container's case has to
 *end, and `FIRN thaw ID` puts it back.  Prints milliseconds: median, 99th
 *percentile, most.  bench/response.sh sets it all up.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/clock.h"

#define DEADLINE_NS (5 * UINT64_C(1000000000))
#define LOOK_AGAIN_NS 100000

static struct {
	unsigned short port;
	const char *ca, *firn;
	char token[256];
	unsigned load;
} how;

static atomic_bool over;
static atomic_ulong n_load;

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "bench_response: %s: %s\n", what,
		errno != 0 ? strerror(errno) : "");
	ERR_print_errors_fp(stderr);
	exit(1);
}

/* --- a sender -------------------------------------------------------------
 */

static SSL *
connect_to_firn(void)
{
	static const int on = 1;
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(how.port),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	SSL_CTX *all = SSL_CTX_new(TLS_client_method());
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SSL *tls;

	if (all == NULL ||
	    SSL_CTX_load_verify_locations(all, how.ca, NULL) != 1)
		fail(how.ca);
	SSL_CTX_set_verify(all, SSL_VERIFY_PEER, NULL);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail("connect to firn listen");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	tls = SSL_new(all);
	if (tls == NULL || SSL_set_fd(tls, fd) != 1 || SSL_connect(tls) != 1)
		fail("TLS with firn listen");
	return tls;
}

/* The whole of it in one write, as a detector's library does. */
static uint64_t
send_alert(SSL *tls, const char *id, unsigned long serial)
{
	char body[512], request[1024];
	uint64_t start;
	int body_len, len;

	body_len =
		snprintf(body, sizeof(body),
			 "{\"hostname\":\"\",\"output\":\"bench\",\"priority\":"
			 "\"Critical\",\"rule\":\"bench_response\",\"source\":"
			 "\"syscall\","
			 "\"uuid\":\"bench-%d-%lu\",\"time\":"
			 "\"2026-11-28T00:00:00.000000000Z\",\"output_fields\":"
			 "{\"container.id\":\"%.12s\"}}",
			 getpid(), serial, id);
	len = snprintf(request, sizeof(request),
		       "POST /alerts HTTP/1.1\r\nHost: localhost\r\n"
		       "Authorization: Bearer %s\r\n"
		       "Content-Type: application/json\r\n"
		       "Content-Length: %d\r\n\r\n%s",
		       how.token, body_len, body);
	start = firn_monotonic_ns();
	if (SSL_write(tls, request, len) != len)
		fail("send an alert");
	return start;
}

static void
read_answer(SSL *tls)
{
	char answer[4096];
	int n = SSL_read(tls, answer, sizeof(answer) - 1);

	if (n <= 0)
		fail("read the answer");
	answer[n] = '\0';
	if (strncmp(answer, "HTTP/1.1 200", 12) != 0) {
		fprintf(stderr, "bench_response: firn listen says %s\n",
			answer);
		exit(1);
	}
}

static void *
send_load(void *arg)
{
	const struct timespec pause = {
		.tv_nsec = (long)(1000000000 / how.load) % 1000000000,
	};
	SSL *tls = connect_to_firn();
	char id[65];

	(void)arg;
	while (!over) {
		unsigned long serial = ++n_load;

		snprintf(id, sizeof(id), "%012lx", 0xfeed00000000 + serial);
		send_alert(tls, id, 1000000 + serial);
		read_answer(tls);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* --- a round --------------------------------------------------------------
 */

static bool
stands_still(int fd)
{
	char text[128];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		fail("read the freezer");
	text[n] = '\0';
	return strstr(text, "frozen 1") != NULL ||
	       strncmp(text, "FROZEN", 6) == 0;
}

static uint64_t
wait_until_still(int fd, const char *id)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_NS };
	uint64_t deadline = firn_monotonic_ns() + DEADLINE_NS;

	while (!stands_still(fd)) {
		if (firn_monotonic_ns() > deadline) {
			fprintf(stderr, "bench_response: %s wasn't frozen\n",
				id);
			exit(1);
		}
		nanosleep(&pause, NULL);
	}
	return firn_monotonic_ns();
}

/* Its case holds the ledger until it ends, and thaw waits for that. */
static void
put_back(const char *id)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		execl(how.firn, how.firn, "thaw", "-q", id, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
		fprintf(stderr, "bench_response: %s could not be thawed\n", id);
		exit(1);
	}
}

static double
one_round(SSL *tls, char *container, unsigned long serial)
{
	char *file = strchr(container, ':');
	char id[65];
	uint64_t start, still;
	int fd;

	if (file == NULL || file - container > 64)
		fail(container);
	snprintf(id, sizeof(id), "%.*s", (int)(file - container), container);
	fd = open(file + 1, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail(file + 1);
	start = send_alert(tls, id, serial);
	still = wait_until_still(fd, id);
	read_answer(tls);
	close(fd);
	put_back(id);
	return (double)(still - start) / 1e6;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
read_token(const char *path)
{
	FILE *file = fopen(path, "re");

	if (file == NULL || fgets(how.token, sizeof(how.token), file) == NULL)
		fail(path);
	how.token[strcspn(how.token, "\n")] = '\0';
	fclose(file);
}

int
main(int argc, char **argv)
{
	size_t n_rounds, n_containers = (size_t)argc - 7;
	double *ms;
	pthread_t load;
	SSL *tls;

	if (argc < 8) {
		fputs("bench_response is called by bench/response.sh\n",
		      stderr);
		return 2;
	}
	how.port = (unsigned short)atoi(argv[1]);
	how.ca = argv[2];
	read_token(argv[3]);
	n_rounds = (size_t)atol(argv[4]);
	how.load = (unsigned)atoi(argv[5]);
	how.firn = argv[6];
	ms = calloc(n_rounds, sizeof(*ms));
	if (ms == NULL || n_rounds == 0)
		fail("ROUNDS");
	if (how.load > 0 && pthread_create(&load, NULL, send_load, NULL) != 0)
		fail("start the load");
	tls = connect_to_firn();
	for (size_t i = 0; i < n_rounds; i++)
		ms[i] = one_round(tls, argv[7 + i % n_containers], i);
	over = true;
	qsort(ms, n_rounds, sizeof(*ms), by_value);
	printf("alert to frozen, milliseconds, %zu rounds, %lu other alerts "
	       "meanwhile:\n  median %.1f  99th percentile %.1f  most %.1f\n",
	       n_rounds, (unsigned long)n_load, ms[n_rounds / 2],
	       ms[n_rounds - 1 - n_rounds / 100], ms[n_rounds - 1]);
	return 0;
}
