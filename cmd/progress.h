#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

/*
 * progress -- how far a capture is, on a terminal and nowhere else.
 */

#include <stdbool.h>

#include "firn/archive.h"

/* firn_progress_wanted(quiet) -- is stderr a terminal that wants it? */
bool firn_progress_wanted(bool quiet);

/* firn_progress_show -- draws one line over the one before. */
firn_progress_fn firn_progress_show;

/* firn_progress_clear() -- takes the line away. */
void firn_progress_clear(void);

#endif
