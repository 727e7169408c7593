/* What a container can be known by: its labels as its runtime wrote them, and
 * the service that it is a replica of. */

#include "record.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "firn/traits.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))
#define ID "feed0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"

static struct firn_target *target;
static struct firn_traits traits;

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

/* --- the service ----------------------------------------------------------
 */

static const struct {
	const char *pod, *service;
} pods[] = {
	{ "web-7f8b9c6d5f-x2x9z", "shop/web/c" }, /* Deployment */
	{ "web-775855699b-bcdfg", "shop/web/c" },
	{ "web-api-6d4cf56db6-zzz99", "shop/web-api/c" },
	{ "agent-x2x9z", "shop/agent/c" },          /* DaemonSet, Job */
	{ "tidy-28712345-q4w6r", "shop/tidy/c" },   /* CronJob */
	{ "tidy-1650000000-q4w6r", "shop/tidy/c" }, /* an older one */
	{ "db-0", "shop/db/c" },                    /* StatefulSet */
	{ "db-12", "shop/db/c" },
	{ "my-nginx", "shop/my-nginx/c" }, /* a pod of nobody */
	{ "web", "shop/web/c" },
	{ "etcd-node7", "shop/etcd-node7/c" },
	{ "web-abcde", "shop/web-abcde/c" }, /* no random letters */
	{ "-0", "shop/-0/c" },
	{ "", "shop//c" },
	{ "-", "shop/-/c" },
	{ "x2x9z", "shop/x2x9z/c" },
};

START_TEST(replicas_of_a_pod_are_one_service)
{
	char pod[64], namespace[] = "shop", container[] = "c", id[] = ID;
	const struct firn_target one = {
		.id = id,
		.pod_namespace = namespace,
		.pod_name = pod,
		.pod_container = container,
	};

	snprintf(pod, sizeof(pod), "%s", pods[_i].pod);
	firn_target_traits(&one, &traits);
	ck_assert_str_eq(traits.service, pods[_i].service);
}
END_TEST

static const struct {
	const char *image, *service;
} images[] = {
	{ "web", "web" },
	{ "web:1", "web" },
	{ "web@sha256:00", "web" },
	{ "registry.example.org:5000/shop/web:1@sha256:00",
	  "registry.example.org:5000/shop/web" },
	{ "registry.example.org:5000/web", "registry.example.org:5000/web" },
	{ "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abc"
	  "def",
	  "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abc"
	  "def" },
	{ "0123456789ab", "0123456789ab" },
	{ "", "n" },
	{ NULL, "n" },
};

START_TEST(else_containers_of_an_image_are_one)
{
	char image[128], name[] = "n", id[] = ID;
	const struct firn_target one = {
		.id = id,
		.name = name,
		.image = images[_i].image != NULL ? image : NULL,
	};

	snprintf(image, sizeof(image), "%s",
		 images[_i].image != NULL ? images[_i].image : "");
	firn_target_traits(&one, &traits);
	ck_assert_str_eq(traits.service, images[_i].service);
}
END_TEST

START_TEST(a_service_is_never_empty_and_never_without_end)
{
	autofree char *text = malloc(1 << 16);
	char id[] = ID;
	struct firn_target one = { .id = id };

	memset(text, 'a', 1 << 16);
	text[(1 << 16) - 1] = '\0';
	firn_target_traits(&one, &traits);
	ck_assert_str_eq(traits.service, ID);
	one.image = text;
	firn_target_traits(&one, &traits);
	ck_assert_uint_eq(strlen(traits.service), sizeof(traits.service) - 1);
	one.pod_namespace = one.pod_name = one.pod_container = text;
	firn_target_traits(&one, &traits);
	ck_assert_uint_eq(strlen(traits.service), sizeof(traits.service) - 1);
}
END_TEST

/* --- labels ---------------------------------------------------------------
 */

