#ifndef RECEIVER_RATE_H
#define RECEIVER_RATE_H

/*
 * rate -- how many alerts a source may send: a bucket that holds those of one
 * minute and fills evenly.
 */

#include <stdint.h>

struct firn_rate {
	double left;
	uint64_t at_ns; /* when `left` was true; monotonic */
	unsigned per_minute;
};

/* firn_rate_start(ret, per_minute, now_ns) -- a full bucket. */
void firn_rate_start(struct firn_rate *ret, unsigned per_minute,
		     uint64_t now_ns);

/* firn_rate_wait(rate, now_ns) -- 0 if there is something left, else after how
 * many seconds there will be. */
unsigned firn_rate_wait(struct firn_rate *rate, uint64_t now_ns);

/* firn_rate_take(rate, n) -- may take more than there is: then it's owed. */
void firn_rate_take(struct firn_rate *rate, unsigned n);

#endif
