#include <string.h>

#include "assess/posture/posture.h"
#include "base/json.h"

/*
 * posture_process -- what its first process is and may do.
 */

static enum firn_answer
no_process(struct firn_answering *answering)
{
	return firn_answer(answering, FIRN_CANNOT_TELL,
			   "its first process was not captured");
}

enum firn_answer
firn_is_not_root(struct firn_answering *answering)
{
	const json_t *init = answering->view->init;
	const json_t *uid = json_array_get(json_object_get(init, "uids"), 1);

	if (!json_is_integer(uid))
		return no_process(answering);
	return firn_answer(answering,
			   json_integer_value(uid) != 0 ? FIRN_PASS : FIRN_FAIL,
			   "its first process runs as user %lld of the host",
			   (long long)json_integer_value(uid));
}

enum firn_answer
firn_is_not_privileged(struct firn_answering *answering)
{
	const json_t *flag =
		json_object_get(firn_facts_json(answering->view->facts,
						"data/runtime/hostconfig.json"),
				"Privileged");

	if (json_is_true(flag))
		return firn_answer(answering, FIRN_FAIL,
				   "the runtime started it with --privileged");
	if (answering->view->init == NULL)
		return no_process(answering);
	if (firn_view_shares(answering->view, "user") &&
	    firn_view_capable(answering->view, "cap_sys_admin") &&
	    firn_view_capable(answering->view, "cap_sys_module"))
		return firn_answer(answering, FIRN_FAIL,
				   "it has cap_sys_admin and cap_sys_module");
	return firn_answer(answering, FIRN_PASS,
			   "neither its runtime's record nor its capabilities "
			   "say so");
}

enum firn_answer
firn_has_few_capabilities(struct firn_answering *answering)
{
	const json_t *capabilities =
		firn_json_at(answering->view->init, "capabilities", "bounding",
			     NULL);
	const json_t *one;
	const char *first = NULL;
	size_t i, n = 0;

	if (!json_is_array(capabilities))
		return no_process(answering);
	json_array_foreach(capabilities, i, one) {
		const char *name = json_string_value(one);

		if (name == NULL || strcmp(name, "cap_net_bind_service") == 0)
			continue;
		first = first == NULL ? name : first;
		n++;
	}
	if (n == 0)
		return firn_answer(answering, FIRN_PASS, "it can have none");
	return firn_answer(answering, FIRN_FAIL,
			   "it can have %zu more, %s the first", n, first);
}

enum firn_answer
firn_gains_no_privileges(struct firn_answering *answering)
{
	const json_t *flag =
		json_object_get(answering->view->init, "no_new_privs");

	if (!json_is_boolean(flag))
		return no_process(answering);
	return firn_answer(answering,
			   json_is_true(flag) ? FIRN_PASS : FIRN_FAIL,
			   "NoNewPrivs of its first process is %d",
			   json_is_true(flag) ? 1 : 0);
}

enum firn_answer
firn_is_filtered(struct firn_answering *answering)
{
	const char *mode =
		firn_json_string(answering->view->init, "seccomp", NULL);

	if (mode == NULL)
		return no_process(answering);
	return firn_answer(answering,
			   strcmp(mode, "off") != 0 ? FIRN_PASS : FIRN_FAIL,
			   "seccomp of its first process is %s", mode);
}

enum firn_answer
firn_is_confined(struct firn_answering *answering)
{
	const json_t *init = answering->view->init;
	const char *label = firn_json_string(init, "lsm_label", NULL);

	if (init == NULL)
		return no_process(answering);
	if (label == NULL)
		return firn_answer(answering, FIRN_FAIL,
				   "no security module has a label for it");
	return firn_answer(answering,
			   strncmp(label, "unconfined", 10) != 0 &&
					   strstr(label, ":spc_t:") == NULL
				   ? FIRN_PASS
				   : FIRN_FAIL,
			   "its label is %s", label);
}

enum firn_answer
firn_shares_no_namespace(struct firn_answering *answering)
{
	static const char *const names[] = { "mnt", "pid", "net",
					     "ipc", "uts", NULL };

	if (answering->view->init == NULL)
		return no_process(answering);
	for (size_t i = 0; names[i] != NULL; i++) {
		if (firn_view_shares(answering->view, names[i]))
			return firn_answer(answering, FIRN_FAIL,
					   "its %s namespace is the host's",
					   names[i]);
	}
	return firn_answer(answering, FIRN_PASS,
			   "mnt, pid, net, ipc and uts are its own");
}
