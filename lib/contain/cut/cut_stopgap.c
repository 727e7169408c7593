#include "contain/cut/cut_stopgap.h"

#include <stdint.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/cut_interfaces.h"
#include "contain/cut/cut_link.h"
#include "contain/cut/interfaces.h"
#include "contain/cut/sharers.h"
#include "contain/cut/spaces.h"

static bool
has(const struct firn_method *const *methods, const struct firn_method *method)
{
	for (; *methods != NULL; methods++)
		if (*methods == method)
			return true;
	return false;
}

static uint64_t
number_of(const json_t *change)
{
	json_int_t n = json_integer_value(json_object_get(change, "change"));

	return n > 0 ? (uint64_t)n : 0;
}

static bool
is_by(const json_t *details, const struct firn_method *method)
{
	const char *name = firn_json_string(details, "method", NULL);

	return name != NULL && strcmp(name, method->name) == 0;
}

static bool
is_stopgap(const json_t *details)
{
	return is_by(details, &firn_method_clsact) &&
	       json_object_get(details, "until") != NULL;
}

/* Of the place's interface; in our network namespace, as all of these. */
static bool
lasts_already(const struct firn_cut *cut, const struct firn_place *place)
{
	autojson json_t *open =
		firn_ledger_open_changes(cut->ledger, "isolate");
	const json_t *change;
	struct firn_err why;
	size_t i;

	json_array_foreach(open, i, change) {
		const json_t *details = json_object_get(change, "details");

		if (is_by(details, &firn_method_tcx) &&
		    firn_place_ifindex(details) == place->link->ifindex &&
		    firn_cut_holds(details, &why) == 0)
			return true;
	}
	return false;
}

static const json_t *
last_of(const json_t *array)
{
	size_t n = json_array_size(array);

	return n == 0 ? NULL : json_array_get(array, n - 1);
}

int
firn_cut_at_once(struct firn_cut *cut, const struct firn_method *const *methods,
		 const struct firn_place *place, bool *ret,
		 struct firn_err *err)
{
	autojson json_t *details = json_deep_copy(place->details);
	struct firn_place at_once = *place;
	size_t n_not_used = json_array_size(cut->not_used);
	int done;

	if (!has(methods, &firn_method_tcx) ||
	    !has(methods, &firn_method_clsact) || lasts_already(cut, place))
		return 0;
	at_once.details = details;
	firn_json_text(details, "until", firn_method_tcx.name);
	firn_json_text(details, "covers", place->covers);
	done = firn_cut_with(cut, &firn_method_clsact, &at_once, err);
	if (done < 0)
		return -1;
	while (done == 0 && json_array_size(cut->not_used) > n_not_used)
		json_array_remove(cut->not_used, n_not_used);
	*ret = done == 1 &&
	       json_is_true(json_object_get(last_of(cut->methods), "verified"));
	return 0;
}

static uint64_t
last_change(const struct firn_cut *cut)
{
	autojson json_t *open =
		firn_ledger_open_changes(cut->ledger, "isolate");
	const json_t *change;
	uint64_t last = 0;
	size_t i;

	json_array_foreach(open, i, change) {
		if (number_of(change) > last)
			last = number_of(change);
	}
	return last;
}

static int
cut_ends(struct firn_cut *cut, const struct firn_method *const *methods,
	 const struct firn_interfaces *interfaces, struct firn_err *err)
{
	for (size_t i = 0; i < interfaces->n_ends; i++) {
		const struct firn_end *end = &interfaces->ends[i];
		autojson json_t *details = json_object();
		char covers[FIRN_COVERS];
		struct firn_place place =
			firn_end_place(cut, end, covers, details);
		bool done = false;

		if (end->outside.ifindex != 0 &&
		    firn_cut_at_once(cut, methods, &place, &done, err) < 0)
			return -1;
	}
	return 0;
}

/* As cut_space() of cut_interfaces.c decides; but for a pod, nobody else may
 * be there. */
static bool
is_its_alone(const struct firn_cut *cut, const struct firn_space *space)
{
	struct firn_err why;
	uint64_t own;

	return space->inode != 0 && firn_own_netns(&own, &why) == 0 &&
	       space->inode != own &&
	       !firn_space_is_hosts(cut->target, space) &&
	       (cut->how->whole_pod ||
		firn_sharers_none(cut->target, space->inode));
}

