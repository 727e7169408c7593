#include "drilled.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/userfaultfd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_reset.h"
#include "host/netns.h"
#include "host/rtnl.h"
#include "respond/drill_link.h"

/* On the drill's container, whose intruder has a connection to us that it sends
 * on every 50 ms. */

static bool
is_reset(int fd, int wait_ms)
{
	struct pollfd end = { .fd = fd, .events = POLLRDHUP };
	char data[4096];
	ssize_t n;

	if (poll(&end, 1, wait_ms) <= 0)
		return false;
	do
		n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	while (n > 0);
	return n < 0 && errno == ECONNRESET;
}

static json_t *
isolate(bool reset)
{
	const struct firn_isolation how = { .reset = reset };
	json_t *said = NULL;

	ck_ok(firn_isolate(target, ledger, &how, &said, &err));
	return said;
}

static json_int_t
number(const json_t *object, const char *a, const char *b)
{
	return json_integer_value(firn_json_at(object, a, b, NULL));
}

static void
is_told(const json_t *said)
{
	autofree char *text = json_dumps(said, 0);

	ck_assert_msg(is_reset(container.beacon_fd, 2000), "%s", text);
}

START_TEST(its_peer_gets_a_reset)
{
	autojson json_t *said = isolate(true), *open = NULL;
	autofree char *text = json_dumps(said, 0);

	is_told(said);
	ck_assert_msg(number(said, "reset", "destroyed") >= 1, "%s", text);
	ck_assert_int_eq(number(said, "reset", "failed"), 0);
	ck_assert_str_eq(firn_json_string(said, "state", NULL), "isolated");
	open = firn_ledger_open_changes(ledger, "reset");
	ck_assert_uint_eq(json_array_size(open), 0);
}
END_TEST

