#include "collect/fixture.h"

static struct firn_record records[4];

static void
write_file(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
	fclose(file);
}

static char *
in_folder(const char *name)
{
	char *path = NULL;

	ck_assert_int_gt(asprintf(&path, "%s/%s", folder, name), 0);
	return path;
}

START_TEST(a_log_is_copied_byte_by_byte_and_said_to_be_lossy)
{
	autofree char *path = in_folder("c-json.log");
	autojson json_t *logs = NULL;
	json_t *entry;

	write_file(path, "{\"log\":\"\xff\\n\"}\n\0x", 16);
	records[0] = (struct firn_record){ .kind = FIRN_RECORD_LOG,
					   .path = path,
					   .name = "c-json.log" };
	target.records = records;
	target.n_records = 1;
	target.runtime = FIRN_RUNTIME_DOCKER;
	capture(&firn_collect_logs);
	run("cmp c-json.log CASE/data/logs/c-json.log");
	logs = load("CASE/data/logs/logs.json");
	entry = json_array_get(json_object_get(logs, "logs"), 0);
	ck_assert(json_is_true(json_object_get(entry, "lossy")));
	ck_assert_str_eq(firn_json_string(entry, "driver", NULL), "json-file");
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

static void
add_log(const char *name, const char *text, size_t len)
{
	struct firn_record *record = &records[target.n_records++];

	write_file(name, text, len);
	*record = (struct firn_record){ .kind = FIRN_RECORD_LOG,
					.path = in_folder(name) };
	snprintf(record->name, sizeof(record->name), "%s", name);
	target.records = records;
}

static json_t *
log_entry(const json_t *logs, size_t i)
{
	return json_array_get(json_object_get(logs, "logs"), i);
}

START_TEST(rotated_logs_are_taken_as_they_lie_compressed_or_not)
{
	static const char gz[] = "\x1f\x8b\x08\0not really compressed";
	autojson json_t *logs = NULL;

	add_log("c-json.log", "three\n", 6);
	add_log("c-json.log.1", "two\n", 4);
	add_log("c-json.log.2.gz", gz, sizeof(gz));
	target.runtime = FIRN_RUNTIME_DOCKER;
	capture(&firn_collect_logs);
	run("for f in c-json.log c-json.log.1 c-json.log.2.gz; do "
	    "cmp $f CASE/data/logs/$f || exit 1; done");
	logs = load("CASE/data/logs/logs.json");
	for (size_t i = 0; i < 3; i++)
		ck_assert_str_eq(firn_json_string(log_entry(logs, i), "driver",
						  NULL),
				 "json-file");
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(logs_of_pods_and_of_podman_are_known_by_where_they_lie)
{
	static const char cri[] = "2026-11-24T17:00:00.0Z stdout P half a \n"
				  "2026-11-24T17:00:00.1Z stdout F line\n";
	autojson json_t *logs = NULL;

	run("mkdir -p pods/ns_pod_uid/app podman");
	add_log("pods/ns_pod_uid/app/0.log", cri, strlen(cri));
	snprintf(records[0].name, sizeof(records[0].name), "0.log");
	add_log("podman/ctr.log", cri, strlen(cri));
	snprintf(records[1].name, sizeof(records[1].name), "ctr.log");
	target.runtime = FIRN_RUNTIME_PODMAN;
	capture(&firn_collect_logs);
	run("cmp pods/ns_pod_uid/app/0.log CASE/data/logs/0.log && "
	    "cmp podman/ctr.log CASE/data/logs/ctr.log");
	logs = load("CASE/data/logs/logs.json");
	ck_assert_str_eq(firn_json_string(log_entry(logs, 0), "driver", NULL),
			 "cri");
	ck_assert_str_eq(firn_json_string(log_entry(logs, 1), "driver", NULL),
			 "k8s-file");
	ck_assert_ptr_null(json_object_get(log_entry(logs, 0), "lossy"));
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

#define HUGE_LOG ((off_t)100 << 20)

START_TEST(a_huge_log_is_copied_whole_without_being_held_in_memory)
{
	autojson json_t *logs = NULL;
	struct stat st;

	add_log("huge-json.log", "first\n", 6);
	ck_assert_int_eq(truncate("huge-json.log", HUGE_LOG), 0);
	capture(&firn_collect_logs);
	ck_assert_int_eq(stat("CASE/data/logs/huge-json.log", &st), 0);
	ck_assert_int_eq(st.st_size, HUGE_LOG);
	logs = load("CASE/data/logs/logs.json");
	ck_assert_int_eq(json_integer_value(
				 json_object_get(log_entry(logs, 0), "size")),
			 HUGE_LOG);
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

static void
write_the_log(void)
{
	int fd = open("live-json.log", O_WRONLY | O_APPEND);

	if (fd < 0 || write(ready_pipe[1], "r", 1) != 1)
		_exit(1);
	for (int i = 0; i < 1 << 20; i++) {
		if (dprintf(fd, "{\"log\":\"line %d\\n\"}\n", i) < 0)
			_exit(1);
	}
	ready();
}

START_TEST(a_log_that_is_written_meanwhile_is_a_prefix_of_it)
{
	autojson json_t *logs = NULL;
	char command[256];

	add_log("live-json.log", "{\"log\":\"begun\\n\"}\n", 17);
	suspect(write_the_log);
	capture(&firn_collect_logs);
	logs = load("CASE/data/logs/logs.json");
	snprintf(command, sizeof(command),
		 "test $(stat -c %%s CASE/data/logs/live-json.log) -eq %lld && "
		 "cmp -n %lld live-json.log CASE/data/logs/live-json.log",
		 (long long)json_integer_value(
			 json_object_get(log_entry(logs, 0), "size")),
		 (long long)json_integer_value(
			 json_object_get(log_entry(logs, 0), "size")));
	run(command);
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(the_kernel_is_heard)
{
	int kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char text[128];
	int len;

	if (kmsg < 0)
		return;
	/* dprintf(3) would seek, which this can't. */
	len = snprintf(text, sizeof(text), "firn-processes test %s\n", folder);
	ck_assert_int_eq(write(kmsg, text, (size_t)len), len);
	close(kmsg);
	capture(&firn_collect_logs);
	run("grep -q \"firn-processes test $PWD\" CASE/data/logs/kernel.txt");
}
END_TEST

START_TEST(a_log_that_is_not_there_is_a_gap)
{
	autofree char *path = in_folder("missing.log");
	autofree char *fifo = in_folder("fifo.log");

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	records[0] = (struct firn_record){ .kind = FIRN_RECORD_LOG,
					   .path = path,
					   .name = "missing.log" };
	records[1] = (struct firn_record){ .kind = FIRN_RECORD_LOG,
					   .path = fifo,
					   .name = "fifo.log" };
	target.records = records;
	target.n_records = 2;
	capture(&firn_collect_logs);
	ck_assert_uint_eq(sealed.gaps, 2);
}
END_TEST

START_TEST(a_driver_that_keeps_no_file_is_named_in_the_gap)
{
	static const char config[] = "{\"LogConfig\":{\"Type\":\"journald\"}}";
	autofree char *path = in_folder("hostconfig.json");

	write_file(path, config, strlen(config));
	records[0] = (struct firn_record){ .kind = FIRN_RECORD_CONFIG,
					   .path = path,
					   .name = "hostconfig.json" };
	target.records = records;
	target.n_records = 1;
	target.runtime = FIRN_RUNTIME_DOCKER;
	capture(&firn_collect_logs);
	ck_assert_uint_eq(sealed.gaps, 1);
	ck_assert_int_eq(gaps_with("journald"), 1);
}
END_TEST

START_TEST(a_runtime_that_keeps_no_log_has_no_gap)
{
	target.runtime = FIRN_RUNTIME_RUNC;
	capture(&firn_collect_logs);
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(records_of_the_runtime_are_copied_and_the_target_told)
{
	autofree char *config = in_folder("config.json");
	autofree char *image = in_folder("manifest.json");
	char id[] = "0123abcd";

	write_file(config, "{\"a\": 1}", 8);
	write_file(image, "{\"b\": 2}", 8);
	records[0] = (struct firn_record){ .kind = FIRN_RECORD_CONFIG,
					   .path = config,
					   .name = "config.json" };
	records[1] = (struct firn_record){ .kind = FIRN_RECORD_IMAGE,
					   .path = image,
					   .name = "manifest.json" };
	target.records = records;
	target.n_records = 2;
	target.id = id;
	capture(&firn_collect_runtime);
	run("cmp config.json CASE/data/runtime/config.json && "
	    "cmp manifest.json CASE/data/runtime/image/manifest.json && "
	    "grep -q 0123abcd CASE/data/runtime/target.json");
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(the_node_is_described)
{
	autojson json_t *summary = NULL;
	autofree char *boot_id = NULL;

	capture(&firn_collect_host);
	summary = load("CASE/data/host/host.json");
	ck_ok(firn_read_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64,
			   &boot_id, NULL, &err));
	boot_id[strcspn(boot_id, "\n")] = '\0';
	ck_assert_str_eq(firn_json_string(summary, "boot_id", NULL), boot_id);
	ck_assert_ptr_nonnull(firn_json_string(summary, "sysctl",
					       "kernel/core_pattern", NULL));
	ck_assert_ptr_nonnull(
		firn_json_at(summary, "clock", "synchronized", NULL));
	run("grep -q '\"comm\":\"test_records\"' "
	    "CASE/data/host/processes.jsonl");
	run("cmp /proc/cmdline CASE/data/host/cmdline && "
	    "cmp /etc/os-release CASE/data/host/os-release && "
	    "test -s CASE/data/host/mountinfo");
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_log_is_copied_byte_by_byte_and_said_to_be_lossy,
		rotated_logs_are_taken_as_they_lie_compressed_or_not,
		logs_of_pods_and_of_podman_are_known_by_where_they_lie,
		a_huge_log_is_copied_whole_without_being_held_in_memory,
		a_log_that_is_written_meanwhile_is_a_prefix_of_it,
		the_kernel_is_heard,
		a_log_that_is_not_there_is_a_gap,
		a_driver_that_keeps_no_file_is_named_in_the_gap,
		a_runtime_that_keeps_no_log_has_no_gap,
		records_of_the_runtime_are_copied_and_the_target_told,
		the_node_is_described,
	};

	return run_suite(
		suite_of("records", tests, sizeof(tests) / sizeof(tests[0])));
}
