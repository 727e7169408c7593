#include "collect/network_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/userfaultfd.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* Suspects fill queues and stand still; once they are told to go on, they say
 * whether all is as it was. */
#define GO 15
#define RIGHT 14

static void
stand_still(void)
{
	must(write(ready_pipe[1], "r", 1));
	while (__atomic_load_n(&notes->port[GO], __ATOMIC_SEQ_CST) == 0)
		usleep(1000);
}

static _Noreturn void
all_is_right(void)
{
	notes->port[RIGHT] = 1;
	for (;;)
		pause();
}

/* It finds everything as it left it. */
static void
go_on(pid_t pid)
{
	__atomic_store_n(&notes->port[GO], 1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < 20000 && notes->port[RIGHT] == 0; i++) {
		ck_assert_msg(waitpid(pid, NULL, WNOHANG) == 0,
			      "the suspect did not find it as it was");
		usleep(1000);
	}
	ck_assert_uint_eq(notes->port[RIGHT], 1);
}

#define must_be(truth)                                           \
	do {                                                     \
		if (!(truth)) {                                  \
			fprintf(stderr, "not so: %s\n", #truth); \
			_exit(1);                                \
		}                                                \
	} while (0)

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	must(getsockopt(fd, level, name, &value, &len));
	return value;
}

/* The `at`th byte of a stream that never repeats itself in short. */
static char
byte_at(size_t at)
{
	return (char)((at * 2654435761u) >> 13);
}

static void
unplug(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	must(unshare(CLONE_NEWNET));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(fd);
	must(ioctl(fd, SIOCSIFFLAGS, &up));
	close(fd);
}

static int
bound(int type)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	int fd = socket(AF_INET, type, 0);

	must(fd);
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(fd, (struct sockaddr *)&here, sizeof(here)));
	return fd;
}

static void
connect_to(int fd, int to)
{
	struct sockaddr_in there;
	socklen_t len = sizeof(there);

	must(getsockname(to, (struct sockaddr *)&there, &len));
	must(connect(fd, (struct sockaddr *)&there, len));
}

static void
tcp_pair(int *ret_client, int *ret_server)
{
	int listener = bound(SOCK_STREAM), on = 1;

	must(listen(listener, 1));
	*ret_client = socket(AF_INET, SOCK_STREAM, 0);
	must(setsockopt(*ret_client, SOL_SOCKET, SO_REUSEADDR, &on,
			sizeof(on)));
	connect_to(*ret_client, listener);
	*ret_server = accept(listener, NULL, NULL);
	must(*ret_server);
	close(listener);
}

/* Until neither queue takes more, and none moves any more. */
static size_t
fill(int fd)
{
	static char part[65536];
	size_t sent = 0;
	int before = -1, now;

	for (unsigned still = 0; still < 30; still++) {
		ssize_t n;

		for (size_t i = 0; i < sizeof(part); i++)
			part[i] = byte_at(sent + i);
		while ((n = send(fd, part, sizeof(part), MSG_DONTWAIT)) > 0) {
			sent += (size_t)n;
			for (size_t i = 0; i < sizeof(part); i++)
				part[i] = byte_at(sent + i);
		}
		must(ioctl(fd, TIOCOUTQ, &now));
		if (now != before)
			still = 0;
		before = now;
		usleep(20000);
	}
	return sent;
}

static void
drain(int fd, size_t len)
{
	static char part[65536];

	for (size_t done = 0; done < len;) {
		ssize_t n = recv(fd, part, sizeof(part), 0);

		must_be(n > 0);
		for (ssize_t i = 0; i < n; i++)
			must_be(part[i] == byte_at(done + (size_t)i));
		done += (size_t)n;
	}
}

/* -- leave: what respond gives, here with an eye on what is done with it -- */

static pid_t watched;
static json_t *asked;
static unsigned n_done;

/* A descriptor of ours for one of a suspect's. */
static int
of_suspect(pid_t pid, int fd)
{
	int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0), ours;

	ck_assert_int_ge(pid_fd, 0);
	ours = (int)syscall(SYS_pidfd_getfd, pid_fd, fd, 0);
	ck_assert_int_ge(ours, 0);
	close(pid_fd);
	return ours;
}

