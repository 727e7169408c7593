#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "evidence/case_folder.h"
#include "firn/owners.h"
#include "firn/rotation.h"
#include "respond/capture_run.h"

/*
 * capture_assess -- the checklist of secrets: made while the target stands
 * still; who else has them is looked for, and all is written, once it runs
 * again.
 */

static int
write_rendering(struct firn_run *run, const char *path, char *text,
		const struct firn_member_source *source, struct firn_err *err)
{
	autofree char *owned = text;

	if (owned == NULL)
		return firn_err_nomem(err);
	return firn_archive_bytes(run->archive, path, owned, strlen(owned),
				  source, err);
}

static int
write_checklist(struct firn_run *run, struct firn_err *err)
{
	static const struct firn_member_source source = {
		.collector = "secrets",
		.source = "what was collected",
		.meaning = "firn(1), secrets",
	};

	if (firn_archive_json(run->archive, "data/assess/secrets.json",
			      run->checklist, &source, err) < 0 ||
	    write_rendering(run, "data/assess/secrets.md",
			    firn_secrets_markdown(run->checklist), &source,
			    err) < 0)
		return -1;
	return write_rendering(run, "data/assess/secrets.csv",
			       firn_secrets_csv(run->checklist), &source, err);
}

static json_t *
in_short(const json_t *checklist)
{
	const json_t *items = json_object_get(checklist, "items"), *item;
	json_int_t urgent = 0;
	size_t i;

	json_array_foreach(items, i, item) {
		const char *priority = firn_json_string(item, "priority", NULL);

		urgent += priority != NULL && strcmp(priority, "P0") == 0;
	}
	return json_pack("{s:I, s:I}", "items",
			 (json_int_t)json_array_size(items), "urgent", urgent);
}

/* Those of the caller, or those that ship: into `own`, to be closed. */
static const struct firn_secret_rules *
rules_of(struct firn_run *run, struct firn_secret_rules **own,
	 struct firn_err *err)
{
	if (run->how->rules != NULL)
		return run->how->rules;
	return firn_secret_rules_open(own, NULL, 0, err) < 0 ? NULL : *own;
}

static int
make_checklist(struct firn_run *run, struct firn_err *err)
{
	autodone(firn_secret_rules_close) struct firn_secret_rules *own = NULL;
	const struct firn_secret_rules *rules = rules_of(run, &own, err);

	if (rules == NULL)
		return -1;
	return firn_secrets_of_target(run->target, rules, run->how->of,
				      &run->checklist, err);
}

static int
add_consumers(struct firn_run *run, struct firn_err *err)
{
	autodone(firn_secret_rules_close) struct firn_secret_rules *own = NULL;
	const struct firn_secret_rules *rules = rules_of(run, &own, err);

	if (rules == NULL)
		return -1;
	return firn_secrets_consumers(run->target, rules, run->how->of,
				      run->checklist, err);
}

/* A policy that can't be read stops no capture. */
static void
assign_owners(struct firn_run *run)
{
	autodone(firn_owners_close) struct firn_owners *owners = NULL;
	struct firn_err why = { 0 };

	if (firn_owners_open(&owners, NULL, &why) < 0 ||
	    firn_owners_assign(owners, run->checklist, &why) < 0)
		firn_archive_gap(run->archive, "secrets",
				 "who owns the secrets", &why);
}

void
firn_run_assess(struct firn_run *run)
{
	struct firn_err why = { 0 };
	autoclose int cases_fd = -1;

	if (make_checklist(run, &why) < 0) {
		firn_archive_gap(run->archive, "secrets", "the checklist",
				 &why);
		return;
	}
	cases_fd = firn_case_folder(&why);
	if (cases_fd < 0 ||
	    firn_rotation_mark(cases_fd, run->checklist, &why) < 0)
		firn_archive_gap(run->archive, "secrets",
				 "what was ticked off before", &why);
	assign_owners(run);
	json_object_set_new(run->result, "secrets", in_short(run->checklist));
}

int
firn_run_write_checklist(struct firn_run *run, struct firn_err *err)
{
	struct firn_err why = { 0 };

	if (run->checklist == NULL)
		return 0;
	if (add_consumers(run, &why) < 0)
		firn_archive_gap(run->archive, "secrets",
				 "who else on the node has them", &why);
	return write_checklist(run, err);
}

void
firn_run_keep_checklist(struct firn_run *run)
{
	struct firn_err why = { 0 };
	autoclose int cases_fd = -1;

	if (run->checklist == NULL)
		return;
	cases_fd = firn_case_folder(&why);
	if (cases_fd < 0 ||
	    firn_rotation_keep(cases_fd, run->checklist, &why) < 0)
		firn_archive_gap(run->archive, "secrets",
				 "the case's own copy of the checklist", &why);
}
