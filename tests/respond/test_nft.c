#include "drilled.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/isolate_with.h"
#include "respond/drill_link.h"

/* The drill's container, cut as where there are no BPF programs. */

#define SILENCE_MS 400
#define RETURN_MS 15000

static const struct firn_method *const methods[] = { &firn_method_nft, NULL };

/* What nft(8) says of everything there is; for the caller to free(3). */
static char *
ruleset(void)
{
	FILE *said = popen("nft list ruleset 2>&1", "r");
	char *text = calloc(1, 65536);

	ck_assert_ptr_nonnull(said);
	(void)!fread(text, 1, 65535, said);
	ck_assert_int_eq(pclose(said), 0);
	return text;
}

static json_t *
isolate(const char *allowed)
{
	struct firn_allow allow = { 0 };
	const struct firn_isolation how = { .allow = &allow,
					    .n_allow = allowed != NULL };
	const json_t *method;
	json_t *said = NULL;
	autofree char *text = NULL;

	if (allowed != NULL)
		ck_ok(firn_allow_parse(allowed, &allow, &err));
	ck_ok(firn_isolate_with(target, ledger, &how, FIRN_ISOLATE_LINKS,
				methods, &said, &err));
	text = json_dumps(said, 0);
	method = json_array_get(json_object_get(said, "methods"), 0);
	ck_assert_msg(method != NULL &&
			      strcmp(firn_json_string(method, "method", NULL),
				     "nft") == 0 &&
			      json_is_true(json_object_get(method, "verified")),
		      "%s", text);
	return said;
}

static void
release(void)
{
	autojson json_t *said = NULL, *open = NULL;

	ck_ok(firn_release(ledger, &said, &err));
	open = firn_ledger_open_changes(ledger, NULL);
	ck_assert_uint_eq(json_array_size(open), 0);
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

START_TEST(an_established_connection_stops_and_comes_back)
{
	autofree char *before = ruleset(), *during = NULL, *after = NULL;
	autojson json_t *said = isolate(NULL);

	ck_assert_ptr_nonnull(said);
	firn_drill_container_heard(&container);
	ck_assert(!is_heard(SILENCE_MS));
	during = ruleset();
	ck_assert_ptr_nonnull(strstr(during, "table netdev firn_"));
	release();
	ck_assert(is_heard(RETURN_MS));
	after = ruleset();
	ck_assert_str_eq(after, before);
}
END_TEST

START_TEST(who_is_allowed_is_still_heard)
{
	autojson json_t *said = NULL;
	char text[64];

	snprintf(text, sizeof(text), "%s/30:%u", FIRN_DRILL_HOST,
		 container.port);
	said = isolate(text);
	firn_drill_container_heard(&container);
	ck_assert(is_heard(RETURN_MS));
}
END_TEST

START_TEST(another_port_is_not_allowed_with_it)
{
	autojson json_t *said = NULL;
	char text[64];

	snprintf(text, sizeof(text), "%s:%u", FIRN_DRILL_HOST,
		 container.port ^ 1u);
	said = isolate(text);
	firn_drill_container_heard(&container);
	ck_assert(!is_heard(SILENCE_MS));
}
END_TEST

/* A datagram socket here, and what arrives at it. */
static bool
arrives(int fd, int wait_ms)
{
	struct pollfd any = { .fd = fd, .events = POLLIN };

	return poll(&any, 1, wait_ms) == 1;
}

static void
sends_raw_frames(int fd)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_halen = ETH_ALEN };
	unsigned char frame[60] = { 0xff, 0xff, 0xff,        0xff,
				    0xff, 0xff, [12] = 0x88, 0xb5 };
	int packet = socket(AF_PACKET, SOCK_RAW, 0);

	to.sll_ifindex = (int)if_nametoindex("eth0");
	for (int i = 0; i < 8; i++) {
		(void)sendto(packet, frame, sizeof(frame), 0,
			     (struct sockaddr *)&to, sizeof(to));
		guest_waits(fd, 's');
	}
}

START_TEST(raw_frames_do_not_pass)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(0x88b5) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	autojson json_t *said = NULL;
	struct guest guest;
	char frame[128];

	at.sll_ifindex = (int)if_nametoindex(container.interface);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	guest = guest_starts(IN_CGROUP | IN_NETNS, sends_raw_frames);
	ck_assert(arrives(fd, 1000));
	ck_assert_int_gt(recv(fd, frame, sizeof(frame), 0), 0);
	ck_ok(firn_target_scan(target, &err));
	said = isolate(NULL);
	ck_assert_int_eq(guest_says(&guest), 's');
	ck_assert(!arrives(fd, SILENCE_MS));
	release();
	ck_assert_int_eq(guest_says(&guest), 's');
	ck_assert(arrives(fd, 1000));
	guest_ends(&guest);
	close(fd);
}
END_TEST

static void
listens(int fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(4444) };
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	char byte;

	if (bind(udp, (struct sockaddr *)&at, sizeof(at)) < 0)
		_exit(1);
	guest_waits(fd, 'r');
	for (int i = 0; i < 8; i++)
		guest_waits(fd, arrives(udp, SILENCE_MS) &&
						recv(udp, &byte, 1, 0) == 1
					? 'a'
					: 'n');
}

