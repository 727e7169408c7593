#include "base/yaml.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/closest.h"
#include "base/duration.h"
#include "base/io.h"
#include "base/text.h"

/* Deeper than any file of ours, shallow enough for recursion. */
#define DEPTH_MAX 16

/* The token that a node begins with, as far as the library tells: that of the
 * first scalar in it. */
static struct fy_token *
first_token(struct fy_node *node)
{
	for (int depth = 0; node != NULL && depth < DEPTH_MAX; depth++) {
		if (fy_node_is_scalar(node))
			return fy_node_get_scalar_token(node);
		if (fy_node_is_sequence(node)) {
			node = fy_node_sequence_get_by_index(node, 0);
		} else {
			struct fy_node_pair *pair =
				fy_node_mapping_get_by_index(node, 0);

			node = pair != NULL ? fy_node_pair_key(pair) : NULL;
		}
	}
	return NULL;
}

static struct fy_node *
key_of(struct fy_node *mapping, const struct fy_node *value)
{
	struct fy_node_pair *pair;
	void *at = NULL;

	while ((pair = fy_node_mapping_iterate(mapping, &at)) != NULL)
		if (fy_node_pair_value(pair) == value)
			return fy_node_pair_key(pair);
	return NULL;
}

/* Of what has no text ("freeze:", "steps: []"), that of its key, or of what it
 * stands in. */
static const struct fy_mark *
mark_of(struct fy_node *node)
{
	for (int depth = 0; node != NULL && depth <= DEPTH_MAX; depth++) {
		struct fy_token *token = first_token(node);
		struct fy_node *parent = fy_node_get_parent(node);
		const struct fy_mark *mark =
			token != NULL ? fy_token_start_mark(token) : NULL;

		if (mark == NULL && parent != NULL &&
		    fy_node_is_mapping(parent)) {
			token = first_token(key_of(parent, node));
			mark = token != NULL ? fy_token_start_mark(token)
					     : NULL;
		}
		if (mark != NULL)
			return mark;
		node = parent;
	}
	return NULL;
}

void
firn_yaml_place(struct fy_node *node, int *ret_line, int *ret_column)
{
	const struct fy_mark *mark = mark_of(node);

	*ret_line = mark != NULL ? mark->line + 1 : 0;
	*ret_column = mark != NULL ? mark->column + 1 : 0;
}

int
firn_yaml_error(const struct firn_yaml *yaml, struct fy_node *node,
		struct firn_err *err, const char *fmt, ...)
{
	char message[FIRN_ERR_TEXT];
	int line, column;
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	firn_yaml_place(node, &line, &column);
	if (line == 0)
		return firn_err_set(err, EBADMSG, "%s: %s", yaml->file,
				    message);
	return firn_err_set(err, EBADMSG, "%s:%d:%d: %s", yaml->file, line,
			    column, message);
}

/* A scalar; one that holds a NUL would be taken for what stands before it. */
static bool
is_word(struct fy_node *node)
{
	const char *text;
	size_t len;

	if (node == NULL || !fy_node_is_scalar(node))
		return false;
	text = fy_node_get_scalar(node, &len);
	return text != NULL && memchr(text, '\0', len) == NULL;
}

static int
check_plain(const struct firn_yaml *yaml, struct fy_node *node, int depth,
	    struct firn_err *err)
{
	struct fy_node_pair *pair;
	struct fy_node *item;
	void *at = NULL;

	if (node == NULL)
		return 0;
	if (depth > DEPTH_MAX)
		return firn_yaml_error(yaml, node, err, "too deep");
	if (fy_node_is_alias(node))
		return firn_yaml_error(yaml, node, err, "aliases are refused");
	if (fy_node_get_tag_token(node) != NULL)
		return firn_yaml_error(yaml, node, err, "tags are refused");
	if (fy_node_get_anchor(node) != NULL)
		return firn_yaml_error(yaml, node, err, "anchors are refused");
	if (fy_node_is_sequence(node)) {
		while ((item = fy_node_sequence_iterate(node, &at)) != NULL) {
			if (check_plain(yaml, item, depth + 1, err) < 0)
				return -1;
		}
	}
	if (!fy_node_is_mapping(node))
		return 0;
	while ((pair = fy_node_mapping_iterate(node, &at)) != NULL) {
		item = fy_node_pair_key(pair);
		if (!is_word(item))
			return firn_yaml_error(yaml, node, err,
					       "a key must be a word");
		if (check_plain(yaml, item, depth + 1, err) < 0 ||
		    check_plain(yaml, fy_node_pair_value(pair), depth + 1,
				err) < 0)
			return -1;
	}
	return 0;
}

