#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "evidence/case_folder.h"
#include "firn/exposure.h"
#include "firn/outbox.h"
#include "firn/owners.h"
#include "firn/rotation.h"
#include "firn/secrets.h"
#include "respond/cases/view.h"
#include "respond/cases/work.h"

/*
 * work_steps -- the steps that don't hold a container: what was found, and who
 * gets it.
 */

#define DEEP_S 120
#define SEND_S 3600
#define RUN_S 60
#define RUN_ARGV 255

/* --- secrets, exposure ---------------------------------------------------- */

/* What a capture has is in its archive, and said in short. */
static json_t *
of_capture(const struct firn_work *work, const char *key)
{
	const json_t *said = json_object_get(work->capture, key);

	return json_is_object(said) ? json_deep_copy(said) : NULL;
}

/* "items", "urgent", and where the list is. */
static int
keep_checklist(struct firn_work *work, json_t *checklist, json_t **ret,
	       struct firn_err *err)
{
	autodone(firn_owners_close) struct firn_owners *owners = NULL;
	autoclose int cases_fd = firn_case_folder(err);
	const json_t *items = json_object_get(checklist, "items"), *item;
	json_int_t urgent = 0;
	size_t i;

	if (cases_fd < 0 || firn_rotation_mark(cases_fd, checklist, err) < 0 ||
	    firn_owners_open(&owners, NULL, err) < 0 ||
	    firn_owners_assign(owners, checklist, err) < 0 ||
	    firn_rotation_keep(cases_fd, checklist, err) < 0)
		return -1;
	json_array_foreach(items, i, item) {
		const char *priority = firn_json_string(item, "priority", NULL);

		urgent += priority != NULL && strcmp(priority, "P0") == 0;
	}
	*ret = json_pack("{s:I, s:I, s:s}", "items",
			 (json_int_t)json_array_size(items), "urgent", urgent,
			 "case", work->diary.id);
	return 0;
}

static int
secrets(struct firn_work *work, const struct firn_step *step, json_t **ret,
	struct firn_err *err)
{
	autodone(firn_secret_rules_close) struct firn_secret_rules *rules =
		NULL;
	const struct firn_deep deep = {
		.seconds = step->timeout_s > 0 ? step->timeout_s : DEEP_S,
	};
	const struct firn_secrets_more more = {
		.deep = step->deep ? &deep : NULL,
	};
	autojson json_t *checklist = NULL;

	*ret = step->deep ? NULL : of_capture(work, "secrets");
	if (*ret != NULL)
		return 0;
	if (work->target == NULL)
		return firn_work_gone(work, err);
	if (firn_secret_rules_open(&rules, NULL, 0, err) < 0 ||
	    firn_case_key(&work->of, err) < 0 ||
	    firn_target_scan(work->target, err) < 0 ||
	    firn_secrets_more_of_target(work->target, rules, &work->of, &more,
					&checklist, err) < 0)
		return -1;
	return keep_checklist(work, checklist, ret, err);
}

static int
exposure(struct firn_work *work, json_t **ret, struct firn_err *err)
{
	autojson json_t *said = NULL;
	const json_t *first;

	*ret = of_capture(work, "node");
	if (*ret != NULL)
		return 0;
	if (work->target == NULL)
		return firn_work_gone(work, err);
	if (firn_target_scan(work->target, err) < 0 ||
	    firn_exposure_of_target(work->target, &said, err) < 0)
		return -1;
	first = json_array_get(json_object_get(said, "reasons"), 0);
	*ret = json_object();
	json_object_set(*ret, "verdict", json_object_get(said, "verdict"));
	json_object_set(*ret, "strongest", json_object_get(first, "fact"));
	return 0;
}

/* --- send, notify, run ---------------------------------------------------- */

/* RFC 3986, section 2.3. */
static void
add_escaped(struct firn_buf *url, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (isascii(c) && (isalnum(c) || strchr("-_.~", c) != NULL))
			firn_buf_add(url, text, 1);
		else
			firn_buf_addf(url, "%%%02X", c);
	}
}

static int
fill_in(const struct firn_work *work, const char *template, char **ret,
	struct firn_err *err)
{
	const char *slash = strrchr(work->archive, '/');
	struct firn_buf url = { 0 };

	for (const char *at = template; *at != '\0';) {
		if (strncmp(at, "{case}", 6) == 0) {
			add_escaped(&url, work->diary.id);
			at += 6;
		} else if (strncmp(at, "{archive}", 9) == 0) {
			add_escaped(&url,
				    slash != NULL ? slash + 1 : work->archive);
			at += 9;
		} else {
			firn_buf_add(&url, at++, 1);
		}
	}
	if (firn_buf_check(&url, err) < 0)
		return -1;
	*ret = url.data;
	return 0;
}

static int
send_archive(struct firn_work *work, const struct firn_step *step, json_t **ret,
	     struct firn_err *err)
{
	unsigned timeout_s = step->timeout_s > 0 ? step->timeout_s : SEND_S;
	autofree char *url = NULL;

	if (work->archive == NULL)
		return firn_err_set(err, ENOENT,
				    "there is no sealed archive to send");
	if (fill_in(work, step->url, &url, err) < 0)
		return -1;
	return firn_send(work->archive, url, timeout_s, ret, err);
}

