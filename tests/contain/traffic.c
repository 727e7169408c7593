/*
 * traffic -- two sides that send each other everything, and count what arrives.
 *
 *	traffic box FILE TAG INTERFACE ADDRESS4 ADDRESS6    in the container
 *	traffic peer FILE INTERFACE                         in another netns
 *	traffic flows FILE TAG MS KIND...    wait until each kind has moved
 *	traffic quiet FILE TAG SINCE MS KIND...    after MS, nothing later than
 *	                                           SINCE (ns, CLOCK_REALTIME)
 *	traffic count FILE TAG KIND
 *	traffic hold INTERFACE         a socket in a network namespace that
 *nobody lives in, once it has that interface traffic programs BPF programs on
 *each interface here
 *
 * Both sides send every 5 ms: two TCP streams of numbers that must come in
 *order and without a hole, new TCP connections, UDP, ICMP, frames of an
 *Ethernet type for experiments, by both families.  A box has a tag, by which it
 *is told from others: its ports are 7000 + 10 * TAG and up.  FILE is mapped
 *memory: when what arrived last, and how many.  What came in on the wire is
 *timed by the kernel, so that a slow reader isn't blamed on a cut.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

enum {
	TAGS = 16,
	TICK_MS = 5,
	NEW_EVERY = 10, /* ticks */
	ETHERTYPE = 0x88b5
};

/* What arrived.  The first ten are seen on the wire, with the kernel's time. */
enum kind {
	TCP4, /* of the streams, acknowledgements too */
	TCP6,
	NEW4, /* a connection begins */
	NEW6,
	UDP4,
	UDP6,
	PING4,
	PING6,
	RAW,
	BYPASS, /* a frame that passed by the queueing discipline */
	PONG4,  /* the kernel's answers */
	PONG6,
	FRAME, /* anything, at a packet socket of the box */
	STREAM4,
	STREAM6,
	BROKEN, /* a hole in a stream, or its end */
	KINDS
};

static const char *const names[KINDS] = {
	"tcp4",  "tcp6",    "new4",    "new6",   "udp4",  "udp6",
	"ping4", "ping6",   "raw",     "bypass", "pong4", "pong6",
	"frame", "stream4", "stream6", "broken"
};

struct seen {
	_Atomic uint64_t n, last_ns;
};

struct counts {
	struct seen seen[TAGS][KINDS];
};

static struct counts *counts;

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
saw(unsigned tag, enum kind kind, uint64_t when)
{
	if (tag >= TAGS)
		return;
	counts->seen[tag][kind].n++;
	counts->seen[tag][kind].last_ns = when;
}

static void
map_counts(const char *path, bool make)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | (make ? O_CREAT : 0), 0644);

	if (fd < 0 || (make && ftruncate(fd, sizeof(*counts)) < 0))
		die(path);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED,
		      fd, 0);
	if (counts == MAP_FAILED)
		die("mmap");
	close(fd);
}

/* An address of either family, with a port. */
union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t
size_of(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4)
						 : sizeof(address->v6);
}

static union address
make_address(int family, const char *text, unsigned port)
{
	union address address = { 0 };

	address.any.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		address.v4.sin_port = htons((uint16_t)port);
		inet_pton(family, text, &address.v4.sin_addr);
	} else {
		address.v6.sin6_port = htons((uint16_t)port);
		inet_pton(family, text, &address.v6.sin6_addr);
	}
	return address;
}

static void
set_port(union address *address, unsigned port)
{
	address->v4.sin_port = htons((uint16_t)port);
}

static int
make_socket(int family, int type, int protocol)
{
	static const int on = 1;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return fd;
}

static int
bound(int family, int type, unsigned port)
{
	union address any = make_address(family, "", port);
	int fd = make_socket(family, type, 0);

	if (bind(fd, &any.any, size_of(&any)) < 0)
		die("bind");
	if (type == SOCK_STREAM && listen(fd, 64) < 0)
		die("listen");
	return fd;
}

/* What is said to one other side, over one family. */
struct talk {
	unsigned tag;
	int family;
	union address other; /* port 0: not known yet */
	int stream_fd;       /* -1 */
	uint64_t sent, got;  /* the next numbers */
	unsigned char out[8], in[8];
	size_t n_out, n_in; /* bytes of them that are done */
	int new_fd;
};

