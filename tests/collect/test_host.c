#include "collect/fixture.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* A host of the test's own below ./root, with the real proc(5); the mount goes
 * with the test's mount namespace. */
static void
live_in_a_root_of_its_own(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	run("mkdir -p root/proc root/etc");
	ck_assert_int_eq(mount("/proc", "root/proc", NULL, MS_BIND, NULL), 0);
	firn_host_close(&host);
	ck_ok(firn_host_open(&host, "root", &err));
}

static void
leave_its_root(void)
{
	ck_assert_int_eq(umount2("root/proc", MNT_DETACH), 0);
}

/* What is mounted from here on, nobody else sees. */
static void
live_in_mounts_of_its_own(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	firn_host_close(&host);
	ck_ok(firn_host_open(&host, "/", &err));
}

/* All objects of a member of lines; a new array. */
static json_t *
lines_of(const char *name)
{
	json_t *list = json_array();
	autofree char *line = NULL;
	char path[96];
	size_t size = 0;
	ssize_t len;
	FILE *file;

	snprintf(path, sizeof(path), "CASE/data/host/%s", name);
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "no %s", path);
	while ((len = getline(&line, &size, file)) > 0) {
		json_t *json = NULL;

		ck_ok(firn_json_parse(line, (size_t)len, name, &json, &err));
		json_array_append_new(list, json);
	}
	fclose(file);
	return list;
}

static json_t *
with_text(const json_t *list, const char *field, const char *text)
{
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry) {
		const char *value = firn_json_string(entry, field, NULL);

		if (value != NULL && strcmp(value, text) == 0)
			return entry;
	}
	return NULL;
}

static json_t *
with_number(const json_t *list, const char *field, json_int_t wanted)
{
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry) {
		if (json_integer_value(json_object_get(entry, field)) == wanted)
			return entry;
	}
	return NULL;
}

static json_int_t
number(const json_t *object, const char *field)
{
	ck_assert_msg(json_is_integer(json_object_get(object, field)), "%s",
		      field);
	return json_integer_value(json_object_get(object, field));
}

static bool
holds_number(const json_t *list, json_int_t wanted)
{
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value) {
		if (json_integer_value(value) == wanted)
			return true;
	}
	return false;
}

static json_t *
knobs_of_capture(void)
{
	capture(&firn_collect_host);
	return load("CASE/data/host/knobs.json");
}

