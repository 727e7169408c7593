#include "evidence/custody_append.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/lock.h"

#define LOCK_TIMEOUT_NS (10 * UINT64_C(1000000000))

/* Some lines fit in it. */
#define TAIL_FIRST ((off_t)2048)

int
firn_custody_lock(int fd, short type, const char *what, struct firn_err *err)
{
	const struct flock whole = { .l_type = type, .l_whence = SEEK_SET };

	return firn_lock_wait(fd, F_OFD_SETLK, &whole, LOCK_TIMEOUT_NS, what,
			      err);
}

/* --- its end --------------------------------------------------------------
 */

static int
read_from(int fd, const char *what, off_t from, struct firn_custody_tail *tail,
	  struct firn_err *err)
{
	size_t size = (size_t)(tail->size - from);
	ssize_t n;

	free(tail->text);
	tail->text = malloc(size + 1);
	if (tail->text == NULL)
		return firn_err_nomem(err);
	if (lseek(fd, from, SEEK_SET) < 0)
		return firn_err_sys(err, "read %s", what);
	n = firn_read_some(fd, what, tail->text, size, err);
	if (n < 0)
		return -1;
	tail->len = (size_t)n;
	tail->text[n] = '\0';
	return 0;
}

/* What was begun to be read in the middle of a line begins with the next. */
static size_t
first_line(const struct firn_custody_tail *tail, off_t from)
{
	const char *newline = memchr(tail->text, '\n', tail->len);

	if (from == 0)
		return 0;
	return newline != NULL ? (size_t)(newline - tail->text) + 1 : tail->len;
}

int
firn_custody_tail(int fd, const char *what, struct firn_custody_tail *ret,
		  struct firn_err *err)
{
	autotail struct firn_custody_tail tail = { 0 };
	struct stat st;
	off_t from;

	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "look at %s", what);
	tail.size = st.st_size;
	for (off_t size = TAIL_FIRST;; size *= 2) {
		autojson json_t *failures = json_array();
		size_t start;

		from = tail.size > size ? tail.size - size : 0;
		if (read_from(fd, what, from, &tail, err) < 0)
			return -1;
		start = first_line(&tail, from);
		if (firn_custody_chain(tail.text + start, tail.len - start,
				       NULL, failures, &tail.end, err) < 0)
			return -1;
		if (tail.end.seq > 0 || from == 0)
			break;
	}
	*ret = tail;
	tail.text = NULL;
	return 0;
}

void
firn_custody_tail_free(struct firn_custody_tail *tail)
{
	free(tail->text);
	tail->text = NULL;
}

/* --- a line ---------------------------------------------------------------
 */

static int
add_line(struct firn_buf *text, const char *what, struct firn_custody_end *end,
	 const struct firn_custody_line *says, struct firn_err *err)
{
	autojson json_t *line = json_object();
	autofree char *json = NULL;
	unsigned char sha256[FIRN_SHA256];

	firn_json_uint(line, "seq", end->seq + 1);
	firn_json_time(line, "time", firn_now());
	json_object_set(line, "who", says->who);
	firn_json_text(line, "action", says->action);
	json_object_set(line, "details", says->details);
	firn_json_text(line, "prev", end->digest);
	json = firn_json_line(line);
	if (json == NULL)
		return firn_err_nomem(err);
	if (strlen(json) > FIRN_CUSTODY_LINE_MAX)
		return firn_err_set(err, E2BIG, "more than a line of %s holds",
				    what);
	firn_buf_addf(text, "%s\n", json);
	if (firn_sha256(json, strlen(json), sha256, err) < 0)
		return -1;
	firn_hex(sha256, sizeof(sha256), end->digest);
	end->seq++;
	return firn_buf_check(text, err);
}

/* What was torn is told, and not taken out: nothing ever is. */
static int
add_torn(struct firn_buf *text, const char *what, struct firn_custody_end *end,
	 json_t *who, struct firn_err *err)
{
	autojson json_t *details = json_object();
	const struct firn_custody_line line = { .who = who,
						.action = "torn",
						.details = details };
	unsigned char sha256[FIRN_SHA256];

	if (end->torn == NULL)
		return 0;
	if (firn_sha256(end->torn, end->torn_len, sha256, err) < 0)
		return -1;
	firn_json_uint(details, "bytes", end->torn_len);
	firn_json_hex(details, "sha256", sha256, sizeof(sha256));
	end->torn = NULL;
	return add_line(text, what, end, &line, err);
}

/* If that fails too, the next one tells of what is torn. */
static int
take_back(int fd, off_t size)
{
	if (ftruncate(fd, size) < 0)
		errno = 0;
	return -1;
}

int
firn_custody_append(int fd, const char *what, struct firn_custody_tail *tail,
		    const struct firn_custody_line *line, struct firn_err *err)
{
	struct firn_custody_end end = tail->end;
	autobuf struct firn_buf more = { 0 };

	if (tail->len > 0 && tail->text[tail->len - 1] != '\n')
		firn_buf_add(&more, "\n", 1);
	if (add_torn(&more, what, &end, line->who, err) < 0 ||
	    add_line(&more, what, &end, line, err) < 0)
		return -1;
	if (firn_write_all(fd, what, more.data, more.len, err) < 0)
		return take_back(fd, tail->size);
	tail->end = end;
	tail->len = 0;
	tail->size += (off_t)more.len;
	return 0;
}
