#include "check.h"

#include <dirent.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "respond/drill_container.h"
#include "respond/drill_layers.h"

static struct firn_err err;
static struct firn_host host;
static struct firn_drill_container container;

static void
setup(void)
{
	ck_ok(firn_host_open(&host, "/", &err));
	ck_ok(firn_drill_container_make(&container, &host, &err));
}

static void
teardown(void)
{
	if (container.pid > 0)
		ck_ok(firn_drill_container_remove(&container, &err));
	firn_host_close(&host);
}

static bool
exists(const char *path)
{
	return path[0] != '\0' && access(path, F_OK) == 0;
}

START_TEST(every_trace_is_planted)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/upper/" FIRN_DRILL_CHANGED,
		 container.folder);
	ck_assert(exists(path));
	snprintf(path, sizeof(path), "%s/upper/" FIRN_DRILL_DELETED,
		 container.folder);
	ck_assert(exists(path)); /* a whiteout */
	snprintf(path, sizeof(path), "%s/upper/tmp/.cache/kworkerd",
		 container.folder);
	ck_assert(!exists(path)); /* deleted by itself */
}
END_TEST

START_TEST(its_beacon_is_heard_again_and_again)
{
	uint64_t heard = 0;

	for (unsigned tries = 0; heard == 0 && tries < 100; tries++) {
		usleep(20000);
		heard = firn_drill_container_heard(&container);
	}
	ck_assert_uint_gt(heard, 0);
	for (heard = 0; heard == 0; usleep(20000))
		heard = firn_drill_container_heard(&container);
}
END_TEST

START_TEST(nothing_is_left_of_it)
{
	const struct firn_drill_container was = container;

	ck_ok(firn_drill_container_remove(&container, &err));
	ck_assert(!exists(was.folder));
	ck_assert(!exists(was.cgroups.folder[0]));
	ck_assert(!exists(was.cgroups.folder[1]));
	ck_assert_uint_eq(if_nametoindex(was.interface), 0);
	ck_assert_int_eq(kill(was.pid, 0), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("drill_container");
	TCase *tcase = tcase_create("drill_container");

	if (geteuid() != 0) {
		puts("SKIP: a container needs root");
		return 77;
	}
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, every_trace_is_planted);
	tcase_add_test(tcase, its_beacon_is_heard_again_and_again);
	tcase_add_test(tcase, nothing_is_left_of_it);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
