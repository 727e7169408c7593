#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/alert.h"
#include "firn/approval.h"
#include "firn/cases.h"
#include "firn/inbox.h"
#include "respond/cases/crew.h"
#include "respond/cases/intake.h"
#include "respond/cases/postman.h"
#include "respond/cases/seen.h"
#include "respond/cases/unfinished.h"

/*
 * runner -- letters in, cases out.
 *
 * What is where when it is killed (kill -9; its memory is gone, what was
 * written with write(2) or renamed is not):
 *
 *	letter in	diary		what happens at the next start
 *	new/		-		it is taken, as any
 *	cur/		none of it	it is worked from the beginning
 *	cur/		"opened" torn	the same: nothing was done yet, and that
 *					diary tells of no case
 *	cur/		"opened"	that alert is in `seen`: not opened
 *					again; its case is not held, and gone
 *					on with; the letter's other alerts are
 *					worked, and then it's answered
 *	cur/		"folded"	the same
 *	done/		"opened"	the case is gone on with
 *
 * The line in /run/firn/cases/TARGET that says that a case began is written
 * after "opened".  Without it, an alert for the same container could open a
 * second case: so what was interrupted is gone on with first, and says it
 * again.
 *
 * After a power cut a letter can be back in new/ though its diary, which was
 * synced when the container stood still, is there: `seen` is asked for all
 * letters until the inbox was empty once.
 *
 * A letter that can't be worked (a full disk) stays in cur/ and is tried again.
 */

#define LOOK_MS 1000
#define RETRY_NS (10 * UINT64_C(1000000000))

struct running {
	const struct firn_runner *how;
	struct firn_inbox inbox;
	struct firn_intake intake;
	struct firn_crew crew;
	struct firn_postman postman;
	int watch_fd;      /* new/ and the approvals, */
	int approvals_wd;  /* which are this one; -1 if they aren't there */
	json_t *open;      /* ids of cases that nobody of ours works, */
	uint64_t look_ns;  /* when those are to be looked at */
	json_t *later;     /* letters in cur/ that wait for a look */
	bool left_over;    /* letters in cur/ are to be tried again, */
	uint64_t retry_ns; /* then */
};

static void
trouble(const struct running *running, const char *what,
	const struct firn_err *err)
{
	autojson json_t *line = json_object();
	char text[FIRN_ERR_TEXT + 64];

	snprintf(text, sizeof(text), "%s: %s", what, err->text);
	firn_json_text(line, "event", "trouble");
	firn_json_text(line, "text", text);
	if (running->how->told != NULL)
		running->how->told(line, running->how->arg);
}

static void
say_alive(const struct running *running)
{
	if (running->how->alive != NULL)
		running->how->alive(running->how->arg);
}

/* --- cases ---------------------------------------------------------------- */

static void
start(struct firn_work *work, void *arg)
{
	struct running *running = arg;
	struct firn_err why = { 0 };

	if (firn_crew_start(&running->crew, work, &why) == 0)
		return;
	/* Its diary is there: it is gone on with when there is room. */
	trouble(running, "a case waits", &why);
	json_array_append_new(running->open, json_string(work->diary.id));
}

/* True when nobody has to look at it any more. */
static bool
go_on(struct running *running, const char *id)
{
	autojson json_t *lines = NULL;
	struct firn_err why = { 0 };

	if (firn_diary_is_held(id))
		return false; /* by a process of an earlier runner, say */
	if (firn_diary_read(id, &lines, &why) < 0) {
		trouble(running, id, &why);
		return true;
	}
	if (firn_diary_last(lines, "finished") != NULL)
		return true;
	if (firn_unfinished_waits(lines))
		return false;
	if (firn_crew_resume(&running->crew, running->how, id, &why) < 0) {
		trouble(running, id, &why);
		return false;
	}
	return true;
}

/* Their diaries are read for it: not at each alert. */
static void
go_on_with_all(struct running *running)
{
	if (firn_monotonic_ns() < running->look_ns)
		return;
	running->look_ns = firn_monotonic_ns() + LOOK_MS * UINT64_C(1000000);
	for (size_t i = json_array_size(running->open); i-- > 0;)
		if (go_on(running,
			  json_string_value(json_array_get(running->open, i))))
			json_array_remove(running->open, i);
}

/* One that ended without being finished waits, or was killed. */
static void
look_at_ended(struct running *running)
{
	char id[FIRN_CASE_ID];

	while (firn_crew_ended(&running->crew, id)) {
		json_object_del(running->intake.folded, id);
		json_array_append_new(running->open, json_string(id));
		running->look_ns = 0;
	}
}

