#ifndef BASE_YAML_H
#define BASE_YAML_H

/*
 * yaml -- the plain part of YAML: mappings, sequences and scalars.
 *
 * A team writes these files, so each error names file:line:column.  Tags,
 * anchors, aliases and several documents in a file are refused: nothing in a
 * file may mean more than it says.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>
#include <libfyaml.h>

#include "base/words.h"
#include "firn/err.h"

#define FIRN_YAML_MAX (1u << 20)

struct firn_yaml {
	struct fy_document *document;
	const char *file; /* what messages name; borrowed */
};

/*
 * firn_yaml_open(ret, file, text, len, err) -- of a whole text.
 *
 * `text` is borrowed until firn_yaml_close().
 */
FIRN_MUST_CHECK int firn_yaml_open(struct firn_yaml *ret, const char *file,
				   const char *text, size_t len,
				   struct firn_err *err);
void firn_yaml_close(struct firn_yaml *yaml);

/* firn_yaml_says_nothing(text, len) -- blank lines and comments only: all that
 * is left of an example.  It is no document, and firn_yaml_open() refuses it.
 */
bool firn_yaml_says_nothing(const char *text, size_t len);

/* firn_yaml_error(yaml, node, err, fmt, ...) -- EBADMSG, at a node.  Returns
 * -1, always. */
int firn_yaml_error(const struct firn_yaml *yaml, struct fy_node *node,
		    struct firn_err *err, const char *fmt, ...)
	FIRN_PRINTF(4, 5);

/* firn_yaml_place(node, ret_line, ret_column) -- where it begins, from 1, or
 * where the key of something empty does; 0 where that can't be told. */
void firn_yaml_place(struct fy_node *node, int *ret_line, int *ret_column);

/* firn_yaml_keys(yaml, node, known, err) -- it is a mapping, and each of its
 * keys is one of `known`, which ends with NULL. */
FIRN_MUST_CHECK int firn_yaml_keys(const struct firn_yaml *yaml,
				   struct fy_node *node,
				   const char *const *known,
				   struct firn_err *err);

/* firn_yaml_at(node, key) -- of a mapping; NULL if it has none. */
struct fy_node *firn_yaml_at(struct fy_node *node, const char *key);

/* firn_yaml_text(yaml, node, ret, err) -- a scalar, for the caller to free(3).
 * A node that is NULL leaves `*ret` as it is. */
FIRN_MUST_CHECK int firn_yaml_text(const struct firn_yaml *yaml,
				   struct fy_node *node, char **ret,
				   struct firn_err *err);

/* firn_yaml_words(yaml, node, ret, err) -- a sequence of scalars, added to
 * `ret`. */
FIRN_MUST_CHECK int firn_yaml_words(const struct firn_yaml *yaml,
				    struct fy_node *node,
				    struct firn_words *ret,
				    struct firn_err *err);

/* firn_yaml_some(yaml, node, ret, err) -- the same, where one alone need not
 * stand in a sequence. */
FIRN_MUST_CHECK int firn_yaml_some(const struct firn_yaml *yaml,
				   struct fy_node *node, struct firn_words *ret,
				   struct firn_err *err);

/* firn_yaml_choice(yaml, node, names, ret, err) -- a scalar that is one of
 * `names` (which ends with NULL); `*ret` is which. */
FIRN_MUST_CHECK int firn_yaml_choice(const struct firn_yaml *yaml,
				     struct fy_node *node,
				     const char *const *names, int *ret,
				     struct firn_err *err);

/* firn_yaml_flag(yaml, node, ret, err) -- true or false. */
FIRN_MUST_CHECK int firn_yaml_flag(const struct firn_yaml *yaml,
				   struct fy_node *node, bool *ret,
				   struct firn_err *err);

/* firn_yaml_number(yaml, node, least, most, ret, err) -- a whole number in
 * decimal, within bounds. */
FIRN_MUST_CHECK int firn_yaml_number(const struct firn_yaml *yaml,
				     struct fy_node *node, unsigned least,
				     unsigned most, unsigned *ret,
				     struct firn_err *err);

/* firn_yaml_duration(yaml, node, most_s, ret, err) -- "30m", in seconds; at
 * most `most_s`. */
FIRN_MUST_CHECK int firn_yaml_duration(const struct firn_yaml *yaml,
				       struct fy_node *node, unsigned most_s,
				       unsigned *ret, struct firn_err *err);

#endif