static void
call_it(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(4444) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, FIRN_DRILL_GUEST, &to.sin_addr);
	ck_assert_int_eq(sendto(fd, "?", 1, 0, (struct sockaddr *)&to,
				sizeof(to)),
			 1);
	close(fd);
}

START_TEST(nothing_gets_in_either)
{
	struct guest guest = guest_starts(IN_CGROUP | IN_NETNS, listens);
	autojson json_t *said = NULL;

	call_it();
	ck_assert_int_eq(guest_says(&guest), 'a');
	ck_ok(firn_target_scan(target, &err));
	said = isolate(NULL);
	call_it();
	ck_assert_int_eq(guest_says(&guest), 'n');
	release();
	call_it();
	ck_assert_int_eq(guest_says(&guest), 'a');
	guest_ends(&guest);
}
END_TEST

/* The link-local address of an interface here; false while there is none. */
static bool
link_local(const char *interface, struct sockaddr_in6 *ret)
{
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *one = all; one != NULL;
	     one = one->ifa_next) {
		const struct sockaddr_in6 *address =
			(const void *)one->ifa_addr;

		if (address == NULL || address->sin6_family != AF_INET6 ||
		    strcmp(one->ifa_name, interface) != 0)
			continue;
		*ret = *address;
		found = true;
	}
	freeifaddrs(all);
	return found;
}

static struct sockaddr_in6 called; /* a server's of the test's */

/* Sends for 4 s: first the addresses have to be ready. */
static void
calls_by_ipv6(int fd)
{
	int udp = socket(AF_INET6, SOCK_DGRAM, 0);

	called.sin6_scope_id = if_nametoindex("eth0");
	guest_waits(fd, 'r');
	for (int i = 0; i < 80; i++) {
		(void)sendto(udp, "?", 1, 0, (struct sockaddr *)&called,
			     sizeof(called));
		usleep(50000);
	}
}

/* Which needs its neighbour's address first. */
START_TEST(what_is_allowed_of_ipv6_finds_its_way)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(called);
	autojson json_t *said = NULL;
	struct guest guest;
	char text[64];
	char byte = 'g';

	for (int i = 0; !link_local(container.interface, &called); i++) {
		ck_assert_int_lt(i, 60);
		usleep(50000);
	}
	usleep(2500000); /* until duplicates are looked for, RFC 4862 */
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&called, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&called, &len), 0);
	guest = guest_starts(IN_CGROUP | IN_NETNS, calls_by_ipv6);
	ck_ok(firn_target_scan(target, &err));
	snprintf(text, sizeof(text), "[fe80::/10]:%u",
		 _i == 0 ? ntohs(called.sin6_port) : 9);
	said = isolate(text);
	ck_assert_int_eq(write(guest.fd, &byte, 1), 1);
	ck_assert(arrives(fd, 3000) == (_i == 0));
	guest_ends(&guest);
	close(fd);
}
END_TEST

START_TEST(a_crash_is_undone_exactly)
{
	const struct firn_authority authority = { 0 };
	autofree char *before = ruleset(), *after = NULL;
	pid_t pid;

	firn_ledger_close(&ledger);
	pid = fork();
	if (pid == 0) {
		if (firn_ledger_open(&ledger, target->id, &authority, &err) < 0)
			_exit(1);
		json_decref(isolate("198.51.100.9:443"));
		pause();
	}
	usleep((useconds_t)_i * 15000 + 1000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_ok(firn_ledger_open(&ledger, target->id, &authority, &err));
	release();
	after = ruleset();
	ck_assert_str_eq(after, before);
}
END_TEST

/* More rules than one datagram of the usual size holds. */
START_TEST(as_many_rules_as_there_may_be)
{
	struct firn_allow allow[64];
	const struct firn_isolation how = { .allow = allow, .n_allow = 64 };
	autofree char *before = ruleset(), *after = NULL;
	autojson json_t *said = NULL;

	for (size_t i = 0; i < 64; i++)
		ck_ok(firn_allow_parse(i % 2 == 0 ? "203.0.113.0/24:443"
						  : "[2001:db8::/40]:443",
				       &allow[i], &err));
	ck_ok(firn_isolate_with(target, ledger, &how, FIRN_ISOLATE_LINKS,
				methods, &said, &err));
	ck_assert_uint_eq(json_array_size(json_object_get(said, "methods")), 1);
	release();
	after = ruleset();
	ck_assert_str_eq(after, before);
}
END_TEST

static void
add(TCase *tcase)
{
	tcase_add_test(tcase, an_established_connection_stops_and_comes_back);
	tcase_add_test(tcase, who_is_allowed_is_still_heard);
	tcase_add_test(tcase, another_port_is_not_allowed_with_it);
	tcase_add_test(tcase, raw_frames_do_not_pass);
	tcase_add_test(tcase, nothing_gets_in_either);
	tcase_add_loop_test(tcase, what_is_allowed_of_ipv6_finds_its_way, 0, 2);
	tcase_add_loop_test(tcase, a_crash_is_undone_exactly, 0, 6);
	tcase_add_test(tcase, as_many_rules_as_there_may_be);
}

int
main(void)
{
	if (system("nft --version >/dev/null 2>&1") != 0) {
		puts("SKIP: nft is not installed, which says what is left");
		return 77;
	}
	return drilled_main("nft", drilled_setup, drilled_teardown, add);
}