/* Before it is asked for and after it is done all is as it was. */
static void
check_unchanged(const json_t *sockets)
{
	size_t i;
	json_t *socket;

	json_array_foreach(sockets, i, socket) {
		const json_t *offset = json_object_get(socket, "peek_offset");
		const json_t *reuse = json_object_get(socket, "reuse_address");
		autoclose int fd =
			of_suspect(watched,
				   (int)json_integer_value(
					   json_object_get(socket, "fd")));

		if (offset != NULL)
			ck_assert_int_eq(option(fd, SOL_SOCKET, SO_PEEK_OFF),
					 json_integer_value(offset));
		if (reuse == NULL)
			continue;
		ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_REPAIR), 0);
		ck_assert_int_eq(option(fd, SOL_SOCKET, SO_REUSEADDR),
				 json_integer_value(reuse));
	}
}

static int
ask(void *arg, const json_t *sockets, struct firn_err *why)
{
	(void)arg;
	(void)why;
	check_unchanged(sockets);
	json_array_extend(asked, (json_t *)(uintptr_t)sockets);
	return 0;
}

static int
done(void *arg, struct firn_err *why)
{
	(void)arg;
	(void)why;
	check_unchanged(asked);
	n_done++;
	return 0;
}

static const struct firn_queue_leave leave = { ask, done, NULL };

static pid_t
watched_suspect(void (*run)(void))
{
	watched = suspect(run);
	asked = json_array();
	n_done = 0;
	what.queues = &leave;
	return watched;
}

/* The line of a queue; borrowed. */
static json_t *
queue_of(const json_t *lines, uint64_t inode, const char *which)
{
	json_t *line, *found = NULL;
	size_t i;

	json_array_foreach(lines, i, line) {
		if ((uint64_t)json_integer_value(
			    json_object_get(line, "inode")) == inode &&
		    strcmp(firn_json_string(line, "queue", NULL), which) == 0) {
			ck_assert_ptr_null(found);
			found = line;
		}
	}
	return found;
}

static const char *
bytes_of(const json_t *line, size_t *ret_len)
{
	const char *path = firn_json_string(line, "member", NULL);
	const json_t *member;

	ck_assert_msg(path != NULL, "no member");
	member = json_object_get(members, path);
	ck_assert_msg(member != NULL, "no member %s", path);
	*ret_len = json_string_length(member);
	ck_number(line, (json_int_t)*ret_len, "bytes");
	return json_string_value(member);
}

#define ck_bytes(line, expected)                              \
	do {                                                  \
		size_t its;                                   \
		const char *bytes = bytes_of(line, &its);     \
		ck_assert_uint_eq(its, sizeof(expected) - 1); \
		ck_assert_mem_eq(bytes, expected, its);       \
	} while (0)

/* Lengths of both queues, of all sockets there: columns of /proc/PID/net. */
static char *
queues_in_proc(pid_t pid, const char *table)
{
	char command[160];
	char *text = calloc(1, 4096);
	FILE *output;

	snprintf(command, sizeof(command),
		 "awk '{print $2, $4, $5, $10}' /proc/%d/net/%s | sort", pid,
		 table);
	output = popen(command, "r");
	ck_assert_ptr_nonnull(output);
	ck_assert_uint_gt(fread(text, 1, 4095, output), 0);
	pclose(output);
	return text;
}

/* -- TCP -- */

static void
fill_tcp(void)
{
	int client, server;
	size_t sent;

	unplug();
	tcp_pair(&client, &server);
	notes->inode[0] = inode_of(client);
	notes->inode[1] = inode_of(server);
	sent = fill(client);
	notes->inode[2] = sent;
	notes->port[0] = (unsigned)client;
	stand_still();
	must_be(option(client, SOL_SOCKET, SO_REUSEADDR) == 1);
	must_be(option(client, IPPROTO_TCP, TCP_REPAIR) == 0);
	must_be(option(server, SOL_SOCKET, SO_PEEK_OFF) == -1);
	drain(server, sent);
	/* And it goes on. */
	must(send(client, "more", 4, 0));
	must_be(recv(server, (char[8]){ 0 }, 8, 0) == 4);
	all_is_right();
}

