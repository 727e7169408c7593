#include "isolation.h"

#include "base/json.h"
#include "traffic.h"

int
firn_asked_isolation(struct firn_asked_isolation *asked,
		     struct firn_isolation *ret, struct firn_err *err)
{
	const struct firn_strings *texts = &asked->allow;

	for (size_t i = 0; i < texts->n; i++)
		if (firn_allow_parse(texts->items[i], &asked->rules[i], err) <
		    0)
			return -1;
	*ret = (struct firn_isolation){
		.allow = asked->rules,
		.n_allow = texts->n,
		.whole_pod = asked->whole_pod,
		.cut_loopback = asked->cut_loopback,
		.cut_unix = asked->cut_unix,
		.log = asked->log,
		.reset = asked->reset,
	};
	return 0;
}

static void
show_texts(FILE *out, const char *label, const json_t *texts)
{
	const json_t *text;
	size_t i;

	json_array_foreach(texts, i, text) {
		firn_show_row(out, label, "%s", json_string_value(text));
	}
}

static void
show_method(FILE *out, const json_t *method)
{
	const char *name = firn_json_string(method, "method", NULL);
	const char *on = firn_json_string(method, "on", NULL);
	const char *covers = firn_json_string(method, "covers", NULL);

	firn_show_row(out, name != NULL ? name : "method", "on %s%s%s%s",
		      on != NULL ? on : "?",
		      json_is_true(json_object_get(method, "verified"))
			      ? ", verified"
			      : ", NOT verified",
		      covers != NULL ? ": " : "", covers != NULL ? covers : "");
}

/* The choice is the responder's. */
static void
show_sharer(FILE *out, const json_t *sharer)
{
	const char *id = firn_json_string(sharer, "id", NULL);
	const char *name = firn_json_string(sharer, "name", NULL);

	firn_show_row(out, "shares", "its network with %s%s%s%.12s, pid %lld",
		      id != NULL ? "" : "process ", name != NULL ? name : "",
		      name != NULL && id != NULL ? " " : "",
		      id != NULL ? id : "",
		      (long long)json_integer_value(
			      json_object_get(sharer, "pid")));
}

void
firn_show_isolation(FILE *out, const json_t *isolate)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(isolate, "methods"), i, item) {
		show_method(out, item);
	}
	json_array_foreach(json_object_get(isolate, "not_used"), i, item) {
		const char *why = firn_json_string(item, "why", NULL);
		const char *name = firn_json_string(item, "method", NULL);

		firn_show_row(out, "not used", "%s: %s",
			      name != NULL ? name : "?",
			      why != NULL ? why : "?");
	}
	json_array_foreach(json_object_get(isolate, "shared_with"), i, item) {
		show_sharer(out, item);
	}
	show_texts(out, "still open", json_object_get(isolate, "open"));
	firn_show_reset(out, json_object_get(isolate, "reset"));
	firn_show_unix(out, json_object_get(isolate, "unix"));
	firn_show_attempts(out, json_object_get(isolate, "attempts"));
}
