#ifndef RESPOND_CASES_DIARY_H
#define RESPOND_CASES_DIARY_H

/*
 * diary -- ID.case.jsonl: what a case is about to do, and what came of it.
 *
 * Only added to, each line by one write(2).  So it outlives the process, and
 * after firn_diary_sync() the power too.  Who works the case holds the lock,
 * which is of the open file (fcntl_locking(2), "Open file description locks"):
 * a child that goes on with the case has it from its parent without a gap.
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/case.h"
#include "firn/err.h"

/* The lines of a diary take no more; folded alerts are counted then. */
#define FIRN_DIARY_MAX ((size_t)8 << 20)

struct firn_diary {
	int fd; /* -1: not open */
	char id[FIRN_CASE_ID];
};
#define FIRN_DIARY       \
	{                \
		.fd = -1 \
	}

/* firn_diary_make(ret, id, target_id, err) -- of a new case, locked; `id`
 * NULL invents one, and one that has a diary is EEXIST. */
FIRN_MUST_CHECK int firn_diary_make(struct firn_diary *ret, const char *id,
				    const char *target_id,
				    struct firn_err *err);

/* firn_diary_take(ret, id, err) -- of a case that is there, locked.  Returns
 * 1, or 0 when another process works it. */
FIRN_MUST_CHECK int firn_diary_take(struct firn_diary *ret, const char *id,
				    struct firn_err *err);
void firn_diary_close(struct firn_diary *diary);

/* firn_diary_discard(diary) -- of a case that could not begin: nothing was
 * done in it. */
void firn_diary_discard(struct firn_diary *diary);

/* firn_diary_add(diary, event, line, err) -- add a line: "time", "event",
 * and what `line` (borrowed, or NULL) has. */
FIRN_MUST_CHECK int firn_diary_add(const struct firn_diary *diary,
				   const char *event, const json_t *line,
				   struct firn_err *err);

/* firn_diary_tell(id, event, line, err) -- the same, by somebody who doesn't
 * work the case. */
FIRN_MUST_CHECK int firn_diary_tell(const char *id, const char *event,
				    const json_t *line, struct firn_err *err);

/* firn_diary_sync(diary, err) -- it and its name outlive the power. */
FIRN_MUST_CHECK int firn_diary_sync(const struct firn_diary *diary,
				    struct firn_err *err);

/* firn_diary_read(id, ret, err) -- its lines, oldest first: a new array. What
 * a crash cut short is left out. */
FIRN_MUST_CHECK int firn_diary_read(const char *id, json_t **ret,
				    struct firn_err *err);

/* firn_diary_is_held(id) -- is it worked by a process, now? */
bool firn_diary_is_held(const char *id);

/* firn_diary_last(lines, event) -- the last line of that kind; NULL for none.
 * Borrowed. */
const json_t *firn_diary_last(const json_t *lines, const char *event);

/* firn_diary_waits(lines) -- the line of what is waited for; NULL when the
 * case went on since.  Borrowed. */
const json_t *firn_diary_waits(const json_t *lines);

/* firn_diaries(each, arg, err) -- `each` is called with every case that has
 * one, in no order, and its lines (borrowed); -1 of it ends that. */
typedef int firn_diary_fn(const char *id, const json_t *lines, void *arg,
			  struct firn_err *err);
FIRN_MUST_CHECK int firn_diaries(firn_diary_fn *each, void *arg,
				 struct firn_err *err);

#endif
