#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assess/memory/memory.h"
#include "assess/places/assignments.h"
#include "assess/places/files.h"
#include "base/auto.h"

/*
 * of_target -- the checklist of a live container.
 */

#define ENVIRON_MAX (8u << 20)

static int
look_at_process(struct firn_checklist *list, const struct firn_target *target,
		pid_t pid, const char *file, const char *where,
		struct firn_err *err)
{
	const struct firn_secret_place place = {
		.where = where,
		.pid = pid,
		.readable_by = strcmp(file, "environ") == 0
				       ? "its user, and root in the container"
				       : "everybody in the container",
	};
	struct firn_err why = { 0 };
	autosecret struct firn_secret text = { 0 };
	char what[64];

	if (firn_proc_read_secret(target->host, pid, file, ENVIRON_MAX, &text,
				  &why) < 0) {
		snprintf(what, sizeof(what), "the %s of process %d", where,
			 (int)pid);
		firn_checklist_gap(list, what, &why);
		return 0;
	}
	return strcmp(file, "cmdline") == 0
		       ? firn_checklist_arguments(list, &place, text.data,
						  text.len, err)
		       : firn_checklist_environ(list, &place, text.data,
						text.len, err);
}

static int
look_at_processes(struct firn_checklist *list, const struct firn_target *target,
		  struct firn_err *err)
{
	for (size_t i = 0; i < target->members.n; i++) {
		const struct firn_member *member = &target->members.items[i];

		if (member->joined || member->foreign)
			continue;
		if (look_at_process(list, target, member->pid, "environ",
				    "environment", err) < 0 ||
		    look_at_process(list, target, member->pid, "cmdline",
				    "command line", err) < 0)
			return -1;
	}
	return 0;
}

static int
look_at_configuration(struct firn_checklist *list,
		      const struct firn_target *target, struct firn_err *err)
{
	const struct firn_secret_place place = {
		.where = "configuration",
		.readable_by = "whoever may inspect the container",
	};
	const json_t *one;
	size_t i;

	json_array_foreach(target->environment, i, one) {
		if (json_is_string(one) &&
		    firn_checklist_environ(list, &place, json_string_value(one),
					   json_string_length(one), err) < 0)
			return -1;
	}
	return 0;
}

static int
look(struct firn_checklist *list, const struct firn_target *target,
     struct firn_err *err)
{
	if (look_at_configuration(list, target, err) < 0 ||
	    look_at_processes(list, target, err) < 0)
		return -1;
	return firn_secret_files(list, target, err);
}

int
firn_secrets_more_of_target(const struct firn_target *target,
			    const struct firn_secret_rules *rules,
			    const struct firn_case *of,
			    const struct firn_secrets_more *more, json_t **ret,
			    struct firn_err *err)
{
	struct firn_checklist list;
	int done;

	if (firn_checklist_open(&list, rules, of, err) < 0)
		return -1;
	list.wanted = more->wanted;
	done = look(&list, target, err);
	if (done == 0 && more->deep != NULL)
		done = firn_secret_memory(&list, target, more->deep, err);
	if (done == 0) {
		*ret = firn_checklist_json(&list);
		done = *ret == NULL ? firn_err_nomem(err) : 0;
	}
	firn_checklist_close(&list);
	return done;
}

int
firn_secrets_of_target(const struct firn_target *target,
		       const struct firn_secret_rules *rules,
		       const struct firn_case *of, json_t **ret,
		       struct firn_err *err)
{
	const struct firn_secrets_more none = { 0 };

	return firn_secrets_more_of_target(target, rules, of, &none, ret, err);
}
