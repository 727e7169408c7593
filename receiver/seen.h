#ifndef RECEIVER_SEEN_H
#define RECEIVER_SEEN_H

/*
 * seen -- which signed requests have been taken in, so that one that is sent
 * again is told from a new one, also by the receiver that comes after one that
 * was killed.
 *
 * One file per source, mapped, of a size that the source's rate can't fill
 * within the replay window: what is remembered is never pushed out while it
 * could still be replayed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "firn/err.h"
#include "firn/inbox.h"

struct firn_seen_one {
	unsigned char digest[FIRN_SHA256]; /* of what names the request */
	char letter[FIRN_LETTER_NAME];
	int64_t accepted; /* 1 or 0: what its sender was told */
	int64_t until_s;  /* it can't be replayed after; 0: empty */
};

/* As it is in the file. */
struct firn_seen_ring {
	char form[16];
	uint32_t size, next;
	struct firn_seen_one items[];
};

struct firn_seen {
	struct firn_seen_ring *ring; /* NULL: not opened */
	size_t bytes;
};

/*
 * firn_seen_open(ret, rate, window_s, folder_fd, source, err) -- for `rate`
 * requests per minute of a source by that name.
 *
 * The file is made if it isn't there, and made anew if the size is another.
 * Nothing is opened after this.
 */
FIRN_MUST_CHECK int firn_seen_open(struct firn_seen *ret, unsigned rate,
				   unsigned window_s, int folder_fd,
				   const char *source, struct firn_err *err);
void firn_seen_close(struct firn_seen *seen);

/* firn_seen_find(seen, digest, now_s) -- what it was put into the inbox as, and
 * what was said; NULL if it hasn't been seen.  Borrowed. */
const struct firn_seen_one *firn_seen_find(
	const struct firn_seen *seen, const unsigned char digest[FIRN_SHA256],
	int64_t now_s);

/* firn_seen_full(seen, now_s) -- one more could not be remembered. */
bool firn_seen_full(const struct firn_seen *seen, int64_t now_s);

/* firn_seen_add(seen, one) -- in place of the oldest. */
void firn_seen_add(struct firn_seen *seen, const struct firn_seen_one *one);

#endif
