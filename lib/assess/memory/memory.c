#include "assess/memory/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "assess/memory/reader.h"
#include "base/auto.h"
#include "base/clock.h"
#include "host/proc.h"

/* Readers that never answered; what has held us up so often is meant to. */
#define ABANDONED_MAX 8

struct scanning {
	struct firn_checklist *list;
	const struct firn_target *target;
	const struct firn_deep *deep;
	uint64_t deadline_ns;
	uint64_t bytes;
	unsigned abandoned;

	pid_t *spaces; /* one process for each address space, as kcmp(2) */
	size_t n_spaces;
	struct firn_memory_files files;

	pid_t pid;
	struct firn_memory_note mapping; /* that is read now */
	char shown[1100];
	struct firn_secret_place place;
	struct firn_checklist_texts text;
	bool in_text;
	uint64_t text_end;
};

static void
gap(const struct scanning *scanning, const char *name,
    const struct firn_err *why)
{
	char what[1200];

	snprintf(what, sizeof(what), "the memory of process %d%s%s",
		 (int)scanning->pid, name[0] != '\0' ? ", " : "", name);
	firn_checklist_gap(scanning->list, what, why);
}

/* --- one mapping ----------------------------------------------------------
 */

static int
end_text(struct scanning *scanning, struct firn_err *err)
{
	if (!scanning->in_text)
		return 0;
	scanning->in_text = false;
	return firn_checklist_end(&scanning->text, err) < 0 ? -1 : 0;
}

static void
show_mapping(struct scanning *scanning)
{
	const struct firn_memory_note *mapping = &scanning->mapping;
	size_t size = sizeof(scanning->shown);

	if (mapping->path[0] == '\0')
		snprintf(scanning->shown, size, "[anonymous]");
	else if (mapping->path[0] == '[' || mapping->of_file)
		snprintf(scanning->shown, size, "%s", mapping->path);
	else
		snprintf(scanning->shown, size, "%s+0x%" PRIx64, mapping->path,
			 mapping->offset);
}

static int
note_file(struct firn_memory_files *files, const struct firn_memory_file *file,
	  struct firn_err *err)
{
	struct firn_memory_file *more =
		reallocarray(files->items, files->n + 1, sizeof(*more));

	if (more == NULL)
		return firn_err_nomem(err);
	files->items = more;
	files->items[files->n++] = *file;
	return 0;
}

static int
begin_mapping(struct scanning *scanning, const struct firn_memory_note *note,
	      struct firn_err *err)
{
	if (end_text(scanning, err) < 0)
		return -1;
	scanning->mapping = *note;
	show_mapping(scanning);
	return note->of_file ? note_file(&scanning->files, &note->file, err)
			     : 0;
}

/* A secret goes on from one page to the next, but not over a hole. */
static int
look_at_data(struct scanning *scanning, const struct firn_memory_note *note,
	     struct firn_err *err)
{
	const struct firn_deep *deep = scanning->deep;

	if (scanning->in_text && note->address != scanning->text_end &&
	    end_text(scanning, err) < 0)
		return -1;
	if (!scanning->in_text) {
		if (firn_checklist_start(scanning->list, &scanning->text,
					 &scanning->place, err) < 0)
			return -1;
		scanning->in_text = true;
	}
	scanning->text_end = note->address + note->len;
	scanning->bytes += note->len;
	if (deep->progress != NULL)
		deep->progress(deep->arg, scanning->pid, scanning->bytes);
	return firn_checklist_piece(&scanning->text, note->data,
				    (size_t)note->len, err);
}

static void
say_unread(const struct scanning *scanning, const struct firn_memory_note *note)
{
	struct firn_err why = { 0 };

	firn_err_set(&why, note->code,
		     "%" PRIu64 " bytes from 0x%" PRIx64 ": %s", note->len,
		     note->address, strerror(note->code));
	gap(scanning, scanning->shown, &why);
}

static int
look_at(struct scanning *scanning, const struct firn_memory_note *note,
	struct firn_err *err)
{
	switch (note->kind) {
	case FIRN_MEMORY_MAPPING:
		return begin_mapping(scanning, note, err);
	case FIRN_MEMORY_DATA:
		return look_at_data(scanning, note, err);
	case FIRN_MEMORY_UNREAD:
		say_unread(scanning, note);
		break;
	}
	return 0;
}

/* --- one process ----------------------------------------------------------
 */

static bool
is_late(const struct scanning *scanning)
{
	return firn_monotonic_ns() > scanning->deadline_ns;
}

/* Returns 1 when the reader was left behind in a mapping. */
static int
read_on(struct scanning *scanning, int process_fd, uint64_t from,
	struct firn_err *err)
{
	autodone(firn_memory_reader_stop) struct firn_memory_reader reader = {
		.socket = -1,
	};
	struct firn_memory_note note;
	struct firn_err why = { 0 };
	int more;