START_TEST(without_it_the_peer_hears_nothing)
{
	autojson json_t *said = isolate(false);
	struct pollfd any = { .fd = container.beacon_fd,
			      .events = POLLIN | POLLRDHUP };
	char data[4096];

	ck_assert_ptr_nonnull(said);
	while (recv(any.fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	ck_assert_int_eq(poll(&any, 1, 500), 0);
}
END_TEST

/* The intruder that has lost its connection makes another. */
START_TEST(afterwards_it_is_as_cut_as_before)
{
	autojson json_t *said = isolate(true);
	struct pollfd new = { .fd = container.listen_fd, .events = POLLIN };

	ck_assert_ptr_nonnull(said);
	is_told(said);
	ck_assert_int_eq(poll(&new, 1, 1200), 0);
}
END_TEST

START_TEST(it_is_written_down_before)
{
	autojson json_t *said = isolate(true);
	const json_t *lines = firn_ledger_lines(ledger), *line;
	bool asked = false, done = false;
	char local[64];
	size_t i;

	ck_assert_ptr_nonnull(said);
	json_array_foreach(lines, i, line) {
		const char *action = firn_json_string(line, "action", NULL);
		const char *phase = firn_json_string(line, "phase", NULL);
		const json_t *first = json_array_get(
			firn_json_at(line, "details", "sockets", NULL), 0);
		const char *remote = firn_json_string(first, "remote", NULL);

		/* Where the host translates addresses, its flows are another
		 * change, without sockets. */
		if (strcmp(action, "reset") != 0 || first == NULL)
			continue;
		snprintf(local, sizeof(local), "%s:%u", FIRN_DRILL_HOST,
			 container.port);
		ck_assert_ptr_nonnull(remote);
		ck_assert_str_eq(remote, local);
		asked |= strcmp(phase, "asked") == 0;
		done |= asked && strcmp(phase, "final") == 0;
	}
	ck_assert(asked && done);
}
END_TEST

START_TEST(what_is_not_cut_is_not_reset)
{
	json_t *said = NULL;

	ck_fails(firn_reset(target, ledger, &said, &err), EPERM);
	ck_assert(!is_reset(container.beacon_fd, 200));
}
END_TEST

static int
connects(const char *address, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &to.sin_addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		_exit(2);
	return fd;
}

/* A pair over loopback, and a server on the outside. */
static void
talks_to_itself(int fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int server = socket(AF_INET, SOCK_STREAM, 0), client, other;
	char byte = 0;

	if (bind(server, (struct sockaddr *)&at, len) < 0 ||
	    listen(server, 1) < 0 ||
	    getsockname(server, (struct sockaddr *)&at, &len) < 0)
		_exit(1);
	client = connects("127.0.0.1", ntohs(at.sin_port));
	other = accept(server, NULL, NULL);
	guest_waits(fd, 'r');
	if (send(client, "x", 1, MSG_NOSIGNAL) != 1 ||
	    recv(other, &byte, 1, 0) != 1)
		guest_waits(fd, 'c');
	client = connects("127.0.0.1", ntohs(at.sin_port));
	if (accept(server, NULL, NULL) < 0)
		guest_waits(fd, 's');
	guest_waits(fd, 'k');
}

START_TEST(what_stays_inside_goes_on)
{
	struct guest guest =
		guest_starts(IN_CGROUP | IN_NETNS, talks_to_itself);
	autojson json_t *said = NULL;

	ck_ok(firn_target_scan(target, &err));
	said = isolate(true);
	ck_assert_int_eq(guest_says(&guest), 'k');
	guest_ends(&guest);
	is_told(said);
}
END_TEST

static void
has_a_connection(int fd)
{
	int client = connects(FIRN_DRILL_HOST, container.port);
	char byte;

	guest_waits(fd, 'r');
	guest_waits(fd,
		    recv(client, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN
			    ? 'k'
			    : 'd');
}

/* As dockerd's own sockets in a container's namespace, or nsenter(1). */
START_TEST(a_tool_of_the_hosts_keeps_its_connection)
{
	struct guest guest = guest_starts(IN_NETNS, has_a_connection);
	autojson json_t *said = NULL;

	ck_ok(firn_target_scan(target, &err));
	said = isolate(true);
	ck_assert_int_eq(guest_says(&guest), 'k');
	guest_ends(&guest);
	ck_assert_int_ge(number(said, "reset", "destroyed"), 1);
}
END_TEST

/* A dual-stack socket, as many servers have. */
static void
has_a_mapped_connection(int fd)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_port = htons(container.port) };
	int client = socket(AF_INET6, SOCK_STREAM, 0);
	char byte;

	inet_pton(AF_INET6, "::ffff:" FIRN_DRILL_HOST, &to.sin6_addr);
	if (connect(client, (struct sockaddr *)&to, sizeof(to)) < 0)
		_exit(1);
	guest_waits(fd, 'r');
	guest_waits(fd, recv(client, &byte, 1, MSG_DONTWAIT) < 0 &&
					errno == ECONNABORTED
				? 'd'
				: 'k');
}

static void
has_a_connected_datagram_socket(int fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(53) };
	int client = socket(AF_INET, SOCK_DGRAM, 0);
	char byte;

	inet_pton(AF_INET, FIRN_DRILL_HOST, &to.sin_addr);
	if (connect(client, (struct sockaddr *)&to, sizeof(to)) < 0)
		_exit(1);
	guest_waits(fd, 'r');
	guest_waits(fd, recv(client, &byte, 1, MSG_DONTWAIT) < 0 &&
					errno == ECONNABORTED
				? 'd'
				: 'k');
}

START_TEST(every_kind_of_connection_ends)
{
	static void (*const kinds[])(int) = { has_a_mapped_connection,
					      has_a_connected_datagram_socket };
	struct guest guest = guest_starts(IN_NETNS | IN_CGROUP, kinds[_i]);
	autojson json_t *said = NULL;

	ck_ok(firn_target_scan(target, &err));
	said = isolate(true);
	ck_assert_int_eq(guest_says(&guest), 'd');
	guest_ends(&guest);
	ck_assert_int_eq(number(said, "reset", "failed"), 0);
}
END_TEST

