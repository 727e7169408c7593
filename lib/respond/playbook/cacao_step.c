#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/duration.h"
#include "base/json.h"
#include "firn/policy.h"
#include "respond/playbook/cacao.h"
#include "respond/playbook/saying.h"

/*
 * cacao_step -- the commands of a step: firn's own where it has one, and words
 * for people where it hasn't.
 *
 * Source: OASIS, CACAO Security Playbooks 2.0, sections 4 and 5.
 */

#define TARGET "__target__:value"
#define CASE "__case__:value"

struct parts {
	const struct firn_step *isolate, *freeze, *capture;
};

/* --- a command line ------------------------------------------------------- */

/* As sh(1) reads it back. */
static void
add_word(struct firn_buf *line, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-.,:/@%+=";

	firn_buf_addf(line, "%s", line->len > 0 ? " " : "");
	if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
		firn_buf_addf(line, "%s", word);
		return;
	}
	firn_buf_addf(line, "'");
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			firn_buf_addf(line, "'\\''");
		else
			firn_buf_add(line, word, 1);
	}
	firn_buf_addf(line, "'");
}

static void
add_words(struct firn_buf *line, const char *option,
	  const struct firn_words *words)
{
	for (size_t i = 0; i < words->n; i++) {
		if (option != NULL)
			add_word(line, option);
		add_word(line, words->items[i]);
	}
}

static void
add_time(struct firn_buf *line, const char *option, unsigned seconds)
{
	char time[FIRN_DURATION_TEXT];

	if (seconds == 0)
		return;
	firn_duration_text(seconds, time);
	add_word(line, option);
	add_word(line, time);
}

static void
add_flag(struct firn_buf *line, const char *option, bool is_set)
{
	if (is_set)
		add_word(line, option);
}

/* What has quotes stands in base64, as section 5.3 wants it. */
static int
add_command(struct firn_cacao_step *step, const char *type,
	    const struct firn_buf *text, const char *activity,
	    struct firn_err *err)
{
	json_t *command = json_object();

	if (firn_buf_check(text, err) < 0) {
		json_decref(command);
		return -1;
	}
	json_object_set_new(command, "type", json_string(type));
	if (strcmp(type, "bash") == 0 && strchr(text->data, '\'') != NULL) {
		autofree char *encoded = firn_base64(text->data, text->len);

		json_object_set_new(command, "command_b64",
				    json_string(encoded));
	} else {
		json_object_set_new(command, "command",
				    json_stringn(text->data, text->len));
	}
	json_object_set_new(command, "playbook_activity",
			    json_string(activity));
	json_array_append_new(step->commands, command);
	if (!firn_json_holds(step->activities, activity))
		json_array_append_new(step->activities, json_string(activity));
	return 0;
}

/* --- what is done to the container ---------------------------------------- */

static void
add_isolation(struct firn_buf *line, const struct firn_step *isolate)
{
	const struct firn_isolation *how = &isolate->isolation;

	add_words(line, "--allow", &isolate->words);
	add_flag(line, "--pod", how->whole_pod);
	add_flag(line, "--loopback", how->cut_loopback);
	add_flag(line, "--unix", how->cut_unix);
	add_flag(line, "--log", how->log);
	add_flag(line, "--reset", how->reset);
	add_flag(line, "--no-watch", !how->watch);
}

static const struct firn_step *
seal_of(const struct firn_playbook *playbook)
{
	for (size_t i = 0; i < playbook->n_steps; i++)
		if (playbook->steps[i].kind == FIRN_STEP_SEAL)
			return &playbook->steps[i];
	return NULL;
}

static size_t
captures_before(const struct firn_playbook *playbook, size_t n)
{
	size_t captures = 0;

	for (size_t i = 0; i < n; i++)
		captures += playbook->steps[i].kind == FIRN_STEP_CAPTURE;
	return captures;
}

/* Of the last capture before step `n`, of which there is one. */
static void
add_archive(struct firn_buf *line, const struct firn_playbook *playbook,
	    size_t n)
{
	size_t captures = captures_before(playbook, n);

	firn_buf_addf(line, "%s" FIRN_EVIDENCE_FOLDER "/" CASE,
		      line->len > 0 ? " " : "");
	if (captures > 1)
		firn_buf_addf(line, "-%zu", captures);
	firn_buf_addf(line, ".firn.tar.zst");
}

