#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "collect/collectors.h"
#include "collect/host/host_bpf.h"
#include "collect/host/host_containers.h"
#include "collect/host/host_files.h"
#include "collect/host/host_hidden.h"
#include "collect/host/host_knobs.h"
#include "collect/host/host_listeners.h"
#include "collect/host/host_modules.h"
#include "collect/host/host_open_files.h"
#include "collect/host/host_processes.h"
#include "collect/host/host_runtimes.h"

/*
 * host -- the node: what it is, what runs there, and what bears on whether a
 * container could have reached it.
 */

#define FILE_MAX (16u << 20)

struct raw {
	const char *path; /* on the host */
	const char *member;
	const char *meaning;
};

static const struct raw raws[] = {
	{ "/proc/modules", "modules", "proc_modules(5)" },
	{ "/proc/cmdline", "cmdline", "proc_cmdline(5)" },
	{ "/proc/version", "version", "proc_version(5)" },
	{ "/proc/uptime", "uptime", "proc_uptime(5)" },
	{ "/proc/loadavg", "loadavg", "proc_loadavg(5)" },
	{ "/proc/meminfo", "meminfo", "proc_meminfo(5)" },
	{ "/proc/cpuinfo", "cpuinfo", "proc_cpuinfo(5)" },
	{ "/proc/swaps", "swaps", "proc_swaps(5)" },
	{ "/proc/cgroups", "cgroups", "proc_cgroups(5)" },
	{ "/proc/filesystems", "filesystems", "proc_filesystems(5)" },
	{ "/proc/1/mountinfo", "mountinfo", "proc_pid_mountinfo(5)" },
	{ "/etc/os-release", "os-release", "os-release(5)" },
	/* By which the container is judged, here and in the lab. */
	{ "/etc/firn/policy.yaml", "policy.yaml", "firn-policy(5)" },
};

/* proc(5) is taken by its own descriptor: it may be mounted elsewhere. */
static int
read_host(const struct firn_host *host, const char *path, char **ret,
	  size_t *ret_len, struct firn_err *err)
{
	if (strncmp(path, "/proc/", 6) == 0)
		return firn_read_at(host->proc_fd, path + 6, FILE_MAX, ret,
				    ret_len, err);
	return firn_host_read(host, path, FILE_MAX, ret, ret_len, err);
}

/* What this kernel doesn't have (a kernel without modules has no list of them)
 * is an answer, and stands in `absent`. */
static int
store_raw(const struct firn_host *host, const struct raw *raw, json_t *absent,
	  struct firn_archive *archive, struct firn_err *err)
{
	const struct firn_member_source source = { "host", raw->path,
						   raw->meaning };
	autofree char *text = NULL;
	struct firn_err why = { 0 };
	char member[64];
	size_t len;

	if (read_host(host, raw->path, &text, &len, &why) < 0) {
		if (why.code == ENOENT) {
			json_array_append_new(absent, json_string(raw->path));
			return 0;
		}
		firn_archive_gap(archive, "host", raw->path, &why);
		return 0;
	}
	if (len == 0)
		return 0;
	snprintf(member, sizeof(member), "data/host/%s", raw->member);
	return firn_archive_bytes(archive, member, text, len, &source, err);
}

static void
set_line(const struct firn_host *host, const char *path, const char *key,
	 json_t *object)
{
	autofree char *text = NULL;
	struct firn_err why = { 0 };
	size_t len;

	/* Not every kernel has every one. */
	if (read_host(host, path, &text, &len, &why) == 0)
		firn_json_bytes(object, key, text, strcspn(text, "\n"));
}

/* Knobs that a container that reached the host turns, or that decide whether
 * it could. */
static json_t *
sysctls(const struct firn_host *host)
{
	static const char *const names[] = {
		"fs/protected_fifos",
		"fs/protected_hardlinks",
		"fs/protected_regular",
		"fs/protected_symlinks",
		"fs/suid_dumpable",
		"kernel/core_pattern",
		"kernel/dmesg_restrict",
		"kernel/hotplug",
		"kernel/io_uring_disabled",
		"kernel/kexec_load_disabled",
		"kernel/kptr_restrict",
		"kernel/modprobe",
		"kernel/modules_disabled",
		"kernel/perf_event_paranoid",
		"kernel/poweroff_cmd",
		"kernel/randomize_va_space",
		"kernel/sysrq",
		"kernel/tainted",
		"kernel/unprivileged_bpf_disabled",
		"kernel/unprivileged_userns_clone",
		"kernel/usermodehelper/bset",
		"kernel/yama/ptrace_scope",
		"net/core/bpf_jit_harden",
		"net/ipv4/ip_forward",
		"user/max_user_namespaces",
		"vm/mmap_min_addr",
		"vm/unprivileged_userfaultfd",
	};
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[96];

		snprintf(path, sizeof(path), "/proc/sys/%s", names[i]);
		set_line(host, path, names[i], object);
	}
	return object;
}

/* Is the clock right?  Every time in the archive leans on it.  adjtimex(2),
 * without changing anything. */
