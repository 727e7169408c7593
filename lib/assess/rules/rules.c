#include "assess/rules/rules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

const char *const firn_priority_names[] = { "P0", "P1", "P2", "P3", NULL };
const char *const firn_confidence_names[] = { "high", "medium", "low", NULL };

static void
rule_free(struct firn_rule *rule)
{
	free(rule->name);
	free(rule->title);
	free(rule->revoke);
	free(rule->rotate);
	free(rule->check);
	free(rule->breaks);
	firn_words_free(&rule->names);
	firn_words_free(&rule->keywords);
	firn_words_free(&rule->files);
	firn_words_free(&rule->except);
	firn_words_free(&rule->match);
	firn_words_free(&rule->no_match);
	firn_regex_free(&rule->pattern);
	*rule = (struct firn_rule){ 0 };
}

static int
parse_texts(const struct firn_yaml *yaml, struct fy_node *node,
	    struct firn_rule *rule, struct firn_err *err)
{
	const struct {
		const char *key;
		char **ret;
	} texts[] = {
		{ "name", &rule->name },     { "title", &rule->title },
		{ "revoke", &rule->revoke }, { "rotate", &rule->rotate },
		{ "check", &rule->check },   { "breaks", &rule->breaks },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (firn_yaml_text(yaml, firn_yaml_at(node, texts[i].key),
				   texts[i].ret, err) < 0)
			return -1;
	}
	if (rule->name == NULL || rule->title == NULL || rule->rotate == NULL)
		return firn_yaml_error(yaml, node, err,
				       "a rule needs name, title and rotate");
	return 0;
}

static int
parse_lists(const struct firn_yaml *yaml, struct fy_node *node,
	    struct firn_rule *rule, struct firn_err *err)
{
	const struct {
		const char *key;
		struct firn_words *ret;
	} lists[] = {
		{ "names", &rule->names },       { "files", &rule->files },
		{ "keywords", &rule->keywords }, { "match", &rule->match },
		{ "no_match", &rule->no_match }, { "except", &rule->except },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct fy_node *list = firn_yaml_at(node, lists[i].key);

		if (list != NULL &&
		    firn_yaml_words(yaml, list, lists[i].ret, err) < 0)
			return -1;
	}
	return 0;
}

static int
parse_rest(const struct firn_yaml *yaml, struct fy_node *node,
	   struct firn_rule *rule, struct firn_err *err)
{
	struct fy_node *at = firn_yaml_at(node, "priority");
	autofree char *pattern = NULL;
	struct firn_err why = { 0 };

	if (at == NULL)
		return firn_yaml_error(yaml, node, err,
				       "a rule needs a priority");
	if (firn_yaml_choice(yaml, at, firn_priority_names, &rule->priority,
			     err) < 0)
		return -1;
	at = firn_yaml_at(node, "confidence");
	if (at != NULL && firn_yaml_choice(yaml, at, firn_confidence_names,
					   &rule->confidence, err) < 0)
		return -1;
	at = firn_yaml_at(node, "pattern");
	if (firn_yaml_text(yaml, at, &pattern, err) < 0)
		return -1;
	if (pattern != NULL &&
	    firn_regex_compile(&rule->pattern, pattern, &why) < 0)
		return firn_yaml_error(yaml, at, err, "%s", why.text);
	if (pattern == NULL && rule->names.n == 0 && rule->files.n == 0)
		return firn_yaml_error(yaml, node, err,
				       "a rule needs a pattern, names or "
				       "files");
	return 0;
}

static int
parse_rule(const struct firn_yaml *yaml, struct fy_node *node,
	   struct firn_rule *rule, struct firn_err *err)
{
	static const char *const known[] = {
		"name",   "title",    "priority", "confidence",
		"names",  "keywords", "pattern",  "files",
		"revoke", "rotate",   "check",    "breaks",
		"match",  "no_match", "except",   NULL
	};

	if (firn_yaml_keys(yaml, node, known, err) < 0 ||
	    parse_texts(yaml, node, rule, err) < 0 ||
	    parse_lists(yaml, node, rule, err) < 0)
		return -1;
	return parse_rest(yaml, node, rule, err);
}

/* One of the same name is replaced. */
static int
add_rule(struct firn_secret_rules *rules, struct firn_rule *rule,
	 struct firn_err *err)
{
	struct firn_rule *more;

	for (size_t i = 0; i < rules->n; i++) {
		if (strcmp(rules->items[i].name, rule->name) != 0)
			continue;
		rule_free(&rules->items[i]);
		rules->items[i] = *rule;
		return 0;
	}
	more = reallocarray(rules->items, rules->n + 1, sizeof(*more));
	if (more == NULL)
		return firn_err_nomem(err);
	rules->items = more;
	rules->items[rules->n++] = *rule;
	return 0;
}

static int
add_rules(struct firn_secret_rules *rules, const struct firn_yaml *yaml,
	  struct firn_err *err)
{
	static const char *const known[] = { "rules", NULL };
	struct fy_node *root = fy_document_root(yaml->document), *list, *node;
	void *at = NULL;