START_TEST(the_knobs_are_as_the_kernel_has_them)
{
	autojson json_t *knobs = knobs_of_capture();
	char command[512];

	snprintf(command, sizeof(command),
		 "test \"$(cat /proc/sys/kernel/core_pattern)\" = '%s'",
		 firn_json_string(knobs, "core_pattern", NULL));
	run(command);
	ck_assert_ptr_nonnull(json_object_get(knobs, "modprobe"));
	ck_assert_ptr_nonnull(json_object_get(knobs, "uevent_helper"));
	ck_assert(json_is_array(json_object_get(knobs, "binfmt")));
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(libraries_that_every_program_loads_are_listed)
{
	autojson json_t *knobs = NULL;
	const json_t *paths;

	live_in_a_root_of_its_own();
	run("printf '/lib/a.so:/lib/b.so # not this\\n\\n /lib/c.so\\n' "
	    ">root/etc/ld.so.preload");
	knobs = knobs_of_capture();
	leave_its_root();
	paths = json_object_get(knobs, "ld_so_preload");
	ck_assert_uint_eq(json_array_size(paths), 3);
	ck_assert_str_eq(json_string_value(json_array_get(paths, 1)),
			 "/lib/b.so");
	ck_assert_str_eq(json_string_value(json_array_get(paths, 2)),
			 "/lib/c.so");
}
END_TEST

START_TEST(an_agent_of_a_hierarchy_that_the_host_has_not_mounted_is_seen)
{
	autojson json_t *knobs = NULL;
	char options[192], name[48];
	const json_t *entry;

	live_in_mounts_of_its_own();
	snprintf(name, sizeof(name), "name=firn-test-%d", (int)getpid());
	snprintf(options, sizeof(options), "none,%s", name);
	run("mkdir mounted");
	if (mount("none", "mounted", "cgroup", 0, options) < 0) {
		puts("skipped: this kernel has no cgroup v1");
		return;
	}
	run("printf '/cmd\\033[1m' >mounted/release_agent");
	knobs = knobs_of_capture();
	ck_assert_int_eq(umount("mounted"), 0);
	entry = with_text(json_object_get(knobs, "release_agents"), "hierarchy",
			  name);
	ck_assert_ptr_nonnull(entry);
	ck_assert_str_eq(firn_json_string(entry, "agent", NULL), "/cmd\033[1m");
	ck_assert_uint_eq(sealed.gaps, 0);
	/* Looking has not kept it; it goes a little later. */
	snprintf(options, sizeof(options),
		 "for i in $(seq 50); do grep -q %s /proc/self/cgroup || "
		 "exit 0; sleep 0.1; done; exit 1",
		 name);
	run(options);
}
END_TEST

START_TEST(each_hierarchy_of_cgroup_v1_has_its_agent)
{
	autojson json_t *knobs = knobs_of_capture();
	const json_t *agents = json_object_get(knobs, "release_agents");
	char command[96];

	snprintf(command, sizeof(command),
		 "test $(grep -vc '^0:' /proc/self/cgroup) -eq %zu",
		 json_array_size(agents));
	run(command);
}
END_TEST

START_TEST(an_interpreter_that_somebody_registered_is_seen)
{
	static const char rule[] = ":firntest:E::firntest::/tmp/escape:OC\n";
	autojson json_t *knobs = NULL;
	const json_t *entry;
	int fd;

	live_in_mounts_of_its_own();
	run("mkdir mounted");
	if (mount("none", "mounted", "binfmt_misc", 0, NULL) < 0) {
		puts("skipped: this kernel has no binfmt_misc");
		return;
	}
	fd = open("mounted/register", O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, rule, strlen(rule)), (ssize_t)strlen(rule));
	close(fd);
	knobs = knobs_of_capture();
	run("echo -1 >mounted/firntest && umount mounted");
	entry = with_text(json_object_get(knobs, "binfmt"), "name", "firntest");
	ck_assert_ptr_nonnull(entry);
	ck_assert_str_eq(firn_json_string(entry, "interpreter", NULL),
			 "/tmp/escape");
	ck_assert_str_eq(firn_json_string(entry, "flags", NULL), "OC");
	ck_assert(json_is_true(json_object_get(entry, "enabled")));
}
END_TEST

START_TEST(every_process_says_what_it_runs_and_how_long_it_ran)
{
	autojson json_t *lines = NULL;
	const json_t *line;
	struct stat st, root;

	capture(&firn_collect_host);
	lines = lines_of("processes.jsonl");
	line = with_number(lines, "pid", getpid());
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(stat("/proc/self/exe", &st), 0);
	ck_assert_int_eq(stat("/", &root), 0);
	ck_assert_int_eq(number(line, "exe_inode"), (json_int_t)st.st_ino);
	ck_assert_int_eq(number(line, "exe_device"), (json_int_t)st.st_dev);
	ck_assert_int_eq(number(line, "root_device"), (json_int_t)root.st_dev);
	ck_assert(json_is_false(json_object_get(line, "deleted")));
	ck_assert_int_ge(number(line, "user_ms"), 0);
	ck_assert_int_ge(number(line, "system_ms"), 0);
	ck_assert_int_eq(number(line, "mount_namespace"),
			 number(json_object_get(line, "namespaces"), "mnt"));
	ck_assert_ptr_null(json_object_get(line, "lib_devices"));
}
END_TEST

static void
run_what_is_gone(void)
{
	run("cp /bin/sleep gone && cp /bin/sleep 'here (deleted)'");
	execl("/bin/sh", "sh", "-c", "exec ./gone 1000", NULL);
}

static void
run_what_is_called_deleted(void)
{
	execl("./here (deleted)", "sleep", "1000", NULL);
}

