#ifndef TARGET_SIEVE_H
#define TARGET_SIEVE_H

/*
 * sieve -- whose state on disk must be read to find one container.
 *
 * Parsing all that the runtimes keep takes a millisecond for each container,
 * and the one that is wanted runs on meanwhile.  An id stands in a folder's
 * name; a name stands in a file as these bytes, or as an escape that is there
 * to be seen.  A container that is neither, and that the kernel knows by its
 * control groups, is left out.
 */

#include <stdbool.h>
#include <stddef.h>

#include "firn/host.h"
#include "target/kernel.h"
#include "target/names.h"

struct sieve {
	const struct firn_host *host;
	const struct kernel *kernel;
	const struct query *query;
	bool all; /* nothing is left out */
	char **ids;
	size_t n_ids;
};

/* sieve_start(ret, host, kernel, query) -- `query` NULL wants all; all are
 * borrowed. */
void sieve_start(struct sieve *ret, const struct firn_host *host,
		 const struct kernel *kernel, const struct query *query);
void sieve_end(struct sieve *sieve);

/* sieve_file(sieve, id, path) and sieve_text(sieve, id, text, len) -- does
 * this, which is about a container, hold the name that is wanted?  Then all of
 * that one's state is read. */
void sieve_file(struct sieve *sieve, const char *id, const char *path);
void sieve_text(struct sieve *sieve, const char *id, const char *text,
		size_t len);

enum sieve_need {
	SIEVE_NOTHING,
	SIEVE_PLACE, /* where it runs: the kernel doesn't know it by its id */
	SIEVE_WHOLE
};
enum sieve_need sieve_need(const struct sieve *sieve, const char *id);

#endif
