#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/*
 * clock -- when something happened.
 *
 * Wall time is RFC 3339, UTC, nanoseconds; durations come from
 * CLOCK_MONOTONIC.
 */

#include <stdint.h>
#include <time.h>

#include "firn/err.h"

/* "2026-11-24T12:00:00.123456789Z" and a NUL; a year of more than four digits
 * is possible in a file's time stamp and fits too. */
#define FIRN_TIME_TEXT 48

/* firn_now() -- the wall time. */
struct timespec firn_now(void);

/* firn_monotonic_ns() -- nanoseconds since some fixed point, for durations. */
uint64_t firn_monotonic_ns(void);

/* firn_boot_ns() -- nanoseconds since the node was started, with those that it
 * slept. */
uint64_t firn_boot_ns(void);

/* firn_time_text(when, ret) -- as text. */
void firn_time_text(struct timespec when, char ret[FIRN_TIME_TEXT]);

/* firn_time_seconds(text) -- of an RFC 3339 time in UTC, since the epoch; -1
 * when it is none. */
time_t firn_time_seconds(const char *text);

/* firn_now_text(ret) -- the wall time as text; returns `ret`. */
const char *firn_now_text(char ret[FIRN_TIME_TEXT]);

/* "6c2d...-...", 36 characters and a NUL. */
#define FIRN_BOOT_ID 37

/*
 * firn_boot_id(ret, err) -- which boot of this machine this is.
 *
 * Source: random(4), /proc/sys/kernel/random/boot_id.
 */
FIRN_MUST_CHECK int firn_boot_id(char ret[FIRN_BOOT_ID], struct firn_err *err);

#endif
