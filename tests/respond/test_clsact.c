#include "drilled.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <net/if.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/clsact.h"
#include "contain/cut/isolate_with.h"
#include "contain/cut/sharers.h"
#include "respond/drill_link.h"

/* The cut by a clsact qdisc: until tcx stands, where tcx can't be had, and of
 * one cgroup's sockets alone. */

static uint32_t ifindex;
static int rtnl_fd, home; /* our network namespace */

static struct firn_link
look(void)
{
	autofree struct firn_link *links = NULL;
	size_t n;

	ck_ok(firn_rtnl_links(rtnl_fd, &links, &n, &err));
	for (size_t i = 0; i < n; i++)
		if (links[i].ifindex == ifindex)
			return links[i];
	ck_abort_msg("the interface is gone");
}

static bool
has_qdisc(void)
{
	char kind[16];

	ck_ok(firn_clsact_kind(rtnl_fd, ifindex, kind, &err));
	return strcmp(kind, "clsact") == 0;
}

static void
count(uint32_t handle, uint32_t priority, const char *name, void *arg)
{
	size_t *n = arg;

	(void)handle;
	(void)priority;
	(void)name;
	(*n)++;
}

static size_t
count_filters(void)
{
	size_t n = 0;

	ck_ok(firn_clsact_filters(rtnl_fd, ifindex, FIRN_CLSACT_INGRESS, count,
				  &n, &err));
	ck_ok(firn_clsact_filters(rtnl_fd, ifindex, FIRN_CLSACT_EGRESS, count,
				  &n, &err));
	return n;
}

/* Without a queue, as Docker makes its interfaces. */
static void
setup(void)
{
	drilled_setup();
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ifindex = if_nametoindex(container.interface);
	rtnl_fd = firn_rtnl_open(&err);
	ck_ok(rtnl_fd);
	ck_ok(firn_clsact_take_queue(rtnl_fd, ifindex, &err));
}

static void
teardown(void)
{
	close(home);
	close(rtnl_fd);
	drilled_teardown();
}

static bool
is_heard(unsigned wait_ms)
{
	for (unsigned waited = 0; waited < wait_ms; waited += 20) {
		if (firn_drill_container_heard(&container) > 0)
			return true;
		usleep(20000);
	}
	return false;
}

static void
is_silent(void)
{
	firn_drill_container_heard(&container); /* from before */
	ck_assert_msg(!is_heard(400), "the beacon is still heard");
}

static void
isolate(enum firn_isolate_part part, const struct firn_method *const *methods,
	json_t **ret)
{
	const struct firn_isolation how = { 0 };

	ck_ok(firn_isolate_with(target, ledger, &how, part, methods, ret,
				&err));
}

/* By this method alone, seen to hold. */
static void
cut_by(const json_t *said, const char *name)
{
	const json_t *methods = json_object_get(said, "methods");
	const json_t *method = json_array_get(methods, 0);
	autofree char *text = json_dumps(said, 0);

	ck_assert_msg(json_array_size(methods) == 1, "%s", text);
	ck_assert_str_eq(firn_json_string(method, "method", NULL), name);
	ck_assert_msg(json_is_true(json_object_get(method, "verified")), "%s",
		      text);
}

static void
release(void)
{
	autojson json_t *said = NULL, *open = NULL;

	ck_ok(firn_release(ledger, &said, &err));
	open = firn_ledger_open_changes(ledger, NULL);
	ck_assert_uint_eq(json_array_size(open), 0);
	ck_assert_msg(is_heard(15000), "it isn't heard again");
	ck_assert_uint_eq(count_filters(), 0);
	ck_assert_uint_eq(look().tx_queue_len, 0);
}

