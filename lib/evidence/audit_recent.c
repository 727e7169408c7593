#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "evidence/audit_files.h"
#include "firn/audit.h"
#include "host/own_folder.h"

/*
 * audit_recent -- what was let be stopped lately, by the clock since boot.
 *
 * How old a line is, is seen without parsing it: within a string of JSON every
 * quote has a backslash before it, so `"up_s":` stands nowhere but where a key
 * is.  A key of that name may be somebody's (a label's), but the last in a line
 * is ours.
 */

#define WINDOW_FIRST ((off_t)64 << 10)
#define FILE_MAX (4 * FIRN_STOPS_MAX)

struct recent {
	char boot[FIRN_BOOT_ID + 16]; /* "\"boot\":\"01234567\"" */
	uint64_t now_s;
	unsigned seconds;
	json_t *lines;
};

static const char *
last_of(const char *text, size_t len, const char *what)
{
	const char *found = NULL, *next = text;
	size_t wide = strlen(what);

	while ((next = memmem(next, (size_t)(text + len - next), what, wide)) !=
	       NULL)
		found = next++;
	return found;
}

enum age {
	RECENT,
	OLD,
	UNKNOWN, /* torn, or no line of this log */
};

static enum age
age_of(const struct recent *recent, const char *text, size_t len)
{
	const char *up = last_of(text, len, "\"up_s\":");
	uint64_t up_s = 0;

	if (up == NULL || text[len] != '\n')
		return UNKNOWN;
	up_s = strtoull(up + strlen("\"up_s\":"), NULL, 10);
	if (last_of(text, len, recent->boot) == NULL ||
	    up_s + recent->seconds < recent->now_s)
		return OLD;
	return RECENT;
}

static int
keep(struct recent *recent, const char *text, size_t len)
{
	json_t *line = NULL;
	struct firn_err none = { 0 };

	if (firn_json_parse(text, len, "line", &line, &none) < 0)
		return 0;
	return json_array_append_new(recent->lines, line);
}

/* Backwards; returns 1 when an old one was met. */
static int
go_back(struct recent *recent, const char *text, size_t len,
	struct firn_err *err)
{
	const char *end = text + len;

	while (end > text) {
		const char *stop = end - 1; /* its newline, but of a torn one */
		const char *before = memrchr(text, '\n', (size_t)(stop - text));
		const char *start = before != NULL ? before + 1 : text;
		enum age age = age_of(recent, start, (size_t)(stop - start));

		if (age == OLD)
			return 1;
		if (age == RECENT &&
		    keep(recent, start, (size_t)(stop - start)) < 0)
			return firn_err_nomem(err);
		end = start;
	}
	return 0;
}

/* A window at the end of the file, without the line that it cuts in two. */
static int
read_window(int fd, const char *name, off_t from, off_t size, char **ret,
	    size_t *ret_skip, size_t *ret_len, struct firn_err *err)
{
	autofree char *text = malloc((size_t)(size - from) + 1);
	const char *newline;
	ssize_t n;

	if (text == NULL)
		return firn_err_nomem(err);
	if (lseek(fd, from, SEEK_SET) < 0)
		return firn_err_sys(err, "read %s", name);
	n = firn_read_some(fd, name, text, (size_t)(size - from), err);
	if (n < 0)
		return -1;
	text[n] = '\0';
	newline = memchr(text, '\n', (size_t)n);
	*ret_skip = from == 0         ? 0
		    : newline != NULL ? (size_t)(newline - text) + 1
				      : (size_t)n;
	*ret_len = (size_t)n;
	*ret = firn_steal(text);
	return 0;
}

