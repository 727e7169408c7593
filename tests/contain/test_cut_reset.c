#include "check.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <net/if.h>

#include "contain/cut/bpf_call.h"
#include "contain/cut/cut_program.h"
#include "contain/cut/cut_reset.h"

/* The program itself judges packets of ours, which go nowhere. */

enum {
	FIN = 1,
	SYN = 2,
	RST = 4,
	PSH = 8,
	ACK = 16
};

static struct firn_err err;
static int map_fd, prog_fd;
static uint32_t ifindex;

static void
load(enum firn_hook hook)
{
	const struct firn_isolation how = { 0 };
	const struct firn_filter filter = { .hook = hook,
					    .how = &how,
					    .counters_fd = map_fd,
					    .cgroups_fd = -1,
					    .attempts_fd = -1 };

	prog_fd = firn_cut_program(&filter, &err);
	ck_ok(prog_fd);
}

static void
find_interface(void)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (int i = 1; ifindex == 0 && i < 4096; i++) {
		request.ifr_ifindex = i;
		if (ioctl(fd, SIOCGIFNAME, &request) == 0 &&
		    strcmp(request.ifr_name, "lo") != 0)
			ifindex = (uint32_t)i;
	}
	close(fd);
}

static void
setup(void)
{
	map_fd = firn_bpf_array("test", sizeof(struct firn_count),
				FIRN_N_ELEMENTS, &err);
	ck_ok(map_fd);
	prog_fd = -1;
}

static void
teardown(void)
{
	close(map_fd);
	close(prog_fd);
}

struct segment {
	int family;
	unsigned flags;
	size_t data;
};

static bool
passes_frame(enum firn_hook hook, const void *frame, size_t size)
{
	uint32_t answer;

	ck_ok(firn_bpf_try(prog_fd, frame, size, ifindex, &answer, &err));
	return (int32_t)answer == firn_hook_answer(hook, true);
}

static bool
passes(enum firn_hook hook, struct segment segment)
{
	unsigned char frame[256] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	size_t headers = segment.family == AF_INET ? 20 : 40,
	       total = headers + 32 + segment.data;
	unsigned char *tcp = frame + 14 + headers;

	if (segment.family == AF_INET) {
		memcpy(frame + 12, "\x08\x00\x45", 3);
		frame[14 + 3] = (unsigned char)total;
		frame[14 + 9] = IPPROTO_TCP;
	} else {
		memcpy(frame + 12, "\x86\xdd\x60", 3);
		frame[14 + 5] = (unsigned char)(32 + segment.data);
		frame[14 + 6] = IPPROTO_TCP;
	}
	tcp[12] = 0x80; /* twelve bytes of options, as time stamps have */
	tcp[13] = (unsigned char)segment.flags;
	return passes_frame(hook, frame, 14 + total);
}

static void
fill(int64_t packets)
{
	ck_ok(firn_purse_fill(map_fd, packets, &err));
}

static int64_t
left(void)
{
	int64_t packets = -1;

	ck_ok(firn_purse_left(map_fd, &packets, &err));
	return packets;
}

static const enum firn_hook outward[] = { FIRN_HOOK_CGROUP_OUT,
					  FIRN_HOOK_LINK_OUT };
static const int families[] = { AF_INET, AF_INET6 };

START_TEST(no_more_resets_leave_than_are_paid_for)
{
	enum firn_hook hook = outward[_i / 2];
	const struct segment reset = { families[_i % 2], RST | ACK, 0 };

	load(hook);
	ck_assert(!passes(hook, reset));
	fill(2);
	ck_assert(passes(hook, reset));
	ck_assert(passes(hook, reset));
	ck_assert(!passes(hook, reset));
	ck_assert_int_eq(left(), 0);
}
END_TEST

START_TEST(nothing_else_leaves_with_them)
{
	enum firn_hook hook = outward[_i / 2];
	int family = families[_i % 2];

	load(hook);
	fill(100);
	ck_assert(!passes(hook, (struct segment){ family, RST | ACK, 1 }));
	ck_assert(!passes(hook, (struct segment){ family, RST | ACK, 100 }));
	ck_assert(!passes(hook, (struct segment){ family, SYN, 0 }));
	ck_assert(!passes(hook, (struct segment){ family, ACK, 0 }));
	ck_assert(!passes(hook, (struct segment){ family, RST | SYN, 0 }));
	ck_assert(!passes(hook, (struct segment){ family, RST | FIN, 0 }));
	ck_assert(!passes(hook, (struct segment){ family, PSH | ACK, 8 }));
	ck_assert_int_eq(left(), 100);
}
END_TEST

START_TEST(only_what_a_peer_asks_back_comes_in)
{
	enum firn_hook hook = FIRN_HOOK_LINK_IN;
	int family = families[_i];

	load(hook);
	ck_assert(!passes(hook, (struct segment){ family, ACK, 0 }));
	fill(100);
	ck_assert(passes(hook, (struct segment){ family, ACK, 0 }));
	ck_assert(!passes(hook, (struct segment){ family, ACK, 1 }));
	ck_assert(!passes(hook, (struct segment){ family, SYN, 0 }));
	ck_assert(!passes(hook, (struct segment){ family, SYN | ACK, 0 }));
	ck_assert(!passes(hook, (struct segment){ family, RST, 0 }));
	ck_assert_int_eq(left(), 99);
}
END_TEST

START_TEST(addresses_are_resolved_for_them)
{
	static const enum firn_hook hooks[] = { FIRN_HOOK_LINK_OUT,
						FIRN_HOOK_LINK_IN };
	unsigned char arp[60] = { [12] = 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1 },
		      nd[86] = { [12] = 0x86, 0xdd, 0x60, [20] = 58, 255 },
		      other[60] = { [12] = 0x88, 0xb5 };

	nd[54] = (unsigned char)(135 + _i);
	load(hooks[_i]);
	ck_assert(!passes_frame(hooks[_i], arp, sizeof(arp)));
	ck_assert(!passes_frame(hooks[_i], nd, sizeof(nd)));
	fill(100);
	ck_assert(passes_frame(hooks[_i], arp, sizeof(arp)));
	ck_assert(passes_frame(hooks[_i], nd, sizeof(nd)));
	ck_assert(!passes_frame(hooks[_i], other, sizeof(other)));
	nd[54] = 134; /* a router's advertisement */
	ck_assert(!passes_frame(hooks[_i], nd, sizeof(nd)));
	ck_assert_int_eq(left(), 98);
}
END_TEST

int
main(void)
{
	Suite *suite;
	TCase *tcase;

	if (geteuid() != 0) {
		puts("SKIP: BPF programs need root");
		return 77;
	}
	find_interface();
	if (ifindex == 0) {
		puts("SKIP: there is no interface but loopback");
		return 77;
	}
	suite = suite_create("cut_reset");
	tcase = tcase_create("program");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, no_more_resets_leave_than_are_paid_for, 0,
			    4);
	tcase_add_loop_test(tcase, nothing_else_leaves_with_them, 0, 4);
	tcase_add_loop_test(tcase, only_what_a_peer_asks_back_comes_in, 0, 2);
	tcase_add_loop_test(tcase, addresses_are_resolved_for_them, 0, 2);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