static json_t *
clock_state(void)
{
	static const char *const states[] = { "ok",       "insert",
					      "delete",   "in progress",
					      "occurred", "not synchronized" };
	struct timex timex = { 0 };
	int state = adjtimex(&timex);
	json_t *object = json_object();

	if (state < 0) {
		firn_json_text(object, "unknown", strerror(errno));
		return object;
	}
	firn_json_time(object, "now", firn_now());
	json_object_set_new(object, "synchronized",
			    json_boolean((timex.status & STA_UNSYNC) == 0));
	if (state < (int)(sizeof(states) / sizeof(states[0])))
		firn_json_text(object, "state", states[state]);
	json_object_set_new(object, "status", json_integer(timex.status));
	json_object_set_new(object, "offset_ns",
			    json_integer((timex.status & STA_NANO) != 0
						 ? timex.offset
						 : (json_int_t)timex.offset *
							   1000));
	json_object_set_new(object, "max_error_us",
			    json_integer(timex.maxerror));
	json_object_set_new(object, "estimated_error_us",
			    json_integer(timex.esterror));
	json_object_set_new(object, "tai_offset_s", json_integer(timex.tai));
	return object;
}

static int
store_summary(const struct firn_target *target, json_t *runtimes,
	      json_t *absent, struct firn_archive *archive,
	      struct firn_err *err)
{
	static const struct firn_member_source source = {
		"host", "/proc/sys, /sys/kernel, adjtimex(2), /var/lib/dpkg",
		"proc_sys(5)"
	};
	const struct firn_host *host = target->host;
	autojson json_t *summary = json_object();

	set_line(host, "/proc/sys/kernel/hostname", "hostname", summary);
	set_line(host, "/proc/sys/kernel/osrelease", "kernel", summary);
	set_line(host, "/proc/sys/kernel/version", "kernel_version", summary);
	set_line(host, "/proc/sys/kernel/random/boot_id", "boot_id", summary);
	set_line(host, "/etc/machine-id", "machine_id", summary);
	set_line(host, "/sys/kernel/security/lsm", "security_modules", summary);
	set_line(host, "/sys/kernel/security/lockdown", "lockdown", summary);
	set_line(host, "/sys/kernel/uevent_helper", "uevent_helper", summary);
	json_object_set_new(summary, "clock", clock_state());
	json_object_set_new(summary, "sysctl", sysctls(host));
	json_object_set(summary, "absent", absent);
	json_object_set(summary, "runtimes", runtimes);
	return firn_archive_json(archive, "data/host/host.json", summary,
				 &source, err);
}

/* Digests take the longest, and nothing else waits for them. */
struct digesting {
	const struct firn_target *target;
	struct firn_host_view view;
	struct firn_open_files files;
	json_t *runtimes;
	pthread_t thread;
	bool apart;
};

static void *
digest(void *arg)
{
	struct digesting *digesting = arg;

	digesting->runtimes =
		firn_host_runtimes(digesting->target, &digesting->view,
				   &digesting->files);
	return NULL;
}

static void
digest_start(struct digesting *digesting)
{
	digesting->apart = pthread_create(&digesting->thread, NULL, digest,
					  digesting) == 0;
	if (!digesting->apart)
		digest(digesting);
}

static void
digest_end(struct digesting *digesting)
{
	if (digesting->apart)
		pthread_join(digesting->thread, NULL);
	digesting->apart = false;
}

static void
digest_free(struct digesting *digesting)
{
	digest_end(digesting);
	json_decref(digesting->runtimes);
	firn_host_view_free(&digesting->view);
	firn_open_files_free(&digesting->files);
}

static int
store_all(struct digesting *digesting, struct firn_archive *archive,
	  struct firn_err *err)
{
	const struct firn_target *target = digesting->target;
	autojson json_t *absent = json_array();

	if (firn_host_listeners(target->host, &digesting->view,
				&digesting->files, archive, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(raws) / sizeof(raws[0]); i++) {
		if (store_raw(target->host, &raws[i], absent, archive, err) < 0)
			return -1;
	}
	if (firn_host_knobs(target, archive, err) < 0 ||
	    firn_host_containers(target->host, archive, err) < 0 ||
	    firn_host_files(target->host, archive, err) < 0 ||
	    firn_host_bpf(target->host, archive, err) < 0 ||
	    firn_host_modules(target->host, archive, err) < 0 ||
	    firn_host_hidden(target->host, archive, err) < 0)
		return -1;
	digest_end(digesting);
	return store_summary(target, digesting->runtimes, absent, archive, err);
}

static int
collect(const struct firn_target *target, const struct firn_collection *what,
	struct firn_archive *archive, struct firn_err *err)
{
	autodone(digest_free) struct digesting all = { .target = target };

	(void)what;
	if (firn_host_processes(target, archive, &all.view, err) < 0 ||
	    firn_open_files(target->host, &all.view, firn_is_runtime,
			    &all.files, err) < 0)
		return -1;
	digest_start(&all);
	return store_all(&all, archive, err);
}

const struct firn_collector firn_collect_host = {
	.name = "host",
	.summary = "the node: kernel, clock, mounts, modules, processes, "
		   "runtimes",
	.source = "proc(5), sysfs(5), adjtimex(2)",
	.volatility = FIRN_LOST_WITH_HOST,
	.afterwards = true,
	.collect = collect,
};
