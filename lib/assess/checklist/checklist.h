#ifndef ASSESS_CHECKLIST_H
#define ASSESS_CHECKLIST_H

/*
 * checklist -- the secrets that were found: one item for each value, however
 * many places it was in.  A value goes in, and only its keyed fingerprint
 * stays.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "assess/match/matcher.h"
#include "assess/rules/rules.h"
#include "firn/case.h"

struct firn_checklist {
	const struct firn_secret_rules *rules;
	struct firn_wanted *wanted; /* the one value that is kept, or NULL */
	struct firn_case of;
	json_t *items, *gaps;         /* arrays */
	json_t *by_fingerprint;       /* of the items; borrowed within */
	bool full;                    /* and that is a gap */
	struct firn_matcher *matcher; /* NULL before the first text */
};

FIRN_MUST_CHECK int firn_checklist_open(struct firn_checklist *ret,
					const struct firn_secret_rules *rules,
					const struct firn_case *of,
					struct firn_err *err);
void firn_checklist_close(struct firn_checklist *list);

/* How wide a place could be read; the widest first. */
enum firn_readers {
	FIRN_READERS_UNSAID,
	FIRN_READERS_SENT,     /* seen leaving on the network */
	FIRN_READERS_INTRUDER, /* in a process that a sign points at */
	FIRN_READERS_WORLD,    /* any user in the container */
	FIRN_READERS_USER,     /* one user or group in it, and its root */
	FIRN_READERS_ROOT,     /* only its root */
	FIRN_READERS_OUTSIDE   /* whoever may inspect it or its image */
};

/* firn_readers_names[FIRN_READERS_SENT] is "sent", ...; that of
 * FIRN_READERS_UNSAID is NULL, and so is the one after the last. */
extern const char *const firn_readers_names[];

/* Where something stands. */
struct firn_secret_place {
	const char *where; /* "environment", "command line", "file", ... */
	pid_t pid;         /* 0 for none */
	const char *name;  /* of a variable; NULL for none */
	const char *path;  /* in the container; NULL for none */
	const char *readable_by;
	enum firn_readers readers;
	const char *via; /* through what it could have been had:
			    "docker.sock"; NULL: it lay in the container */
	json_t *facts;   /* what the place says of the secret, for the
				  item's "facts"; borrowed; NULL for none */
};

/* firn_checklist_value(list, place, value, len, err) -- the value of the
 * variable `place->name`: whatever its patterns find in it, or all of it by the
 * first rule that knows the name.  A name that holds a secret isn't shown. */
FIRN_MUST_CHECK int firn_checklist_value(struct firn_checklist *list,
					 const struct firn_secret_place *place,
					 const char *value, size_t len,
					 struct firn_err *err);

/* firn_checklist_text(list, place, text, len, err) -- whatever a text holds by
 * its patterns; returns how many. */
FIRN_MUST_CHECK int firn_checklist_text(struct firn_checklist *list,
					const struct firn_secret_place *place,
					const char *text, size_t len,
					struct firn_err *err);

/*
 * A text that is longer than memory, one at a time:
 *
 * firn_checklist_start(list, text, place, err) -- `text` is the caller's, and
 * has to stay where it is until the end; `place` too, which may change between
 * two pieces.
 * firn_checklist_piece(text, bytes, len, err) -- its next bytes.
 * firn_checklist_end(text, err) -- that was all; returns how many.
 */
struct firn_checklist_texts {
	struct firn_checklist *list;
	const struct firn_secret_place *place;
	struct firn_finder finder;
	int n;
};
FIRN_MUST_CHECK int firn_checklist_start(struct firn_checklist *list,
					 struct firn_checklist_texts *text,
					 const struct firn_secret_place *place,
					 struct firn_err *err);
FIRN_MUST_CHECK int firn_checklist_piece(struct firn_checklist_texts *text,
					 const void *bytes, size_t len,
					 struct firn_err *err);
FIRN_MUST_CHECK int firn_checklist_end(struct firn_checklist_texts *text,
				       struct firn_err *err);

/* firn_checklist_environ(list, place, text, len, err) -- "NAME=value" and a NUL
 * each, as in proc_pid_environ(5); what is none of these is a text. */
FIRN_MUST_CHECK int firn_checklist_environ(
	struct firn_checklist *list, const struct firn_secret_place *place,
	const char *text, size_t len, struct firn_err *err);

/* firn_checklist_add(list, rule, place, value, len, err) -- one secret. */
FIRN_MUST_CHECK int firn_checklist_add(struct firn_checklist *list,
				       const struct firn_rule *rule,
				       const struct firn_secret_place *place,
				       const char *value, size_t len,
				       struct firn_err *err);

/*
 * firn_checklist_reached(list, rule, identity, place, err) -- something without
 * a value: the role that a metadata service hands out, what a socket of the
 * engine opens.  `identity` is a text that names it, and is fingerprinted as
 * values are; `rule` is one that is flagged so.
 */
FIRN_MUST_CHECK int firn_checklist_reached(
	struct firn_checklist *list, const struct firn_rule *rule,
	const char *identity, const struct firn_secret_place *place,
	struct firn_err *err);

/* firn_checklist_gap(list, what, why) -- something could not be looked at. */
void firn_checklist_gap(struct firn_checklist *list, const char *what,
			const struct firn_err *why);

/* firn_checklist_json(list) -- sorted, as firn_secrets_of_target() returns it:
 * a new object. */
json_t *firn_checklist_json(struct firn_checklist *list);

#endif
