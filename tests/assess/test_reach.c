#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "check.h"
#include "firn/secrets.h"

/*
 * What a container could reach: a process in a network of its own, on a node
 * whose firmware is ours to say.
 */

static struct firn_err err;
static struct firn_host host;
static struct firn_secret_rules *rules;
static char folder[64];
static int folder_fd = -1;
static pid_t pid;
static const struct firn_case of = { .id = "CASE-1", .key = { 1, 2, 3 } };

static void
put_file(const char *path, const char *text)
{
	autofree char *made = strdup(path);
	autoclose int fd = -1;

	for (char *slash = made; (slash = strchr(slash, '/')) != NULL;
	     slash++) {
		*slash = '\0';
		ck_assert(mkdirat(folder_fd, made, 0755) == 0 ||
			  errno == EEXIST);
		*slash = '/';
	}
	fd = openat(folder_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0644);
	ck_assert_msg(fd >= 0, "%s", path);
	ck_ok(firn_write_all(fd, path, text, strlen(text), &err));
}

static _Noreturn void
wait_in_network(const char *prepare, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) < 0 || system(prepare) != 0 ||
	    write(ready, "!", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* A process in a network that `prepare` has made. */
static void
start(const char *prepare)
{
	char byte;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		wait_in_network(prepare, ends[1]);
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
}

#define NO_ROUTE "ip link set lo up"
#define ROUTE NO_ROUTE " && ip route add 169.254.169.254/32 dev lo"
#define BARRED NO_ROUTE " && ip route add blackhole 169.254.169.254/32"

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/var/tmp/firn-reach-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(folder_fd, 0);
	/* Its processes are this machine's, its files are not. */
	ck_ok(firn_host_open(&host, "/", &err));
	close(host.root_fd);
	host.root_fd = dup(folder_fd);
	ck_ok(firn_secret_rules_open(&rules, NULL, 0, &err));
}

static void
teardown(void)
{
	char command[96];

	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	firn_secret_rules_close(&rules);
	firn_host_close(&host);
	close(folder_fd);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* The checklist without the files, which are this machine's: of a process that
 * has no root any more there are none. */
static json_t *
look(json_t *environment)
{
	struct firn_target target = {
		.host = &host,
		.init_pid = pid,
		.environment = environment,
	};
	json_t *result = NULL;

	/* An empty layer: else the root would be walked. */
	char *lowers[] = { folder };

	target.rootfs.lowers = lowers;
	target.rootfs.n_lowers = 1;
	ck_ok(firn_secrets_of_target(&target, rules, &of, &result, &err));
	json_decref(environment);
	return result;
}

static const json_t *
item_of(const json_t *checklist, const char *kind)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(checklist, "items"), i, item) {
		const char *said = firn_json_string(item, "kind", NULL);

		if (said != NULL && strcmp(said, kind) == 0)
			return item;
	}
	return NULL;
}

static const char *
fact_of(const json_t *item, const char *name)
{
	const char *fact = firn_json_string(item, "facts", name, NULL);

	return fact != NULL ? fact : "";
}

