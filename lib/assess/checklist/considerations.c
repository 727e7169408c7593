#include "assess/checklist/considerations.h"

#include <string.h>

#include "assess/checklist/checklist.h"
#include "assess/checklist/order.h"
#include "base/json.h"

/* --- what an item says ----------------------------------------------------
 */

static const char *
text_of(const json_t *item, const char *key)
{
	const char *text = firn_json_string(item, key, NULL);

	return text != NULL ? text : "";
}

static bool
is(const char *text, const char *other)
{
	return strcmp(text, other) == 0;
}

/* 0 for what is no time of ours. */
static time_t
time_of(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	return end != NULL && (*end == '.' || *end == 'Z') ? timegm(&tm) : 0;
}

static const char *
guide_of(const struct firn_weighed *one, const char *key)
{
	return firn_json_string(one->item, "guide", key, NULL);
}

static size_t
n_consumers(const struct firn_weighed *one)
{
	return json_array_size(json_object_get(one->item, "consumers"));
}

bool
firn_has_expired(const struct firn_weighed *one)
{
	return one->expires != 0 && one->expires <= one->now;
}

/* --- the considerations ---------------------------------------------------
 *
 * Each returns its points, and adds its sentence, if it has one.  What opens
 * others or has been seen leaving outweighs any one of the rest; what opens
 * nothing any more comes after everything that does.
 */

static int
is_it_done(const struct firn_weighed *one, struct firn_buf *why)
{
	const json_t *done = json_object_get(one->item, "done");

	if (!json_is_object(done))
		return 0;
	firn_buf_addf(why, "It was ticked off by %s at %.19sZ.",
		      text_of(done, "by"), text_of(done, "at"));
	return -2000;
}

static int
is_it_valid(const struct firn_weighed *one, struct firn_buf *why)
{
	const char *when = text_of(one->item, "expires");

	if (one->expires == 0)
		return 0;
	if (firn_has_expired(one)) {
		firn_buf_addf(why,
			      "It expired on %.19sZ and opens nothing any "
			      "more: last, but see whether it was used until "
			      "then.",
			      when);
		return -1000;
	}
	if (one->expires - one->now > 24 * 3600)
		return 0;
	firn_buf_addf(why, "It ends by itself within a day, on %.19sZ.", when);
	return -10;
}

static int
what_does_it_open(const struct firn_weighed *one, struct firn_buf *why)
{
	static const struct {
		const char *priority, *why;
		int points;
	} levels[] = {
		{ "P0",
		  "It opens an account, a cluster or a supply chain (P0).",
		  40 },
		{ "P1", "It opens a service or its data (P1).", 25 },
		{ "P2", "It opens little by itself (P2).", 10 },
		{ "P3", "It opens hardly anything (P3).", 0 },
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (!is(one->priority, levels[i].priority))
			continue;
		firn_buf_addf(why, "%s", levels[i].why);
		return levels[i].points;
	}
	return 0;
}

static int
can_it_mint_others(const struct firn_weighed *one, struct firn_buf *why)
{
	if (!json_is_true(firn_json_at(one->item, "guide", "mints", NULL)))
		return 0;
	firn_buf_addf(why, "It can make other credentials or read other "
			   "secrets: whatever is rotated before it may be "
			   "taken again with it.");
	return 35;
}

static const struct {
	const char *said, *why;
	int points;
} widths[] = {
	[FIRN_READERS_SENT] = {
		"whoever it was sent to",
		"It was seen leaving on the network: take it as used.",
		60,
	},
	[FIRN_READERS_INTRUDER] = {
		"the intruder's own process",
		"It was in the environment or the memory of a process that a "
		"sign of an intruder points at: take it as read.",
		45,
	},
	[FIRN_READERS_WORLD] = {
		"any user in the container",
		"Any user in the container could read it.",
		30,
	},
	[FIRN_READERS_USER] = {
		"its user, and root, in the container",
		"Only its own user, and root, could read it in the container.",
		20,
	},
	[FIRN_READERS_ROOT] = {
		"root in the container",
		"Only root could read it in the container.",
		10,
	},
	[FIRN_READERS_OUTSIDE] = {
		"whoever may inspect the container or its image",
		"It is read from outside, by who may inspect the container or "
		"has its image: nobody in it needs to have seen it.",
		5,
	},
};

/* FIRN_READERS_UNSAID for none. */
static size_t
width_of(const char *word)
{
	for (size_t i = FIRN_READERS_SENT; firn_readers_names[i] != NULL; i++)
		if (is(word, firn_readers_names[i]))
			return i;
	return FIRN_READERS_UNSAID;
}

static int
who_could_read_it(const struct firn_weighed *one, struct firn_buf *why)
{
	size_t width = width_of(one->readers);

	if (width == FIRN_READERS_UNSAID)
		return 0;
	firn_buf_addf(why, "%s", widths[width].why);
	return widths[width].points;
}

