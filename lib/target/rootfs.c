#include "target/rootfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "host/mountinfo.h"
#include "host/proc.h"
#include "target/disk.h"
#include "target/names.h"

/* The kernel's own limit is 500. */
#define LOWERS_MAX 4096

/* "\054" to a comma: how mountinfo writes what would end a value. */
static char *
decode(const char *text, size_t len)
{
	char *value = malloc(len + 1);
	size_t n = 0;

	if (value == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && i + 3 < len && text[i + 1] >= '0' &&
		    text[i + 1] <= '3') {
			value[n++] = (char)((text[i + 1] - '0') << 6 |
					    (text[i + 2] - '0') << 3 |
					    (text[i + 3] - '0'));
			i += 3;
		} else {
			value[n++] = text[i];
		}
	}
	value[n] = '\0';
	return value;
}

/* "\:" to a colon: how overlayfs writes what would end a folder.  In place. */
static void
unescape(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && text[1] != '\0')
			text++;
		*to++ = *text;
	}
	*to = '\0';
}

static int
add_lower(struct firn_rootfs *rootfs, const char *path, bool escaped,
	  struct firn_err *err)
{
	char **more;

	if (path[0] == '\0')
		return 0; /* "::" stands before layers of data only */
	if (rootfs->n_lowers == LOWERS_MAX)
		return firn_err_set(err, E2BIG, "more than %d lower layers",
				    LOWERS_MAX);
	more = realloc(rootfs->lowers, (rootfs->n_lowers + 1) * sizeof(*more));
	if (more == NULL)
		return firn_err_nomem(err);
	rootfs->lowers = more;
	more[rootfs->n_lowers] = strdup(path);
	if (more[rootfs->n_lowers] == NULL)
		return firn_err_nomem(err);
	if (escaped)
		unescape(more[rootfs->n_lowers]);
	rootfs->n_lowers++;
	return 0;
}

/* "/a:/b\:c", topmost first. */
static int
split_lowers(struct firn_rootfs *rootfs, char *list, struct firn_err *err)
{
	char *start = list, *at = list;

	for (;; at++) {
		bool last = *at == '\0';

		if (*at == '\\' && at[1] != '\0') {
			at++;
			continue;
		}
		if (!last && *at != ':')
			continue;
		*at = '\0';
		if (add_lower(rootfs, start, true, err) < 0)
			return -1;
		if (last)
			return 0;
		start = at + 1;
	}
}

static int
take_option(struct firn_rootfs *rootfs, const char *name, size_t name_len,
	    const char *text, size_t len, struct firn_err *err)
{
	autofree char *value = decode(text, len);
	char **where = NULL;

	if (value == NULL)
		return firn_err_nomem(err);
	if (name_len == 8 && memcmp(name, "upperdir", 8) == 0)
		where = &rootfs->upper;
	else if (name_len == 7 && memcmp(name, "workdir", 7) == 0)
		where = &rootfs->work;
	if (where != NULL) {
		unescape(value);
		free(*where);
		*where = firn_steal(value);
		return 0;
	}
	if (name_len == 8 && memcmp(name, "lowerdir", 8) == 0)
		return split_lowers(rootfs, value, err);
	/* One option for each layer, as fsconfig(2) takes them. */
	if ((name_len == 9 && memcmp(name, "lowerdir+", 9) == 0) ||
	    (name_len == 8 && memcmp(name, "datadir+", 8) == 0))
		return add_lower(rootfs, value, false, err);
	return 0;
}

int
rootfs_parse(const char *options, struct firn_rootfs *ret, struct firn_err *err)
{
	while (*options != '\0') {
		size_t len = strcspn(options, ",");
		const char *equals = memchr(options, '=', len);

		if (equals != NULL &&
		    take_option(ret, options, (size_t)(equals - options),
				equals + 1,
				len - (size_t)(equals + 1 - options), err) < 0)
			return -1;
		options += len;
		options += *options == ',';
	}
	return 0;
}

/*
 * Docker's and containers/storage's "BASE/l/ABC" is a link to "../ID/diff", so
 * that a list of layers stays short.  The link is read, not followed: only
 * what it should be is taken.
 */
static int
resolve_link(const struct firn_host *host, char **path, struct firn_err *err)
{
	char target[512], *name, *longer;
	char *slash = strrchr(*path, '/');
	struct disk_path joined;

	if (slash == NULL || slash - *path < 2 ||
	    strncmp(slash - 2, "/l", 2) != 0 ||
	    !disk_link(host, *path, target, sizeof(target)) ||
	    strncmp(target, "../", 3) != 0)
		return 0;
	name = target + 3;
	joined = disk_path("%.*s/%s", (int)(slash - 2 - *path), *path, name);
	if (!names_is_path(joined.text))
		return 0;
	longer = strdup(joined.text);
	if (longer == NULL)
		return firn_err_nomem(err);
	free(*path);
	*path = longer;
	return 0;
}

