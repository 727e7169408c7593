#include "respond/cases/diary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "evidence/case_folder.h"

#define ENDING ".case.jsonl"
#define NAME_MAX_BYTES (FIRN_CASE_ID + sizeof(ENDING))

/* Cases of one container within a second. */
#define SAME_SECOND 1000

static int
open_journal(const char *id, int flags, struct firn_err *err)
{
	autoclose int dir_fd = -1;
	char name[NAME_MAX_BYTES];

	if (!firn_case_id_is_valid(id))
		return firn_err_set(err, EINVAL, "\"%s\" is not a case", id);
	dir_fd = firn_case_folder(err);
	if (dir_fd < 0)
		return -1;
	snprintf(name, sizeof(name), "%s" ENDING, id);
	return firn_case_file(dir_fd, name, flags, err);
}

/* 1, or 0 when another has it. */
static int
lock(int fd, struct firn_err *err)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	while (fcntl(fd, F_OFD_SETLK, &whole) < 0) {
		if (errno == EAGAIN || errno == EACCES)
			return 0;
		if (errno != EINTR)
			return firn_err_sys(err, "lock the case");
	}
	return 1;
}

static int
create(struct firn_diary *ret, struct firn_err *err)
{
	int held;

	ret->fd = open_journal(ret->id, O_RDWR | O_APPEND | O_CREAT | O_EXCL,
			       err);
	if (ret->fd < 0)
		return -1;
	held = lock(ret->fd, err);
	if (held == 0)
		return firn_err_set(err, EBUSY, "case %s was taken at once",
				    ret->id);
	return held < 0 ? -1 : 0;
}

int
firn_diary_make(struct firn_diary *ret, const char *id, const char *target_id,
		struct firn_err *err)
{
	struct firn_case of;

	if (firn_case_open(&of, id, target_id, err) < 0)
		return -1;
	memcpy(ret->id, of.id, sizeof(ret->id));
	for (int i = 2; create(ret, err) < 0; i++) {
		const int room = (int)sizeof(ret->id) - 5;

		if (err->code != EEXIST || id != NULL || i > SAME_SECOND)
			return -1;
		*err = (struct firn_err){ 0 };
		snprintf(ret->id, sizeof(ret->id), "%.*s-%u", room, of.id,
			 (unsigned)i % 1000);
	}
	return 0;
}

int
firn_diary_take(struct firn_diary *ret, const char *id, struct firn_err *err)
{
	autoclose int fd = open_journal(id, O_RDWR | O_APPEND, err);
	int held;

	if (fd < 0)
		return -1;
	held = lock(fd, err);
	if (held <= 0)
		return held;
	snprintf(ret->id, sizeof(ret->id), "%s", id);
	ret->fd = firn_steal_fd(&fd);
	return 1;
}

void
firn_diary_close(struct firn_diary *diary)
{
	if (diary->fd >= 0)
		close(diary->fd); /* what has to last was synced */
	diary->fd = -1;
}

void
firn_diary_discard(struct firn_diary *diary)
{
	struct firn_err none = { 0 };
	autoclose int dir_fd = firn_case_folder(&none);
	char name[NAME_MAX_BYTES];

	snprintf(name, sizeof(name), "%s" ENDING, diary->id);
	if (dir_fd >= 0)
		unlinkat(dir_fd, name, 0);
	firn_diary_close(diary);
}

/* A crash can have cut the line before short: it ends here, then. */
static bool
is_torn(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char last;

	return end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
}

static int
add(int fd, const char *id, const char *event, const json_t *line,
    struct firn_err *err)
{
	autojson json_t *whole = json_object();
	autobuf struct firn_buf text = { 0 };
	autofree char *json = NULL;

	firn_json_time(whole, "time", firn_now());
	firn_json_text(whole, "event", event);
	if (line != NULL &&
	    json_object_update(whole, (json_t *)(uintptr_t)line) < 0)
		return firn_err_nomem(err);
	json = firn_json_line(whole);
	if (json == NULL)
		return firn_err_nomem(err);
	firn_buf_addf(&text, "%s%s\n", is_torn(fd) ? "\n" : "", json);
	if (firn_buf_check(&text, err) < 0)
		return -1;
	return firn_write_all(fd, id, text.data, text.len, err);
}

