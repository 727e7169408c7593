#include "playbook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "firn/alert.h"
#include "firn/policy.h"
#include "firn/traits.h"
#include "respond/inbox/split.h"

/* Of all alerts on stdin. */
#define STDIN_MAX (16u << 20)

struct testing {
	const struct firn_playbooks *playbooks;
	const char *source;
	const json_t *mapping; /* of the source, or NULL */
	struct firn_scene *scene;
	bool has_target; /* that was named */
	json_t *host_names;
	json_t *tests; /* what came of each */
	bool all;      /* has each a playbook? */
};

/* --- one alert ------------------------------------------------------------
 */

/* The container that is meant, as the runner would find it. */
static int
find_target(const struct testing *testing, const json_t *alert,
	    struct firn_target **ret, json_t *test, struct firn_err *err)
{
	json_t *why = NULL;
	int leads;

	if (firn_alert_leads_nowhere(alert, testing->host_names, &why)) {
		json_object_set_new(test, "nowhere", why);
		return 0;
	}
	leads = firn_alert_find(&testing->scene->host, alert, ret, &why, err);
	if (leads < 0)
		return -1;
	if (leads == FIRN_LEADS_NOWHERE)
		json_object_set_new(test, "nowhere", why);
	return 0;
}

static void
choose(struct testing *testing, const json_t *alert,
       const struct firn_traits *traits, json_t *test)
{
	const struct firn_playbook *chosen;
	autojson json_t *explained = NULL;
	json_t *why = NULL;

	if (traits != NULL)
		json_object_set_new(test, "target", firn_traits_json(traits));
	chosen = firn_playbooks_choose(testing->playbooks, alert,
				       testing->source, traits, &why);
	json_object_set_new(test, "tried", why);
	if (chosen == NULL)
		return;
	explained = firn_playbook_explain(chosen);
	firn_json_text(test, "playbook", chosen->name);
	firn_json_text(test, "file", chosen->file);
	json_object_set(test, "steps", json_object_get(explained, "steps"));
	json_object_set(test, "then", json_object_get(explained, "then"));
	json_object_set(test, "needs", json_object_get(explained, "needs"));
}

static int
test_alert(struct testing *testing, const json_t *alert, struct firn_err *err)
{
	autodone(firn_target_close) struct firn_target *found = NULL;
	const struct firn_target *target = NULL;
	json_t *test = json_object();
	struct firn_traits traits;

	json_array_append_new(testing->tests, test);
	firn_json_text(test, "id", firn_json_string(alert, "id", NULL));
	firn_json_text(test, "rule", firn_json_string(alert, "rule", NULL));
	if (testing->has_target)
		target = testing->scene->target;
	else if (find_target(testing, alert, &found, test, err) < 0)
		return -1;
	if (found != NULL)
		target = found;
	if (target != NULL)
		firn_target_traits(target, &traits);
	choose(testing, alert, target != NULL ? &traits : NULL, test);
	if (target == NULL || json_object_get(test, "playbook") == NULL)
		testing->all = false;
	return 0;
}

/* --- all of stdin ---------------------------------------------------------
 */

static int
test_payload(struct testing *testing, const char *text, size_t len,
	     struct firn_err *err)
{
	autojson json_t *alerts = NULL;
	const json_t *alert;
	size_t i;

	if (firn_alerts_parse(text, len, NULL, testing->mapping, &alerts, err) <
	    0)
		return -1;
	json_array_foreach(alerts, i, alert) {
		if (test_alert(testing, alert, err) < 0)
			return -1;
	}
	return 0;
}

static bool
is_blank(const char *text, size_t len)
{
	return strspn(text, " \t\r\n") >= len;
}

static int
test_all(struct testing *testing, char *text, size_t len, struct firn_err *err)
{
	while (!is_blank(text, len)) {
		struct firn_splitter splitter = { 0 };
		size_t n = firn_split(&splitter, text, len);
		char after;

		/* The last need not end with a line. */
		if (n == 0)
			n = len;
		after = text[n];
		text[n] = '\0';
		if (!is_blank(text, n) &&
		    test_payload(testing, text, n, err) < 0)
			return -1;
		text[n] = after;
		text += n;
		len -= n;
	}
	return 0;
}

