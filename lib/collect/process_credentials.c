#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "collect/capabilities.h"
#include "collect/process.h"

/*
 * process_credentials -- who a process is, and what it may do.
 *
 * Source: credentials(7), capabilities(7), proc_pid_status(5).
 */

static bool
field(const struct firn_process *process, const char *key, char *ret,
      size_t size)
{
	const char *status = process->text[FIRN_TEXT_STATUS];

	return status != NULL &&
	       firn_proc_status_field(status, key, ret, size) >= 0;
}

/* Numbers with blanks between them. */
static json_t *
numbers(const char *text)
{
	json_t *list = json_array();
	char *end;

	for (;; text = end) {
		unsigned long long number = strtoull(text, &end, 10);

		if (end == text || *text == '\n')
			break;
		json_array_append_new(list, json_integer((json_int_t)number));
		while (*end == ' ' || *end == '\t')
			end++;
		if (*end == '\n')
			break;
	}
	return list;
}

static void
set_ids(struct firn_process *process)
{
	const char *status = process->text[FIRN_TEXT_STATUS];
	const char *groups;
	char text[256];

	if (field(process, "Uid", text, sizeof(text))) {
		json_t *uids = numbers(text);

		json_object_set_new(process->facts, "uids", uids);
		for (size_t i = 1; i < json_array_size(uids); i++) {
			if (!json_equal(json_array_get(uids, i),
					json_array_get(uids, 0)))
				firn_process_finding(process, "setuid_changed");
		}
	}
	if (field(process, "Gid", text, sizeof(text)))
		json_object_set_new(process->facts, "gids", numbers(text));
	/* There may be 65536. */
	groups = status != NULL ? strstr(status, "\nGroups:") : NULL;
	if (groups != NULL) {
		groups += strlen("\nGroups:");
		groups += strspn(groups, " \t");
		json_object_set_new(process->facts, "groups", numbers(groups));
	}
	if (field(process, "Umask", text, sizeof(text)))
		firn_json_text(process->facts, "umask", text);
}

static void
set_capabilities(struct firn_process *process)
{
	static const struct {
		const char *key, *field;
	} sets[] = {
		{ "effective", "CapEff" },   { "permitted", "CapPrm" },
		{ "inheritable", "CapInh" }, { "bounding", "CapBnd" },
		{ "ambient", "CapAmb" },
	};
	json_t *all = json_object();
	char text[32];

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (field(process, sets[i].field, text, sizeof(text)))
			json_object_set_new(all, sets[i].key,
					    firn_capability_names(
						    strtoull(text, NULL, 16)));
	}
	json_object_set_new(process->facts, "capabilities", all);
}

static void
set_confinement(struct firn_process *process)
{
	static const char *const modes[] = { "off", "strict", "filter" };
	const char *label = process->text[FIRN_TEXT_LABEL];
	char text[32];

	if (field(process, "NoNewPrivs", text, sizeof(text)))
		json_object_set_new(process->facts, "no_new_privs",
				    json_boolean(text[0] == '1'));
	if (field(process, "Seccomp", text, sizeof(text)) && text[0] >= '0' &&
	    text[0] <= '2')
		json_object_set_new(process->facts, "seccomp",
				    json_string(modes[text[0] - '0']));
	if (field(process, "Seccomp_filters", text, sizeof(text)))
		firn_json_uint(process->facts, "seccomp_filters",
			       strtoull(text, NULL, 10));
	if (label != NULL && label[0] != '\0')
		firn_json_bytes(process->facts, "lsm_label", label,
				strcspn(label, "\n"));
}

/* The kernel gives the files of a process that may not be dumped to root;
 * of one that is root, this can't be told.  proc_pid(5). */
static void
set_dumpable(struct firn_process *process)
{
	const json_t *uid =
		json_array_get(json_object_get(process->facts, "uids"), 1);
	struct stat st;
	bool dumpable;

	if (!firn_process_has_memory(process) || uid == NULL ||
	    fstatat(process->dir_fd, "stat", &st, 0) < 0)
		return;
	dumpable = (json_int_t)st.st_uid == json_integer_value(uid);
	if (dumpable && st.st_uid == 0)
		return;
	json_object_set_new(process->facts, "dumpable", json_boolean(dumpable));
	if (!dumpable)
		firn_process_finding(process, "not_dumpable");
}

static void
set_login(struct firn_process *process)
{
	static const struct {
		const char *key;
		enum firn_proc_text text;
	} ids[] = {
		{ "login_uid", FIRN_TEXT_LOGINUID },
		{ "login_session", FIRN_TEXT_SESSIONID },
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const char *text = process->text[ids[i].text];

		/* 2^32 - 1: nobody has logged in to become it. */
		if (text != NULL && strtoul(text, NULL, 10) != 4294967295)
			firn_json_uint(process->facts, ids[i].key,
				       strtoul(text, NULL, 10));
	}
}

void
firn_process_credentials(struct firn_process *process)
{
	set_ids(process);
	set_capabilities(process);
	set_confinement(process);
	set_dumpable(process);
	set_login(process);
}