static void
process(const char *cgroup)
{
	record_process(&(struct record_process){ .pid = 100,
						 .ppid = 1,
						 .comm = "sleep",
						 .start = 1000,
						 .cgroup = cgroup,
						 .namespaces = 100,
						 .inner_pid = 1 });
}

static void
look(void)
{
	firn_target_close(&target);
	ck_assert_msg(firn_target_open(&target, &record.host, ID, &err) == 0,
		      "%s", err.text);
	firn_target_traits(target, &traits);
}

static const char *
label(const char *key)
{
	return firn_json_string(traits.labels, key, NULL);
}

static void
make_docker(const char *labels)
{
	autobuf struct firn_buf text = { 0 };

	process("/docker/" ID);
	firn_buf_addf(&text,
		      "{\"ID\":\"" ID "\",\"Name\":\"/web\","
		      "\"State\":{\"Running\":true,\"Pid\":100},"
		      "\"Config\":{\"Image\":\"web:1\",\"Labels\":%s}}",
		      labels);
	record_file("/var/lib/docker/containers/" ID "/config.v2.json",
		    text.data, text.len);
}

START_TEST(docker_tells_all_labels)
{
	make_docker("{\"app\":\"web\",\"com.docker.compose.project\":\"shop\","
		    "\"com.docker.compose.service\":\"front\"}");
	record_text("/run/containerd/io.containerd.runtime.v2.task/moby/" ID
		    "/config.json",
		    "{\"annotations\":{\"only\":\"an annotation\"}}");
	look();
	ck_assert(traits.labels_whole);
	ck_assert_uint_eq(json_object_size(traits.labels), 3);
	ck_assert_str_eq(label("app"), "web");
	ck_assert_str_eq(traits.service, "shop/front");
}
END_TEST

START_TEST(labels_of_a_pod_may_be_others)
{
	make_docker("{\"io.kubernetes.pod.name\":\"web-0\","
		    "\"io.kubernetes.pod.namespace\":\"shop\"}");
	look();
	ck_assert(!traits.labels_whole);
	ck_assert_uint_eq(json_object_size(traits.labels), 2);
}
END_TEST

START_TEST(no_labels_are_known_to_be_none)
{
	static const char *const none[] = { "null", "{}", "[]", "7" };

	for (size_t i = 0; i < N(none); i++) {
		make_docker(none[i]);
		look();
		ck_assert(traits.labels_whole);
		ck_assert_uint_eq(json_object_size(traits.labels), 0);
		teardown();
		setup();
	}
}
END_TEST

START_TEST(labels_without_end_are_cut_and_not_whole)
{
	autobuf struct firn_buf text = { 0 };

	firn_buf_addf(&text, "{\"long\":\"");
	firn_buf_fill(&text, 'x', 5000);
	firn_buf_addf(&text, "\",\"odd\":7");
	for (int i = 0; i < 300; i++)
		firn_buf_addf(&text, ",\"l%d\":\"v\"", i);
	firn_buf_addf(&text, "}");
	make_docker(text.data);
	look();
	ck_assert(!traits.labels_whole);
	ck_assert_uint_eq(json_object_size(traits.labels), 256);
	ck_assert_ptr_null(label("long"));
	ck_assert_ptr_null(label("odd"));
}
END_TEST

START_TEST(of_containerd_annotations_are_known_and_others_may_be)
{
	process("/kubepods.slice/cri-containerd-" ID ".scope");
	record_text(
		"/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID
		"/config.json",
		"{\"annotations\":{\"io.kubernetes.cri.sandbox-name\":"
		"\"web-0\",\"io.kubernetes.cri.sandbox-namespace\":\"shop\","
		"\"io.kubernetes.cri.container-name\":\"web\","
		"\"team\":\"front\"}}");
	look();
	ck_assert(!traits.labels_whole);
	ck_assert_str_eq(label("team"), "front");
	ck_assert_str_eq(traits.service, "shop/web/web");
}
END_TEST

