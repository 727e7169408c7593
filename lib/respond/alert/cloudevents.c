/*
 * cloudevents -- CloudEvents 1.0 around an alert: structured, in batches, or
 * with the attributes in "ce-" headers (binary, as Falcosidekick's SDK sends).
 *
 * Source: cloudevents/spec cloudevents/bindings/http-protocol-binding.md and
 * cloudevents/formats/json-format.md.
 */

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "assess/rules/decode.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "respond/alert/form.h"

bool
cloud_event_is(const json_t *said)
{
	return firn_json_string(said, "specversion", NULL) != NULL &&
	       firn_json_string(said, "type", NULL) != NULL &&
	       firn_json_string(said, "source", NULL) != NULL;
}

static bool
is_hex_pair(const char *text)
{
	return isxdigit((unsigned char)text[0]) &&
	       isxdigit((unsigned char)text[1]);
}

/* Quoted or not, and percent-encoded once: section 3.1.3.2.  NULL for what
 * isn't UTF-8 then. */
static json_t *
header_value(const char *text)
{
	autofree char *plain = malloc(strlen(text) + 1);
	bool quoted = text[0] == '"';
	size_t n = 0;

	if (plain == NULL)
		return NULL;
	for (text += quoted; *text != '\0' && !(quoted && *text == '"');
	     text++) {
		char digits[3] = "";

		if (quoted && text[0] == '\\' && text[1] != '\0') {
			plain[n++] = *++text;
		} else if (text[0] == '%' && is_hex_pair(text + 1)) {
			memcpy(digits, text + 1, 2);
			plain[n++] = (char)strtol(digits, NULL, 16);
			text += 2;
		} else {
			plain[n++] = *text;
		}
	}
	return firn_is_utf8(plain, n) ? json_stringn(plain, n) : NULL;
}

json_t *
cloud_event_of_headers(const json_t *headers, json_t *body)
{
	const char *type = firn_json_string(headers, "content-type", NULL);
	const char *name;
	json_t *value, *event;

	if (firn_json_string(headers, "ce-specversion", NULL) == NULL ||
	    (type != NULL &&
	     strncasecmp(type, "application/cloudevents",
			 strlen("application/cloudevents")) == 0))
		return NULL;
	event = json_object();
	json_object_foreach((json_t *)(uintptr_t)headers, name, value) {
		if (strncmp(name, "ce-", 3) == 0 && json_is_string(value))
			json_object_set_new(event, name + 3,
					    header_value(
						    json_string_value(value)));
	}
	json_object_set(event, "data", body);
	if (!cloud_event_is(event)) {
		json_decref(event);
		return NULL;
	}
	return event;
}

json_t *
cloud_event_data(const json_t *event)
{
	const json_t *encoded = json_object_get(event, "data_base64");
	size_t size = json_string_length(encoded);
	autofree unsigned char *bytes = NULL;
	autofree char *text = NULL;
	struct firn_err none = { 0 };
	json_error_t why;
	long len;

	if (!json_is_string(encoded))
		return json_incref(json_object_get(event, "data"));
	bytes = malloc(size + 1);
	if (bytes == NULL)
		return NULL;
	len = firn_base64_decode(json_string_value(encoded), size, bytes, size);
	if (len < 0 ||
	    clean_payload((char *)bytes, (size_t)len, &text, &none) < 0)
		return NULL;
	return clean_load(text, (size_t)len, &why);
}
