#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "progress.h"
#include "secrets.h"

/*
 * secrets_deep -- how far memory is looked through, on a terminal.
 */

/* All the memory of a large node takes two minutes. */
#define SECONDS 600

#define EVERY_NS 200000000

static uint64_t last_ns;

static void
show(void *arg, pid_t pid, uint64_t bytes)
{
	uint64_t now = firn_monotonic_ns();
	char size[FIRN_SIZE_TEXT];

	(void)arg;
	if (now - last_ns < EVERY_NS)
		return;
	last_ns = now;
	firn_size_text(bytes, size);
	fprintf(stderr, "\r\033[K%s of memory looked through, process %d", size,
		(int)pid);
	fflush(stderr);
}

const struct firn_deep *
firn_deep_begin(const struct firn_common *common, bool deep)
{
	static struct firn_deep how = { .seconds = SECONDS };

	how.progress = firn_progress_wanted(common->quiet) ? show : NULL;
	return deep ? &how : NULL;
}

void
firn_deep_end(const struct firn_deep *deep)
{
	if (deep != NULL && deep->progress != NULL)
		firn_progress_clear();
}
