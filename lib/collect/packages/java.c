#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "collect/packages/ecosystem.h"
#include "collect/packages/zip.h"

/*
 * java -- archives of classes, and those within them.
 *
 * Maven writes into each what it was made of; of one without, its name and its
 * manifest are all there is.
 *
 * Source: Maven Archiver, pom.properties; JAR File Specification.
 */

/* A signed archive's manifest lists each of its files. */
#define TEXT_MAX (4u << 20)
#define INNER_MAX (32u << 20) /* of an archive that lies packed in another */
#define DEPTH_MAX 3

/* An archive that is looked through. */
struct jar {
	struct firn_reading *reading;
	const char *place; /* "srv/app.jar!/lib/a.jar" */
	unsigned depth;
	size_t n; /* packages that name themselves */
	char title[256], version[128], vendor[256]; /* of its manifest */
};

static int look_through(struct jar *jar, struct firn_zip *zip,
			struct firn_err *err);

static bool
is_archive(const char *name)
{
	return firn_ends_with(name, ".jar") || firn_ends_with(name, ".war") ||
	       firn_ends_with(name, ".ear") || firn_ends_with(name, ".jpi") ||
	       firn_ends_with(name, ".hpi");
}

static bool
takes(const struct firn_tree_entry *entry)
{
	return is_archive(entry->name);
}

static void
gap(struct jar *jar, const char *name, const struct firn_err *why)
{
	autofree char *path = NULL;

	if (asprintf(&path, "%s%s%s", jar->place, name != NULL ? "!/" : "",
		     name != NULL ? name : "") < 0)
		path = NULL;
	firn_tree_gap(jar->reading->tree, path != NULL ? path : jar->place,
		      why);
}

/* A small text in it; NULL when a gap was recorded. */
static char *
read_text(struct jar *jar, const struct firn_zip *zip,
	  const struct firn_zip_entry *entry)
{
	struct firn_err why = { 0 };
	char *text = NULL;
	size_t len;

	if (!firn_tree_spend(jar->reading->tree, jar->place, entry->size))
		return NULL;
	if (firn_zip_read(zip, entry, TEXT_MAX, &text, &len, &why) < 0) {
		gap(jar, entry->name, &why);
		return NULL;
	}
	return text;
}

/* --- what Maven says ---------------------------------------------------------
 */

static int
add_properties(struct jar *jar, char *text, struct firn_err *err)
{
	struct firn_package package = { .type = "maven", .place = jar->place };
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		line[strcspn(line, "\r")] = '\0';
		if (strncmp(line, "groupId=", 8) == 0)
			package.group = line + 8;
		else if (strncmp(line, "artifactId=", 11) == 0)
			package.name = line + 11;
		else if (strncmp(line, "version=", 8) == 0)
			package.version = line + 8;
	}
	if (package.name == NULL || package.name[0] == '\0' ||
	    package.group == NULL || package.version == NULL)
		return 0;
	jar->n++;
	return firn_bom_add(jar->reading->bom, &package, err);
}

/* --- what else there is ------------------------------------------------------
 */

static void
copy_value(const char *line, const char *key, char *ret, size_t size)
{
	size_t len = strlen(key);

	if (strncasecmp(line, key, len) == 0 && line[len] == ':')
		snprintf(ret, size, "%s",
			 line + len + 1 + strspn(line + len + 1, " "));
}

static void
take_manifest(struct jar *jar, char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		line[strcspn(line, "\r")] = '\0';
		if (line[0] == '\0')
			return; /* the rest is of single classes */
		copy_value(line, "Implementation-Title", jar->title,
			   sizeof(jar->title));
		copy_value(line, "Implementation-Version", jar->version,
			   sizeof(jar->version));
		copy_value(line, "Implementation-Vendor-Id", jar->vendor,
			   sizeof(jar->vendor));
	}
}

/* "log4j-core-2.14.1.jar": a version begins with a digit. */
static bool
split_name(const char *place, char *name, size_t size, const char **ret_version)
{
	const char *slash = strrchr(place, '/');
	char *dash;

	snprintf(name, size, "%s", slash != NULL ? slash + 1 : place);
	name[strlen(name) > 4 ? strlen(name) - 4 : 0] = '\0';
	for (dash = name; (dash = strchr(dash, '-')) != NULL; dash++) {
		if (dash[1] >= '0' && dash[1] <= '9' && dash != name) {
			*dash = '\0';
			*ret_version = dash + 1;
			return true;
		}
	}
	return false;
}

