#include "drilled.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>

#include "base/auto.h"
#include "base/json.h"
#include "respond/drill_link.h"

/* What the drill's intruder, and guests beside it, try once they are cut. */

static json_t *
isolate(void)
{
	const struct firn_isolation how = { .log = true };
	json_t *said = NULL;
	const json_t *method;
	size_t i;

	ck_ok(firn_isolate(target, ledger, &how, &said, &err));
	json_array_foreach(json_object_get(said, "not_used"), i, method) {
		ck_assert_str_ne(firn_json_string(method, "method", NULL),
				 "log");
	}
	return said;
}

static bool
is(const json_t *attempt, const char *key, const char *value)
{
	const char *is = firn_json_string(attempt, key, NULL);

	return value == NULL || (is != NULL && strcmp(is, value) == 0);
}

/* The one that is so; waits for it for 3 s.  A new reference. */
static json_t *
find(const char *direction, const char *at, const char *protocol,
     const char *remote)
{
	for (unsigned tries = 0; tries < 60; tries++) {
		json_t *all = NULL, *attempt;
		size_t i;

		ck_ok(firn_attempts(ledger, &all, &err));
		ck_assert_ptr_nonnull(all);
		json_array_foreach(all, i, attempt) {
			if (is(attempt, "direction", direction) &&
			    is(attempt, "at", at) &&
			    is(attempt, "protocol", protocol) &&
			    is(attempt, "remote", remote)) {
				json_incref(attempt);
				json_decref(all);
				return attempt;
			}
		}
		json_decref(all);
		usleep(50000);
	}
	return NULL;
}

static json_int_t
number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

START_TEST(where_it_beacons_is_counted)
{
	autojson json_t *said = isolate(), *attempt = NULL, *later = NULL;

	ck_assert_ptr_nonnull(said);
	attempt = find("out", "cgroup", "tcp", FIRN_DRILL_HOST);
	ck_assert_ptr_nonnull(attempt);
	ck_assert_int_eq(number(attempt, "port"), container.port);
	ck_assert_int_ge(number(attempt, "packets"), 1);
	ck_assert_int_ge(number(attempt, "bytes"), 40);
	/* An IPv4 header without options, in base64. */
	ck_assert_int_eq(strncmp(firn_json_string(attempt, "sample", NULL),
				 "RQ", 2),
			 0);
	usleep(500000);
	later = find("out", "cgroup", "tcp", FIRN_DRILL_HOST);
	ck_assert_int_gt(number(later, "packets"), number(attempt, "packets"));
	ck_assert_str_lt(firn_json_string(later, "first", NULL),
			 firn_json_string(attempt, "last", NULL));
	ck_assert_str_gt(firn_json_string(later, "last", NULL),
			 firn_json_string(attempt, "last", NULL));
}
END_TEST

/* No entry of the packets that the programs were tried with. */
START_TEST(nothing_is_counted_that_firn_made_up)
{
	autojson json_t *said = isolate(), *all = NULL;
	json_t *attempt;
	size_t i;

	ck_assert_ptr_nonnull(said);
	ck_ok(firn_attempts(ledger, &all, &err));
	json_array_foreach(all, i, attempt) {
		const char *remote = firn_json_string(attempt, "remote", NULL);

		ck_assert(remote == NULL || (strncmp(remote, "203.", 4) != 0 &&
					     strncmp(remote, "2001:", 5) != 0));
	}
}
END_TEST

static void
sends_of_all_kinds(int fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(53) };
	struct sockaddr_ll raw = { .sll_family = AF_PACKET,
				   .sll_halen = ETH_ALEN };
	unsigned char frame[60] = { [12] = 0x88, 0xb5 };
	int udp = socket(AF_INET, SOCK_DGRAM, 0), packet;

	inet_pton(AF_INET, FIRN_DRILL_HOST, &to.sin_addr);
	packet = socket(AF_PACKET, SOCK_RAW, 0);
	raw.sll_ifindex = (int)if_nametoindex("eth0");
	guest_waits(fd, 'r');
	(void)sendto(udp, "?", 1, 0, (struct sockaddr *)&to, sizeof(to));
	(void)sendto(packet, frame, sizeof(frame), 0, (struct sockaddr *)&raw,
		     sizeof(raw));
	guest_waits(fd, 's');
}

START_TEST(datagrams_and_raw_frames_are_counted)
{
	struct guest guest =
		guest_starts(IN_CGROUP | IN_NETNS, sends_of_all_kinds);
	autojson json_t *said = NULL, *udp = NULL, *raw = NULL;

	ck_ok(firn_target_scan(target, &err));
	said = isolate();
	ck_assert_int_eq(guest_says(&guest), 's');
	udp = find("out", "cgroup", "udp", FIRN_DRILL_HOST);
	raw = find("out", "interface", "ethertype 0x88b5", NULL);
	guest_ends(&guest);
	ck_assert_ptr_nonnull(udp);
	ck_assert_int_eq(number(udp, "port"), 53);
	ck_assert_int_eq(number(udp, "packets"), 1);
	ck_assert_ptr_nonnull(raw);
	ck_assert_int_eq(number(raw, "bytes"), 60);
}
END_TEST

