/*
 * find -- which running container an alert means.
 */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/alert.h"
#include "host/cgroup.h"
#include "host/proc.h"
#include "respond/alert/lead.h"

/* How many candidates an answer lists. */
#define LISTED_MAX 16
/* The clocks of the process and of the sender. */
#define SLACK_S 1

struct search {
	const struct firn_host *host;
	const json_t *alert;
	json_t *of_pod; /* what is looked for in a sandbox's stead */
	struct firn_target *target; /* what was found */
	json_t *why;                /* or why nothing was */
};

static const char *
said(const struct search *search, const char *field)
{
	return firn_json_string(search->alert, field, NULL);
}

/* What firn_target_open() said no to. */
static int
refused(struct search *search, const struct firn_err *why, struct firn_err *err)
{
	if (!firn_target_refused(why)) {
		*err = *why;
		return -1;
	}
	search->why = lead_why(why->code == EPERM ? "protected" : "unknown",
			       NULL, "%s", why->text);
	return 0;
}

/* All that run are compared with all that the alert says. */
static int
choose(struct search *search, struct firn_err *err)
{
	autojson json_t *all = NULL, *candidates = json_array();
	struct firn_err why = { 0 };
	const json_t *one;
	size_t i, n;

	if (firn_targets(search->host, &all, err) < 0)
		return -1;
	json_array_foreach(all, i, one) {
		struct lead_facts facts;

		lead_facts_of_listed(one, &facts);
		if (lead_means(search->alert, &facts))
			json_array_append(candidates,
					  json_object_get(one, "id"));
	}
	n = json_array_size(candidates);
	if (n == 1) {
		const char *id =
			json_string_value(json_array_get(candidates, 0));

		if (firn_target_open(&search->target, search->host, id, &why) <
		    0)
			return refused(search, &why, err);
		return 0;
	}
	if (n == 0) {
		search->why = lead_why("unknown", NULL,
				       "no container that runs on this node is "
				       "what the alert says");
		return 0;
	}
	while (json_array_size(candidates) > LISTED_MAX)
		json_array_remove(candidates, json_array_size(candidates) - 1);
	search->why = lead_why("ambiguous", json_incref(candidates),
			       "the alert could mean %zu containers", n);
	return 0;
}

static int
open_named(struct search *search, const char *name, struct firn_err *err)
{
	struct firn_err why = { 0 };

	if (firn_target_open(&search->target, search->host, name, &why) == 0)
		return 0;
	if (why.code == EEXIST)
		return choose(search, err);
	return refused(search, &why, err);
}

/* What another one may be called doesn't count. */
static int
find_by_id(struct search *search, const char *id, struct firn_err *err)
{
	char name[sizeof("id:") + FIRN_ALERT_TEXT];

	snprintf(name, sizeof(name), "id:%s", id);
	return open_named(search, name, err);
}

/* Has the process begun after the alert was written?  Then the pid is another's
 * by now. */
static bool
is_reused(const struct search *search, pid_t pid)
{
	const char *time = said(search, "time");
	time_t written = time != NULL ? firn_time_seconds(time) : -1;
	struct firn_proc_stat stat = { 0 };
	struct firn_err none = { 0 };
	uint64_t started, age;

	if (written < 0 || firn_proc_stat(search->host, pid, &stat, &none) < 0)
		return false;
	started = stat.start_ticks / (uint64_t)sysconf(_SC_CLK_TCK);
	age = firn_boot_ns() / 1000000000 - started;
	return firn_now().tv_sec - (time_t)age > written + SLACK_S;
}

/* The id in the paths of its control groups; "" if they name none. */
static int
id_of_process(const struct search *search, pid_t pid, char ret[72],
	      struct firn_err *err)
{
	struct firn_cgroup_paths paths;
	const char *const all[] = { paths.v2, paths.freezer, paths.any };
	struct firn_cgroup_name name;

	ret[0] = '\0';
	if (firn_cgroup_of(search->host, pid, &paths, err) < 0)
		return -1;
	for (size_t i = 0; i < 3; i++) {
		if (firn_cgroup_name(all[i], &name) == 0)
			continue;
		memcpy(ret, name.id, sizeof(name.id));
		return 0;
	}
	return 0;
}

/* Whose ids a person chose: runc's own, say. */
static int
find_unnamed(struct search *search, pid_t pid, struct firn_err *err)
{
	struct firn_err why = { 0 };
	char name[24];
	int done;

	snprintf(name, sizeof(name), "pid:%d", pid);
	done = firn_target_open(&search->target, search->host, name, &why);
	if (done < 0 && !firn_target_refused(&why)) {
		*err = why;
		return -1;
	}
	/* A control group that no runtime knows is a service of the node. */
	if (done == 0 && search->target->runtime != FIRN_RUNTIME_UNKNOWN)
		return 0;
	firn_target_close(&search->target);
	search->why = lead_why("host", NULL,
			       "process %d is in no container that a runtime "
			       "knows",
			       pid);
	return 0;
}

