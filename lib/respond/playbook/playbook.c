#include "firn/playbook.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/duration.h"
#include "base/policy_file.h"
#include "firn/policy.h"
#include "respond/playbook/written.h"

#define VERSION_MAX 1000000
#define RUNNING_MAX 1000

static int
take_name(const struct firn_written *in, struct fy_node *node,
	  struct firn_err *err)
{
	struct firn_playbook *playbook = in->playbook;

	if (node == NULL)
		return firn_yaml_error(in->yaml,
				       fy_document_root(in->yaml->document),
				       err,
				       "\"playbook\" is missing: its name");
	if (firn_written_text(in, node, FIRN_PLAYBOOK_NAME, &playbook->name,
			      err) < 0)
		return -1;
	if (strspn(playbook->name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
		    strlen(playbook->name) &&
	    playbook->name[0] != '.' && playbook->name[0] != '-')
		return 0;
	return firn_yaml_error(in->yaml, node, err,
			       "a name is of small letters, digits, - _ and .");
}

static int
take_limits(const struct firn_written *in, struct fy_node *node,
	    struct firn_err *err)
{
	static const char *const keys[] = { "cooldown", "max_running",
					    "max_freeze", "approve", NULL };
	static const char *const approvals[] = { "never", "network", "always",
						 NULL };
	struct firn_playbook_limits *limits = &in->playbook->limits;
	struct fy_node *cooldown = firn_yaml_at(node, "cooldown");
	size_t len = 0;
	const char *text;

	if (node == NULL)
		return 0;
	if (firn_yaml_keys(in->yaml, node, keys, err) < 0 ||
	    firn_yaml_number(in->yaml, firn_yaml_at(node, "max_running"), 0,
			     RUNNING_MAX, &limits->max_running, err) < 0 ||
	    firn_yaml_duration(in->yaml, firn_yaml_at(node, "max_freeze"),
			       FIRN_DURATION_MAX, &limits->max_freeze_s,
			       err) < 0 ||
	    firn_yaml_choice(in->yaml, firn_yaml_at(node, "approve"), approvals,
			     &limits->approve, err) < 0)
		return -1;
	text = cooldown != NULL ? fy_node_get_scalar(cooldown, &len) : NULL;
	if (text != NULL && len == 1 && text[0] == '0')
		return 0;
	return firn_yaml_duration(in->yaml, cooldown, FIRN_DURATION_MAX,
				  &limits->cooldown_s, err);
}

static int
take_all(const struct firn_written *in, struct firn_err *err)
{
	static const char *const keys[] = {
		"playbook", "version", "description", "owner",  "match",
		"except",   "limits",  "steps",       "notify", NULL,
	};
	struct fy_node *root = fy_document_root(in->yaml->document);
	struct fy_node *match = firn_yaml_at(root, "match");
	struct fy_node *except = firn_yaml_at(root, "except");
	struct firn_playbook *playbook = in->playbook;

	playbook->version = 1;
	if (firn_yaml_keys(in->yaml, root, keys, err) < 0 ||
	    take_name(in, firn_yaml_at(root, "playbook"), err) < 0 ||
	    firn_yaml_number(in->yaml, firn_yaml_at(root, "version"), 1,
			     VERSION_MAX, &playbook->version, err) < 0 ||
	    firn_written_text(in, firn_yaml_at(root, "description"),
			      FIRN_PLAYBOOK_TEXT, &playbook->description,
			      err) < 0 ||
	    firn_written_text(in, firn_yaml_at(root, "owner"),
			      FIRN_PLAYBOOK_TEXT, &playbook->owner, err) < 0)
		return -1;
	if ((match != NULL &&
	     firn_written_match(in, match, &playbook->match, err) < 0) ||
	    (except != NULL &&
	     firn_written_match(in, except, &playbook->except, err) < 0) ||
	    take_limits(in, firn_yaml_at(root, "limits"), err) < 0)
		return -1;
	if (firn_yaml_at(root, "steps") == NULL)
		return firn_yaml_error(in->yaml, root, err,
				       "\"steps\" is missing: what is done");
	return firn_written_steps(in, firn_yaml_at(root, "steps"), err) < 0
		       ? -1
		       : firn_written_notify(in, firn_yaml_at(root, "notify"),
					     err);
}

static int
take_text(struct firn_playbook *playbook, const char *file, const char *text,
	  size_t len, struct firn_err *err)
{
	playbook->match = json_array();
	playbook->except = json_array();
	playbook->notify = json_array();
	playbook->warnings = json_array();
	playbook->file = strdup(file);
	playbook->text = malloc(len + 1);
	if (playbook->match == NULL || playbook->except == NULL ||
	    playbook->notify == NULL || playbook->warnings == NULL ||
	    playbook->file == NULL || playbook->text == NULL)
		return firn_err_nomem(err);
	memcpy(playbook->text, text, len);
	playbook->text[len] = '\0';
	playbook->len = len;
	return firn_sha256_text(text, len, playbook->sha256, err);
}

int
firn_playbook_parse(struct firn_playbook **ret, const char *file,
		    const char *text, size_t len, struct firn_err *err)
{
	autodone(firn_playbook_close) struct firn_playbook *playbook =
		calloc(1, sizeof(*playbook));
	struct firn_yaml yaml = { 0 };
	const struct firn_written in = { &yaml, playbook };
	int done;

	if (playbook == NULL)
		return firn_err_nomem(err);
	if (take_text(playbook, file, text, len, err) < 0 ||
	    firn_yaml_open(&yaml, playbook->file, playbook->text, len, err) < 0)
		return -1;
	done = take_all(&in, err);
	firn_yaml_close(&yaml);
	if (done < 0 || firn_playbook_order(playbook, err) < 0)
		return -1;
	firn_playbook_look(playbook);
	*ret = firn_steal(playbook);
	return 0;
}

void
firn_playbook_close(struct firn_playbook **playbook)
{
	struct firn_playbook *closing = *playbook;

	if (closing == NULL)
		return;
	for (size_t i = 0; i < FIRN_PLAYBOOK_STEPS; i++)
		firn_step_free(&closing->steps[i]);
	json_decref(closing->match);
	json_decref(closing->except);
	json_decref(closing->notify);
	json_decref(closing->warnings);
	free(closing->name);
	free(closing->description);
	free(closing->owner);
	free(closing->file);
	free(closing->text);
	free(closing);
	*playbook = NULL;
}

int
firn_playbook_read(struct firn_playbook **ret, const char *path,
		   struct firn_err *err)
{
	const char *slash = strrchr(path, '/');
	autofree char *text = NULL;
	size_t len;

