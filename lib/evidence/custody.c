#include "firn/custody.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "evidence/case_folder.h"
#include "evidence/custody_chain.h"
#include "firn/case.h"
#include "host/operator.h"

#define RECORD_MAX ((size_t)64 << 20)
#define LINE_MAX_BYTES ((size_t)64 << 10)
#define BY_MAX 128

#define LOCK_TIMEOUT_NS (10 * UINT64_C(1000000000))
#define LOCK_AGAIN_NS 2000000

/* Record locks, as the ledger's: a child that hangs doesn't keep them. */
static int
lock(int fd, short type, struct firn_err *err)
{
	const struct timespec pause = { .tv_nsec = LOCK_AGAIN_NS };
	struct flock whole = { .l_type = type, .l_whence = SEEK_SET };
	uint64_t deadline = firn_monotonic_ns() + LOCK_TIMEOUT_NS;

	while (fcntl(fd, F_SETLK, &whole) < 0) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return firn_err_sys(err, "lock the custody record");
		if (firn_monotonic_ns() >= deadline)
			return firn_err_set(err, EBUSY,
					    "the custody record is held by "
					    "another firn");
		nanosleep(&pause, NULL);
	}
	return 0;
}

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

static int
add_line(struct firn_buf *text, struct firn_custody_end *end, json_t *person,
	 const char *action, json_t *details, struct firn_err *err)
{
	autojson json_t *line = json_object();
	autofree char *json = NULL;
	unsigned char sha256[FIRN_SHA256];

	firn_json_uint(line, "seq", end->seq + 1);
	firn_json_time(line, "time", firn_now());
	json_object_set(line, "who", person);
	firn_json_text(line, "action", action);
	json_object_set(line, "details", details);
	firn_json_text(line, "prev", end->digest);
	json = firn_json_line(line);
	if (json == NULL)
		return firn_err_nomem(err);
	if (strlen(json) > LINE_MAX_BYTES)
		return firn_err_set(err, E2BIG,
				    "more than a line of the custody record "
				    "holds");
	firn_buf_addf(text, "%s\n", json);
	if (firn_sha256(json, strlen(json), sha256, err) < 0)
		return -1;
	firn_hex(sha256, sizeof(sha256), end->digest);
	end->seq++;
	return firn_buf_check(text, err);
}

/* What was torn is told, and not taken out: nothing ever is. */
static int
add_torn(struct firn_buf *text, struct firn_custody_end *end, json_t *person,
	 struct firn_err *err)
{
	autojson json_t *details = json_object();
	unsigned char sha256[FIRN_SHA256];

	if (end->torn == NULL)
		return 0;
	if (firn_sha256(end->torn, end->torn_len, sha256, err) < 0)
		return -1;
	firn_json_uint(details, "bytes", end->torn_len);
	firn_json_hex(details, "sha256", sha256, sizeof(sha256));
	return add_line(text, end, person, "torn", details, err);
}

/* With the record locked. */
static int
append(int fd, json_t *person, const char *action, json_t *details,
       struct firn_err *err)
{
	autojson json_t *lines = json_array(), *failures = json_array();
	autobuf struct firn_buf more = { 0 };
	autofree char *text = NULL;
	struct firn_custody_end end;
	size_t len;

	if (firn_read_fd(fd, "the custody record", RECORD_MAX, &text, &len,
			 err) < 0 ||
	    firn_custody_chain(text, len, lines, failures, &end, err) < 0)
		return -1;
	if (len > 0 && text[len - 1] != '\n')
		firn_buf_add(&more, "\n", 1);
	if (add_torn(&more, &end, person, err) < 0 ||
	    add_line(&more, &end, person, action, details, err) < 0)
		return -1;
	if (len + more.len > RECORD_MAX)
		return firn_err_set(err, EFBIG, "the custody record is full");
	return firn_write_all(fd, "the custody record", more.data, more.len,
			      err);
}

int
firn_custody_add(int cases_fd, const char *case_id, const char *by,
		 const char *action, const json_t *details,
		 struct firn_err *err)
{
	autojson json_t *person = NULL, *copy = NULL;
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
	if (fd < 0 || lock(fd, F_WRLCK, err) < 0 ||
	    append(fd, person, action, copy, err) < 0 ||
	    firn_finish(&fd, "the custody record", err) < 0)
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
	if (fd < 0 || lock(fd, F_RDLCK, err) < 0)
		return -1;
	return firn_read_fd(fd, "the custody record", RECORD_MAX, ret, ret_len,
			    err);
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
