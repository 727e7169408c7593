#include "respond/cases/opening.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "respond/policy/known_as.h"

/* An alert's words are kept with the case, as far as they are few. */
#define ALERT_MAX 65536

static json_t *
playbook_json(const struct firn_playbook *playbook)
{
	json_t *json = json_object();

	firn_json_text(json, "name", playbook->name);
	firn_json_uint(json, "version", playbook->version);
	firn_json_text(json, "file", playbook->file);
	firn_json_text(json, "sha256", playbook->sha256);
	firn_json_uint(json, "steps", playbook->n_steps);
	/* The case goes on with this one, whatever becomes of the file. */
	firn_json_bytes(json, "text", playbook->text, playbook->len);
	return json;
}

static json_t *
target_json(const struct firn_target *target, struct firn_err *err)
{
	json_t *json = firn_target_json(target);
	char boot_id[FIRN_BOOT_ID];

	if (json == NULL || firn_boot_id(boot_id, err) < 0) {
		json_decref(json);
		return NULL;
	}
	firn_json_text(json, "boot_id", boot_id);
	firn_json_uint(json, "init_pid", (uint64_t)target->init_pid);
	firn_json_uint(json, "init_start_ticks", target->init_start_ticks);
	json_object_del(json, "witnesses");
	json_object_del(json, "disagreements");
	return json;
}

static json_t *
alert_json(const json_t *alert)
{
	static const char *const long_ones[] = { "fields", "labels", "tags",
						 NULL };
	json_t *json = json_copy((json_t *)(uintptr_t)alert);
	const char *const *key = long_ones;

	while (*key != NULL && json_dumpb(json, NULL, 0, 0) > ALERT_MAX)
		json_object_del(json, *key++);
	return json;
}

static json_t *
first_line(const struct firn_occasion *occasion, struct firn_err *err)
{
	json_t *line = json_object(), *target;

	target = target_json(occasion->target, err);
	if (target == NULL) {
		json_decref(line);
		return NULL;
	}
	json_object_set_new(line, "target", target);
	json_object_set_new(line, "playbook",
			    playbook_json(occasion->playbook));
	json_object_set_new(line, "who", firn_party_json(occasion->who));
	if (occasion->alert != NULL)
		json_object_set_new(line, "alert", alert_json(occasion->alert));
	if (occasion->letter != NULL) {
		firn_json_text(line, "letter", occasion->letter);
		firn_json_uint(line, "index", occasion->index);
	}
	return line;
}

int
firn_case_begin(struct firn_work *work, const struct firn_turn *turn,
		const struct firn_occasion *occasion, struct firn_err *err)
{
	json_t *line = first_line(occasion, err);

	if (line == NULL)
		return -1;
	work->playbook = occasion->playbook;
	work->who = occasion->who;
	work->lines = json_array();
	json_array_append(work->lines, line);
	work->opened = line;
	if (firn_diary_make(&work->diary, NULL, occasion->target->id, err) <
	    0) {
		json_decref(line);
		return -1;
	}
	if (firn_work_note(work, "opened", line, err) < 0) {
		firn_diary_discard(&work->diary);
		return -1;
	}
	return firn_turn_begin(turn, work->diary.id, occasion->playbook->name,
			       occasion->who->name != NULL ? occasion->who->name
							   : "",
			       err);
}

/* --- again ---------------------------------------------------------------- */

static int
party_of(const json_t *json, struct firn_party *ret, struct firn_err *err)
{
	const char *kind = firn_json_string(json, "kind", NULL);
	json_int_t uid = json_integer_value(json_object_get(json, "uid"));

	if (kind != NULL && strcmp(kind, "person") == 0)
		return firn_party_uid((unsigned long)uid, ret, err);
	return firn_party_source(firn_json_string(json, "name", NULL), ret,
				 err);
}

static int
playbook_of(const json_t *json, struct firn_playbook **ret,
	    struct firn_err *err)
{
	const char *text = firn_json_string(json, "text", NULL);
	const char *file = firn_json_string(json, "file", NULL);

	if (text == NULL || file == NULL)
		return firn_err_set(err, EBADMSG, "it names no playbook");
	return firn_playbook_parse(ret, file, text, strlen(text), err);
}

/* The same container, in the same life of it. */
static int
target_of(const struct firn_host *host, const json_t *was,
	  struct firn_target **ret, struct firn_err *err)
{
	autodone(firn_target_close) struct firn_target *target = NULL;
	const char *id = firn_json_string(was, "id", NULL);
	const char *boot_id = firn_json_string(was, "boot_id", NULL);
	char now[FIRN_BOOT_ID];

	if (firn_boot_id(now, err) < 0)
		return -1;
	if (id == NULL || boot_id == NULL || strcmp(boot_id, now) != 0)
		return 0;
	if (firn_target_open_forced(&target, host, id, err) < 0) {
		if (err->code != ESRCH)
			return -1;
		*err = (struct firn_err){ 0 };
		return 0;
	}
	if (target->init_start_ticks ==
	    (uint64_t)json_integer_value(
		    json_object_get(was, "init_start_ticks")))
		*ret = firn_steal(target);
	return 0;
}