/* Once it has been frozen by a step, it is left so for those that follow. */
static bool
stays_frozen(const struct firn_playbook *playbook, size_t n)
{
	const struct firn_step *last = &playbook->steps[playbook->n_steps - 1];

	for (size_t i = 0; i < n; i++)
		if (playbook->steps[i].kind == FIRN_STEP_FREEZE &&
		    !playbook->steps[i].leave_running)
			return true;
	return last->ending == FIRN_THEN_KEEP_FROZEN;
}

static int
capture(const struct firn_playbook *playbook, size_t end,
	const struct parts *parts, struct firn_cacao_step *ret,
	struct firn_err *err)
{
	const struct firn_step *seal = seal_of(playbook);
	autobuf struct firn_buf line = { 0 };

	firn_buf_addf(&line, "firn capture --case " CASE);
	if (parts->isolate != NULL) {
		add_word(&line, "--isolate");
		add_isolation(&line, parts->isolate);
	}
	add_flag(&line, "--no-freeze",
		 parts->freeze != NULL && parts->freeze->leave_running);
	add_flag(&line, "--hold", parts->freeze != NULL && parts->freeze->hold);
	add_flag(&line, "--keep-frozen", stays_frozen(playbook, end));
	add_time(&line, "--max-freeze", playbook->limits.max_freeze_s);
	add_words(&line, "--only", &parts->capture->words);
	add_words(&line, "--volume", &parts->capture->volumes);
	if (seal != NULL && seal->key != NULL) {
		add_word(&line, "--key");
		add_word(&line, seal->key);
	}
	add_word(&line, "--output");
	add_archive(&line, playbook, end);
	add_word(&line, TARGET);
	return add_command(ret, "bash", &line, "scan-system", err);
}

static int
isolate(const struct firn_step *step, struct firn_cacao_step *ret,
	struct firn_err *err)
{
	autobuf struct firn_buf line = { 0 };

	firn_buf_addf(&line, "firn isolate --case " CASE);
	add_isolation(&line, step);
	add_word(&line, TARGET);
	return add_command(ret, "bash", &line, "disconnect-system", err);
}

static int
freeze(const struct firn_playbook *playbook, const struct firn_step *step,
       struct firn_cacao_step *ret, struct firn_err *err)
{
	autobuf struct firn_buf line = { 0 };

	firn_buf_addf(&line, "firn freeze --case " CASE);
	add_flag(&line, "--hold", step->hold);
	add_time(&line, "--max-freeze", playbook->limits.max_freeze_s);
	add_word(&line, TARGET);
	return add_command(ret, "bash", &line, "restrict-access", err);
}

static struct parts
parts_of(const struct firn_playbook *playbook, size_t n, size_t *ret_end)
{
	struct parts parts = { 0 };

	for (; n < playbook->n_steps; n++) {
		const struct firn_step *step = &playbook->steps[n];

		if (step->kind == FIRN_STEP_ISOLATE)
			parts.isolate = step->cut_nothing ? NULL : step;
		else if (step->kind == FIRN_STEP_FREEZE)
			parts.freeze = step;
		else if (step->kind == FIRN_STEP_CAPTURE)
			parts.capture = step;
		else
			break;
		if (step->kind == FIRN_STEP_CAPTURE) {
			n++;
			break;
		}
	}
	*ret_end = n;
	return parts;
}

static int
contain(const struct firn_playbook *playbook, size_t n,
	struct firn_cacao_step *ret, struct firn_err *err)
{
	struct parts parts = parts_of(playbook, n, &ret->end);

	ret->name = parts.capture != NULL ? "Contain and capture" : "Contain";
	for (; n < ret->end; n++)
		ret->or_else = ret->or_else || playbook->steps[n].stop_on_error;
	if (parts.capture != NULL)
		return capture(playbook, ret->end, &parts, ret, err);
	if (parts.isolate != NULL && isolate(parts.isolate, ret, err) < 0)
		return -1;
	return parts.freeze == NULL || parts.freeze->leave_running
		       ? 0
		       : freeze(playbook, parts.freeze, ret, err);
}

/* --- what comes of it ----------------------------------------------------- */

static int
assess(const struct firn_playbook *playbook, size_t n,
       struct firn_cacao_step *ret, struct firn_err *err)
{
	const struct firn_step *step = &playbook->steps[n];
	bool secrets = step->kind == FIRN_STEP_SECRETS;
	autobuf struct firn_buf line = { 0 };

