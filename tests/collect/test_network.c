#include "collect/network_fixture.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_alg.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A network of its own, with loopback up. */
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

/* Bound to a loopback address and a port that the kernel chooses. */
static int
bound(int domain, int type, int protocol, size_t note)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	socklen_t len = sizeof(six);
	int fd = socket(domain, type, protocol);

	must(fd);
	four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	six.sin6_addr = in6addr_loopback;
	if (domain == AF_INET)
		must(bind(fd, (struct sockaddr *)&four, sizeof(four)));
	else
		must(bind(fd, (struct sockaddr *)&six, sizeof(six)));
	must(getsockname(fd, (struct sockaddr *)&six, &len));
	notes->inode[note] = inode_of(fd);
	notes->port[note] = ntohs(six.sin6_port); /* the same place in both */
	return fd;
}

static int
listening(int domain, size_t note)
{
	int fd = bound(domain, SOCK_STREAM, 0, note);

	must(listen(fd, 7));
	return fd;
}

static int
connected(int domain, int to, size_t note)
{
	struct sockaddr_in6 address;
	socklen_t len = sizeof(address);
	int fd = socket(domain, SOCK_STREAM, 0);

	must(fd);
	must(getsockname(to, (struct sockaddr *)&address, &len));
	must(connect(fd, (struct sockaddr *)&address, len));
	notes->inode[note] = inode_of(fd);
	return fd;
}

static int
accepted(int from, size_t note)
{
	int fd = accept(from, NULL, NULL);

	must(fd);
	notes->inode[note] = inode_of(fd);
	return fd;
}

static void
speak_tcp(void)
{
	int server, client, peer, on = 1;

	unplug();
	server = listening(AF_INET, 0);
	client = connected(AF_INET, server, 1);
	peer = accepted(server, 2);
	must(setsockopt(client, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	/* Five bytes arrive and are not read, and then no more. */
	must(send(client, "hello", 5, 0));
	must(shutdown(client, SHUT_WR));
	(void)peer;
	/* One that waits to be accepted. */
	connected(AF_INET, server, 3);
	server = listening(AF_INET6, 4);
	connected(AF_INET6, server, 5);
	ready();
}

START_TEST(tcp_is_found_in_every_state_with_its_queues_and_owner)
{
	pid_t pid = suspect(speak_tcp);
	autojson json_t *sockets = NULL;
	json_t *line;

	capture();
	sockets = lines_of("data/network/sockets.jsonl");
	line = one_by(sockets, "inode", notes->inode[0]);
	ck_text(line, "listening", "state");
	ck_text(line, "tcp", "protocol");
	ck_text(line, "127.0.0.1", "local", "address");
	ck_number(line, notes->port[0], "local", "port");
	ck_number(line, 1, "waiting_connections");
	ck_number(line, 7, "waiting_connections_max");
	ck_assert(is_owned_by(line, pid));
	line = one_by(sockets, "inode", notes->inode[1]);
	ck_text(line, "fin_wait_2", "state");
	ck_number(line, notes->port[0], "remote", "port");
	ck_number(line, 5, "tcp_info", "sent_bytes");
	ck_text(line, "keepalive", "timer", "kind");
	line = one_by(sockets, "inode", notes->inode[2]);
	ck_text(line, "close_wait", "state");
	/* The end of the stream counts as one byte. */
	ck_number(line, 6, "receive_queue_bytes");
	ck_number(line, 6, "tcp_info", "received_bytes");
	ck_assert_int_gt(json_integer_value(json_object_get(line, "cookie")),
			 0);
	ck_assert(is_owned_by(line, pid));
	line = one_by(sockets, "inode", notes->inode[3]);
	ck_text(line, "established", "state");
	line = one_by(sockets, "inode", notes->inode[5]);
	ck_text(line, "inet6", "family");
	ck_text(line, "::1", "remote", "address");
	ck_number(line, notes->port[4], "remote", "port");
	ck_assert_str_eq(text_of("data/network/disagreements.jsonl"), "");
}
END_TEST

static void
speak_otherwise(void)
{
	struct sock_filter drop[] = { { BPF_RET | BPF_K, 0, 0, 0x4711 } };
	struct sock_fprog filter = { 1, drop };
	struct sockaddr_nl groups = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd;

	unplug();
	bound(AF_INET, SOCK_DGRAM, 0, 0);
	bound(AF_INET6, SOCK_DGRAM, 0, 1);
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	must(fd);
	notes->inode[2] = inode_of(fd);
	fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	must(fd);
	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
			sizeof(filter)));
	notes->inode[3] = inode_of(fd);
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	must(fd);
	must(bind(fd, (struct sockaddr *)&groups, sizeof(groups)));
	notes->inode[4] = inode_of(fd);
	ready();
}