static void
ck_stream(const char *bytes, size_t len, size_t from)
{
	for (size_t i = 0; i < len; i++)
		ck_assert_msg(bytes[i] == byte_at(from + i), "byte %zu", i);
}

START_TEST(both_queues_of_tcp_are_read_and_no_byte_of_the_stream_is_lost)
{
	pid_t pid = watched_suspect(fill_tcp);
	autofree char *before = queues_in_proc(pid, "tcp"), *after = NULL;
	autojson json_t *queues = NULL;
	const char *received, *sent;
	size_t total = notes->inode[2], n_received, n_sent;

	ck_assert_uint_gt(total, 2000000);
	capture();
	queues = lines_of("data/network/queues.jsonl");
	ck_assert_uint_eq(json_array_size(queues), 2);
	received = bytes_of(queue_of(queues, notes->inode[1], "receive"),
			    &n_received);
	sent = bytes_of(queue_of(queues, notes->inode[0], "send"), &n_sent);
	ck_assert_uint_gt(n_received, 10000);
	ck_assert_uint_gt(n_sent, 1000000);
	ck_stream(received, n_received, 0);
	/* What is acknowledged may still stand in a part that isn't. */
	ck_assert_uint_ge(n_received + n_sent, total);
	ck_stream(sent, n_sent, total - n_sent);
	ck_assert_uint_eq(json_array_size(asked), 1);
	ck_assert_uint_eq(n_done, 1);
	ck_number(json_array_get(asked, 0), 1, "reuse_address");
	after = queues_in_proc(pid, "tcp");
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(gaps_with("queue"), 0);
	go_on(pid);
}
END_TEST

START_TEST(without_leave_nothing_is_set_and_the_send_queue_is_a_gap)
{
	pid_t pid = watched_suspect(fill_tcp);
	autojson json_t *queues = NULL;
	json_t *line;
	size_t n;

	what.queues = NULL;
	capture();
	queues = lines_of("data/network/queues.jsonl");
	line = queue_of(queues, notes->inode[0], "send");
	ck_assert_ptr_nonnull(json_object_get(line, "not_read"));
	ck_assert_int_eq(gaps_with("send queue of socket:["), 1);
	bytes_of(queue_of(queues, notes->inode[1], "receive"), &n);
	ck_assert_uint_gt(n, 10000);
	go_on(pid);
}
END_TEST

START_TEST(a_socket_that_somebody_outside_holds_too_is_not_changed)
{
	pid_t pid = watched_suspect(fill_tcp);
	autoclose int ours = of_suspect(pid, (int)notes->port[0]);
	autojson json_t *queues = NULL;

	ck_assert_int_ge(ours, 0);
	capture();
	queues = lines_of("data/network/queues.jsonl");
	ck_assert_uint_eq(json_array_size(asked), 0);
	ck_assert_ptr_nonnull(
		json_object_get(queue_of(queues, notes->inode[0], "send"),
				"not_read"));
	ck_assert_int_eq(gaps_with("outside of the target"), 1);
	go_on(pid);
}
END_TEST

/* The offset from which it peeks is its own. */
static void
peek_itself(void)
{
	int client, server, offset = 2;
	char text[16];

	unplug();
	tcp_pair(&client, &server);
	notes->inode[0] = inode_of(server);
	must(setsockopt(server, SOL_SOCKET, SO_PEEK_OFF, &offset,
			sizeof(offset)));
	must(send(client, "abcdef", 6, 0));
	usleep(20000);
	stand_still();
	must_be(option(server, SOL_SOCKET, SO_PEEK_OFF) == 2);
	must_be(recv(server, text, sizeof(text), MSG_PEEK) == 4 &&
		memcmp(text, "cdef", 4) == 0);
	must_be(recv(server, text, sizeof(text), 0) == 6);
	all_is_right();
}

START_TEST(the_offset_at_which_a_suspect_peeks_is_as_it_was)
{
	pid_t pid = watched_suspect(peek_itself);
	autojson json_t *queues = NULL;

	capture();
	queues = lines_of("data/network/queues.jsonl");
	ck_bytes(queue_of(queues, notes->inode[0], "receive"), "abcdef");
	ck_number(json_array_get(asked, 0), 2, "peek_offset");
	go_on(pid);
}
END_TEST

