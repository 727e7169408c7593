#include "respond/playbook/steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/*
 * steps -- each step as it is written: one key that says what, and beside it
 * "with" (of a capture) and "on_error".
 */

static const char *const names[] = {
	[FIRN_STEP_FREEZE] = "freeze",     [FIRN_STEP_ISOLATE] = "isolate",
	[FIRN_STEP_CAPTURE] = "capture",   [FIRN_STEP_SECRETS] = "secrets",
	[FIRN_STEP_EXPOSURE] = "exposure", [FIRN_STEP_SEAL] = "seal",
	[FIRN_STEP_WAIT] = "wait",         [FIRN_STEP_SEND] = "send",
	[FIRN_STEP_NOTIFY] = "notify",     [FIRN_STEP_RUN] = "run",
	[FIRN_STEP_THEN] = "then",
};

const char *
firn_step_name(enum firn_step_kind kind)
{
	return names[kind];
}

void
firn_step_free(struct firn_step *step)
{
	firn_words_free(&step->words);
	firn_words_free(&step->volumes);
	free(step->allow);
	free(step->url);
	free(step->secret_file);
	free(step->text);
	free(step->user);
	free(step->key);
	json_decref(step->with);
	*step = (struct firn_step){ 0 };
}

/* Beside its name in `names`, what else it may be called. */
static const struct form {
	const char *name;
	enum firn_step_kind kind;
	firn_take_fn *take; /* NULL: a capture, which looks at "with", too */
} forms[] = {
	{ "freeze", FIRN_STEP_FREEZE, firn_take_freeze },
	{ "isolate", FIRN_STEP_ISOLATE, firn_take_isolate },
	{ "network", FIRN_STEP_ISOLATE, firn_take_isolate },
	{ "capture", FIRN_STEP_CAPTURE, NULL },
	{ "secrets", FIRN_STEP_SECRETS, firn_take_secrets },
	{ "rotate", FIRN_STEP_SECRETS, firn_take_secrets },
	{ "exposure", FIRN_STEP_EXPOSURE, firn_take_nothing },
	{ "seal", FIRN_STEP_SEAL, firn_take_seal },
	{ "wait", FIRN_STEP_WAIT, firn_take_wait },
	{ "send", FIRN_STEP_SEND, firn_take_send },
	{ "ship", FIRN_STEP_SEND, firn_take_send },
	{ "notify", FIRN_STEP_NOTIFY, firn_take_notify },
	{ "run", FIRN_STEP_RUN, firn_take_run },
	{ "then", FIRN_STEP_THEN, firn_take_then },
};

#define N_FORMS (sizeof(forms) / sizeof(forms[0]))

static const struct form *
form_of(const char *name)
{
	for (size_t i = 0; i < N_FORMS; i++)
		if (name != NULL && strcmp(forms[i].name, name) == 0)
			return &forms[i];
	return NULL;
}

/* The one key of a step that says what it is.  A word alone is none that is
 * known. */
static int
find_form(const struct firn_written *in, struct fy_node *node,
	  const struct form **ret, struct fy_node **ret_key,
	  struct firn_err *err)
{
	const char *known[N_FORMS + 3] = { 0 };
	struct fy_node_pair *pair;
	void *at = NULL;
	int none;

	for (size_t i = 0; i < N_FORMS; i++)
		known[i] = forms[i].name;
	if (fy_node_is_scalar(node))
		return firn_yaml_choice(in->yaml, node, known, &none, err);
	known[N_FORMS] = "with";
	known[N_FORMS + 1] = "on_error";
	if (firn_yaml_keys(in->yaml, node, known, err) < 0)
		return -1;
	while ((pair = fy_node_mapping_iterate(node, &at)) != NULL) {
		struct fy_node *key = fy_node_pair_key(pair);
		const struct form *form = form_of(fy_node_get_scalar0(key));

		if (form != NULL && *ret != NULL)
			return firn_yaml_error(in->yaml, key, err,
					       "a step does one thing: begin "
					       "another with \"- %s\"",
					       form->name);
		if (form != NULL) {
			*ret = form;
			*ret_key = key;
		}
	}
	return *ret != NULL
		       ? 0
		       : firn_yaml_error(in->yaml, node, err,
					 "a step says what is done: freeze, "
					 "isolate, capture, ...");
}

