#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_reset.h"
#include "contain/cut/sharers.h"
#include "contain/cut/spaces.h"
#include "contain/reset/destroy.h"
#include "contain/reset/reset.h"

/* How long a far peer may take to ask back: RFC 5961, section 3.2.  Whether one
 * will is not known: what was dropped at the cgroup counts as not sent. */
#define PATIENCE_NS 300000000ull

#define PURSES_MAX 64

/* Where a program can let a reset out. */
struct purse {
	int map_fd;
	bool is_link;
};

struct reset {
	struct firn_resetting its;
	int *codes; /* of the sockets */
	struct purse purses[PURSES_MAX];
	size_t n_purses;
	int64_t filled; /* each of them, with this */
};

static void
close_reset(struct reset *reset)
{
	for (size_t i = 0; i < reset->n_purses; i++)
		firn_auto_close(&reset->purses[i].map_fd);
	firn_doomed_free(&reset->its.sockets);
	free(reset->codes);
	json_decref(reset->its.result);
}

static void
add_purse(struct reset *reset, const json_t *details)
{
	const char *path = firn_json_string(details, "counters", NULL);
	struct purse *purse = &reset->purses[reset->n_purses];

	if (path == NULL || reset->n_purses == PURSES_MAX)
		return;
	purse->map_fd = firn_cut_open_counters(path);
	purse->is_link = json_object_get(details, "ifindex") != NULL;
	if (purse->map_fd >= 0)
		reset->n_purses++;
}

/* Destroying comes after the cut: otherwise the container connects again. */
static int
find_cut(struct reset *reset, struct firn_err *err)
{
	autojson json_t *changes =
		firn_ledger_open_changes(reset->its.ledger, "isolate");
	bool any = false;
	json_t *change;
	size_t i;

	json_array_foreach(changes, i, change) {
		const json_t *details = json_object_get(change, "details");
		struct firn_err why;

		if (firn_cut_holds(details, &why) < 0)
			continue;
		any = true;
		add_purse(reset, details);
	}
	if (any)
		return 0;
	return firn_err_set(err, EPERM,
			    "its network is not cut, so its connections are "
			    "not reset");
}

/* Is its network namespace its own, with nobody else's processes in it? */
static int
is_alone(const struct firn_target *target, bool *ret, struct firn_err *err)
{
	autodone(firn_sharers_free) struct firn_sharers sharers = { 0 };
	const struct firn_space space = {
		.inode = target->namespaces.inode[FIRN_NS_NET],
	};
	uint64_t own;

	*ret = false;
	if (firn_own_netns(&own, err) < 0)
		return -1;
	if (space.inode == own || firn_space_is_hosts(target, &space))
		return 0;
	if (firn_sharers_find(target, space.inode, &sharers, err) < 0)
		return -1;
	*ret = sharers.n == 0;
	return 0;
}

static int
find_sockets(struct reset *reset, struct firn_err *err)
{
	if (is_alone(reset->its.target, &reset->its.own_netns, err) < 0 ||
	    firn_doomed_find(reset->its.target, reset->its.own_netns,
			     &reset->its.sockets, err) < 0)
		return -1;
	reset->codes = calloc(reset->its.sockets.n + 1, sizeof(*reset->codes));
	return reset->codes == NULL ? firn_err_nomem(err) : 0;
}

/* Of the packets that are waited for: a reset for each, and where something was
 * sent that the peer may not have, its question and a second one. */
static void
count_packets(const struct reset *reset, int64_t *ret_resets,
	      int64_t *ret_packets)
{
	*ret_resets = *ret_packets = 0;
	for (size_t i = 0; i < reset->its.sockets.n; i++) {
		const struct firn_doomed *socket = &reset->its.sockets.items[i];

		if (!firn_doomed_has_peer(socket))
			continue;
		*ret_resets += 1;
		*ret_packets += socket->send_bytes > 0 ? 3 : 1;
	}
}

static int
fill_purses(struct reset *reset, int64_t packets, struct firn_err *err)
{
	for (size_t i = 0; i < reset->n_purses; i++)
		if (firn_purse_fill(reset->purses[i].map_fd, packets, err) < 0)
			return -1;
	return 0;
}

/* What all purses of one kind have paid. */
static int64_t
spent(const struct reset *reset, bool is_link)
{
	struct firn_err unread;
	int64_t sum = 0, left;

	for (size_t i = 0; i < reset->n_purses; i++)
		if (reset->purses[i].is_link == is_link &&
		    firn_purse_left(reset->purses[i].map_fd, &left, &unread) ==
			    0)
			sum += reset->filled - left;
	return sum;
}

static bool
has_links(const struct reset *reset)
{
	for (size_t i = 0; i < reset->n_purses; i++)
		if (reset->purses[i].is_link)
			return true;
	return false;
}

static void
wait_for_packets(const struct reset *reset, int64_t resets, int64_t packets)
{
	uint64_t deadline_ns = firn_monotonic_ns() + PATIENCE_NS;
	const struct timespec nap = { .tv_nsec = 2000000 };

	if (!has_links(reset))
		packets = resets; /* the rest doesn't meet our programs */
	while (firn_monotonic_ns() < deadline_ns &&
	       spent(reset, has_links(reset)) < packets)
		nanosleep(&nap, NULL);
}