static void
send_urgently(void)
{
	int client, server;
	char text[16];

	unplug();
	tcp_pair(&client, &server);
	notes->inode[0] = inode_of(server);
	must(send(client, "abc", 3, 0));
	must(send(client, "!", 1, MSG_OOB));
	must(send(client, "def", 3, 0));
	usleep(20000);
	stand_still();
	must_be(recv(server, text, sizeof(text), MSG_OOB) == 1);
	must_be(recv(server, text, sizeof(text), 0) == 3);
	must_be(recv(server, text, sizeof(text), 0) == 3 &&
		memcmp(text, "def", 3) == 0);
	all_is_right();
}

START_TEST(what_is_behind_urgent_data_is_said_to_be_missing)
{
	pid_t pid = watched_suspect(send_urgently);
	autojson json_t *queues = NULL;

	capture();
	queues = lines_of("data/network/queues.jsonl");
	ck_bytes(queue_of(queues, notes->inode[0], "receive"), "abc");
	ck_assert_int_eq(gaps_with("urgent"), 1);
	go_on(pid);
}
END_TEST

/* -- messages -- */

static const char *const words[] = { "one", "", "three", "" };
#define N_WORDS (sizeof(words) / sizeof(words[0]))

static void
send_words(int fd)
{
	for (size_t i = 0; i < N_WORDS; i++)
		must(send(fd, words[i], strlen(words[i]), 0));
	usleep(20000);
}

static void
hear_words(int fd)
{
	char text[16];

	for (size_t i = 0; i < N_WORDS; i++) {
		must_be(recv(fd, text, sizeof(text), MSG_DONTWAIT) ==
			(ssize_t)strlen(words[i]));
		must_be(memcmp(text, words[i], strlen(words[i])) == 0);
	}
	must_be(recv(fd, text, sizeof(text), MSG_DONTWAIT) < 0);
}

static void
ck_words(const json_t *line)
{
	const json_t *messages = json_object_get(line, "messages");

	ck_bytes(line, "onethree");
	ck_assert_uint_eq(json_array_size(messages), N_WORDS);
	for (size_t i = 0; i < N_WORDS; i++)
		ck_number(json_array_get(messages, i),
			  (json_int_t)strlen(words[i]), "bytes");
}

static void
fill_udp(void)
{
	int to = bound(SOCK_DGRAM), from, second, offset = 3;
	struct sockaddr_in here;
	socklen_t len = sizeof(here);

	close(to);
	unplug();
	to = bound(SOCK_DGRAM);
	from = bound(SOCK_DGRAM);
	connect_to(from, to);
	must(getsockname(from, (struct sockaddr *)&here, &len));
	notes->port[0] = ntohs(here.sin_port);
	notes->inode[0] = inode_of(to);
	send_words(from);
	second = bound(SOCK_DGRAM);
	connect_to(from, second);
	must(setsockopt(second, SOL_SOCKET, SO_PEEK_OFF, &offset,
			sizeof(offset)));
	notes->inode[1] = inode_of(second);
	must(send(from, "abcdef", 6, 0));
	usleep(20000);
	stand_still();
	must_be(option(to, SOL_SOCKET, SO_PEEK_OFF) == -1);
	must_be(option(second, SOL_SOCKET, SO_PEEK_OFF) == 3);
	must_be(fcntl(to, F_GETFL) == O_RDWR);
	hear_words(to);
	must_be(recv(second, (char[8]){ 0 }, 8, MSG_PEEK) == 3);
	all_is_right();
}