START_TEST(an_executable_that_is_gone_is_told_from_one_that_is_called_so)
{
	pid_t gone = suspect(run_what_is_gone), here;
	autojson json_t *lines = NULL;
	autofree char *path = NULL;
	const json_t *line;

	for (int i = 0; i < 1000 && path == NULL; i++) {
		char exe[256];

		ck_ok(firn_proc_link(&host, gone, "exe", exe, sizeof(exe),
				     &err));
		if (strstr(exe, "/gone") != NULL)
			path = strdup(exe);
		else
			usleep(1000);
	}
	ck_assert_ptr_nonnull(path);
	here = suspect(run_what_is_called_deleted);
	run("rm gone");
	capture(&firn_collect_host);
	lines = lines_of("processes.jsonl");
	line = with_number(lines, "pid", gone);
	ck_assert(json_is_true(json_object_get(line, "deleted")));
	ck_assert_str_eq(firn_json_string(line, "exe", NULL), path);
	line = with_number(lines, "pid", here);
	ck_assert(json_is_false(json_object_get(line, "deleted")));
	ck_assert_ptr_nonnull(
		strstr(firn_json_string(line, "exe", NULL), "here (deleted)"));
}
END_TEST

/* An overlay of the test's own, as the target's root. */
static void
mount_overlay(void)
{
	struct stat st;

	live_in_mounts_of_its_own();
	run("mkdir -p over && mount -t tmpfs none over && "
	    "mkdir over/lower over/upper over/work over/merged && "
	    "cp /bin/sleep over/lower/");
	run("mount -t overlay none over/merged -o "
	    "lowerdir=over/lower,upperdir=over/upper,workdir=over/work");
	ck_assert_int_eq(stat("over/merged", &st), 0);
	target.rootfs.fstype = strdup("overlay");
	target.rootfs.device = st.st_dev;
}

static void
run_from_the_overlay(void)
{
	execl("over/merged/sleep", "sleep", "1000", NULL);
}

START_TEST(a_process_that_has_mapped_a_file_of_the_target_is_known)
{
	autojson json_t *lines = NULL;
	const json_t *line;
	pid_t pid;

	mount_overlay();
	pid = suspect(run_from_the_overlay);
	target.members.n = 0; /* it has left the target */
	capture(&firn_collect_host);
	lines = lines_of("processes.jsonl");
	line = with_number(lines, "pid", pid);
	ck_assert(holds_number(json_object_get(line, "lib_devices"),
			       (json_int_t)target.rootfs.device));
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_array_get(
			       json_object_get(line, "lib_paths"), 0)),
		       "sleep"));
	line = with_number(lines, "pid", getpid());
	ck_assert_ptr_null(json_object_get(line, "lib_devices"));
	run("umount -l over/merged over");
	free(target.rootfs.fstype);
}
END_TEST

static json_t *
binary_at(const json_t *summary, const char *path)
{
	return with_text(firn_json_at(summary, "runtimes", "binaries", NULL),
			 "path", path);
}

/* A root with a runc that a package brought. */
static void
install_runc(void)
{
	live_in_a_root_of_its_own();
	run("mkdir -p root/usr/sbin root/var/lib/dpkg/info && "
	    "cp /bin/true root/usr/sbin/runc && "
	    "printf '%s  usr/sbin/runc\\n' "
	    "$(md5sum <root/usr/sbin/runc | cut -d' ' -f1) "
	    ">root/var/lib/dpkg/info/runc.md5sums && "
	    "printf 'Package: runc\\nStatus: install ok installed\\n"
	    "Version: 1.1.5+ds1-1\\n\\n' >root/var/lib/dpkg/status");
}

START_TEST(a_runtime_that_is_the_packages_own_matches)
{
	autojson json_t *summary = NULL;
	const json_t *binary;
	char command[256];

	install_runc();
	capture(&firn_collect_host);
	leave_its_root();
	summary = load("CASE/data/host/host.json");
	binary = binary_at(summary, "/usr/sbin/runc");
	ck_assert_ptr_nonnull(binary);
	ck_assert(json_is_true(json_object_get(binary, "matches")));
	ck_assert_str_eq(firn_json_string(binary, "package", NULL), "runc");
	ck_assert_str_eq(firn_json_string(summary, "runtimes", "packages",
					  "runc", NULL),
			 "1.1.5+ds1-1");
	snprintf(command, sizeof(command),
		 "echo '%s  /bin/true' | sha256sum --quiet -c",
		 firn_json_string(binary, "sha256", NULL));
	run(command);
	ck_assert_uint_eq(
		json_array_size(json_object_get(binary, "open_for_writing_by")),
		0);
}
END_TEST

