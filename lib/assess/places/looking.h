#ifndef ASSESS_LOOKING_H
#define ASSESS_LOOKING_H

/*
 * looking -- what it takes to look into files that a suspect may have put
 * there: bounded in number, bytes and time, and never waiting on him.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "assess/checklist/checklist.h"
#include "assess/places/readers.h"
#include "collect/opener.h"
#include "firn/target.h"
#include "host/mountinfo.h"

/* What all that is looked at costs together. */
struct firn_spent {
	size_t n_files, n_entries;
	uint64_t bytes;
	uint64_t deadline_ns; /* of firn_monotonic_ns() */
	json_t *seen;         /* paths of files, an object */
	bool said;            /* that a bound was reached is a gap */
};

/* One root, and what is said of each file that is found below it. */
struct firn_looking {
	struct firn_checklist *list;
	const struct firn_target *target;
	const struct firn_mounts *mounts; /* of what is looked at */
	const struct firn_ids *ids;       /* the container's */
	struct firn_opener *opener;
	struct firn_spent *spent;
	int root_fd;
	const char *where; /* of the place; NULL for "file" */
	const char *via;   /* of the place */
	json_t *facts;     /* of the place; borrowed */
	bool secret;       /* whatever stands in a file is a secret */
	bool follows;      /* links, within the root */
	bool again;        /* also what was seen under the same path */
	const char *name;  /* of the variable whose value a file is; or NULL */
};

/* firn_look_at(looking, path, err) -- one file, by its absolute path below the
 * root.  One that isn't there is nothing; one that can't be read is a gap. */
FIRN_MUST_CHECK int firn_look_at(const struct firn_looking *looking,
				 const char *path, struct firn_err *err);

/* firn_look_into(looking, path, path_fd, err) -- the same for a regular file
 * that is open O_PATH, as a link's end may be. */
FIRN_MUST_CHECK int firn_look_into(const struct firn_looking *looking,
				   const char *path, int path_fd,
				   struct firn_err *err);

/* firn_look_at_contents(looking, place, text, len, err) -- what a file holds,
 * by names, by patterns, and by the rules that the path of the place is enough
 * for.  Of `looking`, the list, `secret` and `name` count. */
FIRN_MUST_CHECK int firn_look_at_contents(const struct firn_looking *looking,
					  const struct firn_secret_place *place,
					  const char *text, size_t len,
					  struct firn_err *err);

/* firn_look_below(looking, path, err) -- all files in a folder of secrets, and
 * in those below it. */
FIRN_MUST_CHECK int firn_look_below(const struct firn_looking *looking,
				    const char *path, struct firn_err *err);

/* firn_look_gap(looking, path, why) -- it could not be looked at. */
void firn_look_gap(const struct firn_looking *looking, const char *path,
		   const struct firn_err *why);

/* firn_look_spent(looking, path) -- is a bound reached?  The first time that is
 * a gap, with the path from which on. */
bool firn_look_spent(const struct firn_looking *looking, const char *path);

/* firn_look_stat(path_fd, ret, err) -- stat(2), of what the kernel knows
 * without asking a file server. */
FIRN_MUST_CHECK int firn_look_stat(int path_fd, struct stat *ret,
				   struct firn_err *err);

/* firn_look_waits(looking, st) -- does it lie on a file server, or in a view of
 * the kernel? */
bool firn_look_waits(const struct firn_looking *looking, const struct stat *st);

/* firn_is_absent(code) -- does this errno(3) say that it isn't there? */
bool firn_is_absent(int code);

#endif