static void
take_step(struct firn_work *work, const json_t *line)
{
	json_int_t n = json_integer_value(json_object_get(line, "n"));
	const char *state = firn_json_string(line, "state", NULL);
	json_t *result = json_object_get(line, "result");
	struct firn_step_state *step;
	const char *archive;

	if (n < 1 || n > (json_int_t)work->playbook->n_steps || state == NULL)
		return;
	step = &work->steps[n - 1];
	step->settled = strcmp(state, "begun") == 0    ? FIRN_STEP_BEGUN
			: strcmp(state, "done") == 0   ? FIRN_STEP_DONE
			: strcmp(state, "failed") == 0 ? FIRN_STEP_FAILED
						       : FIRN_STEP_SKIPPED;
	if (result == NULL)
		return;
	json_decref(step->result);
	step->result = json_incref(result);
	archive = firn_json_string(result, "archive", NULL);
	if (archive == NULL)
		return;
	free(work->archive);
	work->archive = strdup(archive);
	json_decref(work->capture);
	work->capture = json_incref(result);
}

static unsigned
role_of(const json_t *line)
{
	struct firn_err none = { 0 };
	enum firn_role role;

	return firn_role_recorded(firn_json_string(line, "role", NULL), &role,
				  &none) == 0
		       ? (unsigned)role
		       : 0;
}

/* What firn_work_ask() had done with it. */
static void
take_permit(struct firn_work *work, const json_t *line)
{
	const char *verdict = firn_json_string(line, "verdict", NULL);
	unsigned role = role_of(line);

	if (verdict == NULL)
		return;
	if (strcmp(verdict, "needs approval") == 0)
		work->to_approve |= role;
	else if (strcmp(verdict, "allowed") == 0)
		work->allowed |= role;
}

static void
take_up(struct firn_work *work)
{
	const json_t *line;
	size_t i;

	json_array_foreach(work->lines, i, line) {
		const char *event = firn_json_string(line, "event", NULL);

		if (strcmp(event, "step") == 0)
			take_step(work, line);
		if (strcmp(event, "permit") == 0)
			take_permit(work, line);
		if (strcmp(event, "approved") == 0) {
			work->allowed |= work->to_approve & role_of(line);
			work->to_approve &= ~role_of(line);
		}
		if (strcmp(event, "contained") == 0)
			work->contained = work->told_started = true;
	}
	work->waits = firn_diary_waits(work->lines);
	for (i = 0; i < work->playbook->n_steps; i++) {
		const struct firn_step *step = &work->playbook->steps[i];

		if (work->steps[i].settled != FIRN_STEP_FAILED)
			continue;
		work->stopped |= firn_step_stops(step);
		work->withheld |= step->kind == FIRN_STEP_WAIT;
	}
}

void
firn_resumed_close(struct firn_resumed *resumed)
{
	firn_work_close(&resumed->work);
	firn_target_close(&resumed->target);
	firn_playbook_close(&resumed->playbook);
	firn_party_free(&resumed->who);
}

/* How often it was taken up without a step in between: what kills its process
 * each time is not tried for ever. */
#define ATTEMPTS 3

static bool
is_hopeless(const json_t *lines)
{
	int n = 0;

	for (size_t i = json_array_size(lines); i-- > 0;) {
		const json_t *line = json_array_get(lines, i);
		const char *event = firn_json_string(line, "event", NULL);
		const char *state = firn_json_string(line, "state", NULL);

		if (strcmp(event, "resumed") == 0)
			n++;
		else if (strcmp(event, "waits") == 0 ||
			 (strcmp(event, "step") == 0 && state != NULL &&
			  strcmp(state, "begun") != 0))
			break;
	}
	return n >= ATTEMPTS;
}

static int
give_up(struct firn_work *work, struct firn_err *err)
{
	const char *id = firn_json_string(work->opened, "target", "id", NULL);

	if (firn_work_note(work, "finished",
			   json_pack("{s:s, s:s}", "state", "failed", "why",
				     "its process ended three times in the "
				     "same step; the container is left as it "
				     "is: firn list tells how"),
			   err) < 0)
		return -1;
	if (id != NULL)
		firn_turn_end(id, work->diary.id, true);
	return 0;
}

int
firn_case_resume(const struct firn_runner *runner, const char *id,
		 struct firn_resumed *ret, struct firn_err *err)
{
	struct firn_work *work = &ret->work;
	int taken;

	*ret = (struct firn_resumed){ .work = firn_work_init(runner) };
	taken = firn_diary_take(&work->diary, id, err);
	if (taken <= 0)
		return taken;
	if (firn_diary_read(id, &work->lines, err) < 0)
		return -1;
	work->opened = firn_diary_last(work->lines, "opened");
	if (work->opened == NULL ||
	    firn_diary_last(work->lines, "finished") != NULL)
		return 0;
	if (is_hopeless(work->lines))
		return give_up(work, err);
	if (playbook_of(json_object_get(work->opened, "playbook"),
			&ret->playbook, err) < 0 ||
	    party_of(json_object_get(work->opened, "who"), &ret->who, err) <
		    0 ||
	    target_of(runner->host, json_object_get(work->opened, "target"),
		      &ret->target, err) < 0)
		return firn_err_in(err, "go on with case %s", id);
	work->playbook = ret->playbook;
	work->who = &ret->who;
	work->target = ret->target;
	take_up(work);
	if (firn_work_note(work, "resumed",
			   json_pack("{s:b, s:I}", "target_is_there",
				     ret->target != NULL, "pid",
				     (json_int_t)getpid()),
			   err) < 0)
		return -1;
	return 1;
}