START_TEST(udp_raw_packet_and_netlink_sockets_are_found)
{
	pid_t pid = suspect(speak_otherwise);
	autojson json_t *sockets = NULL;
	json_t *line;

	capture();
	sockets = lines_of("data/network/sockets.jsonl");
	for (size_t i = 0; i < 5; i++)
		ck_assert(is_owned_by(one_by(sockets, "inode", notes->inode[i]),
				      pid));
	line = one_by(sockets, "inode", notes->inode[0]);
	ck_text(line, "udp", "protocol");
	ck_number(line, notes->port[0], "local", "port");
	line = one_by(sockets, "inode", notes->inode[1]);
	ck_text(line, "udp6", "protocol");
	ck_text(line, "::1", "local", "address");
	/* No sock_diag for raw sockets here, or there is: both do. */
	line = one_by(sockets, "inode", notes->inode[2]);
	ck_text(line, "raw", "protocol");
	line = one_by(sockets, "inode", notes->inode[3]);
	ck_text(line, "packet", "family");
	ck_number(line, ETH_P_ALL, "ethertype");
	ck_assert_ptr_nonnull(
		strstr(firn_json_string(line, "filter", NULL), "11470000"));
	line = one_by(sockets, "inode", notes->inode[4]);
	ck_text(line, "netlink", "family");
	ck_number(line, NETLINK_ROUTE, "netlink_protocol");
	ck_assert_str_eq(text_of("data/network/disagreements.jsonl"), "");
}
END_TEST

static void
speak_locally(void)
{
	struct sockaddr_un file = { AF_UNIX, "speak" };
	struct sockaddr_un name = { AF_UNIX, "" };
	int pair[2], fd, client;

	unplug();
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	notes->inode[0] = inode_of(pair[0]);
	notes->inode[1] = inode_of(pair[1]);
	must(send(pair[0], "hello", 5, 0));
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	must(fd);
	must(bind(fd, (struct sockaddr *)&file, sizeof(file)));
	must(listen(fd, 3));
	notes->inode[2] = inode_of(fd);
	client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	must(connect(client, (struct sockaddr *)&file, sizeof(file)));
	notes->inode[3] = inode_of(client);
	/* An abstract name that fakes a line of /proc/net/unix. */
	memcpy(name.sun_path, "\0\033[2J\n0: 2 0 10000 1 1 4711 \377x\0", 31);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	must(fd);
	must(bind(fd, (struct sockaddr *)&name, 2 + 31));
	notes->inode[4] = inode_of(fd);
	ready();
}

START_TEST(unix_sockets_are_found_with_peers_queues_and_hostile_names)
{
	pid_t pid = suspect(speak_locally);
	autojson json_t *sockets = NULL, *findings = NULL;
	struct stat st;
	json_t *line;

	capture();
	sockets = lines_of("data/network/sockets.jsonl");
	line = one_by(sockets, "inode", notes->inode[0]);
	ck_text(line, "stream", "type");
	ck_number(line, (json_int_t)notes->inode[1], "peer", "inode");
	ck_assert(is_owned_by(json_object_get(line, "peer"), pid));
	line = one_by(sockets, "inode", notes->inode[1]);
	ck_number(line, 5, "receive_queue_bytes");
	line = one_by(sockets, "inode", notes->inode[2]);
	ck_text(line, "listening", "state");
	ck_text(line, "speak", "name");
	ck_number(line, 1, "waiting_connections");
	ck_number(line, 3, "waiting_connections_max");
	ck_number(json_array_get(json_object_get(line, "waiting"), 0),
		  (json_int_t)notes->inode[3], "inode");
	ck_assert_int_eq(stat("speak", &st), 0);
	ck_number(line, (json_int_t)st.st_ino, "file_inode");
	ck_number(line, (json_int_t)st.st_dev, "file_device");
	line = one_by(sockets, "inode", notes->inode[4]);
	ck_assert(json_is_true(json_object_get(line, "abstract")));
	ck_assert_ptr_nonnull(json_object_get(line, "name_b64"));
	/* The line that it faked is a disagreement, and its doubt is named. */
	findings = lines_of("data/network/disagreements.jsonl");
	ck_assert_uint_eq(json_array_size(findings), 1);
	line = one_by(findings, "inode", 4711);
	ck_text(line, "/proc/PID/net", "only_in");
	ck_assert_ptr_nonnull(json_object_get(line, "doubt"));
}
END_TEST