	if (firn_yaml_keys(yaml, root, known, err) < 0)
		return -1;
	list = firn_yaml_at(root, "rules");
	if (list == NULL || !fy_node_is_sequence(list))
		return firn_yaml_error(yaml, root, err,
				       "\"rules\" must be a list");
	while ((node = fy_node_sequence_iterate(list, &at)) != NULL) {
		struct firn_rule rule = { 0 };

		if (parse_rule(yaml, node, &rule, err) < 0 ||
		    add_rule(rules, &rule, err) < 0) {
			rule_free(&rule);
			return -1;
		}
	}
	return 0;
}

static int
add_text(struct firn_secret_rules *rules, const char *file, const char *text,
	 size_t len, struct firn_err *err)
{
	struct firn_yaml yaml;
	int done;

	if (firn_yaml_open(&yaml, file, text, len, err) < 0)
		return -1;
	done = add_rules(rules, &yaml, err);
	firn_yaml_close(&yaml);
	return done;
}

static int
is_rule_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 &&
	       strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

static int
add_file(struct firn_secret_rules *rules, const char *folder, const char *name,
	 struct firn_err *err)
{
	autofree char *path = NULL, *text = NULL;
	size_t len;

	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		path = NULL;
		return firn_err_nomem(err);
	}
	if (firn_read_at(AT_FDCWD, path, FIRN_YAML_MAX, &text, &len, err) < 0)
		return -1;
	return add_text(rules, path, text, len, err);
}

static int
add_folder(struct firn_secret_rules *rules, const char *folder,
	   struct firn_err *err)
{
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, is_rule_file, alphasort), done = 0;

	if (n < 0)
		return firn_err_sys(err, "read the rules in %s", folder);
	for (int i = 0; i < n; i++) {
		if (done == 0)
			done = add_file(rules, folder, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	return done;
}

/* What has a pattern says more than what has a name only. */
static int
by_strength(const void *a, const void *b)
{
	const struct firn_rule *x = a, *y = b;
	int xs = (x->pattern != NULL ? 0 : 4) + x->confidence;
	int ys = (y->pattern != NULL ? 0 : 4) + y->confidence;

	return xs != ys ? xs - ys : strcmp(x->name, y->name);
}

static int
add_all(struct firn_secret_rules *rules, const char *const *folders, size_t n,
	struct firn_err *err)
{
	for (size_t i = 0; i < firn_n_shipped_rules; i++) {
		const struct firn_shipped *file = &firn_shipped_rules[i];

		if (add_text(rules, file->file, file->text,
			     (size_t)(file->end - file->text), err) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (add_folder(rules, folders[i], err) < 0)
			return -1;
	}
	return 0;
}

int
firn_secret_rules_open(struct firn_secret_rules **ret,
		       const char *const *folders, size_t n,
		       struct firn_err *err)
{
	struct firn_secret_rules *rules = calloc(1, sizeof(*rules));

	if (rules == NULL)
		return firn_err_nomem(err);
	if (add_all(rules, folders, n, err) < 0) {
		firn_secret_rules_close(&rules);
		return -1;
	}
	if (rules->n > 0)
		qsort(rules->items, rules->n, sizeof(*rules->items),
		      by_strength);
	*ret = rules;
	return 0;
}

void
firn_secret_rules_close(struct firn_secret_rules **rules)
{
	if (*rules == NULL)
		return;
	for (size_t i = 0; i < (*rules)->n; i++)
		rule_free(&(*rules)->items[i]);
	free((*rules)->items);
	free(*rules);
	*rules = NULL;
}

/* --- matching -------------------------------------------------------------
 */

/* Shorter values are no secrets but switches: "true", "1000". */
#define SHORTEST 6

static bool
has_keyword(const struct firn_rule *rule, const char *text, size_t len)
{
	for (size_t i = 0; i < rule->keywords.n; i++) {
		if (memmem(text, len, rule->keywords.items[i],
			   strlen(rule->keywords.items[i])) != NULL)
			return true;
	}
	return rule->keywords.n == 0;
}

static bool
has_name(const struct firn_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->names.n; i++) {
		if (firn_glob(rule->names.items[i], name, strlen(name), true,
			      false))
			return true;
	}
	return rule->names.n == 0;
}

bool
firn_rule_excepts(const struct firn_rule *rule, const char *text, bool folds)
{
	for (size_t i = 0; i < rule->except.n; i++) {
		if (firn_glob(rule->except.items[i], text, strlen(text), folds,
			      !folds))
			return true;
	}
	return false;
}

int
firn_rule_in_text(const struct firn_rule *rule, const char *text, size_t len,
		  size_t *from, struct firn_span *ret, struct firn_err *err)
{
	if (rule->pattern == NULL || rule->names.n > 0)
		return 0;
	return firn_regex_search(rule->pattern, text, len, from, ret, err);
}

int
firn_rule_in_value(const struct firn_rule *rule, const char *name,
		   const char *value, size_t len, struct firn_span *ret,
		   struct firn_err *err)
{
	size_t from = 0;

	if (!has_name(rule, name) || firn_rule_excepts(rule, name, true) ||
	    !has_keyword(rule, value, len))
		return 0;
	if (rule->pattern != NULL)
		return firn_regex_search(rule->pattern, value, len, &from, ret,
					 err);
	*ret = (struct firn_span){ .end = len };
	return rule->names.n > 0 && len >= SHORTEST;
}