static int
say_why(struct fy_diag *diag, const char *file, struct firn_err *err)
{
	const struct fy_diag_error *first;
	void *at = NULL;

	first = fy_diag_errors_iterate(diag, &at);
	if (first == NULL)
		return firn_err_set(err, EBADMSG, "%s: not YAML", file);
	return firn_err_set(err, EBADMSG, "%s:%d:%d: %s", file, first->line,
			    first->column, first->msg);
}

bool
firn_yaml_says_nothing(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		if (*text == '#') {
			text = memchr(text, '\n', (size_t)(end - text));
			if (text == NULL)
				return true;
		} else if (strchr(" \t\r\n", *text) == NULL) {
			return false;
		}
		text++;
	}
	return true;
}

/* A NUL ends a text for this library, and of what isn't UTF-8 within a comment
 * it doesn't tell where. */
static int
check_bytes(const char *file, const char *text, size_t len,
	    struct firn_err *err)
{
	size_t at = 0, line_at = 0, n;
	int line = 1;

	while (at < len) {
		n = firn_utf8_length(text + at, len - at);
		if (n == 0 || text[at] == '\0')
			return firn_err_set(err, EBADMSG, "%s:%d:%zu: %s", file,
					    line, at - line_at + 1,
					    n == 0 ? "not UTF-8"
						   : "holds a NUL");
		if (text[at] == '\n') {
			line++;
			line_at = at + 1;
		}
		at += n;
	}
	return 0;
}

/* A second document is not read by this library. */
static int
check_text(const char *file, const char *text, size_t len, struct firn_err *err)
{
	const char *line = text;
	int n = 1;

	if (len > FIRN_YAML_MAX)
		return firn_err_set(err, EFBIG, "%s: more than %u bytes", file,
				    FIRN_YAML_MAX);
	if (check_bytes(file, text, len, err) < 0)
		return -1;
	if (firn_yaml_says_nothing(text, len))
		return firn_err_set(err, EBADMSG, "%s: says nothing", file);
	while (line != NULL && (size_t)(line - text) + 3 <= len) {
		if (n > 1 && (memcmp(line, "---", 3) == 0 ||
			      memcmp(line, "...", 3) == 0))
			return firn_err_set(err, EBADMSG,
					    "%s:%d:1: one document only", file,
					    n);
		line = memchr(line, '\n', len - (size_t)(line - text));
		line = line != NULL ? line + 1 : NULL;
		n++;
	}
	return 0;
}

/* What the library would print itself; what it has to say is asked of it. */
static void
print_nothing(struct fy_diag *diag, void *user, const char *text, size_t len)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)len;
}

int
firn_yaml_open(struct firn_yaml *ret, const char *file, const char *text,
	       size_t len, struct firn_err *err)
{
	const struct fy_diag_cfg quiet = {
		.output_fn = print_nothing,
		.level = FYET_ERROR,
		.module_mask = UINT_MAX,
	};
	struct fy_diag *diag = fy_diag_create(&quiet);
	const struct fy_parse_cfg how = {
		.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE |
			 FYPCF_DEFAULT_VERSION_1_2,
		.diag = diag,
	};
	int done = -1;

	if (diag == NULL)
		return firn_err_nomem(err);
	fy_diag_set_collect_errors(diag, true);
	ret->file = file;
	ret->document = NULL;
	if (check_text(file, text, len, err) == 0) {
		ret->document = fy_document_build_from_string(&how, text, len);
		if (ret->document == NULL)
			say_why(diag, file, err);
		else
			done = check_plain(ret, fy_document_root(ret->document),
					   0, err);
	}
	fy_diag_destroy(diag);
	if (done < 0)
		firn_yaml_close(ret);
	return done;
}

void
firn_yaml_close(struct firn_yaml *yaml)
{
	if (yaml->document != NULL)
		fy_document_destroy(yaml->document);
	yaml->document = NULL;
}

static int
not_known(const struct firn_yaml *yaml, struct fy_node *node,
	  const char *before, const char *word, const char *after,
	  const char *const *known, struct firn_err *err)
{
	const char *meant = word != NULL ? firn_closest(word, known) : NULL;

	return firn_yaml_error(yaml, node, err, "%s\"%s\"%s%s%s%s", before,
			       word != NULL ? word : "", after,
			       meant != NULL ? "; did you mean \"" : "",
			       meant != NULL ? meant : "",
			       meant != NULL ? "\"?" : "");
}

