#ifndef OUTBOX_SENDING_H
#define OUTBOX_SENDING_H

/*
 * sending -- an archive that is being sent.
 */

#include <stdint.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/digest.h"
#include "firn/err.h"

struct firn_sending {
	const char *path, *name; /* `name` is the last part of `path` */
	int fd;
	struct stat st;   /* when it was opened */
	uint64_t ends_ns; /* firn_monotonic_ns() */
};

/* firn_sending_digest(fd, size, what, ret, err) -- of the first `size` bytes;
 * EIO where there are fewer.  `fd` may be open for O_DIRECT. */
FIRN_MUST_CHECK int firn_sending_digest(int fd, uint64_t size, const char *what,
					char ret[FIRN_SHA256_TEXT],
					struct firn_err *err);

/* firn_sending_left_ms(sending, err) -- of the time for it; -1 and ETIMEDOUT
 * when it is over. */
FIRN_MUST_CHECK int firn_sending_left_ms(const struct firn_sending *sending,
					 struct firn_err *err);

/*
 * firn_send_folder(sending, folder, ret, err) -- into a folder that is there.
 *
 * In a process of its own, which is left behind if the folder's server doesn't
 * answer.  The name is there once what was read back from the disk is the
 * archive; one that is there already and the same is as good, another is
 * EEXIST.  `*ret` has "sha256" and "receipt".
 */
FIRN_MUST_CHECK int firn_send_folder(const struct firn_sending *sending,
				     const char *folder, json_t **ret,
				     struct firn_err *err);

/* firn_send_put(sending, url, ret, err) -- by couriers, some tries within the
 * time. */
FIRN_MUST_CHECK int firn_send_put(const struct firn_sending *sending,
				  const char *url, json_t **ret,
				  struct firn_err *err);

#endif
