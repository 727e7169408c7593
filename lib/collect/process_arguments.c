#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "collect/process.h"

/*
 * process_arguments -- argv and environment, which the process may have
 * written over since it began.
 *
 * Source: proc_pid_cmdline(5), proc_pid_environ(5).
 */

/* A line of processes.jsonl lists no more of them than this. */
#define LISTED_MAX (256u << 10)

/* As strings that can be shown; if that changed a byte, the whole stands
 * beside it in base64. */
static void
set_list(struct firn_process *process, const char *key, const char *exact_key,
	 enum firn_proc_text which)
{
	const char *data = process->text[which];
	size_t len = process->len[which];
	json_t *list = json_array(), *facts = process->facts;
	bool exact = true;

	if (len > LISTED_MAX)
		len = LISTED_MAX;
	for (size_t at = 0; at < len;) {
		size_t part = strnlen(data + at, len - at);
		autofree char *text = NULL;

		if (firn_is_utf8(data + at, part)) {
			json_array_append_new(list,
					      json_stringn(data + at, part));
		} else {
			text = firn_escape(data + at, part);
			exact = false;
			json_array_append_new(list,
					      json_string(text != NULL ? text
								       : ""));
		}
		at += part + 1;
	}
	json_object_set_new(facts, key, list);
	/* The rest stands in the raw file. */
	if (len < process->size[which])
		json_object_set_new(facts,
				    which == FIRN_TEXT_CMDLINE ? "cmdline_cut"
							       : "environ_cut",
				    json_true());
	if (!exact) {
		autofree char *base64 = firn_base64(data, len);

		if (base64 != NULL)
			json_object_set_new(facts, exact_key,
					    json_string(base64));
	}
}

/* A short read: pages that are gone, or that somebody holds back
 * (userfaultfd(2)). */
static void
check_length(struct firn_process *process, const char *key, uint64_t len,
	     uint64_t start, uint64_t end)
{
	uint64_t expected = end > start ? end - start : 0;
	json_t *length;

	if (expected == len)
		return;
	length = json_object();
	firn_json_uint(length, "read", len);
	firn_json_uint(length, "expected", expected);
	json_object_set_new(process->facts, key, length);
	if (len < expected)
		firn_process_finding(process, strcmp(key, "cmdline_length") == 0
						      ? "argv_short"
						      : "environ_short");
}

/* execve(2) ends each string with one NUL; setproctitle(3) and its like leave
 * none at the end, or fill up with many.  Where the last byte isn't a NUL, the
 * kernel reads on into the environment: fs/proc/base.c, get_mm_proctitle(). */
static bool
is_overwritten(const char *data, size_t len, uint64_t expected)
{
	return len > 0 &&
	       (len > expected || data[len - 1] != '\0' ||
		(len > 3 && data[len - 2] == '\0' && data[len - 3] == '\0'));
}

static void
set_cmdline(struct firn_process *process)
{
	const char *data = process->text[FIRN_TEXT_CMDLINE];
	size_t len = process->len[FIRN_TEXT_CMDLINE];

	if (data == NULL)
		return;
	set_list(process, "cmdline", "cmdline_b64", FIRN_TEXT_CMDLINE);
	check_length(process, "cmdline_length",
		     process->size[FIRN_TEXT_CMDLINE], process->stat.arg_start,
		     process->stat.arg_end);
	if (len == process->size[FIRN_TEXT_CMDLINE] &&
	    is_overwritten(data, len,
			   process->stat.arg_end - process->stat.arg_start))
		firn_process_finding(process, "argv_overwritten");
	/* Kernel threads are shown in brackets, and have no argv. */
	if (data[0] == '[' ||
	    (process->stat.comm_len > 0 && process->stat.comm[0] == '['))
		firn_process_finding(process, "named_like_kernel_thread");
}

static void
set_environ(struct firn_process *process)
{
	static const char *const loader[] = { "LD_PRELOAD=", "LD_AUDIT=",
					      "LD_LIBRARY_PATH=" };
	const char *data = process->text[FIRN_TEXT_ENVIRON];
	size_t len = process->len[FIRN_TEXT_ENVIRON];

	if (data == NULL)
		return;
	set_list(process, "environ", "environ_b64", FIRN_TEXT_ENVIRON);
	check_length(process, "environ_length",
		     process->size[FIRN_TEXT_ENVIRON], process->stat.env_start,
		     process->stat.env_end);
	for (size_t at = 0; at < len; at += strnlen(data + at, len - at) + 1) {
		for (size_t i = 0; i < 3; i++) {
			if (strncmp(data + at, loader[i], strlen(loader[i])) ==
			    0)
				firn_process_finding(
					process, i == 0   ? "ld_preload"
						 : i == 1 ? "ld_audit"
							  : "ld_library_path");
		}
	}
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* comm is the first 15 bytes of the name that was executed. */
static bool
is_comm_of(const struct firn_process *process, const char *path)
{
	size_t len = process->stat.comm_len;

	return path != NULL &&
	       strncmp(base_name(path), process->stat.comm, len) == 0 &&
	       (len == 15 || base_name(path)[len] == '\0');
}

/* A script has the name of the script, which is in argv[1]; a program of many
 * names (busybox) that of the link, which is in argv[0]. */
static void
compare_names(struct firn_process *process)
{
	const json_t *argv = json_object_get(process->facts, "cmdline");
	autofree char *exe = NULL;
	struct firn_err why = { 0 };
	size_t len;

	if (firn_process_link(process, "exe", &exe, &len, &why) < 0)
		return;
	if (strncmp(exe, "/memfd:", 7) == 0)
		return; /* it has a finding of its own */
	if (len > 10 && strcmp(exe + len - 10, " (deleted)") == 0)
		exe[len - 10] = '\0';
	if (!is_comm_of(process, exe) &&
	    !is_comm_of(process, json_string_value(json_array_get(argv, 0))) &&
	    !is_comm_of(process, json_string_value(json_array_get(argv, 1))))
		firn_process_finding(process, "name_mismatch");
}

void
firn_process_arguments(struct firn_process *process)
{
	if (!firn_process_has_memory(process))
		return;
	set_cmdline(process);
	set_environ(process);
	compare_names(process);
}