static int
does_deleting_end_it(const struct firn_weighed *one, struct firn_buf *why)
{
	if (firn_has_expired(one))
		return 0;
	if (is(one->ends, "pod")) {
		firn_buf_addf(why, "Deleting the pod ends it, a minute later "
				   "at most where the API server checks.");
		return -20;
	}
	if (is(one->ends, "expiry")) {
		firn_buf_addf(why,
			      "Deleting the container or the pod doesn't end "
			      "it: it stays good until %.19s%s.",
			      one->expires != 0 ? text_of(one->item, "expires")
						: "it expires",
			      one->expires != 0 ? "Z" : "");
		return 5;
	}
	if (!is(one->ends, "never"))
		return 0;
	firn_buf_addf(why, "It never ends by itself: deleting the container "
			   "or the pod leaves it good.");
	return 5;
}

static int
who_else_has_it(const struct firn_weighed *one, struct firn_buf *why)
{
	const json_t *consumers = json_object_get(one->item, "consumers");
	size_t n = n_consumers(one), shown = n < 5 ? n : 5;

	if (n == 0)
		return 0;
	firn_buf_addf(why,
		      "%zu other container%s on this node hold%s the "
		      "same value (",
		      n, n == 1 ? "" : "s", n == 1 ? "s" : "");
	for (size_t i = 0; i < shown; i++) {
		const json_t *who = json_array_get(consumers, i);
		const char *name = firn_json_string(who, "name", NULL);
		const char *id = firn_json_string(who, "container", NULL);

		firn_buf_addf(why, "%s%.200s", i > 0 ? ", " : "",
			      name != NULL ? name
			      : id != NULL ? id
					   : "?");
	}
	firn_buf_addf(why,
		      "%s): they share the exposure, and rotating it "
		      "breaks them.",
		      n > shown ? ", ..." : "");
	return n < 3 ? 5 * (int)n : 15;
}

static int
what_stays_open(const struct firn_weighed *one, struct firn_buf *why)
{
	const char *residual = guide_of(one, "residual");

	if (residual == NULL || firn_has_expired(one))
		return 0;
	firn_buf_addf(why,
		      "Not all of it can be revoked, so that each minute "
		      "counts: %s",
		      residual);
	return 10;
}

static int
is_it_one(const struct firn_weighed *one, struct firn_buf *why)
{
	const char *confidence = text_of(one->item, "confidence");

	if (is(confidence, "low")) {
		firn_buf_addf(why, "Little but its name says that it is a "
				   "secret: ask its owner what it opens.");
		return -15;
	}
	return is(confidence, "medium") ? -5 : 0;
}

static int
what_comes_first(const struct firn_weighed *one, struct firn_buf *why)
{
	const char *breaks = guide_of(one, "breaks");
	const char *asked = guide_of(one, "first");

	if (asked == NULL || firn_has_expired(one))
		return 0;
	if (one->replace_first) {
		firn_buf_addf(why,
			      "Replace first, then revoke: revoking at "
			      "once would break %s.",
			      breaks != NULL ? breaks : "who uses it");
	} else if (is(asked, "replace")) {
		firn_buf_addf(why,
			      "Revoke first, although that breaks %s: "
			      "whoever has it may be using it now.",
			      breaks != NULL ? breaks : "who uses it");
	} else {
		firn_buf_addf(why, "Revoke first, then replace: what it opens "
				   "is worse than what breaks.");
	}
	return 0;
}

firn_consideration *const firn_considerations[FIRN_N_CONSIDERATIONS] = {
	is_it_done,        is_it_valid,          who_could_read_it,
	what_does_it_open, can_it_mint_others,   what_stays_open,
	who_else_has_it,   does_deleting_end_it, is_it_one,
	what_comes_first,
};

/* --- before it is weighed -------------------------------------------------
 */

/* What has left, or stands in the intruder's own process while nobody else is
 * known to need it, isn't left good for the time a replacement takes. */
static bool
replaces_first(const struct firn_weighed *one)
{
	const char *first = guide_of(one, "first");

	if (first == NULL || !is(first, "replace") || is(one->readers, "sent"))
		return false;
	return !is(one->readers, "intruder") || n_consumers(one) > 0;
}

void
firn_weighed(struct firn_weighed *ret, json_t *item, time_t now)
{
	const char *ends = firn_json_string(item, "guide", "ends", NULL);

	*ret = (struct firn_weighed){
		.item = item,
		.now = now,
		.expires = time_of(text_of(item, "expires")),
		.priority = text_of(item, "priority"),
		.readers = text_of(item, "readers"),
		.ends = ends != NULL ? ends : "",
	};
	ret->replace_first = replaces_first(ret);
}

const char *
firn_readers_said(const json_t *item)
{
	return widths[width_of(text_of(item, "readers"))].said;
}
