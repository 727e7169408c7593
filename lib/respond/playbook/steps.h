#ifndef RESPOND_PLAYBOOK_STEPS_H
#define RESPOND_PLAYBOOK_STEPS_H

/*
 * steps -- what each kind of step takes.
 *
 * `node` is what stands behind its name, NULL for nothing; `step` has its kind
 * already.
 */

#include "respond/playbook/written.h"

typedef int firn_take_fn(const struct firn_written *in, struct fy_node *node,
			 struct firn_step *step, struct firn_err *err);

/* steps_act.c */
firn_take_fn firn_take_freeze, firn_take_isolate, firn_take_secrets,
	firn_take_nothing, firn_take_seal, firn_take_then;

/* steps_outside.c */
firn_take_fn firn_take_wait, firn_take_send, firn_take_notify, firn_take_run;

#endif