static int
add_nameless(struct jar *jar, struct firn_err *err)
{
	struct firn_package package = { .type = "maven",
					.place = jar->place,
					.group = jar->vendor };
	char name[512];

	if (split_name(jar->place, name, sizeof(name), &package.version)) {
		package.name = name;
		package.evidence = "file name";
	} else if (jar->title[0] != '\0' && jar->version[0] != '\0') {
		package.name = jar->title;
		package.version = jar->version;
		package.evidence = "manifest";
	} else {
		return 0;
	}
	return firn_bom_add(jar->reading->bom, &package, err);
}

/* --- the archive, and those within -------------------------------------------
 */

static int
look_within(struct jar *jar, const struct firn_zip *zip,
	    const struct firn_zip_entry *entry, struct firn_err *err)
{
	struct firn_err why = { 0 };
	struct jar inner = { .reading = jar->reading, .depth = jar->depth + 1 };
	struct firn_zip within = { 0 };
	autofree char *place = NULL, *data = NULL;
	size_t len = 0;

	if (entry->method != 0 &&
	    !firn_tree_spend(jar->reading->tree, jar->place, entry->size))
		return 0;
	if (inner.depth == DEPTH_MAX)
		firn_err_set(&why, E2BIG, "lies too deep");
	else if (entry->method == 0 &&
		 firn_zip_within(zip, entry, &within, &why) == 0)
		len = 0;
	else if (why.code == 0 &&
		 firn_zip_read(zip, entry, INNER_MAX, &data, &len, &why) == 0)
		within = (struct firn_zip){ .data = (const unsigned char *)data,
					    .size = len };
	if (why.code != 0) {
		gap(jar, entry->name, &why);
		return 0;
	}
	if (asprintf(&place, "%s!/%s", jar->place, entry->name) < 0) {
		place = NULL;
		return firn_err_nomem(err);
	}
	inner.place = place;
	return look_through(&inner, &within, err);
}

static int
see(struct firn_zip *zip, const struct firn_zip_entry *entry, void *arg,
    struct firn_err *err)
{
	struct jar *jar = arg;
	autofree char *text = NULL;

	if (strncmp(entry->name, "META-INF/maven/", 15) == 0 &&
	    firn_ends_with(entry->name, "/pom.properties")) {
		text = read_text(jar, zip, entry);
		return text == NULL ? 0 : add_properties(jar, text, err);
	}
	if (strcmp(entry->name, "META-INF/MANIFEST.MF") == 0) {
		text = read_text(jar, zip, entry);
		if (text != NULL)
			take_manifest(jar, text);
		return 0;
	}
	return is_archive(entry->name) ? look_within(jar, zip, entry, err) : 0;
}

/* A failure of the bom goes up; one of the archive is a gap. */
struct failing {
	struct jar *jar;
	bool of_bom;
};

static int
see_or_fail(struct firn_zip *zip, const struct firn_zip_entry *entry, void *arg,
	    struct firn_err *err)
{
	struct failing *failing = arg;
	int done = see(zip, entry, failing->jar, err);

	failing->of_bom |= done < 0;
	return done;
}

static int
look_through(struct jar *jar, struct firn_zip *zip, struct firn_err *err)
{
	struct failing failing = { .jar = jar };
	struct firn_err why = { 0 };

	if (firn_zip_each(zip, see_or_fail, &failing, &why) < 0) {
		if (failing.of_bom) {
			*err = why;
			return -1;
		}
		gap(jar, NULL, &why);
	}
	return jar->n > 0 ? 0 : add_nameless(jar, err);
}

static int
read_archive(struct firn_reading *reading, const struct firn_tree_entry *entry,
	     struct firn_err *err)
{
	struct jar jar = { .reading = reading, .place = entry->path };
	struct firn_err why = { 0 };
	autoclose int fd = firn_tree_open(reading->tree, entry, &why);
	struct firn_zip zip = { .fd = fd, .size = (uint64_t)entry->st.st_size };

	if (fd < 0) {
		firn_tree_gap(reading->tree, entry->path, &why);
		return 0;
	}
	return look_through(&jar, &zip, err);
}

const struct firn_ecosystem firn_ecosystem_java = {
	.takes = takes,
	.read = read_archive,
};