static unsigned
base(const struct talk *talk)
{
	return 7000 + 10 * talk->tag;
}

static void
write_stream(struct talk *talk)
{
	for (int i = 0; i < 16; i++) {
		ssize_t n;

		if (talk->n_out == 0)
			memcpy(talk->out, &talk->sent, 8);
		n = send(talk->stream_fd, talk->out + talk->n_out,
			 8 - talk->n_out, MSG_NOSIGNAL);
		if (n < 0)
			return;
		talk->n_out = (talk->n_out + (size_t)n) % 8;
		if (talk->n_out == 0)
			talk->sent++;
	}
}

static void
read_stream(struct talk *talk)
{
	for (;;) {
		ssize_t n = recv(talk->stream_fd, talk->in + talk->n_in,
				 8 - talk->n_in, 0);
		uint64_t number;

		if (n < 0 && (errno == EAGAIN || errno == EINPROGRESS ||
			      errno == ENOTCONN))
			return;
		if (n <= 0) {
			fprintf(stderr, "stream of %u: %s\n", talk->tag,
				n == 0 ? "ended" : strerror(errno));
			saw(talk->tag, BROKEN, now_ns());
			close(talk->stream_fd);
			talk->stream_fd = -1;
			return;
		}
		talk->n_in += (size_t)n;
		if (talk->n_in < 8)
			continue;
		talk->n_in = 0;
		memcpy(&number, talk->in, 8);
		if (number != talk->got)
			saw(talk->tag, BROKEN, now_ns());
		talk->got = number + 1;
		saw(talk->tag, talk->family == AF_INET ? STREAM4 : STREAM6,
		    now_ns());
	}
}

/* The answer doesn't matter: what is counted is that it was asked. */
static void
begin_new(struct talk *talk, unsigned port)
{
	union address other = talk->other;

	if (talk->new_fd >= 0)
		close(talk->new_fd);
	talk->new_fd = make_socket(talk->family, SOCK_STREAM, 0);
	set_port(&other, port);
	(void)connect(talk->new_fd, &other.any, size_of(&other));
}

static uint16_t
checksum(const void *data, size_t size)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < size / 2; i++)
		sum += words[i];
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t) ~(sum + (sum >> 16));
}

static void
ping(const struct talk *talk, int fd4, int fd6)
{
	struct icmphdr v4 = { .type = ICMP_ECHO };
	struct icmp6_hdr v6 = { .icmp6_type = ICMP6_ECHO_REQUEST };
	union address other = talk->other;

	set_port(&other, 0);
	if (talk->family == AF_INET) {
		v4.un.echo.id = htons((uint16_t)(0x7000 + talk->tag));
		v4.checksum = checksum(&v4, sizeof(v4));
		(void)sendto(fd4, &v4, sizeof(v4), 0, &other.any,
			     size_of(&other));
	} else {
		v6.icmp6_id = htons((uint16_t)(0x7000 + talk->tag));
		(void)sendto(fd6, &v6, sizeof(v6), 0, &other.any,
			     size_of(&other));
	}
}

/* --- on the wire --------------------------------------------------------- */

struct wire {
	int fd, bypass_fd;
	unsigned ifindex;
	unsigned char mac[6];
};

static void
open_wire(struct wire *wire, const char *interface)
{
	static const int on = 1;
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL) };
	int big = 8 << 20;

	wire->ifindex = if_nametoindex(interface);
	if (wire->ifindex == 0)
		die(interface);
	at.sll_ifindex = (int)wire->ifindex;
	wire->fd = make_socket(AF_PACKET, SOCK_RAW, 0);
	setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
	if (setsockopt(wire->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) <
		    0 ||
	    bind(wire->fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("packet socket");
	wire->bypass_fd = make_socket(AF_PACKET, SOCK_RAW, 0);
	if (setsockopt(wire->bypass_fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on,
		       sizeof(on)) < 0)
		die("PACKET_QDISC_BYPASS");
}

static void
send_frames(const struct wire *wire, unsigned tag)
{
	unsigned char frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				    2,    0xf1, 0xf2, 0xf3, 0xf4, 0 };
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = (int)wire->ifindex,
				  .sll_halen = 6 };

	frame[11] = (unsigned char)tag;
	frame[12] = ETHERTYPE >> 8;
	frame[13] = ETHERTYPE & 0xff;
	frame[14] = (unsigned char)tag;
	(void)sendto(wire->fd, frame, sizeof(frame), 0, (struct sockaddr *)&to,
		     sizeof(to));
	frame[15] = 1;
	(void)sendto(wire->bypass_fd, frame, sizeof(frame), 0,
		     (struct sockaddr *)&to, sizeof(to));
}

