#include "respond/playbook/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/*
 * steps_act -- what is done to the container, and made of what was captured.
 */

int
firn_take_freeze(const struct firn_written *in, struct fy_node *node,
		 struct firn_step *step, struct firn_err *err)
{
	static const char *const keys[] = { "mode", "hold", NULL };
	static const char *const modes[] = { "auto", "cgroup", "none", NULL };
	int mode = 0;

	if (firn_written_says_nothing(node))
		return 0;
	if (firn_yaml_keys(in->yaml, node, keys, err) < 0 ||
	    firn_yaml_choice(in->yaml, firn_yaml_at(node, "mode"), modes, &mode,
			     err) < 0 ||
	    firn_yaml_flag(in->yaml, firn_yaml_at(node, "hold"), &step->hold,
			   err) < 0)
		return -1;
	step->leave_running = mode == 2;
	if (step->leave_running && step->hold)
		return firn_yaml_error(in->yaml, node, err,
				       "what isn't frozen can't be held");
	return 0;
}

static int
take_allow(const struct firn_written *in, struct fy_node *node,
	   struct firn_step *step, struct firn_err *err)
{
	struct fy_node *item;
	void *at = NULL;

	if (firn_yaml_words(in->yaml, node, &step->words, err) < 0)
		return -1;
	if (step->words.n == 0)
		return 0;
	if (step->words.n > FIRN_ALLOW_MAX)
		return firn_yaml_error(in->yaml, node, err,
				       "%d can be allowed at most",
				       FIRN_ALLOW_MAX);
	step->allow = calloc(step->words.n, sizeof(*step->allow));
	if (step->allow == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < step->words.n; i++) {
		struct firn_err why = { 0 };

		item = fy_node_sequence_iterate(node, &at);
		if (firn_allow_parse(step->words.items[i], &step->allow[i],
				     &why) < 0)
			return firn_yaml_error(in->yaml, item, err, "%s",
					       why.text);
	}
	step->isolation.allow = step->allow;
	step->isolation.n_allow = step->words.n;
	return 0;
}

int
firn_take_isolate(const struct firn_written *in, struct fy_node *node,
		  struct firn_step *step, struct firn_err *err)
{
	static const char *const keys[] = { "cut",   "allow",    "pod",
					    "log",   "reset",    "unix",
					    "watch", "loopback", NULL };
	static const char *const cuts[] = { "all", "egress", "none", NULL };
	struct firn_isolation *how = &step->isolation;
	struct fy_node *cut = firn_yaml_at(node, "cut");
	const struct {
		const char *key;
		bool *flag;
	} flags[] = {
		{ "pod", &how->whole_pod }, { "log", &how->log },
		{ "reset", &how->reset },   { "unix", &how->cut_unix },
		{ "watch", &how->watch },   { "loopback", &how->cut_loopback }
	};
	int which = 0;

