#include "assess/places/environments.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "assess/places/assignments.h"
#include "assess/places/signs.h"
#include "base/buf.h"

#define ENVIRON_MAX (8u << 20)

/* Text and length of a file of proc(5); what can't be read is a gap and NULL.
 */
static char *
read_file(const struct firn_looking *looking, pid_t pid, const char *file,
	  const char *where, size_t *len)
{
	struct firn_err why = { 0 };
	char *text, what[64];

	if (firn_proc_read(looking->target->host, pid, file, ENVIRON_MAX, &text,
			   len, &why) == 0)
		return text;
	snprintf(what, sizeof(what), "the %s of process %d", where, (int)pid);
	firn_checklist_gap(looking->list, what, &why);
	return NULL;
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
	size_t len = 0;
	char *text = read_file(looking, pid, "environ", "environment", &len);
	int done;

	if (text == NULL)
		return 0;
	firn_readers_of_process(looking->ids, looking->target->host, pid, sign,
				&place);
	if (hints != NULL)
		firn_hints_environ(hints, text, len);
	done = firn_checklist_environ(looking->list, &place, text, len, err);
	OPENSSL_cleanse(text, len);
	free(text);
	return done;
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
	size_t len = 0;
	char *text = read_file(looking, pid, "cmdline", "command line", &len);
	int done;

	if (text == NULL)
		return 0;
	done = firn_checklist_arguments(looking->list, &place, text, len, err);
	OPENSSL_cleanse(text, len);
	free(text);
	return done;
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
	struct firn_buf all = { 0 };
	const json_t *one;
	int done = 0;
	size_t i;

	json_array_foreach(looking->target->environment, i, one) {
		if (json_is_string(one))
			firn_buf_add(&all, json_string_value(one),
				     json_string_length(one) + 1);
	}
	if (all.len > 0 && firn_buf_check(&all, err) < 0)
		return -1;
	if (hints != NULL && all.len > 0)
		firn_hints_environ(hints, all.data, all.len);
	if (all.len > 0)
		done = firn_checklist_environ(looking->list, &place, all.data,
					      all.len, err);
	if (all.len > 0)
		OPENSSL_cleanse(all.data, all.len);
	firn_buf_free(&all);
	return done;
}
