/* Works the inbox of this node until its standard input ends: runner_here.
 * What it is told goes to standard output, a line of JSON each. */

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/cases.h"

static void
tell(const json_t *line, void *arg)
{
	autofree char *text = firn_json_line(line);

	(void)arg;
	if (text != NULL)
		puts(text);
	fflush(stdout);
}

static void
ready(void *arg)
{
	(void)arg;
	puts("{\"event\":\"ready\"}");
	fflush(stdout);
}

static int
run(struct firn_err *err)
{
	struct firn_host host = { .root_fd = -1, .proc_fd = -1 };
	struct firn_policy *policy = NULL;
	struct firn_playbooks playbooks = { 0 };
	struct firn_runner runner = {
		.host = &host,
		.playbooks = &playbooks,
		.stop_fd = STDIN_FILENO,
		.ready = ready,
		.told = tell,
	};
	int done = -1;

	if (firn_host_open(&host, "/", err) == 0 &&
	    firn_policy_open(&policy, NULL, err) == 0 &&
	    firn_playbooks_open(&playbooks, NULL, err) == 0) {
		runner.policy = policy;
		done = firn_runner(&runner, err);
	}
	firn_playbooks_close(&playbooks);
	firn_policy_close(&policy);
	firn_host_close(&host);
	return done;
}

int
main(void)
{
	struct firn_err err = { 0 };

	if (run(&err) == 0)
		return 0;
	fprintf(stderr, "runner_here: %s\n", err.text);
	return 1;
}
