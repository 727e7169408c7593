#include "respond/cases/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/lock.h"
#include "evidence/case_folder.h"
#include "host/own_folder.h"
#include "respond/cases/diary.h"

#define WAIT_NS (5 * UINT64_C(1000000000))
#define SECOND_NS UINT64_C(1000000000)

/* What is read of it: the last some hundred cases. */
#define TAIL 65536

int
firn_run_folder(const char *name, struct firn_err *err)
{
	autoclose int run_fd = -1, firn_fd = -1;

	run_fd = open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run_fd < 0)
		return firn_err_sys(err, "open /run");
	firn_fd = firn_own_folder(run_fd, "firn", err);
	return firn_fd < 0 ? -1 : firn_own_folder(firn_fd, name, err);
}

static int
lock(int fd, const char *target_id, struct firn_err *err)
{
	const struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char what[320];

	snprintf(what, sizeof(what), "the list of cases of %s", target_id);
	return firn_lock_wait(fd, F_OFD_SETLK, &whole, WAIT_NS, what, err);
}

/* The last of it, beginning with a whole line. */
static int
read_tail(struct firn_turn *turn, struct firn_err *err)
{
	off_t end = lseek(turn->fd, 0, SEEK_END);
	off_t start = end > TAIL ? end - TAIL : 0;
	char *newline;

	if (end < 0 || lseek(turn->fd, start, SEEK_SET) < 0)
		return firn_err_sys(err, "read the cases of a container");
	if (firn_read_fd(turn->fd, "the cases of a container", TAIL * 2,
			 &turn->text, &turn->len, err) < 0)
		return -1;
	newline = start > 0 ? memchr(turn->text, '\n', turn->len) : NULL;
	if (newline != NULL) {
		turn->len -= (size_t)(newline + 1 - turn->text);
		memmove(turn->text, newline + 1, turn->len + 1);
	}
	return 0;
}

int
firn_turn_take(struct firn_turn *ret, const char *target_id,
	       struct firn_err *err)
{
	autoclose int dir_fd = firn_run_folder("cases", err);

	if (dir_fd < 0)
		return -1;
	/* Ours alone: the folder is nobody else's. */
	if (target_id[0] == '.' || strchr(target_id, '/') != NULL)
		return firn_err_set(err, EINVAL, "%s is no id of a target",
				    target_id);
	ret->fd = openat(dir_fd, target_id,
			 O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			 0600);
	if (ret->fd < 0)
		return firn_err_sys(err, "open the cases of %s", target_id);
	if (lock(ret->fd, target_id, err) < 0)
		return -1;
	return read_tail(ret, err);
}

int
firn_turn_look(struct firn_turn *ret, const char *target_id,
	       struct firn_err *err)
{
	char path[300];

	snprintf(path, sizeof(path), "/run/firn/cases/%.200s", target_id);
	ret->fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->fd < 0 && errno == ENOENT)
		return 0;
	if (ret->fd < 0)
		return firn_err_sys(err, "open the cases of %s", target_id);
	return read_tail(ret, err);
}

void
firn_turn_close(struct firn_turn *turn)
{
	if (turn->fd >= 0)
		close(turn->fd);
	free(turn->text);
	*turn = (struct firn_turn)FIRN_TURN;
}

/* The line before `*at`, parsed; NULL at the beginning. */
static json_t *
line_before(const struct firn_turn *turn, size_t *at)
{
	while (*at > 0) {
		const char *text = turn->text, *start;
		size_t end = *at - 1; /* its newline */
		struct firn_err torn = { 0 };
		json_t *line = NULL;

		start = end > 0 ? memrchr(text, '\n', end) : NULL;
		*at = start != NULL ? (size_t)(start + 1 - text) : 0;
		if (end > *at && firn_json_parse(text + *at, end - *at,
						 "a case", &line, &torn) == 0)
			return line;
	}
	return NULL;
}

