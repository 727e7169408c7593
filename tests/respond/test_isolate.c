#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <sys/syscall.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/isolate_with.h"
#include "firn/isolate.h"
#include "respond/drill_container.h"

/* On the drill's container, whose intruder sends every 50 ms to a server of
 * ours: what is cut is not heard. */

#define SILENCE_MS 400
#define RETURN_MS 15000

static struct firn_err err;
static struct firn_host host;
static struct firn_drill_container container;
static struct firn_target *target;
static struct firn_ledger *ledger;
static size_t programs_before;

static size_t
count_programs(void)
{
	union bpf_attr attr = { 0 };
	size_t n = 0;

	while (syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr)) ==
	       0) {
		attr.start_id = attr.next_id;
		n++;
	}
	return n;
}

static void
setup(void)
{
	const struct firn_authority authority = { 0 };
	char name[32];

	ck_ok(firn_host_open(&host, "/", &err));
	ck_ok(firn_drill_container_make(&container, &host, &err));
	snprintf(name, sizeof(name), "pid:%d", (int)container.pid);
	ck_ok(firn_target_open(&target, &host, name, &err));
	ck_ok(firn_ledger_open(&ledger, target->id, &authority, &err));
	programs_before = count_programs();
}

static void
teardown(void)
{
	char path[256];

	snprintf(path, sizeof(path), "/run/firn/ledger/%s.jsonl", target->id);
	firn_ledger_close(&ledger);
	unlink(path);
	firn_target_close(&target);
	ck_ok(firn_drill_container_remove(&container, &err));
	firn_host_close(&host);
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
	ck_assert_msg(!is_heard(SILENCE_MS), "the beacon is still heard");
}

/* Programs are freed after a grace period of the kernel's. */
static void
nothing_is_left(void)
{
	autojson json_t *changes = firn_ledger_open_changes(ledger, "isolate");

	ck_assert_uint_eq(json_array_size(changes), 0);
	for (unsigned tries = 0; count_programs() > programs_before; tries++) {
		ck_assert_msg(tries < 100, "a BPF program is left");
		usleep(50000);
	}
}

static void
release(void)
{
	autojson json_t *said = NULL;

	ck_ok(firn_release(ledger, &said, &err));
	ck_assert_msg(is_heard(RETURN_MS), "it isn't heard again");
	nothing_is_left();
}

static void
is_isolated(const json_t *said)
{
	autofree char *text = json_dumps(said, 0);
	const json_t *method;
	size_t i;

	ck_assert_msg(strcmp(firn_json_string(said, "state", NULL),
			     "isolated") == 0,
		      "%s", text);
	json_array_foreach(json_object_get(said, "methods"), i, method) {
		ck_assert_msg(json_is_true(json_object_get(method, "verified")),
			      "%s", text);
	}
}

static bool
used(const json_t *said, const char *name)
{
	const json_t *method;
	size_t i;

	json_array_foreach(json_object_get(said, "methods"), i, method) {
		if (strcmp(firn_json_string(method, "method", NULL), name) == 0)
			return true;
	}
	return false;
}

START_TEST(an_established_connection_stops_and_comes_back)
{
	const struct firn_isolation how = { 0 };
	autojson json_t *said = NULL;

	ck_assert(is_heard(RETURN_MS));
	ck_ok(firn_isolate(target, ledger, &how, &said, &err));
	is_isolated(said);
	is_silent();
	release();
}
END_TEST

START_TEST(isolating_twice_changes_nothing)
{
	const struct firn_isolation how = { 0 };
	autojson json_t *first = NULL, *second = NULL;
	size_t lines;

	ck_ok(firn_isolate(target, ledger, &how, &first, &err));
	lines = json_array_size(firn_ledger_lines(ledger));
	ck_ok(firn_isolate(target, ledger, &how, &second, &err));
	ck_assert(!json_is_true(json_object_get(first, "already")));
	ck_assert(json_is_true(json_object_get(second, "already")));
	ck_assert_uint_eq(json_array_size(firn_ledger_lines(ledger)), lines);
	release();
}
END_TEST

START_TEST(who_is_allowed_is_still_heard)
{
	struct firn_allow allow;
	const struct firn_isolation how = { .allow = &allow, .n_allow = 1 };
	autojson json_t *said = NULL;
	char text[64];

	snprintf(text, sizeof(text), "198.51.100.1/32:%u", container.port);
	ck_ok(firn_allow_parse(text, &allow, &err));
	ck_ok(firn_isolate(target, ledger, &how, &said, &err));
	firn_drill_container_heard(&container);
	ck_assert(is_heard(RETURN_MS));
	release();
}
END_TEST

