#include "assess/places/printed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assess/places/assignments.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/secret.h"

/* Of each log, its end; that is where an intruder's traces are. */
#define LOG_MAX ((off_t)16 << 20)

/* What was printed, without what the runtime has put around it. */
struct printed {
	struct firn_secret text;
	struct firn_err *err;
	bool failed;
};

static void
add(struct printed *printed, const void *data, size_t len)
{
	if (!printed->failed)
		printed->failed = firn_secret_add(&printed->text, data, len,
						  printed->err) < 0;
}

/* {"log":"TEXT\n","stream":"stdout",...}: as text again. */
static bool
add_json(struct printed *text, const char *line, size_t len)
{
	autojson json_t *json = json_loadb(line, len, 0, NULL);
	json_t *log = json_object_get(json, "log");

	if (!json_is_string(log))
		return false;
	add(text, json_string_value(log), json_string_length(log));
	return true;
}

/* "2026-11-24T12:00:00.1Z stdout F TEXT"; "P" for a line that goes on. */
static bool
add_cri(struct printed *text, const char *line, size_t len)
{
	const char *end = line + len, *stream, *tag;

	if (len < 10 || line[4] != '-' || line[7] != '-')
		return false;
	stream = memchr(line, ' ', len);
	if (stream == NULL || end - stream < 10 ||
	    (strncmp(stream, " stdout ", 8) != 0 &&
	     strncmp(stream, " stderr ", 8) != 0))
		return false;
	tag = stream + 8;
	if (end - tag < 2 || tag[1] != ' ')
		return false;
	add(text, tag + 2, (size_t)(end - tag) - 2);
	if (*tag != 'P')
		add(text, "\n", 1);
	return true;
}

static void
add_lines(struct printed *text, const char *log, size_t len)
{
	const char *line = log, *end = log + len;

	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t one;

		stop = stop != NULL ? stop : end;
		one = (size_t)(stop - line);
		if (!(one > 0 && line[0] == '{' && add_json(text, line, one)) &&
		    !add_cri(text, line, one)) {
			add(text, line, one);
			add(text, "\n", 1);
		}
		line = stop + 1;
	}
}

static int
look_in(const struct firn_looking *looking, const char *path, const char *log,
	size_t len, struct firn_err *err)
{
	const struct firn_secret_place place = {
		.where = "log",
		.path = path,
		.readable_by = "whoever may read its logs",
		.readers = FIRN_READERS_OUTSIDE,
	};
	struct printed printed = { .err = err };
	int done = -1;

	add_lines(&printed, log, len);
	if (!printed.failed)
		done = printed.text.len == 0
			       ? 0
			       : firn_checklist_lines(looking->list, &place,
						      printed.text.data,
						      printed.text.len, err);
	firn_secret_free(&printed.text);
	return done < 0 ? -1 : 0;
}

static void
say_cut(const struct firn_looking *looking, const char *path)
{
	struct firn_err why = { 0 };

	firn_err_set(&why, EFBIG, "only its last %lld MiB were looked at",
		     (long long)LOG_MAX >> 20);
	firn_look_gap(looking, path, &why);
}

static int
look_at_log(const struct firn_looking *looking, const char *path,
	    struct firn_err *err)
{
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	autosecret struct firn_secret log = { 0 };
	struct stat st = { 0 };

	fd = firn_host_file(looking->target->host, path,
			    O_RDONLY | O_NONBLOCK | O_NOATIME, &why);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		firn_err_set(&why, EINVAL, "not a regular file");
	/* What is written meanwhile is beyond what we ask for. */
	if (why.code == 0 && st.st_size > LOG_MAX &&
	    lseek(fd, st.st_size - LOG_MAX, SEEK_SET) >= 0)
		say_cut(looking, path);
	if (why.code == 0)
		(void)!firn_secret_read_fd(&log, fd, path, (size_t)LOG_MAX * 2,
					   &why);
	if (why.code != 0) {
		firn_look_gap(looking, path, &why);
		return 0;
	}
	return log.len == 0 ? 0
			    : look_in(looking, path, log.data, log.len, err);
}

int
firn_look_at_printed(const struct firn_looking *looking, struct firn_err *err)
{
	const struct firn_target *target = looking->target;

	for (size_t i = 0; i < target->n_records; i++) {
		const struct firn_record *record = &target->records[i];
		struct firn_err why = { 0 };

		if (record->kind != FIRN_RECORD_LOG ||
		    firn_look_spent(looking, record->path))
			continue;
		if (strstr(record->name, ".gz") != NULL) {
			firn_err_set(&why, ENOTSUP,
				     "compressed: not looked at");
			firn_look_gap(looking, record->path, &why);
			continue;
		}
		if (look_at_log(looking, record->path, err) < 0)
			return -1;
	}
	return 0;
}