/* --- letters -------------------------------------------------------------- */

static void
try_again(struct running *running)
{
	running->left_over = true;
	running->retry_ns = firn_monotonic_ns() + RETRY_NS;
}

static void
work_letter(struct running *running, const struct firn_letter *letter)
{
	autojson json_t *answer = NULL;
	struct firn_err why = { 0 };
	int done = firn_intake(&running->intake, letter, &answer, &why);

	if (done == FIRN_INTAKE_LATER) {
		json_array_append_new(running->later,
				      json_string(letter->name));
		return;
	}
	if (done == 0 &&
	    firn_inbox_answer(&running->inbox, letter->name, answer, &why) == 0)
		return;
	trouble(running, letter->name, &why);
	try_again(running);
}

static void
work_left_one(struct running *running, const char *name,
	      struct firn_letter *letter)
{
	autojson json_t *answer = NULL;
	struct firn_err why = { 0 };

	if (firn_inbox_read(&running->inbox, name, letter, &why) == 0) {
		work_letter(running, letter);
		return;
	}
	if (why.code == ENOENT) /* it was worked meanwhile */
		return;
	answer = json_pack("{s:b, s:s, s:s}", "accepted", false, "reason",
			   "not a letter", "text", why.text);
	if (why.code != EBADMSG ||
	    firn_inbox_answer(&running->inbox, name, answer, &why) < 0)
		trouble(running, name, &why);
}

static void
work_all(struct running *running, const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name) {
		struct firn_letter letter = { 0 };

		work_left_one(running, json_string_value(name), &letter);
		firn_letter_free(&letter);
	}
}

/* Those that only a look at the node can decide: one look for all of them. */
static void
work_later(struct running *running)
{
	autojson json_t *names = NULL;

	if (json_array_size(running->later) == 0 ||
	    firn_known_wait_ms(&running->intake.known) > 0)
		return;
	firn_known_look(&running->intake.known, running->how->host);
	names = running->later;
	running->later = json_array();
	running->intake.looked = true;
	work_all(running, names);
	running->intake.looked = false;
}

/* Until there is no room for another case, or no letter. */
static void
work_new(struct running *running)
{
	while (running->crew.n < FIRN_CREW_MAX) {
		struct firn_letter letter = { 0 };
		struct firn_err why = { 0 };
		struct pollfd stop = {
			.fd = running->how->stop_fd,
			.events = POLLIN,
		};
		int taken;

		if (poll(&stop, 1, 0) > 0)
			return;
		say_alive(running);
		taken = firn_inbox_take(&running->inbox, &letter, &why);
		if (taken > 0)
			work_letter(running, &letter);
		firn_letter_free(&letter);
		work_later(running);
		look_at_ended(running);
		if (taken < 0) {
			trouble(running, "the inbox", &why);
			try_again(running);
		}
		if (taken > 0)
			continue;
		if (taken == 0 && !running->left_over &&
		    json_array_size(running->later) == 0) {
			json_decref(running->intake.seen);
			running->intake.seen = NULL;
		}
		return;
	}
}

/* What an earlier runner, or a full disk, has left in cur/. */
static void
work_left(struct running *running)
{
	autojson json_t *names = NULL;
	struct firn_err why = { 0 };

	running->left_over = false;
	if (firn_inbox_left(&running->inbox, &names, &why) < 0) {
		trouble(running, "the inbox", &why);
		return;
	}
	work_all(running, names);
}

/* The same once more: of a letter some may have been carried out before the
 * rest failed. */
static void
work_left_again(struct running *running)
{
	struct firn_err why = { 0 };

	json_decref(running->intake.seen);
	running->intake.seen = json_object();
	if (firn_seen(running->intake.seen, &why) < 0) {
		trouble(running, "the diaries of cases", &why);
		try_again(running);
		return;
	}
	work_left(running);
}

/* --- the loop ------------------------------------------------------------- */

/* A letter is found by a look into new/; an answer is for a case that waits. */
static void
drain(struct running *running)
{
	_Alignas(struct inotify_event) char events[16384];
	ssize_t n;

	while ((n = read(running->watch_fd, events, sizeof(events))) > 0) {
		const struct inotify_event *event;

		for (ssize_t at = 0; at < n;
		     at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const void *)(events + at);
			if (event->wd == running->approvals_wd)
				running->look_ns = 0;
		}
	}
}

