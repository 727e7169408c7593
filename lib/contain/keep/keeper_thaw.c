#include "contain/keep/keeper_thaw.h"

#include <errno.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/json.h"
#include "contain/keep/keeper.h"
#include "firn/freeze.h"

/* A thaw that fails is tried again for an hour. */
#define TRIES 3600

struct alarm {
	unsigned max_s;
	int timer_fd;
};

static int
note(const struct firn_keeper *keeper, struct firn_ledger *ledger,
     const char *phase, const char *text, json_t *thaw, struct firn_err *err)
{
	autojson json_t *details = json_pack("{s:s}", "note", text);

	if (thaw != NULL)
		json_object_set(details, "thaw", thaw);
	return firn_ledger_note(ledger, keeper->change, phase, details, err);
}

static int
thaw(const struct firn_keeper *keeper, struct firn_ledger *ledger,
     unsigned max_s, struct firn_err *err)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "freeze");
	autojson json_t *holds = firn_ledger_open_changes(ledger, "hold");
	autojson json_t *said = NULL;
	char text[96], span[FIRN_DURATION_TEXT];

	if (json_array_size(open) == 0 && json_array_size(holds) == 0)
		return note(keeper, ledger, "undone",
			    "the deadline passed: nothing was frozen", NULL,
			    err);
	if (firn_thaw_recorded(keeper->host, ledger, &said, err) < 0)
		return -1;
	firn_duration_text(max_s, span);
	snprintf(text, sizeof(text),
		 "thawed by the keeper: --max-freeze %s passed", span);
	return note(keeper, ledger, "undone", text, said, err);
}

/* Why it failed is written down once. */
static bool
tried(const struct firn_keeper *keeper, unsigned max_s, bool *noted)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	struct firn_err why = { 0 }, unwritten = { 0 };

	if (firn_keeper_open(keeper, &ledger, &why) < 0)
		return false;
	if (thaw(keeper, ledger, max_s, &why) == 0)
		return true;
	if (!*noted)
		*noted = note(keeper, ledger, "made", why.text, NULL,
			      &unwritten) == 0;
	return false;
}

static void
keep(struct firn_keeper *keeper, void *arg)
{
	const struct timespec again = { .tv_sec = 1 };
	const struct alarm *alarm = arg;
	bool noted = false;
	uint64_t expired;

	while (read(alarm->timer_fd, &expired, sizeof(expired)) < 0 &&
	       errno == EINTR)
		;
	for (unsigned i = 0; i < TRIES && !tried(keeper, alarm->max_s, &noted);
	     i++)
		nanosleep(&again, NULL);
}

/* By the clock that goes on while the node sleeps; what is shown is the wall's.
 */
static int
set_timer(unsigned max_s, json_t *details, struct firn_err *err)
{
	struct itimerspec when = { 0 };
	struct timespec wall = firn_now();
	autoclose int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);

	if (fd < 0 || clock_gettime(CLOCK_BOOTTIME, &when.it_value) < 0)
		return firn_err_sys(err, "make a timer");
	when.it_value.tv_sec += max_s;
	wall.tv_sec += max_s;
	if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
		return firn_err_sys(err, "set a timer");
	firn_json_uint(details, "max_freeze_s", max_s);
	firn_json_uint(details, "deadline_boot_s",
		       (uint64_t)when.it_value.tv_sec);
	firn_json_time(details, "deadline", wall);
	return firn_steal_fd(&fd);
}

int
firn_keep_freeze(const struct firn_target *target, struct firn_ledger *ledger,
		 unsigned max_s, json_t **ret, uint64_t *ret_change,
		 struct firn_err *err)
{
	autojson json_t *details = json_object();
	autoclose int timer_fd = set_timer(max_s, details, err);
	struct alarm alarm = { .max_s = max_s, .timer_fd = timer_fd };
	const struct firn_keeping keeping = {
		.purpose = "thaw",
		.host = target->host,
		.details = details,
		.fds = &timer_fd,
		.n_fds = 1,
		.keep = keep,
		.arg = &alarm,
	};

	if (timer_fd < 0 ||
	    firn_keeper_start(ledger, &keeping, ret_change, err) < 0)
		return -1;
	*ret = json_pack("{s:O, s:O}", "pid", json_object_get(details, "pid"),
			 "deadline", json_object_get(details, "deadline"));
	return *ret == NULL ? firn_err_nomem(err) : 0;
}
