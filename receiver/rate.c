#include "receiver/rate.h"

void
firn_rate_start(struct firn_rate *ret, unsigned per_minute, uint64_t now_ns)
{
	*ret = (struct firn_rate){ .left = per_minute,
				   .at_ns = now_ns,
				   .per_minute = per_minute };
}

unsigned
firn_rate_wait(struct firn_rate *rate, uint64_t now_ns)
{
	double per_second = rate->per_minute / 60.0;

	rate->left += (double)(now_ns - rate->at_ns) / 1e9 * per_second;
	rate->at_ns = now_ns;
	if (rate->left > rate->per_minute)
		rate->left = rate->per_minute;
	if (rate->left >= 1)
		return 0;
	return 1 + (unsigned)((1 - rate->left) / per_second);
}

void
firn_rate_take(struct firn_rate *rate, unsigned n)
{
	rate->left -= n;
}
