#ifndef CMD_TRAFFIC_H
#define CMD_TRAFFIC_H

/*
 * traffic -- what a container's connections were, and what it tries, as text.
 */

#include <stdio.h>

#include <jansson.h>

/* Each shows nothing for NULL. */

/* firn_show_reset(out, reset) -- as firn_reset() has it. */
void firn_show_reset(FILE *out, const json_t *reset);

/* firn_show_attempts(out, attempts) -- the first ones of firn_attempts(). */
void firn_show_attempts(FILE *out, const json_t *attempts);

/* firn_show_unix(out, sockets) -- "unix" of firn_isolate(). */
void firn_show_unix(FILE *out, const json_t *sockets);

#endif
