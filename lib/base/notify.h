#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

/*
 * notify -- to tell who started a service how it is: "READY=1", "WATCHDOG=1",
 * "STOPPING=1".
 *
 * Source: sd_notify(3), sd_watchdog_enabled(3).
 */

#include "firn/err.h"

/* firn_notify_open(ret, err) -- the socket that systemd names in NOTIFY_SOCKET,
 * for the caller to close(2); `*ret` is -1 if it names none. */
FIRN_MUST_CHECK int firn_notify_open(int *ret, struct firn_err *err);

/* firn_notify(fd, state) -- a message; not waited for.  -1 is nobody. */
void firn_notify(int fd, const char *state);

/* firn_notify_every_ms() -- how often "WATCHDOG=1" is due, with half of the
 * time to spare; 0 if it isn't wanted. */
unsigned firn_notify_every_ms(void);

#endif