static int
take_on_error(const struct firn_written *in, struct fy_node *node,
	      struct firn_step *step, struct firn_err *err)
{
	static const char *const choices[] = { "continue", "stop", NULL };
	int which = step->stop_on_error;

	if (node == NULL)
		return 0;
	if (firn_yaml_choice(in->yaml, node, choices, &which, err) < 0)
		return -1;
	if (step->kind == FIRN_STEP_WAIT && which == 0)
		return firn_yaml_error(in->yaml, node, err,
				       "a refusal is an answer: what waits for "
				       "approval doesn't go on without");
	if (step->kind == FIRN_STEP_THEN)
		return firn_yaml_error(in->yaml, node, err,
				       "nothing comes after \"then\"");
	step->stop_on_error = which == 1;
	return 0;
}

/* "- exposure" is "- exposure: {}". */
static int
take_step(const struct firn_written *in, struct fy_node *node,
	  struct firn_step *step, struct firn_err *err)
{
	const struct form *form = NULL;
	struct fy_node *key = node, *value = NULL, *with;

	if (node == NULL)
		return firn_yaml_error(in->yaml, NULL, err, "an empty step");
	if (fy_node_is_scalar(node))
		form = form_of(fy_node_get_scalar0(node));
	if (form == NULL && find_form(in, node, &form, &key, err) < 0)
		return -1;
	if (key != node)
		value = firn_yaml_at(node, form->name);
	step->kind = form->kind;
	firn_yaml_place(key, &step->line, &step->column);
	with = firn_yaml_at(node, "with");
	if (with != NULL && form->take != NULL)
		return firn_yaml_error(in->yaml, with, err,
				       "\"with\" belongs to a capture");
	/* Of what isn't there, the place is that of its name. */
	if (value == NULL &&
	    (form->take == firn_take_send || form->take == firn_take_run ||
	     form->take == firn_take_then))
		return firn_yaml_error(in->yaml, key, err,
				       "\"%s\" says nothing", form->name);
	if ((form->take == NULL
		     ? firn_written_capture(in, value, with, step, err)
		     : form->take(in, value, step, err)) < 0)
		return -1;
	return take_on_error(in, firn_yaml_at(node, "on_error"), step, err);
}

static int
check_end(const struct firn_written *in, struct fy_node *node,
	  struct firn_err *err)
{
	const struct firn_playbook *playbook = in->playbook;
	const struct firn_step *last = &playbook->steps[playbook->n_steps - 1];

	for (const struct firn_step *step = playbook->steps; step < last;
	     step++)
		if (step->kind == FIRN_STEP_THEN)
			return firn_yaml_error(in->yaml, node, err,
					       "nothing comes after \"then\"");
	return 0;
}

int
firn_written_steps(const struct firn_written *in, struct fy_node *node,
		   struct firn_err *err)
{
	struct firn_playbook *playbook = in->playbook;
	struct fy_node *item;
	void *at = NULL;

	if (node == NULL || !fy_node_is_sequence(node) ||
	    fy_node_sequence_item_count(node) < 1)
		return firn_yaml_error(in->yaml, node, err,
				       "a list of steps is expected here");
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL) {
		if (playbook->n_steps == FIRN_STEPS_WRITTEN)
			return firn_yaml_error(in->yaml, item, err,
					       "more than %d steps",
					       FIRN_STEPS_WRITTEN);
		playbook->n_steps++;
		if (take_step(in, item, &playbook->steps[playbook->n_steps - 1],
			      err) < 0 ||
		    check_end(in, item, err) < 0)
			return -1;
	}
	return 0;
}
