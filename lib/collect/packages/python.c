#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "collect/packages/ecosystem.h"

/*
 * python -- distributions that are installed.
 *
 * Source: Python packaging specifications, "Core metadata" and "Recording
 * installed projects"; setuptools' and distutils' egg-info.
 */

#define METADATA_MAX (4u << 20)

static bool
takes(const struct firn_tree_entry *entry)
{
	const char *path = entry->path;

	return firn_ends_with(path, ".dist-info/METADATA") ||
	       firn_ends_with(path, ".egg-info/PKG-INFO") ||
	       firn_ends_with(path, "/EGG-INFO/PKG-INFO") ||
	       (firn_ends_with(path, ".egg-info") && entry->name != path);
}

static void
take_field(struct firn_package *package, char *line)
{
	char *colon = strchr(line, ':');
	const char *value;

	if (line[0] == ' ' || line[0] == '\t' || colon == NULL)
		return;
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	if (strcasecmp(line, "Name") == 0)
		package->name = value;
	else if (strcasecmp(line, "Version") == 0)
		package->version = value;
	else if (strcasecmp(line, "License-Expression") == 0 ||
		 (strcasecmp(line, "License") == 0 &&
		  package->license == NULL && strcmp(value, "UNKNOWN") != 0))
		package->license = value;
	else if (strcasecmp(line, "Author") == 0)
		package->supplier = value;
}

static int
read_metadata(struct firn_reading *reading, const struct firn_tree_entry *entry,
	      struct firn_err *err)
{
	struct firn_package package = { .type = "pypi", .place = entry->path };
	autofree char *text = NULL;
	char *rest, *line;
	size_t len;

	if (!firn_reading_text(reading, entry, METADATA_MAX, &text, &len))
		return 0;
	rest = text;
	/* An empty line ends the header; the description follows. */
	while ((line = strsep(&rest, "\n")) != NULL) {
		line[strcspn(line, "\r")] = '\0';
		if (line[0] == '\0')
			break;
		take_field(&package, line);
	}
	if (package.name == NULL || package.name[0] == '\0') {
		firn_reading_gap(reading, entry, EBADMSG, "names no package");
		return 0;
	}
	return firn_bom_add(reading->bom, &package, err);
}

const struct firn_ecosystem firn_ecosystem_python = {
	.takes = takes,
	.read = read_metadata,
};
