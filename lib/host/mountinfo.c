#include "host/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "base/io.h"
#include "host/proc.h"

#define MOUNTINFO_MAX (64u << 20)

/* "\040" to a blank, in place. */
static char *
unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' &&
		    from[2] >= '0' && from[2] <= '7' && from[3] >= '0' &&
		    from[3] <= '7') {
			*to = (char)((from[1] - '0') << 6 |
				     (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return text;
}

/* The next field, which ends at a blank; NULL when there is none. */
static char *
field(char **rest)
{
	return strsep(rest, " ");
}

/* The optional fields up to " - ", joined as they stand. */
static char *
optional_fields(char **rest)
{
	char *start = *rest, *dash;

	if (start == NULL)
		return NULL;
	if (strncmp(start, "- ", 2) == 0) {
		*rest = start + 2;
		start[0] = '\0';
		return start;
	}
	dash = strstr(start, " - ");
	if (dash == NULL)
		return NULL;
	*dash = '\0';
	*rest = dash + 3;
	return start;
}

static bool
parses(char *line, struct firn_mount *ret)
{
	char *id = field(&line), *parent = field(&line), *dev = field(&line);

	ret->root = field(&line);
	ret->point = field(&line);
	ret->options = field(&line);
	ret->propagation = optional_fields(&line);
	ret->fstype = field(&line);
	ret->source = field(&line);
	ret->super_options = line;
	if (ret->propagation == NULL || ret->super_options == NULL ||
	    sscanf(dev, "%u:%u", &ret->major, &ret->minor) != 2)
		return false;
	ret->id = atoi(id);
	ret->parent = atoi(parent);
	unescape(ret->root);
	unescape(ret->point);
	unescape(ret->fstype);
	unescape(ret->source);
	unescape(ret->super_options);
	return true;
}

int
firn_mounts_parse(const char *text, size_t len, struct firn_mounts *ret,
		  struct firn_err *err)
{
	autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };
	size_t lines = 0;
	char *rest, *line;

	mounts.text = malloc(len + 1);
	if (mounts.text == NULL)
		return firn_err_nomem(err);
	memcpy(mounts.text, text, len);
	mounts.text[len] = '\0';
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	mounts.items = calloc(lines + 1, sizeof(*mounts.items));
	if (mounts.items == NULL)
		return firn_err_nomem(err);

	rest = mounts.text;
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		if (!parses(line, &mounts.items[mounts.n]))
			return firn_err_set(err, EBADMSG,
					    "mountinfo: line %zu is not a "
					    "mount",
					    mounts.n + 1);
		mounts.n++;
	}
	*ret = mounts;
	mounts = (struct firn_mounts){ 0 };
	return 0;
}

int
firn_mounts_read(const struct firn_host *host, pid_t pid,
		 struct firn_mounts *ret, struct firn_err *err)
{
	autofree char *text = NULL;
	size_t len;
	int done;

	if (pid != 0)
		done = firn_proc_read(host, pid, "mountinfo", MOUNTINFO_MAX,
				      &text, &len, err);
	else
		done = firn_read_at(host->proc_fd, "self/mountinfo",
				    MOUNTINFO_MAX, &text, &len, err);
	if (done < 0)
		return -1;
	return firn_mounts_parse(text, len, ret, err);
}

void
firn_mounts_free(struct firn_mounts *mounts)
{
	free(mounts->items);
	free(mounts->text);
	*mounts = (struct firn_mounts){ 0 };
}

const struct firn_mount *
firn_mounts_root(const struct firn_mounts *mounts)
{
	const struct firn_mount *top = NULL;

	for (size_t i = 0; i < mounts->n; i++)
		if (strcmp(mounts->items[i].point, "/") == 0)
			top = &mounts->items[i];
	return top;
}

const struct firn_mount *
firn_mounts_device(const struct firn_mounts *mounts, dev_t dev)
{
	for (size_t i = 0; i < mounts->n; i++)
		if (makedev(mounts->items[i].major, mounts->items[i].minor) ==
		    dev)
			return &mounts->items[i];
	return NULL;
}

int
firn_mount_option(const char *options, const char *name, char *ret, size_t size)
{
	size_t name_len = strlen(name);

	while (*options != '\0') {
		size_t len = 0;

		while (options[len] != '\0' && options[len] != ',') {
			if (options[len] == '\\' && options[len + 1] != '\0')
				len++;
			len++;
		}
		if (len >= name_len && memcmp(options, name, name_len) == 0 &&
		    (len == name_len || options[name_len] == '=')) {
			size_t skip = len == name_len ? len : name_len + 1;

			if (len - skip >= size)
				return -1;
			memcpy(ret, options + skip, len - skip);
			ret[len - skip] = '\0';
			return (int)(len - skip);
		}
		options += len;
		options += *options == ',';
	}
	return -1;
}

static bool
is_one_of(const char *fstype, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(fstype, *names) == 0)
			return true;
	return false;
}

bool
firn_mount_waits(const char *fstype)
{
	static const char *const servers[] = {
		"9p",        "afs",      "autofs", "ceph",  "cifs",     "coda",
		"glusterfs", "gpfs",     "lustre", "ncpfs", "nfs",      "nfs4",
		"ocfs2",     "orangefs", "smb3",   "smbfs", "virtiofs", NULL,
	};

	return strncmp(fstype, "fuse", 4) == 0 || is_one_of(fstype, servers);
}

bool
firn_mount_kernel(const char *fstype)
{
	static const char *const views[] = {
		"binder",   "binfmt_misc", "bpf",        "cgroup",    "cgroup2",
		"configfs", "debugfs",     "devpts",     "efivarfs",  "fusectl",
		"mqueue",   "nsfs",        "pipefs",     "proc",      "pstore",
		"resctrl",  "rpc_pipefs",  "securityfs", "selinuxfs", "smackfs",
		"sockfs",   "sysfs",       "tracefs",    NULL,
	};

	return is_one_of(fstype, views);
}