START_TEST(it_is_cut_at_once_and_then_for_good)
{
	autojson json_t *first = NULL, *second = NULL, *open = NULL;

	isolate(FIRN_ISOLATE_LINKS, firn_link_methods, &first);
	cut_by(first, "clsact");
	ck_assert(has_qdisc());
	is_silent();
	isolate(FIRN_ISOLATE_REST, firn_link_methods, &second);
	cut_by(second, "tcx");
	ck_assert(!has_qdisc());
	is_silent();
	open = firn_ledger_open_changes(ledger, "isolate");
	ck_assert_uint_eq(json_array_size(open), 1);
	ck_assert_uint_eq(look().tx_queue_len, 0);
	release();
}
END_TEST

START_TEST(what_was_dropped_before_tcx_stood_is_not_forgotten)
{
	autojson json_t *first = NULL, *second = NULL, *third = NULL;
	const json_t *before, *after;

	isolate(FIRN_ISOLATE_LINKS, firn_link_methods, &first);
	is_silent();
	isolate(FIRN_ISOLATE_LINKS, firn_link_methods, &second);
	isolate(FIRN_ISOLATE_REST, firn_link_methods, &third);
	before = firn_json_at(second, "dropped", "egress_packets", NULL);
	after = firn_json_at(third, "dropped", "egress_packets", NULL);
	ck_assert_int_gt(json_integer_value(before), 0);
	ck_assert_int_ge(json_integer_value(after), json_integer_value(before));
	release();
}
END_TEST

START_TEST(a_release_in_between_undoes_what_is_there)
{
	autojson json_t *said = NULL;

	isolate(FIRN_ISOLATE_LINKS, firn_link_methods, &said);
	ck_assert_uint_eq(look().tx_queue_len, 1000); /* the kernel's doing */
	release();
	ck_assert(!has_qdisc());
}
END_TEST

START_TEST(nothing_is_cut_anew_where_tcx_stands)
{
	autojson json_t *first = NULL, *second = NULL;
	size_t lines;

	isolate(FIRN_ISOLATE_LINKS | FIRN_ISOLATE_REST, firn_link_methods,
		&first);
	cut_by(first, "tcx");
	lines = json_array_size(firn_ledger_lines(ledger));
	isolate(FIRN_ISOLATE_LINKS | FIRN_ISOLATE_REST, firn_link_methods,
		&second);
	cut_by(second, "tcx");
	ck_assert_uint_eq(json_array_size(firn_ledger_lines(ledger)), lines);
	release();
}
END_TEST

START_TEST(somebody_elses_qdisc_stays)
{
	autojson json_t *said = NULL;

	ck_ok(firn_clsact_add(rtnl_fd, ifindex, &err));
	ck_ok(firn_clsact_take_queue(rtnl_fd, ifindex, &err));
	isolate(FIRN_ISOLATE_LINKS | FIRN_ISOLATE_REST, firn_link_methods,
		&said);
	cut_by(said, "tcx");
	ck_assert(has_qdisc());
	ck_assert_uint_eq(count_filters(), 0);
	release();
	ck_assert(has_qdisc());
}
END_TEST

#define MANY 100 /* more than the kernel takes on one interface */

static int
program_that_goes_on(void)
{
	autofree struct firn_bpf_code *code = calloc(1, sizeof(*code));
	int fd;

	firn_bpf_set(code, BPF_REG_0, TC_ACT_UNSPEC);
	firn_bpf_exit(code);
	ck_ok(firn_bpf_link_labels(code, &err));
	fd = firn_bpf_program("goes_on", BPF_PROG_TYPE_SCHED_CLS, 0, code,
			      &err);
	ck_ok(fd);
	return fd;
}

