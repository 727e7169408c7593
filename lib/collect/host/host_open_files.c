#include "collect/host/host_open_files.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "target/kernel.h"

#define SOCKETS_MAX ((size_t)1 << 20) /* 24 MiB of them */
#define WRITERS_MAX 1024

struct look {
	const struct firn_host *host;
	bool (*is_wanted)(const char *name);
	struct firn_open_files *files;
	pid_t pid;
};

static int
add_socket(struct look *look, const char *link, const char *fd,
	   struct firn_err *err)
{
	struct firn_holders *sockets = &look->files->sockets;

	if (sockets->n == SOCKETS_MAX) {
		look->files->cut = true;
		return 0;
	}
	if (sockets->n == sockets->size) {
		size_t size = sockets->size == 0 ? 256 : 2 * sockets->size;
		struct firn_holder *more =
			reallocarray(sockets->items, size, sizeof(*more));

		if (more == NULL)
			return firn_err_nomem(err);
		sockets->items = more;
		sockets->size = size;
	}
	sockets->items[sockets->n++] = (struct firn_holder){
		.inode = strtoull(link + 8, NULL, 10),
		.pid = look->pid,
		.fd = (int)strtol(fd, NULL, 10),
	};
	sockets->sorted = false;
	return 0;
}

/* "flags:\t0102001" in octal. */
static bool
is_for_writing(const struct look *look, const char *fd)
{
	autofree char *text = NULL;
	struct firn_err gone = { 0 };
	const char *flags;
	char path[64];
	unsigned long value;

	snprintf(path, sizeof(path), "%d/fdinfo/%s", (int)look->pid, fd);
	if (firn_read_at(look->host->proc_fd, path, 65536, &text, NULL, &gone) <
	    0)
		return false;
	flags = strstr(text, "flags:");
	if (flags == NULL)
		return false;
	value = strtoul(flags + 6, NULL, 8);
	return (value & O_PATH) == 0 && (value & O_ACCMODE) != O_RDONLY;
}

static int
add_writer(struct look *look, const char *fd, struct firn_err *err)
{
	struct firn_open_files *files = look->files;
	struct kernel_place place;
	struct firn_writer *more;
	char link[32];

	if (!is_for_writing(look, fd))
		return 0;
	snprintf(link, sizeof(link), "fd/%s", fd);
	place = kernel_place_of(look->host, look->pid, link);
	if (place.inode == 0)
		return 0;
	if (files->n_writers == WRITERS_MAX) {
		files->cut = true;
		return 0;
	}
	more = reallocarray(files->writers, files->n_writers + 1,
			    sizeof(*more));
	if (more == NULL)
		return firn_err_nomem(err);
	files->writers = more;
	files->writers[files->n_writers++] = (struct firn_writer){
		.pid = look->pid,
		.device = place.device,
		.inode = place.inode,
	};
	return 0;
}

static bool
is_wanted(const struct look *look, char *link)
{
	static const char deleted[] = " (deleted)";
	size_t len = strlen(link), end = sizeof(deleted) - 1;
	const char *name;

	if (link[0] != '/')
		return false;
	if (len > end && strcmp(link + len - end, deleted) == 0)
		link[len - end] = '\0';
	name = strrchr(link, '/') + 1;
	return look->is_wanted(name);
}

static int
look_at(struct look *look, int dir_fd, const char *fd, struct firn_err *err)
{
	char link[PATH_MAX];
	ssize_t len = readlinkat(dir_fd, fd, link, sizeof(link) - 1);

	if (len <= 0)
		return 0;
	link[len] = '\0';
	if (strncmp(link, "socket:[", 8) == 0)
		return add_socket(look, link, fd, err);
	return is_wanted(look, link) ? add_writer(look, fd, err) : 0;
}

static int
look_at_process(struct look *look, struct firn_err *err)
{
	autodir DIR *dir = NULL;
	struct dirent *entry;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "%d/fd", (int)look->pid);
	fd = openat(look->host->proc_fd, path,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0; /* it has ended */
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return firn_err_nomem(err);
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    look_at(look, fd, entry->d_name, err) < 0)
			return -1;
	return 0;
}

int
firn_open_files(const struct firn_host *host, const struct firn_host_view *view,
		bool (*is_wanted_name)(const char *name),
		struct firn_open_files *ret, struct firn_err *err)
{
	struct look look = { .host = host,
			     .is_wanted = is_wanted_name,
			     .files = ret };

	for (size_t i = 0; i < view->n; i++) {
		if (view->items[i].kernel)
			continue;
		look.pid = view->items[i].pid;
		if (look_at_process(&look, err) < 0)
			return -1;
	}
	return 0;
}

void
firn_open_files_free(struct firn_open_files *files)
{
	firn_holders_free(&files->sockets);
	free(files->writers);
	*files = (struct firn_open_files){ 0 };
}
