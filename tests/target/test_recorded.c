#include "record.h"

#include "base/json.h"
#include "firn/target.h"

#define ID "feed0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
#define ID2 "beef9876543210abcdef0123456789abcdef0123456789abcdef0123456789ab"
#define IMAGE "aaaa0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
#define TASKS "/run/containerd/io.containerd.runtime.v2.task"
#define STORAGE "/var/lib/containers/storage"
#define DOCKER "/var/lib/docker"

static struct firn_target *target;

static void
setup(void)
{
	record_start();
}

static void
teardown(void)
{
	firn_target_close(&target);
	record_clear();
}

static int
open_target(const char *name)
{
	firn_target_close(&target);
	err = (struct firn_err){ 0 };
	if (firn_target_open(&target, &record.host, name, &err) < 0)
		return -1;
	return firn_target_scan(target, &err);
}

#define opens(name) ck_assert_msg(open_target(name) == 0, "%s", err.text)

static void
refuses(const char *name, int code, const char *part)
{
	ck_assert_msg(open_target(name) < 0, "%s was taken", name);
	ck_assert_msg(err.code == code, "%s: %d: %s", name, err.code, err.text);
	ck_assert_msg(strstr(err.text, part) != NULL, "%s: %s", name, err.text);
}

static void
container(int pid, const char *cgroup, const char *overlay)
{
	record_process(&(struct record_process){ .pid = pid,
						 .ppid = 1,
						 .comm = "sleep",
						 .start = pid * 10,
						 .cgroup = cgroup,
						 .namespaces = pid,
						 .inner_pid = 1,
						 .overlay = overlay });
}

static const struct firn_record *
record_named(const char *name)
{
	for (size_t i = 0; i < target->n_records; i++)
		if (strcmp(target->records[i].name, name) == 0)
			return &target->records[i];
	return NULL;
}

struct pod {
	const char *namespace, *pod, *type, *container;
};

/* One container of a pod, as the kubelet has containerd make it. */
static void
make_pod_of(int pid, const char *id, const struct pod *pod)
{
	char path[256], text[1024];

	snprintf(path, sizeof(path),
		 "/kubepods.slice/kubepods-burstable.slice/"
		 "kubepods-burstable-pod1f.slice/cri-containerd-%s.scope",
		 id);
	container(pid, path, NULL);
	snprintf(path, sizeof(path), TASKS "/k8s.io/%s/config.json", id);
	snprintf(text, sizeof(text),
		 "{\"process\":{\"env\":[\"DB=secret\"]},"
		 "\"linux\":{\"cgroupsPath\":\"kubepods-x:cri-containerd:%s\"},"
		 "\"mounts\":[{\"destination\":\"/data\",\"type\":\"bind\","
		 "\"source\":\"/srv/data\",\"options\":[\"rbind\",\"ro\"]},"
		 "{\"destination\":\"/proc\",\"type\":\"proc\"}],"
		 "\"annotations\":{"
		 "\"io.kubernetes.cri.container-type\":\"%s\","
		 "\"io.kubernetes.cri.container-name\":\"%s\","
		 "\"io.kubernetes.cri.image-name\":\"shop/web:3\","
		 "\"io.kubernetes.cri.sandbox-namespace\":\"%s\","
		 "\"io.kubernetes.cri.sandbox-uid\":\"1f\","
		 "\"io.kubernetes.cri.sandbox-name\":\"%s\"}}",
		 id, pod->type, pod->container, pod->namespace, pod->pod);
	record_text(path, text);
}

static void
make_pod(int pid, const char *id, const char *type, const char *name)
{
	make_pod_of(pid, id, &(struct pod){ "shop", "web-7f", type, name });
}

static const struct pod needed[] = {
	{ "kube-system", "coredns-5d78c9869d-x", "container", "coredns" },
	{ "kube-system", "etcd-node7", "sandbox", "" },
	{ "calico-system", "csi-node-driver-2", "container", "csi" },
	{ "networks", "calico-node-abcde", "container", "main" },
	{ "networks", "x-1", "container", "kube-proxy" },
	{ "networks", "antrea-agent-k2", "sandbox", "" },
};