/* Put the base that has it before a relative path. */
static int
make_absolute(const struct firn_host *host, const char *const *bases,
	      size_t n_bases, char **path, struct firn_err *err)
{
	for (size_t i = 0; (*path)[0] != '/' && i < n_bases; i++) {
		const struct disk_path joined =
			disk_path("%s/%s", bases[i], *path);
		char *longer;

		if (!names_is_path(joined.text) ||
		    !disk_is_folder(host, joined.text))
			continue;
		longer = strdup(joined.text);
		if (longer == NULL)
			return firn_err_nomem(err);
		free(*path);
		*path = longer;
	}
	return 0;
}

/* containerd shortens only the lower layers: SNAPSHOTS/7/fs to 7/fs, beside
 * the absolute SNAPSHOTS/9/fs. */
static struct disk_path
base_of_upper(const struct firn_rootfs *rootfs)
{
	const char *end;

	if (rootfs->upper == NULL || rootfs->upper[0] != '/')
		return (struct disk_path){ 0 };
	end = strrchr(rootfs->upper, '/');
	end = memrchr(rootfs->upper, '/', (size_t)(end - rootfs->upper));
	if (end == NULL)
		return (struct disk_path){ 0 };
	return disk_path("%.*s", (int)(end - rootfs->upper), rootfs->upper);
}

static int
find_folders(const struct firn_host *host, const char *const *bases,
	     size_t n_bases, struct firn_rootfs *rootfs, struct firn_err *err)
{
	const struct disk_path beside = base_of_upper(rootfs);
	const char *const own[] = { beside.text };

	if (rootfs->upper != NULL &&
	    make_absolute(host, bases, n_bases, &rootfs->upper, err) < 0)
		return -1;
	if (rootfs->work != NULL &&
	    make_absolute(host, bases, n_bases, &rootfs->work, err) < 0)
		return -1;
	for (size_t i = 0; i < rootfs->n_lowers; i++) {
		char **lower = &rootfs->lowers[i];

		if ((beside.text[0] != '\0' &&
		     make_absolute(host, own, 1, lower, err) < 0) ||
		    make_absolute(host, bases, n_bases, lower, err) < 0 ||
		    resolve_link(host, lower, err) < 0)
			return -1;
	}
	return 0;
}

/* The super options of a mount, undecoded: the end of its line. */
static const char *
raw_options(char *text, int id)
{
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		char *options;

		if (atoi(line) != id)
			continue;
		options = strrchr(line, ' ');
		return options != NULL ? options + 1 : NULL;
	}
	return NULL;
}

static bool
lists(const char *options, const char *word)
{
	char value[2];

	return firn_mount_option(options, word, value, sizeof(value)) == 0;
}

int
rootfs_read(const struct firn_host *host, pid_t pid, const char *const *bases,
	    size_t n_bases, struct firn_rootfs *ret, struct firn_err *err)
{
	autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };
	autodone(rootfs_free) struct firn_rootfs rootfs = { 0 };
	autofree char *text = NULL;
	const struct firn_mount *root;
	const char *options;
	size_t len;

	if (firn_proc_read(host, pid, "mountinfo", (size_t)64 << 20, &text,
			   &len, err) < 0 ||
	    firn_mounts_parse(text, len, &mounts, err) < 0)
		return -1;
	root = firn_mounts_root(&mounts);
	rootfs.fstype = strdup(root != NULL ? root->fstype : "");
	if (rootfs.fstype == NULL)
		return firn_err_nomem(err);
	if (root != NULL) {
		rootfs.device = makedev(root->major, root->minor);
		rootfs.read_only = lists(root->options, "ro") ||
				   lists(root->super_options, "ro");
	}
	if (root != NULL && strcmp(root->fstype, "overlay") == 0) {
		options = raw_options(text, root->id);
		if (options != NULL && rootfs_parse(options, &rootfs, err) < 0)
			return -1;
		if (find_folders(host, bases, n_bases, &rootfs, err) < 0)
			return -1;
	}
	*ret = rootfs;
	rootfs = (struct firn_rootfs){ 0 };
	return 0;
}

void
rootfs_free(struct firn_rootfs *rootfs)
{
	free(rootfs->fstype);
	free(rootfs->upper);
	free(rootfs->work);
	for (size_t i = 0; i < rootfs->n_lowers; i++)
		free(rootfs->lowers[i]);
	free(rootfs->lowers);
	*rootfs = (struct firn_rootfs){ 0 };
}
