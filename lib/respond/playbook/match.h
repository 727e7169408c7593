#ifndef RESPOND_PLAYBOOK_MATCH_H
#define RESPOND_PLAYBOOK_MATCH_H

/*
 * match -- what an alert and its container can be known by.
 */

#include <stdbool.h>
#include <stddef.h>

/* Of one key.  Each is compared with a text of at most FIRN_ALERT_TEXT. */
#define FIRN_MATCH_GLOBS 256

/* How a key is compared. */
enum firn_match_of {
	FIRN_MATCH_SOURCE,   /* the alert's format, or its sender's name */
	FIRN_MATCH_ALERT,    /* a text of the alert */
	FIRN_MATCH_PRIORITY, /* its severity */
	FIRN_MATCH_TAGS,
	FIRN_MATCH_LABELS, /* by name */
	FIRN_MATCH_FIELDS, /* by name */
	/* What the container is known by, as in the policy. */
	FIRN_MATCH_NAMESPACE,
	FIRN_MATCH_POD,
	FIRN_MATCH_NAME,
	FIRN_MATCH_IMAGE,
	FIRN_MATCH_TARGET_LABELS,
};

struct firn_match_key {
	const char *name;
	const char *says; /* in a sentence */
	enum firn_match_of of;
};

extern const struct firn_match_key firn_match_keys[];
extern const size_t firn_n_match_keys;

/* firn_match_key(name) -- NULL for none. */
const struct firn_match_key *firn_match_key(const char *name);

/* firn_match_severity(text, ret_at_least) -- of "critical" or ">=notice"; -1
 * for neither. */
int firn_match_severity(const char *text, bool *ret_at_least);

#endif