START_TEST(what_the_cluster_needs_is_refused_unless_forced)
{
	make_pod_of(100, ID, &needed[_i]);
	refuses("containerd://" ID, EPERM, "--force");
	ck_assert(firn_target_refused(&err));
	err = (struct firn_err){ 0 };
	ck_assert_msg(firn_target_open_forced(&target, &record.host,
					      "containerd://" ID, &err) == 0,
		      "%s", err.text);
	ck_assert_str_eq(target->pod_namespace, needed[_i].namespace);
}
END_TEST

START_TEST(a_name_that_only_begins_alike_is_not_the_clusters)
{
	make_pod_of(100, ID,
		    &(struct pod){ "kube-systems", "kube-proxyish", "container",
				   "ciliumx" });
	opens("containerd://" ID);
}
END_TEST

START_TEST(a_pod_of_containerd_is_found_by_its_names)
{
	make_pod(100, ID, "container", "nginx");
	make_pod(200, ID2, "sandbox", "");
	record_text("/var/log/pods/shop_web-7f_1f/nginx/0.log", "x");
	opens("pod:shop/web-7f");
	ck_assert_str_eq(target->id, ID);
	ck_assert_int_eq(target->runtime, FIRN_RUNTIME_CONTAINERD);
	ck_assert_str_eq(target->image, "shop/web:3");
	ck_assert_str_eq(target->pod_uid, "1f");
	ck_assert_str_eq(target->pod_container, "nginx");
	ck_assert_int_eq(target->init_pid, 100);
	ck_assert_int_eq(target->init_pidfd, -1);
	ck_assert_ptr_nonnull(record_named("0.log"));
	ck_assert_str_eq(json_string_value(
				 json_array_get(target->environment, 0)),
			 "DB=secret");
	ck_assert_uint_eq(json_array_size(target->config_mounts), 1);
	ck_assert_uint_eq(json_array_size(target->disagreements), 0);
	opens("pod:shop/web-7f/nginx");
	opens("nginx");
	opens("containerd://" ID);
	opens("pod:shop/web-7f/POD");
	ck_assert_str_eq(target->id, ID2);
	refuses("pod:shop/web-7f/other", ESRCH, "no container");
	refuses("pod:default/web-7f", ESRCH, "no container");
	refuses("docker://" ID, ESRCH, "no container");
}
END_TEST

START_TEST(a_pod_of_two_containers_is_ambiguous)
{
	make_pod(100, ID, "container", "nginx");
	make_pod(200, ID2, "container", "sidecar");
	refuses("pod:shop/web-7f", EEXIST, "sidecar");
	opens("pod:shop/web-7f/sidecar");
	ck_assert_str_eq(target->id, ID2);
	refuses("cgroup:/kubepods.slice", EPERM, ID2);
}
END_TEST

START_TEST(a_container_of_crio_is_found)
{
	static const char config[] =
		"{\"annotations\":{"
		"\"io.container.manager\":\"cri-o\","
		"\"io.kubernetes.cri-o.ContainerType\":\"container\","
		"\"io.kubernetes.cri-o.ImageName\":\"quay.io/shop/db:1\","
		"\"io.kubernetes.pod.namespace\":\"shop\","
		"\"io.kubernetes.pod.name\":\"db-0\","
		"\"io.kubernetes.pod.uid\":\"2e\","
		"\"io.kubernetes.container.name\":\"db\"}}";

	container(100, "/kubepods.slice/x.slice/crio-" ID ".scope",
		  "lowerdir=" STORAGE "/overlay/l/AB,upperdir=" STORAGE
		  "/overlay/" ID2 "/diff,workdir=" STORAGE "/overlay/" ID2
		  "/work");
	record_link(STORAGE "/overlay/l/AB", "../" IMAGE "/diff");
	record_text(STORAGE "/overlay-containers/containers.json",
		    "[{\"id\":\"" ID
		    "\",\"names\":[\"k8s_db\"],\"layer\":\"" ID2
		    "\",\"image\":\"" IMAGE "\"}]");
	record_text("/run/containers/storage/overlay-containers/" ID
		    "/userdata/config.json",
		    config);
	record_text("/run/containers/storage/overlay-containers/" ID
		    "/userdata/pidfile",
		    "100");
	opens("pod:shop/db-0/db");
	ck_assert_int_eq(target->runtime, FIRN_RUNTIME_CRIO);
	ck_assert_str_eq(target->image, "quay.io/shop/db:1");
	ck_assert_str_eq(target->rootfs.upper, STORAGE "/overlay/" ID2 "/diff");
	ck_assert_uint_eq(target->rootfs.n_lowers, 1);
	ck_assert_str_eq(target->rootfs.lowers[0],
			 STORAGE "/overlay/" IMAGE "/diff");
	ck_assert_uint_eq(json_array_size(target->disagreements), 0);
	opens("cri-o://" ID);
	opens("db");
}
END_TEST

