#include "contain/cut/cut.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "contain/cut/cut_attempts.h"
#include "contain/cut/cut_unix.h"

/* clang-format off: one a line */
static const struct firn_method *const methods[] = {
	&firn_method_cgroup, &firn_method_unix,       &firn_method_tcx,
	&firn_method_clsact, &firn_method_nft,        &firn_method_down,
	&firn_method_own,    &firn_method_own_clsact, &firn_method_inside,
};
/* clang-format on */

static const struct firn_method *
method_of(const json_t *details)
{
	const char *name = firn_json_string(details, "method", NULL);

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (name != NULL && strcmp(methods[i]->name, name) == 0)
			return methods[i];
	return NULL;
}

int
firn_cut_holds(const json_t *details, struct firn_err *err)
{
	const struct firn_method *method = method_of(details);

	if (method == NULL)
		return firn_err_set(err, EBADMSG, "ledger: unknown method");
	return method->holds(details, err);
}

static bool
names_pin(const json_t *change, const char *pin)
{
	const json_t *pins = firn_json_at(change, "details", "pins", NULL);
	const json_t *other;
	size_t i;

	json_array_foreach(pins, i, other) {
		if (json_is_string(other) &&
		    strcmp(json_string_value(other), pin) == 0)
			return true;
	}
	return false;
}

static bool
is_shared(const json_t *open, uint64_t change, const char *pin)
{
	const json_t *other;
	size_t i;

	json_array_foreach(open, i, other) {
		json_int_t n =
			json_integer_value(json_object_get(other, "change"));

		if ((uint64_t)n != change && names_pin(other, pin))
			return true;
	}
	return false;
}

int
firn_cut_undo(const struct firn_ledger *ledger, uint64_t change,
	      const json_t *details, struct firn_err *err)
{
	const struct firn_method *method = method_of(details);
	autojson json_t *open = firn_ledger_open_changes(ledger, "isolate");
	autojson json_t *pins = json_copy(json_object_get(details, "pins"));

	if (method == NULL)
		return firn_err_set(err, EBADMSG, "ledger: unknown method");
	if (method->undo != NULL && method->undo(details, err) < 0)
		return -1;
	for (size_t i = json_array_size(pins); i-- > 0;) {
		const char *pin = json_string_value(json_array_get(pins, i));

		if (pin != NULL && is_shared(open, change, pin))
			json_array_remove(pins, i);
	}
	return firn_pins_remove(pins, err);
}

int
firn_cut_without(struct firn_cut *cut, const char *method, const char *why)
{
	json_t *entry = json_object();

	firn_json_text(entry, "method", method);
	firn_json_text(entry, "why", why);
	json_array_append_new(cut->not_used, entry);
	return 0;
}

void
firn_cut_open(struct firn_cut *cut, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	json_array_append_new(cut->open, firn_json_message(fmt, args));
	va_end(args);
}

/* Everything that says where a change works; names may change meanwhile. */
static bool
is_same_place(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "method", "inode", "ifindex",
					    "netns", "sides" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *left = json_object_get(a, keys[i]),
			     *right = json_object_get(b, keys[i]);

		if (left != right && !json_equal(left, right))
			return false;
	}
	return true;
}

/* The open change of the ledger that is in force there; a new reference. */
static json_t *
already_there(const struct firn_cut *cut, const json_t *details)
{
	autojson json_t *changes =
		firn_ledger_open_changes(cut->ledger, "isolate");
	struct firn_err why;
	json_t *change;
	size_t i;

	json_array_foreach(changes, i, change) {
		json_t *made = json_object_get(change, "details");

		if (is_same_place(made, details) &&
		    firn_cut_holds(made, &why) == 0)
			return json_incref(made);
	}
	return NULL;
}

static void
add_method(struct firn_cut *cut, const struct firn_method *method,
	   const struct firn_place *place, const struct firn_err *doubt,
	   uint64_t start_ns)
{
	json_t *entry = json_object();

	firn_json_text(entry, "method", method->name);
	firn_json_text(entry, "on", place->on);
	firn_json_text(entry, "covers", place->covers);
	json_object_set_new(entry, "verified", json_boolean(doubt == NULL));
	if (doubt != NULL)
		firn_json_text(entry, "doubt", doubt->text);
	firn_json_uint(entry, "elapsed_us",
		       (firn_monotonic_ns() - start_ns) / 1000);
	json_array_append_new(cut->methods, entry);
}

