#ifndef FIRN_VERIFY_H
#define FIRN_VERIFY_H

/*
 * verify -- is this what was captured, whole, by whom, when?
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/sign.h"

/*
 * firn_verify(fd, keys, n_keys, ret, err) -- read a whole archive and check
 * every byte of it.
 *
 * `fd` may be a pipe.  `keys` are the public keys that the examiner trusts.
 * Checked are each frame's digest, each member's size and digest, the chain
 * and signatures of the checkpoints, the manifests, the seal and the seek
 * table.  Reading goes on after damage, as far as frames can be found.
 *
 * `*ret` is a new object:
 *   "verdict"   "intact": sealed, every byte as it was written
 *               "cut": an unsealed beginning, whole up to its last checkpoint
 *               "damaged": something was changed; "problems" says where
 *               "foreign": not an archive of ours
 *   "trusted"   the signer is one of `keys`
 *   "signer"    fingerprint, or null
 *   "case", "format", "captured", "sealed_at", "seal"
 *   "members"   {"whole": N, "broken": [paths], "unsure": [paths]} -- unsure:
 *               after the last signed checkpoint that is whole
 *   "gaps"      how many the archive itself declares
 *   "partial"   the disk was full: sealed as far as it went
 *   "bytes"     of the file
 *   "problems"  array of {"offset": byte in the file, "what": text}
 *
 * Fails only when the file can't be read.  Nothing in it is trusted: sizes,
 * counts and windows are bounded.
 */
FIRN_MUST_CHECK int firn_verify(int fd, const struct firn_key *const *keys,
				size_t n_keys, json_t **ret,
				struct firn_err *err);

#endif