START_TEST(a_route_to_the_metadata_service_of_a_cloud_is_its_role)
{
	autojson json_t *result = NULL;
	const json_t *item;

	put_file("sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
	start(ROUTE);
	result = look(NULL);
	item = item_of(result, "aws-instance-role");
	ck_assert_ptr_nonnull(item);
	ck_assert_str_eq(fact_of(item, "address"), "169.254.169.254");
	ck_assert_str_eq(fact_of(item, "route"), "direct");
	ck_assert_ptr_nonnull(strstr(fact_of(item, "hops"), "can't be known"));
	ck_assert_str_eq(firn_json_string(item, "readers", NULL), "world");
}
END_TEST

START_TEST(without_a_route_there_is_no_role)
{
	autojson json_t *result = NULL;

	put_file("sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
	start(NO_ROUTE);
	result = look(NULL);
	ck_assert_ptr_null(item_of(result, "aws-instance-role"));
}
END_TEST

START_TEST(a_route_that_drops_everything_is_none)
{
	autojson json_t *result = NULL;

	put_file("sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
	start(BARRED);
	result = look(NULL);
	ck_assert_ptr_null(item_of(result, "aws-instance-role"));
}
END_TEST

/* Most networks have a route to everywhere. */
START_TEST(on_a_machine_of_no_cloud_a_route_says_nothing)
{
	autojson json_t *result = NULL;

	put_file("sys/class/dmi/id/sys_vendor", "QEMU\n");
	start(ROUTE);
	result = look(NULL);
	ck_assert_ptr_null(item_of(result, "aws-instance-role"));
	ck_assert_ptr_null(item_of(result, "cloud-instance-role"));
}
END_TEST

START_TEST(each_cloud_has_a_guide_of_its_own)
{
	static const struct {
		const char *file, *says, *kind;
	} clouds[] = {
		{ "product_name", "Google Compute Engine\n",
		  "gcp-instance-identity" },
		{ "chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77\n",
		  "azure-managed-identity" },
		{ "sys_vendor", "Hetzner\n", "cloud-instance-role" },
	};

	start(ROUTE);
	for (size_t i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++) {
		autojson json_t *result = NULL;
		char path[64];

		snprintf(path, sizeof(path), "sys/class/dmi/id/%s",
			 clouds[i].file);
		put_file(path, clouds[i].says);
		result = look(NULL);
		ck_assert_msg(item_of(result, clouds[i].kind) != NULL, "%s",
			      clouds[i].kind);
		unlinkat(folder_fd, path, 0);
	}
}
END_TEST

START_TEST(workload_identities_are_items_by_what_the_environment_says)
{
	autojson json_t *result = NULL;
	const json_t *azure, *alibaba;

	start(NO_ROUTE);
	result = look(json_pack(
		"[s, s, s, s]",
		"AZURE_CLIENT_ID=01234567-89ab-cdef-0123-456789abcdef",
		"AZURE_FEDERATED_TOKEN_FILE=/var/run/secrets/azure/token",
		"ALIBABA_CLOUD_ROLE_ARN=acs:ram::1234567890123456:role/firn",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/0"));
	azure = item_of(result, "azure-workload-identity");
	alibaba = item_of(result, "cloud-instance-role");
	ck_assert_str_eq(fact_of(azure, "client_id"),
			 "01234567-89ab-cdef-0123-456789abcdef");
	ck_assert_str_eq(fact_of(alibaba, "account"), "1234567890123456");
	ck_assert_str_eq(fact_of(alibaba, "role"), "firn");
	ck_assert_ptr_nonnull(item_of(result, "aws-task-role"));
}
END_TEST

/* It would be shown as a fact. */
START_TEST(what_is_no_role_is_not_shown_as_one)
{
	autojson json_t *result = NULL;
	autofree char *line = NULL;

	start(NO_ROUTE);
	result = look(json_pack("[s, s]", "AWS_ROLE_ARN=firn-fake-not-a-role",
				"AZURE_CLIENT_ID=firn-fake-not-an-id"));
	line = firn_json_line(result);
	ck_assert_ptr_null(item_of(result, "aws-web-identity-role"));
	ck_assert_ptr_null(strstr(line, "firn-fake-not"));
}
END_TEST

int
main(void)
{
	Suite *suite;
	TCase *tcase;

	if (geteuid() != 0 || system("ip link show lo >/dev/null 2>&1") != 0) {
		puts("skipped: needs root and ip(8)");
		return 77;
	}
	suite = suite_create("reach");
	tcase = tcase_create("reach");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase,
		       a_route_to_the_metadata_service_of_a_cloud_is_its_role);
	tcase_add_test(tcase, without_a_route_there_is_no_role);
	tcase_add_test(tcase, a_route_that_drops_everything_is_none);
	tcase_add_test(tcase, on_a_machine_of_no_cloud_a_route_says_nothing);
	tcase_add_test(tcase, each_cloud_has_a_guide_of_its_own);
	tcase_add_test(
		tcase,
		workload_identities_are_items_by_what_the_environment_says);
	tcase_add_test(tcase, what_is_no_role_is_not_shown_as_one);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