START_TEST(where_there_is_no_room_for_tcx_the_quick_one_stays)
{
	autojson json_t *first = NULL, *second = NULL, *open = NULL;
	int prog_fds[MANY], links[MANY], n = 0;
	const char *counters;
	const json_t *why;

	for (; n < MANY; n++) {
		prog_fds[n] = program_that_goes_on();
		links[n] = firn_bpf_link(prog_fds[n], ifindex,
					 FIRN_BPF_TCX_INGRESS, 0, &err);
		if (links[n] < 0)
			break;
	}
	ck_assert_int_eq(err.code, ERANGE);
	close(prog_fds[n]);
	isolate(FIRN_ISOLATE_LINKS, firn_link_methods, &first);
	cut_by(first, "clsact");
	isolate(FIRN_ISOLATE_REST, firn_link_methods, &second);
	cut_by(second, "clsact");
	why = json_array_get(json_object_get(second, "not_used"), 0);
	ck_assert_str_eq(firn_json_string(why, "method", NULL), "tcx");
	is_silent();
	open = firn_ledger_open_changes(ledger, "isolate");
	ck_assert_uint_eq(json_array_size(open), 1);
	counters = firn_json_string(json_array_get(open, 0), "details",
				    "counters", NULL);
	ck_assert_int_eq(access(counters, F_OK), 0);
	release();
	ck_assert(!has_qdisc());
	while (n-- > 0) {
		close(links[n]);
		close(prog_fds[n]);
	}
}
END_TEST

static const struct firn_method *const by_clsact[] = { &firn_method_clsact,
						       &firn_method_own_clsact,
						       NULL };

#define FRAMES 10

static void
send_raw(int socket_fd, uint32_t interface)
{
	const struct sockaddr_ll to = { .sll_family = AF_PACKET,
					.sll_halen = 6,
					.sll_ifindex = (int)interface };
	unsigned char frame[60] = { [12] = 0x88, 0xb5 };

	for (int i = 0; i < FRAMES; i++)
		(void)sendto(socket_fd, frame, sizeof(frame), 0,
			     (const struct sockaddr *)&to, sizeof(to));
}

/* From inside, and by a socket in the host's network namespace. */
static void
sends_raw_frames(int fd)
{
	int inside = socket(AF_PACKET, SOCK_RAW, 0), outside;

	if (setns(home, CLONE_NEWNET) < 0)
		_exit(1);
	outside = socket(AF_PACKET, SOCK_RAW, 0);
	if (!guest_enters(container.pid))
		_exit(1);
	guest_waits(fd, 'r');
	send_raw(inside, if_nametoindex("eth0"));
	send_raw(outside, ifindex);
	guest_waits(fd, 's');
}

static void
sends_datagram(int fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(4053) };
	int udp = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, FIRN_DRILL_HOST, &to.sin_addr);
	guest_waits(fd, 'r');
	(void)sendto(udp, "?", 1, 0, (struct sockaddr *)&to, sizeof(to));
	guest_waits(fd, 's');
}

static int
host_socket(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(4053) };
	struct timeval wait = { .tv_sec = 2 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, FIRN_DRILL_HOST, &at.sin_addr);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	return fd;
}

static json_int_t
dropped_by(const char *method)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "isolate");
	json_int_t sum = 0;
	json_t *change;
	size_t i;

	json_array_foreach(open, i, change) {
		autojson json_t *alone = json_pack("[O]", change);
		autojson json_t *dropped = NULL;

		if (strcmp(firn_json_string(change, "details", "method", NULL),
			   method) != 0)
			continue;
		dropped = firn_cut_dropped(alone);
		sum += json_integer_value(
			json_object_get(dropped, "egress_packets"));
	}
	return sum;
}

