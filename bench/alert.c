/*
 * How long does it take to read an alert, and to find its container?
 *
 *	bench_alert [-n ROUNDS] < PAYLOAD
 *
 * Prints microseconds: the median of reading the payload, and of finding the
 * container of its first alert, with where that leads.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "firn/alert.h"

static int
by_size(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static double
median(double *times, size_t n)
{
	qsort(times, n, sizeof(*times), by_size);
	return times[n / 2];
}

static double
since(uint64_t start)
{
	return (double)(firn_monotonic_ns() - start) / 1000;
}

int
main(int argc, char **argv)
{
	static char payload[FIRN_ALERT_MAX + 1];
	size_t len = fread(payload, 1, sizeof(payload), stdin);
	bool counted = argc == 3 && strcmp(argv[1], "-n") == 0;
	size_t n = counted ? strtoul(argv[2], NULL, 10) : 200;
	autofree double *reading = calloc(n + 1, sizeof(double));
	autofree double *finding = calloc(n + 1, sizeof(double));
	struct firn_host host = { 0 };
	struct firn_err err = { 0 };
	char where[FIRN_ERR_TEXT] = "";

	if (reading == NULL || finding == NULL ||
	    firn_host_open(&host, "/", &err) < 0)
		return 1;
	for (size_t i = 0; i < n; i++) {
		autodone(firn_target_close) struct firn_target *target = NULL;
		autojson json_t *alerts = NULL, *why = NULL;
		uint64_t start = firn_monotonic_ns();
		int leads;

		if (firn_alerts_parse(payload, len, NULL, NULL, &alerts, &err) <
		    0) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
		reading[i] = since(start);
		start = firn_monotonic_ns();
		leads = firn_alert_find(&host, json_array_get(alerts, 0),
					&target, &why, &err);
		finding[i] = since(start);
		snprintf(where, sizeof(where), "%s",
			 leads == FIRN_LEADS_TO_TARGET ? target->id
			 : leads == FIRN_LEADS_NOWHERE
				 ? firn_json_string(why, "reason", NULL)
				 : err.text);
	}
	printf("read %.1f us, find %.0f us (%s)\n", median(reading, n),
	       median(finding, n), where);
	firn_host_close(&host);
	return 0;
}
