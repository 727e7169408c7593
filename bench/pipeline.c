/*
 * pipeline -- how fast evidence becomes an archive, against the floor: the
 * processor time of its parts divided by the cores.
 *
 * The parts and the whole run in turn, on the same data, so that a busy
 * machine slows both.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <zstd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/opt.h"
#include "firn/archive.h"

#define BLOCK (1 << 20)

struct parts {
	double read, hash, compress, digest; /* processor seconds */
	unsigned long long stored;           /* bytes */
};

static int
fail(const struct firn_err *err)
{
	fprintf(stderr, "pipeline: %s\n", err->text);
	return 1;
}

static double
processor_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* By turns 64 KiB of log-like text and of noise. */
static void
mix(unsigned char *data, unsigned number)
{
	static unsigned long long x = 88172645463325252;
	size_t at = 0;

	while (at < BLOCK) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if ((at >> 16) % 2 == 1) {
			memcpy(data + at, &x, sizeof(x));
			at += sizeof(x);
			continue;
		}
		at += (size_t)
			snprintf((char *)data + at, BLOCK - at,
				 "2026-11-24T12:%02u:%02llu host%llu app[%u]: "
				 "request %llx took %llu ms\n",
				 number % 60, x % 60, x % 7, number, x % 4096,
				 (x >> 20) % 1000);
	}
}

static int
make_data(int fd, unsigned mebibytes, struct firn_err *err)
{
	autofree unsigned char *data = malloc(BLOCK + 256);

	if (data == NULL)
		return firn_err_nomem(err);
	for (unsigned i = 0; i < mebibytes; i++) {
		mix(data, i);
		if (firn_write_all(fd, "the data", data, BLOCK, err) < 0)
			return -1;
	}
	return 0;
}

static int
measure_block(ZSTD_CCtx *zstd, int fd, unsigned char *plain,
	      unsigned char *stored, struct firn_sha256 *member,
	      struct parts *parts)
{
	unsigned char digest[FIRN_SHA256];
	struct firn_err err = { 0 };
	double start = processor_seconds(), next;
	ssize_t n = firn_read_some(fd, "the data", plain, BLOCK, &err);
	size_t len;

	if (n <= 0)
		return n < 0 ? -1 : 0;
	next = processor_seconds();
	parts->read += next - start;
	firn_sha256_add(member, plain, (size_t)n);
	start = processor_seconds();
	parts->hash += start - next;
	len = ZSTD_compress2(zstd, stored, ZSTD_compressBound(BLOCK), plain,
			     (size_t)n);
	next = processor_seconds();
	parts->compress += next - start;
	if (ZSTD_isError(len) || firn_sha256(stored, len, digest, &err) < 0)
		return -1;
	parts->digest += processor_seconds() - next;
	parts->stored += len;
	return 1;
}

static int
measure_parts(int fd, struct parts *ret, struct firn_err *err)
{
	autofree unsigned char *plain = malloc(BLOCK);
	autofree unsigned char *stored = malloc(ZSTD_compressBound(BLOCK));
	autosha256 struct firn_sha256 member = { 0 };
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	int more = -1;

	if (plain == NULL || stored == NULL || zstd == NULL)
		return firn_err_nomem(err);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, 1);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	if (lseek(fd, 0, SEEK_SET) == 0 && firn_sha256_start(&member, err) == 0)
		do
			more = measure_block(zstd, fd, plain, stored, &member,
					     ret);
		while (more > 0);
	ZSTD_freeCCtx(zstd);
	return more < 0 ? firn_err_set(err, EIO, "measuring failed") : 0;
}

static int
write_archive(int fd, const char *output, unsigned long long size,
	      const struct firn_key *key, double *ret_seconds,
	      struct firn_err *err)
{
	autodone(firn_archive_close) struct firn_archive *archive = NULL;
	autoclose int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct firn_archive_options options = {
		.path = output, .fd = null, .case_id = "bench", .key = key
	};
	struct firn_sealed sealed;
	struct firn_err why;
	uint64_t start = firn_monotonic_ns(), copied;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return firn_err_sys(err, "rewind");
	if (firn_archive_create(&archive, &options, err) < 0 ||
	    firn_archive_begin(archive, "data/mixed", size, NULL, err) < 0 ||
	    firn_archive_copy(archive, fd, size, &copied, &why, err) < 0 ||
	    firn_archive_end(archive, err) < 0 ||
	    firn_archive_seal(archive, &sealed, err) < 0)
		return -1;
	*ret_seconds = (double)(firn_monotonic_ns() - start) / 1e9;
	return 0;
}

static unsigned
cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

static void
report(const struct parts *parts, double seconds, unsigned long long size)
{
	double floor =
		(parts->read + parts->hash + parts->compress + parts->digest) /
		cores();

	printf("read %.2f s, SHA-256 %.2f s, zstd %.2f s, digest of the "
	       "output %.2f s: floor on %u cores %.2f s\n",
	       parts->read, parts->hash, parts->compress, parts->digest,
	       cores(), floor);
	printf("archive %.2f s, %.0f MB/s, ratio to the floor %.3f\n", seconds,
	       (double)size / 1e6 / seconds, seconds / floor);
}

int
main(int argc, char **argv)
{
	unsigned mebibytes = 1024, rounds = 3;
	const char *folder = "/var/tmp", *output = NULL;
	bool help = false;
	const struct firn_opt opts[] = {
		{ 'h', "help", NULL, "show this help", .flag = &help },
		{ 's', "size", "MIB", "of the data", .number = &mebibytes },
		{ 'r', "rounds", "N", "how often", .number = &rounds },
		{ 'd', "folder", "DIR", "for the data", .string = &folder },
		{ 'o', "output", "FILE", "write there, not to /dev/null",
		  .string = &output },
		{ 0 },
	};
	autodone(firn_key_close) struct firn_key *key = NULL;
	autoclose int fd = -1;
	char name[] = "/tmp/firn-bench-XXXXXX", path[64];
	struct firn_err err = { 0 };
	struct rusage usage;

	if (firn_opt_parse(opts, argc, argv, &err) < 0)
		return fail(&err);
	if (help) {
		firn_opt_help(opts, stdout);
		return 0;
	}
	if (mkdtemp(name) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/key", name);
	if (firn_key_make(&key, path, &err) < 0)
		return fail(&err);
	unlink(path);
	strcat(path, ".pub");
	unlink(path);
	rmdir(name);
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 || make_data(fd, mebibytes, &err) < 0)
		return fail(&err);
	for (unsigned i = 0; i < rounds; i++) {
		unsigned long long size = (unsigned long long)mebibytes * BLOCK;
		struct parts parts = { 0 };
		double seconds = 0;

		if (measure_parts(fd, &parts, &err) < 0 ||
		    write_archive(fd, output, size, key, &seconds, &err) < 0)
			return fail(&err);
		if (output != NULL)
			unlink(output);
		report(&parts, seconds, size);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("peak memory %.1f MiB\n", (double)usage.ru_maxrss / 1024);
	return 0;
}
