#include "assess/exposure/escapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/shipped.h"

extern const struct firn_shipped firn_shipped_escapes[];
extern const size_t firn_n_shipped_escapes;

static void
escape_free(struct firn_escape *escape)
{
	free(escape->name);
	free(escape->component);
	free(escape->since);
	free(escape->what);
	free(escape->link);
	firn_words_free(&escape->fixed);
	firn_words_free(&escape->needs);
	firn_words_free(&escape->mended);
	*escape = (struct firn_escape){ 0 };
}

static int
parse_texts(const struct firn_yaml *yaml, struct fy_node *node,
	    struct firn_escape *escape, struct firn_err *err)
{
	const struct {
		const char *key;
		char **ret;
	} texts[] = {
		{ "name", &escape->name },
		{ "component", &escape->component },
		{ "since", &escape->since },
		{ "what", &escape->what },
		{ "link", &escape->link },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (firn_yaml_text(yaml, firn_yaml_at(node, texts[i].key),
				   texts[i].ret, err) < 0)
			return -1;
		if (*texts[i].ret == NULL)
			return firn_yaml_error(yaml, node, err,
					       "an escape needs %s",
					       texts[i].key);
	}
	return 0;
}

/* A mapping of distributions to versions, as words "NAME=VERSION". */
static int
parse_mended(const struct firn_yaml *yaml, struct fy_node *node,
	     struct firn_words *ret, struct firn_err *err)
{
	struct fy_node_pair *pair;
	void *at = NULL;

	if (node == NULL)
		return 0;
	if (!fy_node_is_mapping(node))
		return firn_yaml_error(yaml, node, err,
				       "\"mended\" must be a mapping");
	while ((pair = fy_node_mapping_iterate(node, &at)) != NULL) {
		autofree char *name = NULL, *version = NULL;
		char word[256];
		int len;

		if (firn_yaml_text(yaml, fy_node_pair_key(pair), &name, err) <
			    0 ||
		    firn_yaml_text(yaml, fy_node_pair_value(pair), &version,
				   err) < 0)
			return -1;
		len = snprintf(word, sizeof(word), "%s=%s",
			       name != NULL ? name : "",
			       version != NULL ? version : "");
		if (len < 0 || (size_t)len >= sizeof(word))
			return firn_yaml_error(yaml, node, err, "too long");
		if (firn_words_add(ret, word, (size_t)len, err) < 0)
			return -1;
	}
	return 0;
}

static int
parse(const struct firn_yaml *yaml, struct fy_node *node,
      struct firn_escape *escape, struct firn_err *err)
{
	static const char *const known[] = { "name",  "component", "since",
					     "fixed", "mended",    "needs",
					     "what",  "link",      "checked",
					     NULL };
	struct fy_node *fixed, *checked;

	if (firn_yaml_keys(yaml, node, known, err) < 0 ||
	    parse_texts(yaml, node, escape, err) < 0)
		return -1;
	fixed = firn_yaml_at(node, "fixed");
	checked = firn_yaml_at(node, "checked");
	if (fixed == NULL || firn_yaml_at(node, "needs") == NULL)
		return firn_yaml_error(yaml, node, err,
				       "an escape needs fixed and needs");
	if (firn_yaml_words(yaml, fixed, &escape->fixed, err) < 0 ||
	    firn_yaml_words(yaml, firn_yaml_at(node, "needs"), &escape->needs,
			    err) < 0 ||
	    parse_mended(yaml, firn_yaml_at(node, "mended"), &escape->mended,
			 err) < 0)
		return -1;
	return checked == NULL
		       ? 0
		       : firn_yaml_flag(yaml, checked, &escape->checked, err);
}

static int
add(struct firn_escapes *escapes, const struct firn_yaml *yaml,
    struct fy_node *node, struct firn_err *err)
{
	struct firn_escape *more =
		reallocarray(escapes->items, escapes->n + 1, sizeof(*more));

	if (more == NULL)
		return firn_err_nomem(err);
	escapes->items = more;
	more[escapes->n] = (struct firn_escape){ 0 };
	return parse(yaml, node, &more[escapes->n++], err);
}

static int
add_all(struct firn_escapes *escapes, const struct firn_yaml *yaml,
	struct firn_err *err)
{
	static const char *const known[] = { "escapes", NULL };
	struct fy_node *root = fy_document_root(yaml->document), *list, *node;
	void *at = NULL;

	if (firn_yaml_keys(yaml, root, known, err) < 0)
		return -1;
	list = firn_yaml_at(root, "escapes");
	if (list == NULL || !fy_node_is_sequence(list))
		return firn_yaml_error(yaml, root, err,
				       "\"escapes\" must be a list");
	while ((node = fy_node_sequence_iterate(list, &at)) != NULL) {
		if (add(escapes, yaml, node, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_escapes_open(struct firn_escapes *ret, struct firn_err *err)
{
	*ret = (struct firn_escapes){ 0 };
	for (size_t i = 0; i < firn_n_shipped_escapes; i++) {
		const struct firn_shipped *file = &firn_shipped_escapes[i];
		struct firn_yaml yaml;
		int done;

		if (firn_yaml_open(&yaml, file->file, file->text,
				   (size_t)(file->end - file->text), err) < 0)
			return -1;
		done = add_all(ret, &yaml, err);
		firn_yaml_close(&yaml);
		if (done < 0) {
			firn_escapes_close(ret);
			return -1;
		}
	}
	return 0;
}

void
firn_escapes_close(struct firn_escapes *escapes)
{
	for (size_t i = 0; i < escapes->n; i++)
		escape_free(&escapes->items[i]);
	free(escapes->items);
	*escapes = (struct firn_escapes){ 0 };
}

const char *
firn_escape_mended(const struct firn_escape *escape, const char *distribution)
{
	size_t len = strlen(distribution);

	for (size_t i = 0; i < escape->mended.n; i++) {
		const char *word = escape->mended.items[i];

		if (strncmp(word, distribution, len) == 0 && word[len] == '=')
			return word + len + 1;
	}
	return NULL;
}
