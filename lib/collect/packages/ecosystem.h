#ifndef COLLECT_ECOSYSTEM_H
#define COLLECT_ECOSYSTEM_H

/*
 * ecosystem -- a kind of package, and which files say that some are there.
 *
 * Adding one: a file here, a line at the end of this one, a line in the table
 * of ecosystems.c, a test.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/text.h"
#include "collect/packages/bom.h"
#include "collect/packages/tree.h"
#include "firn/err.h"

struct firn_reading {
	struct firn_tree *tree;
	struct firn_bom *bom;
};

struct firn_ecosystem {
	bool late; /* a lock file: it says what should be there, and is read
		    * once it is known what is */
	bool (*takes)(const struct firn_tree_entry *entry);
	/* Fails only when the bom does; what isn't as it should be is a gap. */
	int (*read)(struct firn_reading *reading,
		    const struct firn_tree_entry *entry, struct firn_err *err);
};

/* firn_ecosystem_of(entry) -- the one that takes a regular file, or NULL. */
const struct firn_ecosystem *firn_ecosystem_of(
	const struct firn_tree_entry *entry);

/*
 * firn_reading_text(reading, entry, max, ret, ret_len) -- a whole file.
 *
 * A NUL in it, which no text has, becomes \x01, so that nothing hides behind
 * one.  False when a gap was recorded; more than `max` bytes is one.  `*ret`
 * is for the caller to free(3).
 */
bool firn_reading_text(struct firn_reading *reading,
		       const struct firn_tree_entry *entry, size_t max,
		       char **ret, size_t *ret_len);

/* firn_reading_json(reading, entry, max) -- the same, parsed; NULL when a gap
 * was recorded.  For the caller to json_decref(). */
json_t *firn_reading_json(struct firn_reading *reading,
			  const struct firn_tree_entry *entry, size_t max);

/* firn_reading_gap(reading, entry, code, text) -- it isn't as it should be. */
void firn_reading_gap(struct firn_reading *reading,
		      const struct firn_tree_entry *entry, int code,
		      const char *text);

/* firn_lies_in(path, folder) -- is "usr/lib/" the
 * beginning of the path, or in it behind a "/"? */
bool firn_lies_in(const char *path, const char *folder);

extern const struct firn_ecosystem firn_ecosystem_dpkg;
extern const struct firn_ecosystem firn_ecosystem_apk;
extern const struct firn_ecosystem firn_ecosystem_rpm;
extern const struct firn_ecosystem firn_ecosystem_npm;
extern const struct firn_ecosystem firn_ecosystem_npm_lock;
extern const struct firn_ecosystem firn_ecosystem_python;
extern const struct firn_ecosystem firn_ecosystem_gem;
extern const struct firn_ecosystem firn_ecosystem_gem_lock;
extern const struct firn_ecosystem firn_ecosystem_composer;
extern const struct firn_ecosystem firn_ecosystem_composer_lock;
extern const struct firn_ecosystem firn_ecosystem_cargo_lock;
extern const struct firn_ecosystem firn_ecosystem_java;
extern const struct firn_ecosystem firn_ecosystem_go;

#endif
