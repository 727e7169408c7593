#ifndef ASSESS_NAMES_H
#define ASSESS_NAMES_H

/*
 * names -- of variables, however a file writes them.
 */

#include <stdbool.h>

#include "base/yaml.h"

/*
 * firn_name_is_like(globs, name) -- is one of the globs like it?
 *
 * In either case; and `_` in a glob stands for "-", "." and the seam of
 * camelCase too: "*API_KEY" is like "my-api-key", "spring.api.key",
 * "theApiKey".
 */
bool firn_name_is_like(const struct firn_words *globs, const char *name);

#endif