START_TEST(datagrams_of_udp_are_read_with_their_senders_and_borders)
{
	pid_t pid = watched_suspect(fill_udp);
	autofree char *before = queues_in_proc(pid, "udp"), *after = NULL;
	autojson json_t *queues = NULL;
	json_t *line;

	capture();
	queues = lines_of("data/network/queues.jsonl");
	ck_assert_uint_eq(json_array_size(queues), 2);
	line = queue_of(queues, notes->inode[0], "receive");
	ck_text(line, "udp", "protocol");
	ck_words(line);
	line = json_array_get(json_object_get(line, "messages"), 2);
	ck_text(line, "127.0.0.1", "from", "address");
	ck_number(line, notes->port[0], "from", "port");
	ck_bytes(queue_of(queues, notes->inode[1], "receive"), "abcdef");
	after = queues_in_proc(pid, "udp");
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(gaps_with("queue"), 0);
	go_on(pid);
}
END_TEST

/* An answer of ICMP's waits to be told to it. */
static void
be_refused(void)
{
	int ours, its;

	unplug();
	ours = bound(SOCK_DGRAM);
	its = bound(SOCK_DGRAM);
	connect_to(ours, its);
	connect_to(its, ours);
	notes->inode[0] = inode_of(ours);
	must(send(its, "hello", 5, 0));
	close(its);
	must(send(ours, "nobody", 6, 0));
	usleep(20000);
	stand_still();
	must_be(option(ours, SOL_SOCKET, SO_ERROR) == ECONNREFUSED);
	must_be(recv(ours, (char[8]){ 0 }, 8, MSG_DONTWAIT) == 5);
	all_is_right();
}

START_TEST(an_error_that_waits_for_the_suspect_is_not_taken_from_it)
{
	pid_t pid = watched_suspect(be_refused);

	capture();
	ck_assert_int_eq(gaps_with("an error waits"), 1);
	go_on(pid);
}
END_TEST

static void
fill_unix_messages(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX,
				    .sun_path = "\0sender" };
	int pair[2], seq[2];

	unplug();
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	must(bind(pair[0], (struct sockaddr *)&name,
		  offsetof(struct sockaddr_un, sun_path) + 7));
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, seq));
	notes->inode[0] = inode_of(pair[1]);
	notes->inode[1] = inode_of(seq[1]);
	send_words(pair[0]);
	must(send(seq[0], "alpha", 5, 0));
	must(send(seq[0], "be", 2, 0));
	must(shutdown(seq[0], SHUT_WR));
	stand_still();
	must_be(option(pair[1], SOL_SOCKET, SO_PEEK_OFF) == -1);
	hear_words(pair[1]);
	must_be(recv(seq[1], (char[8]){ 0 }, 8, 0) == 5);
	must_be(recv(seq[1], (char[8]){ 0 }, 8, 0) == 2);
	must_be(recv(seq[1], (char[8]){ 0 }, 8, 0) == 0);
	all_is_right();
}

START_TEST(messages_of_unix_sockets_are_read_with_their_borders)
{
	pid_t pid = watched_suspect(fill_unix_messages);
	autojson json_t *queues = NULL;
	json_t *line;

	capture();
	queues = lines_of("data/network/queues.jsonl");
	ck_assert_uint_eq(json_array_size(queues), 2);
	line = queue_of(queues, notes->inode[0], "receive");
	ck_words(line);
	ck_text(line, "datagram", "type");
	line = json_array_get(json_object_get(line, "messages"), 0);
	ck_assert_ptr_nonnull(
		strstr(firn_json_string(line, "from", "name", NULL), "sender"));
	line = queue_of(queues, notes->inode[1], "receive");
	ck_bytes(line, "alphabe");
	ck_assert_uint_eq(json_array_size(json_object_get(line, "messages")),
			  2);
	ck_assert_int_eq(gaps_with("queue"), 0);
	go_on(pid);
}
END_TEST

static void
send_with(int socket, const char *text, const int *fds, size_t n)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)text, strlen(text) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(head), fds, n * sizeof(int));
	must(sendmsg(socket, &message, 0));
}

