#include "assess/rules/rules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assess/rules/rule_parse.h"
#include "base/auto.h"
#include "base/io.h"

/* --- one more -------------------------------------------------------------
 */

/* One of the same name is replaced. */
static int
add_rule(struct firn_secret_rules *rules, struct firn_rule *rule,
	 struct firn_err *err)
{
	struct firn_rule *more;

	for (size_t i = 0; i < rules->n; i++) {
		if (strcmp(rules->items[i].name, rule->name) != 0)
			continue;
		firn_rule_free(&rules->items[i]);
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
add_guide(struct firn_secret_rules *rules, struct firn_guide *guide,
	  struct firn_err *err)
{
	struct firn_guide *more;

	for (size_t i = 0; i < rules->n_guides; i++) {
		if (strcmp(rules->guides[i].name, guide->name) != 0)
			continue;
		firn_guide_free(&rules->guides[i]);
		rules->guides[i] = *guide;
		return 0;
	}
	more = reallocarray(rules->guides, rules->n_guides + 1, sizeof(*more));
	if (more == NULL)
		return firn_err_nomem(err);
	rules->guides = more;
	rules->guides[rules->n_guides++] = *guide;
	return 0;
}

static int
parse_rule(struct firn_secret_rules *rules, const struct firn_yaml *yaml,
	   struct fy_node *node, struct firn_err *err)
{
	struct firn_rule rule = { 0 };

	if (firn_rule_parse(yaml, node, &rule, err) == 0 &&
	    add_rule(rules, &rule, err) == 0)
		return 0;
	firn_rule_free(&rule);
	return -1;
}

static int
parse_guide(struct firn_secret_rules *rules, const struct firn_yaml *yaml,
	    struct fy_node *node, struct firn_err *err)
{
	struct firn_guide guide = { 0 };

	if (firn_guide_parse(yaml, node, &guide, err) == 0 &&
	    add_guide(rules, &guide, err) == 0)
		return 0;
	firn_guide_free(&guide);
	return -1;
}

/* --- a file ---------------------------------------------------------------
 */

typedef int parse_one(struct firn_secret_rules *rules,
		      const struct firn_yaml *yaml, struct fy_node *node,
		      struct firn_err *err);

static int
parse_list(struct firn_secret_rules *rules, const struct firn_yaml *yaml,
	   const char *key, parse_one *parse, struct firn_err *err)
{
	struct fy_node *root = fy_document_root(yaml->document), *node;
	struct fy_node *list = firn_yaml_at(root, key);
	void *at = NULL;

	if (list == NULL)
		return 0;
	if (!fy_node_is_sequence(list))
		return firn_yaml_error(yaml, root, err, "\"%s\" must be a list",
				       key);
	while ((node = fy_node_sequence_iterate(list, &at)) != NULL) {
		if (parse(rules, yaml, node, err) < 0)
			return -1;
	}
	return 0;
}

static int
parse_lists(struct firn_secret_rules *rules, const struct firn_yaml *yaml,
	    struct firn_err *err)
{
	static const char *const known[] = { "rules", "guides", NULL };
	struct fy_node *root = fy_document_root(yaml->document);

	if (firn_yaml_keys(yaml, root, known, err) < 0)
		return -1;
	if (firn_yaml_at(root, "rules") == NULL &&
	    firn_yaml_at(root, "guides") == NULL)
		return firn_yaml_error(yaml, root, err,
				       "neither \"rules\" nor \"guides\"");
	if (parse_list(rules, yaml, "guides", parse_guide, err) < 0)
		return -1;
	return parse_list(rules, yaml, "rules", parse_rule, err);
}

static int
add_text(struct firn_secret_rules *rules, const char *file, const char *text,
	 size_t len, struct firn_err *err)
{
	struct firn_yaml yaml;
	int done;

	if (firn_yaml_open(&yaml, file, text, len, err) < 0)
		return -1;
	done = parse_lists(rules, &yaml, err);
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

/* --- all ------------------------------------------------------------------
 */

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

/* A guide may stand in another file than the rules that it is for. */
static int
find_guide(const struct firn_secret_rules *rules, struct firn_rule *rule,
	   struct firn_err *err)
{
	for (size_t i = 0; i < rules->n_guides; i++) {
		const struct firn_guide *guide = &rules->guides[i];

		if (strcmp(guide->name, rule->guide_name) != 0)
			continue;
		rule->guide = guide;
		if (rule->provider == NULL)
			rule->provider = strdup(guide->provider);
		return rule->provider == NULL ? firn_err_nomem(err) : 0;
	}
	return firn_err_set(err, EBADMSG, "rule %s: there is no guide \"%s\"",
			    rule->name, rule->guide_name);
}

/* What has a form of its own says more than what has a name only. */
static int
strength(const struct firn_rule *rule)
{
	int by = rule->pattern == NULL ? 2 : rule->names.n > 0 ? 1 : 0;

	return 4 * by + rule->confidence;
}

static int
by_strength(const void *a, const void *b)
{
	const struct firn_rule *x = a, *y = b;
	int order = strength(x) - strength(y);

	return order != 0 ? order : strcmp(x->name, y->name);
}

static int
complete(struct firn_secret_rules *rules, struct firn_err *err)
{
	for (size_t i = 0; i < rules->n; i++) {
		if (find_guide(rules, &rules->items[i], err) < 0)
			return -1;
	}
	if (rules->n > 0)
		qsort(rules->items, rules->n, sizeof(*rules->items),
		      by_strength);
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
	if (add_all(rules, folders, n, err) < 0 || complete(rules, err) < 0) {
		firn_secret_rules_close(&rules);
		return -1;
	}
	*ret = rules;
	return 0;
}

void
firn_secret_rules_close(struct firn_secret_rules **rules)
{
	if (*rules == NULL)
		return;
	for (size_t i = 0; i < (*rules)->n; i++)
		firn_rule_free(&(*rules)->items[i]);
	for (size_t i = 0; i < (*rules)->n_guides; i++)
		firn_guide_free(&(*rules)->guides[i]);
	free((*rules)->items);
	free((*rules)->guides);
	free(*rules);
	*rules = NULL;
}

const struct firn_rule *
firn_rule_named(const struct firn_secret_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->n; i++) {
		if (strcmp(rules->items[i].name, name) == 0)
			return &rules->items[i];
	}
	return NULL;
}
