#include "respond/playbook/written.h"

#include <errno.h>
#include <string.h>

/*
 * order -- from the order in which steps were written to that in which they are
 * carried out.
 *
 * What happens outside (an answer, a program, an upload, a message) comes where
 * it stands.  Between two of these, whatever order they were written in, the
 * network is cut, the container frozen and captured, as one act: a frozen
 * container's queues still leave, and the cut costs it 0.1 ms (DESIGN.md 6).
 * Then comes what is made of the capture.
 */

struct ordered {
	struct firn_step steps[FIRN_PLAYBOOK_STEPS];
	size_t n;
};

static bool
is_outside(enum firn_step_kind kind)
{
	return kind == FIRN_STEP_WAIT || kind == FIRN_STEP_RUN ||
	       kind == FIRN_STEP_SEND || kind == FIRN_STEP_NOTIFY ||
	       kind == FIRN_STEP_THEN;
}

static bool
is_act(enum firn_step_kind kind)
{
	return kind == FIRN_STEP_ISOLATE || kind == FIRN_STEP_FREEZE ||
	       kind == FIRN_STEP_CAPTURE;
}

static void
add(struct ordered *ordered, const struct firn_step *step)
{
	ordered->steps[ordered->n++] = *step;
}

static void
add_implied(struct ordered *ordered, enum firn_step_kind kind)
{
	const struct firn_step step = {
		.kind = kind,
		.stop_on_error = kind == FIRN_STEP_WAIT,
		.ending = FIRN_THEN_THAW,
	};

	add(ordered, &step);
}

static const struct firn_step *
find(const struct firn_step *steps, size_t n, enum firn_step_kind kind)
{
	for (size_t i = 0; i < n; i++)
		if (steps[i].kind == kind)
			return &steps[i];
	return NULL;
}

static void
add_kind(struct ordered *ordered, const struct firn_step *steps, size_t n,
	 enum firn_step_kind kind)
{
	const struct firn_step *step = find(steps, n, kind);

	if (step != NULL)
		add(ordered, step);
}

/* `asks`: somebody has to say yes before the network is cut. */
static void
add_span(struct ordered *ordered, const struct firn_step *steps, size_t n,
	 bool asks)
{
	if (!asks)
		add_kind(ordered, steps, n, FIRN_STEP_ISOLATE);
	add_kind(ordered, steps, n, FIRN_STEP_FREEZE);
	add_kind(ordered, steps, n, FIRN_STEP_CAPTURE);
	for (size_t i = 0; i < n; i++)
		if (!is_act(steps[i].kind))
			add(ordered, &steps[i]);
	if (asks) {
		add_implied(ordered, FIRN_STEP_WAIT);
		add_kind(ordered, steps, n, FIRN_STEP_ISOLATE);
	}
}

static int
check_once(const struct firn_playbook *playbook, const struct firn_step *steps,
	   size_t n, const char *until, struct firn_err *err)
{
	for (size_t i = 1; i < n; i++)
		if ((is_act(steps[i].kind) ||
		     steps[i].kind == FIRN_STEP_SEAL) &&
		    find(steps, i, steps[i].kind) != NULL)
			return firn_err_set(err, EBADMSG,
					    "%s:%d:%d: there is a \"%s\" "
					    "before, %s",
					    playbook->file, steps[i].line,
					    steps[i].column,
					    firn_step_name(steps[i].kind),
					    until);
	return 0;
}

static int
check_seals(const struct firn_playbook *playbook, struct firn_err *err)
{
	const struct firn_step *first =
		find(playbook->steps, playbook->n_steps, FIRN_STEP_SEAL);

	for (size_t i = 0; first != NULL && i < playbook->n_steps; i++) {
		const struct firn_step *step = &playbook->steps[i];

		if (step->kind == FIRN_STEP_SEAL && step != first)
			return firn_err_set(
				err, EBADMSG,
				"%s:%d:%d: there is a \"seal\" "
				"before, and it is for all captures",
				playbook->file, step->line, step->column);
	}
	return 0;
}

static bool
cuts(const struct firn_step *steps, size_t n)
{
	const struct firn_step *isolate = find(steps, n, FIRN_STEP_ISOLATE);

	return isolate != NULL && !isolate->cut_nothing;
}

static int
order_all(struct firn_playbook *playbook, struct ordered *ordered,
	  struct firn_err *err)
{
	const struct firn_step *steps = playbook->steps;
	bool always = playbook->limits.approve == 2, said_yes = false;
	size_t n = playbook->n_steps, end;

	for (size_t i = 0; i < n; i = end) {
		for (end = i; end < n && !is_outside(steps[end].kind); end++)
			;
		if (check_once(playbook, &steps[i], end - i,
			       "and nothing between that it would wait for",
			       err) < 0)
			return -1;
		if (always && end > i) {
			if (!said_yes)
				add_implied(ordered, FIRN_STEP_WAIT);
			always = false;
		}
		add_span(ordered, &steps[i], end - i,
			 playbook->limits.approve == 1 && !said_yes &&
				 cuts(&steps[i], end - i));
		if (end == n)
			break;
		said_yes = steps[end].kind == FIRN_STEP_WAIT;
		/* What is sent or run is done, too; only a message isn't. */
		if (always && (steps[end].kind == FIRN_STEP_RUN ||
			       steps[end].kind == FIRN_STEP_SEND)) {
			add_implied(ordered, FIRN_STEP_WAIT);
			always = false;
		}
		add(ordered, &steps[end++]);
	}
	return 0;
}

int
firn_playbook_order(struct firn_playbook *playbook, struct firn_err *err)
{
	struct ordered ordered = { 0 };

	if (check_seals(playbook, err) < 0 ||
	    order_all(playbook, &ordered, err) < 0)
		return -1;
	if (ordered.n == 0 ||
	    ordered.steps[ordered.n - 1].kind != FIRN_STEP_THEN)
		add_implied(&ordered, FIRN_STEP_THEN);
	memcpy(playbook->steps, ordered.steps, sizeof(ordered.steps));
	playbook->n_steps = ordered.n;
	return 0;
}