/* With full purses.  They are emptied whatever happened. */
static int
destroy_aloud(struct reset *reset, struct firn_err *err)
{
	struct firn_err why = { 0 };
	int64_t resets, packets;
	int done;

	count_packets(reset, &resets, &packets);
	if (resets == 0 || reset->n_purses == 0) {
		if (resets > 0)
			firn_json_text(reset->its.result, "silent",
				       "the way in which it is cut lets no "
				       "reset out: its peers are not told");
		return firn_destroy(&reset->its.sockets, reset->codes, err);
	}
	/* Some more, for address resolution. */
	reset->filled = packets + 16;
	done = fill_purses(reset, reset->filled, err);
	if (done == 0)
		done = firn_destroy(&reset->its.sockets, reset->codes, err);
	if (done == 0)
		wait_for_packets(reset, resets, packets);
	firn_json_uint(reset->its.result, "passed",
		       (uint64_t)spent(reset, has_links(reset)));
	if (fill_purses(reset, 0, &why) == 0 || done < 0)
		return done;
	*err = why;
	return -1;
}

static void
describe(struct reset *reset, json_t *sockets)
{
	size_t destroyed = 0, failed = 0, i;
	json_t *socket;

	json_array_foreach(sockets, i, socket) {
		int code = reset->codes[i];

		destroyed += code == 0;
		failed += code != 0 && code != ENOENT;
		firn_json_text(socket, "end",
			       code == 0           ? "destroyed"
			       : code == ENOENT    ? "had ended"
			       : code == ETIMEDOUT ? "its owner holds its lock"
						   : strerror(code));
	}
	json_object_set(reset->its.result, "sockets", sockets);
	firn_json_uint(reset->its.result, "destroyed", destroyed);
	firn_json_uint(reset->its.result, "failed", failed);
	firn_json_uint(reset->its.result, "left_out",
		       reset->its.sockets.left_out);
	if (failed > 0)
		json_array_append_new(
			reset->its.open,
			json_string("connections that could not be destroyed "
				    "stay, and stay cut"));
	if (reset->its.sockets.left_out > 0)
		json_array_append_new(
			reset->its.open,
			json_string("there are more connections than are "
				    "destroyed at once: reset again"));
}

static int
reset_sockets(struct reset *reset, struct firn_err *err)
{
	autojson json_t *details = json_object(), *sockets = NULL;
	struct firn_err why = { 0 };
	uint64_t change;

	sockets = firn_doomed_json(&reset->its.sockets);
	if (reset->its.sockets.n == 0) {
		describe(reset, sockets);
		return 0;
	}
	json_object_set_new(details, "undoable", json_false());
	json_object_set(details, "sockets", sockets);
	firn_json_uint(details, "left_out", reset->its.sockets.left_out);
	if (firn_ledger_ask(reset->its.ledger, "reset", details, &change, err) <
	    0)
		return -1;
	json_object_clear(details);
	if (destroy_aloud(reset, &why) < 0)
		firn_json_text(details, "why", why.text);
	describe(reset, sockets);
	json_object_update(details, reset->its.result);
	if (firn_ledger_note(reset->its.ledger, change, "final", details, err) <
	    0)
		return -1;
	if (why.code != 0)
		*err = why;
	return why.code != 0 ? -1 : 0;
}

/* What is left in the purses of the cut is not to be spent by anybody else. */
static int
empty_purses(const struct firn_ledger *ledger, struct firn_err *err)
{
	autojson json_t *changes = firn_ledger_open_changes(ledger, "isolate");
	json_t *change;
	size_t i;

	json_array_foreach(changes, i, change) {
		const char *path =
			firn_json_string(change, "details", "counters", NULL);
		autoclose int fd =
			path == NULL ? -1 : firn_cut_open_counters(path);

		if (fd >= 0 && firn_purse_fill(fd, 0, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_reset_settle(struct firn_ledger *ledger, struct firn_err *err)
{
	autojson json_t *interrupted =
		firn_ledger_open_changes(ledger, "reset");
	autojson json_t *details = json_object();
	json_t *change;
	size_t i;

	if (json_array_size(interrupted) > 0 && empty_purses(ledger, err) < 0)
		return -1;
	firn_json_text(details, "why", "firn ended while it did this");
	json_array_foreach(interrupted, i, change) {
		json_int_t n =
			json_integer_value(json_object_get(change, "change"));

		if (firn_ledger_note(ledger, (uint64_t)n, "final", details,
				     err) < 0)
			return -1;
	}
	return 0;
}

int
firn_reset(struct firn_target *target, struct firn_ledger *ledger, json_t **ret,
	   struct firn_err *err)
{
	autodone(close_reset) struct reset reset = {
		.its.target = target,
		.its.ledger = ledger,
		.its.result = json_object(),
		.its.open = json_array(),
	};

	json_object_set_new(reset.its.result, "open", reset.its.open);
	if (firn_reset_settle(ledger, err) < 0 || find_cut(&reset, err) < 0 ||
	    find_sockets(&reset, err) < 0 || reset_sockets(&reset, err) < 0 ||
	    firn_reset_flows(&reset.its, err) < 0)
		return -1;
	*ret = json_incref(reset.its.result);
	return 0;
}
