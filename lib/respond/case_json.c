#include "respond/case_json.h"

#include <fcntl.h>
#include <string.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"

/* The digest of the program that runs now, through the kernel's own link, so
 * that a replaced file doesn't matter. */
static json_t *
own_digest(void)
{
	autoclose int fd = -1;
	autosha256 struct firn_sha256 sha = { 0 };
	unsigned char digest[FIRN_SHA256];
	char text[FIRN_SHA256_TEXT], data[65536];
	struct firn_err why = { 0 };
	ssize_t n;

	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || firn_sha256_start(&sha, &why) < 0)
		return json_null();
	while ((n = firn_read_some(fd, "firn", data, sizeof(data), &why)) > 0)
		firn_sha256_add(&sha, data, (size_t)n);
	if (n < 0)
		return json_null();
	firn_sha256_end(&sha, digest);
	firn_hex(digest, sizeof(digest), text);
	return json_string(text);
}

/* adjtimex(2): is the clock held by NTP, and how far may it be off? */
static json_t *
clocks(void)
{
	json_t *clock = json_object();
	struct timex timex = { 0 };
	struct timespec boottime, monotonic;
	int state = adjtimex(&timex);
	char boot_id[FIRN_BOOT_ID];
	struct firn_err why = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &boottime);
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	firn_json_time(clock, "utc", firn_now());
	json_object_set_new(clock, "boottime_ns",
			    json_integer(boottime.tv_sec * 1000000000 +
					 boottime.tv_nsec));
	json_object_set_new(clock, "monotonic_ns",
			    json_integer(monotonic.tv_sec * 1000000000 +
					 monotonic.tv_nsec));
	json_object_set_new(clock, "boot_id",
			    firn_boot_id(boot_id, &why) == 0
				    ? json_string(boot_id)
				    : json_null());
	json_object_set_new(clock, "synchronised",
			    json_boolean(state >= 0 && state != TIME_ERROR &&
					 (timex.status & STA_UNSYNC) == 0));
	json_object_set_new(clock, "max_error_us",
			    json_integer(timex.maxerror));
	json_object_set_new(clock, "estimated_error_us",
			    json_integer(timex.esterror));
	return clock;
}

static json_t *
machine(void)
{
	json_t *host = json_object();
	struct utsname name;

	if (uname(&name) < 0)
		return host;
	firn_json_text(host, "name", name.nodename);
	firn_json_text(host, "kernel", name.release);
	firn_json_text(host, "kernel_build", name.version);
	firn_json_text(host, "machine", name.machine);
	return host;
}

static json_t *
options(const struct firn_capture *how)
{
	json_t *said = json_object(), *only = json_array();
	json_t *volumes = json_array();

	for (size_t i = 0; i < how->n_only; i++)
		json_array_append_new(only, json_string(how->only[i]));
	for (size_t i = 0; i < how->what.n_volumes; i++)
		json_array_append_new(volumes,
				      json_string(how->what.volumes[i]));
	json_object_set_new(said, "only", only);
	json_object_set_new(said, "volumes", volumes);
	json_object_set_new(said, "freeze", json_boolean(!how->leave_running));
	json_object_set_new(said, "keep_frozen",
			    json_boolean(how->keep_frozen));
	json_object_set_new(said, "hold", json_boolean(how->freezing.hold));
	json_object_set_new(said, "hold_tasks",
			    json_boolean(!how->leave_tasks));
	json_object_set_new(said, "refreeze", json_boolean(!how->leave_thawed));
	json_object_set_new(said, "isolate", json_boolean(how->isolate));
	if (!how->isolate)
		return said;
	json_object_set_new(said, "log", json_boolean(how->isolation.log));
	json_object_set_new(said, "reset", json_boolean(how->isolation.reset));
	json_object_set_new(said, "unix",
			    json_boolean(how->isolation.cut_unix));
	return said;
}

json_t *
firn_case_json(const struct firn_target *target, const struct firn_capture *how)
{
	json_t *json = json_object(), *tool = json_object();

	json_object_set_new(json, "format", json_integer(1));
	firn_json_text(json, "case", how->of->id);
	/* Who holds the archive holds the secrets themselves: the key of their
	 * fingerprints adds nothing, and lets the lab make the same ones. */
	firn_json_hex(json, "fingerprint_key", how->of->key,
		      sizeof(how->of->key));
	json_object_set_new(json, "target", firn_target_json(target));
	firn_json_text(json, "operator", how->authority->operator_name);
	json_object_set_new(json, "host", machine());
	json_object_set_new(tool, "name", json_string("firn"));
	json_object_set_new(tool, "version", json_string(FIRN_VERSION));
	json_object_set_new(tool, "sha256", own_digest());
	json_object_set_new(json, "tool", tool);
	json_object_set_new(json, "clocks", clocks());
	json_object_set_new(json, "options", options(how));
	json_object_set(json, "witnesses", target->witnesses);
	json_object_set(json, "disagreements", target->disagreements);
	return json;
}
