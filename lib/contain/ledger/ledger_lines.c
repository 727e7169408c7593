#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "contain/ledger/ledger_file.h"

static uint64_t
number_of(const json_t *line)
{
	json_int_t n = json_integer_value(json_object_get(line, "change"));

	return n > 0 ? (uint64_t)n : 0;
}

/* A line that was cut by a crash is kept for whoever reads: what it was to say
 * had not been said, so it changes nothing. */
static int
add_torn(json_t *lines, const char *text, size_t len)
{
	autojson json_t *line = json_object();

	firn_json_bytes(line, "torn", text, len);
	return json_array_append(lines, line);
}

static int
add_line(struct firn_ledger *ledger, const char *text, size_t len,
	 struct firn_err *err)
{
	autojson json_t *line = NULL;
	struct firn_err why = { 0 };
	const char *boot_id;
	int added = 0;

	if (len == 0)
		return 0;
	if (firn_json_parse(text, len, ledger->name, &line, &why) < 0 ||
	    !json_is_object(line)) {
		added = add_torn(ledger->lines, text, len);
		return added < 0 ? firn_err_nomem(err) : 0;
	}
	if (number_of(line) > ledger->last_change)
		ledger->last_change = number_of(line);
	boot_id = firn_json_string(line, "boot_id", NULL);
	if (boot_id != NULL)
		added = json_array_append(strcmp(boot_id, ledger->boot_id) == 0
						  ? ledger->lines
						  : ledger->earlier,
					  line);
	return added < 0 ? firn_err_nomem(err) : 0;
}

int
firn_ledger_read(struct firn_ledger *ledger, struct firn_err *err)
{
	autofree char *text = NULL;
	const char *at, *end;
	size_t len;

	if (lseek(ledger->fd, (off_t)ledger->size, SEEK_SET) < 0)
		return firn_err_sys(err, "read ledger %s", ledger->name);
	if (firn_read_fd(ledger->fd, ledger->name,
			 FIRN_LEDGER_MAX - ledger->size, &text, &len, err) < 0)
		return -1;
	end = text + len;
	for (at = text; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline != NULL ? newline : end;

		if (add_line(ledger, at, (size_t)(stop - at), err) < 0)
			return -1;
		ledger->torn = newline == NULL;
		at = stop + 1;
	}
	ledger->size += len;
	return 0;
}

const json_t *
firn_ledger_lines(const struct firn_ledger *ledger)
{
	return ledger->lines;
}

/* Add what `lines` have of a change after the i-th; false if that ended it. */
static bool
add_notes(const json_t *lines, size_t i, uint64_t number, const char **phase,
	  json_t *noted)
{
	for (; i < json_array_size(lines); i++) {
		json_t *line = json_array_get(lines, i);
		const char *said = firn_json_string(line, "phase", NULL);

		if (number_of(line) != number || said == NULL)
			continue;
		*phase = said;
		if (strcmp(said, "undone") == 0 ||
		    strcmp(said, "failed") == 0 || strcmp(said, "final") == 0)
			return false;
		if (json_array_append(noted, line) < 0)
			return false;
	}
	return true;
}

/* A copy of what was asked, and what was noted of it since, also in a later
 * boot; NULL if it is no longer open, or if there is no memory. */
static json_t *
open_change(const json_t *lines, const json_t *later, size_t i, json_t *asked)
{
	autojson json_t *change = json_copy(asked);
	autojson json_t *noted = json_array();
	const char *phase = "asked";

	if (!add_notes(lines, i + 1, number_of(asked), &phase, noted) ||
	    !add_notes(later, 0, number_of(asked), &phase, noted))
		return NULL;
	if (json_object_set_new(change, "phase", json_string(phase)) < 0 ||
	    json_object_set(change, "noted", noted) < 0)
		return NULL;
	return firn_steal(change);
}

static json_t *
open_changes(const json_t *lines, const json_t *later, const char *action)
{
	json_t *open = json_array(), *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		const char *phase = firn_json_string(line, "phase", NULL);
		const char *what = firn_json_string(line, "action", NULL);
		json_t *change;

		if (phase == NULL || strcmp(phase, "asked") != 0 ||
		    what == NULL || number_of(line) == 0)
			continue;
		if (action != NULL && strcmp(what, action) != 0)
			continue;
		change = open_change(lines, later, i, line);
		if (change != NULL)
			json_array_append_new(open, change);
	}
	return open;
}

json_t *
firn_ledger_open_changes(const struct firn_ledger *ledger, const char *action)
{
	return open_changes(ledger->lines, NULL, action);
}

json_t *
firn_ledger_before_boot(const struct firn_ledger *ledger, const char *action)
{
	return open_changes(ledger->earlier, ledger->lines, action);
}
