#include "contain/watch/told.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define MOST_LISTED 256
#define MOST_ALARMS 16

struct firn_told
firn_told(firn_alarm_fn *alarm, void *arg)
{
	return (struct firn_told){
		.thaws = json_array(),
		.killed = json_array(),
		.not_held = json_array(),
		.alarm = alarm,
		.alarm_arg = arg,
	};
}

void
firn_told_free(struct firn_told *told)
{
	json_decref(told->thaws);
	json_decref(told->killed);
	json_decref(told->not_held);
	*told = (struct firn_told){ 0 };
}

void
firn_told_alarm(struct firn_told *told, const char *text)
{
	if (told->alarm != NULL && told->n_alarms++ < MOST_ALARMS)
		told->alarm(text, told->alarm_arg);
}

static void
add(json_t *list, json_t *one)
{
	if (json_array_size(list) < MOST_LISTED)
		json_array_append_new(list, one);
	else
		json_decref(one);
}

static json_t *
somebody(pid_t pid, const char comm[16])
{
	json_t *who;

	if (pid <= 0)
		return json_null();
	who = json_object();
	firn_json_uint(who, "pid", (uint64_t)pid);
	if (comm[0] != '\0')
		firn_json_bytes(who, "comm", comm, strnlen(comm, 16));
	return who;
}

void
firn_told_thaw(struct firn_told *told, const struct firn_holder_event *event,
	       bool ran)
{
	json_t *one = json_object();
	char text[160];

	firn_json_time(one, "time", event->time);
	json_object_set_new(one, "hierarchy",
			    json_string(
				    firn_hierarchy_names[event->hierarchy]));
	json_object_set_new(one, "by", somebody(event->pid, event->comm));
	json_object_set_new(one, "refrozen", json_boolean(event->refrozen));
	json_object_set_new(one, "ran", json_boolean(ran));
	add(told->thaws, one);
	snprintf(
		text, sizeof(text),
		"ALARM: its %s freezer was thawed meanwhile, by %.16s (process "
		"%d)%s",
		firn_hierarchy_names[event->hierarchy],
		event->comm[0] != '\0' ? event->comm : "somebody",
		(int)event->pid, event->refrozen ? "; frozen again" : "");
	firn_told_alarm(told, text);
}

void
firn_told_killed(struct firn_told *told, const struct firn_holder_event *event)
{
	json_t *one = json_object();
	char text[160];

	firn_json_time(one, "time", event->time);
	firn_json_uint(one, "pid", (uint64_t)event->pid);
	firn_json_uint(one, "tid", (uint64_t)event->tid);
	firn_json_bytes(one, "comm", event->comm, strnlen(event->comm, 16));
	firn_json_uint(one, "signal", (uint64_t)event->code);
	add(told->killed, one);
	snprintf(
		text, sizeof(text),
		"ALARM: process %d (%.16s) was killed meanwhile, by signal %d; "
		"it is held until the capture ends",
		(int)event->pid, event->comm, event->code);
	if (event->pid == event->tid)
		firn_told_alarm(told, text);
}

void
firn_told_not_held(struct firn_told *told,
		   const struct firn_holder_event *event)
{
	json_t *one = json_object();
	struct firn_err why = { 0 };

	errno = event->code;
	firn_err_sys(&why, "%s",
		     event->code == EBUSY
			     ? "stopped, and frozen by v1: it would hang"
			     : "attach");
	firn_json_uint(one, "tid", (uint64_t)event->tid);
	firn_json_bytes(one, "comm", event->comm, strnlen(event->comm, 16));
	firn_json_text(one, "error", why.text);
	json_object_set_new(one, "tracer",
			    somebody(event->tracer, event->tracer_comm));
	add(told->not_held, one);
}
