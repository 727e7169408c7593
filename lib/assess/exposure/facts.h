#ifndef ASSESS_FACTS_H
#define ASSESS_FACTS_H

/*
 * facts -- members of an archive, as a check reads them.
 *
 * They come from an archive, or from one that is being written (firn_tap), so
 * that a node and a lab months later judge by the same words.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "assess/exposure/words.h"
#include "firn/archive.h"
#include "firn/err.h"
#include "host/mountinfo.h"

struct firn_fact;

struct firn_facts {
	struct firn_fact *items;
	size_t n, size;
	uint64_t bytes; /* of all that is kept */
	struct firn_words_seen words;
	json_t *gaps;        /* array: what could not be kept or understood */
	struct firn_tap tap; /* what it is filled by, while one is written */
};

/* firn_facts_open(ret, err) -- empty.  `ret` must stay where it is. */
FIRN_MUST_CHECK int firn_facts_open(struct firn_facts *ret,
				    struct firn_err *err);
void firn_facts_close(struct firn_facts *facts);

/* firn_facts_wants(path) -- does a check read this member? */
bool firn_facts_wants(const char *path);

/* firn_facts_take(facts, path, data, len) -- the next bytes of a member.  What
 * is beyond the bounds (8 MiB each, 24 MiB in all) is a gap. */
void firn_facts_take(struct firn_facts *facts, const char *path,
		     const void *data, size_t len);

/* firn_facts_gap(facts, path, why) -- a member could not be understood. */
void firn_facts_gap(struct firn_facts *facts, const char *path,
		    const char *why);

/*
 * firn_facts_json(facts, path) -- what a member says: the value of NAME.json,
 * an array of the lines of NAME.jsonl.
 *
 * Borrowed.  NULL if there is no such member, or if it could not be understood,
 * which is a gap.
 */
const json_t *firn_facts_json(struct firn_facts *facts, const char *path);

/* firn_facts_text(facts, path, ret_len) -- as it stands; NULL if there is no
 * such member. */
const char *firn_facts_text(const struct firn_facts *facts, const char *path,
			    size_t *ret_len);

#endif
