#include "cmd.h"

#include "base/auto.h"
#include "base/json.h"
#include "firn/approval.h"
#include "firn/audit.h"
#include "firn/policy.h"
#include "permit.h"

static const char *
text_of(const json_t *json, const char *key)
{
	const char *text = firn_json_string(json, key, NULL);

	return text != NULL ? text : "?";
}

static void
show_request(FILE *out, const json_t *request)
{
	const json_t *who = json_object_get(request, "who");
	const json_t *target = json_object_get(request, "target");
	const char *name = firn_json_string(target, "name", NULL);
	const char *by = firn_json_string(request, "by", "name", NULL);
	const char *note = firn_json_string(request, "note", NULL);
	const char *of = firn_json_string(request, "case", NULL);
	const char *error = firn_json_string(request, "error", NULL);

	firn_show_row(out, text_of(request, "id"), "%s",
		      text_of(request, "state"));
	if (error != NULL) {
		firn_show_row(out, "", "%s", error);
		return;
	}
	firn_show_row(out, "", "%s %s wants to %s %s%s%.12s, image %s%s%s",
		      text_of(who, "kind"), text_of(who, "name"),
		      text_of(request, "role"), name != NULL ? name : "",
		      name != NULL ? ", " : "", text_of(target, "id"),
		      text_of(target, "image"), of != NULL ? ", case " : "",
		      of != NULL ? of : "");
	firn_show_row(out, "", "asked at %.19sZ", text_of(request, "asked"));
	if (by != NULL)
		firn_show_row(out, "", "answered at %.19sZ by %s%s%s",
			      text_of(request, "answered"), by,
			      note != NULL ? ": " : "",
			      note != NULL ? note : "");
}

/* --- all of them ----------------------------------------------------------
 */

static void
show_all(FILE *out, const json_t *result)
{
	const json_t *requests = json_object_get(result, "requests"), *request;
	size_t i;

	if (json_array_size(requests) == 0)
		fputs("nobody waits for a second person\n", out);
	json_array_foreach(requests, i, request) {
		show_request(out, request);
	}
}

static enum firn_exit
list(const struct firn_cmd *self, const struct firn_common *common)
{
	autojson json_t *result = json_object();
	struct firn_err err = { 0 };
	json_t *requests = NULL;

	if (firn_approvals(&requests, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	json_object_set_new(result, "requests", requests);
	return firn_cmd_result(self, common, result, show_all, FIRN_EXIT_OK);
}

/* --- one ------------------------------------------------------------------
 */

static void
show_answer(FILE *out, const json_t *result)
{
	const json_t *request = json_object_get(result, "request");
	json_int_t good_s =
		json_integer_value(json_object_get(request, "good_s"));

	if (json_is_true(json_object_get(result, "dry_run")))
		firn_show_row(out, "would", "%s it",
			      json_is_true(json_object_get(result, "yes"))
				      ? "approve"
				      : "refuse");
	show_request(out, request);
	if (good_s > 0 && json_is_true(json_object_get(result, "yes")))
		firn_show_row(out, "good for",
			      "%lld minutes, once: now the same command can be "
			      "given again",
			      (long long)(good_s + 59) / 60);
}

static int
answer(const struct firn_common *common, const char *id, bool yes,
       const char *note, json_t *result, struct firn_err *err)
{
	autodone(firn_policy_close) struct firn_policy *policy = NULL;
	autodone(firn_party_free) struct firn_party by = { 0 };
	json_t *request = NULL;

	if (firn_party_me(&by, err) < 0 ||
	    firn_policy_asked(&policy, "approve", common, &by, NULL, err) < 0)
		return -1;
	if (common->dry_run ? firn_approval_may_answer(policy, id, &by,
						       &request, err) < 0
			    : firn_approval_answer(policy, id, &by, yes, note,
						   &request, err) < 0)
		return -1;
	json_object_set_new(result, "yes", json_boolean(yes));
	json_object_set_new(result, "dry_run", json_boolean(common->dry_run));
	json_object_set_new(result, "request", request);
	return common->dry_run ? 0 : firn_audit_sync(err);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	const char *note = NULL;
	bool refuse = false;
	const struct firn_opt opts[] = {
		{ 0, "refuse", NULL, "say no", .flag = &refuse },
		{ 0, "note", "TEXT", "what the record is to say of it",
		  .string = &note },
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autojson json_t *result = json_object();
	struct firn_err err = { 0 };
	enum firn_exit status;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 1, &status))
		return status;
	if (argc == 0 && (refuse || note != NULL))
		return firn_cmd_usage(self, "which one? firn approve lists "
					    "them");
	if (argc == 0)
		return list(self, &common);
	if (answer(&common, argv[0], !refuse, note, result, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	return firn_cmd_result(self, &common, result, show_answer,
			       FIRN_EXIT_OK);
}

const struct firn_cmd firn_cmd_approve = {
	.name = "approve",
	.operands = "[ID]",
	.summary = "be the second person for what the policy wants two for",
	.more = "Without ID it lists who waits for one.  Whoever asked can't "
		"answer; who can, says\nthe policy: firn-policy(5).  A yes is "
		"good once, and not for long.\n\n"
		"Examples:\n"
		"  firn approve\n"
		"  firn approve 3f2a09c1d4\n"
		"  firn approve --refuse --note 'it is the backup' "
		"3f2a09c1d4\n",
	.run = run,
};