START_TEST(a_runtime_that_was_overwritten_does_not_match)
{
	autojson json_t *summary = NULL;
	const json_t *binary;

	install_runc();
	run("printf '#!/proc/self/exe\\n' >root/usr/sbin/runc");
	capture(&firn_collect_host);
	leave_its_root();
	summary = load("CASE/data/host/host.json");
	binary = binary_at(summary, "/usr/sbin/runc");
	ck_assert(json_is_false(json_object_get(binary, "matches")));
	ck_assert_str_ne(firn_json_string(binary, "md5", NULL),
			 firn_json_string(binary, "package_md5", NULL));
}
END_TEST

START_TEST(a_runtime_of_no_package_is_neither)
{
	autojson json_t *summary = NULL;
	const json_t *binary;

	install_runc();
	run("mkdir -p root/usr/local/bin && ln root/usr/sbin/runc "
	    "root/usr/local/bin/crun && cp /bin/true "
	    "root/usr/local/bin/runc");
	capture(&firn_collect_host);
	leave_its_root();
	summary = load("CASE/data/host/host.json");
	binary = binary_at(summary, "/usr/local/bin/runc");
	ck_assert(json_is_null(json_object_get(binary, "matches")));
	ck_assert(json_is_null(json_object_get(binary, "package")));
	/* One file by two names is read once. */
	ck_assert_ptr_null(binary_at(summary, "/usr/local/bin/crun"));
	binary = binary_at(summary, "/usr/sbin/runc");
	ck_assert_str_eq(json_string_value(json_array_get(
				 json_object_get(binary, "other_paths"), 0)),
			 "/usr/local/bin/crun");
}
END_TEST

START_TEST(what_is_large_and_old_is_not_read_and_what_is_new_is)
{
	autojson json_t *summary = NULL;
	struct firn_proc_stat stat;
	const json_t *binary;

	install_runc();
	run("truncate -s 40M root/usr/sbin/dockerd");
	/* A target that begins after that. */
	sleep(2);
	suspect(ready);
	ck_ok(firn_proc_stat(&host, suspects[0], &stat, &err));
	target.init_start_ticks = stat.start_ticks;
	run("mkdir -p root/usr/bin && truncate -s 40M root/usr/bin/podman");
	capture(&firn_collect_host);
	leave_its_root();
	summary = load("CASE/data/host/host.json");
	binary = binary_at(summary, "/usr/sbin/dockerd");
	ck_assert_ptr_null(json_object_get(binary, "sha256"));
	ck_assert_ptr_nonnull(firn_json_string(binary, "unhashed", NULL));
	ck_assert(
		json_is_false(json_object_get(binary, "changed_since_start")));
	binary = binary_at(summary, "/usr/bin/podman");
	ck_assert(json_is_true(json_object_get(binary, "changed_since_start")));
	ck_assert_ptr_nonnull(firn_json_string(binary, "sha256", NULL));
}
END_TEST

