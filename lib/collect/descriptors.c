#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "collect/held.h"
#include "collect/json_stream.h"
#include "collect/process.h"
#include "collect/queues/pipes.h"
#include "host/file.h"

/*
 * descriptors -- every open file of a process, and the contents of those that
 * have no name any more.
 *
 * Source: proc_pid_fd(5), proc_pid_fdinfo(5).
 */

/* An epoll(7) or inotify(7) descriptor lists what it watches. */
#define FDINFO_MAX 65536

struct descriptor {
	int number;
	char name[24]; /* "fd/17" */
	char *link;
	size_t link_len;
	char *info; /* NULL if it could not be read */
	struct statx st;
	bool has_st; /* what has no path has nothing to stat */
	json_t *json;
};

static void
descriptor_free(struct descriptor *fd)
{
	free(fd->link);
	free(fd->info);
	json_decref(fd->json);
}

/* The value of a line of fdinfo, "mnt_id:\t24"; -1 if there is none. */
static long long
info_number(const char *info, const char *key, int base)
{
	char text[32], *end;
	long long value;

	if (info == NULL ||
	    firn_proc_status_field(info, key, text, sizeof(text)) < 1)
		return -1;
	errno = 0;
	value = strtoll(text, &end, base);
	return errno != 0 || *end != '\0' ? -1 : value;
}

static void
read_info(struct firn_process *process, struct descriptor *fd)
{
	struct firn_err why = { 0 };
	autoclose int info_fd = -1;
	char path[32], text[FDINFO_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "fdinfo/%d", fd->number);
	info_fd = openat(process->dir_fd, path, O_RDONLY | O_CLOEXEC);
	if (info_fd < 0) {
		firn_err_sys(&why, "open");
		firn_process_lost(process, path, &why);
		return;
	}
	len = firn_read_some(info_fd, path, text, sizeof(text), &why);
	if (len < 0) {
		firn_process_lost(process, path, &why);
		return;
	}
	if ((size_t)len == sizeof(text))
		json_object_set_new(fd->json, "fdinfo_cut", json_true());
	fd->info = strndup(text, (size_t)len);
}

static const char *
type_of(const struct descriptor *fd)
{
	const char *colon = strchr(fd->link, ':');

	if (fd->has_st && (fd->st.stx_mode & S_IFMT) != 0)
		return firn_file_type(fd->st.stx_mode);
	if (strncmp(fd->link, "socket:", 7) == 0)
		return "socket";
	if (strncmp(fd->link, "pipe:", 5) == 0)
		return "pipe";
	if (strncmp(fd->link, "anon_inode:", 11) == 0)
		return "anonymous";
	return colon != NULL && colon[1] == '[' ? "namespace" : "other";
}

static const char *
access_of(long long flags)
{
	static const char *const names[] = { "read", "write", "read-write",
					     "none" };

	return (flags & O_PATH) != 0 ? "path" : names[flags & O_ACCMODE];
}

static bool
sees_mount(const struct firn_mounts *mounts, long long id)
{
	for (size_t i = 0; i < mounts->n; i++) {
		if (mounts->items[i].id == id)
			return true;
	}
	return false;
}

/* A file on a mount that the container doesn't have was handed in from
 * outside, or leaked (as runc did in CVE-2024-21626). */
static bool
is_outside(const struct firn_process *process, const struct descriptor *fd)
{
	const struct firn_reading *reading = process->reading;
	long long id = info_number(fd->info, "mnt_id", 10);

	if (id < 0 || !fd->has_st || process->mounts == NULL ||
	    process->mounts->mounts.n == 0 ||
	    firn_held_filesystem(process, &fd->st)[0] == '\0' ||
	    firn_held_device(&fd->st) == reading->shmem)
		return false;
	for (size_t i = 0; i < reading->n_seen_mounts; i++) {
		if (sees_mount(&reading->seen_mounts[i]->mounts, id))
			return false;
	}
	return true;
}

/* Even stat(2) by a descriptor may ask the server of NFS and its like; FUSE
 * is not asked with AT_STATX_DONT_SYNC. */
static bool
is_on_server(const struct firn_process *process, const struct descriptor *fd)
{
	long long id = info_number(fd->info, "mnt_id", 10);

	if (id < 0 || process->mounts == NULL)
		return false;
	for (size_t i = 0; i < process->mounts->mounts.n; i++) {
		const struct firn_mount *mount =
			&process->mounts->mounts.items[i];

		if (mount->id == id)
			return firn_mount_waits(mount->fstype) &&
			       strncmp(mount->fstype, "fuse", 4) != 0;
	}
	return false;
}

static void
describe(const struct firn_process *process, struct descriptor *fd)
{
	long long flags = info_number(fd->info, "flags", 8);
	long long pos = info_number(fd->info, "pos", 10);
	long long mnt_id = info_number(fd->info, "mnt_id", 10);
	char text[24];

	json_object_set_new(fd->json, "fd", json_integer(fd->number));
	firn_json_bytes(fd->json, "link", fd->link, fd->link_len);
	json_object_set_new(fd->json, "type", json_string(type_of(fd)));
	if (flags >= 0) {
		snprintf(text, sizeof(text), "%#llo",
			 (unsigned long long)flags);
		json_object_set_new(fd->json, "flags", json_string(text));
		json_object_set_new(fd->json, "access",
				    json_string(access_of(flags)));
	}
	if (pos >= 0)
		json_object_set_new(fd->json, "position", json_integer(pos));
	if (mnt_id >= 0)
		json_object_set_new(fd->json, "mount", json_integer(mnt_id));
	if (fd->has_st)
		firn_held_facts(process, &fd->st, fd->json);
	firn_json_text(fd->json, "fdinfo", fd->info);
}

