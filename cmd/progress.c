#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

bool
firn_progress_wanted(bool quiet)
{
	const char *term = getenv("TERM");

	return !quiet && isatty(STDERR_FILENO) && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

static void
time_left(const struct firn_progress *progress, char *ret, size_t size)
{
	double part, seconds;

	ret[0] = '\0';
	if (progress->bytes_expected <= progress->bytes_in ||
	    progress->bytes_in == 0)
		return;
	part = (double)progress->bytes_in / (double)progress->bytes_expected;
	seconds = (double)progress->elapsed_ns / 1e9 * (1 - part) / part;
	snprintf(ret, size, ", %.0f s left", seconds);
}

void
firn_progress_show(const struct firn_progress *progress, void *arg)
{
	char in[FIRN_SIZE_TEXT], total[FIRN_SIZE_TEXT], left[32];
	bool known = progress->bytes_expected >= progress->bytes_in;

	(void)arg;
	firn_size_text(progress->bytes_in, in);
	firn_size_text(progress->bytes_expected, total);
	time_left(progress, left, sizeof(left));
	fprintf(stderr, "\r\033[K%s%s%s read%s  %.48s", in, known ? " of " : "",
		known ? total : "", left, progress->path);
	fflush(stderr);
}

void
firn_progress_clear(void)
{
	fputs("\r\033[K", stderr);
	fflush(stderr);
}
