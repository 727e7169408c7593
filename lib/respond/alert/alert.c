#include "firn/alert.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/json.h"
#include "respond/alert/form.h"

struct reading {
	const json_t *headers, *mapping; /* or NULL */
	const char *value;               /* the JSON value that is read */
	size_t len;                      /* of it */
	size_t place;                    /* of the next alert in it */
	json_t *alerts;
	size_t n_known;
};

/* The sender's, by whatever name; else what can't be another's. */
static int
set_id(const struct reading *reading, json_t *alert, const json_t *event,
       struct firn_err *err)
{
	const char *given = firn_json_string(event, "id", NULL);
	char hex[FIRN_SHA256_TEXT];
	autojson json_t *id = NULL;

	if (json_object_get(alert, "id") != NULL)
		return 0;
	if (given == NULL)
		given = firn_json_string(reading->headers, "webhook-id", NULL);
	if (given == NULL) {
		if (firn_sha256_text(reading->value, reading->len, hex, err) <
		    0)
			return -1;
		given = hex;
	}
	id = json_sprintf("%s-%zu", given, reading->place);
	form_set(alert, "id", reading->place > 0 ? id : NULL);
	form_set_text(alert, "id", given);
	return 0;
}

/* Takes the alert over. */
static int
add(struct reading *reading, json_t *alert, const json_t *event,
    struct firn_err *err)
{
	autojson json_t *owned = alert;

	if (json_array_size(reading->alerts) >= FIRN_ALERTS_MAX)
		return firn_err_set(err, E2BIG,
				    "more than %d alerts in one payload",
				    FIRN_ALERTS_MAX);
	if (set_id(reading, owned, event, err) < 0)
		return -1;
	form_set(owned, "time", json_object_get(event, "time"));
	form_set_text(owned, "state", "firing");
	if (json_array_append(reading->alerts, owned) < 0)
		return firn_err_nomem(err);
	reading->place++;
	return 0;
}

/* One that nobody knows is kept among others: it must be answered, too. */
static int
take_one(struct reading *reading, const json_t *said, const json_t *event,
	 struct firn_err *err)
{
	const struct form *form = form_of(said);
	json_t *alert = json_object();

	if (alert == NULL)
		return firn_err_nomem(err);
	form_set_text(alert, "format", form != NULL ? form->name : "unknown");
	if (form != NULL) {
		form->take(said, alert);
		reading->n_known++;
	}
	return add(reading, alert, event, err);
}

static int
take_all(struct reading *reading, const json_t *array, const json_t *event,
	 struct firn_err *err)
{
	const json_t *one;
	size_t i;

	json_array_foreach(array, i, one) {
		if (take_one(reading, one, event, err) < 0)
			return -1;
	}
	return 0;
}

static int
take_object(struct reading *reading, const json_t *said, const json_t *event,
	    struct firn_err *err)
{
	const json_t *group = json_object_get(said, "alerts");

	if (json_is_array(group))
		return take_all(reading, group, event, err);
	return take_one(reading, said, event, err);
}

static int
take_known(struct reading *reading, const json_t *said, struct firn_err *err)
{
	autojson json_t *data = NULL;

	if (!cloud_event_is(said))
		return take_object(reading, said, NULL, err);
	data = cloud_event_data(said);
	return take_object(reading, data, said, err);
}

static int
take_mapped(struct reading *reading, const json_t *said, struct firn_err *err)
{
	json_t *alert = json_object();

	if (alert == NULL)
		return firn_err_nomem(err);
	if (form_mapped(alert, said, reading->mapping)) {
		reading->n_known++;
		form_set_text(alert, "format", "mapped");
	}
	form_set_text(alert, "format", "unknown");
	return add(reading, alert, cloud_event_is(said) ? said : NULL, err);
}

static int
take_value(struct reading *reading, const json_t *value, struct firn_err *err)
{
	int (*take)(struct reading *, const json_t *, struct firn_err *) =
		reading->mapping != NULL ? take_mapped : take_known;
	const char *each = firn_json_string(reading->mapping, "each", NULL);
	const json_t *one;
	size_t i;

	if (each != NULL)
		value = form_at(value, each);
	if (!json_is_array(value))
		return take(reading, value, err);
	json_array_foreach(value, i, one) {
		if (take(reading, one, err) < 0)
			return -1;
	}
	return 0;
}

/* The next JSON value; how many bytes it takes, or -1. */
static ssize_t
take_next(struct reading *reading, const char *text, size_t len,
	  struct firn_err *err)
{
	autojson json_t *value = NULL, *event = NULL;
	json_error_t why = { 0 };

	value = clean_load(text, len, &why);
	if (value == NULL)
		return firn_err_set(err, EBADMSG, "the alert is no JSON: %s",
				    why.text);
	reading->value = text;
	reading->len = (size_t)why.position;
	reading->place = 0;
	event = cloud_event_of_headers(reading->headers, value);
	if (take_value(reading, event != NULL ? event : value, err) < 0)
		return -1;
	return why.position;
}

static size_t
blanks(const char *text)
{
	return strspn(text, " \t\r\n");
}

int
firn_alerts_parse(const char *payload, size_t len, const json_t *headers,
		  const json_t *mapping, json_t **ret, struct firn_err *err)
{
	autojson json_t *alerts = json_array();
	struct reading reading = { .headers = headers,
				   .mapping = mapping,
				   .alerts = alerts };
	autofree char *text = NULL;
	size_t at;

	if (len > FIRN_ALERT_MAX)
		return firn_err_set(err, E2BIG,
				    "the alert has more than %u bytes",
				    FIRN_ALERT_MAX);
	if (alerts == NULL)
		return firn_err_nomem(err);
	if (clean_payload(payload, len, &text, err) < 0)
		return -1;
	at = blanks(text);
	if (at == len)
		return firn_err_set(err, EBADMSG, "the alert is empty");
	while (at < len) {
		ssize_t n = take_next(&reading, text + at, len - at, err);

		if (n < 0)
			return -1;
		at += (size_t)n;
		at += blanks(text + at);
	}
	if (reading.n_known == 0 && json_array_size(alerts) > 0)
		return firn_err_set(
			err, EBADMSG,
			mapping != NULL
				? "nothing that the source's mapping names is "
				  "in the alert"
				: "the alert is of no form that firn knows: "
				  "give its source a mapping in the policy");
	*ret = firn_steal(alerts);
	return 0;
}
