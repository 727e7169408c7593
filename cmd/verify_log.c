#include "verify_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/audit.h"

bool
firn_is_log(int fd)
{
	struct stat st;
	char first;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       pread(fd, &first, 1, 0) == 1 && first == '{';
}

static void
show_failure(FILE *out, const json_t *failure)
{
	const char *file = firn_json_string(failure, "file", NULL);
	json_int_t line = json_integer_value(json_object_get(failure, "line"));
	char where[32] = "its end";

	if (line > 0)
		snprintf(where, sizeof(where), "line %lld", (long long)line);
	firn_show_row(out, "broken", "%s, %s: %s", file != NULL ? file : "?",
		      where, firn_json_string(failure, "why", NULL));
}

static void
show(FILE *out, const json_t *result)
{
	const char *head = firn_json_string(result, "head", NULL);
	const char *before = firn_json_string(result, "goes_on_from", NULL);
	const json_t *failure, *torn = json_object_get(result, "torn");
	size_t i;

	fprintf(out, "%s\n",
		json_is_true(json_object_get(result, "intact")) ? "intact"
								: "BROKEN");
	firn_show_row(out, "lines", "%lld, in %lld file%s",
		      (long long)json_integer_value(
			      json_object_get(result, "n_lines")),
		      (long long)json_integer_value(
			      json_object_get(result, "files")),
		      json_integer_value(json_object_get(result, "files")) == 1
			      ? ""
			      : "s");
	if (before != NULL)
		firn_show_row(out, "goes on from", "%s", before);
	firn_show_row(out, "head", "%s", head != NULL ? head : "none");
	if (head != NULL)
		firn_show_row(out, "",
			      "compare it with one that was noted elsewhere: "
			      "that lines were cut off its end doesn't show");
	if (torn != NULL)
		firn_show_row(out, "torn",
			      "%lld bytes at its end are no line: a power cut, "
			      "or somebody's hand",
			      (long long)json_integer_value(torn));
	json_array_foreach(json_object_get(result, "failures"), i, failure) {
		show_failure(out, failure);
	}
}

static enum firn_exit
report(const struct firn_cmd *self, const struct firn_common *common,
       const json_t *result)
{
	return firn_cmd_result(self, common, result, show,
			       json_is_true(json_object_get(result, "intact"))
				       ? FIRN_EXIT_OK
				       : FIRN_EXIT_NO);
}

enum firn_exit
firn_verify_log(const struct firn_cmd *self, const struct firn_common *common,
		int fd, const char *name)
{
	autojson json_t *result = NULL;
	struct firn_err err = { 0 };

	if (firn_audit_verify_file(fd, name, &result, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	return report(self, common, result);
}

enum firn_exit
firn_verify_audit(const struct firn_cmd *self, const struct firn_common *common)
{
	autojson json_t *result = NULL;
	struct firn_err err = { 0 };

	if (firn_audit_verify(&result, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	return report(self, common, result);
}