static int shared_fd;

static void
share(void)
{
	unplug();
	shared_fd = bound(AF_INET, SOCK_DGRAM, 0, 0);
	/* What ready() says must be heard once. */
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Elsewhere, and no member. */
		must(unshare(CLONE_NEWNET));
		notes->port[1] = (unsigned)getpid();
		for (;;)
			pause();
	}
	while (*(volatile unsigned *)&notes->port[1] == 0)
		usleep(1000);
	ready();
}

START_TEST(a_socket_names_everybody_who_holds_it_also_outside)
{
	pid_t pid = suspect(share);
	autojson json_t *sockets = NULL;
	size_t i;
	json_t *line, *owner;

	capture();
	sockets = lines_of("data/network/sockets.jsonl");
	line = one_by(sockets, "inode", notes->inode[0]);
	ck_assert(is_owned_by(line, pid));
	ck_assert(is_owned_by(line, (pid_t)notes->port[1]));
	json_array_foreach(json_object_get(line, "owners"), i, owner)
		ck_assert_int_eq(json_is_true(json_object_get(owner, "member")),
				 json_integer_value(
					 json_object_get(owner, "pid")) == pid);
}
END_TEST

static void *
hide_in_thread(void *arg)
{
	/* Neither /proc/PID/fd nor /proc/PID/ns/net shows what follows. */
	must(unshare(CLONE_FILES));
	unplug();
	bound(AF_INET6, SOCK_RAW, 99, 0);
	notes->port[1] = (unsigned)gettid();
	(void)arg;
	ready();
	return NULL;
}

static void
run_thread(void)
{
	pthread_t thread;

	unplug();
	if (pthread_create(&thread, NULL, hide_in_thread, NULL) != 0)
		_exit(1);
	for (;;)
		pause();
}

START_TEST(a_thread_with_descriptors_and_a_network_of_its_own_is_found)
{
	pid_t pid = suspect(run_thread);
	autojson json_t *sockets = NULL, *views = NULL;
	json_t *line;

	capture();
	sockets = lines_of("data/network/sockets.jsonl");
	line = one_by(sockets, "inode", notes->inode[0]);
	ck_text(line, "raw6", "protocol");
	ck_assert(is_owned_by(line, pid));
	ck_number(json_array_get(json_object_get(line, "owners"), 0),
		  notes->port[1], "tid");
	ck_ok(firn_json_parse(text_of("data/network/namespaces.json"),
			      strlen(text_of("data/network/namespaces.json")),
			      "namespaces", &views, &err));
	ck_assert_uint_eq(json_array_size(json_object_get(views, "namespaces")),
			  2);
}
END_TEST

static void
leave_network(void)
{
	struct sockaddr_alg hash = { AF_ALG, "hash", 0, 0, "sha256" };
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd;

	must(unshare(CLONE_NEWNET));
	fd = socket(AF_INET, SOCK_STREAM, 0); /* in no list, harmless */
	must(fd);
	notes->inode[1] = inode_of(fd);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	must(fd);
	notes->inode[0] = inode_of(fd);
	fd = socket(AF_ALG, SOCK_SEQPACKET, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&hash, sizeof(hash)) == 0)
		notes->inode[2] = inode_of(fd);
	/* Nobody is there any more. */
	must(setns(home, CLONE_NEWNET));
	close(home);
	must(unshare(CLONE_NEWNET));
	ready();
}

START_TEST(a_socket_in_a_namespace_that_nobody_is_in_is_found)
{
	pid_t pid = suspect(leave_network);
	autojson json_t *sockets = NULL;
	uint64_t own = target.namespaces.inode[FIRN_NS_NET];
	json_t *line;

	capture();
	sockets = lines_of("data/network/sockets.jsonl");
	line = one_by(sockets, "inode", notes->inode[0]);
	ck_text(line, "sock_diag", "source");
	ck_assert(is_owned_by(line, pid));
	ck_assert_int_ne(json_integer_value(json_object_get(line, "netns")),
			 (json_int_t)own);
	line = one_by(sockets, "inode", notes->inode[1]);
	ck_text(line, "descriptor", "source");
	ck_text(line, "inet", "family");
	ck_text(line, "stream", "type");
	if (notes->inode[2] != 0)
		ck_text(one_by(sockets, "inode", notes->inode[2]), "alg",
			"family");
	ck_assert_str_eq(text_of("data/network/disagreements.jsonl"), "");
}
END_TEST

