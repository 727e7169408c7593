#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "contain/peek/peeking.h"
#include "firn/freeze.h"
#include "respond/capture_run.h"

/*
 * capture_queues -- leave to set options of sockets while their queues are
 * read: only of a target that stands still, and written down before.
 */

static int
ask(void *arg, const json_t *sockets, struct firn_err *err)
{
	struct firn_run *run = arg;
	const char *state =
		firn_json_string(run->result, "freeze", "state", NULL);

	if (!firn_is_frozen(run->target) ||
	    (state != NULL && strcmp(state, "frozen") != 0))
		return firn_err_set(err, EBUSY,
				    "not all of it is frozen, and who runs "
				    "would meet a change to its socket");
	return firn_peeking_ask(run->target->host, run->ledger, sockets, err);
}

static int
done(void *arg, struct firn_err *err)
{
	struct firn_run *run = arg;

	return firn_peeking_undo(run->target->host, run->ledger, err);
}

void
firn_run_give_leave(struct firn_run *run)
{
	run->leave = (struct firn_queue_leave){ ask, done, run };
	run->what = run->how->what;
	run->what.queues = &run->leave;
}
