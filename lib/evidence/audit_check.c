#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "evidence/audit_files.h"
#include "evidence/custody_append.h"
#include "firn/audit.h"

/*
 * audit_check -- reading it all, and whether it is what was written.
 */

/* A file is set aside at a quarter of this. */
#define FILE_MAX (4 * FIRN_AUDIT_MAX)

/* The files as they were at one moment: those set aside never change. */
struct files {
	int dir_fd;
	unsigned *numbers; /* set aside */
	size_t n;
	int fd;     /* the current one; -1 if there is none */
	off_t size; /* of that */
};

static void
files_close(struct files *files)
{
	free(files->numbers);
	if (files->fd >= 0)
		close(files->fd);
	if (files->dir_fd >= 0)
		close(files->dir_fd);
}

/* The lock is let go with a descriptor of its own: who adds waits no longer
 * than this takes. */
static int
files_open(struct files *files, struct firn_err *err)
{
	autoclose int locked_fd = -1;
	struct stat st = { 0 };

	files->dir_fd = open(FIRN_AUDIT_FOLDER,
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (files->dir_fd < 0 && errno == ENOENT)
		return 0;
	if (files->dir_fd < 0)
		return firn_err_sys(err, "open " FIRN_AUDIT_FOLDER);
	locked_fd =
		firn_own_file(files->dir_fd, FIRN_AUDIT_FILE, O_RDONLY, err);
	if (locked_fd < 0 && err->code != ENOENT)
		return -1;
	if (locked_fd >= 0 &&
	    firn_custody_lock(locked_fd, F_RDLCK, FIRN_AUDIT_LOG, err) < 0)
		return -1;
	if (firn_audit_aside(files->dir_fd, &files->numbers, &files->n, err) <
	    0)
		return -1;
	files->fd =
		firn_own_file(files->dir_fd, FIRN_AUDIT_FILE, O_RDONLY, err);
	if (files->fd < 0 && err->code != ENOENT)
		return -1;
	*err = (struct firn_err){ 0 };
	if (files->fd >= 0 && fstat(files->fd, &st) < 0)
		return firn_err_sys(err, "look at " FIRN_AUDIT_FILE);
	files->size = st.st_size;
	return 0;
}

/* Of `index` n the current one. */
static int
read_file(const struct files *files, size_t index, char name[FIRN_AUDIT_NAME],
	  char **ret, size_t *ret_len, struct firn_err *err)
{
	if (index < files->n) {
		autoclose int fd = -1;

		firn_audit_name(files->numbers[index], name);
		fd = firn_own_file(files->dir_fd, name, O_RDONLY, err);
		return fd < 0 ? -1
			      : firn_read_fd(fd, name, FILE_MAX, ret, ret_len,
					     err);
	}
	strcpy(name, FIRN_AUDIT_FILE);
	if (files->fd < 0) {
		*ret = strdup("");
		*ret_len = 0;
		return *ret == NULL ? firn_err_nomem(err) : 0;
	}
	if (lseek(files->fd, 0, SEEK_SET) < 0)
		return firn_err_sys(err, "read " FIRN_AUDIT_FILE);
	if (firn_read_fd(files->fd, name, FILE_MAX, ret, ret_len, err) < 0)
		return -1;
	if (*ret_len > (size_t)files->size)
		*ret_len = (size_t)files->size; /* added since */
	return 0;
}

/* --- the chain ------------------------------------------------------------
 */

struct check {
	json_t *lines; /* NULL: they aren't kept */
	json_t *failures;
	struct firn_custody_end end;
	uint64_t torn; /* bytes at the very end */
};

static void
name_failures(json_t *failures, size_t from, const char *name)
{
	for (size_t i = from; i < json_array_size(failures); i++)
		firn_json_text(json_array_get(failures, i), "file", name);
}

/* Only the last file may end within a line. */
static void
check_torn(struct check *check, const char *name, bool last)
{
	json_t *failure;

	check->torn = check->end.torn != NULL ? check->end.torn_len : 0;
	if (check->torn == 0)
		return;
	check->end.torn = NULL; /* the text is about to go */
	if (last)
		return;
	failure = json_object();
	firn_json_text(failure, "file", name);
	firn_json_text(failure, "why", "what stands at its end is no line");
	json_array_append_new(check->failures, failure);
}

static int
check_file(struct check *check, const struct files *files, size_t index,
	   struct firn_err *err)
{
	size_t known = json_array_size(check->failures), len;
	char name[FIRN_AUDIT_NAME];
	autofree char *text = NULL;

	if (read_file(files, index, name, &text, &len, err) < 0 ||
	    firn_custody_chain_on(text, len, check->lines, check->failures,
				  &check->end, err) < 0)
		return -1;
	name_failures(check->failures, known, name);
	check_torn(check, name, index == files->n);
	return 0;
}

static void
conclude(const struct check *check, json_t *result)
{
	json_object_set(result, "failures", check->failures);
	json_object_set_new(result, "head",
			    check->end.seq > 0 ? json_string(check->end.digest)
					       : json_null());
	json_object_set_new(result, "intact",
			    json_boolean(json_array_size(check->failures) ==
					 0));
	if (check->torn > 0)
		firn_json_uint(result, "torn", check->torn);
}

int
firn_audit_verify(json_t **ret, struct firn_err *err)
{
	autodone(files_close) struct files files = { .dir_fd = -1, .fd = -1 };
	autojson json_t *result = json_object(), *failures = json_array();
	struct check check = { .failures = failures };

	firn_custody_start(&check.end);
	if (files_open(&files, err) < 0)
		return -1;
	for (size_t i = 0; i <= files.n; i++)
		if (check_file(&check, &files, i, err) < 0)
			return -1;
	firn_json_uint(result, "files", files.n + (files.fd >= 0 ? 1 : 0));
	firn_json_uint(result, "n_lines", check.end.seq);
	conclude(&check, result);
	*ret = firn_steal(result);
	return 0;
}

int
firn_audit_verify_file(int fd, const char *name, json_t **ret,
		       struct firn_err *err)
{
	autojson json_t *result = json_object(), *failures = json_array();
	struct check check = { .failures = failures };
	struct firn_custody_end start;
	autofree char *text = NULL;
	size_t len;

	if (firn_read_fd(fd, name, FILE_MAX, &text, &len, err) < 0)
		return -1;
	firn_custody_start_at(text, len, &start);
	check.end = start;
	if (firn_custody_chain_on(text, len, NULL, failures, &check.end, err) <
	    0)
		return -1;
	name_failures(failures, 0, name);
	check_torn(&check, name, check.end.seq > start.seq);
	firn_json_uint(result, "files", 1);
	firn_json_uint(result, "n_lines", check.end.seq - start.seq);
	firn_json_uint(result, "first", start.seq + 1);
	json_object_set_new(result, "goes_on_from",
			    start.seq > 0 ? json_string(start.digest)
					  : json_null());
	conclude(&check, result);
	*ret = firn_steal(result);
	return 0;
}

/* --- since a time ---------------------------------------------------------
 */

static time_t
time_of(const json_t *line)
{
	const char *text = firn_json_string(line, "time", NULL);

	return text != NULL ? firn_time_seconds(text) : -1;
}

/* The last file that begins before that; `*end` is what it goes on from. */
static int
find_start(const struct files *files, long long since, size_t *ret_index,
	   struct firn_custody_end *end, struct firn_err *err)
{
	size_t index = since > 0 ? files->n : 0;

	firn_custody_start(end);
	for (;; index--) {
		autojson json_t *line = NULL;
		struct firn_err none = { 0 };
		char name[FIRN_AUDIT_NAME];
		autofree char *text = NULL;
		size_t len;

		if (index == 0)
			break;
		if (read_file(files, index, name, &text, &len, err) < 0)
			return -1;
		if (len == 0 ||
		    firn_json_parse(text, strcspn(text, "\n"), name, &line,
				    &none) < 0 ||
		    time_of(line) >= since)
			continue;
		firn_custody_start_at(text, len, end);
		break;
	}
	*ret_index = index;
	return 0;
}

/* One by one: a clock that was set back makes no order of them. */
static json_t *
only_since(json_t *lines, long long since)
{
	json_t *ret = json_array(), *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		if (time_of(line) >= since)
			json_array_append(ret, line);
	}
	return ret;
}

int
firn_audit_read(long long since, json_t **ret, struct firn_err *err)
{
	autodone(files_close) struct files files = { .dir_fd = -1, .fd = -1 };
	autojson json_t *result = json_object(), *failures = json_array();
	autojson json_t *lines = json_array();
	struct check check = { .lines = lines, .failures = failures };
	size_t index;

	if (files_open(&files, err) < 0 ||
	    find_start(&files, since, &index, &check.end, err) < 0)
		return -1;
	for (; index <= files.n; index++)
		if (check_file(&check, &files, index, err) < 0)
			return -1;
	json_object_set_new(result, "lines", only_since(lines, since));
	conclude(&check, result);
	*ret = firn_steal(result);
	return 0;
}
