#include "respond/playbook/cacao.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/json.h"
#include "firn/policy.h"
#include "respond/playbook/uuid.h"

/*
 * cacao -- a playbook for others: OASIS CACAO 2.0.
 *
 * A line of steps, each with firn's own command line.  What is for alerts to
 * start can't be said there but in words.  Identifiers are made of the file:
 * the playbook's of its name, as section 10.10 has it, so that all versions of
 * it are one; its steps' of the file and their number; who carries them out is
 * the same in all. Their form is version 4's, which that section asks for.
 *
 * Source: CACAO Security Playbooks 2.0, Committee Specification 01,
 * 27 November 2023; the schemas in oasis-open/cacao-json-schemas.
 */

/* When the first playbook of firn's was written: all versions of one have the
 * same "created", and a file doesn't say when it was new. */
#define CREATED "2026-11-28T00:00:00.000Z"

/* aa7caf3a-d55a-4e9a-b34e-056215fba56a: of CACAO's playbooks */
static const unsigned char of_playbooks[FIRN_UUID] = { 0xaa, 0x7c, 0xaf, 0x3a,
						       0xd5, 0x5a, 0x4e, 0x9a,
						       0xb3, 0x4e, 0x05, 0x62,
						       0x15, 0xfb, 0xa5, 0x6a };

/* 2f1d6a0c-6b6e-4c0f-9a6e-66692e6e0a01: of who creates them */
static const unsigned char of_firn[FIRN_UUID] = { 0x2f, 0x1d, 0x6a, 0x0c,
						  0x6b, 0x6e, 0x4c, 0x0f,
						  0x9a, 0x6e, 0x66, 0x69,
						  0x2e, 0x6e, 0x0a, 0x01 };

/* "action--" and a UUID, with room. */
#define ID 64

struct exporting {
	const struct firn_playbook *playbook;
	json_t *workflow;
	json_t *activities;
	char node[ID], people[ID]; /* who does what */
	char end[ID];
	char then[ID]; /* the step that is done whatever happens; or the end */
};

/* --- identifiers ---------------------------------------------------------- */

/* "identity": an object of STIX's. */
static int
creator_id(const char *name, char ret[ID], struct firn_err *err)
{
	char uuid[FIRN_UUID_TEXT];

	if (firn_uuid_named(of_firn, name, uuid, err) < 0)
		return -1;
	snprintf(ret, ID, "identity--%s", uuid);
	return 0;
}

static int
digest_id(const char *type, const char *of, char ret[ID], struct firn_err *err)
{
	unsigned char digest[FIRN_SHA256];
	char uuid[FIRN_UUID_TEXT];

	if (firn_sha256(of, strlen(of), digest, err) < 0)
		return -1;
	firn_uuid_of(digest, uuid);
	snprintf(ret, ID, "%s--%s", type, uuid);
	return 0;
}

static int
step_id(const struct firn_playbook *playbook, const char *type, size_t n,
	char ret[ID], struct firn_err *err)
{
	char of[128];

	snprintf(of, sizeof(of), "%s %s %zu", playbook->sha256, type, n);
	return digest_id(type, of, ret, err);
}

/* Of name and types, in RFC 8785's form: keys in order, no blanks, and nothing
 * but ASCII in either. */
static int
playbook_id(const char *name, const json_t *types, char ret[ID],
	    struct firn_err *err)
{
	autojson json_t *properties =
		json_pack("{s:s, s:O}", "name", name, "playbook_types", types);
	autofree char *text =
		json_dumps(properties, JSON_COMPACT | JSON_SORT_KEYS);
	char uuid[FIRN_UUID_TEXT];

	if (text == NULL)
		return firn_err_nomem(err);
	if (firn_uuid_named(of_playbooks, text, uuid, err) < 0)
		return -1;
	snprintf(ret, ID, "playbook--%s", uuid);
	return 0;
}

/* --- the line of steps ---------------------------------------------------- */

static json_t *
action(const struct exporting *exporting, const struct firn_cacao_step *step,
       size_t n, const char *next)
{
	json_t *action =
		json_pack("{s:s, s:s, s:O, s:s}", "type", "action", "name",
			  step->name, "commands", step->commands, "agent",
			  step->by_people ? exporting->people
					  : exporting->node);
	bool last = n + 1 == exporting->playbook->n_steps;

	if (step->timeout_s > 0)
		json_object_set_new(action, "timeout",
				    json_integer((json_int_t)step->timeout_s *
						 1000));
	if (!step->or_else || last) {
		json_object_set_new(action, "on_completion", json_string(next));
		return action;
	}
	json_object_set_new(action, "on_success", json_string(next));
	json_object_set_new(action, "on_failure", json_string(exporting->then));
	return action;
}

