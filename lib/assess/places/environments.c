#include "assess/places/environments.h"

#include <stdio.h>
#include <stdlib.h>

#include "assess/places/assignments.h"
#include "assess/places/signs.h"
#include "base/secret.h"

#define ENVIRON_MAX (8u << 20)

/* What can't be read is a gap. */
static bool
read_file(const struct firn_looking *looking, pid_t pid, const char *file,
	  const char *where, struct firn_secret *ret)
{
	struct firn_err why = { 0 };
	char what[64];

	if (firn_proc_read_secret(looking->target->host, pid, file, ENVIRON_MAX,
				  ret, &why) == 0)
		return true;
	snprintf(what, sizeof(what), "the %s of process %d", where, (int)pid);
	firn_checklist_gap(looking->list, what, &why);
	return false;
}

static int
look_at_environ(const struct firn_looking *looking, pid_t pid,
		struct firn_hints *hints, struct firn_err *err)
{
	struct firn_secret_place place = {
		.where = "environment",
		.pid = pid,
		.via = looking->via,
		.facts = looking->facts,
	};
	const char *sign = firn_sign_of(looking->target, looking->mounts, pid);
	autosecret struct firn_secret text = { 0 };

	if (!read_file(looking, pid, "environ", "environment", &text))
		return 0;
	firn_readers_of_process(looking->ids, looking->target->host, pid, sign,
				&place);
	if (hints != NULL)
		firn_hints_environ(hints, text.data, text.len);
	return firn_checklist_environ(looking->list, &place, text.data,
				      text.len, err);
}

static int
look_at_cmdline(const struct firn_looking *looking, pid_t pid,
		struct firn_err *err)
{
	const struct firn_secret_place place = {
		.where = "command line",
		.pid = pid,
		.readable_by = "everybody in the container",
		.readers = FIRN_READERS_WORLD,
		.via = looking->via,
		.facts = looking->facts,
	};
	autosecret struct firn_secret text = { 0 };

	if (!read_file(looking, pid, "cmdline", "command line", &text))
		return 0;
	return firn_checklist_arguments(looking->list, &place, text.data,
					text.len, err);
}

int
firn_look_at_process(const struct firn_looking *looking, pid_t pid,
		     struct firn_hints *hints, struct firn_err *err)
{
	if (look_at_environ(looking, pid, hints, err) < 0)
		return -1;
	return look_at_cmdline(looking, pid, err);
}

int
firn_look_at_processes(const struct firn_looking *looking,
		       struct firn_hints *hints, struct firn_err *err)
{
	const struct firn_members *members = &looking->target->members;

	for (size_t i = 0; i < members->n; i++) {
		const struct firn_member *member = &members->items[i];

		if (!member->joined && !member->foreign &&
		    firn_look_at_process(looking, member->pid, hints, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_look_at_configured(const struct firn_looking *looking,
			struct firn_hints *hints, struct firn_err *err)
{
	const struct firn_secret_place place = {
		.where = "configuration",
		.readable_by = "whoever may inspect the container",
		.readers = FIRN_READERS_OUTSIDE,
		.via = looking->via,
		.facts = looking->facts,
	};
	autosecret struct firn_secret all = { 0 };
	const json_t *one;
	size_t i;

	json_array_foreach(looking->target->environment, i, one) {
		if (json_is_string(one) &&
		    firn_secret_add(&all, json_string_value(one),
				    json_string_length(one) + 1, err) < 0)
			return -1;
	}
	if (all.len == 0)
		return 0;
	if (hints != NULL)
		firn_hints_environ(hints, all.data, all.len);
	return firn_checklist_environ(looking->list, &place, all.data, all.len,
				      err);
}
