#include "firn/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "contain/ledger/ledger_file.h"
#include "host/operator.h"

static bool
is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static int
take_authority(struct firn_ledger *ledger,
	       const struct firn_authority *authority, struct firn_err *err)
{
	if (authority != NULL && is_given(authority->case_id)) {
		ledger->case_id = strdup(authority->case_id);
		if (ledger->case_id == NULL)
			return firn_err_nomem(err);
	}
	if (authority == NULL || !is_given(authority->operator_name))
		return firn_operator(&ledger->operator_name, err);
	ledger->operator_name = strdup(authority->operator_name);
	return ledger->operator_name == NULL ? firn_err_nomem(err) : 0;
}

static int
open_file(struct firn_ledger *ledger, int dir_fd, enum firn_ledger_hold hold,
	  bool *ret_alone, struct firn_err *err)
{
	json_decref(ledger->lines);
	json_decref(ledger->earlier);
	ledger->lines = json_array();
	ledger->earlier = json_array();
	if (ledger->lines == NULL || ledger->earlier == NULL)
		return firn_err_nomem(err);
	if (ledger->fd >= 0)
		close(ledger->fd);
	ledger->fd =
		firn_ledger_file(dir_fd, ledger->name, hold, ret_alone, err);
	if (ledger->fd < 0)
		return -1;
	ledger->size = 0;
	ledger->torn = false;
	return firn_ledger_read(ledger, err);
}

static bool
is_full(const struct firn_ledger *ledger)
{
	autojson json_t *open = NULL;

	if (ledger->size < FIRN_LEDGER_FULL)
		return false;
	open = firn_ledger_open_changes(ledger, NULL);
	return json_is_array(open) && json_array_size(open) == 0;
}

/* The numbers go on, so that a change has one number for as long as anybody
 * holds both files. */
static int
set_aside(struct firn_ledger *ledger, int dir_fd, struct firn_err *err)
{
	char old[FIRN_LEDGER_NAME + 4];
	bool alone;

	snprintf(old, sizeof(old), "%s.old", ledger->name);
	if (renameat(dir_fd, ledger->name, dir_fd, old) < 0)
		return firn_err_sys(err, "rename ledger %s", ledger->name);
	return open_file(ledger, dir_fd, FIRN_LEDGER_WAIT, &alone, err);
}

int
firn_ledger_open_as(struct firn_ledger **ret, int dir_fd, const char *id,
		    enum firn_ledger_hold hold,
		    const struct firn_authority *authority,
		    struct firn_err *err)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	bool alone = false;

	if (!firn_ledger_id_is_valid(id))
		return firn_err_set(err, EINVAL,
				    "\"%s\" is not the id of a target", id);
	ledger = calloc(1, sizeof(*ledger));
	if (ledger == NULL)
		return firn_err_nomem(err);
	ledger->fd = -1;
	snprintf(ledger->name, sizeof(ledger->name), "%s.jsonl", id);
	if (firn_boot_id(ledger->boot_id, err) < 0 ||
	    take_authority(ledger, authority, err) < 0 ||
	    open_file(ledger, dir_fd, hold, &alone, err) < 0)
		return -1;
	if (alone && is_full(ledger) && set_aside(ledger, dir_fd, err) < 0)
		return -1;
	*ret = firn_steal(ledger);
	return 0;
}

int
firn_ledger_open_at(struct firn_ledger **ret, int dir_fd, const char *id,
		    const struct firn_authority *authority,
		    struct firn_err *err)
{
	return firn_ledger_open_as(ret, dir_fd, id, FIRN_LEDGER_WAIT, authority,
				   err);
}

static int
open_in_run(struct firn_ledger **ret, const char *id,
	    enum firn_ledger_hold hold, const struct firn_authority *authority,
	    struct firn_err *err)
{
	autoclose int run_fd = -1, dir_fd = -1;

	run_fd = open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run_fd < 0)
		return firn_err_sys(err, "open /run");
	dir_fd = firn_ledger_folder(run_fd, err);
	if (dir_fd < 0)
		return -1;
	return firn_ledger_open_as(ret, dir_fd, id, hold, authority, err);
}

int
firn_ledger_open(struct firn_ledger **ret, const char *id,
		 const struct firn_authority *authority, struct firn_err *err)
{
	return open_in_run(ret, id, FIRN_LEDGER_WAIT, authority, err);
}

int
firn_ledger_join(struct firn_ledger **ret, const char *id,
		 const struct firn_authority *authority, struct firn_err *err)
{
	return open_in_run(ret, id, FIRN_LEDGER_JOIN, authority, err);
}

int
firn_ledger_look(struct firn_ledger **ret, const char *id, struct firn_err *err)
{
	const struct firn_authority nobody = { .operator_name = "-" };
	autoclose int dir_fd = -1;
	int done;

	dir_fd = open("/run/firn/ledger",
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0 && errno == ENOENT)
		return 0;
	if (dir_fd < 0)
		return firn_err_sys(err, "open /run/firn/ledger");
	done = firn_ledger_open_as(ret, dir_fd, id, FIRN_LEDGER_LOOK, &nobody,
				   err);
	if (done < 0 && err->code == ENOENT) {
		*err = (struct firn_err){ 0 };
		return 0;
	}
	return done < 0 ? -1 : 1;
}

void
firn_ledger_close(struct firn_ledger **ledger)
{
	if (*ledger == NULL)
		return;
	if ((*ledger)->fd >= 0)
		close((*ledger)->fd); /* every line was synced by itself */
	free((*ledger)->operator_name);
	free((*ledger)->case_id);
	json_decref((*ledger)->lines);
	json_decref((*ledger)->earlier);
	free(*ledger);
	*ledger = NULL;
}

