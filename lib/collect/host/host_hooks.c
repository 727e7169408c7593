#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "collect/host/host_knobs.h"
#include "host/mountinfo.h"
#include "target/namespaces.h"

#define ENTRIES_MAX 4096
#define ENTRY_MAX 65536

/* What the kernel has already, seen through a mount of ours.  `options` are
 * separated by commas, or "". */
static int
look_into(const char *fstype, const char *options, struct firn_err *err)
{
	autoclose int context_fd = fsopen(fstype, FSOPEN_CLOEXEC), fd = -1;
	char list[1024], *rest = list, *option;

	if (context_fd < 0)
		return firn_err_sys(err, "look into %s", fstype);
	snprintf(list, sizeof(list), "%s", options);
	while ((option = strsep(&rest, ",")) != NULL) {
		char *value = strchr(option, '=');
		unsigned command = FSCONFIG_SET_FLAG;

		if (option[0] == '\0')
			continue;
		if (value != NULL) {
			*value++ = '\0';
			command = FSCONFIG_SET_STRING;
		}
		if (fsconfig(context_fd, command, option, value, 0) < 0)
			return firn_err_sys(err, "%s: option %s", fstype,
					    option);
	}
	if (fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return firn_err_sys(err, "look into %s %s", fstype, options);
	fd = fsmount(context_fd, FSMOUNT_CLOEXEC,
		     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			     MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME);
	if (fd < 0)
		return firn_err_sys(err, "mount %s %s", fstype, options);
	return firn_steal_fd(&fd);
}

static bool
mounts_one(const struct firn_host *host, pid_t pid, const char *fstype)
{
	autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };
	struct firn_err gone = { 0 };

	if (firn_mounts_read(host, pid, &mounts, &gone) < 0)
		return false;
	for (size_t i = 0; i < mounts.n; i++)
		if (strcmp(mounts.items[i].fstype, fstype) == 0)
			return true;
	return false;
}

/* Nobody's interpreters outlive the last mount of it (Linux 6.7), and where
 * systemd would mount it when somebody looks, we don't. */
static bool
is_mounted(const struct firn_target *target, const char *fstype)
{
	if (mounts_one(target->host, 1, fstype) ||
	    mounts_one(target->host, 0, fstype))
		return true;
	for (size_t i = 0; i < target->members.n; i++)
		if (mounts_one(target->host, target->members.items[i].pid,
			       fstype))
			return true;
	return false;
}

/* "enabled\ninterpreter /bin/x\nflags: OCF\n..." */
static json_t *
interpreter(const char *name, char *text)
{
	json_t *entry = json_object();
	char *line;

	firn_json_text(entry, "name", name);
	json_object_set_new(entry, "enabled",
			    json_boolean(strncmp(text, "enabled\n", 8) == 0));
	while ((line = strsep(&text, "\n")) != NULL) {
		if (strncmp(line, "interpreter ", 12) == 0)
			firn_json_text(entry, "interpreter", line + 12);
		else if (strncmp(line, "flags: ", 7) == 0)
			firn_json_text(entry, "flags", line + 7);
		/* Only the first of each is the kernel's: the rest may be
		 * what the entry's maker put into its path. */
		else if (strncmp(line, "extension ", 10) == 0 ||
			 strncmp(line, "offset ", 7) == 0)
			break;
	}
	return entry;
}

static void
read_interpreters(int fd, json_t *list, struct firn_archive *archive)
{
	autodir DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL &&
	       json_array_size(list) < ENTRIES_MAX) {
		autofree char *text = NULL;
		struct firn_err why = { 0 };

		if (entry->d_name[0] == '.' ||
		    strcmp(entry->d_name, "register") == 0 ||
		    strcmp(entry->d_name, "status") == 0)
			continue;
		if (firn_read_at(dirfd(dir), entry->d_name, ENTRY_MAX, &text,
				 NULL, &why) < 0)
			firn_archive_gap(archive, "host", "binfmt_misc", &why);
		else
			json_array_append_new(list,
					      interpreter(entry->d_name, text));
	}
}

static void
set_binfmt(const struct firn_target *target, struct firn_archive *archive,
	   json_t *knobs)
{
	json_t *list = json_array();
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	int folder_fd = -1;

	json_object_set_new(knobs, "binfmt", list);
	if (!is_mounted(target, "binfmt_misc"))
		return;
	fd = look_into("binfmt_misc", "", &why);
	if (fd >= 0)
		folder_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder_fd < 0) {
		if (fd >= 0)
			firn_err_sys(&why, "open binfmt_misc");
		firn_archive_gap(archive, "host", "binfmt_misc", &why);
		return;
	}
	read_interpreters(folder_fd, list, archive);
}