static size_t
hear_with(int socket, const char *text, int fds[4])
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} control = { 0 };
	char heard[64];
	struct iovec part = { heard, strlen(text) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *head;

	must_be(recvmsg(socket, &message, MSG_DONTWAIT) ==
		(ssize_t)strlen(text));
	must_be(memcmp(heard, text, strlen(text)) == 0);
	head = CMSG_FIRSTHDR(&message);
	if (head == NULL)
		return 0;
	memcpy(fds, CMSG_DATA(head), head->cmsg_len - CMSG_LEN(0));
	return (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
}

static void
pass_descriptors(void)
{
	int stream[2], pipe_fds[2], fds[4];
	struct stat st;

	unplug();
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, stream));
	notes->inode[0] = inode_of(stream[1]);
	must(pipe(pipe_fds));
	notes->inode[1] = inode_of(pipe_fds[0]);
	fds[0] = open("secret", O_RDWR | O_CREAT, 0600);
	must(fds[0]);
	must(write(fds[0], "hidden", 6));
	must(unlink("secret"));
	notes->inode[2] = inode_of(fds[0]);
	fds[1] = pipe_fds[0];
	must(send(stream[0], "abc", 3, 0));
	send_with(stream[0], "def", fds, 2);
	must(send(stream[0], "ghi", 3, 0));
	send_with(stream[0], "jkl", fds + 1, 1);
	close(fds[0]);
	close(pipe_fds[0]);
	stand_still();
	/* Both queues and what flies are as they were. */
	must_be(option(stream[1], SOL_SOCKET, SO_PEEK_OFF) == -1);
	must_be(hear_with(stream[1], "abcdef", fds) == 2);
	must(fstat(fds[0], &st));
	must_be(st.st_ino == notes->inode[2] && st.st_size == 6);
	must_be(hear_with(stream[1], "ghijkl", fds) == 1);
	/* Nobody else reads it: ours is the only end. */
	close(fds[0]);
	close(fds[1]);
	signal(SIGPIPE, SIG_IGN);
	all_is_right();
}

START_TEST(descriptors_in_flight_are_described_and_stay_in_flight)
{
	pid_t pid = watched_suspect(pass_descriptors);
	autojson json_t *queues = NULL;
	const json_t *flying;
	json_t *line;

	capture();
	queues = lines_of("data/network/queues.jsonl");
	line = queue_of(queues, notes->inode[0], "receive");
	ck_bytes(line, "abcdefghijkl");
	ck_number(line, 3, "in_flight_in_all");
	flying = json_object_get(line, "in_flight");
	ck_assert_uint_eq(json_array_size(flying), 3);
	ck_text(json_array_get(flying, 0), "file", "type");
	ck_number(json_array_get(flying, 0), (json_int_t)notes->inode[2],
		  "inode");
	ck_number(json_array_get(flying, 0), 6, "size");
	ck_assert_ptr_nonnull(strstr(firn_json_string(json_array_get(flying, 0),
						      "link", NULL),
				     "/secret (deleted)"));
	ck_text(json_array_get(flying, 1), "pipe", "type");
	ck_number(json_array_get(flying, 2), (json_int_t)notes->inode[1],
		  "inode");
	ck_number(json_array_get(flying, 2), 6, "offset");
	ck_assert_int_eq(gaps_with("queue"), 0);
	go_on(pid);
}
END_TEST

/* Its server is nobody: who closes a file on it would wait for an answer. */
static void
pass_descriptors_beside_fuse(void)
{
	char options[64];
	int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	must(fuse);
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mkdir("fuse", 0700));
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
	must(mount("firn-test", "fuse", "fuse", 0, options));
	pass_descriptors();
}

START_TEST(descriptors_in_flight_are_not_taken_where_there_is_fuse)
{
	autojson json_t *queues = NULL;
	json_t *line;
	pid_t pid;

	if (access("/dev/fuse", F_OK) < 0)
		return;
	pid = watched_suspect(pass_descriptors_beside_fuse);
	capture();
	queues = lines_of("data/network/queues.jsonl");
	line = queue_of(queues, notes->inode[0], "receive");
	ck_bytes(line, "abcdefghijkl");
	ck_number(line, 3, "in_flight_in_all");
	ck_assert_ptr_null(json_object_get(line, "in_flight"));
	ck_assert_int_eq(gaps_with("descriptors in flight"), 1);
	go_on(pid);
}
END_TEST

