#include "firn/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "evidence/audit_files.h"
#include "evidence/custody_append.h"
#include "host/own_folder.h"

/* What is longer was made so by somebody. */
#define TEXT_MAX 512
#define ENTRIES_MAX 64
#define DEPTH_MAX 8
#define DETAILS_MAX ((size_t)32 << 10)

/* "boot" in a line. */
#define BOOT_SHORT 8

struct firn_audit {
	int dir_fd;
	int fd; /* locked */
};

/* --- taking it ------------------------------------------------------------
 */

/* Is what was opened still the file of that name?  Another may have set it
 * aside while we waited for it. */
static bool
is_current(const struct firn_audit *audit)
{
	struct stat named, opened;

	return fstatat(audit->dir_fd, FIRN_AUDIT_FILE, &named,
		       AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(audit->fd, &opened) == 0 &&
	       named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

static int
take(struct firn_audit *audit, struct firn_err *err)
{
	do {
		if (audit->fd >= 0)
			close(audit->fd);
		audit->fd = firn_own_file(audit->dir_fd, FIRN_AUDIT_FILE,
					  O_RDWR | O_APPEND | O_CREAT, err);
		if (audit->fd < 0 || firn_custody_lock(audit->fd, F_WRLCK,
						       FIRN_AUDIT_LOG, err) < 0)
			return -1;
	} while (!is_current(audit));
	return 0;
}

int
firn_audit_open(struct firn_audit **ret, struct firn_err *err)
{
	autodone(firn_audit_close) struct firn_audit *audit =
		calloc(1, sizeof(*audit));

	if (audit == NULL)
		return firn_err_nomem(err);
	audit->fd = -1;
	audit->dir_fd = firn_own_folder(AT_FDCWD, FIRN_AUDIT_FOLDER, err);
	if (audit->dir_fd < 0 || take(audit, err) < 0)
		return firn_err_in(err, FIRN_AUDIT_LOG);
	*ret = firn_steal(audit);
	return 0;
}

void
firn_audit_close(struct firn_audit **audit)
{
	if (*audit == NULL)
		return;
	if ((*audit)->fd >= 0)
		close((*audit)->fd);
	if ((*audit)->dir_fd >= 0)
		close((*audit)->dir_fd);
	free(firn_steal(*audit));
}

/* --- what a line holds ----------------------------------------------------
 */

static json_t *
cut_text(const json_t *text)
{
	const char *bytes = json_string_value(text);
	size_t len = json_string_length(text);

	if (len <= TEXT_MAX)
		return json_incref((json_t *)(uintptr_t)text);
	/* Not within a character. */
	for (len = TEXT_MAX; ((unsigned char)bytes[len] & 0xc0) == 0x80;)
		len--;
	return json_sprintf("%.*s...", (int)len, bytes);
}

static json_t *
cut(const json_t *json, unsigned depth)
{
	json_t *ret, *value;
	const char *key;
	size_t i;

	if (json_is_string(json))
		return cut_text(json);
	if (!json_is_object(json) && !json_is_array(json))
		return json_incref((json_t *)(uintptr_t)json);
	if (depth == 0)
		return json_string("...");
	ret = json_is_object(json) ? json_object() : json_array();
	json_array_foreach(json, i, value) {
		if (i < ENTRIES_MAX)
			json_array_append_new(ret, cut(value, depth - 1));
	}
	json_object_foreach((json_t *)(uintptr_t)json, key, value) {
		if (json_object_size(ret) < ENTRIES_MAX)
			json_object_set_new(ret, key, cut(value, depth - 1));
	}
	return ret;
}

/* Nothing that somebody chose can make a line too long to be written. */
static json_t *
bounded(const json_t *details)
{
	json_t *ret = details != NULL ? cut(details, DEPTH_MAX) : json_object();
	size_t len = json_dumpb(ret, NULL, 0, JSON_COMPACT);

	if (len <= DETAILS_MAX)
		return ret;
	json_decref(ret);
	return json_pack("{s:I}", "left_out_bytes", (json_int_t)len);
}

static int
add_clock(json_t *details, struct firn_err *err)
{
	char boot[FIRN_BOOT_ID];

	if (firn_boot_id(boot, err) < 0)
		return -1;
	boot[BOOT_SHORT] = '\0';
	firn_json_text(details, "boot", boot);
	firn_json_uint(details, "up_s", firn_boot_ns() / 1000000000);
	return 0;
}

/* --- adding ---------------------------------------------------------------
 */

/* The file before it, if this one is new: the chain goes on from its end. */
static int
go_on(const struct firn_audit *audit, struct firn_custody_end *end,
      struct firn_err *err)
{
	autotail struct firn_custody_tail tail = { 0 };
	autofree unsigned *numbers = NULL;
	char name[FIRN_AUDIT_NAME];
	autoclose int fd = -1;
	size_t n;

	if (end->seq > 0)
		return 0;
	if (firn_audit_aside(audit->dir_fd, &numbers, &n, err) < 0)
		return -1;
	if (n == 0)
		return 0;
	firn_audit_name(numbers[n - 1], name);
	fd = firn_own_file(audit->dir_fd, name, O_RDONLY, err);
	if (fd < 0 || firn_custody_tail(fd, name, &tail, err) < 0)
		return -1;
	end->seq = tail.end.seq;
	memcpy(end->digest, tail.end.digest, sizeof(end->digest));
	return 0;
}

/* Most of it was synced before; what is new is a line or a few. */
static int
set_aside(const struct firn_audit *audit, struct firn_err *err)
{
	autofree unsigned *numbers = NULL;
	char name[FIRN_AUDIT_NAME];
	size_t n;

	if (firn_audit_aside(audit->dir_fd, &numbers, &n, err) < 0)
		return -1;
	firn_audit_name(n > 0 ? numbers[n - 1] + 1 : 1, name);
	if (fsync(audit->fd) < 0)
		return firn_err_sys(err, "sync " FIRN_AUDIT_FILE);
	if (renameat2(audit->dir_fd, FIRN_AUDIT_FILE, audit->dir_fd, name,
		      RENAME_NOREPLACE) < 0)
		return firn_err_sys(err, "set aside as %s", name);
	return 0;
}

/* Only then may it be done: one that dies here has stopped nothing. */
static int
note_stop(const struct firn_custody_line *line, uint64_t seq,
	  struct firn_err *err)
{
	autojson json_t *stop = NULL;

	if (!json_is_true(json_object_get(line->details, FIRN_AUDIT_STOPS)))
		return 0;
	stop = json_pack("{s:I, s:O, s:s, s:O}", "seq", (json_int_t)seq, "who",
			 line->who, "action", line->action, "details",
			 line->details);
	return stop == NULL ? firn_err_nomem(err)
			    : firn_audit_note_stop(stop, err);
}

static int
append(struct firn_audit *audit, const struct firn_custody_line *line,
       struct firn_err *err)
{
	autotail struct firn_custody_tail tail = { 0 };

	if (firn_custody_tail(audit->fd, FIRN_AUDIT_FILE, &tail, err) < 0 ||
	    go_on(audit, &tail.end, err) < 0 ||
	    firn_custody_append(audit->fd, FIRN_AUDIT_FILE, &tail, line, err) <
		    0 ||
	    note_stop(line, tail.end.seq, err) < 0)
		return -1;
	if ((size_t)tail.size < FIRN_AUDIT_MAX)
		return 0;
	return set_aside(audit, err) < 0 ? -1 : take(audit, err);
}

int
firn_audit_append(struct firn_audit *audit, const json_t *who,
		  const char *action, const json_t *details,
		  struct firn_err *err)
{
	autojson json_t *its = bounded(details);
	autojson json_t *party = who != NULL ? cut(who, 2) : json_null();
	const struct firn_custody_line line = {
		.who = party,
		.action = action,
		.details = its,
	};

	if (its == NULL || party == NULL)
		return firn_err_nomem(err);
	if (add_clock(its, err) < 0 || append(audit, &line, err) < 0)
		return firn_err_in(err, FIRN_AUDIT_LOG);
	return 0;
}

int
firn_audit_add(const json_t *who, const char *action, const json_t *details,
	       struct firn_err *err)
{
	autodone(firn_audit_close) struct firn_audit *audit = NULL;

	if (firn_audit_open(&audit, err) < 0)
		return -1;
	return firn_audit_append(audit, who, action, details, err);
}

/* --- making it last -------------------------------------------------------
 */

/* Where a filesystem has nothing of the kind, a full disk is what it is. */
static void
reserve(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, st.st_size,
					    (off_t)FIRN_AUDIT_RESERVE) < 0)
		errno = 0;
}

/* Without taking it: a disk may be slow, and nobody is to wait for it. */
int
firn_audit_sync(struct firn_err *err)
{
	autoclose int dir_fd =
			      firn_own_folder(AT_FDCWD, FIRN_AUDIT_FOLDER, err),
		      fd = -1;

	if (dir_fd < 0)
		return -1;
	fd = firn_own_file(dir_fd, FIRN_AUDIT_FILE, O_RDWR, err);
	if (fd < 0 && err->code != ENOENT) /* it was just set aside, synced */
		return -1;
	if (fd >= 0)
		reserve(fd);
	if ((fd >= 0 && fsync(fd) < 0) || fsync(dir_fd) < 0)
		return firn_err_sys(err, "sync " FIRN_AUDIT_LOG);
	return 0;
}