static void
make_docker(int pid, const char *id, const char *name)
{
	char path[256], text[1024];

	snprintf(path, sizeof(path), DOCKER "/containers/%s/config.v2.json",
		 id);
	snprintf(text, sizeof(text),
		 "{\"ID\":\"%s\",\"Name\":\"/%s\",\"Driver\":\"overlay2\","
		 "\"State\":{\"Running\":%s,\"Pid\":%d,\"ExitCode\":3,"
		 "\"FinishedAt\":\"2026-01-02T03:04:05Z\"},"
		 "\"Config\":{\"Image\":\"web:1\",\"Env\":[\"A=b\"]}}",
		 id, name, pid != 0 ? "true" : "false", pid);
	record_text(path, text);
}

START_TEST(a_container_of_docker_is_found_with_systemd_names)
{
	container(100, "/system.slice/docker-" ID ".scope", NULL);
	make_docker(100, ID, "web");
	record_text(DOCKER "/containers/" ID "/" ID "-json.log", "x");
	record_text(DOCKER "/containers/" ID "/" ID "-json.log.1", "x");
	opens("web");
	ck_assert_int_eq(target->runtime, FIRN_RUNTIME_DOCKER);
	ck_assert_str_eq(target->id, ID);
	ck_assert_ptr_nonnull(record_named("json.log"));
	ck_assert_ptr_nonnull(record_named("json.log.1"));
	ck_assert_uint_eq(json_array_size(target->disagreements), 0);
}
END_TEST

START_TEST(an_exited_container_is_refused_with_how_it_ended)
{
	make_docker(0, ID, "web");
	refuses("web", ESRCH, "exited with 3 at 2026-01-02");
	refuses(ID, ESRCH, "exited with 3");
}
END_TEST

START_TEST(a_name_that_a_dead_one_had_too_is_the_running_ones)
{
	container(100, "/docker/" ID, NULL);
	make_docker(100, ID, "web");
	make_docker(0, ID2, "web");
	opens("web");
	ck_assert_str_eq(target->id, ID);
}
END_TEST

static void
make_runc(const char *id, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "/run/runc/%s/state.json", id);
	record_text(path, text);
}

START_TEST(a_name_that_two_have_is_ambiguous)
{
	container(100, "/docker/" ID, NULL);
	container(200, "/docker/" ID2, NULL);
	make_docker(100, ID, "web");
	make_docker(200, ID2, "web");
	refuses("web", EEXIST, ID2);
	opens(ID);
	opens("docker://" ID2);
}
END_TEST

/* As any encoder of JSON may write it. */
START_TEST(a_name_that_is_written_with_escapes_is_found)
{
	container(100, "/docker/" ID, NULL);
	container(200, "/docker/" ID2, NULL);
	make_docker(100, ID, "web");
	make_docker(200, ID2, "w\\u0065b-\\u0032");
	opens("web-2");
	ck_assert_str_eq(target->id, ID2);
	ck_assert_str_eq(target->name, "web-2");
	make_docker(200, ID2, "\\u0077eb");
	refuses("web", EEXIST, ID2);
}
END_TEST

