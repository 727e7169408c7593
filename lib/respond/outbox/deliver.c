#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "respond/outbox/box.h"
#include "respond/outbox/courier.h"
#include "respond/outbox/errand.h"

#define AT_ONCE 8
#define TO_ONE_SERVER 3 /* so that one that hangs doesn't hold up the rest */
#define LOOK_AT 256     /* messages for servers that are busy, per look */
#define LOOK_AGAIN_NS 500000000ull
#define START_UNTIL_NS 30000000000ull /* then what runs is only waited for */

#define KEEP_TORN_S 3600
#define KEEP_DONE_S (24 * 3600)
#define KEEP_FAILED_S (31 * 24 * 3600)

struct round {
	const struct firn_box *box;
	const struct firn_delivery *how;
	struct firn_errand errands[AT_ONCE];
	size_t n;
	bool carried; /* anything at all */
};

/* --- which are due --------------------------------------------------------
 */

static bool
is_carried(const struct round *round, const char *name)
{
	for (size_t i = 0; i < round->n; i++)
		if (strcmp(round->errands[i].name, name) == 0)
			return true;
	return false;
}

/* "https://host:port" is as long as that. */
static size_t
server_len(const char *url)
{
	const char *host = strstr(url, "://");

	return host == NULL
		       ? strlen(url)
		       : (size_t)(host - url) + 3 + strcspn(host + 3, "/?#");
}

static bool
is_busy(const struct round *round, const char *url)
{
	size_t len = server_len(url), n = 0;

	for (size_t i = 0; i < round->n; i++) {
		const char *other = firn_errand_text(&round->errands[i], "url");

		if (server_len(other) == len && strncmp(url, other, len) == 0)
			n++;
	}
	return n >= TO_ONE_SERVER;
}

/* Whether what was opened still is what has the name: another may have carried
 * it meanwhile. */
static bool
is_current(const struct round *round, const char *name, int fd)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 &&
	       fstatat(round->box->dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) ==
		       0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* It never got as far as a courier: a secret that can't be read, no memory. */
static int
settle_unsent(const struct round *round, const struct firn_errand *errand,
	      const struct firn_err *why, struct firn_err *err)
{
	autojson json_t *answer =
		json_pack("{s:s, s:b}", "error", why->text, "again", 1);

	return firn_errand_settle(errand, round->box, answer, err);
}

/* A place for it, if it can be had; what is no message isn't looked at again.
 */
static int
take(struct round *round, const char *name, struct firn_err *err)
{
	struct firn_errand *errand = &round->errands[round->n];
	struct firn_err why = { 0 };

	*errand = (struct firn_errand)FIRN_ERRAND_NONE;
	snprintf(errand->name, sizeof(errand->name), "%s", name);
	if (firn_message_read(round->box->dir_fd, name, &errand->fd,
			      &errand->message, &why) < 0)
		return why.code == ENOENT || why.code == ENOMEM
			       ? 0
			       : firn_box_move(round->box, name,
					       round->box->failed_fd, err);
	if (is_busy(round, firn_errand_text(errand, "url")) ||
	    flock(errand->fd, LOCK_EX | LOCK_NB) < 0 ||
	    !is_current(round, name, errand->fd)) {
		firn_errand_end(errand);
		return 0;
	}
	round->carried = true;
	if (firn_errand_start(errand, round->how, &why) == 0) {
		round->n++;
		return 0;
	}
	if (settle_unsent(round, errand, &why, err) < 0) {
		firn_errand_end(errand);
		return -1;
	}
	firn_errand_end(errand);
	return 0;
}

/* A time far ahead is of a clock that was set back since. */
static bool
is_due(const struct firn_entry *entry)
{
	time_t now = firn_now().tv_sec;

	return entry->due.tv_sec <= now ||
	       entry->due.tv_sec > now + 2 * FIRN_OUTBOX_PUT_OFF_S;
}

