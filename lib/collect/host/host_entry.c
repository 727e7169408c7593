#include "collect/host/host_entry.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"
#include "collect/host/host_walk.h"
#include "host/file.h"

static void
set_time(json_t *line, const char *key, struct statx_timestamp when)
{
	firn_json_time(line, key,
		       (struct timespec){ .tv_sec = when.tv_sec,
					  .tv_nsec = when.tv_nsec });
}

static int
digest(const struct firn_entry *entry, struct firn_entry_limits *limits,
       json_t *line, struct firn_err *err)
{
	unsigned char sum[FIRN_SHA256];
	autofree char *text = NULL;
	autoclose int fd = -1;
	struct stat st;
	size_t len;

	fd = firn_file_open(entry->dir_fd, entry->name, &st, err);
	if (fd < 0)
		return -1;
	if (firn_read_fd(fd, entry->name, FIRN_ENTRY_DIGEST, &text, &len, err) <
		    0 ||
	    firn_sha256(text, len, sum, err) < 0)
		return -1;
	limits->bytes_left -=
		len < limits->bytes_left ? len : limits->bytes_left;
	firn_json_hex(line, "sha256", sum, sizeof(sum));
	return 0;
}

static int
set_content(const struct firn_entry *entry, const struct statx *st,
	    struct firn_entry_limits *limits, json_t *line,
	    struct firn_err *err)
{
	char folder[PATH_MAX], target[PATH_MAX];

	if (S_ISLNK(st->stx_mode)) {
		snprintf(folder, sizeof(folder), "%.*s",
			 (int)(strrchr(entry->path, '/') - entry->path + 1),
			 entry->path);
		if (firn_walk_link(entry->walk, entry->dir_fd, folder,
				   entry->name, target, sizeof(target),
				   err) < 0)
			return -1;
		firn_json_text(line, "target", target);
	}
	if (!S_ISREG(st->stx_mode) || st->stx_size > FIRN_ENTRY_DIGEST)
		return 0;
	if (st->stx_size > limits->bytes_left)
		return firn_err_set(err, EFBIG,
				    "its digest: there is too much "
				    "to read");
	return digest(entry, limits, line, err);
}

json_t *
firn_entry_json(const struct firn_entry *entry, const struct statx *st,
		struct firn_entry_limits *limits, struct firn_err *ret_why)
{
	json_t *line = json_object();

	firn_json_text(line, "path", entry->path);
	firn_json_text(line, "kind", entry->kind);
	firn_json_text(line, "type", firn_file_type(st->stx_mode));
	json_object_set_new(line, "mode", json_integer(st->stx_mode & 07777));
	json_object_set_new(line, "uid", json_integer(st->stx_uid));
	json_object_set_new(line, "gid", json_integer(st->stx_gid));
	firn_json_uint(line, "size", st->stx_size);
	set_time(line, "modified", st->stx_mtime);
	set_time(line, "changed", st->stx_ctime);
	if ((st->stx_mask & STATX_BTIME) != 0)
		set_time(line, "born", st->stx_btime);
	*ret_why = (struct firn_err){ 0 };
	(void)set_content(entry, st, limits, line, ret_why);
	return line;
}