START_TEST(the_beginning_of_an_id_that_is_anothers_name_is_ambiguous)
{
	container(100, "/docker/" ID, NULL);
	container(200, "/docker/" ID2, NULL);
	make_docker(100, ID, "web");
	make_docker(200, ID2, "feed01234567");
	refuses("feed01234567", EEXIST, ID2);
	opens("id:feed01234567");
	ck_assert_str_eq(target->id, ID);
	opens(ID);
	ck_assert_str_eq(target->id, ID);
	ck_assert_str_eq(target->name, "web");
}
END_TEST

static void
make_bundle(const char *id, const char *config)
{
	char path[256];

	snprintf(path, sizeof(path), TASKS "/moby/%s/config.json", id);
	record_text(path, config);
}

/* Docker's own file has the name, the shim's bundle hasn't. */
START_TEST(all_that_is_known_of_the_one_that_is_named_is_read)
{
	container(100, "/docker/" ID, NULL);
	make_docker(100, ID, "web");
	make_bundle(ID, "{\"process\":{\"env\":[\"A=b\"]}}");
	opens("web");
	ck_assert_uint_eq(json_array_size(target->witnesses), 3);
	ck_assert_ptr_nonnull(record_named("oci-config.json"));
}
END_TEST

/* Nothing is said of it, though it can't be parsed. */
START_TEST(what_is_anothers_for_certain_is_not_parsed)
{
	container(100, "/docker/" ID, NULL);
	container(200, "/docker/" ID2, NULL);
	make_docker(100, ID, "shop");
	make_docker(200, ID2, "db");
	make_bundle(ID2, "{");
	opens("shop");
	ck_assert_uint_eq(json_array_size(target->witnesses), 2);
	opens(ID);
	ck_assert_uint_eq(json_array_size(target->witnesses), 2);
	opens("db");
	ck_assert_uint_eq(json_array_size(target->witnesses), 3);
}
END_TEST

/* Its control group isn't called by its id: only its state says that it is
 * one. */
START_TEST(a_container_within_anothers_cgroup_is_seen)
{
	container(100, "/box", NULL);
	container(200, "/box/in", NULL);
	make_runc("outer", "{\"id\":\"outer\",\"init_process_pid\":100,"
			   "\"init_process_start\":1000,\"cgroup_paths\":"
			   "{\"\":\"/sys/fs/cgroup/box\"}}");
	make_runc(ID2, "{\"id\":\"" ID2 "\",\"init_process_pid\":200,"
		       "\"init_process_start\":2000,\"cgroup_paths\":"
		       "{\"\":\"/sys/fs/cgroup/box/in\"}}");
	refuses("outer", EPERM, ID2);
}
END_TEST

START_TEST(where_disk_and_kernel_differ_the_kernel_is_right_and_it_is_said)
{
	container(100, "/docker/" ID, NULL);
	make_docker(0, ID, "web");
	opens("web");
	ck_assert_int_eq(target->init_pid, 100);
	ck_assert_uint_eq(json_array_size(target->disagreements), 1);
	ck_assert_str_eq(firn_json_string(json_array_get(target->disagreements,
							 0),
					  "fact", NULL),
			 "running");
	make_docker(2000, ID, "web");
	opens("web");
	ck_assert_int_eq(target->init_pid, 100);
	ck_assert_str_eq(firn_json_string(json_array_get(target->disagreements,
							 0),
					  "fact", NULL),
			 "pid");
}
END_TEST

START_TEST(a_state_file_can_not_make_a_cgroup_its_own)
{
	static const char *const groups[] = { "/",           "/init.scope",
					      "/user.slice", ("/docker/" ID),
					      "/../x",       "relative" };

	container(100, "/docker/" ID, NULL);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			 "{\"pid\":100,\"process-start-time\":1000,"
			 "\"cgroup-path\":\"%s\"}",
			 groups[i]);
		record_text("/run/crun/evil/status", text);
		refuses("evil", ESRCH, "not running");
	}
	record_text("/run/crun/evil/status",
		    "{\"pid\":1,\"process-start-time\":5,"
		    "\"cgroup-path\":\"/init.scope\"}");
	refuses("evil", EPERM, "pid 1");
	record_text("/run/crun/evil/status",
		    "{\"pid\":2000,\"process-start-time\":9000,"
		    "\"cgroup-path\":\"/user.slice\"}");
	refuses("evil", EPERM, "firn itself");
}
END_TEST

