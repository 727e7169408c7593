#include "base/duration.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"

/* Largest first. */
static const struct {
	char letter;
	unsigned seconds;
} units[] = { { 'd', 24 * 3600 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

#define N_UNITS (sizeof(units) / sizeof(units[0]))

static unsigned
unit(char letter)
{
	for (size_t i = 0; i < N_UNITS; i++)
		if (units[i].letter == letter)
			return units[i].seconds;
	return 0;
}

int
firn_duration_within(const char *text, unsigned most_s, unsigned *ret,
		     struct firn_err *err)
{
	size_t len = strlen(text);
	char digits[FIRN_DURATION_TEXT] = "", most[FIRN_DURATION_TEXT];
	uint64_t number = 0;
	unsigned each = len > 0 ? unit(text[len - 1]) : 0;

	if (each > 0 && len <= sizeof(digits))
		memcpy(digits, text, len - 1);
	if (!firn_is_decimal(digits, &number) || number == 0 ||
	    number > most_s / each) {
		firn_duration_text(most_s, most);
		return firn_err_set(err, EINVAL,
				    "\"%s\" is not a time as 90s, 10m, 2h or "
				    "1d, of %s at most",
				    text, most);
	}
	*ret = (unsigned)number * each;
	return 0;
}

int
firn_duration_parse(const char *text, unsigned *ret, struct firn_err *err)
{
	return firn_duration_within(text, FIRN_DURATION_MAX, ret, err);
}

void
firn_duration_text(unsigned seconds, char ret[FIRN_DURATION_TEXT])
{
	size_t i = 0;

	while (i + 1 < N_UNITS && seconds % units[i].seconds != 0)
		i++;
	snprintf(ret, FIRN_DURATION_TEXT, "%u%c", seconds / units[i].seconds,
		 units[i].letter);
}