static void
saw_tcp(const unsigned char *tcp, bool v4, uint64_t when)
{
	unsigned to = (unsigned)tcp[2] << 8 | tcp[3];

	if (to < 7000 || to >= 7000 + 10 * TAGS)
		return;
	if (to % 10 == 1)
		saw((to - 7000) / 10, v4 ? TCP4 : TCP6, when);
	else if (to % 10 == 2)
		saw((to - 7000) / 10, v4 ? NEW4 : NEW6, when);
}

static void
saw_ip(unsigned protocol, const unsigned char *at, bool v4, uint64_t when)
{
	unsigned to = (unsigned)at[2] << 8 | at[3],
		 id = (unsigned)at[4] << 8 | at[5];
	unsigned request = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST,
		 reply = v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;

	if (protocol == IPPROTO_TCP)
		saw_tcp(at, v4, when);
	else if (protocol == IPPROTO_UDP && to >= 7000 && to % 10 == 3)
		saw((to - 7000) / 10, v4 ? UDP4 : UDP6, when);
	else if (protocol == (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) &&
		 id >> 8 == 0x70 && at[0] == request)
		saw(id & 0xff, v4 ? PING4 : PING6, when);
	else if (protocol == (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) &&
		 id >> 8 == 0x70 && at[0] == reply)
		saw(id & 0xff, v4 ? PONG4 : PONG6, when);
}

static void
saw_frame(const unsigned char *frame, size_t size, uint64_t when)
{
	unsigned type = (unsigned)frame[12] << 8 | frame[13];

	if (type == ETH_P_IP && size >= 42)
		saw_ip(frame[23], frame + 14 + 4 * (frame[14] & 15u), true,
		       when);
	else if (type == ETH_P_IPV6 && size >= 62)
		saw_ip(frame[20], frame + 54, false, when);
	else if (type == ETHERTYPE)
		saw(frame[14], frame[15] != 0 ? BYPASS : RAW, when);
}

static uint64_t
time_of(struct msghdr *message)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);
	struct timespec when;

	if (head == NULL || head->cmsg_type != SCM_TIMESTAMPNS)
		return now_ns();
	memcpy(&when, CMSG_DATA(head), sizeof(when));
	return (uint64_t)when.tv_sec * 1000000000u + (uint64_t)when.tv_nsec;
}