static int
find_by_process(struct search *search, pid_t pid, struct firn_err *err)
{
	struct firn_err why = { 0 };
	char id[72];

	if (id_of_process(search, pid, id, &why) < 0) {
		if (why.code != ENOENT && why.code != ESRCH) {
			*err = why;
			return -1;
		}
		search->why = lead_why("gone", NULL, "process %d is gone", pid);
		return 0;
	}
	if (is_reused(search, pid)) {
		search->why =
			lead_why("gone", NULL,
				 "process %d has begun after the alert", pid);
		return 0;
	}
	return id[0] != '\0' ? find_by_id(search, id, err)
			     : find_unnamed(search, pid, err);
}

/* What can be a part of pod:NAMESPACE/POD, and of nothing else. */
static bool
is_plain(const char *text)
{
	if (text == NULL || text[0] == '\0' || strlen(text) > 253)
		return false;
	for (; *text != '\0'; text++)
		if (!isalnum((unsigned char)*text) &&
		    strchr("_.-", *text) == NULL)
			return false;
	return true;
}

static int
find_by_pod(struct search *search, const char *pod, struct firn_err *err)
{
	const char *namespace = said(search, "namespace");
	const char *container = said(search, "container");
	char name[800];

	if (!is_plain(namespace) || !is_plain(pod) ||
	    (container != NULL && !is_plain(container)))
		return choose(search, err);
	snprintf(name, sizeof(name), "pod:%s/%s%s%s", namespace, pod,
		 container != NULL ? "/" : "",
		 container != NULL ? container : "");
	return open_named(search, name, err);
}

static int
find_by_name(struct search *search, const char *name, struct firn_err *err)
{
	struct lead_facts facts;

	if (!is_plain(name))
		return choose(search, err);
	if (open_named(search, name, err) < 0)
		return -1;
	if (search->target == NULL)
		return 0;
	/* It may be what another's id starts with. */
	lead_facts_of_target(search->target, &facts);
	if (lead_is_called(name, &facts))
		return 0;
	firn_target_close(&search->target);
	return choose(search, err);
}

static int
find_by_names(struct search *search, struct firn_err *err)
{
	const char *pod = said(search, "pod");
	const char *name = said(search, "container_name");

	if (pod != NULL)
		return find_by_pod(search, pod, err);
	return find_by_name(search,
			    name != NULL ? name : said(search, "container"),
			    err);
}

/*
 * What is counted for a whole pod (its network, by cadvisor) carries the id of
 * the sandbox, in which nothing runs that matters.
 */
static int
leave_sandbox(struct search *search, struct firn_err *err)
{
	const char *container = said(search, "container");
	struct lead_facts facts;

	if (search->target == NULL)
		return 0;
	lead_facts_of_target(search->target, &facts);
	if (!lead_is_sandbox(&facts) ||
	    (container != NULL && strcmp(container, "POD") == 0))
		return 0;
	search->of_pod = json_pack("{s:s, s:s}", "namespace", facts.namespace,
				   "pod", facts.pod);
	if (search->of_pod == NULL)
		return firn_err_nomem(err);
	search->alert = search->of_pod;
	firn_target_close(&search->target);
	return find_by_pod(search, said(search, "pod"), err);
}

/* Is what was found what the alert says besides? */
static void
compare(struct search *search)
{
	struct lead_facts facts;
	const char *what;

	if (search->target == NULL)
		return;
	lead_facts_of_target(search->target, &facts);
	what = lead_differs(search->alert, &facts);
	if (what == NULL)
		return;
	search->why =
		lead_why("ambiguous", json_pack("[s]", search->target->id),
			 "the alert leads to container %.64s, whose %s "
			 "is not what the alert says: %s",
			 search->target->id, what, said(search, what));
	firn_target_close(&search->target);
}

static int
find(struct search *search, struct firn_err *err)
{
	const char *id = said(search, "container_id");
	json_int_t pid =
		json_integer_value(json_object_get(search->alert, "pid"));
	bool named = said(search, "pod") != NULL ||
		     said(search, "container_name") != NULL ||
		     said(search, "container") != NULL;

	if (id != NULL)
		return find_by_id(search, id, err);
	if (pid != 0 && find_by_process(search, (pid_t)pid, err) < 0)
		return -1;
	/* A shell has often ended, and its container goes on. */
	if (search->why != NULL && named &&
	    strcmp(firn_json_string(search->why, "reason", NULL), "gone") ==
		    0) {
		json_decref(search->why);
		search->why = NULL;
	}
	if (search->why != NULL || search->target != NULL)
		return 0;
	if (named)
		return find_by_names(search, err);
	search->why = lead_why("no container named", NULL,
			       "the alert names no container");
	return 0;
}

int
firn_alert_find(const struct firn_host *host, const json_t *alert,
		struct firn_target **ret, json_t **ret_why,
		struct firn_err *err)
{
	struct search search = { .host = host, .alert = alert };
	int done;

	*ret = NULL;
	*ret_why = NULL;
	if (firn_alert_leads_nowhere(alert, NULL, ret_why))
		return FIRN_LEADS_NOWHERE;
	done = find(&search, err);
	if (done == 0) {
		compare(&search);
		done = leave_sandbox(&search, err);
	}
	json_decref(search.of_pod);
	if (done < 0)
		return -1;
	*ret = search.target;
	*ret_why = search.why;
	return search.target != NULL ? FIRN_LEADS_TO_TARGET
				     : FIRN_LEADS_NOWHERE;
}