START_TEST(a_process_of_its_cgroup_loses_it)
{
	struct guest guest =
		guest_starts(IN_NETNS | IN_CGROUP, has_a_connection);
	autojson json_t *said = NULL;

	ck_ok(firn_target_scan(target, &err));
	said = isolate(true);
	ck_assert_int_eq(guest_says(&guest), 'd');
	guest_ends(&guest);
	ck_assert_int_ge(number(said, "reset", "destroyed"), 2);
}
END_TEST

static void *
never_given_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	area.range.start = (uint64_t)(uintptr_t)page;
	area.range.len = 4096;
	if (fd < 0 || page == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) < 0 ||
	    ioctl(fd, UFFDIO_REGISTER, &area) < 0)
		_exit(3);
	return page;
}

/* Holds the lock of its socket for as long as it lives. */
static void
sends_what_is_not_there(int fd)
{
	int client = connects(FIRN_DRILL_HOST, container.port);
	const void *page = never_given_page();
	char ready = 'r';

	if (write(fd, &ready, 1) == 1)
		(void)send(client, page, 4096, 0);
}

START_TEST(a_socket_that_its_owner_has_locked_holds_nobody_up)
{
	struct guest guest =
		guest_starts(IN_NETNS | IN_CGROUP, sends_what_is_not_there);
	autojson json_t *said = NULL;
	uint64_t start_ns;

	usleep(100000); /* until it waits */
	ck_ok(firn_target_scan(target, &err));
	start_ns = firn_monotonic_ns();
	said = isolate(true);
	ck_assert_uint_lt(firn_monotonic_ns() - start_ns, 5000000000ull);
	guest_ends(&guest);
	ck_assert_int_eq(number(said, "reset", "failed"), 1);
	ck_assert_int_ge(number(said, "reset", "destroyed"), 1);
	is_told(said);
}
END_TEST

/* One tracked connection, as if packets had made it. */
struct tracked {
	const char *from, *to;
};

static void
put_tuple(struct nlmsghdr *request, uint16_t type, const char *from,
	  const char *to)
{
	struct nlattr *tuple = mnl_attr_nest_start(request, type), *part;
	struct in_addr address;

	part = mnl_attr_nest_start(request, CTA_TUPLE_IP);
	inet_pton(AF_INET, from, &address);
	mnl_attr_put_u32(request, CTA_IP_V4_SRC, address.s_addr);
	inet_pton(AF_INET, to, &address);
	mnl_attr_put_u32(request, CTA_IP_V4_DST, address.s_addr);
	mnl_attr_nest_end(request, part);
	part = mnl_attr_nest_start(request, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(request, CTA_PROTO_NUM, IPPROTO_UDP);
	mnl_attr_put_u16(request, CTA_PROTO_SRC_PORT, htons(4444));
	mnl_attr_put_u16(request, CTA_PROTO_DST_PORT, htons(4444));
	mnl_attr_nest_end(request, part);
	mnl_attr_nest_end(request, tuple);
}

static int
ask_conntrack(int fd, uint16_t type, uint16_t flags,
	      const struct tracked *tracked)
{
	unsigned char buffer[1024]
		__attribute__((aligned(__alignof__(struct nlmsghdr)))) = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *head =
		mnl_nlmsg_put_extra_header(request, sizeof(*head));

	request->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	head->nfgen_family = AF_INET;
	put_tuple(request, CTA_TUPLE_ORIG, tracked->from, tracked->to);
	if (type == IPCTNL_MSG_CT_NEW) {
		put_tuple(request, CTA_TUPLE_REPLY, tracked->to, tracked->from);
		mnl_attr_put_u32(request, CTA_TIMEOUT, htonl(60));
	}
	return firn_rtnl_ask(fd, request, flags, &err);
}

static void
track(int fd, const struct tracked *tracked)
{
	ck_ok(ask_conntrack(fd, IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL,
			    tracked));
}

/* Was it still there? */
static bool
untrack(int fd, const struct tracked *tracked)
{
	return ask_conntrack(fd, IPCTNL_MSG_CT_DELETE, 0, tracked) == 0;
}

START_TEST(tracked_connections_of_its_addresses_go)
{
	const struct tracked its = { FIRN_DRILL_GUEST, "203.0.113.7" },
			     other = { "203.0.113.8", "203.0.113.7" };
	static const int protocol = NETLINK_NETFILTER;
	autoclose int here = -1, there = -1, netns = -1;
	autojson json_t *said = NULL;
	bool kept_here, kept_there;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)container.pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	here = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	ck_ok(firn_netns_sockets(netns, &protocol, 1, &there, &err));
	track(here, &its);
	track(here, &other);
	track(there, &its);
	track(there, &other);
	said = isolate(true);
	kept_here = untrack(here, &other);
	kept_there = untrack(there, &other);
	ck_assert(kept_here && kept_there);
	ck_assert(!untrack(here, &its) && !untrack(there, &its));
	ck_assert_int_ge(json_integer_value(firn_json_at(said, "reset", "flows",
							 "host", NULL)),
			 1);
	ck_assert_int_ge(json_integer_value(firn_json_at(said, "reset", "flows",
							 "container", NULL)),
			 1);
}
END_TEST

