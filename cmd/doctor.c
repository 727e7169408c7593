#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "host/cgroup.h"

/* f_type of bpffs: linux/magic.h, BPF_FS_MAGIC. */
#define BPFFS 0xcafe4a11

/* What a check found. */
enum verdict {
	GOOD,
	POOR, /* works, with less: the text says what is lost */
	BAD,  /* a command can't do its work here */
};
static const char *const words[] = { "ok", "less", "no" };

struct finding {
	enum verdict verdict;
	char text[256];
};

static void find(struct finding *finding, enum verdict verdict, const char *fmt,
		 ...) FIRN_PRINTF(3, 4);

static void
find(struct finding *finding, enum verdict verdict, const char *fmt, ...)
{
	va_list args;

	finding->verdict = verdict;
	va_start(args, fmt);
	vsnprintf(finding->text, sizeof(finding->text), fmt, args);
	va_end(args);
}

static void
privileges(const struct firn_host *host, struct finding *finding)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[2];
	const unsigned needed = 1u << CAP_SYS_ADMIN | 1u << CAP_SYS_PTRACE |
				1u << CAP_DAC_READ_SEARCH | 1u << CAP_NET_ADMIN;

	(void)host;
	if (syscall(SYS_capget, &header, caps) < 0)
		find(finding, BAD, "capget: %s", strerrordesc_np(errno));
	else if ((caps[0].effective & needed) != needed)
		find(finding, BAD,
		     "needs CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_NET_ADMIN and "
		     "CAP_DAC_READ_SEARCH: run it as root");
	else
		find(finding, GOOD, "all that freezing and reading need");
}

static void
kernel(const struct firn_host *host, struct finding *finding)
{
	struct utsname name;
	int major = 0, minor = 0;

	(void)host;
	uname(&name);
	if (sscanf(name.release, "%d.%d", &major, &minor) != 2)
		find(finding, POOR, "%s: no version that firn understands",
		     name.release);
	else if (major < 5 || (major == 5 && minor < 6))
		find(finding, BAD, "%s: openat2(2) came with 5.6",
		     name.release);
	else if (major < 6 || (major == 6 && minor < 6))
		find(finding, POOR,
		     "%s: no tcx before 6.6; raw frames are cut another way",
		     name.release);
	else
		find(finding, GOOD, "%s", name.release);
}

static void
freezer(const struct firn_host *host, struct finding *finding)
{
	struct firn_cgroup_mounts mounts;
	struct firn_err why = { 0 };

	if (firn_cgroup_mounts(host, &mounts, &why) < 0)
		find(finding, BAD, "%s", why.text);
	else if (mounts.v2[0] != '\0' && mounts.freezer[0] != '\0')
		find(finding, GOOD, "hybrid: v2 at %.80s, v1 freezer at %.80s",
		     mounts.v2, mounts.freezer);
	else if (mounts.v2[0] != '\0')
		find(finding, GOOD, "v2 at %.100s", mounts.v2);
	else if (mounts.freezer[0] != '\0')
		find(finding, POOR,
		     "v1 only, at %.100s: no BPF on a cgroup, so the network "
		     "is cut at the interfaces",
		     mounts.freezer);
	else
		find(finding, BAD,
		     "neither cgroup v2 nor v1's freezer is "
		     "mounted");
}

static void
bpf_pins(const struct firn_host *host, struct finding *finding)
{
	struct statfs fs;

	(void)host;
	if (statfs("/sys/fs/bpf", &fs) == 0 && (unsigned)fs.f_type == BPFFS)
		find(finding, GOOD, "bpffs at /sys/fs/bpf");
	else
		find(finding, POOR,
		     "no bpffs at /sys/fs/bpf: isolate mounts "
		     "one at /run/firn/bpf");
}

static void
processes(const struct firn_host *host, struct finding *finding)
{
	autofree pid_t *pids = NULL;
	struct firn_err why = { 0 };
	size_t n;

	if (firn_proc_pids(host, &pids, &n, &why) < 0)
		find(finding, BAD, "%s", why.text);
	else if (n == 0 || pids[0] != 1)
		find(finding, BAD,
		     "process 1 can't be seen: run firn in the host's pid "
		     "namespace, without hidepid");
	else
		find(finding, GOOD, "%zu processes can be seen", n);
}

