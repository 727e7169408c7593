#include "assess/rules/guides.h"

#include <stdlib.h>

const char *const firn_first_names[] = { "revoke", "replace", NULL };
const char *const firn_ends_names[] = { "never", "expiry", "pod", NULL };

void
firn_guide_free(struct firn_guide *guide)
{
	free(guide->name);
	free(guide->provider);
	free(guide->revoke);
	free(guide->rotate);
	free(guide->breaks);
	free(guide->used);
	free(guide->dead);
	free(guide->residual);
	*guide = (struct firn_guide){ 0 };
}

static int
parse_texts(const struct firn_yaml *yaml, struct fy_node *node,
	    struct firn_guide *guide, struct firn_err *err)
{
	const struct {
		const char *key;
		char **ret;
	} texts[] = {
		{ "name", &guide->name },     { "provider", &guide->provider },
		{ "revoke", &guide->revoke }, { "rotate", &guide->rotate },
		{ "breaks", &guide->breaks }, { "used", &guide->used },
		{ "dead", &guide->dead },     { "residual", &guide->residual },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (firn_yaml_text(yaml, firn_yaml_at(node, texts[i].key),
				   texts[i].ret, err) < 0)
			return -1;
	}
	if (guide->name == NULL || guide->provider == NULL ||
	    guide->rotate == NULL)
		return firn_yaml_error(yaml, node, err,
				       "a guide needs name, provider and "
				       "rotate");
	return 0;
}

static int
parse_choices(const struct firn_yaml *yaml, struct fy_node *node,
	      struct firn_guide *guide, struct firn_err *err)
{
	struct fy_node *first = firn_yaml_at(node, "first");
	struct fy_node *ends = firn_yaml_at(node, "ends");
	struct fy_node *mints = firn_yaml_at(node, "mints");
	struct fy_node *checked = firn_yaml_at(node, "checked");

	if (first != NULL && firn_yaml_choice(yaml, first, firn_first_names,
					      &guide->first, err) < 0)
		return -1;
	if (ends != NULL && firn_yaml_choice(yaml, ends, firn_ends_names,
					     &guide->ends, err) < 0)
		return -1;
	if (mints != NULL &&
	    firn_yaml_flag(yaml, mints, &guide->mints, err) < 0)
		return -1;
	if (checked != NULL &&
	    firn_yaml_flag(yaml, checked, &guide->checked, err) < 0)
		return -1;
	return 0;
}

int
firn_guide_parse(const struct firn_yaml *yaml, struct fy_node *node,
		 struct firn_guide *ret, struct firn_err *err)
{
	static const char *const known[] = { "name",   "provider", "revoke",
					     "rotate", "breaks",   "used",
					     "dead",   "residual", "first",
					     "ends",   "mints",    "checked",
					     NULL };

	if (firn_yaml_keys(yaml, node, known, err) < 0 ||
	    parse_texts(yaml, node, ret, err) < 0)
		return -1;
	return parse_choices(yaml, node, ret, err);
}