static void
be_on_the_host(void)
{
	bound(AF_INET, SOCK_DGRAM, 0, 0);
	ready();
}

static void
be_another(void)
{
	bound(AF_INET, SOCK_DGRAM, 0, 1);
	ready();
}

START_TEST(on_the_hosts_network_all_is_taken_and_members_are_marked)
{
	pid_t pid = suspect(be_on_the_host), other = start(be_another);
	autojson json_t *sockets = NULL;
	json_t *line, *owner;

	capture();
	sockets = lines_of("data/network/sockets.jsonl");
	line = one_by(sockets, "inode", notes->inode[0]);
	ck_assert(is_owned_by(line, pid));
	line = one_by(sockets, "inode", notes->inode[1]);
	ck_assert(is_owned_by(line, other));
	owner = json_array_get(json_object_get(line, "owners"), 0);
	ck_assert(json_is_false(json_object_get(owner, "member")));
}
END_TEST

static void
do_nothing_alone(void)
{
	unplug();
	ready();
}

START_TEST(of_the_hosts_network_only_what_an_escapee_holds_is_taken)
{
	pid_t pid;
	autojson json_t *sockets = NULL;
	json_t *line;

	suspect(do_nothing_alone);
	pid = suspect(be_on_the_host);
	start(be_another);
	capture();
	sockets = lines_of("data/network/sockets.jsonl");
	line = one_by(sockets, "inode", notes->inode[0]);
	ck_assert(is_owned_by(line, pid));
	ck_assert_uint_eq(count_uint(sockets, "inode", notes->inode[1]), 0);
}
END_TEST

START_TEST(a_process_without_sockets_gives_empty_lists_and_no_gap)
{
	autojson json_t *sockets = NULL;
	char path[96];
	json_t *line;
	size_t i;

	suspect(do_nothing_alone);
	capture();
	ck_assert_str_eq(text_of("data/network/disagreements.jsonl"), "");
	/* The kernel's own, and not those by which we look in. */
	sockets = lines_of("data/network/sockets.jsonl");
	json_array_foreach(sockets, i, line)
		ck_assert(json_is_true(json_object_get(line, "kernel")));
	ck_assert_ptr_nonnull(
		strstr(text_of("data/network/interfaces.jsonl"), "\"lo\""));
	ck_assert_ptr_nonnull(
		strstr(text_of("data/network/addresses.jsonl"), "127.0.0.1"));
	snprintf(path, sizeof(path), "data/network/proc/%llu/tcp",
		 (unsigned long long)target.namespaces.inode[FIRN_NS_NET]);
	ck_assert_ptr_nonnull(strstr(text_of(path), "local_address"));
	ck_assert_str_eq(text_of("data/gaps.jsonl"), "");
}
END_TEST

START_TEST(the_network_of_the_dead_is_a_gap_not_a_failure)
{
	pid_t pid = suspect(do_nothing_alone);

	end_suspect(pid);
	n_suspects = 0;
	capture();
	ck_assert_int_eq(gaps_with("network namespaces"), 1);
	ck_assert_str_eq(text_of("data/network/sockets.jsonl"), "");
}
END_TEST

static void
have_a_network(void)
{
	unplug();
	if (system("ip link add firnnet0 type veth peer name firnnet1 && "
		   "ip addr add 10.99.7.1/24 dev firnnet0 && "
		   "ip link set firnnet0 up && "
		   "ip route add 10.98.0.0/16 via 10.99.7.2 table 77 && "
		   "ip rule add fwmark 7 table 77 && "
		   "ip neigh add 10.99.7.2 lladdr 02:00:00:00:00:07 "
		   "dev firnnet0 && "
		   "nft add table inet firnnet && "
		   "nft add chain inet firnnet in "
		   "'{ type filter hook input priority 0; }' && "
		   "nft add set inet firnnet bad '{ type ipv4_addr; }' && "
		   "nft add element inet firnnet bad '{ 10.66.6.6 }' && "
		   "nft add rule inet firnnet in ct state established "
		   "counter accept") != 0)
		_exit(1);
	/* Something to track. */
	{
		int server = listening(AF_INET, 0);

		connected(AF_INET, server, 1);
		accepted(server, 2);
	}
	ready();
}