/* It is as it was made then, with the rules of then. */
static int
keep(struct firn_cut *cut, const struct firn_method *method,
     const struct firn_place *place, const json_t *made, uint64_t start_ns)
{
	const json_t *rules = json_object_get(made, "allow");
	bool loopback = json_is_true(json_object_get(made, "loopback"));

	add_method(cut, method, place, NULL, start_ns);
	if (cut->how->log && json_object_get(made, "attempts") == NULL)
		firn_cut_without(cut, "log",
				 "it was isolated before without it, which "
				 "stays so until it is released");
	if (rules != NULL && !json_equal(rules, cut->allow)) {
		autofree char *text = firn_json_line(rules);

		firn_cut_open(cut,
			      "%s: was isolated before with other rules, which "
			      "stay until it is released: allowed is %s",
			      place->on, text == NULL ? "?" : text);
	}
	if (cut->how->cut_loopback && !loopback && place->link == NULL)
		firn_cut_open(cut,
			      "%s: was isolated before without loopback, which "
			      "stays until it is released",
			      place->on);
	return 1;
}

static int
note_why(struct firn_cut *cut, uint64_t change, const char *phase,
	 const struct firn_err *why, struct firn_err *err)
{
	autojson json_t *details = json_object();

	firn_json_text(details, "why", why->text);
	return firn_ledger_note(cut->ledger, change, phase, details, err);
}

/* Whatever was made of it goes; if even that fails the change stays open in the
 * ledger, and release tries again. */
static int
give_up(struct firn_cut *cut, const struct firn_method *method,
	const struct firn_place *place, uint64_t change,
	const struct firn_err *why, struct firn_err *err)
{
	if (firn_cut_undo(cut->ledger, change, place->details, err) < 0)
		return firn_err_in(err, "%s failed (%s), and its undo",
				   method->name, why->text);
	if (note_why(cut, change, "failed", why, err) < 0)
		return -1;
	return firn_cut_without(cut, method->name, why->text);
}

/* A cut that counts less is still a cut. */
static void
open_log(struct firn_cut *cut, const struct firn_method *method,
	 const struct firn_place *place)
{
	const char *path = firn_json_string(place->details, "attempts", NULL);
	struct firn_err why = { 0 };

	if (!cut->how->log || (path == NULL && place->link == NULL))
		return;
	if (path == NULL)
		firn_err_set(&why, ENOTSUP, "%s counts no attempts",
			     method->name);
	else
		cut->attempts_fd = firn_attempts_pinned(path, &why);
	if (cut->attempts_fd < 0)
		firn_cut_without(cut, "log", why.text);
}

static int
make(struct firn_cut *cut, const struct firn_method *method,
     const struct firn_place *place, struct firn_err *why)
{
	int done;

	/* A folder without a pin would never be taken away. */
	if (json_array_size(json_object_get(place->details, "pins")) > 0 &&
	    firn_pins_make(&cut->pins, why) < 0)
		return -1;
	open_log(cut, method, place);
	done = method->make(cut, place, why);
	firn_auto_close(&cut->attempts_fd);
	cut->attempts_fd = -1;
	return done;
}

static int
check(struct firn_cut *cut, const struct firn_method *method,
      const struct firn_place *place, struct firn_err *why)
{
	if (method->holds(place->details, why) < 0)
		return -1;
	return method->verify == NULL ? 0 : method->verify(cut, place, why);
}

/* Made, but not seen to work: it stays, and the result says so. */
static int
confirm(struct firn_cut *cut, uint64_t change, const struct firn_err *doubt,
	struct firn_err *err)
{
	if (doubt != NULL)
		return note_why(cut, change, "made", doubt, err);
	return firn_ledger_note(cut->ledger, change, "confirmed", NULL, err);
}

int
firn_cut_with(struct firn_cut *cut, const struct firn_method *method,
	      struct firn_place *place, struct firn_err *err)
{
	uint64_t start_ns = firn_monotonic_ns(), change;
	autojson json_t *made = NULL;
	struct firn_err why = { 0 };
	const struct firn_err *doubt = NULL;

	firn_json_text(place->details, "method", method->name);
	firn_json_text(place->details, "on", place->on);
	json_object_set_new(place->details, "options",
			    firn_isolation_json(cut->how));
	if (method->plan(cut, place, &why) < 0 ||
	    firn_cut_log(cut, place, &why) < 0)
		return firn_cut_without(cut, method->name, why.text);
	made = already_there(cut, place->details);
	if (made != NULL)
		return keep(cut, method, place, made, start_ns);

	if (firn_ledger_ask(cut->ledger, "isolate", place->details, &change,
			    err) < 0)
		return -1;
	if (make(cut, method, place, &why) < 0)
		return give_up(cut, method, place, change, &why, err);
	cut->n_changes++;
	if (firn_ledger_note(cut->ledger, change, "made", NULL, err) < 0)
		return -1;
	if (check(cut, method, place, &why) < 0)
		doubt = &why;
	add_method(cut, method, place, doubt, start_ns);
	return confirm(cut, change, doubt, err) < 0 ? -1 : 1;
}
