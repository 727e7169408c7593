#include "firn/custody.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "evidence/case_folder.h"
#include "evidence/custody_append.h"
#include "firn/case.h"
#include "host/operator.h"

#define RECORD "the custody record"
#define RECORD_MAX ((size_t)64 << 20)
#define BY_MAX 128

static int
open_record(int cases_fd, const char *case_id, int flags, struct firn_err *err)
{
	char name[FIRN_CASE_ID + 16];

	if (!firn_case_id_is_valid(case_id))
		return firn_err_set(err, EINVAL, "\"%s\" is not a case",
				    case_id);
	snprintf(name, sizeof(name), "%s.custody.jsonl", case_id);
	return firn_case_file(cases_fd, name, flags, err);
}

/* --- a line ---------------------------------------------------------------
 */

static json_t *
who(const char *by, const char *login)
{
	json_t *json = json_object();

	firn_json_text(json, "said", by != NULL ? by : login);
	firn_json_uint(json, "uid", getuid());
	firn_json_text(json, "login", login);
	return json;
}

/* With the record locked. */
static int
append(int fd, const struct firn_custody_line *line, struct firn_err *err)
{
	autotail struct firn_custody_tail tail = { 0 };

	if (firn_custody_tail(fd, RECORD, &tail, err) < 0)
		return -1;
	if ((size_t)tail.size + 2 * FIRN_CUSTODY_LINE_MAX > RECORD_MAX)
		return firn_err_set(err, EFBIG, RECORD " is full");
	return firn_custody_append(fd, RECORD, &tail, line, err);
}

int
firn_custody_add(int cases_fd, const char *case_id, const char *by,
		 const char *action, const json_t *details,
		 struct firn_err *err)
{
	autojson json_t *person = NULL, *copy = NULL;
	struct firn_custody_line line = { .action = action };
	autofree char *login = NULL;
	autoclose int fd = -1;

	if (by != NULL && (by[0] == '\0' || strlen(by) > BY_MAX))
		return firn_err_set(err, EINVAL,
				    "who it was is told in 1 to %d bytes",
				    BY_MAX);
	if (firn_operator(&login, err) < 0)
		return -1;
	person = who(by, login);
	copy = details != NULL ? json_deep_copy(details) : json_object();
	fd = open_record(cases_fd, case_id, O_RDWR | O_APPEND | O_CREAT, err);
	line.who = person;
	line.details = copy;
	if (fd < 0 || firn_custody_lock(fd, F_WRLCK, RECORD, err) < 0 ||
	    append(fd, &line, err) < 0 || firn_finish(&fd, RECORD, err) < 0)
		return -1;
	/* Its name, the first time. */
	if (fsync(cases_fd) < 0)
		return firn_err_sys(err, "sync the folder of cases");
	return 0;
}

/* --- reading it -----------------------------------------------------------
 */

static int
read_record(int cases_fd, const char *case_id, char **ret, size_t *ret_len,
	    struct firn_err *err)
{
	autoclose int fd = -1;

	fd = open_record(cases_fd, case_id, O_RDONLY, err);
	if (fd < 0 && err->code == ENOENT) {
		*err = (struct firn_err){ 0 };
		*ret = strdup("");
		*ret_len = 0;
		return *ret == NULL ? firn_err_nomem(err) : 0;
	}
	if (fd < 0 || firn_custody_lock(fd, F_RDLCK, RECORD, err) < 0)
		return -1;
	return firn_read_fd(fd, RECORD, RECORD_MAX, ret, ret_len, err);
}

int
firn_custody_read(int cases_fd, const char *case_id, json_t **ret,
		  struct firn_err *err)
{
	autojson json_t *json = json_object();
	json_t *lines = json_array(), *failures = json_array();
	struct firn_custody_end end;
	autofree char *text = NULL;
	size_t len;

	json_object_set_new(json, "lines", lines);
	json_object_set_new(json, "failures", failures);
	if (read_record(cases_fd, case_id, &text, &len, err) < 0 ||
	    firn_custody_chain(text, len, lines, failures, &end, err) < 0)
		return -1;
	json_object_set_new(json, "head",
			    end.seq > 0 ? json_string(end.digest)
					: json_null());
	json_object_set_new(json, "intact",
			    json_boolean(json_array_size(failures) == 0));
	if (end.torn != NULL)
		firn_json_uint(json, "torn", end.torn_len);
	*ret = firn_steal(json);
	return 0;
}
