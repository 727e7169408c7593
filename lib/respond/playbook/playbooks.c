#include "firn/playbook.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/shipped.h"
#include "base/text.h"
#include "respond/playbook/fits.h"
#include "respond/playbook/written.h"

/*
 * playbooks -- all of them, in the order in which they are tried.
 */

/* More than a team can know by heart. */
#define PLAYBOOKS_MAX 256

/* What is for all that nothing else is for. */
#define LAST "general"

extern const struct firn_shipped firn_shipped_playbooks[];
extern const size_t firn_n_shipped_playbooks;

void
firn_playbooks_close(struct firn_playbooks *playbooks)
{
	for (size_t i = 0; i < playbooks->n; i++)
		firn_playbook_close(&playbooks->items[i]);
	free(playbooks->items);
	*playbooks = (struct firn_playbooks){ 0 };
}

const struct firn_playbook *
firn_playbooks_named(const struct firn_playbooks *playbooks, const char *name)
{
	for (size_t i = 0; i < playbooks->n; i++)
		if (strcmp(playbooks->items[i]->name, name) == 0)
			return playbooks->items[i];
	return NULL;
}

/* Takes it, also when it fails. */
static int
add(struct firn_playbooks *playbooks, struct firn_playbook *playbook,
    struct firn_err *err)
{
	struct firn_playbook **items =
		reallocarray(playbooks->items, playbooks->n + 1,
			     sizeof(struct firn_playbook *));

	if (items == NULL) {
		firn_playbook_close(&playbook);
		return firn_err_nomem(err);
	}
	playbooks->items = items;
	items[playbooks->n++] = playbook;
	return 0;
}

static int
is_playbook(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       (firn_ends_with(entry->d_name, ".yaml") ||
		firn_ends_with(entry->d_name, ".yml") ||
		firn_ends_with(entry->d_name, ".json"));
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
read_one(struct firn_playbooks *playbooks, const char *folder, const char *name,
	 struct firn_err *err)
{
	const struct firn_playbook *other;
	struct firn_playbook *playbook = NULL;
	autofree char *path = NULL;

	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		path = NULL;
		return firn_err_nomem(err);
	}
	if (firn_playbook_read(&playbook, path, err) < 0)
		return firn_err_in(err, "%s", folder);
	other = firn_playbooks_named(playbooks, playbook->name);
	if (other != NULL) {
		firn_err_set(err, EBADMSG,
			     "%s: %s and %s are both the playbook \"%s\": "
			     "take one away, or give it another name",
			     folder, other->file, name, playbook->name);
		firn_playbook_close(&playbook);
		return -1;
	}
	return add(playbooks, playbook, err);
}

/* Who can put a file of root's there, or take one away, decides as well. */
static int
check_folder(const char *folder, struct firn_err *err)
{
	struct stat st;

	if (stat(folder, &st) < 0)
		return firn_err_sys(err, "look at %s", folder);
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return firn_err_set(err, EPERM,
				    "others than root can change what is in "
				    "%s: chown root %s; chmod go-w %s",
				    folder, folder, folder);
	return 0;
}

static int
read_folder(struct firn_playbooks *playbooks, const char *folder,
	    struct firn_err *err)
{
	struct dirent **entries = NULL;
	int n, done = 0;

	if (check_folder(folder, err) < 0)
		return -1;
	n = scandir(folder, &entries, is_playbook, by_bytes);
	if (n < 0)
		return firn_err_sys(err, "list %s", folder);
	if (n > PLAYBOOKS_MAX)
		done = firn_err_set(err, E2BIG, "%s: more than %d playbooks",
				    folder, PLAYBOOKS_MAX);
	for (int i = 0; i < n; i++) {
		if (done == 0)
			done = read_one(playbooks, folder, entries[i]->d_name,
					err);
		free(entries[i]);
	}
	free(entries);
	return done;
}

static int
add_shipped(struct firn_playbooks *playbooks, struct firn_err *err)
{
	for (size_t i = 0; i < firn_n_shipped_playbooks; i++) {
		const struct firn_shipped *file = &firn_shipped_playbooks[i];
		struct firn_playbook *playbook = NULL;

		if (firn_playbook_parse(&playbook, strrchr(file->file, '/') + 1,
					file->text,
					(size_t)(file->end - file->text),
					err) < 0)
			return -1;
		if (firn_playbooks_named(playbooks, playbook->name) != NULL)
			firn_playbook_close(&playbook);
		else if (add(playbooks, playbook, err) < 0)
			return -1;
	}
	return 0;
}

