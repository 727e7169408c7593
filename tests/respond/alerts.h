#ifndef TESTS_RESPOND_ALERTS_H
#define TESTS_RESPOND_ALERTS_H

/*
 * alerts -- the samples of tests/data/alerts: NAME, with NAME's headers and
 * mapping beside it.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/auto.h"
#include "base/io.h"
#include "check.h"
#include "firn/alert.h"

static const char *const samples[] = {
	"alertmanager-cadvisor.json",
	"alertmanager-v4.json",
	"cloudevents-batch.json",
	"cloudevents-binary.json",
	"cloudevents-structured.json",
	"falco-host-event.json",
	"falco-http.json",
	"falco-program-output.jsonl",
	"falcosidekick-alertmanager.json",
	"falcosidekick.json",
	"generic.json",
	"grafana.json",
	"guardduty.json",
	"standard-webhooks.json",
	"tetragon-exec.json",
	"tetragon-exit.json",
	"tetragon-kprobe.json",
	"tetragon-lsm.json",
	"tracee-legacy.json",
	"tracee-v1beta1.json",
};
#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

struct sample {
	char *text;
	size_t len;
	json_t *headers, *mapping; /* NULL without */
};

static json_t *
beside(const char *name, const char *kind)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/alerts/%.*s.%s.json", TEST_DATA,
		 (int)strcspn(name, "."), name, kind);
	return json_load_file(path, 0, NULL);
}

static struct sample
sample_open(const char *name)
{
	struct sample sample = { .headers = beside(name, "headers"),
				 .mapping = beside(name, "mapping") };
	struct firn_err err = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "%s/alerts/%s", TEST_DATA, name);
	ck_ok(firn_read_at(AT_FDCWD, path, FIRN_ALERT_MAX, &sample.text,
			   &sample.len, &err));
	return sample;
}

static void
sample_close(struct sample *sample)
{
	free(sample->text);
	json_decref(sample->headers);
	json_decref(sample->mapping);
}

static int
sample_parse(const struct sample *sample, json_t **ret, struct firn_err *err)
{
	return firn_alerts_parse(sample->text, sample->len, sample->headers,
				 sample->mapping, ret, err);
}

#endif
