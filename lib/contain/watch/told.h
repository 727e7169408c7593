#ifndef CONTAIN_WATCH_TOLD_H
#define CONTAIN_WATCH_TOLD_H

/*
 * told -- what the holder saw of others, as facts, and as lines for a person.
 *
 * The lists are as firn_watch_report() has them, 256 each at most.
 */

#include <stdbool.h>

#include <jansson.h>

#include "contain/watch/holder.h"
#include "firn/freeze.h"

struct firn_told {
	json_t *thaws, *killed, *not_held;
	firn_alarm_fn *alarm; /* or NULL */
	void *alarm_arg;
	unsigned n_alarms;
};

/* firn_told(alarm, arg) -- nothing yet. */
struct firn_told firn_told(firn_alarm_fn *alarm, void *arg);
void firn_told_free(struct firn_told *told);

/* firn_told_alarm(told, text) -- the first 16 are sounded. */
void firn_told_alarm(struct firn_told *told, const char *text);

/* firn_told_thaw(told, event, ran) -- somebody thawed it, and since it was told
 * last it has run. */
void firn_told_thaw(struct firn_told *told,
		    const struct firn_holder_event *event, bool ran);
void firn_told_killed(struct firn_told *told,
		      const struct firn_holder_event *event);
void firn_told_not_held(struct firn_told *told,
			const struct firn_holder_event *event);

#endif
