#include "respond/drill_layers.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "respond/intruder_image.h"

struct entry {
	const char *path; /* below lower/ */
	const char *text; /* NULL for a folder */
	mode_t mode;
};

/* Folders before what is in them. */
static const struct entry image[] = {
	{ "etc", NULL, 0755 },
	{ "etc/passwd", "root:x:0:0:root:/root:/bin/false\n", 0644 },
	{ FIRN_DRILL_CHANGED, "listen = 8080\n", 0644 },
	{ "var", NULL, 0755 },
	{ "var/log", NULL, 0755 },
	{ FIRN_DRILL_DELETED, "sshd[411]: Accepted publickey for app\n", 0640 },
	{ "usr", NULL, 0755 },
	{ "usr/bin", NULL, 0755 },
	{ "tmp", NULL, 01777 },
	{ "tmp/.cache", NULL, 0700 },
	{ "run", NULL, 0755 },
	{ "run/secrets", NULL, 0755 },
	{ "proc", NULL, 0555 },
	{ "dev", NULL, 0755 },
};

static int
make_folder(const char *folder, const char *name, mode_t mode,
	    struct firn_err *err)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (mkdir(path, mode) < 0 || chmod(path, mode) < 0)
		return firn_err_sys(err, "make %s", path);
	return 0;
}

static int
make_file(int dir_fd, const char *name, const void *data, size_t len,
	  mode_t mode, struct firn_err *err)
{
	autoclose int fd = -1;

	fd = openat(dir_fd, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return firn_err_sys(err, "make %s", name);
	if (firn_write_all(fd, name, data, len, err) < 0)
		return -1;
	if (fchmod(fd, mode) < 0)
		return firn_err_sys(err, "chmod %s", name);
	return 0;
}

static int
fill(int lower_fd, struct firn_err *err)
{
	for (size_t i = 0; i < sizeof(image) / sizeof(image[0]); i++) {
		const struct entry *entry = &image[i];

		if (entry->text == NULL) {
			if (mkdirat(lower_fd, entry->path, entry->mode) < 0 ||
			    fchmodat(lower_fd, entry->path, entry->mode, 0) < 0)
				return firn_err_sys(err, "make %s",
						    entry->path);
		} else if (make_file(lower_fd, entry->path, entry->text,
				     strlen(entry->text), entry->mode,
				     err) < 0) {
			return -1;
		}
	}
	return make_file(lower_fd, FIRN_DRILL_PROGRAM, firn_intruder_image,
			 firn_intruder_size(), 0755, err);
}

int
firn_drill_layers_make(const char *folder, struct firn_err *err)
{
	autoclose int lower_fd = -1;
	char lower[256];

	if (make_folder(folder, "lower", 0755, err) < 0 ||
	    make_folder(folder, "upper", 0755, err) < 0 ||
	    make_folder(folder, "work", 0700, err) < 0 ||
	    make_folder(folder, "merged", 0700, err) < 0)
		return -1;
	snprintf(lower, sizeof(lower), "%s/lower", folder);
	lower_fd = open(lower, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (lower_fd < 0)
		return firn_err_sys(err, "open %s", lower);
	return fill(lower_fd, err);
}

static int
take_away(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int
firn_drill_layers_remove(const char *folder, struct firn_err *err)
{
	if (nftw(folder, take_away, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0 &&
	    errno != ENOENT)
		return firn_err_sys(err, "remove %s", folder);
	return 0;
}