/* Does a mount show the hierarchy that is called so?  A controller is in one
 * only. */
static bool
shows(const struct firn_mount *mount, const char *hierarchy)
{
	char first[256], value[256];
	bool named = strncmp(hierarchy, "name=", 5) == 0;

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(hierarchy, ","),
		 hierarchy);
	if (strcmp(mount->fstype, "cgroup") != 0 ||
	    strcmp(mount->root, "/") != 0)
		return false;
	if (firn_mount_option(mount->super_options, named ? "name" : first,
			      value, sizeof(value)) < 0)
		return false;
	return !named || strcmp(value, first + 5) == 0;
}

/* Where the host has mounted it, if nothing else lies there now.  First choice:
 * a mount of ours that asks for other options makes the kernel log that. */
static int
where_mounted(const struct firn_host *host, const struct firn_mounts *mounts,
	      const char *hierarchy)
{
	for (size_t i = 0; i < mounts->n; i++) {
		struct firn_err none = { 0 };
		autoclose int fd = -1;
		struct statfs fs;

		if (!shows(&mounts->items[i], hierarchy))
			continue;
		fd = firn_host_file(host, mounts->items[i].point,
				    O_RDONLY | O_DIRECTORY, &none);
		if (fd >= 0 && fstatfs(fd, &fs) == 0 &&
		    fs.f_type == CGROUP_SUPER_MAGIC)
			return firn_steal_fd(&fd);
	}
	return -1;
}

static int
open_hierarchy(const struct firn_host *host, const struct firn_mounts *mounts,
	       const char *name, struct firn_err *err)
{
	int fd = where_mounted(host, mounts, name);
	char options[1024];

	if (fd >= 0)
		return fd;
	/* A name alone is a hierarchy without controllers. */
	snprintf(options, sizeof(options), "%s%s",
		 strncmp(name, "name=", 5) == 0 ? "none," : "", name);
	return look_into("cgroup", options, err);
}

/* "4:cpu,cpuacct:/path", "1:name=systemd:/"; "0::/path" is v2's. */
static void
add_agent(const struct firn_host *host, const struct firn_mounts *mounts,
	  char *line, struct firn_archive *archive, json_t *list)
{
	char *id = strsep(&line, ":"), *name = strsep(&line, ":");
	struct firn_err why = { 0 };
	autofree char *agent = NULL;
	autoclose int fd = -1;
	json_t *entry;

	if (name == NULL || line == NULL || strcmp(id, "0") == 0)
		return;
	fd = open_hierarchy(host, mounts, name, &why);
	if (fd < 0 || firn_read_at(fd, "release_agent", ENTRY_MAX, &agent, NULL,
				   &why) < 0) {
		firn_err_in(&why, "hierarchy %s", name);
		firn_archive_gap(archive, "host", "release_agent", &why);
		return;
	}
	entry = json_object();
	firn_json_text(entry, "hierarchy", name);
	firn_json_bytes(entry, "agent", agent, strcspn(agent, "\n"));
	json_array_append_new(list, entry);
}

/* Every hierarchy stands in the list of any process. */
static void
set_agents(const struct firn_host *host, struct firn_archive *archive,
	   json_t *knobs)
{
	autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };
	json_t *list = json_array();
	autofree char *text = NULL;
	struct firn_err why = { 0 };
	char *rest, *line;

	json_object_set_new(knobs, "release_agents", list);
	if (firn_mounts_read(host, 1, &mounts, &why) < 0 ||
	    firn_read_at(host->proc_fd, "self/cgroup", 1u << 20, &text, NULL,
			 &why) < 0) {
		firn_archive_gap(archive, "host", "release_agent", &why);
		return;
	}
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL)
		add_agent(host, &mounts, line, archive, list);
}

void
firn_host_hooks(const struct firn_target *target, struct firn_archive *archive,
		json_t *knobs)
{
	/* The kernel that we could ask is not that of a record. */
	if (namespaces_own_pid(target->host) == 0)
		return;
	set_binfmt(target, archive, knobs);
	set_agents(target->host, archive, knobs);
}