	how->watch = true;
	if (firn_written_says_nothing(node))
		return 0;
	if (firn_yaml_keys(in->yaml, node, keys, err) < 0 ||
	    firn_yaml_choice(in->yaml, cut, cuts, &which, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (firn_yaml_flag(in->yaml, firn_yaml_at(node, flags[i].key),
				   flags[i].flag, err) < 0)
			return -1;
	step->cut_nothing = which == 2;
	if (which == 1)
		firn_written_warn(in, cut,
				  "\"egress\" can't be done yet: what comes in "
				  "is cut, too");
	return take_allow(in, firn_yaml_at(node, "allow"), step, err);
}

int
firn_take_secrets(const struct firn_written *in, struct fy_node *node,
		  struct firn_step *step, struct firn_err *err)
{
	static const char *const keys[] = { "checklist", "redact", "deep",
					    NULL };
	bool checklist = true, redact = true;

	if (firn_written_says_nothing(node))
		return 0;
	if (firn_yaml_keys(in->yaml, node, keys, err) < 0 ||
	    firn_yaml_flag(in->yaml, firn_yaml_at(node, "checklist"),
			   &checklist, err) < 0 ||
	    firn_yaml_flag(in->yaml, firn_yaml_at(node, "redact"), &redact,
			   err) < 0 ||
	    firn_yaml_flag(in->yaml, firn_yaml_at(node, "deep"), &step->deep,
			   err) < 0)
		return -1;
	if (!checklist)
		firn_written_warn(in, firn_yaml_at(node, "checklist"),
				  "a checklist is made all the same: the step "
				  "is nothing else");
	if (!redact)
		firn_written_warn(in, firn_yaml_at(node, "redact"),
				  "values are never shown: firn secrets "
				  "--reveal does it, for a person");
	return 0;
}

int
firn_take_nothing(const struct firn_written *in, struct fy_node *node,
		  struct firn_step *step, struct firn_err *err)
{
	if (firn_written_says_nothing(node))
		return 0;
	return firn_yaml_error(in->yaml, node, err,
			       "\"%s\" takes nothing: %s: {}",
			       firn_step_name(step->kind),
			       firn_step_name(step->kind));
}

/* A key's name is a file's, in the one folder that root keeps. */
static int
take_key(const struct firn_written *in, struct fy_node *node,
	 struct firn_step *step, struct firn_err *err)
{
	autofree char *name = NULL;

	if (firn_written_text(in, node, FIRN_PLAYBOOK_NAME, &name, err) < 0)
		return -1;
	if (name == NULL || strcmp(name, "default") == 0)
		return 0;
	if (name[0] == '.' || strspn(name, "abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789._-") != strlen(name))
		return firn_yaml_error(
			in->yaml, node, err,
			"a key is named as NAME.pem in " FIRN_KEYS
			" is, without the .pem");
	if (asprintf(&step->key, FIRN_KEYS "/%s.pem", name) < 0) {
		step->key = NULL;
		return firn_err_nomem(err);
	}
	return 0;
}

int
firn_take_seal(const struct firn_written *in, struct fy_node *node,
	       struct firn_step *step, struct firn_err *err)
{
	static const char *const keys[] = { "sign", "timestamp", "encrypt_to",
					    NULL };
	static const char *const schemes[] = { "https://", "http://", NULL };
	struct fy_node *timestamp = firn_yaml_at(node, "timestamp");
	struct fy_node *encrypt = firn_yaml_at(node, "encrypt_to");
	autofree char *url = NULL;
	struct firn_words recipients = { 0 };
	int done;

	if (firn_written_says_nothing(node))
		return 0;
	if (firn_yaml_keys(in->yaml, node, keys, err) < 0 ||
	    take_key(in, firn_yaml_at(node, "sign"), step, err) < 0 ||
	    firn_written_url(in, timestamp, schemes, &url, err) < 0)
		return -1;
	done = firn_yaml_words(in->yaml, encrypt, &recipients, err);
	firn_words_free(&recipients);
	if (done < 0)
		return -1;
	if (timestamp != NULL)
		firn_written_warn(
			in, timestamp,
			"\"timestamp\" can't be done yet: the archive "
			"is sealed without one");
	if (encrypt != NULL)
		firn_written_warn(in, encrypt,
				  "\"encrypt_to\" can't be done yet: the "
				  "archive is not encrypted");
	return 0;
}

int
firn_take_then(const struct firn_written *in, struct fy_node *node,
	       struct firn_step *step, struct firn_err *err)
{
	static const char *const endings[] = {
		[FIRN_THEN_KEEP_FROZEN] = "keep-frozen",
		[FIRN_THEN_THAW] = "thaw",
		[FIRN_THEN_STOP] = "stop",
		[FIRN_THEN_KILL] = "kill",
		NULL,
	};
	int which = -1;

	if (firn_yaml_choice(in->yaml, node, endings, &which, err) < 0)
		return -1;
	if (which < 0)
		return firn_yaml_error(in->yaml, node, err,
				       "then: keep-frozen, thaw, stop or kill");
	step->ending = (enum firn_ending)which;
	return 0;
}
