#ifndef TARGET_NAMES_H
#define TARGET_NAMES_H

/*
 * names -- what a person or an alert calls a container, taken apart.
 *
 * Everything is checked here, before it is compared with anything or becomes
 * part of a path.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "firn/err.h"
#include "firn/target.h"

/* Longest name of a container, a pod or an image that we accept, in bytes. */
#define NAMES_MAX 255

enum query_kind {
	QUERY_ANY, /* a name, an id, or a prefix of one */
	QUERY_ID,  /* docker://ID, id:ID: an id or a prefix of one */
	QUERY_POD,
	QUERY_PID,
	QUERY_CGROUP,
};

struct query {
	enum query_kind kind;
	enum firn_runtime runtime; /* of QUERY_ID; unknown for any */
	char text[4096];           /* the name, the id, or the path */
	char pod_namespace[NAMES_MAX + 1];
	char pod_name[NAMES_MAX + 1];
	char pod_container[NAMES_MAX + 1]; /* "" for any */
	pid_t pid;
};

/* query_parse(text, ret, err) -- of a TARGET; EINVAL for what can't be one. */
FIRN_MUST_CHECK int query_parse(const char *text, struct query *ret,
				struct firn_err *err);

/* names_is_id(text) -- could it be a container's id or name, and a component
 * of a path?  Letters, digits and `_.+-`, not "." or "..", not an option. */
bool names_is_id(const char *text);

/* names_is_hex(text) -- all lower-case hexadecimal digits, and at least one? */
bool names_is_hex(const char *text);

/* names_is_path(text) -- absolute, no "." or ".." or empty component, no
 * control characters? */
bool names_is_path(const char *text);

#endif
