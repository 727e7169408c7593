#include "contain/cut/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

#define BPF_FS_MAGIC_NUMBER 0xcafe4a11u

#define SYSTEM_MOUNT "/sys/fs/bpf"
#define SYSTEM_FOLDER SYSTEM_MOUNT "/firn"
#define OUR_MOUNT "/run/firn/bpf"

static bool
is_bpffs(const char *path)
{
	struct statfs st;

	return statfs(path, &st) == 0 &&
	       (uint32_t)st.f_type == BPF_FS_MAGIC_NUMBER;
}

/* The filesystem keeps names with a dot to itself. */
static int
folder_name(const char *id, char *ret, size_t size, struct firn_err *err)
{
	size_t n = 0;

	for (; *id != '\0'; id++) {
		if (*id == '/' || n + 4 > size)
			return firn_err_set(err, EINVAL, "id of a target");
		if (*id == '.') {
			memcpy(ret + n, "%2e", 3);
			n += 3;
		} else {
			ret[n++] = *id;
		}
	}
	ret[n] = '\0';
	return n > 0 ? 0 : firn_err_set(err, EINVAL, "id of a target");
}

int
firn_pins_choose(struct firn_pins *ret, const char *id, struct firn_err *err)
{
	char name[NAME_MAX];

	if (folder_name(id, name, sizeof(name), err) < 0)
		return -1;
	snprintf(ret->folder, sizeof(ret->folder), "%s/%s",
		 is_bpffs(SYSTEM_MOUNT) ? SYSTEM_FOLDER : OUR_MOUNT, name);
	ret->dir_fd = -1;
	return 0;
}

/* Several firns make and remove folders and the mount: one at a time.  They
 * hold the lock for microseconds. */
static int
take_lock(struct firn_err *err)
{
	const struct timespec wait = { .tv_nsec = 10000000 };
	autoclose int fd = -1;

	if (mkdir("/run/firn", 0700) < 0 && errno != EEXIST)
		return firn_err_sys(err, "make /run/firn");
	fd = open("/run/firn", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return firn_err_sys(err, "open /run/firn");
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK || i == 500)
			return firn_err_sys(err, "lock /run/firn");
		nanosleep(&wait, NULL);
	}
	return firn_steal_fd(&fd);
}

static int
make_folder(const char *path, struct firn_err *err)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return firn_err_sys(err, "make %s", path);
	if (lstat(path, &st) < 0)
		return firn_err_sys(err, "look at %s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return firn_err_set(err, EPERM, "%s is not a folder of ours",
				    path);
	return 0;
}

static int
mount_ours(struct firn_err *err)
{
	if (make_folder(OUR_MOUNT, err) < 0)
		return -1;
	if (is_bpffs(OUR_MOUNT))
		return 0;
	if (mount("bpf", OUR_MOUNT, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "mode=0700") < 0)
		return firn_err_sys(err, "mount a bpf filesystem on %s",
				    OUR_MOUNT);
	return 0;
}

static bool
is_ours(const char *path)
{
	return strncmp(path, OUR_MOUNT "/", sizeof(OUR_MOUNT)) == 0;
}

int
firn_pins_make(struct firn_pins *pins, struct firn_err *err)
{
	autoclose int lock = take_lock(err);
	struct statfs st;

	if (pins->dir_fd >= 0)
		return 0;
	if (lock < 0)
		return -1;
	if ((is_ours(pins->folder) ? mount_ours(err)
				   : make_folder(SYSTEM_FOLDER, err)) < 0 ||
	    make_folder(pins->folder, err) < 0)
		return -1;
	pins->dir_fd = open(pins->folder,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (pins->dir_fd < 0)
		return firn_err_sys(err, "open %s", pins->folder);
	if (fstatfs(pins->dir_fd, &st) < 0)
		return firn_err_sys(err, "look at %s", pins->folder);
	if ((uint32_t)st.f_type != BPF_FS_MAGIC_NUMBER)
		return firn_err_set(err, EPERM, "%s is on no bpf filesystem",
				    pins->folder);
	return 0;
}

void
firn_pins_close(struct firn_pins *pins)
{
	firn_auto_close(&pins->dir_fd);
	pins->dir_fd = -1;
}

void
firn_pins_path(const struct firn_pins *pins, const char *name,
	       char ret[FIRN_PIN_PATH])
{
	int len = snprintf(ret, FIRN_PIN_PATH, "%s/%s", pins->folder, name);

	if (len < 0 || len >= FIRN_PIN_PATH)
		ret[0] = '\0'; /* refused by whoever uses it */
}

/* ROOT/ID/NAME, and neither is "..". */
static bool
is_below(const char *path, const char *root)
{
	size_t len = strlen(root);
	const char *id = path + len + 1, *name;

	if (strlen(path) >= FIRN_PIN_PATH || strncmp(path, root, len) != 0 ||
	    path[len] != '/')
		return false;
	name = strchr(id, '/');
	return name != NULL && name > id && name[1] != '\0' &&
	       strchr(name + 1, '/') == NULL && strstr(id, "..") == NULL;
}

/* An open folder, or a pin of somebody else's, keeps it. */
static void
remove_emptied(const char *pin)
{
	char folder[FIRN_PIN_PATH];
	struct stat st;

	snprintf(folder, sizeof(folder), "%s", pin);
	*strrchr(folder, '/') = '\0';
	(void)rmdir(folder);
	if (!is_ours(pin)) {
		(void)rmdir(SYSTEM_FOLDER);
		return;
	}
	/* Each folder in it is one more link to it, by "..". */
	if (is_bpffs(OUR_MOUNT) && stat(OUR_MOUNT, &st) == 0 &&
	    st.st_nlink == 2)
		(void)umount2(OUR_MOUNT, UMOUNT_NOFOLLOW);
	(void)rmdir(OUR_MOUNT);
}

int
firn_pins_remove(const json_t *paths, struct firn_err *err)
{
	autoclose int lock = -1;
	const char *pin;
	json_t *path;
	size_t i;

	json_array_foreach(paths, i, path) {
		pin = json_string_value(path);
		if (pin == NULL || (!is_below(pin, SYSTEM_FOLDER) &&
				    !is_below(pin, OUR_MOUNT)))
			return firn_err_set(err, EBADMSG,
					    "ledger: not a pin of ours");
	}
	lock = take_lock(err);
	if (lock < 0)
		return -1;
	json_array_foreach(paths, i, path) {
		pin = json_string_value(path);
		if (unlink(pin) < 0 && errno != ENOENT && errno != ENOTDIR)
			return firn_err_sys(err, "remove pin %s", pin);
	}
	json_array_foreach(paths, i, path)
		remove_emptied(json_string_value(path));
	return 0;
}

static bool
any_in(const char *folder, unsigned depth, firn_pin_fn *is, void *arg)
{
	autodir DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char path[FIRN_PIN_PATH];

		if (entry->d_name[0] == '.' ||
		    snprintf(path, sizeof(path), "%s/%s", folder,
			     entry->d_name) >= (int)sizeof(path))
			continue;
		if (depth > 0 ? any_in(path, depth - 1, is, arg)
			      : is(path, arg))
			return true;
	}
	return false;
}

/* A folder for each target, with the pins in it. */
bool
firn_pins_any(firn_pin_fn *is, void *arg)
{
	return any_in(SYSTEM_FOLDER, 1, is, arg) ||
	       any_in(OUR_MOUNT, 1, is, arg);
}