static int
take_due(struct round *round, struct firn_err *err)
{
	automessages struct firn_waiting_messages entries = { 0 };
	size_t looked = 0;

	if (firn_waiting_messages_read(round->box->dir_fd, &entries, err) < 0)
		return -1;
	for (size_t i = 0; i < entries.n && round->n < AT_ONCE; i++) {
		const struct firn_entry *entry = &entries.items[i];

		if (!is_due(entry) || is_carried(round, entry->name))
			continue;
		if (++looked > LOOK_AT)
			break;
		if (take(round, entry->name, err) < 0)
			return -1;
	}
	return 0;
}

/* --- a round --------------------------------------------------------------
 */

static int
take_back(struct round *round, struct firn_err *err)
{
	size_t kept = 0;
	int done = 0;

	for (size_t i = 0; i < round->n; i++) {
		struct firn_errand *errand = &round->errands[i];

		if (errand->courier.ended) {
			autojson json_t *answer =
				firn_courier_answer(&errand->courier);

			if (firn_errand_settle(errand, round->box, answer,
					       err) < 0)
				done = -1;
			firn_errand_end(errand);
		} else {
			round->errands[kept++] = *errand;
		}
	}
	round->n = kept;
	return done;
}

static int
wait_for_one(struct round *round, struct firn_err *err)
{
	struct firn_child *children[AT_ONCE];

	for (size_t i = 0; i < round->n; i++)
		children[i] = &round->errands[i].courier;
	return firn_child_wait(children, round->n,
			       firn_monotonic_ns() + LOOK_AGAIN_NS, err);
}

/* Who is put in while a slow server is waited for needn't wait for it. */
static int
carry(struct round *round, struct firn_err *err)
{
	uint64_t until_ns = firn_monotonic_ns() + START_UNTIL_NS;

	for (;;) {
		if (firn_monotonic_ns() < until_ns && take_due(round, err) < 0)
			return -1;
		if (round->n == 0)
			return 0;
		if (wait_for_one(round, err) < 0 || take_back(round, err) < 0)
			return -1;
	}
}

static void
remove_old(int dir_fd, time_t keep_s)
{
	automessages struct firn_waiting_messages entries = { 0 };
	struct firn_err none = { 0 };
	time_t now = firn_now().tv_sec;
	struct stat st;

	if (firn_waiting_messages_read(dir_fd, &entries, &none) < 0)
		return;
	for (size_t i = 0; i < entries.n; i++)
		if (fstatat(dir_fd, entries.items[i].name, &st,
			    AT_SYMLINK_NOFOLLOW) == 0 &&
		    now - st.st_ctime > keep_s)
			unlinkat(dir_fd, entries.items[i].name, 0);
}

/* What is due now is another's, or for a server that is busy. */
static int
next_wait(const struct firn_box *box, int *ret_ms, struct firn_err *err)
{
	automessages struct firn_waiting_messages entries = { 0 };
	time_t now = firn_now().tv_sec, wait;

	if (firn_waiting_messages_read(box->dir_fd, &entries, err) < 0)
		return -1;
	*ret_ms = -1;
	if (entries.n == 0)
		return 0;
	wait = entries.items[0].due.tv_sec - now;
	if (wait < 1 || is_due(&entries.items[entries.n - 1]))
		wait = 1;
	*ret_ms = (int)(wait > FIRN_OUTBOX_PUT_OFF_S ? FIRN_OUTBOX_PUT_OFF_S
						     : wait) *
		  1000;
	return 0;
}

int
firn_box_deliver(const struct firn_box *box, const struct firn_delivery *how,
		 int *ret_wait_ms, struct firn_err *err)
{
	struct round round = { .box = box, .how = how };
	int done = carry(&round, err);

	for (size_t i = 0; i < round.n; i++)
		firn_errand_end(&round.errands[i]);
	if (done < 0)
		return -1;
	if (round.carried) {
		remove_old(box->tmp_fd, KEEP_TORN_S);
		remove_old(box->done_fd, KEEP_DONE_S);
		remove_old(box->failed_fd, KEEP_FAILED_S);
	}
	return next_wait(box, ret_wait_ms, err);
}