	if (firn_policy_read(path, &text, &len, err) < 0)
		return -1;
	return firn_playbook_parse(ret, slash != NULL ? slash + 1 : path, text,
				   len, err);
}

unsigned
firn_playbook_roles(const struct firn_playbook *playbook)
{
	unsigned roles = 0;

	for (size_t i = 0; i < playbook->n_steps; i++) {
		const struct firn_step *step = &playbook->steps[i];

		if (step->kind == FIRN_STEP_ISOLATE && !step->cut_nothing)
			roles |= FIRN_ROLE_ISOLATE;
		if (step->kind == FIRN_STEP_FREEZE && !step->leave_running)
			roles |= FIRN_ROLE_FREEZE;
		if (step->kind == FIRN_STEP_CAPTURE)
			roles |= FIRN_ROLE_CAPTURE;
		if (step->kind == FIRN_STEP_SECRETS ||
		    step->kind == FIRN_STEP_EXPOSURE)
			roles |= FIRN_ROLE_LOOK;
		if (step->kind != FIRN_STEP_THEN)
			continue;
		if (step->ending == FIRN_THEN_STOP ||
		    step->ending == FIRN_THEN_KILL)
			roles |= FIRN_ROLE_KILL;
		/* Longer than a capture freezes it. */
		if (step->ending == FIRN_THEN_KEEP_FROZEN)
			roles |= FIRN_ROLE_FREEZE;
	}
	/* What only runs or tells something is about the container, too. */
	return roles != 0 ? roles : FIRN_ROLE_LOOK;
}
