#include "receiver/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

#define FORM "firn-seen 1"
#define LEAST 256
#define MOST 65536

/* A time stamp may lie a window ahead, and be good for one more; and a minute's
 * worth can come at once (rate.h). */
static uint32_t
size_for(unsigned rate, unsigned window_s)
{
	uint64_t size = (uint64_t)rate * (2 * (uint64_t)window_s + 60) / 60;

	if (size < LEAST)
		return LEAST;
	return size > MOST ? MOST : (uint32_t)size;
}

/* Its room is taken now: a full disk must not be met at a write to memory. */
static int
open_file(int folder_fd, const char *source, size_t bytes, struct firn_err *err)
{
	unsigned char digest[FIRN_SHA256];
	char name[FIRN_SHA256_TEXT];
	autoclose int fd = -1;
	struct stat st;

	if (firn_sha256(source, strlen(source), digest, err) < 0)
		return -1;
	firn_hex(digest, sizeof(digest), name);
	fd = openat(folder_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return firn_err_sys(err, "open what was seen of source %s",
				    source);
	if ((size_t)st.st_size != bytes && ftruncate(fd, 0) < 0)
		return firn_err_sys(err, "forget what was seen of source %s",
				    source);
	errno = posix_fallocate(fd, 0, (off_t)bytes);
	if (errno != 0)
		return firn_err_sys(err,
				    "make room for what is seen of source %s",
				    source);
	return firn_steal_fd(&fd);
}

static void
check_ring(struct firn_seen_ring *ring, uint32_t size, size_t bytes)
{
	if (strncmp(ring->form, FORM, sizeof(ring->form)) != 0 ||
	    ring->size != size || ring->next >= size) {
		memset(ring, 0, bytes);
		memcpy(ring->form, FORM, sizeof(FORM));
		ring->size = size;
	}
	for (uint32_t i = 0; i < size; i++)
		ring->items[i].letter[FIRN_LETTER_NAME - 1] = '\0';
}

int
firn_seen_open(struct firn_seen *ret, unsigned rate, unsigned window_s,
	       int folder_fd, const char *source, struct firn_err *err)
{
	uint32_t size = size_for(rate, window_s);
	size_t bytes = sizeof(*ret->ring) + size * sizeof(*ret->ring->items);
	autoclose int fd = open_file(folder_fd, source, bytes, err);
	void *map;

	if (fd < 0)
		return -1;
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return firn_err_sys(err, "map what was seen of source %s",
				    source);
	*ret = (struct firn_seen){ .ring = map, .bytes = bytes };
	check_ring(ret->ring, size, bytes);
	return 0;
}

void
firn_seen_close(struct firn_seen *seen)
{
	if (seen->ring != NULL)
		munmap(seen->ring, seen->bytes);
	*seen = (struct firn_seen){ 0 };
}

const struct firn_seen_one *
firn_seen_find(const struct firn_seen *seen,
	       const unsigned char digest[FIRN_SHA256], int64_t now_s)
{
	for (uint32_t i = 0; i < seen->ring->size; i++) {
		const struct firn_seen_one *one = &seen->ring->items[i];

		if (one->until_s >= now_s &&
		    memcmp(one->digest, digest, FIRN_SHA256) == 0)
			return one;
	}
	return NULL;
}

bool
firn_seen_full(const struct firn_seen *seen, int64_t now_s)
{
	return seen->ring->items[seen->ring->next].until_s >= now_s;
}

/* The time last: one that is half written, as its writer was killed, is none.
 */
void
firn_seen_add(struct firn_seen *seen, const struct firn_seen_one *one)
{
	struct firn_seen_one *room = &seen->ring->items[seen->ring->next];

	__atomic_store_n(&room->until_s, 0, __ATOMIC_SEQ_CST);
	memcpy(room->digest, one->digest, sizeof(room->digest));
	memcpy(room->letter, one->letter, sizeof(room->letter));
	room->accepted = one->accepted;
	__atomic_store_n(&room->until_s, one->until_s, __ATOMIC_SEQ_CST);
	seen->ring->next = (seen->ring->next + 1) % seen->ring->size;
}
