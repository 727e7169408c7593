/*
 * How long does the package list take?
 *
 *	bench_packages ROUNDS LAYER...
 *
 * Reads the root that is made of the LAYERs (folders, topmost first) ROUNDS
 * times, as a capture does, into an archive that goes to /dev/null, and prints
 * milliseconds, those of the processor too, and how many gaps there were.
 *
 * Needs root.  Changes nothing.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "collect/collectors.h"
#include "firn/archive.h"

static struct firn_err err;

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "bench_packages: %s: %s\n", what, err.text);
	exit(5);
}

static uint64_t
processor_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void
read_once(const struct firn_target *target, const struct firn_key *key)
{
	const struct firn_archive_options options = {
		.fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
		.case_id = "BENCH",
		.key = key,
	};
	const struct firn_collection what = { 0 };
	struct firn_archive *archive = NULL;
	uint64_t start, own;

	if (firn_archive_create(&archive, &options, &err) < 0)
		fail("create the archive");
	start = firn_monotonic_ns();
	own = processor_ns();
	if (firn_collect_packages.collect(target, &what, archive, &err) < 0)
		fail("collect");
	start = firn_monotonic_ns() - start;
	own = processor_ns() - own;
	printf("%.1f ms, %.1f of the processor, %llu gaps\n",
	       (double)start / 1e6, (double)own / 1e6,
	       (unsigned long long)firn_archive_gaps(archive));
	firn_archive_close(&archive);
	close(options.fd);
}

int
main(int argc, char **argv)
{
	char path[] = "/tmp/bench_packages-XXXXXX", name[64];
	struct firn_target target = { 0 };
	struct firn_key *key = NULL;
	struct firn_host host;

	if (argc < 3) {
		fprintf(stderr, "usage: bench_packages ROUNDS LAYER...\n");
		return 2;
	}
	if (mkdtemp(path) == NULL || firn_host_open(&host, "/", &err) < 0)
		fail("begin");
	snprintf(name, sizeof(name), "%s/key", path);
	if (firn_key_make(&key, name, &err) < 0)
		fail("make a key");
	target.host = &host;
	target.init_pid = getpid();
	target.rootfs.lowers = argv + 2;
	target.rootfs.n_lowers = (size_t)argc - 2;
	for (int i = 0; i < atoi(argv[1]); i++)
		read_once(&target, key);
	firn_key_close(&key);
	firn_host_close(&host);
	unlink(name);
	rmdir(path);
	return 0;
}
