#ifndef RESPOND_PLAYBOOK_WRITTEN_H
#define RESPOND_PLAYBOOK_WRITTEN_H

/*
 * written -- what is written in a playbook, read: each part by a file of its
 * own.
 *
 * All of it is strict: a key or a word that isn't known is an error at its
 * place.  What is known and can't be done yet is a warning at its place.
 */

#include "firn/playbook.h"

/* Of the steps that are written; those that are implied have room besides. */
#define FIRN_STEPS_WRITTEN 40

/* Longest of each, in bytes. */
#define FIRN_PLAYBOOK_NAME 64
#define FIRN_PLAYBOOK_URL 2048
#define FIRN_PLAYBOOK_TEXT 2000

struct firn_written {
	const struct firn_yaml *yaml;
	struct firn_playbook *playbook;
};

/* firn_written_warn(in, node, fmt, ...) -- a warning, at a node. */
void firn_written_warn(const struct firn_written *in, struct fy_node *node,
		       const char *fmt, ...) FIRN_PRINTF(3, 4);

/* firn_written_says_nothing(node) -- "freeze:" and "freeze: {}" alike. */
bool firn_written_says_nothing(struct fy_node *node);

/* firn_written_text(in, node, max, ret, err) -- a text of at most `max` bytes
 * that shows as it is: without control characters. */
FIRN_MUST_CHECK int firn_written_text(const struct firn_written *in,
				      struct fy_node *node, size_t max,
				      char **ret, struct firn_err *err);

/* firn_written_url(in, node, schemes, ret, err) -- a URL of one of `schemes`
 * ("https://"; ends with NULL), which names something behind it. */
FIRN_MUST_CHECK int firn_written_url(const struct firn_written *in,
				     struct fy_node *node,
				     const char *const *schemes, char **ret,
				     struct firn_err *err);

/* firn_written_path(in, node, ret, err) -- an absolute path. */
FIRN_MUST_CHECK int firn_written_path(const struct firn_written *in,
				      struct fy_node *node, char **ret,
				      struct firn_err *err);

/* firn_written_json(in, node, ret, err) -- as it is written, all scalars as
 * strings: a new object, array or string. */
FIRN_MUST_CHECK int firn_written_json(const struct firn_written *in,
				      struct fy_node *node, json_t **ret,
				      struct firn_err *err);

/* "secret: {file: PATH}" */
FIRN_MUST_CHECK int firn_written_secret(const struct firn_written *in,
					struct fy_node *node, char **ret,
					struct firn_err *err);

/* match.c: "match" or "except", checked. */
FIRN_MUST_CHECK int firn_written_match(const struct firn_written *in,
				       struct fy_node *node, json_t **ret,
				       struct firn_err *err);

/* notify.c: whom the case tells. */
FIRN_MUST_CHECK int firn_written_notify(const struct firn_written *in,
					struct fy_node *node,
					struct firn_err *err);

/* steps.c: all of them, as written. */
FIRN_MUST_CHECK int firn_written_steps(const struct firn_written *in,
				       struct fy_node *node,
				       struct firn_err *err);

/* capture_step.c: what is captured. */
FIRN_MUST_CHECK int firn_written_capture(const struct firn_written *in,
					 struct fy_node *node,
					 struct fy_node *with,
					 struct firn_step *step,
					 struct firn_err *err);

/* firn_step_name(kind) -- "freeze". */
const char *firn_step_name(enum firn_step_kind kind);

void firn_step_free(struct firn_step *step);

/* order.c: from the order in which they were written to that in which they are
 * carried out, with what is implied. */
FIRN_MUST_CHECK int firn_playbook_order(struct firn_playbook *playbook,
					struct firn_err *err);

/* looks.c: warnings about what is allowed, and looks wrong. */
void firn_playbook_look(struct firn_playbook *playbook);

/* firn_playbook_warn(playbook, line, column, fmt, ...) -- likewise. */
void firn_playbook_warn(struct firn_playbook *playbook, int line, int column,
			const char *fmt, ...) FIRN_PRINTF(4, 5);

#endif