START_TEST(who_could_write_to_a_runtime_is_named)
{
	autojson json_t *summary = NULL;
	const json_t *binary;
	int fd;

	install_runc();
	fd = open("root/usr/sbin/runc", O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	capture(&firn_collect_host);
	close(fd);
	leave_its_root();
	summary = load("CASE/data/host/host.json");
	binary = binary_at(summary, "/usr/sbin/runc");
	ck_assert(holds_number(json_object_get(binary, "open_for_writing_by"),
			       getpid()));
}
END_TEST

static void
run_a_runtime(void)
{
	execl("/usr/local/sbin/catatonit", "catatonit", "1000", NULL);
}

START_TEST(who_still_runs_a_runtime_that_was_replaced_is_named)
{
	autojson json_t *summary = NULL;
	const json_t *binary;
	pid_t pid;

	live_in_mounts_of_its_own();
	run("mount -t tmpfs none /usr/local/sbin && "
	    "cp /bin/sleep /usr/local/sbin/catatonit");
	pid = suspect(run_a_runtime);
	run("cp /bin/true /usr/local/sbin/new && "
	    "mv /usr/local/sbin/new /usr/local/sbin/catatonit");
	capture(&firn_collect_host);
	summary = load("CASE/data/host/host.json");
	binary = binary_at(summary, "/usr/local/sbin/catatonit");
	ck_assert_ptr_nonnull(binary);
	ck_assert(holds_number(json_object_get(binary, "deleted_or_replaced"),
			       pid));
	run("umount -l /usr/local/sbin");
}
END_TEST

/* Of the same path; NULL if it isn't there. */
static json_t *
file_at(const json_t *files, const char *path)
{
	return with_text(files, "path", path);
}

START_TEST(a_file_planted_in_a_cron_folder_is_described)
{
	autojson json_t *files = NULL;
	const json_t *file;
	char command[256];

	live_in_a_root_of_its_own();
	run("mkdir -p root/etc/cron.d root/etc/systemd/system/x.wants && "
	    "printf '* * * * * root /tmp/x\n' >root/etc/cron.d/planted && "
	    "chmod 0640 root/etc/cron.d/planted && "
	    "printf a >root/etc/cron.d/$(printf 'odd\033\377') && "
	    "ln -s /tmp/x.service root/etc/systemd/system/x.wants/x.service && "
	    "mkfifo root/etc/cron.d/fifo && "
	    "truncate -s 2M root/etc/cron.d/large");
	capture(&firn_collect_host);
	leave_its_root();
	files = lines_of("files.jsonl");
	file = file_at(files, "/etc/cron.d/planted");
	ck_assert_ptr_nonnull(file);
	ck_assert_str_eq(firn_json_string(file, "kind", NULL), "cron");
	ck_assert_str_eq(firn_json_string(file, "type", NULL), "file");
	ck_assert_int_eq(number(file, "mode"), 0640);
	ck_assert_int_eq(number(file, "size"), 22);
	snprintf(command, sizeof(command),
		 "echo '%s  root/etc/cron.d/planted' | sha256sum --quiet -c",
		 firn_json_string(file, "sha256", NULL));
	run(command);
	ck_assert_ptr_nonnull(firn_json_string(file, "changed", NULL));
	ck_assert_ptr_nonnull(file_at(files, "/etc/cron.d/odd\\x1b\\xff"));
	ck_assert_ptr_nonnull(file_at(files, "/etc/cron.d/fifo"));
	file = file_at(files, "/etc/cron.d/large");
	ck_assert_ptr_null(json_object_get(file, "sha256"));
	file = file_at(files, "/etc/systemd/system/x.wants/x.service");
	ck_assert_str_eq(firn_json_string(file, "target", NULL),
			 "/tmp/x.service");
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(keys_are_found_in_every_home_also_behind_a_link)
{
	autojson json_t *files = NULL;

	live_in_a_root_of_its_own();
	run("mkdir -p root/var/home/ann/.ssh root/root/.ssh && "
	    "ln -s var/home root/home && "
	    "printf 'root:x:0:0::/root:/bin/sh\nann:x:1:1::/home/ann:/bin/sh"
	    "\nup:x:2:2::/home/../../../../etc:/bin/sh\n' >root/etc/passwd && "
	    "mkdir root/etc/.ssh && "
	    "echo key >root/var/home/ann/.ssh/authorized_keys && "
	    "echo key >root/root/.ssh/authorized_keys");
	capture(&firn_collect_host);
	leave_its_root();
	files = lines_of("files.jsonl");
	ck_assert_ptr_nonnull(file_at(files, "/root/.ssh/authorized_keys"));
	ck_assert_ptr_nonnull(file_at(files, "/home/ann/.ssh/authorized_keys"));
	ck_assert_ptr_nonnull(file_at(files, "/etc/passwd"));
	ck_assert_ptr_null(file_at(files, "/etc/shadow"));
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(a_home_on_a_file_server_is_not_asked_for)
{
	char options[96];
	int ends[2];

	live_in_a_root_of_its_own();
	run("mkdir -p root/home/ann && "
	    "printf 'ann:x:1:1::/home/ann:/bin/sh\n' >root/etc/passwd");
	/* An automounter that nobody serves: a look-up would wait. */
	ck_assert_int_eq(pipe(ends), 0);
	snprintf(options, sizeof(options),
		 "fd=%d,pgrp=%d,minproto=5,maxproto=5,indirect", ends[1],
		 (int)getpgrp());
	if (mount("none", "root/home", "autofs", 0, options) < 0) {
		puts("skipped: this kernel has no autofs");
		leave_its_root();
		return;
	}
	capture(&firn_collect_host);
	ck_assert_int_eq(umount2("root/home", MNT_DETACH), 0);
	leave_its_root();
	ck_assert_int_ge(gaps_with("file server"), 1);
}
END_TEST

START_TEST(no_access_time_changes)
{
	live_in_a_root_of_its_own();
	run("mkdir -p root/etc/cron.d root/etc/systemd/system root/usr/sbin "
	    "root/usr/lib/systemd/system && ln -s usr/lib root/lib && "
	    "echo a >root/etc/cron.d/a && ln -s a root/etc/cron.d/link && "
	    "echo a >root/usr/lib/systemd/system/a.service && "
	    "cp /bin/true root/usr/sbin/runc && "
	    "find root -path root/proc -prune -o -print0 >names && "
	    "xargs -0 touch -h -a -d 2001-01-01 <names && "
	    "xargs -0 stat -c '%n %x' <names >before");
	capture(&firn_collect_host);
	run("xargs -0 stat -c '%n %x' <names >after");
	leave_its_root();
	run("diff before after && grep -q cron.d/link "
	    "CASE/data/host/files.jsonl");
}
END_TEST

/* "return 0", called `name`. */
static int
load_program(const char *name)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t) "none";
	strncpy(attr.prog_name, name, sizeof(attr.prog_name) - 1);
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

START_TEST(a_bpf_program_is_listed_and_a_name_like_ours_makes_it_not_ours)
{
	int theirs = load_program("intruder"), named = load_program("firn_x");
	autojson json_t *programs = NULL;
	const json_t *program;

	ck_assert_int_ge(theirs, 0);
	ck_assert_int_ge(named, 0);
	capture(&firn_collect_host);
	close(theirs);
	close(named);
	programs = lines_of("bpf.jsonl");
	program = with_text(programs, "name", "intruder");
	ck_assert_ptr_nonnull(program);
	ck_assert_str_eq(firn_json_string(program, "type", NULL),
			 "socket_filter");
	ck_assert_int_eq(number(program, "uid"), 0);
	ck_assert_uint_eq(strlen(firn_json_string(program, "tag", NULL)), 16);
	ck_assert_ptr_null(json_object_get(program, "firn"));
	program = with_text(programs, "name", "firn_x");
	ck_assert_ptr_null(json_object_get(program, "firn"));
	ck_assert_uint_eq(sealed.gaps, 0);
}
END_TEST

START_TEST(a_program_that_firn_has_pinned_is_its_own)
{
	int fd = load_program("firn_x");
	autojson json_t *programs = NULL;
	union bpf_attr attr;
	char path[64];

	ck_assert_int_ge(fd, 0);
	live_in_mounts_of_its_own();
	run("mkdir -p /run/firn/bpf && mount -t bpf none /run/firn/bpf && "
	    "mkdir /run/firn/bpf/test");
	snprintf(path, sizeof(path), "/run/firn/bpf/test/x");
	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = (uint32_t)fd;
	ck_assert_int_eq(syscall(SYS_bpf, BPF_OBJ_PIN, &attr, sizeof(attr)), 0);
	capture(&firn_collect_host);
	close(fd);
	run("umount /run/firn/bpf");
	programs = lines_of("bpf.jsonl");
	ck_assert(json_is_true(
		json_object_get(with_text(programs, "name", "firn_x"),
				"firn")));
}
END_TEST

START_TEST(who_listens_on_the_host_is_named)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int names = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(four);
	autojson json_t *listeners = NULL;
	const json_t *line, *holder;

	four.sin_addr.s_addr = htonl(0x7f000009);
	snprintf(local.sun_path, sizeof(local.sun_path), "%s/x\033.sock",
		 folder);
	ck_assert_int_eq(bind(tcp, (struct sockaddr *)&four, sizeof(four)), 0);
	ck_assert_int_eq(listen(tcp, 1), 0);
	ck_assert_int_eq(getsockname(tcp, (struct sockaddr *)&four, &len), 0);
	ck_assert_int_eq(bind(names, (struct sockaddr *)&local, sizeof(local)),
			 0);
	ck_assert_int_eq(listen(names, 1), 0);
	capture(&firn_collect_host);
	close(tcp);
	close(names);
	listeners = lines_of("listeners.jsonl");
	line = with_text(listeners, "address", "127.0.0.9");
	ck_assert_ptr_nonnull(line);
	ck_assert_str_eq(firn_json_string(line, "family", NULL), "inet");
	ck_assert_int_eq(number(line, "port"), ntohs(four.sin_port));
	holder = json_array_get(json_object_get(line, "pids"), 0);
	ck_assert_int_eq(number(holder, "pid"), getpid());
	ck_assert_str_eq(firn_json_string(holder, "comm", NULL), "test_host");
	line = with_text(listeners, "path", local.sun_path);
	ck_assert_ptr_nonnull(line);
	ck_assert_str_eq(firn_json_string(line, "family", NULL), "unix");
	holder = json_array_get(json_object_get(line, "pids"), 0);
	ck_assert_int_eq(number(holder, "pid"), getpid());
}
END_TEST

static void
listen_in_a_network_of_its_own(void)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons(4747) };
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		_exit(1);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&four, sizeof(four)) < 0 ||
	    listen(fd, 1) < 0)
		_exit(1);
	ready();
}

