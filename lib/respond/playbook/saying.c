#include "respond/playbook/saying.h"

#include <string.h>

#include "base/duration.h"

static bool
is_before(const struct firn_playbook *playbook, size_t n,
	  enum firn_step_kind kind)
{
	for (size_t i = 0; i < n; i++)
		if (playbook->steps[i].kind == kind)
			return true;
	return false;
}

static bool
is_next(const struct firn_playbook *playbook, size_t n,
	enum firn_step_kind kind)
{
	return n + 1 < playbook->n_steps && playbook->steps[n + 1].kind == kind;
}

static bool
stands_still(const struct firn_playbook *playbook, size_t n)
{
	for (size_t i = n; i-- > 0;)
		if (playbook->steps[i].kind == FIRN_STEP_FREEZE)
			return !playbook->steps[i].leave_running;
	return false;
}

static void
say_words(struct firn_buf *text, const struct firn_words *words)
{
	for (size_t i = 0; i < words->n; i++)
		firn_buf_addf(text, "%s%s",
			      i == 0              ? ""
			      : i + 1 == words->n ? " and "
						  : ", ",
			      words->items[i]);
}

static void
say_time(struct firn_buf *text, const char *before, unsigned seconds)
{
	char time[FIRN_DURATION_TEXT];

	if (seconds == 0)
		return;
	firn_duration_text(seconds, time);
	firn_buf_addf(text, "%s%s", before, time);
}

static void
say_isolate(const struct firn_playbook *playbook, size_t n,
	    struct firn_buf *text)
{
	const struct firn_step *step = &playbook->steps[n];
	const struct firn_isolation *how = &step->isolation;

	if (step->cut_nothing) {
		firn_buf_addf(text, "Its network is left as it is.");
		return;
	}
	firn_buf_addf(text, "Its network is cut%s, in both directions%s",
		      is_next(playbook, n, FIRN_STEP_FREEZE) ||
				      is_next(playbook, n, FIRN_STEP_CAPTURE)
			      ? " before it can notice anything else"
			      : "",
		      how->whole_pod ? ", and its whole pod's" : "");
	if (step->words.n > 0) {
		firn_buf_addf(text, "; it still reaches ");
		say_words(text, &step->words);
	}
	firn_buf_addf(text, ".");
	if (how->cut_unix)
		firn_buf_addf(text, "  It connects to no unix socket either.");
	if (how->cut_loopback)
		firn_buf_addf(text, "  Its loopback is cut, too.");
	if (how->reset)
		firn_buf_addf(text, "  Its connections are ended, and their "
				    "peers told; that can't be undone.");
	if (how->log)
		firn_buf_addf(text, "  Whom it still tries to reach is "
				    "counted.");
	if (!how->watch)
		firn_buf_addf(text, "  After a restart it is not cut again.");
}

static void
say_freeze(const struct firn_playbook *playbook, size_t n,
	   struct firn_buf *text)
{
	const struct firn_step *step = &playbook->steps[n];

	if (step->leave_running) {
		firn_buf_addf(text, "It is not frozen: it runs on while it is "
				    "read.");
		return;
	}
	firn_buf_addf(text, "It is frozen: every task of it stands still%s.",
		      step->hold ? ", and the platform can't thaw it" : "");
	if (n > 0 && playbook->steps[n - 1].kind == FIRN_STEP_ISOLATE &&
	    !playbook->steps[n - 1].cut_nothing)
		firn_buf_addf(text, "  Then it is cut at its interfaces, too.");
}

static void
say_capture(const struct firn_playbook *playbook, size_t n,
	    struct firn_buf *text)
{
	const struct firn_step *step = &playbook->steps[n];

	firn_buf_addf(text, "It is captured into a sealed archive: ");
	if (step->words.n == 0)
		firn_buf_addf(text, "all that firn can read");
	else
		say_words(text, &step->words);
	if (step->volumes.n > 0) {
		firn_buf_addf(text, ", with the volumes ");
		say_words(text, &step->volumes);
	}
	if (stands_still(playbook, n))
		firn_buf_addf(text, ".");
	else if (is_before(playbook, n, FIRN_STEP_FREEZE))
		firn_buf_addf(text, ", while it runs.");
	else
		firn_buf_addf(text, ".  It stands still while it is read.");
}

