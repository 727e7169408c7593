#ifndef BASE_AUTO_H
#define BASE_AUTO_H

/*
 * auto -- release what a scope owns when the scope ends.
 *
 *	autofree char *path = NULL;
 *	autoclose int fd = -1;
 *
 * Declare the variable with its empty value; an empty value is a no-op.  To
 * pass ownership on, steal: `*ret_fd = firn_steal_fd(&fd);`.  None of these
 * change errno(3).
 *
 * Releasing is for things that were only read.  A file we wrote is finished
 * with firn_finish(), whose failure is reported: a lost write is lost evidence.
 */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#define autodone(release) __attribute__((cleanup(release)))
#define autofree autodone(firn_auto_free)
#define autoclose autodone(firn_auto_close)
#define autodir autodone(firn_auto_closedir)
#define autojson autodone(firn_auto_json)

static inline void
firn_auto_free(void *p)
{
	int saved = errno;

	free(*(void **)p);
	errno = saved;
}

static inline void
firn_auto_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd); /* never retried: close(2), NOTES */
	errno = saved;
}

static inline void
firn_auto_closedir(DIR *const *dir)
{
	int saved = errno;

	if (*dir != NULL)
		closedir(*dir);
	errno = saved;
}

static inline void
firn_auto_json(json_t *const *json)
{
	json_decref(*json);
}

static inline int
firn_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

/* firn_steal(pointer) -- hand over what an auto variable owns. */
#define firn_steal(pointer)                                  \
	({                                                   \
		__typeof__(pointer) firn_stolen = (pointer); \
		(pointer) = NULL;                            \
		firn_stolen;                                 \
	})

#endif
