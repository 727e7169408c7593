#include "assess/rules/rule_parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/* A shorter keyword stands everywhere, and saves nothing. */
#define KEYWORD_MIN 3

const char *const firn_priority_names[] = { "P0", "P1", "P2", "P3", NULL };
const char *const firn_confidence_names[] = { "high", "medium", "low", NULL };

void
firn_rule_free(struct firn_rule *rule)
{
	free(rule->name);
	free(rule->title);
	free(rule->provider);
	free(rule->guide_name);
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
		{ "name", &rule->name },
		{ "title", &rule->title },
		{ "provider", &rule->provider },
		{ "guide", &rule->guide_name },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (firn_yaml_text(yaml, firn_yaml_at(node, texts[i].key),
				   texts[i].ret, err) < 0)
			return -1;
	}
	if (rule->name == NULL || rule->title == NULL ||
	    rule->guide_name == NULL)
		return firn_yaml_error(yaml, node, err,
				       "a rule needs name, title and guide");
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
parse_choices(const struct firn_yaml *yaml, struct fy_node *node,
	      struct firn_rule *rule, struct firn_err *err)
{
	struct fy_node *priority = firn_yaml_at(node, "priority");
	struct fy_node *confidence = firn_yaml_at(node, "confidence");
	struct fy_node *folds = firn_yaml_at(node, "folds");
	struct fy_node *reach = firn_yaml_at(node, "reach");

	if (priority == NULL)
		return firn_yaml_error(yaml, node, err,
				       "a rule needs a priority");
	if (firn_yaml_choice(yaml, priority, firn_priority_names,
			     &rule->priority, err) < 0)
		return -1;
	if (confidence != NULL &&
	    firn_yaml_choice(yaml, confidence, firn_confidence_names,
			     &rule->confidence, err) < 0)
		return -1;
	if (folds != NULL && firn_yaml_flag(yaml, folds, &rule->folds, err) < 0)
		return -1;
	if (reach != NULL && firn_yaml_flag(yaml, reach, &rule->reach, err) < 0)
		return -1;
	return 0;
}

/* A number of the rule; `*ret` stays as it is when there is none. */
static int
parse_number(const struct firn_yaml *yaml, struct fy_node *node, double max,
	     double *ret, struct firn_err *err)
{
	autofree char *text = NULL;
	char *end = NULL;
	double number;

	if (firn_yaml_text(yaml, node, &text, err) < 0)
		return -1;
	if (text == NULL)
		return 0;
	number = strtod(text, &end);
	if (end == text || *end != '\0' || !(number >= 0 && number <= max))
		return firn_yaml_error(yaml, node, err,
				       "\"%s\" is no number up to %g", text,
				       max);
	*ret = number;
	return 0;
}

static int
parse_pattern(const struct firn_yaml *yaml, struct fy_node *node,
	      struct firn_rule *rule, struct firn_err *err)
{
	struct fy_node *at = firn_yaml_at(node, "pattern");
	autofree char *pattern = NULL, *valid = NULL;
	double around = FIRN_RULE_AROUND;
	struct firn_err why = { 0 };

	if (firn_yaml_text(yaml, at, &pattern, err) < 0)
		return -1;
	if (pattern != NULL &&
	    firn_regex_compile(&rule->pattern, pattern, &why) < 0)
		return firn_yaml_error(yaml, at, err, "%s", why.text);
	at = firn_yaml_at(node, "valid");
	if (firn_yaml_text(yaml, at, &valid, err) < 0)
		return -1;
	if (valid != NULL)
		rule->valid = firn_valid_named(valid);
	if (valid != NULL && rule->valid == NULL)
		return firn_yaml_error(yaml, at, err,
				       "there is no structure \"%s\"", valid);
	if (parse_number(yaml, firn_yaml_at(node, "entropy"), 8, &rule->entropy,
			 err) < 0 ||
	    parse_number(yaml, firn_yaml_at(node, "around"), 1 << 20, &around,
			 err) < 0)
		return -1;
	rule->around = (size_t)around;
	return 0;
}

static int
check_keywords(const struct firn_yaml *yaml, struct fy_node *node,
	       const struct firn_rule *rule, struct firn_err *err)
{
	struct fy_node *list = firn_yaml_at(node, "keywords");

	if (rule->pattern != NULL && rule->names.n == 0 &&
	    rule->keywords.n == 0)
		return firn_yaml_error(yaml, node, err,
				       "a pattern needs a keyword");
	for (size_t i = 0; i < rule->keywords.n; i++) {
		if (strlen(rule->keywords.items[i]) < KEYWORD_MIN)
			return firn_yaml_error(yaml, list, err,
					       "a keyword has %d bytes or more",
					       KEYWORD_MIN);
	}
	return 0;
}

static int
check_finds(const struct firn_yaml *yaml, struct fy_node *node,
	    const struct firn_rule *rule, struct firn_err *err)
{
	bool by_value =
		rule->pattern != NULL || rule->names.n > 0 || rule->files.n > 0;

	if (by_value != rule->reach)
		return 0;
	return firn_yaml_error(yaml, node, err,
			       rule->reach ? "what is reached has no pattern, "
					     "names or files"
					   : "a rule needs a pattern, names or "
					     "files");
}

int
firn_rule_parse(const struct firn_yaml *yaml, struct fy_node *node,
		struct firn_rule *ret, struct firn_err *err)
{
	static const char *const known[] = {
		"name",       "title",  "provider", "guide", "priority",
		"confidence", "names",  "keywords", "folds", "around",
		"files",      "except", "pattern",  "valid", "entropy",
		"reach",      "match",  "no_match", NULL
	};

	if (firn_yaml_keys(yaml, node, known, err) < 0 ||
	    parse_texts(yaml, node, ret, err) < 0 ||
	    parse_lists(yaml, node, ret, err) < 0 ||
	    parse_choices(yaml, node, ret, err) < 0 ||
	    parse_pattern(yaml, node, ret, err) < 0 ||
	    check_keywords(yaml, node, ret, err) < 0)
		return -1;
	return check_finds(yaml, node, ret, err);
}