static void
add_activities(struct exporting *exporting, const struct firn_cacao_step *step)
{
	json_t *activity;
	size_t i;

	json_array_foreach(step->activities, i, activity) {
		if (!firn_json_holds(exporting->activities,
				     json_string_value(activity)))
			json_array_append(exporting->activities, activity);
	}
}

static int add_from(struct exporting *exporting, size_t n, char ret[ID],
		    struct firn_err *err);

/* Its place is taken before those that follow it are made, so that they are
 * read in their order; it is filled when the next one's id is known. */
static int
add_action(struct exporting *exporting, const struct firn_cacao_step *step,
	   size_t n, char ret[ID], struct firn_err *err)
{
	char next[ID];

	add_activities(exporting, step);
	if (json_array_size(step->commands) == 0)
		return add_from(exporting, step->end, ret, err);
	if (step_id(exporting->playbook, "action", n, ret, err) < 0)
		return -1;
	json_object_set_new(exporting->workflow, ret, json_null());
	if (add_from(exporting, step->end, next, err) < 0)
		return -1;
	json_object_set_new(exporting->workflow, ret,
			    action(exporting, step, n, next));
	return 0;
}

/* From step `n` on; `ret` is the id of the first of them. */
static int
add_from(struct exporting *exporting, size_t n, char ret[ID],
	 struct firn_err *err)
{
	struct firn_cacao_step step;
	int done;

	if (n == exporting->playbook->n_steps) {
		memcpy(ret, exporting->end, ID);
		return 0;
	}
	if (firn_cacao_step(exporting->playbook, n, &step, err) < 0)
		return -1;
	done = add_action(exporting, &step, n, ret, err);
	firn_cacao_step_free(&step);
	return done;
}

static int
find_then(struct exporting *exporting, struct firn_err *err)
{
	const struct firn_playbook *playbook = exporting->playbook;
	size_t last = playbook->n_steps - 1;
	struct firn_cacao_step step;
	int done = 0;

	memcpy(exporting->then, exporting->end, ID);
	if (firn_cacao_step(playbook, last, &step, err) < 0)
		return -1;
	if (json_array_size(step.commands) > 0)
		done = step_id(playbook, "action", last, exporting->then, err);
	firn_cacao_step_free(&step);
	return done;
}

static int
make_workflow(struct exporting *exporting, char ret_start[ID],
	      struct firn_err *err)
{
	const struct firn_playbook *playbook = exporting->playbook;
	char first[ID];

	if (step_id(playbook, "start", 0, ret_start, err) < 0 ||
	    step_id(playbook, "end", 0, exporting->end, err) < 0 ||
	    digest_id("linux", "firn: node", exporting->node, err) < 0 ||
	    digest_id("group", "firn: people", exporting->people, err) < 0 ||
	    find_then(exporting, err) < 0)
		return -1;
	json_object_set_new(exporting->workflow, ret_start, json_null());
	if (add_from(exporting, 0, first, err) < 0)
		return -1;
	json_object_set_new(exporting->workflow, exporting->end,
			    json_pack("{s:s}", "type", "end"));
	json_object_set_new(exporting->workflow, ret_start,
			    json_pack("{s:s, s:s}", "type", "start",
				      "on_completion", first));
	return 0;
}

/* --- what stands around it ------------------------------------------------ */

static json_t *
variables(void)
{
	return json_pack(
		"{s:{s:s, s:s, s:b}, s:{s:s, s:s, s:b}, s:{s:s, s:s, s:b}}",
		"__node__", "type", "string", "description",
		"name of the node that the container runs on", "external", 1,
		"__target__", "type", "string", "description",
		"the container, as firn list names it: its id, or letters, "
		"digits, - _ and .",
		"external", 1, "__case__", "type", "string", "description",
		"what the case is called: letters, digits, - _ and .",
		"external", 1);
}

static json_t *
agents(const struct exporting *exporting)
{
	return json_pack("{s:{s:s, s:s, s:s, s:{s:[s]}}, s:{s:s, s:s, s:s}}",
			 exporting->node, "type", "linux", "name",
			 "The node, with firn on it", "description",
			 "as root; firn(1) is what is run", "address", "dname",
			 "__node__:value", exporting->people, "type", "group",
			 "name", "Responders", "description",
			 "whoever is on call");
}