static int
watch(struct running *running, struct firn_err *err)
{
	const char *inbox =
		running->how->inbox != NULL ? running->how->inbox : FIRN_INBOX;
	char path[512];

	running->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	snprintf(path, sizeof(path), "%s/new", inbox);
	if (running->watch_fd < 0 ||
	    inotify_add_watch(running->watch_fd, path,
			      IN_MOVED_TO | IN_CREATE | IN_ONLYDIR) < 0)
		return firn_err_sys(err, "watch %s", path);
	/* It may not be there yet; then they are looked at each second. */
	running->approvals_wd =
		inotify_add_watch(running->watch_fd, FIRN_APPROVALS,
				  IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE |
					  IN_ONLYDIR);
	return 0;
}

/* What was there before: which alerts have a case, and which cases aren't
 * finished. */
static int
look_back(const char *id, const json_t *lines, void *arg, struct firn_err *err)
{
	struct running *running = arg;

	firn_seen_in(id, lines, running->intake.seen);
	return firn_unfinished(id, lines, running->open, err);
}

static int
prepare(struct running *running, json_t **names, struct firn_err *err)
{
	const struct firn_runner *how = running->how;

	if (firn_inbox_open(&running->inbox, how->inbox, true, err) < 0 ||
	    watch(running, err) < 0 ||
	    firn_alert_host_names(how->host, names, err) < 0 ||
	    firn_diaries(look_back, running, err) < 0)
		return -1;
	running->intake.host_names = *names;
	running->intake.trusted_uid = running->inbox.trusted_uid;
	firn_postman_start(&running->postman);
	running->crew.keep_from[0] = running->watch_fd;
	running->crew.keep_from[1] = running->postman.end_fd;
	running->crew.keep_from[2] = how->stop_fd;
	return 0;
}

static bool
may_wait(const struct running *running)
{
	return !running->left_over || firn_monotonic_ns() < running->retry_ns;
}

/* Until something is to be looked at by the clock; -1 for nothing. */
static int
wait_ms(const struct running *running)
{
	if (json_array_size(running->later) > 0)
		return firn_known_wait_ms(&running->intake.known);
	return json_array_size(running->open) > 0 || running->left_over ||
			       running->how->alive != NULL
		       ? LOOK_MS
		       : -1;
}

static int
loop(struct running *running, struct firn_err *err)
{
	for (;;) {
		struct pollfd fds[FIRN_CREW_MAX + 2] = {
			{ .fd = running->how->stop_fd, .events = POLLIN },
			{ .fd = running->watch_fd, .events = POLLIN },
		};
		size_t n = 2 + firn_crew_poll(&running->crew, &fds[2]);
		int ready = poll(fds, (nfds_t)n, wait_ms(running));

		say_alive(running);
		if (ready < 0 && errno != EINTR)
			return firn_err_sys(err, "wait for alerts");
		if (fds[0].revents != 0)
			return 0;
		drain(running);
		work_new(running);
		look_at_ended(running);
		go_on_with_all(running);
		work_later(running);
		if (!may_wait(running))
			work_left_again(running);
	}
}

static void
end(struct running *running, json_t *names)
{
	firn_postman_end(&running->postman);
	for (size_t i = 0; i < running->crew.n; i++)
		close(running->crew.workers[i].pidfd);
	if (running->watch_fd >= 0)
		close(running->watch_fd);
	firn_inbox_close(&running->inbox);
	json_decref(running->open);
	json_decref(running->later);
	json_decref(running->intake.seen);
	json_decref(running->intake.folded);
	firn_known_free(&running->intake.known);
	json_decref(names);
}

int
firn_runner(const struct firn_runner *runner, struct firn_err *err)
{
	struct running running = {
		.how = runner,
		.inbox = FIRN_INBOX_CLOSED,
		.intake = { .runner = runner, .start = start },
		.crew = { .keep_from = { -1, -1, -1, -1 } },
		.postman = FIRN_POSTMAN,
		.watch_fd = -1,
		.approvals_wd = -1,
		.open = json_array(),
		.later = json_array(),
	};
	json_t *names = NULL;
	int done;

	running.intake.arg = &running;
	running.intake.folded = json_object();
	running.intake.seen = json_object();
	done = prepare(&running, &names, err);
	if (done == 0) {
		if (runner->ready != NULL)
			runner->ready(runner->arg);
		go_on_with_all(&running);
		work_left(&running);
		work_new(&running);
		done = loop(&running, err);
	}
	end(&running, names);
	return done;
}