static void
judge(struct firn_process *process, const struct descriptor *fd)
{
	if (S_ISBLK(fd->st.stx_mode))
		firn_process_finding(process, "block_device_open");
	if (!is_outside(process, fd))
		return;
	json_object_set_new(fd->json, "outside_rootfs", json_true());
	/* Standard input and output are what the runtime gave it: a file of
	 * the host, where that was told to. */
	if (fd->number > 2 || S_ISDIR(fd->st.stx_mode))
		firn_process_finding(process, "descriptor_outside_rootfs");
}

/* Does it end as proc(5) marks the deleted?  Only then is its path looked
 * up: a process may have a million descriptors. */
static bool
may_be_deleted(const struct descriptor *fd)
{
	static const char mark[] = "(deleted)";
	size_t len = sizeof(mark) - 1;

	return fd->st.stx_nlink == 0 ||
	       (fd->link_len > len &&
		strcmp(fd->link + fd->link_len - len, mark) == 0);
}

static int
keep_deleted(struct firn_process *process, struct descriptor *fd,
	     struct firn_err *err)
{
	struct firn_held_name name;
	const char *member;
	char leaf[32];

	if (!may_be_deleted(fd))
		return 0;
	firn_held_name(process, &fd->st, fd->link, &name);
	json_object_set_new(fd->json, "deleted", json_boolean(name.deleted));
	if (name.replaced)
		json_object_set_new(fd->json, "replaced", json_true());
	if (!name.deleted || !firn_held_is_file(&fd->st) ||
	    firn_mount_kernel(firn_held_filesystem(process, &fd->st)))
		return 0;
	firn_process_finding(process, strncmp(fd->link, "/memfd:", 7) == 0
					      ? "memfd_open"
					      : "deleted_file_open");
	snprintf(leaf, sizeof(leaf), "fd-%d", fd->number);
	if (firn_held_copy(process, fd->name, &fd->st, leaf, &member, err) < 0)
		return -1;
	if (member != NULL)
		json_object_set_new(fd->json, "member", json_string(member));
	return 0;
}

static void
note_pipe(struct firn_process *process, const struct descriptor *fd)
{
	long long flags = info_number(fd->info, "flags", 8);
	struct firn_pipe_end end = { .fd = fd->number };

	if (flags < 0 || (flags & O_PATH) != 0)
		return;
	end.reads = (flags & O_ACCMODE) != O_WRONLY;
	if (fd->has_st && S_ISFIFO(fd->st.stx_mode)) {
		end.inode = fd->st.stx_ino;
		end.device = firn_held_device(&fd->st);
		end.path = fd->link;
	} else if (strncmp(fd->link, "pipe:[", 6) == 0) {
		end.inode = strtoull(fd->link + 6, NULL, 10);
	} else {
		return;
	}
	firn_pipes_note(process, &end);
}

static int
read_descriptor(struct firn_process *process, int number,
		struct firn_spool *spool, struct firn_err *err)
{
	autodone(descriptor_free) struct descriptor fd = { .number = number };
	struct firn_err why = { 0 };

	snprintf(fd.name, sizeof(fd.name), "fd/%d", number);
	fd.json = json_object();
	if (fd.json == NULL)
		return firn_err_nomem(err);
	if (firn_process_link(process, fd.name, &fd.link, &fd.link_len, &why) <
	    0) {
		firn_process_lost(process, fd.name, &why);
		return 0;
	}
	read_info(process, &fd);
	if (fd.link[0] == '/' && !is_on_server(process, &fd)) {
		fd.has_st = firn_held_stat(process, fd.name, &fd.st, &why) == 0;
		if (!fd.has_st)
			firn_process_lost(process, fd.name, &why);
	}
	describe(process, &fd);
	note_pipe(process, &fd);
	if (fd.has_st) {
		judge(process, &fd);
		if (keep_deleted(process, &fd, err) < 0)
			return -1;
	}
	return firn_json_array_add(spool, firn_steal(fd.json), err);
}

static int
read_all(struct firn_process *process, const pid_t *numbers, size_t n,
	 struct firn_spool *spool, struct firn_err *err)
{
	for (size_t i = 0; i < n && !process->gone; i++) {
		if (read_descriptor(process, numbers[i], spool, err) < 0)
			return -1;
	}
	return firn_json_array_end(spool, err);
}

int
firn_process_descriptors(struct firn_process *process, struct firn_err *err)
{
	autospool struct firn_spool spool = firn_spool_init(AT_FDCWD);
	autofree pid_t *numbers = NULL;
	char member[FIRN_MEMBER_NAME], path[32];
	const struct firn_member_source source = { "processes", path,
						   "proc_pid_fd(5)" };
	struct firn_err why = { 0 };
	size_t n;

	if (process->gone || process->stat.state == 'Z')
		return 0;
	if (firn_proc_numbers(process->reading->target->host, process->read_pid,
			      "fd", &numbers, &n, &why) < 0 ||
	    !firn_process_alive(process)) {
		if (why.code == 0)
			firn_err_set(&why, ESRCH, "gone");
		firn_process_lost(process, "fd", &why);
		return 0;
	}
	json_object_set_new(process->facts, "n_descriptors",
			    json_integer((json_int_t)n));
	if (n == 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/fd", process->read_pid);
	if (read_all(process, numbers, n, &spool, err) < 0)
		return -1;
	firn_process_member(process, "fd.json", member);
	return firn_archive_spool(process->reading->archive, member, &spool,
				  &source, err);
}
