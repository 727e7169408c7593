#ifndef TESTS_EVIDENCE_FIXTURE_H
#define TESTS_EVIDENCE_FIXTURE_H

/*
 * fixture -- a folder of its own for each test, a key in it, and archives.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "check.h"
#include "firn/archive.h"
#include "firn/verify.h"

static struct firn_err err;
static struct firn_key *key;
static struct firn_archive *archive;
static struct firn_sealed sealed;
static char folder[64];

static inline void
setup(void)
{
	snprintf(folder, sizeof(folder), "/var/tmp/firn-evidence-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	ck_ok(firn_key_make(&key, "key", &err));
}

static inline void
teardown(void)
{
	char command[96];

	firn_archive_close(&archive);
	firn_key_close(&key);
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static inline void
create(const char *path)
{
	struct firn_archive_options options = { .path = path,
						.case_id = "CASE-1",
						.key = key };

	ck_ok(firn_archive_create(&archive, &options, &err));
}

/* Half the bytes are text-like and half random; the same for the same seed. */
static inline void
fill(unsigned char *data, size_t len, uint64_t seed)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15 + 1;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[i] = (i >> 12) % 2 == 0 ? (unsigned char)('a' + x % 7)
					     : (unsigned char)x;
	}
}

static inline void
add_member(const char *path, size_t size, uint64_t seed)
{
	autofree unsigned char *data = malloc(size + 1);

	fill(data, size, seed);
	ck_ok(firn_archive_bytes(archive, path, data, size, NULL, &err));
}

static inline void
seal(void)
{
	ck_ok(firn_archive_seal(archive, &sealed, &err));
	firn_archive_close(&archive);
}

/* What verify says of a file; trusting our key. */
static inline json_t *
verdict_of(const char *path)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct firn_key *keys[] = { key };
	json_t *found = NULL;

	ck_assert_int_ge(fd, 0);
	ck_ok(firn_verify(fd, keys, 1, &found, &err));
	ck_assert_ptr_nonnull(found);
	return found;
}

#endif