static void
make_stored(const char *config)
{
	process("/machine.slice/libpod-" ID ".scope");
	record_text("/var/lib/containers/storage/overlay-containers/"
		    "containers.json",
		    "[{\"id\":\"" ID "\",\"names\":[\"web\"]}]");
	record_text("/var/lib/containers/storage/overlay-containers/" ID
		    "/userdata/config.json",
		    config);
}

START_TEST(crio_writes_labels_into_an_annotation)
{
	make_stored("{\"annotations\":{\"io.container.manager\":\"cri-o\","
		    "\"io.kubernetes.cri-o.Labels\":"
		    "\"{\\\"tier\\\":\\\"back\\\"}\",\"tier\":\"front\"}}");
	look();
	ck_assert(!traits.labels_whole);
	ck_assert_str_eq(label("tier"), "back");
	ck_assert_str_eq(label("io.container.manager"), "cri-o");
}
END_TEST

START_TEST(labels_that_are_none_are_left)
{
	static const char *const broken[] = { "{", "[1]", "7", "",
					      "{\\\"a\\\":{}}" };

	for (size_t i = 0; i < N(broken); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			 "{\"annotations\":{\"io.container.manager\":\"cri-o\","
			 "\"io.kubernetes.cri-o.Labels\":\"%s\"}}",
			 broken[i]);
		make_stored(text);
		look();
		ck_assert(!traits.labels_whole);
		ck_assert_ptr_null(label("a"));
		teardown();
		setup();
	}
}
END_TEST

START_TEST(of_podman_annotations_are_known)
{
	make_stored("{\"annotations\":{\"io.container.manager\":\"libpod\","
		    "\"team\":\"back\"}}");
	look();
	ck_assert(!traits.labels_whole);
	ck_assert_str_eq(label("team"), "back");
}
END_TEST

START_TEST(a_cgroup_of_which_no_file_speaks_has_none)
{
	process("/docker/" ID);
	look();
	ck_assert(!traits.labels_whole);
	ck_assert_ptr_null(traits.labels);
	ck_assert_str_eq(traits.service, ID);
}
END_TEST

START_TEST(a_record_has_what_is_known)
{
	autojson json_t *json = NULL;

	make_docker("{\"app\":\"web\"}");
	look();
	json = firn_traits_json(&traits);
	ck_assert_str_eq(firn_json_string(json, "id", NULL), ID);
	ck_assert_str_eq(firn_json_string(json, "name", NULL), "web");
	ck_assert_str_eq(firn_json_string(json, "image", NULL), "web:1");
	ck_assert_str_eq(firn_json_string(json, "service", NULL), "web");
	ck_assert_str_eq(firn_json_string(json, "labels", "app", NULL), "web");
	ck_assert_ptr_null(json_object_get(json, "namespace"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("traits");
	TCase *tcase = tcase_create("traits");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, replicas_of_a_pod_are_one_service, 0,
			    (int)N(pods));
	tcase_add_loop_test(tcase, else_containers_of_an_image_are_one, 0,
			    (int)N(images));
	tcase_add_test(tcase, a_service_is_never_empty_and_never_without_end);
	tcase_add_test(tcase, docker_tells_all_labels);
	tcase_add_test(tcase, labels_of_a_pod_may_be_others);
	tcase_add_test(tcase, no_labels_are_known_to_be_none);
	tcase_add_test(tcase, labels_without_end_are_cut_and_not_whole);
	tcase_add_test(tcase,
		       of_containerd_annotations_are_known_and_others_may_be);
	tcase_add_test(tcase, crio_writes_labels_into_an_annotation);
	tcase_add_test(tcase, labels_that_are_none_are_left);
	tcase_add_test(tcase, of_podman_annotations_are_known);
	tcase_add_test(tcase, a_cgroup_of_which_no_file_speaks_has_none);
	tcase_add_test(tcase, a_record_has_what_is_known);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
