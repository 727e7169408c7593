#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/outbox.h"
#include "respond/cases/work.h"

/*
 * work_tell -- who wants to know how a case goes, and what they are told.
 */

json_t *
firn_work_message(const struct firn_work *work, const char *event,
		  const char *text)
{
	static const char *const of_target[] = { "id",      "name", "image",
						 "runtime", "pod",  NULL };
	const json_t *target = json_object_get(work->opened, "target");
	const json_t *alert = json_object_get(work->opened, "alert");
	json_t *message = json_object(), *in_short = json_object();
	char host[65] = "";

	gethostname(host, sizeof(host) - 1);
	firn_json_text(message, "schema", "firn.case/v1");
	firn_json_text(message, "event", event);
	firn_json_time(message, "time", firn_now());
	firn_json_text(message, "case", work->diary.id);
	firn_json_text(message, "host", host);
	for (const char *const *key = of_target; *key != NULL; key++)
		if (json_object_get(target, *key) != NULL)
			json_object_set(in_short, *key,
					json_object_get(target, *key));
	json_object_set_new(message, "target", in_short);
	firn_json_text(message, "playbook", work->playbook->name);
	json_object_set(message, "rule", json_object_get(alert, "rule"));
	json_object_set(message, "severity",
			json_object_get(alert, "severity"));
	firn_json_text(message, "text", text);
	firn_json_text(message, "archive", work->archive);
	if (work->capture != NULL) {
		json_object_set(message, "secrets",
				json_object_get(work->capture, "secrets"));
		json_object_set(message, "node",
				json_object_get(work->capture, "node"));
	}
	return message;
}

static int
put(const char *id, const json_t *to, const json_t *body, struct firn_err *err)
{
	const char *url = firn_json_string(to, "url", NULL);

	if (url == NULL)
		url = firn_json_string(to, "webhook", NULL);
	if (url == NULL)
		return firn_err_set(err, EINVAL, "nobody is named to tell");
	return firn_outbox_put(id, url,
			       firn_json_string(to, "secret_file", NULL), body,
			       err);
}

/* `event` NULL is all of them.  The id is the same if it is told again after an
 * interruption. */
static int
put_each(const char *id, const char *of, const json_t *hooks, const char *event,
	 const json_t *body, json_t *ids, struct firn_err *err)
{
	const json_t *to;
	size_t i;

	json_array_foreach(hooks, i, to) {
		char its[FIRN_CASE_ID + 64];

		if (event != NULL &&
		    !firn_json_holds(json_object_get(to, "on"), event))
			continue;
		snprintf(its, sizeof(its), "%s.%s%zu", id, of, i + 1);
		if (put(its, to, body, err) < 0)
			return -1;
		json_array_append_new(ids, json_string(its));
	}
	return 0;
}

static int
put_all(struct firn_work *work, const char *id, const char *event,
	const json_t *body, json_t *ids, struct firn_err *err)
{
	struct firn_err why = { 0 };
	int done = put_each(id, "p", work->playbook->notify, event, body, ids,
			    &why);

	/* One that can't be told is no reason not to tell the others. */
	if (put_each(id, "n", firn_policy_notify(work->runner->policy), event,
		     body, ids, err) < 0)
		return -1;
	if (done < 0)
		*err = why;
	return done;
}

int
firn_work_tell_all(struct firn_work *work, const char *id, const json_t *body,
		   json_t **ret, struct firn_err *err)
{
	autojson json_t *ids = json_array();

	if (put_all(work, id, NULL, body, ids, err) < 0)
		return -1;
	*ret = json_pack("{s:O}", "messages", ids);
	return firn_outbox_sync(err);
}

void
firn_work_tell(struct firn_work *work, const char *event)
{
	autojson json_t *body = NULL, *ids = json_array();
	char id[FIRN_CASE_ID + 16];
	struct firn_err why = { 0 }, lost = { 0 };

	if (strcmp(event, "started") == 0) {
		if (work->told_started)
			return;
		work->told_started = true;
	}
	snprintf(id, sizeof(id), "%s.%s", work->diary.id, event);
	body = firn_work_message(work, event, NULL);
	if (put_all(work, id, event, body, ids, &why) == 0)
		return;
	firn_err_in(&why, "tell others of \"%s\"", event);
	if (firn_work_note(work, "trouble",
			   json_pack("{s:s}", "text", why.text), &lost) < 0)
		return; /* the next line that can't be written ends the case */
}