START_TEST(another_port_is_not_allowed_with_it)
{
	struct firn_allow allow;
	const struct firn_isolation how = { .allow = &allow, .n_allow = 1 };
	autojson json_t *said = NULL;
	char text[64];

	snprintf(text, sizeof(text), "198.51.100.1:%u", container.port ^ 1u);
	ck_ok(firn_allow_parse(text, &allow, &err));
	ck_ok(firn_isolate(target, ledger, &how, &said, &err));
	is_silent();
	release();
}
END_TEST

START_TEST(the_part_on_the_cgroup_is_enough_for_a_socket)
{
	const struct firn_isolation how = { 0 };
	autojson json_t *first = NULL, *second = NULL;

	ck_ok(firn_isolate_part(target, ledger, &how, FIRN_ISOLATE_CGROUP,
				&first, &err));
	ck_assert(used(first, "cgroup-bpf"));
	is_silent();
	ck_ok(firn_isolate_part(target, ledger, &how, FIRN_ISOLATE_LINKS,
				&second, &err));
	ck_assert(used(second, "tcx") || used(second, "clsact"));
	release();
}
END_TEST

/* What an older kernel would be left with. */
static void
falls_back_on(const struct firn_method *method)
{
	const struct firn_method *const methods[] = { method, NULL };
	const struct firn_isolation how = { 0 };
	autojson json_t *said = NULL;

	ck_ok(firn_isolate_with(target, ledger, &how, FIRN_ISOLATE_LINKS,
				methods, &said, &err));
	ck_assert(used(said, method->name));
	is_silent();
	release();
}

START_TEST(without_tcx_there_is_clsact)
{
	falls_back_on(&firn_method_clsact);
}
END_TEST

START_TEST(without_programs_the_link_goes_down)
{
	falls_back_on(&firn_method_down);
}
END_TEST

static void
isolate_until_killed(useconds_t after_us)
{
	const struct firn_authority authority = { 0 };
	const struct firn_isolation how = { 0 };
	json_t *said = NULL;
	pid_t pid = fork();

	if (pid == 0) {
		if (firn_ledger_open(&ledger, target->id, &authority, &err) <
			    0 ||
		    firn_isolate(target, ledger, &how, &said, &err) < 0)
			_exit(1);
		pause();
	}
	ck_assert_int_gt(pid, 0);
	usleep(after_us);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

START_TEST(whoever_comes_after_a_crash_undoes_it)
{
	const struct firn_authority authority = { 0 };

	firn_ledger_close(&ledger);
	isolate_until_killed((useconds_t)_i * 1500);
	ck_ok(firn_ledger_open(&ledger, target->id, &authority, &err));
	release();
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
	static const char *const wrong[] = { "",
					     "x",
					     "10.0.0.0/33",
					     "10.0.0.1:",
					     "10.0.0.1:0",
					     "10.0.0.1:65536",
					     "10.0.0.256",
					     "[::1]:x",
					     "2001:db8::/129",
					     "10.0.0.1/8/8" };
	struct firn_allow allow;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_fails(firn_allow_parse(wrong[i], &allow, &err), EINVAL);
	ck_ok(firn_allow_parse("[2001:db8::/32]:443", &allow, &err));
	ck_assert_int_eq(allow.family, AF_INET6);
	ck_assert_uint_eq(allow.prefix, 32);
	ck_assert_uint_eq(allow.port, 443);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("isolate");
	TCase *tcase = tcase_create("container"), *plain = tcase_create("text");

	if (geteuid() != 0) {
		puts("SKIP: a container needs root");
		return 77;
	}
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_established_connection_stops_and_comes_back);
	tcase_add_test(tcase, isolating_twice_changes_nothing);
	tcase_add_test(tcase, who_is_allowed_is_still_heard);
	tcase_add_test(tcase, another_port_is_not_allowed_with_it);
	tcase_add_test(tcase, the_part_on_the_cgroup_is_enough_for_a_socket);
	tcase_add_test(tcase, without_tcx_there_is_clsact);
	tcase_add_test(tcase, without_programs_the_link_goes_down);
	tcase_add_loop_test(tcase, whoever_comes_after_a_crash_undoes_it, 0,
			    12);
	tcase_add_test(plain, what_is_no_address_is_refused);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, plain);
	return run_suite(suite);
}
