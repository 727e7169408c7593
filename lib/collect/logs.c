#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "collect/collectors.h"
#include "collect/kernel_log.h"
#include "collect/records.h"

/*
 * logs -- what the container printed, as the runtime kept it, and what the
 * kernel has to say.
 */

#define CONFIG_MAX (16u << 20)

/* Docker says which driver it gave the output to; copied, or "". */
static void
find_driver(const struct firn_target *target, char ret[64])
{
	ret[0] = '\0';
	for (size_t i = 0; i < target->n_records; i++) {
		const struct firn_record *record = &target->records[i];
		autofree char *text = NULL;
		autojson json_t *config = NULL;
		struct firn_err why = { 0 };
		const char *driver;
		size_t len;

		if (!firn_ends_with(record->path, "/hostconfig.json") ||
		    firn_host_read(target->host, record->path, CONFIG_MAX,
				   &text, &len, &why) < 0 ||
		    firn_json_parse(text, len, "hostconfig.json", &config,
				    &why) < 0)
			continue;
		driver = firn_json_string(config, "LogConfig", "Type", NULL);
		if (driver != NULL)
			snprintf(ret, 64, "%s", driver);
	}
}

/* The format of one file, by where it lies; "" when not known. */
static const char *
format_of(const struct firn_record *record, const char *driver)
{
	if (driver[0] != '\0')
		return driver;
	if (strstr(record->path, "-json.log") != NULL)
		return "json-file";
	if (strstr(record->path, "/pods/") != NULL)
		return "cri";
	if (strstr(record->path, "ctr.log") != NULL)
		return "k8s-file";
	return "";
}

static int
store_log(const struct firn_target *target, const struct firn_record *record,
	  const char *format, json_t *list, struct firn_archive *archive,
	  struct firn_err *err)
{
	const struct firn_member_source source = { "logs", record->path,
						   format[0] != '\0' ? format
								     : "log" };
	struct firn_record_copy copy;
	char member[128];
	json_t *entry;

	snprintf(member, sizeof(member), "data/logs/%s", record->name);
	if (firn_record_store(target->host, archive, &source, member, &copy,
			      err) < 0)
		return -1;
	if (!copy.stored)
		return 0;
	entry = json_object();
	firn_json_text(entry, "path", record->path);
	firn_json_text(entry, "member", member);
	if (format[0] != '\0')
		firn_json_text(entry, "driver", format);
	firn_json_uint(entry, "size", copy.size);
	firn_json_time(entry, "modified", copy.modified);
	if (strcmp(format, "json-file") == 0) {
		json_object_set_new(entry, "lossy", json_true());
		firn_json_text(entry, "note",
			       "the driver replaces bytes that are not UTF-8 "
			       "by U+FFFD, and cuts lines after 16 KiB");
	}
	json_array_append_new(list, entry);
	return 0;
}

/* Those that keep what is printed; of the others there is nothing to have. */
static bool
keeps_logs(const struct firn_target *target)
{
	return target->runtime == FIRN_RUNTIME_DOCKER ||
	       target->runtime == FIRN_RUNTIME_PODMAN ||
	       target->runtime == FIRN_RUNTIME_CRIO || target->pod_uid != NULL;
}

static void
record_absence(const struct firn_target *target, const char *driver,
	       struct firn_archive *archive)
{
	struct firn_err why = { 0 };

	if (!keeps_logs(target))
		return;
	if (driver[0] != '\0')
		firn_err_set(&why, ENOENT,
			     "no log file: what it printed went to the log "
			     "driver %s",
			     driver);
	else
		firn_err_set(&why, ENOENT, "no log file is known");
	firn_archive_gap(archive, "logs", "the container's log", &why);
}

static int
store_logs(const struct firn_target *target, json_t *list,
	   struct firn_archive *archive, struct firn_err *err)
{
	char driver[64];
	size_t n = 0;

	find_driver(target, driver);
	for (size_t i = 0; i < target->n_records; i++) {
		const struct firn_record *record = &target->records[i];

		if (record->kind != FIRN_RECORD_LOG)
			continue;
		n++;
		if (store_log(target, record, format_of(record, driver), list,
			      archive, err) < 0)
			return -1;
	}
	if (n == 0)
		record_absence(target, driver, archive);
	return 0;
}

static int
collect(const struct firn_target *target, const struct firn_collection *what,
	struct firn_archive *archive, struct firn_err *err)
{
	static const struct firn_member_source source = {
		"logs", "the runtime's records", "firn-archive(5)"
	};
	autojson json_t *result = json_object();
	json_t *list = json_array();

	(void)what;
	json_object_set_new(result, "logs", list);
	if (store_logs(target, list, archive, err) < 0 ||
	    firn_kernel_log(target->host, archive, err) < 0)
		return -1;
	return firn_archive_json(archive, "data/logs/logs.json", result,
				 &source, err);
}

const struct firn_collector firn_collect_logs = {
	.name = "logs",
	.summary = "what the container printed, with rotated files; the "
		   "kernel's ring buffer",
	.source = "the runtime's log driver; dmesg(1)",
	.volatility = FIRN_LOST_WITH_CONTAINER,
	.collect = collect,
};
