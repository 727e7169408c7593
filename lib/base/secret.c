#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "base/auto.h"
#include "base/io.h"

#define LEAST ((size_t)16 << 10)

void
firn_secret_free(struct firn_secret *secret)
{
	int saved = errno;

	if (secret->data != NULL) {
		OPENSSL_cleanse(secret->data, secret->size);
		munmap(secret->data, secret->size);
	}
	*secret = (struct firn_secret){ 0 };
	errno = saved;
}

/* Huge pages would be locked whole, and old kernels know not every advice: what
 * can't be had of this leaves the memory as good as any. */
static bool
protect(void *data, size_t size)
{
	madvise(data, size, MADV_DONTDUMP);
	madvise(data, size, MADV_WIPEONFORK);
	madvise(data, size, MADV_NOHUGEPAGE);
	return mlock(data, size) == 0;
}

static int
grow(struct firn_secret *secret, size_t size, struct firn_err *err)
{
	struct firn_secret larger = { .len = secret->len, .size = LEAST };

	while (larger.size < size)
		if (__builtin_mul_overflow(larger.size, 2, &larger.size))
			return firn_err_nomem(err);
	larger.data = mmap(NULL, larger.size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (larger.data == MAP_FAILED)
		return firn_err_nomem(err);
	larger.swappable = !protect(larger.data, larger.size);
	if (secret->len > 0)
		memcpy(larger.data, secret->data, secret->len);
	firn_secret_free(secret);
	*secret = larger;
	return 0;
}

int
firn_secret_room(struct firn_secret *secret, size_t len, struct firn_err *err)
{
	size_t need;

	if (__builtin_add_overflow(secret->len, len, &need) ||
	    __builtin_add_overflow(need, 1, &need))
		return firn_err_nomem(err);
	return need <= secret->size ? 0 : grow(secret, need, err);
}

int
firn_secret_add(struct firn_secret *secret, const void *data, size_t len,
		struct firn_err *err)
{
	if (firn_secret_room(secret, len, err) < 0)
		return -1;
	if (len > 0)
		memcpy(secret->data + secret->len, data, len);
	secret->len += len;
	secret->data[secret->len] = '\0';
	return 0;
}

int
firn_secret_read_fd(struct firn_secret *secret, int fd, const char *what,
		    size_t max, struct firn_err *err)
{
	size_t before = secret->len;

	if (firn_secret_room(secret, 1, err) < 0)
		return -1;
	for (;;) {
		size_t room = secret->size - secret->len - 1;
		ssize_t n = firn_read_some(fd, what, secret->data + secret->len,
					   room, err);

		if (n < 0)
			return -1;
		secret->len += (size_t)n;
		secret->data[secret->len] = '\0';
		if (secret->len - before > max)
			return firn_err_set(err, EFBIG,
					    "%s is larger than %zu bytes", what,
					    max);
		if ((size_t)n < room)
			return 0;
		if (firn_secret_room(secret, secret->size, err) < 0)
			return -1;
	}
}

int
firn_secret_read_at(struct firn_secret *secret, int dir_fd, const char *path,
		    size_t max, struct firn_err *err)
{
	autoclose int fd = -1;

	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return firn_err_sys(err, "open %s", path);
	return firn_secret_read_fd(secret, fd, path, max, err);
}

/* Also what the configured environment or a token's claims were parsed into. */
static void
wiping_free(void *memory)
{
	if (memory != NULL)
		OPENSSL_cleanse(memory, malloc_usable_size(memory));
	free(memory);
}

char *
firn_secret_moved(char *data, size_t len, size_t size)
{
	char *moved = malloc(size);

	if (moved == NULL)
		return NULL;
	if (len > 0) {
		memcpy(moved, data, len);
		OPENSSL_cleanse(data, len);
	}
	free(data);
	return moved;
}

void
firn_auto_wipe(void *p)
{
	int saved = errno;

	wiping_free(*(void **)p);
	errno = saved;
}

void
firn_secret_process(void)
{
	const struct rlimit none = { 0 };

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
	json_set_alloc_funcs(malloc, wiping_free);
}
