#ifndef ASSESS_PLACEHOLDER_H
#define ASSESS_PLACEHOLDER_H

/*
 * placeholder -- what stands where a secret would be: the one place that says
 * so for all rules.
 */

#include <stdbool.h>
#include <stddef.h>

/* firn_is_placeholder(value, len) -- nobody's secret, of whatever kind it
 * looks: empty, "xxxxxxxx", "changeme", "your-token-here", "AKIA...EXAMPLE",
 * ${VAR},
 * $(command), {{ template }}, <what to put here>. */
bool firn_is_placeholder(const char *value, size_t len);

/*
 * firn_is_ordinary(value, len) -- what a variable with a secret's name often
 * holds instead of one, when the name is all there is to go by: a path, a URL
 * without a login, a reference to a secret elsewhere, true and none, a number,
 * a UUID, a digest, an image, a locale, code.
 */
bool firn_is_ordinary(const char *value, size_t len);

/* firn_entropy(value, len) -- Shannon's, in bits per byte, of these bytes. */
double firn_entropy(const char *value, size_t len);

#endif
