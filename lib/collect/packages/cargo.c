#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "collect/packages/ecosystem.h"

/*
 * cargo -- Rust's packages, which a Cargo.lock wants.  Cargo writes it itself,
 * one key on a line: no more of TOML is read.
 *
 * Source: cargo, src/cargo/ops/lockfile.rs.
 */

#define LOCK_MAX (8u << 20)

static bool
takes(const struct firn_tree_entry *entry)
{
	return strcmp(entry->name, "Cargo.lock") == 0;
}

/* The text of 'KEY = "text"', in place; NULL for another line. */
static char *
value_of(char *line, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len) != 0 ||
	    strncmp(line + len, " = \"", 4) != 0)
		return NULL;
	line += len + 4;
	line[strcspn(line, "\"")] = '\0';
	return line;
}

static int
add(struct firn_reading *reading, const struct firn_package *package,
    struct firn_err *err)
{
	if (package->name == NULL || package->name[0] == '\0' ||
	    firn_bom_has(reading->bom, package))
		return 0;
	return firn_bom_add(reading->bom, package, err);
}

static void
take_line(struct firn_package *package, char *line)
{
	const char *value;

	if ((value = value_of(line, "name")) != NULL) {
		package->name = value;
	} else if ((value = value_of(line, "version")) != NULL) {
		package->version = value;
	} else if ((value = value_of(line, "checksum")) != NULL &&
		   strlen(value) == 64 &&
		   strspn(value, "0123456789abcdef") == 64) {
		package->hash_alg = "SHA-256";
		package->hash = value;
	}
}

static int
read_lock(struct firn_reading *reading, const struct firn_tree_entry *entry,
	  struct firn_err *err)
{
	const struct firn_package none = { .type = "cargo",
					   .place = entry->path,
					   .evidence = "lock file" };
	struct firn_package package = none;
	autofree char *text = NULL;
	bool within = false;
	char *rest, *line;
	size_t len;

	if (!firn_reading_text(reading, entry, LOCK_MAX, &text, &len))
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		line[strcspn(line, "\r")] = '\0';
		if (line[0] != '[') {
			if (within)
				take_line(&package, line);
			continue;
		}
		if (add(reading, &package, err) < 0)
			return -1;
		package = none;
		within = strcmp(line, "[[package]]") == 0;
	}
	return add(reading, &package, err);
}

const struct firn_ecosystem firn_ecosystem_cargo_lock = {
	.late = true,
	.takes = takes,
	.read = read_lock,
};
