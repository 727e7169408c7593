/*
 * What firn says that a freeze will lead to: from the files that the runtimes
 * keep, as they write them, and from real processes.
 */

#include "check.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/consequences.h"

static char root[64];
static struct firn_host host, real;
static struct firn_record records[2];
static struct firn_member member;
static struct firn_target target;
static json_t *list;
static struct firn_err err;

static void
put(const char *path, const char *text)
{
	char folder[PATH_MAX], whole[PATH_MAX];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	snprintf(folder, sizeof(folder), "%s", whole);
	for (char *at = folder + strlen(root) + 1; *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		mkdir(folder, 0755);
		*at = '/';
	}
	file = fopen(whole, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
}

static char config_path[] = "/config", hostconfig_path[] = "/hostconfig";
static char id[] = "feed0123", pod[256];

static void
setup(void)
{
	char proc[128];

	snprintf(root, sizeof(root), "/tmp/firn-consequences-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(proc, sizeof(proc), "%s/proc", root);
	ck_assert_int_eq(mkdir(proc, 0755), 0);
	ck_ok(firn_host_open(&host, root, &err));
	ck_ok(firn_host_open(&real, "/", &err));
	target = (struct firn_target){
		.host = &host,
		.id = id,
		.runtime = FIRN_RUNTIME_DOCKER,
		.records = records,
		.n_records = 2,
		.v2.dir_fd = -1,
		.freezer.dir_fd = -1,
	};
	records[0] = (struct firn_record){ .path = config_path,
					   .name = "config.v2.json" };
	records[1] = (struct firn_record){ .path = hostconfig_path,
					   .name = "hostconfig.json" };
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

static void
teardown(void)
{
	json_decref(list);
	list = NULL;
	firn_host_close(&host);
	firn_host_close(&real);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const json_t *
find(const char *kind)
{
	const json_t *one;
	size_t i;

	json_decref(list);
	list = firn_consequences(&target);
	json_array_foreach(list, i, one) {
		if (strcmp(firn_json_string(one, "kind", NULL), kind) == 0)
			return one;
	}
	return NULL;
}

/* That kind is told of, in words with `part` in them, and when. */
static void
says(const char *kind, const char *part, long long after_s)
{
	const json_t *one = find(kind);
	const json_t *after = json_object_get(one, "after_s");
	const char *text = firn_json_string(one, "text", NULL);

	ck_assert_msg(one != NULL, "nothing of %s", kind);
	ck_assert_msg(strstr(text, part) != NULL, "%s", text);
	if (after_s < 0)
		ck_assert_ptr_null(after);
	else
		ck_assert_int_eq(json_integer_value(after), after_s);
}

START_TEST(a_health_check_bites_after_its_retries)
{
	put("/config", "{\"Config\":{\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],"
		       "\"Interval\":10000000000,\"Retries\":4}},"
		       "\"State\":{\"Health\":{\"Status\":\"healthy\","
		       "\"FailingStreak\":1}}}");
	says("health-check", "every 10 s", 20);
	says("health-check", "in 20 to 30 s; Docker itself kills nothing", 20);
}
END_TEST

START_TEST(a_health_check_that_says_nothing_has_dockers_numbers)
{
	put("/config", "{\"Config\":{\"Healthcheck\":{\"Test\":[\"CMD-SHELL\","
		       "\"x\"]}}}");
	says("health-check", "every 30 s", 60);
}
END_TEST

START_TEST(without_a_health_check_there_is_none)
{
	put("/config", "{\"Config\":{}}");
	ck_assert_ptr_null(find("health-check"));
	put("/config", "{\"Config\":{\"Healthcheck\":{\"Test\":[\"NONE\"]}}}");
	ck_assert_ptr_null(find("health-check"));
	put("/config", "{\"Config\":{\"Healthcheck\":{\"Test\":[\"CMD\"]}},"
		       "\"State\":{\"Paused\":true}}");
	ck_assert_ptr_null(find("health-check"));
	put("/config", "nonsense");
	ck_assert_ptr_null(find("health-check"));
}
END_TEST

START_TEST(numbers_that_make_no_sense_do_no_harm)
{
	put("/config", "{\"Config\":{\"Healthcheck\":{\"Test\":[\"CMD\"],"
		       "\"Interval\":-5,\"Retries\":9223372036854775807}},"
		       "\"State\":{\"Health\":{\"FailingStreak\":\"x\"}}}");
	ck_assert_ptr_nonnull(find("health-check"));
	put("/config", "{\"Config\":{\"Healthcheck\":{\"Test\":[[]]}}}");
	ck_assert_ptr_null(find("health-check"));
}
END_TEST

START_TEST(swarm_replaces_what_is_unhealthy)
{
	put("/config",
	    "{\"Config\":{\"Healthcheck\":{\"Test\":[\"CMD\"],\"Retries\":1},"
	    "\"Labels\":{\"com.docker.swarm.task.id\":\"t\","
	    "\"com.docker.swarm.service.name\":\"shop_web\"}}}");
	says("orchestrator", "shop_web: Swarm ends a task", 0);
	put("/config", "{\"Config\":{\"Labels\":{\"com.docker.compose.project\""
		       ":\"shop\"}}}");
	ck_assert_ptr_null(find("orchestrator"));
}
END_TEST

START_TEST(a_restart_policy_is_told)
{
	put("/hostconfig", "{\"RestartPolicy\":{\"Name\":\"always\"},"
			   "\"AutoRemove\":false}");
	says("restart", "restart policy always", -1);
	ck_assert_ptr_null(find("auto-remove"));
	put("/hostconfig", "{\"RestartPolicy\":{\"Name\":\"no\"},"
			   "\"AutoRemove\":true}");
	ck_assert_ptr_null(find("restart"));
	says("auto-remove", "--rm", -1);
}
END_TEST

START_TEST(podmans_timer_is_read)
{
	target.runtime = FIRN_RUNTIME_PODMAN;
	snprintf(records[0].name, sizeof(records[0].name), "oci-config.json");
	put("/config", "{\"annotations\":{"
		       "\"io.podman.annotations.autoremove\":\"TRUE\"}}");
	put("/run/systemd/transient/feed0123.timer",
	    "[Timer]\nOnUnitInactiveSec=45s\nAccuracySec=1s\n");
	says("health-check", "every 45s, fails", -1);
	says("auto-remove", "podman removes it", -1);
}
END_TEST

START_TEST(containerds_monitor_is_told_if_it_watches)
{
	target.runtime = FIRN_RUNTIME_CONTAINERD;
	snprintf(records[0].name, sizeof(records[0].name), "oci-config.json");
	put("/config", "{\"annotations\":{}}");
	ck_assert_ptr_null(find("restart"));
	put("/config", "{\"annotations\":{\"containerd.io/restart.status\":"
		       "\"running\"}}");
	says("restart", "every 10 s", 0);
}
END_TEST

START_TEST(a_pods_probes_are_not_known_but_the_default_is)
{
	target.pod_name = pod;
	snprintf(pod, sizeof(pod), "web-7f");
	says("probe", "so count on 30 s", 20);
	says("restart", "the kubelet starts it again", -1);
}
END_TEST

START_TEST(a_static_pods_probe_is_read)
{
	struct utsname node;

	ck_assert_int_eq(uname(&node), 0);
	target.pod_name = pod;
	snprintf(pod, sizeof(pod), "etcd-%.60s", node.nodename);
	put("/etc/kubernetes/manifests/other.yaml",
	    "metadata:\n  name: other\nspec:\n  livenessProbe:\n"
	    "    periodSeconds: 1\n");
	put("/etc/kubernetes/manifests/etcd.yaml",
	    "metadata:\n  name: etcd\nspec:\n  containers:\n  - name: etcd\n"
	    "    livenessProbe:\n      failureThreshold: 8\n"
	    "      httpGet:\n        port: 2381\n      periodSeconds: 5\n"
	    "    startupProbe:\n      periodSeconds: 99\n");
	says("probe",
	     "etcd.yaml, fails while it is frozen: the kubelet kills "
	     "it in 35 to 40 s",
	     35);
	put("/etc/kubernetes/manifests/etcd.yaml", "name: etcd\n");
	says("probe", "has no liveness probe", -1);
}
END_TEST

START_TEST(what_kills_a_frozen_task_depends_on_its_freezer)
{
	char path[] = "/x";

	target.v2.path = path;
	says("kill", "at once", -1);
	target.freezer.path = path;
	says("kill", "waits until the thaw", -1);
}
END_TEST

/* The files are read through the cgroup's folder, upwards. */
START_TEST(memory_near_its_limit_is_told)
{
	char folder[128], path[] = "/pod/own";

	put("/cg/pod/own/memory.max", "max\n");
	put("/cg/pod/own/memory.current", "950\n");
	put("/cg/pod/memory.max", "2000\n");
	put("/cg/pod/memory.current", "1000\n");
	snprintf(folder, sizeof(folder), "%s/cg/pod/own", root);
	target.v2.path = path;
	target.v2.dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(target.v2.dir_fd, 0);
	ck_assert_ptr_null(find("memory"));
	put("/cg/pod/memory.current", "1900\n");
	says("memory", "of the cgroups beside it", -1);
	put("/cg/pod/own/memory.max", "1000\n");
	says("memory", "its memory stands at", -1);
	close(target.v2.dir_fd);
}
END_TEST

static void
make_member(pid_t pid)
{
	target.host = &real;
	target.init_pid = pid;
	member = (struct firn_member){ .pid = pid,
				       .membership = FIRN_IN_CGROUP };
	target.members.items = &member;
	target.members.n = 1;
}

START_TEST(a_traced_process_is_told)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
			raise(SIGSTOP);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	make_member(pid);
	says("ptrace", "by one outside of it", 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_ptr_null(find("ptrace"));
}
END_TEST

/* Mounts it in a mount namespace of its own, and serves nobody. */
static void
serve(int ready)
{
	char options[128];
	int fd = open("/dev/fuse", O_RDWR);

	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("firn", root, "fuse", 0, options) < 0)
		_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	pause();
}

START_TEST(a_server_of_fuse_is_told)
{
	int ready[2];
	char byte;
	pid_t pid;
	bool can;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		serve(ready[1]);
	close(ready[1]);
	can = read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	make_member(pid);
	if (can)
		says("fuse", root, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_msg(can || geteuid() != 0, "FUSE can't be mounted here");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("consequences");
	TCase *tests = tcase_create("consequences");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_health_check_bites_after_its_retries);
	tcase_add_test(tests,
		       a_health_check_that_says_nothing_has_dockers_numbers);
	tcase_add_test(tests, without_a_health_check_there_is_none);
	tcase_add_test(tests, numbers_that_make_no_sense_do_no_harm);
	tcase_add_test(tests, swarm_replaces_what_is_unhealthy);
	tcase_add_test(tests, a_restart_policy_is_told);
	tcase_add_test(tests, podmans_timer_is_read);
	tcase_add_test(tests, containerds_monitor_is_told_if_it_watches);
	tcase_add_test(tests, a_pods_probes_are_not_known_but_the_default_is);
	tcase_add_test(tests, a_static_pods_probe_is_read);
	tcase_add_test(tests, what_kills_a_frozen_task_depends_on_its_freezer);
	tcase_add_test(tests, memory_near_its_limit_is_told);
	tcase_add_test(tests, a_traced_process_is_told);
	tcase_add_test(tests, a_server_of_fuse_is_told);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