/* Returns 1 when all that is recent has been seen. */
static int
read_back(struct recent *recent, int fd, const char *name, struct firn_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "look at %s", name);
	if (st.st_size > FILE_MAX)
		return firn_err_set(err, EFBIG, "%s is too large", name);
	for (off_t window = WINDOW_FIRST;; window *= 4) {
		off_t from = st.st_size > window ? st.st_size - window : 0;
		autofree char *text = NULL;
		size_t skip = 0, len = 0;
		int done;

		if (read_window(fd, name, from, st.st_size, &text, &skip, &len,
				err) < 0)
			return -1;
		json_array_clear(recent->lines);
		done = go_back(recent, text + skip, len - skip, err);
		if (done != 0 || from == 0)
			return done;
	}
}

static int
read_named(struct recent *recent, int dir_fd, const char *name,
	   struct firn_err *err)
{
	autoclose int fd = firn_own_file(dir_fd, name, O_RDONLY, err);

	if (fd < 0 && err->code == ENOENT) {
		*err = (struct firn_err){ 0 };
		return 0;
	}
	return fd < 0 ? -1 : read_back(recent, fd, name, err);
}

/* The current file, and where all of that is recent, the one before it. */
static int
read_files(struct recent *recent, int dir_fd, struct firn_err *err)
{
	int done = read_named(recent, dir_fd, FIRN_STOPS_FILE, err);
	json_t *newer;

	if (done != 0)
		return done;
	newer = firn_steal(recent->lines);
	recent->lines = json_array();
	done = read_named(recent, dir_fd, FIRN_STOPS_OLD, err);
	json_array_extend(newer, recent->lines);
	json_decref(recent->lines);
	recent->lines = newer;
	return done;
}

int
firn_audit_recent(unsigned seconds, json_t **ret, struct firn_err *err)
{
	struct recent recent = {
		.now_s = firn_boot_ns() / 1000000000,
		.seconds = seconds,
	};
	char boot[FIRN_BOOT_ID];
	autoclose int dir_fd = -1;

	if (firn_boot_id(boot, err) < 0)
		return -1;
	snprintf(recent.boot, sizeof(recent.boot), "\"boot\":\"%.8s\"", boot);
	dir_fd = firn_own_folder_open(AT_FDCWD, FIRN_STOPS_FOLDER, err);
	if (dir_fd < 0 && err->code != ENOENT)
		return -1;
	*err = (struct firn_err){ 0 };
	recent.lines = json_array();
	if (dir_fd >= 0 && read_files(&recent, dir_fd, err) < 0) {
		json_decref(recent.lines);
		return firn_err_in(err, "what was stopped lately");
	}
	*ret = recent.lines;
	return 0;
}

/* --- writing them ---------------------------------------------------------
 */

static int
open_stops(int dir_fd, struct firn_err *err)
{
	return firn_own_file(dir_fd, FIRN_STOPS_FILE,
			     O_WRONLY | O_APPEND | O_CREAT, err);
}

int
firn_audit_note_stop(const json_t *line, struct firn_err *err)
{
	autoclose int dir_fd =
		firn_own_folder(AT_FDCWD, FIRN_STOPS_FOLDER, err);
	autofree char *json = firn_json_line(line);
	autobuf struct firn_buf text = { 0 };
	autoclose int fd = -1;
	struct stat st;

	if (dir_fd < 0)
		return -1;
	fd = open_stops(dir_fd, err);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "look at " FIRN_STOPS_FILE);
	if (st.st_size > FIRN_STOPS_MAX) {
		if (renameat(dir_fd, FIRN_STOPS_FILE, dir_fd, FIRN_STOPS_OLD) <
		    0)
			return firn_err_sys(err, "set aside " FIRN_STOPS_FILE);
		close(firn_steal_fd(&fd));
		fd = open_stops(dir_fd, err);
		if (fd < 0)
			return -1;
	}
	if (json == NULL)
		return firn_err_nomem(err);
	/* The newline in front ends what one that was killed has torn. */
	firn_buf_addf(&text, "\n%s\n", json);
	return firn_buf_check(&text, err) < 0
		       ? -1
		       : firn_write_all(fd, FIRN_STOPS_FILE, text.data,
					text.len, err);
}
