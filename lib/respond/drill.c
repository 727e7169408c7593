#include "firn/drill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/capture.h"
#include "firn/freeze.h"
#include "firn/verify.h"
#include "respond/drill_container.h"
#include "respond/drill_traces.h"

/* The intruder sends every 50 ms.  What was cut is sent again by TCP with
 * growing pauses, so its return may take some seconds. */
#define SILENCE_US 300000
#define RETURN_US 10000000
#define STEP_US 20000

struct drill {
	const struct firn_drill *how;
	struct firn_host host;
	struct firn_drill_container container;
	struct firn_target *target;
	struct firn_ledger *ledger;
	struct firn_case of;
	char *path; /* of the archive */
	json_t *result, *checks;
};

static void
check(struct drill *drill, const char *name, const char *what, bool passed,
      const char *where)
{
	json_array_append_new(drill->checks,
			      json_pack("{s:s, s:s, s:b, s:s}", "name", name,
					"what", what, "passed", passed, "where",
					where));
}

/* --- before ------------------------------------------------------------- */

static int
prepare(struct drill *drill, struct firn_err *err)
{
	const struct firn_authority authority = {
		.operator_name = drill->how->operator_name,
		.case_id = drill->of.id,
	};
	char name[32];

	if (firn_host_open(&drill->host, "/", err) < 0 ||
	    firn_drill_container_make(&drill->container, &drill->host, err) < 0)
		return -1;
	snprintf(name, sizeof(name), "pid:%d", (int)drill->container.pid);
	if (firn_target_open(&drill->target, &drill->host, name, err) < 0 ||
	    firn_case_open(&drill->of, NULL, drill->target->id, err) < 0 ||
	    firn_ledger_open(&drill->ledger, drill->target->id, &authority,
			     err) < 0)
		return -1;
	if (asprintf(&drill->path, "%s/%s.firn.tar.zst", drill->how->folder,
		     drill->of.id) < 0) {
		drill->path = NULL;
		return firn_err_nomem(err);
	}
	return 0;
}

/* --- the main job ------------------------------------------------------- */

static int
capture(struct drill *drill, struct firn_err *err)
{
	const struct firn_authority authority = {
		.operator_name = drill->how->operator_name,
		.case_id = drill->of.id,
	};
	const struct firn_capture how = {
		.of = &drill->of,
		.authority = &authority,
		.key = drill->how->key,
		.path = drill->path,
		.rules = drill->how->rules,
		.isolate = true,
		.freezing.timeout_ms = FIRN_FREEZE_TIMEOUT_MS,
		.progress = drill->how->progress,
		.progress_arg = drill->how->progress_arg,
	};
	json_t *said = NULL;

	if (firn_capture(drill->target, drill->ledger, &how, &said, err) < 0)
		return -1;
	json_object_set_new(drill->result, "capture", said);
	json_object_set(drill->result, "times", json_object_get(said, "times"));
	return 0;
}

static bool
is_heard_within(struct drill *drill, unsigned wait_us)
{
	for (unsigned waited = 0; waited < wait_us; waited += STEP_US) {
		if (firn_drill_container_heard(&drill->container) > 0)
			return true;
		usleep(STEP_US);
	}
	return false;
}

static void
check_freeze(struct drill *drill)
{
	const json_t *said = json_object_get(drill->result, "capture");
	const char *state = firn_json_string(said, "freeze", "state", NULL);

	check(drill, "frozen", "every process of it stood still",
	      state != NULL && strcmp(state, "frozen") == 0,
	      "cgroup.events, freezer.state");
}

/* The container runs again, and is still cut; then it is released. */
static int
check_cut(struct drill *drill, struct firn_err *err)
{
	autojson json_t *said = NULL;

	firn_drill_container_heard(&drill->container); /* from before the cut */
	check(drill, "cut off", "the beacon's server hears nothing",
	      !is_heard_within(drill, SILENCE_US), "the intruder's server");
	if (firn_release(drill->ledger, &said, err) < 0)
		return -1;
	check(drill, "released", "its network is back as it was",
	      is_heard_within(drill, RETURN_US), "the intruder's server");
	return 0;
}