static void
put_last(struct firn_playbooks *playbooks, const char *name)
{
	for (size_t i = 0; i < playbooks->n; i++) {
		struct firn_playbook *one = playbooks->items[i];

		if (strcmp(one->name, name) != 0)
			continue;
		memmove(&playbooks->items[i], &playbooks->items[i + 1],
			(playbooks->n - 1 - i) * sizeof(one));
		playbooks->items[playbooks->n - 1] = one;
		return;
	}
}

/* --- what can never be chosen ---------------------------------------------
 */

/* {rule: "*"} and {source: "*"}. */
static bool
is_everything(const json_t *entry)
{
	const char *key;
	json_t *value;

	/* jansson walks an object that it takes as one to change. */
	json_object_foreach((json_t *)(uintptr_t)entry, key, value) {
		const char *glob = json_string_value(
			json_is_array(value) ? json_array_get(value, 0)
					     : value);

		if (glob == NULL || strcmp(glob, "*") != 0)
			return false;
	}
	return true;
}

static bool
takes(const struct firn_playbook *playbook, const json_t *wanted)
{
	const json_t *entry;
	size_t i;

	if (json_array_size(playbook->except) > 0)
		return false;
	json_array_foreach(playbook->match, i, entry) {
		if (is_everything(entry) || json_equal(entry, wanted))
			return true;
	}
	return false;
}

/* Does each alert that would fit a later one fit this one before? */
static bool
takes_all(const struct firn_playbook *playbook,
	  const struct firn_playbook *later)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(later->match, i, entry) {
		if (!takes(playbook, entry))
			return false;
	}
	return json_array_size(later->match) > 0;
}

static void
look_at_each(struct firn_playbooks *playbooks)
{
	for (size_t i = 1; i < playbooks->n; i++) {
		struct firn_playbook *later = playbooks->items[i];

		for (size_t k = 0; k < i; k++) {
			const struct firn_playbook *one = playbooks->items[k];

			if (!takes_all(one, later))
				continue;
			firn_playbook_warn(later, 0, 0,
					   "is never chosen: each alert that "
					   "it is for is taken by \"%s\" (%s), "
					   "which is tried before",
					   one->name, one->file);
			break;
		}
	}
}

int
firn_playbooks_open(struct firn_playbooks *ret, const char *folder,
		    struct firn_err *err)
{
	struct firn_playbooks playbooks = { 0 };
	struct firn_err why = { 0 };

	if (read_folder(&playbooks, folder != NULL ? folder : FIRN_PLAYBOOKS,
			&why) < 0 &&
	    (folder != NULL || why.code != ENOENT)) {
		firn_playbooks_close(&playbooks);
		*err = why;
		return -1;
	}
	if (add_shipped(&playbooks, err) < 0) {
		firn_playbooks_close(&playbooks);
		return -1;
	}
	put_last(&playbooks, LAST);
	look_at_each(&playbooks);
	*ret = playbooks;
	return 0;
}

/* --- the one for an alert -------------------------------------------------
 */

/* Takes `why`. */
static void
note(json_t *notes, const struct firn_playbook *playbook, bool fits,
     json_t *why)
{
	if (notes != NULL)
		json_array_append_new(notes,
				      json_pack("{s:s, s:s, s:b, s:o}",
						"playbook", playbook->name,
						"file", playbook->file, "fits",
						fits, "why", why));
}

/* The one that the alert names, if it may be. */
static const struct firn_playbook *
asked_for(const struct firn_playbooks *playbooks, const json_t *alert,
	  const char *source, const struct firn_traits *traits, json_t *notes)
{
	const char *name = firn_json_string(alert, "playbook", NULL);
	const struct firn_playbook *playbook =
		name != NULL ? firn_playbooks_named(playbooks, name) : NULL;
	json_t *why = notes != NULL ? json_array() : NULL;
	bool excepted;

	if (playbook == NULL) {
		json_decref(why);
		return NULL;
	}
	json_array_append_new(why, json_string("the alert asks for it"));
	excepted = firn_playbook_excepts(playbook, alert, source, traits, why);
	note(notes, playbook, !excepted, why);
	return excepted ? NULL : playbook;
}

const struct firn_playbook *
firn_playbooks_choose(const struct firn_playbooks *playbooks,
		      const json_t *alert, const char *source,
		      const struct firn_traits *traits, json_t **ret_why)
{
	json_t *notes = ret_why != NULL ? json_array() : NULL;
	const struct firn_playbook *chosen =
		asked_for(playbooks, alert, source, traits, notes);

	for (size_t i = 0; chosen == NULL && i < playbooks->n; i++) {
		const struct firn_playbook *one = playbooks->items[i];
		json_t *why = NULL;
		bool fits = firn_playbook_fits(one, alert, source, traits,
					       notes != NULL ? &why : NULL);

		note(notes, one, fits, why);
		if (fits)
			chosen = one;
	}
	if (ret_why != NULL)
		*ret_why = notes;
	return chosen;
}