START_TEST(a_container_that_listens_in_its_own_network_is_no_listener_here)
{
	autojson json_t *listeners = NULL;

	suspect(listen_in_a_network_of_its_own);
	capture(&firn_collect_host);
	listeners = lines_of("listeners.jsonl");
	ck_assert_ptr_null(with_number(listeners, "port", 4747));
}
END_TEST

/* A record of another machine: this kernel has no modules. */
START_TEST(modules_are_listed_and_one_that_a_list_hides_is_told)
{
	autojson json_t *modules = NULL;
	const json_t *module;

	run("mkdir -p root/proc/1 root/proc/self root/sys/module/hidden "
	    "root/sys/module/vfat root/sys/module/builtin && "
	    "touch root/sys/module/hidden/initstate "
	    "root/sys/module/vfat/initstate && "
	    "touch -d 2026-01-02T03:04:05Z root/sys/module/vfat && "
	    "printf 'vfat 20480 1 - Live 0xffff\nevil 4096 0 - Live 0xffff "
	    "(OE)\n' >root/proc/modules");
	firn_host_close(&host);
	ck_ok(firn_host_open(&host, "root", &err));
	capture(&firn_collect_host);
	modules = lines_of("modules.jsonl");
	ck_assert_uint_eq(json_array_size(modules), 3);
	module = with_text(modules, "name", "vfat");
	ck_assert_int_eq(number(module, "size"), 20480);
	ck_assert_str_eq(firn_json_string(module, "loaded_before", NULL),
			 "2026-01-02T03:04:05.000000000Z");
	module = with_text(modules, "name", "evil");
	ck_assert_str_eq(firn_json_string(module, "taints", NULL), "(OE)");
	module = with_text(modules, "name", "hidden");
	ck_assert_ptr_nonnull(json_object_get(module, "missing_in"));
}
END_TEST