START_TEST(a_pid_that_is_somebody_elses_by_now_is_not_believed)
{
	container(100, "/work/other", NULL);
	record_text("/run/crun/old/status",
		    "{\"pid\":100,\"process-start-time\":77,"
		    "\"cgroup-path\":\"/work/other\"}");
	refuses("old", ESRCH, "not running");
	record_text("/run/crun/old/status",
		    "{\"pid\":100,\"process-start-time\":1000,"
		    "\"cgroup-path\":\"/work/other\"}");
	opens("old");
	ck_assert_int_eq(target->runtime, FIRN_RUNTIME_CRUN);
	ck_assert_str_eq(target->v2.path, "/work/other");
}
END_TEST

START_TEST(a_container_of_runc_is_found_by_the_id_that_a_person_gave_it)
{
	container(100, "/work/job", NULL);
	make_runc("job", "{\"id\":\"job\",\"init_process_pid\":100,"
			 "\"init_process_start\":1000,\"cgroup_paths\":"
			 "{\"\":\"/sys/fs/cgroup/work/job\"},"
			 "\"config\":{\"labels\":[\"bundle=/srv/job\"]}}");
	record_text("/srv/job/config.json",
		    "{\"process\":{\"env\":[\"A=b\"]}}");
	opens("job");
	ck_assert_int_eq(target->runtime, FIRN_RUNTIME_RUNC);
	ck_assert_str_eq(target->name, "job");
	ck_assert_str_eq(target->v2.path, "/work/job");
	ck_assert_uint_eq(json_array_size(target->environment), 1);
	ck_assert_ptr_nonnull(record_named("runc-state.json"));
	ck_assert_ptr_nonnull(record_named("oci-config.json"));
	/* No unique prefix of a name: it was never an id. */
	refuses("jo", ESRCH, "no container");
}
END_TEST

START_TEST(state_that_can_not_be_read_is_said_and_hides_nobody)
{
	static char deep[200000];
	char path[PATH_MAX];

	container(100, "/docker/" ID, NULL);
	make_docker(100, ID, "web");
	memset(deep, '[', sizeof(deep));
	memcpy(deep, "{\"id\":", 6);
	record_file("/run/runc/deep/state.json", deep, sizeof(deep));
	make_runc("empty", "");
	make_runc("list", "[]");
	make_runc("liar", "{\"id\":\"somebody else\"}");
	make_runc("twice", "{\"id\":\"twice\",\"id\":\"x\"}");
	make_runc("odd", "{\"id\":\"odd\",\"init_process_pid\":\"x\","
			 "\"cgroup_paths\":[1],\"config\":7}");
	make_runc("far", "{\"id\":\"far\",\"init_process_pid\":"
			 "99999999999999}");
	record_file("/run/runc/nul/state.json", "{\"id\":\"nul\"\0}", 13);
	record_link("/run/runc/loop/state.json", "state.json");
	record_link("/run/runc/out/state.json", "/etc/shadow");
	record_folder("/run/runc/folder/state.json");
	record_folder("/run/runc/fifo");
	snprintf(path, sizeof(path), "%s/run/runc/fifo/state.json",
		 record.folder);
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	snprintf(path, sizeof(path), "%s/run/runc/big", record.folder);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/run/runc/big/state.json",
		 record.folder);
	ck_assert_int_eq(close(creat(path, 0644)), 0);
	ck_assert_int_eq(truncate(path, 1ll << 40), 0);
	opens("web");
	ck_assert_str_eq(target->id, ID);
	/* The kernel, Docker, and what could not be read. */
	ck_assert_uint_ge(json_array_size(target->witnesses), 9);
	refuses("deep", ESRCH, "no container");
	refuses("odd", ESRCH, "not running");
}
END_TEST