static json_t *
make_line(const struct firn_ledger *ledger, uint64_t change, const char *action,
	  const char *phase, const json_t *details)
{
	json_t *line = json_object();

	if (line == NULL)
		return NULL;
	firn_json_time(line, "time", firn_now());
	firn_json_text(line, "boot_id", ledger->boot_id);
	firn_json_uint(line, "change", change);
	firn_json_text(line, "action", action);
	firn_json_text(line, "phase", phase);
	firn_json_text(line, "operator", ledger->operator_name);
	firn_json_text(line, "case", ledger->case_id);
	firn_json_uint(line, "pid", (uint64_t)getpid());
	if (details == NULL ||
	    json_object_set_new(line, "details", json_deep_copy(details)) == 0)
		return line;
	json_decref(line);
	return NULL;
}

/* Write one line, with its end, in one write(2), and sync it; between begin()
 * and its end. */
static int
append(struct firn_ledger *ledger, json_t *line, size_t max,
       struct firn_err *err)
{
	autofree char *json = firn_json_line(line);
	autobuf struct firn_buf text = { 0 };

	if (json == NULL)
		return firn_err_nomem(err);
	if (ledger->torn)
		firn_buf_add(&text, "\n", 1);
	firn_buf_add(&text, json, strlen(json));
	firn_buf_add(&text, "\n", 1);
	if (firn_buf_check(&text, err) < 0)
		return -1;
	if (text.len > FIRN_LEDGER_LINE_MAX || ledger->size + text.len > max)
		return firn_err_set(err, EFBIG, "ledger %s is full",
				    ledger->name);
	/* Until it's whole the file may end anywhere. */
	ledger->torn = true;
	if (firn_write_all(ledger->fd, ledger->name, text.data, text.len, err) <
	    0)
		return firn_err_in(err, "ledger");
	ledger->torn = false;
	ledger->size += text.len;
	if (fsync(ledger->fd) < 0)
		return firn_err_sys(err, "sync ledger %s", ledger->name);
	if (json_array_append(ledger->lines, line) < 0)
		return firn_err_nomem(err);
	return 0;
}

/* Nobody else writes until `*fd` is given up, and what others wrote is read. */
static int
begin(struct firn_ledger *ledger, int *fd, struct firn_err *err)
{
	if (firn_ledger_begin(ledger->fd, ledger->name, err) < 0)
		return -1;
	*fd = ledger->fd;
	return firn_ledger_read(ledger, err);
}

static void
end(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		firn_ledger_end(*fd);
	errno = saved;
}

int
firn_ledger_ask(struct firn_ledger *ledger, const char *action,
		const json_t *details, uint64_t *ret_change,
		struct firn_err *err)
{
	autodone(end) int writing = -1;
	autojson json_t *line = NULL;
	uint64_t change;

	if (begin(ledger, &writing, err) < 0)
		return -1;
	change = ledger->last_change + 1;
	line = make_line(ledger, change, action, "asked", details);
	if (line == NULL)
		return firn_err_nomem(err);
	/* Also a line whose sync fails has used up its number. */
	ledger->last_change = change;
	if (append(ledger, line, FIRN_LEDGER_ASK_MAX, err) < 0)
		return -1;
	*ret_change = change;
	return 0;
}

/* What was asked under this number; NULL if nothing was. */
static const char *
action_of(const struct firn_ledger *ledger, uint64_t change)
{
	/* From the end, where it mostly is. */
	for (size_t i = json_array_size(ledger->lines); i > 0; i--) {
		const json_t *line = json_array_get(ledger->lines, i - 1);
		json_int_t n =
			json_integer_value(json_object_get(line, "change"));

		if (n > 0 && (uint64_t)n == change)
			return firn_json_string(line, "action", NULL);
	}
	return NULL;
}

int
firn_ledger_note(struct firn_ledger *ledger, uint64_t change, const char *phase,
		 const json_t *details, struct firn_err *err)
{
	autodone(end) int writing = -1;
	autojson json_t *line = NULL;
	const char *action;

	if (begin(ledger, &writing, err) < 0)
		return -1;
	action = action_of(ledger, change);
	if (action == NULL)
		return firn_err_set(err, EINVAL,
				    "ledger %s has no change %llu of this boot",
				    ledger->name, (unsigned long long)change);
	line = make_line(ledger, change, action, phase, details);
	if (line == NULL)
		return firn_err_nomem(err);
	return append(ledger, line, FIRN_LEDGER_MAX, err);
}

int
firn_ledger_refresh(struct firn_ledger *ledger, struct firn_err *err)
{
	autodone(end) int writing = -1;

	return begin(ledger, &writing, err);
}

int
firn_ledger_forget(struct firn_ledger *ledger, const char *action,
		   struct firn_err *err)
{
	autodone(end) int writing = -1;
	autojson json_t *why =
		json_pack("{s:s}", "note", "the node was rebooted");
	autojson json_t *changes = NULL;
	json_t *change;
	size_t i;

	if (begin(ledger, &writing, err) < 0)
		return -1;
	changes = firn_ledger_before_boot(ledger, action);
	json_array_foreach(changes, i, change) {
		autojson json_t *line =
			make_line(ledger,
				  (uint64_t)json_integer_value(
					  json_object_get(change, "change")),
				  firn_json_string(change, "action", NULL),
				  "undone", why);

		if (line == NULL)
			return firn_err_nomem(err);
		if (append(ledger, line, FIRN_LEDGER_MAX, err) < 0)
			return -1;
	}
	return (int)json_array_size(changes);
}