START_TEST(after_a_crash_nothing_of_it_is_left)
{
	const struct firn_authority authority = { 0 };
	autojson json_t *said = NULL, *open = NULL;
	pid_t pid;

	firn_ledger_close(&ledger);
	pid = fork();
	if (pid == 0) {
		if (firn_ledger_open(&ledger, target->id, &authority, &err) < 0)
			_exit(1);
		said = isolate(true);
		pause();
	}
	usleep((useconds_t)_i * 9000 + 10000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_ok(firn_ledger_open(&ledger, target->id, &authority, &err));
	ck_ok(firn_release(ledger, &said, &err));
	open = firn_ledger_open_changes(ledger, NULL);
	ck_assert_uint_eq(json_array_size(open), 0);
}
END_TEST

START_TEST(an_interrupted_one_is_ended_by_whoever_comes_next)
{
	autojson json_t *said = isolate(false), *again = NULL, *open = NULL,
			*changes = firn_ledger_open_changes(ledger, "isolate"),
			*details = json_object();
	const char *path = firn_json_string(json_array_get(changes, 0),
					    "details", "counters", NULL);
	autoclose int fd = firn_cut_open_counters(path);
	uint64_t change;
	int64_t left;

	ck_assert_ptr_nonnull(said);
	ck_ok(firn_ledger_ask(ledger, "reset", details, &change, &err));
	ck_ok(firn_purse_fill(fd, 7, &err));
	again = isolate(false);
	ck_assert(json_is_true(json_object_get(again, "already")));
	ck_ok(firn_purse_left(fd, &left, &err));
	ck_assert_int_eq(left, 0);
	open = firn_ledger_open_changes(ledger, "reset");
	ck_assert_uint_eq(json_array_size(open), 0);
}
END_TEST

static void
add(TCase *tcase)
{
	tcase_add_test(tcase,
		       an_interrupted_one_is_ended_by_whoever_comes_next);

	tcase_add_test(tcase, its_peer_gets_a_reset);
	tcase_add_test(tcase, without_it_the_peer_hears_nothing);
	tcase_add_test(tcase, afterwards_it_is_as_cut_as_before);
	tcase_add_test(tcase, it_is_written_down_before);
	tcase_add_test(tcase, what_is_not_cut_is_not_reset);
	tcase_add_test(tcase, what_stays_inside_goes_on);
	tcase_add_test(tcase, a_tool_of_the_hosts_keeps_its_connection);
	tcase_add_test(tcase, a_process_of_its_cgroup_loses_it);
	tcase_add_loop_test(tcase, every_kind_of_connection_ends, 0, 2);
	tcase_add_test(tcase,
		       a_socket_that_its_owner_has_locked_holds_nobody_up);
	tcase_add_test(tcase, tracked_connections_of_its_addresses_go);
	tcase_add_loop_test(tcase, after_a_crash_nothing_of_it_is_left, 0, 8);
}

int
main(void)
{
	return drilled_main("reset", drilled_setup, drilled_teardown, add);
}
