#include "assess/exposure/threshold.h"

#include <string.h>

#define POLICY "data/host/policy.yaml"

static const char *const names[] = {
	[FIRN_FROM_POSSIBLE] = "possible",
	[FIRN_FROM_PRESUMED] = "presume exposed",
	NULL,
};

const char *
firn_threshold_name(enum firn_threshold threshold)
{
	return names[threshold];
}

int
firn_threshold_read(const struct firn_yaml *yaml, struct fy_node *node,
		    enum firn_threshold *ret, struct firn_err *err)
{
	static const char *const keys[] = { "exposed-from", NULL };
	int which = *ret == FIRN_FROM_POSSIBLE ? 0 : 1;

	if (node == NULL)
		return 0;
	if (firn_yaml_keys(yaml, node, keys, err) < 0 ||
	    firn_yaml_choice(yaml, firn_yaml_at(node, "exposed-from"), names,
			     &which, err) < 0)
		return -1;
	*ret = which == 0 ? FIRN_FROM_POSSIBLE : FIRN_FROM_PRESUMED;
	return 0;
}

enum firn_threshold
firn_threshold(struct firn_facts *facts)
{
	enum firn_threshold threshold = FIRN_FROM_PRESUMED;
	struct firn_err why = { 0 };
	struct firn_yaml yaml;
	const char *text;
	size_t len;
	int done;

	text = firn_facts_text(facts, POLICY, &len);
	if (text == NULL || firn_yaml_says_nothing(text, len))
		return threshold;
	done = firn_yaml_open(&yaml, "policy.yaml", text, len, &why);
	if (done == 0) {
		done = firn_threshold_read(
			&yaml,
			firn_yaml_at(fy_document_root(yaml.document), "node"),
			&threshold, &why);
		firn_yaml_close(&yaml);
	}
	if (done < 0)
		firn_facts_gap(facts, POLICY, why.text);
	return threshold;
}

bool
firn_threshold_reached(enum firn_threshold threshold, const char *verdict)
{
	return strcmp(verdict, names[FIRN_FROM_PRESUMED]) == 0 ||
	       strcmp(verdict, names[threshold]) == 0;
}
