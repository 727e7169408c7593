/*
 * alert_find [-p] < PAYLOAD -- what scripts ask: the alerts of a payload, one
 * line of JSON each, and the container that is meant.  -p only parses.  Headers
 * and mapping are the files in $HEADERS and $MAPPING.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/alert.h"

static void
find(const struct firn_host *host, json_t *alert)
{
	autodone(firn_target_close) struct firn_target *target = NULL;
	struct firn_err err = { 0 };
	json_t *why = NULL;

	switch (firn_alert_find(host, alert, &target, &why, &err)) {
	case FIRN_LEADS_TO_TARGET:
		json_object_set_new(alert, "found", json_string(target->id));
		break;
	case FIRN_LEADS_NOWHERE:
		json_object_set_new(alert, "why", why);
		break;
	default:
		json_object_set_new(alert, "failed", json_string(err.text));
	}
}

int
main(int argc, char **argv)
{
	static char payload[FIRN_ALERT_MAX + 2];
	size_t len = fread(payload, 1, sizeof(payload), stdin), i;
	const char *headers_path = getenv("HEADERS");
	const char *mapping_path = getenv("MAPPING");
	autojson json_t *headers = NULL, *mapping = NULL, *alerts = NULL;
	struct firn_host host = { 0 };
	struct firn_err err = { 0 };
	json_t *alert;

	if (headers_path != NULL)
		headers = json_load_file(headers_path, 0, NULL);
	if (mapping_path != NULL)
		mapping = json_load_file(mapping_path, 0, NULL);
	if (firn_host_open(&host, "/", &err) < 0 ||
	    firn_alerts_parse(payload, len, headers, mapping, &alerts, &err) <
		    0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	json_array_foreach(alerts, i, alert) {
		autofree char *line = NULL;

		if (argc < 2 || strcmp(argv[1], "-p") != 0)
			find(&host, alert);
		line = firn_json_line(alert);
		printf("%s\n", line);
	}
	firn_host_close(&host);
	return 0;
}
