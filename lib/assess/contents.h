#ifndef ASSESS_CONTENTS_H
#define ASSESS_CONTENTS_H

/*
 * contents -- of a file that was captured, as it comes out of the archive.
 *
 * One that isn't long is looked through like a file on the node, by names and
 * by the rules that its path is enough for; of a long one, what patterns find.
 */

#include "assess/places/looking.h"
#include "base/secret.h"

/* Starts as `{ .looking.list = }`; released with firn_contents_close(). */
struct firn_contents {
	struct firn_looking looking;
	struct firn_secret
		bytes; /* of one that isn't long; kept for the next */

	struct firn_secret_place place;
	char *path; /* of the place; owned */
	bool is_open, is_long;
	struct firn_checklist_texts text;
};

void firn_contents_close(struct firn_contents *contents);

/*
 * firn_contents_begin(contents, place, size, err) -- a file of so many bytes.
 *
 * `place->path` is copied, and its other texts are borrowed until the end.
 */
FIRN_MUST_CHECK int firn_contents_begin(struct firn_contents *contents,
					const struct firn_secret_place *place,
					uint64_t size, struct firn_err *err);
FIRN_MUST_CHECK int firn_contents_add(struct firn_contents *contents,
				      const void *bytes, size_t len,
				      struct firn_err *err);

/* firn_contents_end(contents, err) -- of what there was of it. */
FIRN_MUST_CHECK int firn_contents_end(struct firn_contents *contents,
				      struct firn_err *err);

#endif
