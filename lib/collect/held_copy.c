#include "collect/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/spool.h"

/*
 * held_copy -- the contents of a file that only a process still holds.
 */

/* Holes beyond this are left out, and their places written down: a file of
 * 16 TiB without a byte in it is one system call to make. */
#define HOLES_MAX ((uint64_t)64 << 20)

/* More files than any program deletes while it holds them; each is remembered,
 * so that it is kept once. */
#define HELD_MAX 65536u

struct extent {
	uint64_t offset, length;
};

struct plan {
	uint64_t size, data;       /* bytes */
	struct firn_spool extents; /* of struct extent */
	bool sparse;
};

static void
plan_free(struct plan *plan)
{
	firn_spool_free(&plan->extents);
}

static int
add_extent(struct plan *plan, uint64_t offset, uint64_t length,
	   struct firn_err *err)
{
	const struct extent extent = { offset, length };

	plan->data += length;
	return firn_spool_add(&plan->extents, &extent, sizeof(extent), err);
}

/* Where the data is; a filesystem that can't say has data everywhere. */
static int
find_extents(int fd, struct plan *plan, struct firn_err *err)
{
	off_t size = (off_t)plan->size;

	for (off_t at = 0; at < size;) {
		off_t start = lseek(fd, at, SEEK_DATA), end;

		if (start < 0 && errno == ENXIO)
			break;
		if (start < 0)
			return add_extent(plan, (uint64_t)at,
					  (uint64_t)(size - at), err);
		if (start >= size)
			break;
		end = lseek(fd, start, SEEK_HOLE);
		if (end <= start || end > size)
			end = size;
		if (add_extent(plan, (uint64_t)start, (uint64_t)(end - start),
			       err) < 0)
			return -1;
		at = end;
	}
	return 0;
}

static int
make_plan(int fd, const struct stat *st, struct plan *plan,
	  struct firn_err *err)
{
	plan->size = (uint64_t)st->st_size;
	if ((uint64_t)st->st_blocks * 512 + HOLES_MAX >= plan->size)
		return 0;
	if (find_extents(fd, plan, err) < 0)
		return -1;
	plan->sparse = plan->size - plan->data > HOLES_MAX;
	return 0;
}

/* One run of bytes; what falls short is zeros, and the first reason is kept. */
static int
copy_run(struct firn_archive *archive, int fd, const struct extent *run,
	 struct firn_err *first, struct firn_err *err)
{
	struct firn_err why = { 0 };
	uint64_t copied = 0;

	if (lseek(fd, (off_t)run->offset, SEEK_SET) < 0)
		firn_err_sys(&why, "seek");
	if (firn_archive_copy(archive, fd, run->length, &copied, &why, err) < 0)
		return -1;
	if (copied < run->length && first->code == 0)
		firn_err_set(first, why.code != 0 ? why.code : EIO,
			     "only %llu of %llu bytes at %llu: %s",
			     (unsigned long long)copied,
			     (unsigned long long)run->length,
			     (unsigned long long)run->offset, why.text);
	return 0;
}

static int
copy_data(struct firn_archive *archive, int fd, const struct plan *plan,
	  struct firn_err *first, struct firn_err *err)
{
	const struct extent whole = { 0, plan->size };
	struct extent run;
	uint64_t at = 0;
	ssize_t n;

	if (!plan->sparse)
		return copy_run(archive, fd, &whole, first, err);
	while ((n = firn_spool_read(&plan->extents, at, &run, sizeof(run),
				    err)) > 0) {
		if ((size_t)n < sizeof(run))
			return firn_err_set(err, EIO, "the spool was cut");
		if (copy_run(archive, fd, &run, first, err) < 0)
			return -1;
		at += (uint64_t)n;
	}
	return n < 0 ? -1 : 0;
}

static int
store_extents(struct firn_archive *archive, const char *member,
	      const struct plan *plan, const struct firn_member_source *source,
	      struct firn_err *err)
{
	autospool struct firn_spool json = firn_spool_init(AT_FDCWD);
	char text[128], path[FIRN_MEMBER_NAME + 16];
	struct extent run;
	const char *between = "";
	ssize_t n;
	int len;

	len = snprintf(text, sizeof(text), "{\"size\": %llu, \"extents\": [",
		       (unsigned long long)plan->size);
	if (firn_spool_add(&json, text, (size_t)len, err) < 0)
		return -1;
	for (uint64_t at = 0; (n = firn_spool_read(&plan->extents, at, &run,
						   sizeof(run), err)) > 0;
	     at += (uint64_t)n) {
		len = snprintf(text, sizeof(text), "%s\n [%llu, %llu]", between,
			       (unsigned long long)run.offset,
			       (unsigned long long)run.length);
		if (firn_spool_add(&json, text, (size_t)len, err) < 0)
			return -1;
		between = ",";
	}
	if (n < 0 || firn_spool_add(&json, "]}\n", 3, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s.extents.json", member);
	return firn_archive_spool(archive, path, &json, source, err);
}

static void
check_unchanged(int fd, const struct stat *before, struct firn_err *first)
{
	struct stat after;

	if (first->code != 0)
		return;
	if (fstat(fd, &after) < 0)
		firn_err_sys(first, "stat after it was read");
	else if (after.st_size != before->st_size ||
		 after.st_mtim.tv_sec != before->st_mtim.tv_sec ||
		 after.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		firn_err_set(first, ESTALE, "changed while it was read");
}

static int
store(struct firn_process *process, const char *name, const char *member,
      int fd, struct firn_err *err)
{
	struct firn_archive *archive = process->reading->archive;
	char path[64];
	const struct firn_member_source source = { "processes", path,
						   "proc(5)" };
	autodone(plan_free) struct plan plan = {
		.extents = firn_spool_init(AT_FDCWD),
	};
	struct firn_err first = { 0 };
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/%s", process->read_pid, name);
	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "stat %s", path);
	if (make_plan(fd, &st, &plan, err) < 0 ||
	    firn_archive_begin(archive, member,
			       plan.sparse ? plan.data : plan.size, &source,
			       err) < 0 ||
	    copy_data(archive, fd, &plan, &first, err) < 0 ||
	    firn_archive_end(archive, err) < 0)
		return -1;
	if (plan.sparse &&
	    store_extents(archive, member, &plan, &source, err) < 0)
		return -1;
	check_unchanged(fd, &st, &first);
	if (first.code != 0)
		firn_process_gap(process, name, &first);
	return 0;
}

int
firn_held_copy(struct firn_process *process, const char *name,
	       const struct statx *st, const char *leaf,
	       const char **ret_member, struct firn_err *err)
{
	json_t *copies = process->reading->copies, *known;
	char identity[FIRN_IDENTITY], member[FIRN_MEMBER_NAME];
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	*ret_member = NULL;
	firn_held_identity(st, identity);
	known = json_object_get(copies, identity);
	if (known != NULL) {
		*ret_member = json_string_value(known);
		return 0;
	}
	if (process->reading->n_held >= HELD_MAX) {
		firn_err_set(&why, E2BIG, "not kept: %u others were", HELD_MAX);
		firn_process_gap(process, name, &why);
		return 0;
	}
	process->reading->n_held++;
	fd = firn_held_read(process, name, st, &why);
	if (fd < 0) {
		json_object_set_new(copies, identity, json_null());
		firn_process_lost(process, name, &why);
		return 0;
	}
	firn_process_member(process, leaf, member);
	if (store(process, name, member, fd, err) < 0)
		return -1;
	json_object_set_new(copies, identity, json_string(member));
	*ret_member = json_string_value(json_object_get(copies, identity));
	return 0;
}