static bool
is_finished(const char *case_id)
{
	autojson json_t *lines = NULL;
	struct firn_err why = { 0 };

	if (firn_diary_is_held(case_id))
		return false;
	if (firn_diary_read(case_id, &lines, &why) < 0)
		return true; /* it was never begun, or somebody removed it */
	return json_array_size(lines) == 0 ||
	       firn_diary_last(lines, "finished") != NULL;
}

bool
firn_turn_open_case(const struct firn_turn *turn, char ret[FIRN_CASE_ID])
{
	size_t at = turn->len;
	autojson json_t *last = line_before(turn, &at);
	const char *id = firn_json_string(last, "case", NULL);

	if (id == NULL || !firn_case_id_is_valid(id) ||
	    json_is_true(json_object_get(last, "ended")) || is_finished(id))
		return false;
	snprintf(ret, FIRN_CASE_ID, "%s", id);
	return true;
}

/* Of one line: how long it keeps the next one waiting. */
static uint64_t
length_of(const json_t *line, const json_t *idle, const char *who,
	  unsigned cooldown_s)
{
	const char *id = firn_json_string(line, "case", NULL);
	const char *its = firn_json_string(line, "who", NULL);

	if (id == NULL || json_object_get(idle, id) == NULL)
		return cooldown_s * SECOND_NS;
	if (its == NULL || strcmp(its, who) != 0)
		return 0;
	return (cooldown_s > FIRN_TURN_REFUSED_S ? cooldown_s
						 : FIRN_TURN_REFUSED_S) *
	       SECOND_NS;
}

unsigned
firn_turn_wait_s(const struct firn_turn *turn, const char *playbook,
		 const char *who, unsigned cooldown_s)
{
	autojson json_t *idle = json_object(); /* that did nothing */
	uint64_t now = firn_boot_ns(), wait_ns = 0;
	size_t at = turn->len;

	for (;;) {
		autojson json_t *line = line_before(turn, &at);
		const char *name = firn_json_string(line, "playbook", NULL);
		const char *id = firn_json_string(line, "case", NULL);
		uint64_t until = (uint64_t)json_integer_value(
			json_object_get(line, "boot_ns"));

		if (line == NULL)
			return (unsigned)((wait_ns + SECOND_NS - 1) /
					  SECOND_NS);
		if (id != NULL && json_is_true(json_object_get(line, "idle")))
			json_object_set_new(idle, id, json_true());
		if (name == NULL || strcmp(name, playbook) != 0 || until > now)
			continue;
		until += length_of(line, idle, who, cooldown_s);
		if (until > now && until - now > wait_ns)
			wait_ns = until - now;
	}
}

static int
add(int fd, json_t *line, struct firn_err *err)
{
	autojson json_t *owned = line;
	autofree char *json = firn_json_line(owned), *text = NULL;
	int len;

	len = json != NULL ? asprintf(&text, "%s\n", json) : -1;
	if (len < 0)
		return firn_err_nomem(err);
	return firn_write_all(fd, "the cases of a container", text, (size_t)len,
			      err);
}

int
firn_turn_begin(const struct firn_turn *turn, const char *case_id,
		const char *playbook, const char *who, struct firn_err *err)
{
	return add(turn->fd,
		   json_pack("{s:s, s:s, s:s, s:I}", "case", case_id,
			     "playbook", playbook, "who", who, "boot_ns",
			     (json_int_t)firn_boot_ns()),
		   err);
}

void
firn_turn_end(const char *target_id, const char *case_id, bool acted)
{
	autodone(firn_turn_close) struct firn_turn turn = FIRN_TURN;
	struct firn_err none = { 0 };
	char open_case[FIRN_CASE_ID];

	if (firn_turn_take(&turn, target_id, &none) < 0 ||
	    (firn_turn_open_case(&turn, open_case) &&
	     strcmp(open_case, case_id) != 0) ||
	    add(turn.fd,
		json_pack("{s:s, s:b, s:b}", "case", case_id, "ended", true,
			  "idle", !acted),
		&none) < 0)
		return; /* the diary says it, too */
}
