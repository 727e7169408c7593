#include <string.h>

#include "assess/exposure/threshold.h"
#include "assess/posture/posture.h"
#include "assess/rules/regex.h"
#include "base/yaml.h"
#include "firn/exposure.h"
#include "firn/traits.h"

/*
 * posture_policy -- what the node's own policy asks for: the copy that was
 * captured with the rest, so that a lab judges by it too.
 */

#define POLICY "data/host/policy.yaml"

static enum firn_answer
no_policy(struct firn_answering *answering, enum firn_answer answer)
{
	if (firn_facts_json(answering->view->facts, "data/host/host.json") ==
	    NULL)
		return firn_answer(answering, FIRN_CANNOT_TELL,
				   "the host was not captured");
	return firn_answer(answering, answer, "no /etc/firn/policy.yaml");
}

enum firn_answer
firn_has_incident_plan(struct firn_answering *answering)
{
	size_t len;

	if (firn_facts_text(answering->view->facts, POLICY, &len) == NULL)
		return no_policy(answering, FIRN_FAIL);
	return firn_answer(answering, FIRN_PASS,
			   "/etc/firn/policy.yaml is there");
}

/* --- registries -----------------------------------------------------------
 */

static bool
is_approved(const struct firn_words *approved, const char *name)
{
	for (size_t i = 0; i < approved->n; i++) {
		const char *one = approved->items[i];
		size_t len = strlen(one);

		if (firn_glob(one, name, strlen(name), false, true) ||
		    (strncmp(name, one, len) == 0 && name[len] == '/'))
			return true;
	}
	return false;
}

/* "posture: {registries: [...]}"; without one `ret` stays empty. */
static int
take_registries(const struct firn_yaml *yaml, struct firn_words *ret,
		struct firn_err *err)
{
	static const char *const keys[] = { "registries", NULL };
	struct fy_node *posture =
		firn_yaml_at(fy_document_root(yaml->document), "posture");

	if (posture == NULL)
		return 0;
	if (firn_yaml_keys(yaml, posture, keys, err) < 0)
		return -1;
	return firn_yaml_words(yaml, firn_yaml_at(posture, "registries"), ret,
			       err);
}

static int
read_registries(const char *text, size_t len, struct firn_words *ret,
		struct firn_err *err)
{
	struct firn_yaml yaml;
	int done;

	if (firn_yaml_says_nothing(text, len))
		return 0;
	if (firn_yaml_open(&yaml, "policy.yaml", text, len, err) < 0)
		return -1;
	done = take_registries(&yaml, ret, err);
	firn_yaml_close(&yaml);
	return done;
}

int
firn_posture_check_policy(const char *file, const char *text, size_t len,
			  struct firn_err *err)
{
	enum firn_threshold threshold = FIRN_FROM_PRESUMED;
	struct firn_words registries = { 0 };
	struct firn_yaml yaml;
	int done;

	if (firn_yaml_says_nothing(text, len))
		return 0;
	if (firn_yaml_open(&yaml, file, text, len, err) < 0)
		return -1;
	done = take_registries(&yaml, &registries, err);
	if (done == 0)
		done = firn_threshold_read(
			&yaml,
			firn_yaml_at(fy_document_root(yaml.document), "node"),
			&threshold, err);
	firn_words_free(&registries);
	firn_yaml_close(&yaml);
	return done;
}

static enum firn_answer
judge(struct firn_answering *answering, const struct firn_words *approved,
      const char *name)
{
	char full[512], repository[512];

	if (approved->n == 0)
		return firn_answer(answering, FIRN_CANNOT_TELL,
				   "%s; the policy approves of no registries",
				   name);
	firn_image_repository(name, repository, sizeof(repository));
	firn_image_full(repository, full, sizeof(full));
	return firn_answer(answering,
			   is_approved(approved, full) ? FIRN_PASS : FIRN_FAIL,
			   "%s", full);
}

enum firn_answer
firn_is_from_approved_registry(struct firn_answering *answering)
{
	const char *name = firn_image_reference(answering);
	struct firn_words approved = { 0 };
	struct firn_err why = { 0 };
	enum firn_answer answer;
	const char *text;
	size_t len;

	if (name == NULL)
		return FIRN_CANNOT_TELL;
	text = firn_facts_text(answering->view->facts, POLICY, &len);
	if (text == NULL)
		return no_policy(answering, FIRN_CANNOT_TELL);
	if (read_registries(text, len, &approved, &why) < 0)
		answer = firn_answer(answering, FIRN_CANNOT_TELL, "%s",
				     why.text);
	else
		answer = judge(answering, &approved, name);
	firn_words_free(&approved);
	return answer;
}
