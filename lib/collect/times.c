#include "collect/times.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"

#define SECOND 1000000000

static uint64_t
ticks_per_second(void)
{
	long ticks = sysconf(_SC_CLK_TCK);

	return ticks > 0 ? (uint64_t)ticks : 100;
}

int
firn_boot_time(const struct firn_host *host, struct timespec *ret,
	       struct firn_err *err)
{
	autofree char *text = NULL;
	struct timespec now, since, boot = { 0 };
	const char *line;

	if (firn_read_at(host->proc_fd, "stat", 16u << 20, &text, NULL, err) <
	    0)
		return firn_err_in(err, "/proc");
	line = strstr(text, "\nbtime ");
	if (line == NULL)
		return firn_err_set(err, EBADMSG, "/proc/stat has no btime");
	ret->tv_sec = (time_t)strtoll(line + 7, NULL, 10);
	ret->tv_nsec = 0;

	now = firn_now();
	clock_gettime(CLOCK_BOOTTIME, &since);
	boot.tv_sec = now.tv_sec - since.tv_sec;
	boot.tv_nsec = now.tv_nsec - since.tv_nsec;
	if (boot.tv_nsec < 0) {
		boot.tv_sec--;
		boot.tv_nsec += SECOND;
	}
	if (llabs((long long)boot.tv_sec - (long long)ret->tv_sec) <= 1)
		*ret = boot;
	return 0;
}

struct timespec
firn_time_of_ticks(struct timespec boot, uint64_t ticks)
{
	uint64_t hz = ticks_per_second();
	uint64_t ns = ticks % hz * (SECOND / hz) + (uint64_t)boot.tv_nsec;

	return (struct timespec){
		.tv_sec = boot.tv_sec + (time_t)(ticks / hz) +
			  (time_t)(ns / SECOND),
		.tv_nsec = (long)(ns % SECOND),
	};
}

uint64_t
firn_ms_of_ticks(uint64_t ticks)
{
	return ticks * 1000 / ticks_per_second();
}
