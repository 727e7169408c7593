#include "receiver/answers.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "respond/inbox/names.h"

#define ANSWER_MAX ((size_t)1 << 20)

static int
open_plain(int dir_fd, const char *name, struct stat *st)
{
	int fd = openat(dir_fd, name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
				O_CLOEXEC);

	if (fd >= 0 && (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Its own letters, the receiver can read; their first line says whose. */
static bool
is_from(int dir_fd, const char *letter, const char *source)
{
	autofree char *line = malloc(FIRN_ENVELOPE_MAX);
	autojson json_t *envelope = NULL;
	struct firn_err ignored = { 0 };
	autoclose int fd = -1;
	const char *end, *name;
	struct stat st;
	ssize_t n;

	fd = open_plain(dir_fd, letter, &st);
	if (line == NULL || fd < 0 || st.st_uid != geteuid())
		return false;
	n = firn_read_some(fd, letter, line, FIRN_ENVELOPE_MAX, &ignored);
	end = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;
	if (end == NULL || firn_json_parse(line, (size_t)(end - line), letter,
					   &envelope, &ignored) < 0)
		return false;
	name = firn_json_string(envelope, "source", NULL);
	return name != NULL && strcmp(name, source) == 0;
}

static json_t *
read_answer(int dir_fd, const char *letter)
{
	char name[FIRN_LETTER_NAME + sizeof(".answer.json")];
	struct firn_err ignored = { 0 };
	autofree char *text = NULL;
	autoclose int fd = -1;
	json_t *answer = NULL;
	struct stat st;
	size_t len;

	snprintf(name, sizeof(name), "%s.answer.json", letter);
	fd = open_plain(dir_fd, name, &st);
	if (fd < 0 ||
	    firn_read_fd(fd, name, ANSWER_MAX, &text, &len, &ignored) < 0 ||
	    firn_json_parse(text, len, name, &answer, &ignored) < 0)
		return NULL;
	return answer;
}

json_t *
firn_answer_find(const struct firn_inbox *inbox, const char *letter,
		 const char *source)
{
	json_t *answer;

	if (!firn_letter_is_name(letter))
		return NULL;
	if (is_from(inbox->new_fd, letter, source))
		return json_pack("{s:s, s:s}", "id", letter, "state",
				 "waiting");
	if (!is_from(inbox->done_fd, letter, source))
		return NULL;
	answer = read_answer(inbox->done_fd, letter);
	if (!json_is_object(answer)) {
		json_decref(answer);
		return NULL;
	}
	json_object_set_new(answer, "id", json_string(letter));
	json_object_set_new(answer, "state", json_string("done"));
	return answer;
}