START_TEST(hostile_names_stay_in_their_place)
{
	container(100, "/docker/" ID, NULL);
	make_docker(100, ID, "a\\u001b[2J/../../etc");
	opens(ID);
	ck_assert_str_eq(target->name, "a\x1b[2J/../../etc");
	for (size_t i = 0; i < target->n_records; i++) {
		ck_assert_ptr_null(strchr(target->records[i].name, '/'));
		ck_assert_int_ne(target->records[i].name[0], '.');
	}
	refuses("a", ESRCH, "no container");
}
END_TEST

START_TEST(a_shim_that_the_suspect_made_up_is_not_listened_to)
{
	static const char args[] = "runc\0--root\0/evil\0run\0x";

	/* Named as one, but in a container: its folder is no place of ours. */
	container(100, "/docker/" ID, NULL);
	record_process(&(struct record_process){ .pid = 101,
						 .ppid = 100,
						 .comm = "runc",
						 .start = 1010,
						 .cgroup = "/docker/" ID,
						 .namespaces = 100,
						 .inner_pid = 2 });
	record_file("/proc/101/cmdline", args, sizeof(args));
	record_text("/evil/fake/state.json",
		    "{\"id\":\"fake\",\"init_process_pid\":100,"
		    "\"init_process_start\":1000,\"cgroup_paths\":"
		    "{\"\":\"/sys/fs/cgroup/docker/" ID "\"}}");
	refuses("fake", ESRCH, "no container");
}
END_TEST

START_TEST(a_list_is_sorted_by_name)
{
	json_t *all = NULL;

	container(100, "/docker/" ID, NULL);
	container(200, "/docker/" ID2, NULL);
	make_docker(100, ID, "zebra");
	make_docker(200, ID2, "ape");
	ck_ok(firn_targets(&record.host, &all, &err));
	ck_assert_uint_eq(json_array_size(all), 2);
	ck_assert_str_eq(firn_json_string(json_array_get(all, 0), "name", NULL),
			 "ape");
	ck_assert_str_eq(firn_json_string(json_array_get(all, 1), "state",
					  NULL),
			 "running");
	json_decref(all);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("recorded");
	TCase *tests = tcase_create("recorded");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_pod_of_containerd_is_found_by_its_names);
	tcase_add_test(tests, a_pod_of_two_containers_is_ambiguous);
	tcase_add_loop_test(tests,
			    what_the_cluster_needs_is_refused_unless_forced, 0,
			    sizeof(needed) / sizeof(needed[0]));
	tcase_add_test(tests,
		       a_name_that_only_begins_alike_is_not_the_clusters);
	tcase_add_test(tests, a_container_of_crio_is_found);
	tcase_add_test(tests,
		       a_container_of_docker_is_found_with_systemd_names);
	tcase_add_test(tests, an_exited_container_is_refused_with_how_it_ended);
	tcase_add_test(tests,
		       a_name_that_a_dead_one_had_too_is_the_running_ones);
	tcase_add_test(tests, a_name_that_two_have_is_ambiguous);
	tcase_add_test(tests, a_name_that_is_written_with_escapes_is_found);
	tcase_add_test(
		tests,
		the_beginning_of_an_id_that_is_anothers_name_is_ambiguous);
	tcase_add_test(tests,
		       all_that_is_known_of_the_one_that_is_named_is_read);
	tcase_add_test(tests, what_is_anothers_for_certain_is_not_parsed);
	tcase_add_test(tests, a_container_within_anothers_cgroup_is_seen);
	tcase_add_test(
		tests,
		where_disk_and_kernel_differ_the_kernel_is_right_and_it_is_said);
	tcase_add_test(tests, a_state_file_can_not_make_a_cgroup_its_own);
	tcase_add_test(tests,
		       a_pid_that_is_somebody_elses_by_now_is_not_believed);
	tcase_add_test(
		tests,
		a_container_of_runc_is_found_by_the_id_that_a_person_gave_it);
	tcase_add_test(tests,
		       state_that_can_not_be_read_is_said_and_hides_nobody);
	tcase_add_test(tests, hostile_names_stay_in_their_place);
	tcase_add_test(tests,
		       a_shim_that_the_suspect_made_up_is_not_listened_to);
	tcase_add_test(tests, a_list_is_sorted_by_name);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
