#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "collect/packages/ecosystem.h"
#include "collect/packages/go_build_info.h"

/*
 * go -- the modules that an executable was linked from.
 *
 * Source: Go, debug/buildinfo and runtime/debug (mod.go, ParseBuildInfo).
 */

/* The smallest that the linker makes is larger. */
#define EXECUTABLE_MIN (512 << 10)

static bool
takes(const struct firn_tree_entry *entry)
{
	return (entry->st.st_mode & 0111) != 0 &&
	       entry->st.st_size >= EXECUTABLE_MIN;
}

/* "path<TAB>version<TAB>sum", in place. */
static void
take_module(struct firn_package *package, char *line)
{
	char *version = strchr(line, '\t');

	if (version == NULL)
		return;
	*version++ = '\0';
	version[strcspn(version, "\t")] = '\0';
	package->name = line;
	/* A main module that was built from a work tree. */
	package->version = strcmp(version, "(devel)") == 0 ? NULL : version;
}

static int
add(struct firn_reading *reading, const struct firn_package *package,
    struct firn_err *err)
{
	if (package->name == NULL || package->name[0] == '\0')
		return 0;
	return firn_bom_add(reading->bom, package, err);
}

/* "=>" on the line behind it says what it was replaced by. */
static int
add_modules(struct firn_reading *reading, const struct firn_package *none,
	    char *text, struct firn_err *err)
{
	struct firn_package package = *none;
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		bool module = strncmp(line, "dep\t", 4) == 0 ||
			      strncmp(line, "mod\t", 4) == 0;

		if (strncmp(line, "=>\t", 3) == 0)
			take_module(&package, line + 3);
		if (!module)
			continue;
		if (add(reading, &package, err) < 0)
			return -1;
		package = *none;
		take_module(&package, line + 4);
	}
	return add(reading, &package, err);
}

/* Its standard library has advisories of its own, and those that are in no
 * other database know it by this. */
static int
add_stdlib(struct firn_reading *reading, const struct firn_package *none,
	   char *version, struct firn_err *err)
{
	struct firn_package package = *none;
	char cpe[96];

	if (strncmp(version, "go", 2) != 0)
		return 0;
	version[strcspn(version, " ")] = '\0';
	package.name = "stdlib";
	package.version = version + 2;
	if (strspn(version + 2, "0123456789.") == strlen(version + 2) &&
	    strlen(version) < 32) {
		snprintf(cpe, sizeof(cpe),
			 "cpe:2.3:a:golang:go:%s:-:*:*:*:*:*:*", version + 2);
		package.cpe = cpe;
	}
	return firn_bom_add(reading->bom, &package, err);
}

static int
read_executable(struct firn_reading *reading,
		const struct firn_tree_entry *entry, struct firn_err *err)
{
	const struct firn_package none = { .type = "golang",
					   .place = entry->path };
	autofree char *version = NULL, *modules = NULL;
	struct firn_err why = { 0 };
	autoclose int fd = firn_tree_open(reading->tree, entry, &why);
	int found =
		fd < 0 ? -1 : firn_go_build_info(fd, &version, &modules, &why);

	if (found < 0)
		firn_tree_gap(reading->tree, entry->path, &why);
	if (found <= 0)
		return 0;
	if (add_stdlib(reading, &none, version, err) < 0)
		return -1;
	return add_modules(reading, &none, modules, err);
}

const struct firn_ecosystem firn_ecosystem_go = {
	.takes = takes,
	.read = read_executable,
};