/* With SO_PASSCRED the kernel does not glue what two have written. */
static void
write_as_two(void)
{
	int pair[2], on = 1;
	pid_t other;

	unplug();
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	must(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	notes->inode[0] = inode_of(pair[1]);
	must(send(pair[0], "mine", 4, 0));
	other = fork();
	if (other == 0) {
		must(send(pair[0], "other", 5, 0));
		_exit(0);
	}
	must(waitpid(other, NULL, 0));
	stand_still();
	must_be(option(pair[1], SOL_SOCKET, SO_PEEK_OFF) == -1);
	must_be(recv(pair[1], (char[16]){ 0 }, 16, 0) == 4);
	must_be(recv(pair[1], (char[16]){ 0 }, 16, 0) == 5);
	all_is_right();
}

START_TEST(a_stream_of_several_senders_is_read_to_its_end)
{
	pid_t pid = watched_suspect(write_as_two);
	autojson json_t *queues = NULL;

	capture();
	queues = lines_of("data/network/queues.jsonl");
	ck_bytes(queue_of(queues, notes->inode[0], "receive"), "mineother");
	go_on(pid);
}
END_TEST

/* -- kinds that show one message, or nothing -- */

static void
fill_others(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	struct {
		struct nlmsghdr header;
		struct rtgenmsg body;
	} request = { { sizeof(request), RTM_GETLINK,
			NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		      { AF_UNSPEC } };
	int raw, packet, netlink, sender, listener, client;
	char text[8192];

	unplug();
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	raw = socket(AF_INET, SOCK_RAW, 253);
	packet = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
	sender = socket(AF_INET, SOCK_RAW, 253);
	must(sender);
	must(shutdown(sender, SHUT_RD) < 0 && errno != ENOTCONN ? -1 : 0);
	must(sendto(sender, "payload", 7, 0, (struct sockaddr *)&here,
		    sizeof(here)));
	netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	must(send(netlink, &request, sizeof(request), 0));
	listener = bound(SOCK_STREAM);
	must(listen(listener, 1));
	client = socket(AF_INET, SOCK_STREAM, 0);
	connect_to(client, listener);
	notes->inode[0] = inode_of(raw);
	notes->inode[1] = inode_of(packet);
	notes->inode[2] = inode_of(netlink);
	notes->inode[3] = inode_of(listener);
	notes->inode[4] =
		inode_of(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
	usleep(20000);
	stand_still();
	must_be(recv(raw, text, sizeof(text), MSG_DONTWAIT) == 27);
	must_be(recv(packet, text, sizeof(text), MSG_DONTWAIT) == 41);
	must_be(recv(netlink, text, sizeof(text), MSG_DONTWAIT) > 100);
	all_is_right();
}

START_TEST(what_shows_only_in_part_or_not_at_all_is_said)
{
	pid_t pid = watched_suspect(fill_others);
	autojson json_t *queues = NULL;
	json_t *line;
	const char *bytes;
	size_t n;

	capture();
	queues = lines_of("data/network/queues.jsonl");
	line = queue_of(queues, notes->inode[0], "receive");
	ck_text(line, "raw", "protocol");
	bytes = bytes_of(line, &n);
	ck_assert_uint_eq(n, 27);
	ck_assert_mem_eq(bytes + 20, "payload", 7);
	line = queue_of(queues, notes->inode[1], "receive");
	ck_text(line, "packet", "protocol");
	ck_number(json_array_get(json_object_get(line, "messages"), 0),
		  ETH_P_IP, "from", "ethertype");
	bytes = bytes_of(line, &n);
	ck_assert_uint_eq(n, 41);
	ck_assert_mem_eq(bytes + 34, "payload", 7);
	line = queue_of(queues, notes->inode[2], "receive");
	ck_text(line, "netlink", "protocol");
	ck_assert(json_object_get(line, "not_read") != NULL ||
		  json_object_get(line, "member") != NULL);
	line = queue_of(queues, notes->inode[3], "receive");
	ck_assert_ptr_nonnull(
		strstr(firn_json_string(line, "not_read", NULL), "accepted"));
	line = queue_of(queues, notes->inode[4], "receive");
	ck_number(line, AF_VSOCK, "domain");
	ck_assert_ptr_nonnull(json_object_get(line, "not_read"));
	ck_assert_int_ge(gaps_with("only the first message"), 2);
	ck_assert_uint_eq(json_array_size(asked), 0);
	go_on(pid);
}
END_TEST

/* -- what is meant to hold us up -- */

static int locked_fd, locked_too_fd;

/* `*ret_fd` can be read once somebody waits for it. */
static void *
memory_that_never_comes(int *ret_fd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	area.range.start = (uint64_t)(uintptr_t)page;
	area.range.len = 4096;
	must(fd);
	must(ioctl(fd, UFFDIO_API, &api));
	must(ioctl(fd, UFFDIO_REGISTER, &area));
	*ret_fd = fd;
	return page;
}

static void *
receive_to_nowhere(void *page)
{
	must(recv(locked_fd, page, 4096, 0));
	return page;
}

static void *
send_from_nowhere(void *page)
{
	send(locked_too_fd, page, 4096, 0);
	return page;
}

/* Its threads hold the sockets' locks for as long as they live. */
static void
lock_sockets(void)
{
	int locked[2], open[2], server;
	struct pollfd waiting[2] = { { .events = POLLIN },
				     { .events = POLLIN } };
	void *to = memory_that_never_comes(&waiting[0].fd);
	void *from = memory_that_never_comes(&waiting[1].fd);
	pthread_t thread;

	unplug();
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, locked));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, open));
	must(send(locked[0], "hello", 5, 0));
	must(send(open[0], "world", 5, 0));
	notes->inode[0] = inode_of(locked[1]);
	notes->inode[1] = inode_of(open[1]);
	locked_fd = locked[1];
	tcp_pair(&locked_too_fd, &server);
	must(send(server, "again", 5, 0));
	notes->inode[2] = inode_of(locked_too_fd);
	must_be(pthread_create(&thread, NULL, receive_to_nowhere, to) == 0);
	must_be(pthread_create(&thread, NULL, send_from_nowhere, from) == 0);
	must_be(poll(&waiting[0], 1, 10000) == 1);
	must_be(poll(&waiting[1], 1, 10000) == 1);
	ready();
}