	scanning->mapping = (struct firn_memory_note){ 0 };
	scanning->shown[0] = '\0';
	if (firn_memory_reader_start(&reader, process_fd, from,
				     &scanning->files, err) < 0)
		return -1;
	while ((more = firn_memory_reader_next(&reader, &note, &why)) > 0) {
		if (look_at(scanning, &note, err) < 0)
			return -1;
		if (is_late(scanning))
			break;
	}
	if (end_text(scanning, err) < 0)
		return -1;
	if (more >= 0)
		return 0;
	gap(scanning, scanning->shown, &why);
	return why.code == ETIMEDOUT && scanning->mapping.end > 0;
}

static int
read_all(struct scanning *scanning, int process_fd, struct firn_err *err)
{
	struct firn_err why = { 0 };
	uint64_t from = 0;
	int left;

	while ((left = read_on(scanning, process_fd, from, err)) > 0) {
		from = scanning->mapping.end;
		if (++scanning->abandoned < ABANDONED_MAX)
			continue;
		firn_err_set(&why, ETIMEDOUT,
			     "not tried: %d mappings before it never answered",
			     ABANDONED_MAX);
		gap(scanning, "the rest", &why);
		return 0;
	}
	return left;
}

static int
open_process(const struct scanning *scanning, const struct firn_member *member,
	     struct firn_err *err)
{
	struct firn_proc_stat stat;
	autoclose int fd = -1;

	fd = firn_proc_open(scanning->target->host, member->pid, ".",
			    O_PATH | O_DIRECTORY, err);
	if (fd < 0 ||
	    firn_proc_stat(scanning->target->host, member->pid, &stat, err) < 0)
		return -1;
	if (member->start_ticks != 0 && stat.start_ticks != member->start_ticks)
		return firn_err_set(err, ESRCH, "it is gone");
	return firn_steal_fd(&fd);
}

/* They are kept in the order that kcmp(2) puts them in. */
static bool
is_known(struct scanning *scanning, pid_t pid)
{
	size_t low = 0, high = scanning->n_spaces;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		long order = syscall(SYS_kcmp, pid, scanning->spaces[middle],
				     KCMP_VM, 0L, 0L);

		if (order == 0)
			return true;
		if (order == 1)
			high = middle;
		else if (order == 2)
			low = middle + 1;
		else
			return false; /* one has died, or it can't be told */
	}
	memmove(scanning->spaces + low + 1, scanning->spaces + low,
		(scanning->n_spaces - low) * sizeof(*scanning->spaces));
	scanning->spaces[low] = pid;
	scanning->n_spaces++;
	return false;
}

static int
look_at_process(struct scanning *scanning, const struct firn_member *member,
		struct firn_err *err)
{
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	scanning->pid = scanning->place.pid = member->pid;
	fd = open_process(scanning, member, &why);
	if (fd < 0) {
		gap(scanning, "", &why);
		return 0;
	}
	if (is_known(scanning, member->pid))
		return 0;
	return read_all(scanning, fd, err);
}

/* --- all of them ----------------------------------------------------------
 */

static int
look(struct scanning *scanning, struct firn_err *err)
{
	const struct firn_members *members = &scanning->target->members;
	struct firn_err why = { 0 };

	for (size_t i = 0; i < members->n; i++) {
		if (members->items[i].joined || members->items[i].foreign)
			continue;
		if (look_at_process(scanning, &members->items[i], err) < 0)
			return -1;
		if (!is_late(scanning))
			continue;
		firn_err_set(&why, ETIMEDOUT, "not looked at within %u s",
			     scanning->deep->seconds);
		gap(scanning, "the rest, and of those after it", &why);
		return 0;
	}
	return 0;
}

int
firn_secret_memory(struct firn_checklist *list,
		   const struct firn_target *target,
		   const struct firn_deep *deep, struct firn_err *err)
{
	struct scanning *scanning = calloc(1, sizeof(*scanning));
	int done = -1;

	if (scanning == NULL)
		return firn_err_nomem(err);
	scanning->list = list;
	scanning->target = target;
	scanning->deep = deep;
	scanning->deadline_ns =
		firn_monotonic_ns() + (uint64_t)deep->seconds * 1000000000;
	scanning->place = (struct firn_secret_place){
		.where = "memory",
		.path = scanning->shown,
		.readable_by = "its user, and root in the container",
		.readers = FIRN_READERS_USER,
	};
	scanning->spaces =
		calloc(target->members.n + 1, sizeof(*scanning->spaces));
	if (scanning->spaces == NULL)
		firn_err_nomem(err);
	else
		done = look(scanning, err);
	free(scanning->spaces);
	free(scanning->files.items);
	free(scanning);
	return done;
}