START_TEST(who_still_calls_is_counted)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(4444) };
	autojson json_t *said = isolate(), *attempt = NULL;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_ptr_nonnull(said);
	inet_pton(AF_INET, FIRN_DRILL_GUEST, &to.sin_addr);
	ck_assert_int_eq(sendto(fd, "!", 1, 0, (struct sockaddr *)&to,
				sizeof(to)),
			 1);
	close(fd);
	attempt = find("in", "interface", "udp", FIRN_DRILL_HOST);
	ck_assert_ptr_nonnull(attempt);
}
END_TEST

START_TEST(they_outlive_firn_and_are_in_the_ledger_at_the_end)
{
	const struct firn_authority authority = { 0 };
	autojson json_t *said = isolate(), *attempt = NULL, *again = NULL,
			*released = NULL;
	const json_t *lines, *line;
	bool noted = false;
	size_t i;

	ck_assert_ptr_nonnull(said);
	attempt = find("out", "cgroup", "tcp", FIRN_DRILL_HOST);
	ck_assert_ptr_nonnull(attempt);
	firn_ledger_close(&ledger);
	ck_ok(firn_ledger_open(&ledger, target->id, &authority, &err));
	again = isolate();
	ck_assert(json_is_true(json_object_get(again, "already")));
	ck_assert_uint_ge(json_array_size(json_object_get(again, "attempts")),
			  1);
	ck_ok(firn_release(ledger, &released, &err));
	ck_assert_uint_ge(json_array_size(
				  json_object_get(released, "attempts")),
			  1);
	lines = firn_ledger_lines(ledger);
	json_array_foreach(lines, i, line) {
		if (strcmp(firn_json_string(line, "phase", NULL), "undone") ==
			    0 &&
		    json_array_size(firn_json_at(line, "details", "attempts",
						 NULL)) > 0)
			noted = true;
	}
	ck_assert(noted);
}
END_TEST

START_TEST(without_it_nothing_is_kept)
{
	const struct firn_isolation how = { 0 };
	autojson json_t *said = NULL;
	json_t *attempts = NULL;

	ck_ok(firn_isolate(target, ledger, &how, &said, &err));
	ck_ok(firn_attempts(ledger, &attempts, &err));
	ck_assert_ptr_null(attempts);
	ck_assert_ptr_null(json_object_get(said, "attempts"));
}
END_TEST

/* The place is bounded, and what comes often stays. */
static void
sends_to_many(int fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int udp = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, FIRN_DRILL_HOST, &to.sin_addr);
	guest_waits(fd, 'r');
	for (unsigned i = 0; i < 20000; i++) {
		to.sin_port = htons((uint16_t)(10000 + i));
		(void)sendto(udp, "?", 1, 0, (struct sockaddr *)&to,
			     sizeof(to));
		if (i % 100 == 0)
			usleep(2000);
	}
	guest_waits(fd, 's');
}

START_TEST(a_flood_does_not_drive_out_the_beacon)
{
	struct guest guest = guest_starts(IN_CGROUP | IN_NETNS, sends_to_many);
	autojson json_t *said = NULL, *attempt = NULL, *all = NULL;

	ck_ok(firn_target_scan(target, &err));
	said = isolate();
	ck_assert_int_eq(guest_says(&guest), 's');
	guest_ends(&guest);
	ck_ok(firn_attempts(ledger, &all, &err));
	ck_assert_uint_le(json_array_size(all), 2 * 1024);
	attempt = find("out", "cgroup", "tcp", FIRN_DRILL_HOST);
	ck_assert_ptr_nonnull(attempt);
}
END_TEST

static void
add(TCase *tcase)
{
	tcase_add_test(tcase, where_it_beacons_is_counted);
	tcase_add_test(tcase, nothing_is_counted_that_firn_made_up);
	tcase_add_test(tcase, datagrams_and_raw_frames_are_counted);
	tcase_add_test(tcase, who_still_calls_is_counted);
	tcase_add_test(tcase,
		       they_outlive_firn_and_are_in_the_ledger_at_the_end);
	tcase_add_test(tcase, without_it_nothing_is_kept);
	tcase_add_test(tcase, a_flood_does_not_drive_out_the_beacon);
}

int
main(void)
{
	return drilled_main("attempts", drilled_setup, drilled_teardown, add);
}