START_TEST(routes_rules_neighbours_firewall_and_tracked_connections_are_kept)
{
	autojson json_t *tracked = NULL;
	json_t *line;
	size_t i;
	bool found = false;

	suspect(have_a_network);
	capture();
	ck_assert_ptr_nonnull(
		strstr(text_of("data/network/interfaces.jsonl"), "firnnet0"));
	ck_assert_ptr_nonnull(
		strstr(text_of("data/network/addresses.jsonl"), "10.99.7.1"));
	ck_assert_ptr_nonnull(strstr(text_of("data/network/routes.jsonl"),
				     "\"destination\":\"10.98.0.0\""));
	ck_assert_ptr_nonnull(
		strstr(text_of("data/network/rules.jsonl"), "\"table\":77"));
	ck_assert_ptr_nonnull(strstr(text_of("data/network/neighbours.jsonl"),
				     "02:00:00:00:00:07"));
	ck_assert_ptr_nonnull(strstr(text_of("data/network/firewall.jsonl"),
				     "\"entry\":\"rule\""));
	ck_assert_ptr_nonnull(strstr(text_of("data/network/firewall.jsonl"),
				     "\"value\":\"0a420606\""));
	tracked = lines_of("data/network/conntrack.jsonl");
	json_array_foreach(tracked, i, line) {
		json_t *port = firn_json_at(line, "original", "transport",
					    "destination_port", NULL);

		if (json_integer_value(port) != notes->port[0])
			continue;
		found = true;
		ck_text(line, "127.0.0.1", "original", "ip", "source");
	}
	ck_assert(found);
	ck_assert_str_eq(text_of("data/gaps.jsonl"), "");
}
END_TEST

static void
connect_to_host(void)
{
	struct sockaddr_un file = { AF_UNIX, "host.sock" };
	int fd;

	unplug();
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	must(fd);
	must(connect(fd, (struct sockaddr *)&file, sizeof(file)));
	notes->inode[0] = inode_of(fd);
	ready();
}

START_TEST(the_hosts_end_of_a_unix_connection_is_found_with_its_owner)
{
	struct sockaddr_un file = { AF_UNIX, "host.sock" };
	autoclose int server = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	autoclose int other = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	autojson json_t *sockets = NULL;
	json_t *line;

	ck_assert_int_eq(bind(server, (struct sockaddr *)&file, sizeof(file)),
			 0);
	fcntl(server, F_SETFD, 0);
	suspect(connect_to_host);
	capture();
	sockets = lines_of("data/network/sockets.jsonl");
	line = one_by(sockets, "inode", notes->inode[0]);
	ck_number(line, (json_int_t)inode_of(server), "peer", "inode");
	line = one_by(sockets, "inode", inode_of(server));
	ck_text(line, "host.sock", "name");
	ck_assert(is_owned_by(line, getpid()));
	/* Nothing else of the host's, unless the suspect has inherited it. */
	ck_assert_uint_eq(count_uint(sockets, "inode", notes->inode[1]), 0);
	ck_assert_int_ge(other, 0);
}
END_TEST

static void
listen_once(void)
{
	unplug();
	listening(AF_INET, 0);
	ready();
}

/* Mounts of one's own, which the host's proc(5) is read under. */
static void
mount_over(const char *file, const char *over)
{
	char command[256];

	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	snprintf(command, sizeof(command),
		 "mount --make-rprivate / && mount --bind %s %s", file, over);
	ck_assert_int_eq(system(command), 0);
	firn_host_close(&host);
	ck_ok(firn_host_open(&host, "/", &err));
}

/* As one can without a kernel module: another file mounted over it.  It lacks
 * the socket that there is, and has one that there is not. */
