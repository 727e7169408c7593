#ifndef BASE_SECRET_H
#define BASE_SECRET_H

/*
 * secret -- memory for what must not outlive its use: the values of secrets.
 *
 * It is never swapped out where the limits allow it, never in a core dump,
 * reads as zeros in a child process, and is wiped before it is given back.
 * malloc(3) has none of that, and its realloc(3) leaves copies behind.
 *
 * Not memfd_secret(2): it keeps the kernel and root's debugger out too, who can
 * read the container itself, and needs a kernel that was booted for it.  Not
 * mlockall(2): a capture's buffers would be locked with the values.
 */

#include <stdbool.h>
#include <stddef.h>

#include "firn/err.h"

/* Starts as `{ 0 }`; released with firn_secret_free(). */
struct firn_secret {
	char *data; /* a NUL stands behind `len` bytes; NULL while empty */
	size_t len;
	size_t size;    /* of the mapping, in bytes */
	bool swappable; /* it could not be locked: RLIMIT_MEMLOCK */
};

#define autosecret __attribute__((cleanup(firn_secret_free)))

/* firn_secret_free(secret) -- wipe it, and give it back. */
void firn_secret_free(struct firn_secret *secret);

/* firn_secret_room(secret, len, err) -- room for `len` bytes behind those that
 * are there, and for the NUL. */
FIRN_MUST_CHECK int firn_secret_room(struct firn_secret *secret, size_t len,
				     struct firn_err *err);

/* firn_secret_add(secret, data, len, err) -- bytes behind those that are there.
 */
FIRN_MUST_CHECK int firn_secret_add(struct firn_secret *secret,
				    const void *data, size_t len,
				    struct firn_err *err);

/*
 * firn_secret_read_fd(secret, fd, what, max, err) -- to the end of a file,
 * behind what is there; as firn_read_fd() in base/io.h.
 */
FIRN_MUST_CHECK int firn_secret_read_fd(struct firn_secret *secret, int fd,
					const char *what, size_t max,
					struct firn_err *err);

/* firn_secret_read_at(secret, dir_fd, path, max, err) -- of a whole file of
 * ours or of the kernel's; as firn_read_at(). */
FIRN_MUST_CHECK int firn_secret_read_at(struct firn_secret *secret, int dir_fd,
					const char *path, size_t max,
					struct firn_err *err);

/* firn_secret_moved(data, len, size) -- what realloc(3) does, but that nothing
 * is left where `len` bytes were: any buffer may hold a value, and who knows
 * which wipes the last of them only.  NULL, and nothing done, without memory.
 */
char *firn_secret_moved(char *data, size_t len, size_t size);

/* autowipe -- as autofree in base/auto.h, and wiped: a short copy of a value.
 */
#define autowipe __attribute__((cleanup(firn_auto_wipe)))
void firn_auto_wipe(void *p);

/*
 * firn_secret_process() -- make this process one that may hold values: no core
 * dump, not to be read by its user's other processes, and what JSON held is
 * wiped when it is released.
 *
 * Before any JSON is made; children inherit it.  Source: PR_SET_DUMPABLE in
 * prctl(2), core(5), json_set_alloc_funcs() of jansson.
 */
void firn_secret_process(void);

#endif
