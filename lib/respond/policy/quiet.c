#include "respond/policy/quiet.h"

#define DAY_M 1440u

/* Those that begin on a day may go on after midnight: `weekday` is the day on
 * which they began, `minute` counts from its midnight. */
static unsigned
left_of(const struct firn_quiet *quiet, unsigned weekday, unsigned minute)
{
	unsigned to =
		quiet->to_m > quiet->from_m ? quiet->to_m : quiet->to_m + DAY_M;

	if ((quiet->days & (1u << weekday)) == 0 || minute < quiet->from_m ||
	    minute >= to)
		return 0;
	return to - minute;
}

unsigned
firn_quiet_left(const struct firn_quiet *quiet, time_t when)
{
	struct tm tm = { 0 };
	unsigned today, minute, left;

	if ((quiet->utc ? gmtime_r(&when, &tm) : localtime_r(&when, &tm)) ==
	    NULL)
		return 60; /* no such time: be quiet */
	today = (unsigned)tm.tm_wday;
	minute = (unsigned)(tm.tm_hour * 60 + tm.tm_min);
	left = left_of(quiet, today, minute);
	if (left == 0)
		left = left_of(quiet, (today + 6) % 7, minute + DAY_M);
	return left == 0 ? 0 : left * 60 - (unsigned)(tm.tm_sec % 60);
}
