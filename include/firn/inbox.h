#ifndef FIRN_INBOX_H
#define FIRN_INBOX_H

/*
 * inbox -- alerts on disk between whoever takes them in and whoever acts.
 *
 * A folder in the manner of maildir(5), /var/spool/firn/alerts: tmp/, new/,
 * cur/ (acted upon), done/ (answered, the newest of them).
 * seen/ is the receiver's: which signed requests it has had.  Names sort by
 * arrival.  A letter is one file, mode 0600:
 *
 *	one line of JSON: "received" (time), "boot_ns", "way" ("https", "unix",
 *	"stdin"), "source" (name in the policy, or null), "auth", "peer",
 *	"headers", "size", "sha256"; and then the payload's bytes as they came
 *
 * What an envelope claims is believed of the user `firn` (who runs the
 * receiver) and of nobody else: a letter that another user put there comes
 * from that user, whatever it says.  So is one of root's.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firn/err.h"

#define FIRN_SPOOL "/var/spool/firn"
#define FIRN_INBOX FIRN_SPOOL "/alerts"
#define FIRN_INBOX_MAX 100000 /* letters in new/; then EDQUOT */
#define FIRN_INBOX_DONE 20000 /* letters and their answers that are kept */
#define FIRN_INBOX_UNSYNCED 64
#define FIRN_ENVELOPE_MAX ((size_t)64 << 10)
#define FIRN_LETTER_NAME 96

/* Who runs the receiver. */
#define FIRN_USER "firn"
#define FIRN_NOBODY_TRUSTED ((unsigned long)-1)

struct firn_letters {
	char **names; /* sorted; those before `next` are gone */
	size_t n, size, next;
};

struct firn_inbox {
	int dir_fd, tmp_fd, new_fd, cur_fd, done_fd; /* -1: not opened */
	unsigned long trusted_uid; /* whose envelopes are believed */
	size_t n_waiting;          /* in new/, about */
	unsigned n_put;
	int unsynced[FIRN_INBOX_UNSYNCED];
	size_t n_unsynced;
	struct firn_letters waiting; /* that are to be taken next */
};

#define FIRN_INBOX_CLOSED                                               \
	{                                                               \
		.dir_fd = -1, .tmp_fd = -1, .new_fd = -1, .cur_fd = -1, \
		.done_fd = -1, .trusted_uid = FIRN_NOBODY_TRUSTED,      \
	}

/* firn_inbox_open(ret, path, may_read, err) -- NULL is FIRN_INBOX.  Without
 * `may_read` only tmp/ and new/ are opened: to put something in.  Folders that
 * aren't there are made by root: for the group of FIRN_USER if there is one, so
 * that its members can put letters in. */
FIRN_MUST_CHECK int firn_inbox_open(struct firn_inbox *ret, const char *path,
				    bool may_read, struct firn_err *err);
void firn_inbox_close(struct firn_inbox *inbox);

/*
 * firn_inbox_put(inbox, envelope, payload, len, ret_name, err) -- put a letter
 * in: whole, or not at all.
 *
 * "received", "boot_ns", "size" and "sha256" are set here.  It is in new/ (and
 * may be acted upon) when this returns;
 * firn_inbox_sync() makes it outlive the power, and comes before any sender is
 * told that all is well.
 */
FIRN_MUST_CHECK int firn_inbox_put(struct firn_inbox *inbox,
				   const json_t *envelope, const char *payload,
				   size_t len, char ret_name[FIRN_LETTER_NAME],
				   struct firn_err *err);
FIRN_MUST_CHECK int firn_inbox_sync(struct firn_inbox *inbox,
				    struct firn_err *err);

struct firn_letter {
	char name[FIRN_LETTER_NAME];
	json_t *envelope;
	char *payload; /* with a NUL behind it */
	size_t len;
	unsigned long writer_uid;
};

/*
 * firn_inbox_take(inbox, ret, err) -- the next letter: those of cur/ that an
 * earlier runner left are not among them.
 *
 * Moves it to cur/.  Returns 1, or 0 if there is none.  What is no letter (a
 * folder, a link, a FIFO, one with several names, too big, with a payload that
 * isn't its envelope's) is moved to done/ with the answer "not a letter", never
 * followed and never waited for.
 */
FIRN_MUST_CHECK int firn_inbox_take(struct firn_inbox *inbox,
				    struct firn_letter *ret,
				    struct firn_err *err);

/* firn_inbox_left(inbox, ret, err) -- the names in cur/, oldest first: a new
 * array. */
FIRN_MUST_CHECK int firn_inbox_left(const struct firn_inbox *inbox,
				    json_t **ret, struct firn_err *err);

/* firn_inbox_read(inbox, name, ret, err) -- a letter of cur/; EBADMSG
 * for what is none. */
FIRN_MUST_CHECK int firn_inbox_read(const struct firn_inbox *inbox,
				    const char *name, struct firn_letter *ret,
				    struct firn_err *err);

/*
 * firn_inbox_answer(inbox, name, answer, err) -- done with it: it goes from
 * cur/ to done/, and `answer` (borrowed) beside it as NAME.answer.json,
 * readable by the group: {"accepted", "alerts": [{"id", "reason" or "case",
 * ...}]}.
 */
FIRN_MUST_CHECK int firn_inbox_answer(const struct firn_inbox *inbox,
				      const char *name, const json_t *answer,
				      struct firn_err *err);
void firn_letter_free(struct firn_letter *letter);

#endif