START_TEST(sockets_that_are_locked_hold_nobody_up)
{
	autojson json_t *queues = NULL, *sockets = NULL;

	watched_suspect(lock_sockets);
	capture();
	queues = lines_of("data/network/queues.jsonl");
	ck_assert_ptr_nonnull(
		json_object_get(queue_of(queues, notes->inode[0], "receive"),
				"not_read"));
	ck_assert_ptr_nonnull(
		json_object_get(queue_of(queues, notes->inode[2], "receive"),
				"not_read"));
	ck_assert_int_eq(gaps_with("its owner holds its lock"), 2);
	/* sock_diag waits for it, too; the other list is there. */
	ck_assert_int_eq(gaps_with("sock_diag of tcp"), 1);
	sockets = lines_of("data/network/sockets.jsonl");
	ck_text(one_by(sockets, "inode", notes->inode[2]), "/proc/PID/net",
		"source");
	ck_bytes(queue_of(queues, notes->inode[1], "receive"), "world");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		both_queues_of_tcp_are_read_and_no_byte_of_the_stream_is_lost,
		without_leave_nothing_is_set_and_the_send_queue_is_a_gap,
		a_socket_that_somebody_outside_holds_too_is_not_changed,
		the_offset_at_which_a_suspect_peeks_is_as_it_was,
		what_is_behind_urgent_data_is_said_to_be_missing,
		datagrams_of_udp_are_read_with_their_senders_and_borders,
		an_error_that_waits_for_the_suspect_is_not_taken_from_it,
		messages_of_unix_sockets_are_read_with_their_borders,
		descriptors_in_flight_are_described_and_stay_in_flight,
		descriptors_in_flight_are_not_taken_where_there_is_fuse,
		a_stream_of_several_senders_is_read_to_its_end,
		what_shows_only_in_part_or_not_at_all_is_said,
		sockets_that_are_locked_hold_nobody_up,
	};
	Suite *suite = suite_create("queues");
	TCase *tcase = tcase_create("queues");

	if (geteuid() != 0) {
		puts("skipped: making a network namespace takes root");
		return 77;
	}
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