START_TEST(a_socket_that_only_one_witness_knows_is_a_disagreement)
{
	pid_t pid = suspect(listen_once);
	autojson json_t *findings = NULL, *sockets = NULL;
	char command[256], over[64];
	json_t *line;

	snprintf(
		command, sizeof(command),
		"mkdir lie && cp /proc/%d/net/unix /proc/%d/net/netlink lie && "
		"sed -e 's/ %llu / 4711 /' /proc/%d/net/tcp > lie/tcp",
		pid, pid, (unsigned long long)notes->inode[0], pid);
	snprintf(over, sizeof(over), "/proc/%d/task/%d/net", pid, pid);
	ck_assert_int_eq(system(command), 0);
	mount_over("lie", over);
	capture();
	findings = lines_of("data/network/disagreements.jsonl");
	line = one_by(findings, "inode", notes->inode[0]);
	ck_text(line, "sock_diag", "only_in");
	ck_text(line, "tcp", "protocol");
	ck_assert(json_is_true(json_object_get(line, "confirmed")));
	ck_assert(is_owned_by(line, pid));
	line = one_by(findings, "inode", 4711);
	ck_text(line, "/proc/PID/net", "only_in");
	ck_assert(json_is_true(json_object_get(line, "confirmed")));
	ck_assert_uint_eq(json_array_size(findings), 2);
	sockets = lines_of("data/network/sockets.jsonl");
	line = one_by(sockets, "inode", notes->inode[0]);
	ck_text(line, "sock_diag", "source");
	line = one_by(sockets, "inode", 4711);
	ck_text(line, "/proc/PID/net", "source");
	ck_text(line, "127.0.0.1", "local", "address");
	ck_number(line, notes->port[0], "local", "port");
}
END_TEST

static int held_fd;

static void
hold(void)
{
	int fd = dup(held_fd);

	unplug();
	must(fd);
	ready();
}

START_TEST(a_socket_of_the_hosts_that_was_passed_in_is_found)
{
	autojson json_t *sockets = NULL;
	json_t *line;
	pid_t pid;

	held_fd = bound(AF_INET, SOCK_DGRAM, 0, 0);
	pid = suspect(hold);
	capture();
	close(held_fd);
	sockets = lines_of("data/network/sockets.jsonl");
	line = one_by(sockets, "inode", notes->inode[0]);
	ck_text(line, "udp", "protocol");
	ck_number(line, notes->port[0], "local", "port");
	ck_assert(is_owned_by(line, pid));
	ck_assert(is_owned_by(line, getpid()));
}
END_TEST

START_TEST(
	without_the_kernels_symbols_nothing_is_asked_that_could_load_a_module)
{
	autojson json_t *sockets = NULL;
	json_t *line;
	pid_t pid = suspect(speak_locally);

	ck_assert_int_eq(system(": > nothing"), 0);
	mount_over("nothing", "/proc/kallsyms");
	capture();
	sockets = lines_of("data/network/sockets.jsonl");
	line = one_by(sockets, "inode", notes->inode[2]);
	ck_text(line, "/proc/PID/net", "source");
	ck_text(line, "listening", "state");
	ck_text(line, "speak", "name_in_proc");
	ck_assert(is_owned_by(line, pid));
	ck_assert_str_eq(text_of("data/network/disagreements.jsonl"), "");
	ck_assert_int_eq(gaps_with("sock_diag of unix"), 1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		tcp_is_found_in_every_state_with_its_queues_and_owner,
		udp_raw_packet_and_netlink_sockets_are_found,
		unix_sockets_are_found_with_peers_queues_and_hostile_names,
		a_socket_names_everybody_who_holds_it_also_outside,
		a_thread_with_descriptors_and_a_network_of_its_own_is_found,
		a_socket_in_a_namespace_that_nobody_is_in_is_found,
		on_the_hosts_network_all_is_taken_and_members_are_marked,
		of_the_hosts_network_only_what_an_escapee_holds_is_taken,
		a_process_without_sockets_gives_empty_lists_and_no_gap,
		the_network_of_the_dead_is_a_gap_not_a_failure,
		routes_rules_neighbours_firewall_and_tracked_connections_are_kept,
		the_hosts_end_of_a_unix_connection_is_found_with_its_owner,
		a_socket_that_only_one_witness_knows_is_a_disagreement,
		a_socket_of_the_hosts_that_was_passed_in_is_found,
		without_the_kernels_symbols_nothing_is_asked_that_could_load_a_module,
	};
	Suite *suite = suite_create("network");
	TCase *tcase = tcase_create("network");

	if (geteuid() != 0) {
		puts("skipped: making a network namespace takes root");
		return 77;
	}
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
