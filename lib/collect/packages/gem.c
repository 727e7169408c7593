#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "collect/packages/ecosystem.h"

/*
 * gem -- Ruby's packages.  A gemspec is a program; of those that RubyGems
 * writes when it installs, its first quoted strings are taken.
 *
 * Source: RubyGems, specification.rb, to_ruby; bundler, lockfile_parser.rb.
 */

#define SPEC_MAX (1u << 20)
#define LOCK_MAX (4u << 20)

static bool
takes(const struct firn_tree_entry *entry)
{
	return firn_ends_with(entry->name, ".gemspec") &&
	       firn_lies_in(entry->path, "specifications/");
}

/* What stands behind ".KEY = " in quotes, in place; NULL for another line. */
static char *
assigned(char *line, const char *key)
{
	char *at = line + strspn(line, " \t"), *end;
	size_t len = strlen(key);
	char quote[2] = { 0 };

	at = at + strcspn(at, ".= ");
	if (*at != '.' || strncmp(at + 1, key, len) != 0)
		return NULL;
	at += 1 + len;
	at += strspn(at, " ");
	if (*at != '=')
		return NULL;
	at += strcspn(at, "\"'");
	if (*at == '\0')
		return NULL;
	quote[0] = *at++;
	end = at + strcspn(at, quote);
	*end = '\0';
	return at;
}

static int
read_spec(struct firn_reading *reading, const struct firn_tree_entry *entry,
	  struct firn_err *err)
{
	struct firn_package package = { .type = "gem", .place = entry->path };
	autofree char *text = NULL;
	char *rest, *line;
	size_t len;

	if (!firn_reading_text(reading, entry, SPEC_MAX, &text, &len))
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		const char *value;

		if ((value = assigned(line, "name")) != NULL)
			package.name = value;
		else if ((value = assigned(line, "version")) != NULL)
			package.version = value;
		else if ((value = assigned(line, "licenses")) != NULL)
			package.license = value;
	}
	if (package.name == NULL || package.name[0] == '\0') {
		firn_reading_gap(reading, entry, EBADMSG, "names no package");
		return 0;
	}
	return firn_bom_add(reading->bom, &package, err);
}

const struct firn_ecosystem firn_ecosystem_gem = {
	.takes = takes,
	.read = read_spec,
};

/* --- a lock file -------------------------------------------------------------
 */

static bool
takes_lock(const struct firn_tree_entry *entry)
{
	return strcmp(entry->name, "Gemfile.lock") == 0;
}

/* "    rake (13.0.6)" below "  specs:"; what each needs stands two deeper. */
static int
add_locked(struct firn_reading *reading, const struct firn_tree_entry *entry,
	   char *line, struct firn_err *err)
{
	struct firn_package package = { .type = "gem",
					.place = entry->path,
					.evidence = "lock file" };
	char *open = strstr(line, " ("), *close = strrchr(line, ')');

	if (strspn(line, " ") != 4 || open == NULL || close == NULL ||
	    close < open || open == line + 3)
		return 0;
	*open = '\0';
	*close = '\0';
	package.name = line + 4;
	package.version = open + 2;
	return firn_bom_has(reading->bom, &package)
		       ? 0
		       : firn_bom_add(reading->bom, &package, err);
}

static int
read_lock(struct firn_reading *reading, const struct firn_tree_entry *entry,
	  struct firn_err *err)
{
	autofree char *text = NULL;
	bool specs = false;
	char *rest, *line;
	size_t len;

	if (!firn_reading_text(reading, entry, LOCK_MAX, &text, &len))
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		line[strcspn(line, "\r")] = '\0';
		if (strcmp(line, "  specs:") == 0)
			specs = true;
		else if (line[0] != ' ')
			specs = false;
		else if (specs && add_locked(reading, entry, line, err) < 0)
			return -1;
	}
	return 0;
}

const struct firn_ecosystem firn_ecosystem_gem_lock = {
	.late = true,
	.takes = takes_lock,
	.read = read_lock,
};
