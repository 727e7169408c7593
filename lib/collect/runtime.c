#include <errno.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/collectors.h"
#include "collect/records.h"

/*
 * runtime -- what the runtime has written down about the container, and what
 * we made of it.
 */

static int
store_record(const struct firn_target *target, const struct firn_record *record,
	     struct firn_archive *archive, struct firn_err *err)
{
	bool image = record->kind == FIRN_RECORD_IMAGE;
	const struct firn_member_source source = {
		"runtime",
		record->path,
		image ? "OCI image-spec; docker image-spec"
		      : "OCI runtime-spec; the runtime's own",
	};
	struct firn_record_copy copy;
	char member[128];

	snprintf(member, sizeof(member), "data/runtime/%s%s",
		 image ? "image/" : "", record->name);
	return firn_record_store(target->host, archive, &source, member, &copy,
				 err);
}

static int
store_target(const struct firn_target *target, struct firn_archive *archive,
	     struct firn_err *err)
{
	static const struct firn_member_source source = {
		"runtime", "/proc, the runtime's records", "firn-archive(5)"
	};
	autojson json_t *json = firn_target_json(target);

	if (json == NULL)
		return firn_err_nomem(err);
	return firn_archive_json(archive, "data/runtime/target.json", json,
				 &source, err);
}

static int
collect(const struct firn_target *target, const struct firn_collection *what,
	struct firn_archive *archive, struct firn_err *err)
{
	(void)what;
	for (size_t i = 0; i < target->n_records; i++) {
		const struct firn_record *record = &target->records[i];

		if (record->kind != FIRN_RECORD_LOG &&
		    store_record(target, record, archive, err) < 0)
			return -1;
	}
	return store_target(target, archive, err);
}

const struct firn_collector firn_collect_runtime = {
	.name = "runtime",
	.summary = "configuration and state of the container, its image's "
		   "manifest",
	.source = "OCI runtime-spec, OCI image-spec",
	.volatility = FIRN_LOST_WITH_HOST,
	.collect = collect,
};