static void
say_send(const struct firn_step *step, struct firn_buf *text)
{
	firn_buf_addf(text, "The archive is sent to %s", step->url);
	say_time(text, ", for ", step->timeout_s);
	firn_buf_addf(text, "%s.", step->timeout_s > 0 ? " at most" : "");
}

static void
say_notify(const struct firn_step *step, struct firn_buf *text)
{
	firn_buf_addf(text, "%s is told",
		      step->url != NULL ? step->url : "Whoever hears of cases");
	if (step->text != NULL)
		firn_buf_addf(text, ": \"%s\"", step->text);
	else
		firn_buf_addf(text, " how far it is.");
}

static void
say_wait(const struct firn_step *step, struct firn_buf *text)
{
	firn_buf_addf(text,
		      "A second person is asked%s%s%s, and it goes on "
		      "when they say yes",
		      step->text != NULL ? ", \"" : "",
		      step->text != NULL ? step->text : "",
		      step->text != NULL ? "\"" : "");
	say_time(text, " within ", step->timeout_s);
	firn_buf_addf(text, "; else only how it is left is still done.");
}

static void
say_run(const struct firn_step *step, struct firn_buf *text)
{
	firn_buf_addf(text, "The node runs");
	for (size_t i = 0; i < step->words.n; i++)
		firn_buf_addf(text, " %s", step->words.items[i]);
	firn_buf_addf(text, " as %s, with the case on its stdin", step->user);
	say_time(text, ", for ", step->timeout_s);
	firn_buf_addf(text, "%s.", step->timeout_s > 0 ? " at most" : "");
}

static bool
stays_cut(const struct firn_playbook *playbook)
{
	bool cut = false;

	for (size_t i = 0; i < playbook->n_steps; i++)
		cut = cut || (playbook->steps[i].kind == FIRN_STEP_ISOLATE &&
			      !playbook->steps[i].cut_nothing);
	return cut;
}

static void
say_then(const struct firn_playbook *playbook, const struct firn_step *step,
	 struct firn_buf *text)
{
	switch (step->ending) {
	case FIRN_THEN_KEEP_FROZEN:
		firn_buf_addf(text, "It stays frozen, until firn thaw");
		say_time(text, " or until ", playbook->limits.max_freeze_s);
		firn_buf_addf(text, "%s.",
			      playbook->limits.max_freeze_s > 0
				      ? " have passed since it was frozen"
				      : "");
		break;
	case FIRN_THEN_THAW:
		firn_buf_addf(text, "It goes on running.");
		break;
	case FIRN_THEN_STOP:
		firn_buf_addf(text, "It is stopped: SIGTERM, and SIGKILL ten "
				    "seconds later.");
		return;
	case FIRN_THEN_KILL:
		firn_buf_addf(text, "It is killed.");
		return;
	}
	if (stays_cut(playbook))
		firn_buf_addf(text,
			      "  Where its network was cut, that stays so "
			      "until firn release.");
}

void
firn_say_step(const struct firn_playbook *playbook, size_t n,
	      struct firn_buf *text)
{
	const struct firn_step *step = &playbook->steps[n];

	switch (step->kind) {
	case FIRN_STEP_ISOLATE:
		say_isolate(playbook, n, text);
		return;
	case FIRN_STEP_FREEZE:
		say_freeze(playbook, n, text);
		return;
	case FIRN_STEP_CAPTURE:
		say_capture(playbook, n, text);
		return;
	case FIRN_STEP_SECRETS:
		firn_buf_addf(text,
			      "The secrets that it held are listed, in "
			      "the order in which to rotate them%s.",
			      step->deep ? "; its memory is searched, too"
					 : "");
		return;
	case FIRN_STEP_EXPOSURE:
		firn_buf_addf(text, "The verdict on the node is given, with "
				    "every reason.");
		return;
	case FIRN_STEP_SEAL:
		firn_buf_addf(text, "The archive is signed with %s.",
			      step->key != NULL ? step->key : "the node's key");
		return;
	case FIRN_STEP_WAIT:
		say_wait(step, text);
		return;
	case FIRN_STEP_SEND:
		say_send(step, text);
		return;
	case FIRN_STEP_NOTIFY:
		say_notify(step, text);
		return;
	case FIRN_STEP_RUN:
		say_run(step, text);
		return;
	case FIRN_STEP_THEN:
		say_then(playbook, step, text);
		return;
	}
}
