#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"

struct timespec
firn_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

uint64_t
firn_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t
firn_boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void
firn_time_text(struct timespec when, char ret[FIRN_TIME_TEXT])
{
	struct tm tm;

	if (gmtime_r(&when.tv_sec, &tm) == NULL) {
		snprintf(ret, FIRN_TIME_TEXT, "@%lld.%09ld",
			 (long long)when.tv_sec, when.tv_nsec);
		return;
	}
	snprintf(ret, FIRN_TIME_TEXT, "%04lld-%02d-%02dT%02d:%02d:%02d.%09ldZ",
		 (long long)tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		 tm.tm_hour, tm.tm_min, tm.tm_sec, when.tv_nsec);
}

time_t
firn_time_seconds(const char *text)
{
	struct tm tm = { 0 };
	const char *end;

	if (text == NULL)
		return -1;
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (end == NULL || strchr(end, 'Z') == NULL)
		return -1;
	return timegm(&tm);
}

const char *
firn_now_text(char ret[FIRN_TIME_TEXT])
{
	firn_time_text(firn_now(), ret);
	return ret;
}

int
firn_boot_id(char ret[FIRN_BOOT_ID], struct firn_err *err)
{
	autofree char *text = NULL;
	size_t len;

	if (firn_read_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text,
			 &len, err) < 0)
		return -1;
	if (len < FIRN_BOOT_ID - 1)
		return firn_err_set(err, EBADMSG, "boot_id is too short");
	memcpy(ret, text, FIRN_BOOT_ID - 1);
	ret[FIRN_BOOT_ID - 1] = '\0';
	return 0;
}