int
firn_cut_before_scan(struct firn_cut *cut,
		     const struct firn_method *const *methods,
		     struct firn_err *err)
{
	autodone(
		firn_interfaces_free) struct firn_interfaces interfaces = { 0 };
	const struct firn_space space = {
		.inode = cut->target->namespaces.inode[FIRN_NS_NET],
		.pid = cut->target->init_pid,
		.name = "ns/net",
	};
	size_t n_methods = json_array_size(cut->methods);
	autoclose int netns_fd = -1;
	struct firn_err why = { 0 };

	cut->before_scan = last_change(cut);
	if (!is_its_alone(cut, &space))
		return 0;
	netns_fd = firn_space_open(cut->target, &space, &why);
	if (netns_fd < 0 ||
	    firn_interfaces_find(netns_fd, cut->rtnl_fd, &interfaces, &why) < 0)
		return 0;
	if (cut_ends(cut, methods, &interfaces, err) < 0)
		return -1;
	while (json_array_size(cut->methods) > n_methods)
		json_array_remove(cut->methods, n_methods);
	return 0;
}

/* What this call had said of it. */
static void
take_back(const struct firn_cut *cut, const char *on)
{
	for (size_t i = json_array_size(cut->methods); i-- > 0;) {
		const json_t *entry = json_array_get(cut->methods, i);
		const char *other = firn_json_string(entry, "on", NULL);

		if (is_by(entry, &firn_method_clsact) && other != NULL &&
		    strcmp(other, on) == 0)
			json_array_remove(cut->methods, i);
	}
}

static int
remove_it(const struct firn_cut *cut, const json_t *change, const char *why,
	  struct firn_err *err)
{
	const json_t *details = json_object_get(change, "details");
	autojson json_t *note = json_pack("{s:s}", "note", why);
	uint64_t n = number_of(change);

	if (firn_cut_undo(cut->ledger, n, details, err) < 0)
		return firn_err_in(err, "undo change %llu (%s)",
				   (unsigned long long)n,
				   firn_method_clsact.name);
	return firn_ledger_note(cut->ledger, n, "undone", note, err);
}

/* The stop-gap alone, where nothing else can be had. */
static int
keep_it(struct firn_cut *cut, const json_t *change, struct firn_place *place,
	struct firn_err *err)
{
	autojson json_t *details =
		json_deep_copy(json_object_get(change, "details"));

	place->details = details;
	return firn_cut_with(cut, &firn_method_clsact, place, err) < 0 ? -1 : 0;
}

/* One whose interface is gone, or in another namespace than ours, is release's
 * to deal with. */
static int
replace(struct firn_cut *cut, const json_t *change, struct firn_err *err)
{
	const json_t *made = json_object_get(change, "details");
	autojson json_t *details = json_object();
	struct firn_link link;
	struct firn_place place = {
		.on = link.name,
		.covers = firn_json_string(made, "covers", NULL),
		.link = &link,
		.netns_fd = -1,
		.details = details,
	};
	struct firn_err why = { 0 };
	int done;

	if (firn_place_is_here(made, &why) < 0 ||
	    firn_place_find(made, cut->rtnl_fd, &link, &why) <= 0)
		return 0;
	json_object_set(details, "inside", json_object_get(made, "inside"));
	done = firn_cut_with(cut, &firn_method_tcx, &place, err);
	if (done < 0)
		return -1;
	take_back(cut, link.name);
	return done == 0 ? keep_it(cut, change, &place, err)
			 : remove_it(cut, change, "tcx took its place", err);
}

int
firn_cut_is_shared(struct firn_cut *cut, const struct firn_link *link,
		   struct firn_err *err)
{
	autojson json_t *open =
		firn_ledger_open_changes(cut->ledger, "isolate");
	const json_t *change;
	size_t i;

	json_array_foreach(open, i, change) {
		const json_t *details = json_object_get(change, "details");

		if (number_of(change) > cut->before_scan &&
		    is_stopgap(details) &&
		    firn_place_ifindex(details) == link->ifindex &&
		    remove_it(cut, change, "others use the interface, too",
			      err) < 0)
			return -1;
	}
	return 0;
}

int
firn_cut_for_good(struct firn_cut *cut, struct firn_err *err)
{
	autojson json_t *open =
		firn_ledger_open_changes(cut->ledger, "isolate");
	const json_t *change;
	size_t i;

	if (open == NULL)
		return firn_err_nomem(err);
	json_array_foreach(open, i, change) {
		const json_t *details = json_object_get(change, "details");

		if (is_stopgap(details) && replace(cut, change, err) < 0)
			return -1;
	}
	return 0;
}
