#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/cut_attempts.h"
#include "contain/cut/cut_program.h"
#include "firn/host.h"
#include "host/cgroup.h"

/* Every program, loaded into this kernel, judges packets that go nowhere. */

static struct firn_err err;
static struct firn_allow rules[4];
static int counters_fd, cgroups_fd, attempts_fd;
static uint32_t interface; /* any but loopback; 0 if there is none */

static void
setup(void)
{
	static const char *const texts[] = { "198.51.100.7:443", "10.0.0.0/8",
					     "[2001:db8:7::/48]:53",
					     "2001:db8:8::1" };
	struct if_nameindex *all;

	for (size_t i = 0; i < 4; i++)
		ck_ok(firn_allow_parse(texts[i], &rules[i], &err));
	counters_fd = firn_bpf_array("test_counters", sizeof(struct firn_count),
				     FIRN_N_ELEMENTS, &err);
	ck_ok(counters_fd);
	cgroups_fd = firn_bpf_cgroup_array("test_cgroup", &err);
	ck_ok(cgroups_fd);
	attempts_fd = firn_attempts_map(&err);
	ck_ok(attempts_fd);
	all = if_nameindex();
	for (size_t i = 0; all != NULL && all[i].if_index != 0; i++)
		if (all[i].if_index != 1)
			interface = all[i].if_index;
	if_freenameindex(all);
}

static void
teardown(void)
{
	close(counters_fd);
	close(cgroups_fd);
	close(attempts_fd);
}

/* The root of cgroup v2, which our own packets are below; -1 if there is
 * none. */
static int
everybody(void)
{
	struct firn_host host = { 0 };
	autofree struct firn_cgroup_mounts *mounts = malloc(sizeof(*mounts));
	int fd;

	ck_ok(firn_host_open(&host, "/", &err));
	ck_ok(firn_cgroup_mounts(&host, mounts, &err));
	firn_host_close(&host);
	fd = open(mounts->v2, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "no cgroup v2");
	return fd;
}

static struct firn_filter
filter_of(enum firn_hook hook, const struct firn_isolation *how, bool headless)
{
	return (struct firn_filter){ .hook = hook,
				     .how = how,
				     .counters_fd = counters_fd,
				     .cgroups_fd = cgroups_fd,
				     .attempts_fd = -1,
				     .headless = headless };
}

static int
load(const struct firn_filter *filter)
{
	int fd = firn_cut_program(filter, &err);

	ck_ok(fd);
	return fd;
}

/* `_i` counts hooks, with and without rules, with and without a header. */
START_TEST(every_program_lets_through_what_is_allowed_and_nothing_else)
{
	const struct firn_isolation how = {
		.allow = rules,
		.n_allow = (_i & 1) ? 4 : 0,
		/* Without another interface the packets seem to be of it. */
		.cut_loopback = interface == 0 || (_i & 2) != 0,
	};
	const struct firn_filter filter =
		filter_of((enum firn_hook)(_i / 4), &how, (_i & 2) != 0);
	autoclose int root_fd = everybody(), fd = load(&filter);

	ck_ok(firn_bpf_set_cgroup(cgroups_fd, root_fd, &err));
	ck_ok(firn_cut_prove(fd, &filter, interface, &err));
}
END_TEST

START_TEST(a_program_that_counts_attempts_judges_as_the_other)
{
	const struct firn_isolation how = {
		.allow = rules,
		.n_allow = (_i & 1) ? 4 : 0,
		.cut_loopback = interface == 0,
	};
	struct firn_filter filter =
		filter_of((enum firn_hook)(_i / 4), &how, (_i & 2) != 0);
	autoclose int root_fd = everybody(), fd = -1;

	if (!firn_attempts_seen(filter.hook))
		return;
	filter.attempts_fd = attempts_fd;
	fd = load(&filter);
	ck_ok(firn_bpf_set_cgroup(cgroups_fd, root_fd, &err));
	ck_ok(firn_cut_prove(fd, &filter, interface, &err));
}
END_TEST

START_TEST(a_program_with_other_rules_is_found_out)
{
	const struct firn_isolation how = { .allow = rules,
					    .n_allow = 2,
					    .cut_loopback = true },
				    other = { .allow = rules + 2,
					      .n_allow = 2 };
	const struct firn_filter filter = filter_of((enum firn_hook)_i, &how,
						    false),
				 expected = filter_of((enum firn_hook)_i,
						      &other, false);
	autoclose int root_fd = everybody(), fd = load(&filter);

	ck_ok(firn_bpf_set_cgroup(cgroups_fd, root_fd, &err));
	ck_fails(firn_cut_prove(fd, &expected, interface, &err), EBADMSG);
}
END_TEST

START_TEST(a_program_for_one_cgroup_lets_go_of_others_packets)
{
	const struct firn_isolation how = { 0 };
	const struct firn_filter filter =
		filter_of(FIRN_HOOK_OWN_OUT, &how, false);
	autoclose int root_fd = everybody(), fd = load(&filter), empty_fd = -1;
	struct firn_count dropped = { 0 };
	char name[64];

	snprintf(name, sizeof(name), "firn-cut-program-%d", getpid());
	ck_assert_int_eq(mkdirat(root_fd, name, 0755), 0);
	empty_fd = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(empty_fd, 0);

	/* With nobody's cgroup, with everybody's, with another one. */
	ck_ok(firn_cut_prove_spares(fd, &filter, interface, &err));
	ck_ok(firn_bpf_set_cgroup(cgroups_fd, root_fd, &err));
	ck_fails(firn_cut_prove_spares(fd, &filter, interface, &err), EBADMSG);
	ck_ok(firn_bpf_read(counters_fd,
			    firn_count_key(FIRN_HOOK_OWN_OUT, false), &dropped,
			    &err));
	ck_assert_uint_eq(dropped.packets, 1);
	ck_assert_uint_eq(dropped.bytes, 60);
	ck_ok(firn_bpf_set_cgroup(cgroups_fd, empty_fd, &err));
	ck_assert_int_eq(unlinkat(root_fd, name, AT_REMOVEDIR), 0);
	ck_ok(firn_cut_prove_spares(fd, &filter, interface, &err));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cut_program");
	TCase *tcase = tcase_create("programs");

	if (geteuid() != 0) {
		puts("SKIP: loading BPF programs needs root");
		return 77;
	}
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(
		tcase,
		every_program_lets_through_what_is_allowed_and_nothing_else, 0,
		4 * FIRN_N_HOOKS);
	tcase_add_loop_test(tcase,
			    a_program_that_counts_attempts_judges_as_the_other,
			    0, 4 * FIRN_N_HOOKS);
	tcase_add_loop_test(tcase, a_program_with_other_rules_is_found_out, 0,
			    FIRN_N_HOOKS);
	tcase_add_test(tcase,
		       a_program_for_one_cgroup_lets_go_of_others_packets);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