static json_t *
description(const struct firn_playbook *playbook)
{
	autojson json_t *explained = firn_playbook_explain(playbook);
	const json_t *when = json_object_get(explained, "when"), *one;
	autobuf struct firn_buf text = { 0 };
	size_t i;

	if (playbook->description != NULL)
		firn_buf_addf(&text, "%s  ", playbook->description);
	json_array_foreach(when, i, one) {
		firn_buf_addf(&text, "%s%s%s",
			      i == 0 ? "For an alert, if " : "; or if ",
			      json_string_value(one),
			      i + 1 == json_array_size(when) ? ".  " : "");
	}
	firn_buf_addf(&text,
		      "Exported by firn " FIRN_VERSION " from %s, "
		      "version %u, SHA-256 %s.",
		      playbook->file, playbook->version, playbook->sha256);
	return text.failed ? NULL : json_stringn(text.data, text.len);
}

static bool
finds_out(const struct firn_playbook *playbook)
{
	for (size_t i = 0; i < playbook->n_steps; i++)
		if (playbook->steps[i].kind == FIRN_STEP_CAPTURE ||
		    playbook->steps[i].kind == FIRN_STEP_SECRETS ||
		    playbook->steps[i].kind == FIRN_STEP_EXPOSURE)
			return true;
	return false;
}

/* Of a playbook that does nothing to the container, "notification". */
static json_t *
types_of(const struct firn_playbook *playbook)
{
	unsigned roles = firn_playbook_roles(playbook);
	json_t *types = json_array();

	if (finds_out(playbook))
		json_array_append_new(types, json_string("investigation"));
	if ((roles & (FIRN_ROLE_FREEZE | FIRN_ROLE_ISOLATE | FIRN_ROLE_KILL)) !=
	    0)
		json_array_append_new(types, json_string("mitigation"));
	if (json_array_size(types) == 0)
		json_array_append_new(types, json_string("notification"));
	return types;
}

static void
set_times(json_t *document)
{
	struct timespec now = { 0 };
	struct tm tm = { 0 };
	char day[32], text[64];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%03ldZ", day, now.tv_nsec / 1000000);
	json_object_set_new(document, "created", json_string(CREATED));
	/* A clock that was never set can't make it older than itself. */
	json_object_set_new(document, "modified",
			    json_string(strcmp(text, CREATED) < 0 ? CREATED
								  : text));
}

static int
fill(struct exporting *exporting, json_t *document, struct firn_err *err)
{
	const struct firn_playbook *playbook = exporting->playbook;
	autojson json_t *types = types_of(playbook);
	char id[ID], creator[ID], start[ID];

	if (make_workflow(exporting, start, err) < 0)
		return -1;
	/* Section 3.1: one action, and one activity, at the least. */
	if (json_array_size(exporting->activities) == 0)
		return firn_err_set(err, ENOTSUP,
				    "%s: it does nothing, and a playbook that "
				    "does nothing can't be said in CACAO; give "
				    "it a step that acts",
				    playbook->file);
	if (playbook_id(playbook->name, types, id, err) < 0 ||
	    creator_id(playbook->owner != NULL ? playbook->owner : "firn",
		       creator, err) < 0)
		return -1;
	json_object_set_new(document, "type", json_string("playbook"));
	json_object_set_new(document, "spec_version", json_string("cacao-2.0"));
	json_object_set_new(document, "id", json_string(id));
	json_object_set_new(document, "name", json_string(playbook->name));
	json_object_set_new(document, "description", description(playbook));
	json_object_set(document, "playbook_types", types);
	json_object_set(document, "playbook_activities", exporting->activities);
	json_object_set_new(document, "created_by", json_string(creator));
	set_times(document);
	json_object_set_new(document, "labels",
			    json_pack("[s, s]", "container", "firn"));
	json_object_set_new(document, "playbook_variables", variables());
	json_object_set_new(document, "workflow_start", json_string(start));
	json_object_set(document, "workflow", exporting->workflow);
	json_object_set_new(document, "agent_definitions", agents(exporting));
	return 0;
}

int
firn_playbook_cacao(const struct firn_playbook *playbook, json_t **ret,
		    struct firn_err *err)
{
	autojson json_t *document = json_object(), *workflow = json_object(),
			*activities = json_array();
	struct exporting exporting = { .playbook = playbook,
				       .workflow = workflow,
				       .activities = activities };

	if (fill(&exporting, document, err) < 0)
		return -1;
	*ret = firn_steal(document);
	return 0;
}
