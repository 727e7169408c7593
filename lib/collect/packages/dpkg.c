#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "collect/packages/ecosystem.h"

/*
 * dpkg -- /var/lib/dpkg/status, and status.d of images without a dpkg
 * (distroless).
 *
 * Source: deb-control(5), dpkg-query(1).
 */

#define STATUS_MAX (32u << 20)

struct stanza {
	const char *name, *version, *arch, *source, *maintainer, *status;
};

static bool
takes(const struct firn_tree_entry *entry)
{
	if (strncmp(entry->path, "var/lib/dpkg/", 13) != 0)
		return false;
	if (strcmp(entry->path + 13, "status") == 0)
		return true;
	return strncmp(entry->path + 13, "status.d/", 9) == 0 &&
	       !firn_ends_with(entry->name, ".md5sums");
}

/* "1:2.3-4" in place: NULL for a part that isn't there. */
static void
split_version(char *text, struct firn_package *package)
{
	char *colon = strchr(text, ':'), *dash;

	if (colon != NULL &&
	    strspn(text, "0123456789") == (size_t)(colon - text) &&
	    colon - text < 9) {
		*colon = '\0';
		package->source_epoch = text;
		text = colon + 1;
	}
	dash = strrchr(text, '-');
	if (dash != NULL) {
		*dash = '\0';
		package->source_release = dash + 1;
	}
	package->source_version = text;
}

static bool
is_installed(const char *status)
{
	const char *last = status != NULL ? strrchr(status, ' ') : NULL;

	/* status.d has none: what is there is installed.  The others have
	 * files that are unpacked, and can run. */
	return status == NULL ||
	       (last != NULL && (strcmp(last, " installed") == 0 ||
				 strcmp(last, " half-configured") == 0 ||
				 strcmp(last, " unpacked") == 0 ||
				 strncmp(last, " triggers-", 10) == 0));
}

static int
add(struct firn_reading *reading, const struct firn_tree_entry *entry,
    const struct stanza *stanza, struct firn_err *err)
{
	struct firn_package package = {
		.type = "deb",
		.name = stanza->name,
		.version = stanza->version,
		.arch = stanza->arch,
		.supplier = stanza->maintainer,
		.place = entry->path,
	};
	char source[512], version[512];
	char *open;

	if (stanza->name == NULL || stanza->name[0] == '\0' ||
	    !is_installed(stanza->status))
		return 0;
	/* "Source: openssl (3.0.11-1)": without it, the package's own. */
	snprintf(source, sizeof(source), "%s",
		 stanza->source != NULL ? stanza->source : stanza->name);
	snprintf(version, sizeof(version), "%s",
		 stanza->version != NULL ? stanza->version : "");
	open = strstr(source, " (");
	if (open != NULL) {
		snprintf(version, sizeof(version), "%.*s",
			 (int)strcspn(open + 2, ")"), open + 2);
		*open = '\0';
	}
	if (strcmp(source, stanza->name) != 0)
		package.upstream = source;
	package.source = source;
	split_version(version, &package);
	return firn_bom_add(reading->bom, &package, err);
}

static void
take_field(struct stanza *stanza, char *line)
{
	static const char *const keys[] = { "Package",      "Version",
					    "Architecture", "Source",
					    "Maintainer",   "Status" };
	const char **values[] = { &stanza->name,       &stanza->version,
				  &stanza->arch,       &stanza->source,
				  &stanza->maintainer, &stanza->status };
	char *colon = strchr(line, ':');

	if (line[0] == ' ' || line[0] == '\t' || colon == NULL)
		return;
	*colon = '\0';
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(line, keys[i]) == 0)
			*values[i] = colon + 1 + strspn(colon + 1, " \t");
	}
}

static int
read_status(struct firn_reading *reading, const struct firn_tree_entry *entry,
	    struct firn_err *err)
{
	autofree char *text = NULL;
	struct stanza stanza = { 0 };
	char *rest, *line;
	size_t len;

	if (!firn_reading_text(reading, entry, STATUS_MAX, &text, &len))
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] != '\0') {
			take_field(&stanza, line);
			continue;
		}
		if (add(reading, entry, &stanza, err) < 0)
			return -1;
		stanza = (struct stanza){ 0 };
	}
	return add(reading, entry, &stanza, err);
}

const struct firn_ecosystem firn_ecosystem_dpkg = {
	.takes = takes,
	.read = read_status,
};
