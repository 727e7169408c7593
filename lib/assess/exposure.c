#include "firn/exposure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "assess/exposure/facts.h"
#include "assess/exposure/verdict.h"
#include "assess/posture/posture.h"
#include "base/auto.h"
#include "base/json.h"
#include "firn/collect.h"
#include "firn/reader.h"
#include "firn/sign.h"

int
firn_exposure_judge(struct firn_facts *facts, json_t **ret,
		    struct firn_err *err)
{
	struct firn_view view;
	json_t *result;

	if (firn_view_open(&view, facts, err) < 0)
		return -1;
	result = json_object();
	firn_json_text(result, "container",
		       firn_json_string(view.target, "id", NULL));
	firn_json_text(result, "name",
		       firn_json_string(view.target, "name", NULL));
	json_object_update_new(result, firn_verdict(&view));
	json_object_set_new(result, "posture", firn_posture(&view));
	json_object_set(result, "gaps", facts->gaps);
	firn_view_close(&view);
	*ret = result;
	return 0;
}

/* --- of a live container --------------------------------------------------
 */

/* The collectors whose members the checks read; the layer's files and the logs
 * take their time, and what they would say is told as unknown. */
static const char *const collectors[] = { "network", "processes", "mounts",
					  "runtime", "host" };

/* An archive that goes nowhere: what is collected for it, the checks see. */
static int
collect(const struct firn_target *target, const struct firn_tap *tap,
	const struct firn_key *key, struct firn_err *err)
{
	static const struct firn_collection facts = { .facts_only = true };
	autodone(firn_archive_close) struct firn_archive *archive = NULL;
	autoclose int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const struct firn_archive_options options = {
		.fd = fd,
		.case_id = "exposure",
		.key = key,
		.workers = 1,
	};

	if (fd < 0)
		return firn_err_sys(err, "open /dev/null");
	if (firn_archive_create(&archive, &options, err) < 0)
		return -1;
	firn_archive_tap(archive, tap);
	return firn_collect(target, &facts, collectors,
			    sizeof(collectors) / sizeof(collectors[0]), archive,
			    err);
}

int
firn_exposure_of_target(const struct firn_target *target, json_t **ret,
			struct firn_err *err)
{
	autodone(firn_key_close) struct firn_key *key = NULL;
	struct firn_facts facts;
	int done;

	if (firn_key_fleeting(&key, err) < 0 ||
	    firn_facts_open(&facts, err) < 0)
		return -1;
	done = collect(target, &facts.tap, key, err);
	if (done == 0)
		done = firn_exposure_judge(&facts, ret, err);
	firn_facts_close(&facts);
	return done;
}

/* --- of an archive --------------------------------------------------------
 */

static int
take(struct firn_reader *reader, const char *path, struct firn_facts *facts,
     struct firn_err *err)
{
	char data[65536];
	ssize_t n;

	while ((n = firn_reader_read(reader, data, sizeof(data), err)) > 0)
		firn_facts_take(facts, path, data, (size_t)n);
	return n < 0 ? -1 : 0;
}

static int
read_facts(int fd, struct firn_facts *facts, struct firn_err *err)
{
	autodone(firn_reader_close) struct firn_reader *reader = NULL;
	const char *path;
	uint64_t size;
	int more;

	if (firn_reader_open(&reader, fd, err) < 0)
		return -1;
	while ((more = firn_reader_next(reader, &path, &size, err)) > 0) {
		if (!firn_facts_wants(path))
			continue;
		/* An empty list is an answer too. */
		firn_facts_take(facts, path, "", 0);
		if (take(reader, path, facts, err) < 0)
			return -1;
	}
	return more;
}

int
firn_exposure_of_archive(int fd, json_t **ret, struct firn_err *err)
{
	struct firn_facts facts;
	int done;

	if (firn_facts_open(&facts, err) < 0)
		return -1;
	done = read_facts(fd, &facts, err);
	if (done == 0)
		done = firn_exposure_judge(&facts, ret, err);
	firn_facts_close(&facts);
	return done;
}