static int
check_archive(struct drill *drill, struct firn_err *err)
{
	autojson json_t *said = NULL;
	autoclose int fd = -1;
	const char *verdict;

	fd = open(drill->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return firn_err_sys(err, "open %s", drill->path);
	if (firn_drill_traces(fd, &drill->container, drill->checks, err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return firn_err_sys(err, "rewind %s", drill->path);
	if (firn_verify(fd, &drill->how->key, 1, &said, err) < 0)
		return -1;
	verdict = firn_json_string(said, "verdict", NULL);
	check(drill, "archive", "intact, and signed by this node's key",
	      verdict != NULL && strcmp(verdict, "intact") == 0 &&
		      json_is_true(json_object_get(said, "trusted")),
	      "firn verify");
	return 0;
}

static int
rehearse(struct drill *drill, struct firn_err *err)
{
	if (prepare(drill, err) < 0 || capture(drill, err) < 0)
		return -1;
	check_freeze(drill);
	if (check_cut(drill, err) < 0)
		return -1;
	return check_archive(drill, err);
}

/* --- after -------------------------------------------------------------- */

static void
remove_file(const char *folder, const char *name, const char *suffix)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s%s", folder, name, suffix);
	unlink(path);
}

/* What a real case leaves on the node for later, and a drill doesn't. */
static void
remove_records(const struct drill *drill)
{
	if (drill->ledger != NULL)
		remove_file("/run/firn/ledger", drill->target->id, ".jsonl");
	if (drill->of.id[0] == '\0')
		return;
	remove_file("/var/lib/firn/cases", drill->of.id, ".key");
	remove_file("/var/lib/firn/cases", drill->of.id, ".secrets.json");
}

static int
clean_up(struct drill *drill, struct firn_err *err)
{
	struct firn_err why = { 0 };
	json_t *said = NULL;
	int done = 0;

	if (drill->ledger != NULL &&
	    firn_release(drill->ledger, &said, &why) < 0)
		done = -1;
	json_decref(said);
	if (done == 0)
		remove_records(drill);
	firn_ledger_close(&drill->ledger);
	firn_target_close(&drill->target);
	if (firn_drill_container_remove(&drill->container, &why) < 0)
		done = -1;
	firn_host_close(&drill->host);
	free(drill->path);
	if (done < 0)
		*err = why;
	return done;
}

static bool
all_passed(const json_t *checks)
{
	const json_t *one;
	size_t i;

	json_array_foreach(checks, i, one) {
		if (!json_is_true(json_object_get(one, "passed")))
			return false;
	}
	return json_array_size(checks) > 0;
}

int
firn_drill(const struct firn_drill *how, json_t **ret, struct firn_err *err)
{
	autojson json_t *result = json_object(), *checks = json_array();
	struct drill drill = {
		.how = how,
		.host = { .root_fd = -1, .proc_fd = -1 },
		.container = { .pid = -1, .listen_fd = -1, .beacon_fd = -1 },
		.result = result,
		.checks = checks,
	};
	struct firn_err undo = { 0 };
	int done = rehearse(&drill, err);

	if (drill.path != NULL)
		firn_json_text(result, "archive", drill.path);
	if (clean_up(&drill, &undo) < 0) {
		if (done < 0)
			return firn_err_in(err, "%s; and before that",
					   undo.text);
		check(&drill, "left behind", undo.text, false, "this node");
	} else if (done == 0) {
		check(&drill, "left behind", "nothing but the archive", true,
		      "this node");
	}
	if (done < 0)
		return -1;
	json_object_set(result, "checks", checks);
	json_object_set_new(result, "passed", json_boolean(all_passed(checks)));
	*ret = firn_steal(result);
	return 0;
}
