#ifndef BASE_POLICY_FILE_H
#define BASE_POLICY_FILE_H

/*
 * policy_file -- /etc/firn/policy.yaml, of which several stations read their
 * part.
 *
 * What all of them must agree on is here: which parts there are, so that a
 * misspelt one is an error wherever the file is read, and whose file it must be
 * to be obeyed.
 */

#include <stddef.h>

#include "base/yaml.h"
#include "firn/err.h"

#define FIRN_POLICY_PATH "/etc/firn/policy.yaml"

/* firn_policy_sections(yaml, err) -- it is a mapping of parts that are known.
 */
FIRN_MUST_CHECK int firn_policy_sections(const struct firn_yaml *yaml,
					 struct firn_err *err);

/*
 * firn_policy_read(path, ret, ret_len, err) -- a policy that may be obeyed.
 *
 * `*ret` is for the caller to free(3).  A file that isn't root's, or that its
 * group or others can write, is EPERM; one that isn't a regular file, too, and
 * it is not waited for.  More than FIRN_YAML_MAX is EFBIG, none is ENOENT.
 */
FIRN_MUST_CHECK int firn_policy_read(const char *path, char **ret,
				     size_t *ret_len, struct firn_err *err);

#endif