int
firn_diary_add(const struct firn_diary *diary, const char *event,
	       const json_t *line, struct firn_err *err)
{
	return add(diary->fd, diary->id, event, line, err);
}

int
firn_diary_tell(const char *id, const char *event, const json_t *line,
		struct firn_err *err)
{
	autoclose int fd = open_journal(id, O_RDWR | O_APPEND, err);

	return fd < 0 ? -1 : add(fd, id, event, line, err);
}

int
firn_diary_sync(const struct firn_diary *diary, struct firn_err *err)
{
	autoclose int dir_fd = firn_case_folder(err);

	if (dir_fd < 0)
		return -1;
	if (fdatasync(diary->fd) < 0 || fsync(dir_fd) < 0)
		return firn_err_sys(err, "sync case %s", diary->id);
	return 0;
}

static void
add_line(json_t *lines, const char *text, size_t len)
{
	struct firn_err torn = { 0 };
	json_t *line = NULL;

	if (len == 0 || firn_json_parse(text, len, "a case", &line, &torn) < 0)
		return;
	if (firn_json_string(line, "event", NULL) != NULL)
		json_array_append(lines, line);
	json_decref(line);
}

int
firn_diary_read(const char *id, json_t **ret, struct firn_err *err)
{
	autoclose int fd = open_journal(id, O_RDONLY, err);
	autojson json_t *lines = json_array();
	autofree char *text = NULL;
	const char *at, *end;
	size_t len;

	if (fd < 0 ||
	    firn_read_fd(fd, id, FIRN_DIARY_MAX * 2, &text, &len, err) < 0)
		return -1;
	for (at = text; (end = memchr(at, '\n', len)) != NULL; at = end + 1) {
		add_line(lines, at, (size_t)(end - at));
		len -= (size_t)(end - at) + 1;
	}
	*ret = firn_steal(lines);
	return 0;
}

bool
firn_diary_is_held(const char *id)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct firn_err none = { 0 };
	autoclose int fd = open_journal(id, O_RDONLY, &none);

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 &&
	       whole.l_type != F_UNLCK;
}

const json_t *
firn_diary_last(const json_t *lines, const char *event)
{
	for (size_t i = json_array_size(lines); i-- > 0;) {
		const json_t *line = json_array_get(lines, i);

		if (strcmp(firn_json_string(line, "event", NULL), event) == 0)
			return line;
	}
	return NULL;
}

const json_t *
firn_diary_waits(const json_t *lines)
{
	for (size_t i = json_array_size(lines); i-- > 0;) {
		const json_t *line = json_array_get(lines, i);
		const char *event = firn_json_string(line, "event", NULL);

		if (strcmp(event, "waits") == 0)
			return line;
		if (strcmp(event, "folded") != 0)
			return NULL;
	}
	return NULL;
}

/* The id of a case whose diary is called so; false for another file. */
static bool
id_of(const char *name, char ret[FIRN_CASE_ID])
{
	size_t len = strlen(name);

	if (!firn_ends_with(name, ENDING) ||
	    len - strlen(ENDING) >= FIRN_CASE_ID)
		return false;
	snprintf(ret, FIRN_CASE_ID, "%.*s", (int)(len - strlen(ENDING)), name);
	return firn_case_id_is_valid(ret);
}

int
firn_diaries(firn_diary_fn *each, void *arg, struct firn_err *err)
{
	autoclose int dir_fd = firn_case_folder(err);
	autodir DIR *dir = NULL;
	const struct dirent *entry;
	char id[FIRN_CASE_ID];

	if (dir_fd < 0)
		return -1;
	dir = fdopendir(dir_fd);
	if (dir == NULL)
		return firn_err_sys(err, "read " FIRN_CASE_FOLDER);
	firn_steal_fd(&dir_fd);
	while ((entry = readdir(dir)) != NULL) {
		autojson json_t *lines = NULL;

		if (!id_of(entry->d_name, id))
			continue;
		if (firn_diary_read(id, &lines, err) < 0 ||
		    each(id, lines, arg, err) < 0)
			return -1;
	}
	return 0;
}
