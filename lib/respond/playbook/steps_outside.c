#include "respond/playbook/steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/*
 * steps_outside -- what others do, or are told.
 */

/* A hook, an upload and an answer of a person take no longer. */
#define RUN_MAX_S 3600
#define SEND_MAX_S (24 * 3600)
#define WAIT_MAX_S (7 * 24 * 3600)

/* "wait: approval", or {for: approval, text, timeout}. */
int
firn_take_wait(const struct firn_written *in, struct fy_node *node,
	       struct firn_step *step, struct firn_err *err)
{
	static const char *const keys[] = { "for", "text", "timeout", NULL };
	static const char *const fors[] = { "approval", NULL };
	int which = 0;

	/* A refusal is an answer. */
	step->stop_on_error = true;
	if (firn_written_says_nothing(node))
		return 0;
	if (fy_node_is_scalar(node))
		return firn_yaml_choice(in->yaml, node, fors, &which, err);
	if (firn_yaml_keys(in->yaml, node, keys, err) < 0 ||
	    firn_yaml_choice(in->yaml, firn_yaml_at(node, "for"), fors, &which,
			     err) < 0 ||
	    firn_written_text(in, firn_yaml_at(node, "text"),
			      FIRN_PLAYBOOK_TEXT, &step->text, err) < 0)
		return -1;
	return firn_yaml_duration(in->yaml, firn_yaml_at(node, "timeout"),
				  WAIT_MAX_S, &step->timeout_s, err);
}

/* "{case}" and "{archive}" are all that can stand in one. */
static int
check_places(const struct firn_written *in, struct fy_node *node,
	     const char *url, struct firn_err *err)
{
	while ((url = strpbrk(url, "{}")) != NULL) {
		size_t len = strncmp(url, "{case}", 6) == 0      ? 6
			     : strncmp(url, "{archive}", 9) == 0 ? 9
								 : 0;

		if (len == 0)
			return firn_yaml_error(in->yaml, node, err,
					       "{case} and {archive} are what "
					       "is filled in here");
		url += len;
	}
	return 0;
}

int
firn_take_send(const struct firn_written *in, struct fy_node *node,
	       struct firn_step *step, struct firn_err *err)
{
	static const char *const keys[] = { "to", "lock", "timeout", NULL };
	static const char *const schemes[] = {
		"https://", "http://", "file:///", "s3://", "sftp://", "/", NULL
	};
	static const char *const lock_keys[] = { "mode", "days", NULL };
	struct fy_node *to = firn_yaml_at(node, "to");
	struct fy_node *lock = firn_yaml_at(node, "lock");

	if (to == NULL)
		return firn_yaml_error(in->yaml, node, err,
				       "\"to\" is missing: send: {to: URL}");
	if (firn_yaml_keys(in->yaml, node, keys, err) < 0 ||
	    firn_written_url(in, to, schemes, &step->url, err) < 0 ||
	    check_places(in, to, step->url, err) < 0 ||
	    (lock != NULL &&
	     firn_yaml_keys(in->yaml, lock, lock_keys, err) < 0) ||
	    firn_yaml_duration(in->yaml, firn_yaml_at(node, "timeout"),
			       SEND_MAX_S, &step->timeout_s, err) < 0)
		return -1;
	if (strncmp(step->url, "s3:", 3) == 0 ||
	    strncmp(step->url, "sftp:", 5) == 0)
		firn_written_warn(in, to,
				  "%.*s URLs can't be sent to yet: the step "
				  "will fail, and the archive stays here",
				  (int)strcspn(step->url, ":"), step->url);
	if (strncmp(step->url, "http:", 5) == 0)
		firn_written_warn(in, to,
				  "http: whoever is on the way can read the "
				  "archive, and be taken for its receiver");
	if (lock != NULL)
		firn_written_warn(in, lock,
				  "\"lock\" can't be done yet: the archive can "
				  "be deleted where it is sent");
	return 0;
}

int
firn_take_notify(const struct firn_written *in, struct fy_node *node,
		 struct firn_step *step, struct firn_err *err)
{
	static const char *const keys[] = { "webhook", "secret", "text", NULL };
	static const char *const schemes[] = { "https://", "http://", NULL };

	if (firn_written_says_nothing(node))
		return 0;
	if (firn_yaml_keys(in->yaml, node, keys, err) < 0 ||
	    firn_written_url(in, firn_yaml_at(node, "webhook"), schemes,
			     &step->url, err) < 0 ||
	    firn_written_secret(in, firn_yaml_at(node, "secret"),
				&step->secret_file, err) < 0)
		return -1;
	if (step->secret_file != NULL && step->url == NULL)
		return firn_yaml_error(in->yaml, node, err,
				       "a secret without a webhook");
	return firn_written_text(in, firn_yaml_at(node, "text"),
				 FIRN_PLAYBOOK_TEXT, &step->text, err);
}

int
firn_take_run(const struct firn_written *in, struct fy_node *node,
	      struct firn_step *step, struct firn_err *err)
{
	static const char *const keys[] = { "argv", "user", "timeout", NULL };
	struct fy_node *argv = firn_yaml_at(node, "argv");
	struct fy_node *user = firn_yaml_at(node, "user");

	if (argv == NULL)
		return firn_yaml_error(in->yaml, node, err,
				       "\"argv\" is missing: run: {argv: "
				       "[/PROGRAM, ARGUMENT, ...]}, which no "
				       "shell sees");
	if (firn_yaml_keys(in->yaml, node, keys, err) < 0 ||
	    firn_yaml_words(in->yaml, argv, &step->words, err) < 0 ||
	    firn_written_text(in, user, FIRN_PLAYBOOK_NAME, &step->user, err) <
		    0 ||
	    firn_yaml_duration(in->yaml, firn_yaml_at(node, "timeout"),
			       RUN_MAX_S, &step->timeout_s, err) < 0)
		return -1;
	if (step->words.n == 0 || step->words.items[0][0] != '/')
		return firn_yaml_error(in->yaml, argv, err,
				       "a program is named by its absolute "
				       "path: nothing is looked for");
	if (step->user == NULL)
		step->user = strdup("nobody");
	if (step->user == NULL)
		return firn_err_nomem(err);
	if (strcmp(step->user, "root") == 0)
		return firn_yaml_error(in->yaml, user, err,
				       "nothing of a playbook runs as root");
	return 0;
}