static void
show_tried(FILE *out, const json_t *tried)
{
	const json_t *one, *why;
	size_t i, k;

	json_array_foreach(tried, i, one) {
		fprintf(out, "  %s %s\n",
			json_is_true(json_object_get(one, "fits"))
				? "is for it:  "
				: "isn't for it:",
			firn_json_string(one, "playbook", NULL));
		json_array_foreach(json_object_get(one, "why"), k, why) {
			fputs("                  ", out);
			firn_put(out, json_string_value(why));
			fputc('\n', out);
		}
	}
}

static void
show_test(FILE *out, const json_t *test)
{
	const json_t *target = json_object_get(test, "target"), *step;
	const char *rule = firn_json_string(test, "rule", NULL);
	const char *nowhere = firn_json_string(test, "nowhere", "text", NULL);
	size_t i;

	firn_put(out, rule != NULL ? rule : "an alert that names no rule");
	fputc('\n', out);
	show_tried(out, json_object_get(test, "tried"));
	if (target != NULL)
		firn_show_row(out, "container", "%s (%.12s)",
			      firn_json_string(target, "service", NULL),
			      firn_json_string(target, "id", NULL));
	if (nowhere != NULL)
		firn_show_row(out, "container",
			      "none, so nothing would be done: %s", nowhere);
	json_array_foreach(json_object_get(test, "steps"), i, step) {
		firn_show_row(out, target != NULL ? "would" : "else would",
			      "%s", firn_json_string(step, "text", NULL));
	}
	if (json_object_get(test, "then") != NULL)
		firn_show_row(out, "and then", "%s",
			      firn_json_string(test, "then", NULL));
}

static void
show(FILE *out, const json_t *result)
{
	const json_t *test;
	size_t i;

	json_array_foreach(json_object_get(result, "alerts"), i, test) {
		if (i > 0)
			fputc('\n', out);
		show_test(out, test);
	}
}

/* A sender's alerts are read as its policy says. */
static int
find_source(struct testing *testing, const struct firn_policy *policy,
	    struct firn_err *err)
{
	const struct firn_source *source;

	if (testing->source == NULL)
		return 0;
	source = firn_policy_source(policy, testing->source);
	if (source == NULL)
		return firn_err_set(err, ESRCH,
				    "no sender is called \"%s\" in the policy",
				    testing->source);
	testing->mapping = source->mapping;
	return 0;
}

static int
test(struct testing *testing, const struct firn_common *common,
     const struct firn_playbook_asked *asked, struct firn_err *err)
{
	autodone(firn_policy_close) struct firn_policy *policy = NULL;
	autofree char *text = NULL;
	size_t len;

	if (testing->source != NULL &&
	    (firn_policy_open(&policy, NULL, err) < 0 ||
	     find_source(testing, policy, err) < 0))
		return -1;
	testing->scene->forced = true; /* it is only spoken of */
	if ((asked->target != NULL
		     ? firn_scene_open(testing->scene, common, asked->target,
				       err)
		     : firn_scene_host(testing->scene, common, err)) < 0 ||
	    firn_alert_host_names(&testing->scene->host, &testing->host_names,
				  err) < 0 ||
	    firn_read_fd(STDIN_FILENO, "standard input", STDIN_MAX, &text, &len,
			 err) < 0)
		return -1;
	testing->has_target = asked->target != NULL;
	return test_all(testing, text, len, err);
}

enum firn_exit
firn_playbook_test(const struct firn_cmd *self,
		   const struct firn_common *common,
		   const struct firn_playbook_asked *asked, char *const *names,
		   size_t n)
{
	autoscene struct firn_scene scene = FIRN_SCENE;
	struct firn_playbooks playbooks = { 0 };
	autojson json_t *result = json_object(), *host_names = NULL;
	struct testing testing = { .playbooks = &playbooks,
				   .source = asked->source,
				   .scene = &scene,
				   .tests = json_array(),
				   .all = true };
	struct firn_err err = { 0 };
	int done;

	json_object_set_new(result, "alerts", testing.tests);
	if (isatty(STDIN_FILENO))
		return firn_cmd_usage(self, "alerts are read from stdin");
	if (firn_playbooks_asked(asked, names, n, &playbooks, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	done = test(&testing, common, asked, &err);
	host_names = testing.host_names;
	firn_playbooks_close(&playbooks);
	if (done < 0)
		return firn_cmd_failed(self, common, &err);
	if (json_array_size(testing.tests) == 0)
		return firn_cmd_usage(self, "there was no alert on stdin");
	return firn_cmd_result(self, common, result, show,
			       testing.all ? FIRN_EXIT_OK : FIRN_EXIT_NO);
}