static void
runtimes(const struct firn_host *host, struct finding *finding)
{
	static const char *const folders[][2] = {
		{ "docker", "/run/docker" },
		{ "containerd", "/run/containerd" },
		{ "cri-o", "/run/crio" },
		{ "podman", "/run/containers" },
		{ "runc", "/run/runc" },
		{ "crun", "/run/crun" },
	};
	size_t len = 0;

	find(finding, GOOD, "state of:");
	len = strlen(finding->text);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		struct firn_err why = { 0 };
		autoclose int fd =
			firn_host_file(host, folders[i][1], O_PATH, &why);

		if (fd >= 0)
			len += (size_t)snprintf(finding->text + len,
						sizeof(finding->text) - len,
						" %s", folders[i][0]);
	}
	if (len == strlen("state of:"))
		find(finding, POOR,
		     "no runtime's state under /run: containers "
		     "are known by the kernel alone");
}

static void
clock_sync(const struct firn_host *host, struct finding *finding)
{
	struct timex timex = { 0 };
	int state = adjtimex(&timex);

	(void)host;
	if (state < 0 || state == TIME_ERROR ||
	    (timex.status & STA_UNSYNC) != 0)
		find(finding, POOR,
		     "the clock is not synchronised: times in "
		     "the evidence are this node's own");
	else
		find(finding, GOOD, "synchronised, at most %ld us off",
		     timex.maxerror);
}

static void
room(const struct firn_host *host, struct finding *finding)
{
	struct statvfs fs;
	char text[FIRN_SIZE_TEXT];
	unsigned long long bytes;

	(void)host;
	if (statvfs(".", &fs) < 0) {
		find(finding, POOR, "%s", strerrordesc_np(errno));
		return;
	}
	bytes = (unsigned long long)fs.f_bavail * fs.f_frsize;
	firn_size_text(bytes, text);
	find(finding, bytes < (1ull << 30) ? POOR : GOOD,
	     "%s free here, where capture writes without -o", text);
}

static void
signing_key(const struct firn_host *host, struct finding *finding)
{
	autodone(firn_key_close) struct firn_key *key = NULL;
	char fingerprint[FIRN_FINGERPRINT];
	struct firn_err why = { 0 };

	(void)host;
	if (firn_key_open(&key, FIRN_KEY_PATH, &why) == 0) {
		firn_key_fingerprint(key, fingerprint);
		find(finding, GOOD, "%s", fingerprint);
	} else if (why.code == ENOENT) {
		find(finding, GOOD, "none yet: capture makes one");
	} else {
		find(finding, BAD, "%s", why.text);
	}
}

static const struct {
	const char *name;
	void (*check)(const struct firn_host *host, struct finding *finding);
} checks[] = {
	{ "privileges", privileges }, { "kernel", kernel },
	{ "freezer", freezer },       { "bpf pins", bpf_pins },
	{ "processes", processes },   { "runtimes", runtimes },
	{ "clock", clock_sync },      { "room", room },
	{ "key", signing_key },
};

static void
show(FILE *out, const json_t *result)
{
	const json_t *check;
	size_t i;

	json_array_foreach(json_object_get(result, "checks"), i, check) {
		fprintf(out, "%-5s", firn_json_string(check, "verdict", NULL));
		firn_show_row(out, firn_json_string(check, "name", NULL), "%s",
			      firn_json_string(check, "text", NULL));
	}
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	const struct firn_opt opts[] = {
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autoscene struct firn_scene scene = FIRN_SCENE;
	autojson json_t *result = json_object();
	json_t *list = json_array();
	struct firn_err err = { 0 };
	enum firn_exit status;
	bool works = true;

	json_object_set_new(result, "checks", list);
	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 0, &status))
		return status;
	if (firn_host_open(&scene.host, common.root != NULL ? common.root : "/",
			   &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct finding finding = { 0 };
		json_t *item = json_object();

		checks[i].check(&scene.host, &finding);
		works &= finding.verdict != BAD;
		firn_json_text(item, "name", checks[i].name);
		firn_json_text(item, "verdict", words[finding.verdict]);
		firn_json_text(item, "text", finding.text);
		json_array_append_new(list, item);
	}
	return firn_cmd_result(self, &common, result, show,
			       works ? FIRN_EXIT_OK : FIRN_EXIT_NO);
}

const struct firn_cmd firn_cmd_doctor = {
	.name = "doctor",
	.operands = "",
	.summary = "what works on this node, what would not, and why",
	.more = "It changes nothing.  `less` works, and says what is lost.\n\n"
		"Examples:\n"
		"  firn doctor\n"
		"  firn doctor --json | jq '.checks[] | select(.verdict != "
		"\"ok\")'\n",
	.run = run,
};