/* `tag` of a box, which counts any frame; 0 of the peer, who reads them. */
static void
read_wire(const struct wire *wire, unsigned tag)
{
	for (;;) {
		union {
			struct cmsghdr align;
			char space[256];
		} control;
		unsigned char frame[2048] = { 0 };
		struct sockaddr_ll from = { 0 };
		struct iovec part = { frame, sizeof(frame) };
		struct msghdr message = { .msg_name = &from,
					  .msg_namelen = sizeof(from),
					  .msg_iov = &part,
					  .msg_iovlen = 1,
					  .msg_control = &control,
					  .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(wire->fd, &message, 0);

		if (n < 0)
			return;
		if (from.sll_pkttype == PACKET_OUTGOING || n < 14)
			continue;
		if (tag != 0)
			saw(tag, FRAME, time_of(&message));
		else
			saw_frame(frame, (size_t)n, time_of(&message));
	}
}

/* --- the box ------------------------------------------------------------- */

static void
box_listen(unsigned tag, int udp_fd, int new_fd, bool v4)
{
	char byte[64];
	int fd;

	while (recv(udp_fd, byte, sizeof(byte), 0) >= 0)
		saw(tag, v4 ? UDP4 : UDP6, now_ns());
	while ((fd = accept(new_fd, NULL, NULL)) >= 0) {
		saw(tag, v4 ? NEW4 : NEW6, now_ns());
		close(fd);
	}
}

/* Until the other side answers: addresses may come later than we do. */
static void
box_connect(struct talk *talk)
{
	union address other = talk->other;
	struct pollfd ready;

	set_port(&other, base(talk) + 1);
	for (;;) {
		talk->stream_fd = make_socket(talk->family, SOCK_STREAM, 0);
		(void)connect(talk->stream_fd, &other.any, size_of(&other));
		ready = (struct pollfd){ talk->stream_fd, POLLOUT, 0 };
		if (poll(&ready, 1, 500) == 1 &&
		    (ready.revents & (POLLERR | POLLHUP)) == 0)
			return;
		close(talk->stream_fd);
		usleep(50000);
	}
}

static _Noreturn void
box(char **argv)
{
	unsigned tag = (unsigned)atoi(argv[1]);
	struct talk talks[2] = { { .tag = tag, .family = AF_INET },
				 { .tag = tag, .family = AF_INET6 } };
	int udp_fds[2], new_fds[2], ping4, ping6;
	struct wire wire;

	map_counts(argv[0], true);
	for (size_t i = 0; i < 2; i++) {
		struct talk *talk = &talks[i];

		talk->new_fd = -1;
		talk->other = make_address(talk->family, argv[3 + i], 0);
		udp_fds[i] = bound(talk->family, SOCK_DGRAM, base(talk) + 4);
		new_fds[i] = bound(talk->family, SOCK_STREAM, base(talk) + 5);
		box_connect(talk);
	}
	ping4 = make_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	ping6 = make_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	open_wire(&wire, argv[2]);
	for (unsigned tick = 0;; tick++) {
		for (size_t i = 0; i < 2; i++) {
			union address other = talks[i].other;

			if (talks[i].stream_fd >= 0)
				write_stream(&talks[i]);
			if (talks[i].stream_fd >= 0)
				read_stream(&talks[i]);
			set_port(&other, base(&talks[i]) + 3);
			(void)sendto(udp_fds[i], "u", 1, 0, &other.any,
				     size_of(&other));
			if (tick % NEW_EVERY == 0)
				begin_new(&talks[i], base(&talks[i]) + 2);
			ping(&talks[i], ping4, ping6);
			box_listen(tag, udp_fds[i], new_fds[i], i == 0);
		}
		send_frames(&wire, tag);
		read_wire(&wire, tag);
		usleep(TICK_MS * 1000);
	}
}

/* --- the peer ------------------------------------------------------------ */

struct side {
	struct talk talk;
	int listen_fd, new_fd, udp_fd;
};

static void
peer_side(struct side *side, unsigned tick, int ping4, int ping6)
{
	struct talk *talk = &side->talk;
	union address from = { 0 };
	socklen_t size = sizeof(from);
	char byte[64];
	int fd;

	while (recvfrom(side->udp_fd, byte, sizeof(byte), 0, &from.any,
			&size) >= 0) {
		talk->other = from;
		size = sizeof(from);
	}
	while ((fd = accept4(side->new_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		close(fd);
	fd = accept4(side->listen_fd, NULL, NULL, SOCK_NONBLOCK);
	if (fd >= 0) {
		if (talk->stream_fd >= 0)
			close(talk->stream_fd);
		talk->stream_fd = fd;
		talk->sent = talk->got = 0;
		talk->n_in = talk->n_out = 0;
	}
	if (talk->stream_fd >= 0)
		write_stream(talk);
	if (talk->stream_fd >= 0)
		read_stream(talk);
	if (talk->other.v4.sin_port == 0)
		return;
	(void)sendto(side->udp_fd, "u", 1, 0, &talk->other.any,
		     size_of(&talk->other));
	ping(talk, ping4, ping6);
	if (tick % NEW_EVERY == 0)
		begin_new(talk, base(talk) + 5);
}

static _Noreturn void
peer(char **argv)
{
	static struct side sides[TAGS][2];
	int ping4 = make_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP),
	    ping6 = make_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	struct wire wire;

	map_counts(argv[0], true);
	open_wire(&wire, argv[1]);
	for (unsigned tag = 1; tag < TAGS; tag++)
		for (size_t i = 0; i < 2; i++) {
			struct talk talk = { .tag = tag,
					     .family = i == 0 ? AF_INET
							      : AF_INET6,
					     .stream_fd = -1,
					     .new_fd = -1 };

			sides[tag][i] = (struct side){
				.talk = talk,
				.listen_fd = bound(talk.family, SOCK_STREAM,
						   base(&talk) + 1),
				.new_fd = bound(talk.family, SOCK_STREAM,
						base(&talk) + 2),
				.udp_fd = bound(talk.family, SOCK_DGRAM,
						base(&talk) + 3),
			};
		}
	for (unsigned tick = 0;; tick++) {
		for (unsigned tag = 1; tag < TAGS; tag++)
			for (size_t i = 0; i < 2; i++)
				peer_side(&sides[tag][i], tick, ping4, ping6);
		send_frames(&wire, 0);
		read_wire(&wire, 0);
		usleep(TICK_MS * 1000);
	}
}

/* --- the questions ------------------------------------------------------- */

static enum kind
kind_of(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(names[i], name) == 0)
			return (enum kind)i;
	fprintf(stderr, "no kind %s\n", name);
	exit(2);
}

static int
flows(char **argv)
{
	unsigned tag = (unsigned)atoi(argv[1]), left = (unsigned)atoi(argv[2]);
	uint64_t before[KINDS];
	int failed = 0;

	map_counts(argv[0], false);
	for (size_t i = 0; i < KINDS; i++)
		before[i] = counts->seen[tag][i].n;
	for (argv += 3; *argv != NULL; argv++) {
		enum kind kind = kind_of(*argv);

		for (; counts->seen[tag][kind].n <= before[kind] && left >= 10;
		     left -= 10)
			usleep(10000);
		if (counts->seen[tag][kind].n > before[kind])
			continue;
		printf(" %s", *argv);
		failed = 1;
	}
	return failed;
}

static int
quiet(char **argv)
{
	unsigned tag = (unsigned)atoi(argv[1]);
	uint64_t since = strtoull(argv[2], NULL, 10);
	int failed = 0;

	map_counts(argv[0], false);
	usleep((unsigned)atoi(argv[3]) * 1000);
	for (argv += 4; *argv != NULL; argv++) {
		uint64_t last = counts->seen[tag][kind_of(*argv)].last_ns;

		if (last <= since)
			continue;
		printf(" %s(+%llu us)", *argv,
		       (unsigned long long)(last - since) / 1000);
		failed = 1;
	}
	return failed;
}

static int
count(char **argv)
{
	map_counts(argv[0], false);
	printf("%llu\n",
	       (unsigned long long)counts->seen[atoi(argv[1])][kind_of(argv[2])]
		       .n);
	return 0;
}

static _Noreturn void
hold(const char *interface)
{
	int back = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (back < 0 || unshare(CLONE_NEWNET) < 0)
		die("unshare");
	make_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	while (if_nametoindex(interface) == 0)
		usleep(10000);
	if (setns(back, CLONE_NEWNET) < 0)
		die("setns");
	close(back);
	for (;;)
		pause();
}

static int
programs(void)
{
	static const unsigned places[] = { 46, 47 }; /* tcx */
	struct if_nameindex *all = if_nameindex();

	for (size_t i = 0; all != NULL && all[i].if_index != 0; i++)
		for (size_t k = 0; k < 2; k++) {
			uint32_t ids[16] = { 0 };
			union bpf_attr attr = { 0 };

			attr.query.target_fd = all[i].if_index;
			attr.query.attach_type = places[k];
			attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
			attr.query.prog_cnt = 16;
			if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr,
				    sizeof(attr)) < 0)
				attr.query.prog_cnt = 0;
			printf("%s %u:", all[i].if_name, places[k]);
			for (size_t n = 0; n < attr.query.prog_cnt; n++)
				printf(" %u", ids[n]);
			putchar('\n');
		}
	return 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "box") == 0 && argc == 7)
		box(argv + 2);
	if (strcmp(what, "peer") == 0 && argc == 4)
		peer(argv + 2);
	if (strcmp(what, "flows") == 0 && argc > 5)
		return flows(argv + 2);
	if (strcmp(what, "quiet") == 0 && argc > 6)
		return quiet(argv + 2);
	if (strcmp(what, "count") == 0 && argc == 5)
		return count(argv + 2);
	if (strcmp(what, "hold") == 0 && argc == 3)
		hold(argv[2]);
	if (strcmp(what, "programs") == 0)
		return programs();
	fprintf(stderr, "traffic: not like that\n");
	return 2;
}