	ret->name = secrets ? "List the secrets to rotate" : "Judge the node";
	firn_buf_addf(&line, "firn %s", secrets ? "secrets" : "exposure");
	add_flag(&line, "--deep", step->deep);
	/* Memory is the container's. */
	if (captures_before(playbook, n) > 0 && !step->deep)
		add_archive(&line, playbook, n);
	else
		add_word(&line, TARGET);
	return add_command(ret, "bash", &line, "analyze-collected-data", err);
}

static int
run(const struct firn_step *step, struct firn_cacao_step *ret,
    struct firn_err *err)
{
	autobuf struct firn_buf line = { 0 };

	ret->name = "Run a program of the team's own";
	firn_buf_addf(&line, "runuser -u");
	add_word(&line, step->user);
	add_word(&line, "--");
	add_words(&line, NULL, &step->words);
	return add_command(ret, "bash", &line, "execute-operation", err);
}

/* In the words in which it is explained. */
static int
by_people(const struct firn_playbook *playbook, size_t n, const char *name,
	  const char *activity, struct firn_cacao_step *ret,
	  struct firn_err *err)
{
	autobuf struct firn_buf text = { 0 };

	ret->name = name;
	ret->by_people = true;
	firn_say_step(playbook, n, &text);
	return add_command(ret, "manual", &text, activity, err);
}

static bool
was_frozen(const struct firn_playbook *playbook)
{
	for (size_t i = 0; i < playbook->n_steps; i++)
		if (playbook->steps[i].kind == FIRN_STEP_FREEZE &&
		    !playbook->steps[i].leave_running)
			return true;
	return false;
}

static int
leave(const struct firn_playbook *playbook, size_t n,
      struct firn_cacao_step *ret, struct firn_err *err)
{
	const struct firn_step *step = &playbook->steps[n];
	autobuf struct firn_buf line = { 0 };

	ret->name = "Leave it";
	if (step->ending == FIRN_THEN_STOP || step->ending == FIRN_THEN_KILL)
		return by_people(playbook, n, "End the container",
				 "eliminate-risk", ret, err);
	if (step->ending == FIRN_THEN_KEEP_FROZEN || !was_frozen(playbook))
		return 0;
	firn_buf_addf(&line, "firn thaw --case " CASE " " TARGET);
	return add_command(ret, "bash", &line, "restore-capabilities", err);
}

static int
say(const struct firn_playbook *playbook, size_t n, struct firn_cacao_step *ret,
    struct firn_err *err)
{
	switch (playbook->steps[n].kind) {
	case FIRN_STEP_ISOLATE:
	case FIRN_STEP_FREEZE:
	case FIRN_STEP_CAPTURE:
		return contain(playbook, n, ret, err);
	case FIRN_STEP_SECRETS:
	case FIRN_STEP_EXPOSURE:
		return assess(playbook, n, ret, err);
	case FIRN_STEP_RUN:
		return run(&playbook->steps[n], ret, err);
	case FIRN_STEP_WAIT:
		return by_people(playbook, n, "Wait for a person to say yes",
				 "identify-steps", ret, err);
	case FIRN_STEP_SEND:
		return by_people(playbook, n, "Send the archive",
				 "deliver-content", ret, err);
	case FIRN_STEP_NOTIFY:
		return by_people(playbook, n, "Tell people", "deliver-content",
				 ret, err);
	case FIRN_STEP_THEN:
		return leave(playbook, n, ret, err);
	case FIRN_STEP_SEAL: /* an option of the capture */
		break;
	}
	return 0;
}

int
firn_cacao_step(const struct firn_playbook *playbook, size_t n,
		struct firn_cacao_step *ret, struct firn_err *err)
{
	*ret = (struct firn_cacao_step){
		.commands = json_array(),
		.activities = json_array(),
		.timeout_s = playbook->steps[n].timeout_s,
		.or_else = playbook->steps[n].stop_on_error,
		.end = n + 1,
	};
	if (say(playbook, n, ret, err) == 0)
		return 0;
	firn_cacao_step_free(ret);
	return -1;
}

void
firn_cacao_step_free(struct firn_cacao_step *step)
{
	json_decref(step->commands);
	json_decref(step->activities);
	*step = (struct firn_cacao_step){ 0 };
}
