#include "collect/host/host_knobs.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"

#define PRELOAD_MAX (1u << 20)

static void
set_sysctl(const struct firn_host *host, const char *name, const char *path,
	   struct firn_archive *archive, json_t *knobs)
{
	autofree char *text = NULL;
	struct firn_err why = { 0 };
	size_t len;

	if (firn_read_at(host->proc_fd, path, 65536, &text, &len, &why) == 0) {
		firn_json_bytes(knobs, name, text, strcspn(text, "\n"));
		return;
	}
	/* This kernel doesn't have it. */
	json_object_set_new(knobs, name, json_null());
	if (why.code != ENOENT)
		firn_archive_gap(archive, "host", path, &why);
}

static void
set_uevent_helper(const struct firn_host *host, json_t *knobs)
{
	autofree char *text = NULL;
	struct firn_err why = { 0 };

	if (firn_host_read(host, "/sys/kernel/uevent_helper", 65536, &text,
			   NULL, &why) < 0)
		json_object_set_new(knobs, "uevent_helper", json_null());
	else
		firn_json_bytes(knobs, "uevent_helper", text,
				strcspn(text, "\n"));
}

/* Paths between blanks and colons; ld.so(8).  glibc's comments end a line. */
static json_t *
paths_of(char *text)
{
	json_t *list = json_array();
	char *line, *path;

	while ((line = strsep(&text, "\n")) != NULL) {
		line[strcspn(line, "#")] = '\0';
		while ((path = strsep(&line, " \t:")) != NULL) {
			autojson json_t *entry = json_object();

			if (path[0] == '\0')
				continue;
			firn_json_bytes(entry, "path", path, strlen(path));
			json_array_append(list, json_object_get(entry, "path"));
		}
	}
	return list;
}

static void
set_preload(const struct firn_host *host, struct firn_archive *archive,
	    json_t *knobs)
{
	static const char path[] = "/etc/ld.so.preload";
	autofree char *text = NULL;
	struct firn_err why = { 0 };

	if (firn_host_read(host, path, PRELOAD_MAX, &text, NULL, &why) == 0) {
		json_object_set_new(knobs, "ld_so_preload", paths_of(text));
		return;
	}
	if (why.code != ENOENT)
		firn_archive_gap(archive, "host", path, &why);
	json_object_set_new(knobs, "ld_so_preload", json_array());
}

int
firn_host_knobs(const struct firn_target *target, struct firn_archive *archive,
		struct firn_err *err)
{
	static const struct firn_member_source source = {
		"host",
		"/proc/sys/kernel, /sys/kernel/uevent_helper, binfmt_misc, "
		"cgroup v1, /etc/ld.so.preload",
		"firn-archive(5)"
	};
	static const struct {
		const char *name, *path;
	} sysctls[] = {
		{ "core_pattern", "sys/kernel/core_pattern" },
		{ "modprobe", "sys/kernel/modprobe" },
		{ "hotplug", "sys/kernel/hotplug" },
		{ "poweroff_cmd", "sys/kernel/poweroff_cmd" },
	};
	autojson json_t *knobs = json_object();

	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++)
		set_sysctl(target->host, sysctls[i].name, sysctls[i].path,
			   archive, knobs);
	set_uevent_helper(target->host, knobs);
	firn_host_hooks(target, archive, knobs);
	set_preload(target->host, archive, knobs);
	return firn_archive_json(archive, "data/host/knobs.json", knobs,
				 &source, err);
}