START_TEST(where_all_views_agree_nobody_is_hidden)
{
	autojson json_t *hidden = NULL;

	for (int i = 0; i < 50; i++)
		if (fork() == 0) /* a zombie is not hidden */
			_exit(0);
	capture(&firn_collect_host);
	hidden = lines_of("hidden.jsonl");
	ck_assert_uint_eq(json_array_size(hidden), 0);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}
END_TEST

START_TEST(a_mount_over_a_processs_folder_hides_it)
{
	autojson json_t *hidden = NULL;
	const json_t *line;
	char command[128];
	pid_t pid;

	live_in_mounts_of_its_own();
	pid = suspect(ready);
	snprintf(command, sizeof(command), "mount --bind /proc/1 /proc/%d",
		 (int)pid);
	run(command);
	capture(&firn_collect_host);
	snprintf(command, sizeof(command), "umount /proc/%d", (int)pid);
	run(command);
	hidden = lines_of("hidden.jsonl");
	line = with_number(hidden, "pid", pid);
	ck_assert_ptr_nonnull(line);
	ck_assert_str_eq(firn_json_string(line, "mount", "root", NULL), "/1");
	ck_assert_str_eq(json_string_value(json_array_get(
				 json_object_get(line, "seen_by"), 0)),
			 "mounts");
}
END_TEST

