#include "collect/host/host_containers.h"

#include <errno.h>
#include <fcntl.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/spool.h"
#include "collect/json_stream.h"
#include "collect/times.h"
#include "firn/target.h"

static void
tell_problems(const json_t *problems, struct firn_archive *archive)
{
	json_t *problem;
	size_t i;

	json_array_foreach(problems, i, problem) {
		struct firn_err why = { 0 };

		firn_err_set(&why, EBADMSG, "%s", json_string_value(problem));
		firn_archive_gap(archive, "host", "a container", &why);
	}
}

/* What its runtime doesn't say, the kernel does. */
static void
set_started(json_t *container, struct timespec boot)
{
	const json_t *ticks = json_object_get(container, "start_ticks");

	if (ticks == NULL || boot.tv_sec == 0 ||
	    json_object_get(container, "started") != NULL)
		return;
	firn_json_time(container, "started",
		       firn_time_of_ticks(boot,
					  (uint64_t)json_integer_value(ticks)));
}

int
firn_host_containers(const struct firn_host *host, struct firn_archive *archive,
		     struct firn_err *err)
{
	static const struct firn_member_source source = {
		"host", "/proc, and the runtimes' folders", "firn-archive(5)"
	};
	autospool struct firn_spool lines = firn_spool_init(AT_FDCWD);
	autojson json_t *containers = NULL, *problems = NULL;
	struct timespec boot = { 0 };
	struct firn_err why = { 0 };
	json_t *container;
	size_t i;

	if (firn_containers(host, &containers, &problems, &why) < 0) {
		firn_archive_gap(archive, "host", "containers", &why);
		return 0;
	}
	tell_problems(problems, archive);
	if (json_array_size(containers) == FIRN_CONTAINERS_MAX) {
		firn_err_set(&why, E2BIG, "there are more than %d",
			     FIRN_CONTAINERS_MAX);
		firn_archive_gap(archive, "host", "containers", &why);
	}
	/* Without it, times are missing, which the processes' member says. */
	if (firn_boot_time(host, &boot, &why) < 0)
		boot = (struct timespec){ 0 };
	json_array_foreach(containers, i, container) {
		set_started(container, boot);
		if (firn_json_stream_add(&lines, json_incref(container), err) <
		    0)
			return -1;
	}
	return firn_archive_spool(archive, "data/host/containers.jsonl", &lines,
				  &source, err);
}