int
firn_yaml_keys(const struct firn_yaml *yaml, struct fy_node *node,
	       const char *const *known, struct firn_err *err)
{
	struct fy_node_pair *pair;
	void *at = NULL;

	if (node == NULL || !fy_node_is_mapping(node))
		return firn_yaml_error(yaml, node, err,
				       "keys and values are expected here");
	while ((pair = fy_node_mapping_iterate(node, &at)) != NULL) {
		const char *key = fy_node_get_scalar0(fy_node_pair_key(pair));
		size_t i = 0;

		while (known[i] != NULL && key != NULL &&
		       strcmp(known[i], key) != 0)
			i++;
		if (key == NULL || known[i] == NULL)
			return not_known(yaml,
					 /* An empty one has no place. */
					 key != NULL && key[0] != '\0'
						 ? fy_node_pair_key(pair)
						 : fy_node_pair_value(pair),
					 "unknown key ", key, "", known, err);
	}
	return 0;
}

struct fy_node *
firn_yaml_at(struct fy_node *node, const char *key)
{
	struct fy_node_pair *pair;
	void *at = NULL;

	if (node == NULL || !fy_node_is_mapping(node))
		return NULL;
	while ((pair = fy_node_mapping_iterate(node, &at)) != NULL) {
		const char *name = fy_node_get_scalar0(fy_node_pair_key(pair));

		if (name != NULL && strcmp(name, key) == 0)
			return fy_node_pair_value(pair);
	}
	return NULL;
}

int
firn_yaml_text(const struct firn_yaml *yaml, struct fy_node *node, char **ret,
	       struct firn_err *err)
{
	const char *text;
	char *copy;
	size_t len;

	if (node == NULL)
		return 0;
	text = fy_node_is_scalar(node) ? fy_node_get_scalar(node, &len) : NULL;
	if (text == NULL)
		return firn_yaml_error(yaml, node, err,
				       "a text is expected here");
	if (memchr(text, '\0', len) != NULL)
		return firn_yaml_error(yaml, node, err, "holds a NUL");
	copy = strndup(text, len);
	if (copy == NULL)
		return firn_err_nomem(err);
	free(*ret);
	*ret = copy;
	return 0;
}

int
firn_yaml_words(const struct firn_yaml *yaml, struct fy_node *node,
		struct firn_words *ret, struct firn_err *err)
{
	struct fy_node *item;
	void *at = NULL;

	if (node == NULL)
		return 0;
	if (!fy_node_is_sequence(node))
		return firn_yaml_error(yaml, node, err,
				       "a list is expected here");
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL) {
		autofree char *text = NULL;

		if (firn_yaml_text(yaml, item, &text, err) < 0 ||
		    firn_words_add(ret, text, strlen(text), err) < 0)
			return -1;
	}
	return 0;
}

int
firn_yaml_some(const struct firn_yaml *yaml, struct fy_node *node,
	       struct firn_words *ret, struct firn_err *err)
{
	autofree char *text = NULL;

	if (node == NULL || !fy_node_is_scalar(node))
		return firn_yaml_words(yaml, node, ret, err);
	if (firn_yaml_text(yaml, node, &text, err) < 0)
		return -1;
	return firn_words_add(ret, text, strlen(text), err);
}

int
firn_yaml_choice(const struct firn_yaml *yaml, struct fy_node *node,
		 const char *const *names, int *ret, struct firn_err *err)
{
	autofree char *text = NULL;

	if (node == NULL)
		return 0;
	if (firn_yaml_text(yaml, node, &text, err) < 0)
		return -1;
	for (int i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = i;
			return 0;
		}
	}
	return not_known(yaml, node, "", text, " is not known here", names,
			 err);
}

int
firn_yaml_flag(const struct firn_yaml *yaml, struct fy_node *node, bool *ret,
	       struct firn_err *err)
{
	static const char *const names[] = { "false", "true", NULL };
	int which = *ret;

	if (firn_yaml_choice(yaml, node, names, &which, err) < 0)
		return -1;
	*ret = which == 1;
	return 0;
}

int
firn_yaml_number(const struct firn_yaml *yaml, struct fy_node *node,
		 unsigned least, unsigned most, unsigned *ret,
		 struct firn_err *err)
{
	autofree char *text = NULL;
	uint64_t number;

	if (node == NULL)
		return 0;
	if (firn_yaml_text(yaml, node, &text, err) < 0)
		return -1;
	if (!firn_is_decimal(text, &number) || number < least || number > most)
		return firn_yaml_error(yaml, node, err,
				       "a number from %u to %u is expected "
				       "here",
				       least, most);
	*ret = (unsigned)number;
	return 0;
}

int
firn_yaml_duration(const struct firn_yaml *yaml, struct fy_node *node,
		   unsigned most_s, unsigned *ret, struct firn_err *err)
{
	autofree char *text = NULL;
	struct firn_err why = { 0 };

	if (node == NULL)
		return 0;
	if (firn_yaml_text(yaml, node, &text, err) < 0)
		return -1;
	return firn_duration_within(text, most_s, ret, &why) < 0
		       ? firn_yaml_error(yaml, node, err, "%s", why.text)
		       : 0;
}