/* The kernel itself hides others from who may not trace them and is not in a
 * group; 0 is the default of that. */
static void
be_shown_nobody_else(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2];

	run("mkdir hiding && mount -t proc -o hidepid=2,gid=12345 none hiding "
	    "&& "
	    "mkdir -p root/proc && mount --move hiding root/proc && "
	    "for i in etc sys var usr lib; do mkdir -p root/$i && "
	    "mount --rbind /$i root/$i; done");
	firn_host_close(&host);
	ck_ok(firn_host_open(&host, "root", &err));
	ck_assert_int_eq(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1u << CAP_SYS_PTRACE);
	ck_assert_int_eq(syscall(SYS_capset, &header, data), 0);
}

START_TEST(a_process_that_one_list_leaves_out_is_found_by_the_others)
{
	autojson json_t *hidden = NULL;
	const json_t *line;
	pid_t pid;

	live_in_mounts_of_its_own();
	pid = suspect(ready);
	be_shown_nobody_else();
	capture(&firn_collect_host);
	hidden = lines_of("hidden.jsonl");
	line = with_number(hidden, "pid", pid);
	ck_assert_ptr_nonnull(line);
	ck_assert_str_eq(json_string_value(json_array_get(
				 json_object_get(line, "missing_in"), 0)),
			 "readdir");
	ck_assert_uint_eq(json_array_size(json_object_get(line, "seen_by")), 2);
	ck_assert_ptr_null(with_number(hidden, "pid", getpid()));
	run("umount -l root/proc root/etc root/sys root/var root/usr "
	    "root/lib");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		the_knobs_are_as_the_kernel_has_them,
		libraries_that_every_program_loads_are_listed,
		an_agent_of_a_hierarchy_that_the_host_has_not_mounted_is_seen,
		each_hierarchy_of_cgroup_v1_has_its_agent,
		an_interpreter_that_somebody_registered_is_seen,
		every_process_says_what_it_runs_and_how_long_it_ran,
		an_executable_that_is_gone_is_told_from_one_that_is_called_so,
		a_process_that_has_mapped_a_file_of_the_target_is_known,
		a_runtime_that_is_the_packages_own_matches,
		a_runtime_that_was_overwritten_does_not_match,
		a_runtime_of_no_package_is_neither,
		what_is_large_and_old_is_not_read_and_what_is_new_is,
		who_could_write_to_a_runtime_is_named,
		who_still_runs_a_runtime_that_was_replaced_is_named,
		a_file_planted_in_a_cron_folder_is_described,
		keys_are_found_in_every_home_also_behind_a_link,
		a_home_on_a_file_server_is_not_asked_for,
		no_access_time_changes,
		a_bpf_program_is_listed_and_a_name_like_ours_makes_it_not_ours,
		a_program_that_firn_has_pinned_is_its_own,
		who_listens_on_the_host_is_named,
		a_container_that_listens_in_its_own_network_is_no_listener_here,
		modules_are_listed_and_one_that_a_list_hides_is_told,
		where_all_views_agree_nobody_is_hidden,
		a_mount_over_a_processs_folder_hides_it,
		a_process_that_one_list_leaves_out_is_found_by_the_others,
	};

	if (geteuid() != 0) {
		puts("skipped: needs root");
		return 77;
	}
	return run_suite(
		suite_of("host", tests, sizeof(tests) / sizeof(tests[0])));
}