START_TEST(of_one_that_shares_its_interface_only_its_own_frames_are_dropped)
{
	autojson json_t *first = NULL, *second = NULL;
	autoclose int heard = host_socket();
	struct guest its = guest_starts(IN_CGROUP | IN_NETNS, sends_raw_frames);
	struct guest other = guest_starts(IN_NETNS, sends_datagram);
	const json_t *methods, *method;
	char byte;
	size_t i;

	isolate(FIRN_ISOLATE_CGROUP, by_clsact, &first);
	isolate(FIRN_ISOLATE_LINKS, by_clsact, &second);
	methods = json_object_get(second, "methods");
	ck_assert_uint_gt(json_array_size(methods), 0);
	json_array_foreach(methods, i, method) {
		ck_assert_str_eq(firn_json_string(method, "method", NULL),
				 "clsact-cgroup");
		ck_assert(json_is_true(json_object_get(method, "verified")));
	}
	ck_assert_uint_eq(json_array_size(
				  json_object_get(second, "shared_with")),
			  1);
	ck_assert_int_eq(dropped_by("clsact-cgroup"), 0);
	ck_assert_int_eq(guest_says(&its), 's');
	ck_assert_int_eq(dropped_by("clsact-cgroup"), 2 * FRAMES);
	ck_assert_int_eq(guest_says(&other), 's');
	ck_assert_int_eq(recv(heard, &byte, 1, 0), 1);
	ck_assert_int_eq(dropped_by("clsact-cgroup"), 2 * FRAMES);
	guest_ends(&other);
	guest_ends(&its);
	release();
	ck_assert(!has_qdisc());
}
END_TEST

static void
only_waits(int fd)
{
	guest_waits(fd, 'r');
}

START_TEST(who_is_not_of_its_cgroup_may_be_somebody_else)
{
	uint64_t netns = target->namespaces.inode[FIRN_NS_NET];
	struct guest its = guest_starts(IN_CGROUP | IN_NETNS, only_waits);
	struct guest other;

	ck_assert(firn_sharers_none(target, netns));
	other = guest_starts(IN_NETNS, only_waits);
	ck_assert(!firn_sharers_none(target, netns));
	guest_ends(&other);
	ck_assert(firn_sharers_none(target, netns));
	guest_ends(&its);
}
END_TEST

/* The one added the qdisc, the other found it there: whoever goes last takes it
 * away. */
START_TEST(two_cuts_in_one_qdisc_leave_none)
{
	autojson json_t *first = NULL, *second = NULL, *third = NULL;
	struct guest other = guest_starts(IN_NETNS, sends_datagram);
	autojson json_t *open = NULL;

	isolate(FIRN_ISOLATE_CGROUP, by_clsact, &first);
	isolate(FIRN_ISOLATE_LINKS, by_clsact, &second);
	cut_by(second, "clsact-cgroup");
	guest_ends(&other);
	isolate(FIRN_ISOLATE_LINKS, by_clsact, &third);
	cut_by(third, "clsact");
	ck_assert_uint_eq(count_filters(), 3);
	open = firn_ledger_open_changes(ledger, "isolate");
	ck_assert_uint_eq(json_array_size(open), 3);
	/* The older of the two goes first. */
	ck_ok(firn_cut_undo(ledger, 2,
			    json_object_get(json_array_get(open, 1), "details"),
			    &err));
	ck_ok(firn_ledger_note(ledger, 2, "undone", NULL, &err));
	ck_assert_uint_eq(count_filters(), 2);
	is_silent();
	release();
	ck_assert(!has_qdisc());
}
END_TEST

static void
add(TCase *tcase)
{
	tcase_add_test(tcase, it_is_cut_at_once_and_then_for_good);
	tcase_add_test(tcase,
		       what_was_dropped_before_tcx_stood_is_not_forgotten);
	tcase_add_test(tcase, a_release_in_between_undoes_what_is_there);
	tcase_add_test(tcase, nothing_is_cut_anew_where_tcx_stands);
	tcase_add_test(tcase, somebody_elses_qdisc_stays);
	tcase_add_test(tcase,
		       where_there_is_no_room_for_tcx_the_quick_one_stays);
	tcase_add_test(
		tcase,
		of_one_that_shares_its_interface_only_its_own_frames_are_dropped);
	tcase_add_test(tcase, who_is_not_of_its_cgroup_may_be_somebody_else);
	tcase_add_test(tcase, two_cuts_in_one_qdisc_leave_none);
}

int
main(void)
{
	return drilled_main("clsact", setup, teardown, add);
}