static int
notify(struct firn_work *work, size_t n, json_t **ret, struct firn_err *err)
{
	const struct firn_step *step = &work->playbook->steps[n];
	autojson json_t *body = firn_work_message(work, "notify", step->text);
	char id[FIRN_CASE_ID + 32];

	/* The same after an interruption: who had it knows it. */
	snprintf(id, sizeof(id), "%s.step%zu", work->diary.id, n + 1);
	/* Without one: whoever is told of the case. */
	if (step->url == NULL)
		return firn_work_tell_all(work, id, body, ret, err);
	if (firn_outbox_put(id, step->url, step->secret_file, body, err) < 0 ||
	    firn_outbox_sync(err) < 0)
		return -1;
	*ret = json_pack("{s:s}", "message", id);
	return 0;
}

static int
run(struct firn_work *work, const struct firn_step *step, json_t **ret,
    struct firn_err *err)
{
	unsigned timeout_s = step->timeout_s > 0 ? step->timeout_s : RUN_S;
	autojson json_t *lines = NULL, *input = NULL;
	const char *argv[RUN_ARGV + 1] = { NULL };
	json_int_t status;

	if (step->words.n > RUN_ARGV)
		return firn_err_set(err, E2BIG, "more than %d arguments",
				    RUN_ARGV);
	for (size_t i = 0; i < step->words.n; i++)
		argv[i] = step->words.items[i];
	if (firn_diary_read(work->diary.id, &lines, err) < 0)
		return -1;
	input = firn_case_view(work->diary.id, lines, true);
	if (firn_run_argv(argv, step->user != NULL ? step->user : "nobody",
			  timeout_s, input, ret, err) < 0)
		return -1;
	status = json_integer_value(json_object_get(*ret, "status"));
	if (json_is_integer(json_object_get(*ret, "status")) && status == 0)
		return 0;
	if (json_is_true(json_object_get(*ret, "timed_out")))
		return firn_err_set(err, ETIMEDOUT,
				    "%s took more than %u seconds", argv[0],
				    timeout_s);
	return firn_err_set(err, ECANCELED, "%s ended with status %lld",
			    argv[0], (long long)status);
}

/* What can't be undone is never done twice: it may have been done. */
static bool
is_once_only(const struct firn_step *step)
{
	return step->kind == FIRN_STEP_RUN ||
	       (step->kind == FIRN_STEP_THEN && step->ending == FIRN_THEN_KILL);
}

/* --- wait ----------------------------------------------------------------- */

/* What an approval is asked for: the gravest of what follows. */
static enum firn_role
gravest_after(const struct firn_work *work, size_t n)
{
	unsigned role = FIRN_ROLE_LOOK;

	for (; n < work->playbook->n_steps; n++) {
		unsigned its = firn_step_role(&work->playbook->steps[n]);

		role = its > role ? its : role;
	}
	return (enum firn_role)role;
}

/* As do_step() has it: 1, 0 while it is waited for. */
static int
wait_for(struct firn_work *work, size_t n, struct firn_err *err)
{
	struct firn_err why = { 0 };
	int given = firn_work_await(work, n, gravest_after(work, n), &why);

	if (given == 0)
		return 0;
	if (given > 0)
		return firn_step_done(work, n, NULL, err) < 0 ? -1 : 1;
	work->withheld = true;
	return firn_step_failed(work, n, NULL, &why, err) < 0 ? -1 : 1;
}

/* -------------------------------------------------------------------------- */

static int
do_step(struct firn_work *work, size_t n, json_t **ret, struct firn_err *err)
{
	const struct firn_step *step = &work->playbook->steps[n];

	switch (step->kind) {
	case FIRN_STEP_SECRETS:
		return secrets(work, step, ret, err);
	case FIRN_STEP_EXPOSURE:
		return exposure(work, ret, err);
	case FIRN_STEP_SEAL:
		return 0; /* firn_case_signer() has seen it */
	case FIRN_STEP_SEND:
		return send_archive(work, step, ret, err);
	case FIRN_STEP_NOTIFY:
		return notify(work, n, ret, err);
	case FIRN_STEP_RUN:
		return run(work, step, ret, err);
	case FIRN_STEP_THEN:
		return firn_work_leave(work, step->ending, ret, err);
	case FIRN_STEP_FREEZE:
	case FIRN_STEP_ISOLATE:
	case FIRN_STEP_CAPTURE:
	case FIRN_STEP_WAIT:
		break;
	}
	return firn_err_set(err, EINVAL, "not a step by itself");
}

int
firn_work_step(struct firn_work *work, size_t n, struct firn_err *err)
{
	const struct firn_step *step = &work->playbook->steps[n];
	struct firn_err why = { 0 };
	json_t *result = NULL;

	if (step->kind == FIRN_STEP_WAIT)
		return wait_for(work, n, err);
	firn_work_tell(work, "started");
	if (work->steps[n].settled == FIRN_STEP_BEGUN && is_once_only(step)) {
		firn_err_set(&why, EALREADY,
			     "it was begun when the work was interrupted, and "
			     "may have been done: not done again");
		return firn_step_failed(work, n, NULL, &why, err);
	}
	if (firn_step_begin(work, n, err) < 0)
		return -1;
	if (do_step(work, n, &result, &why) < 0)
		return firn_step_failed(work, n, result, &why, err);
	return firn_step_done(work, n, result, err);
}
