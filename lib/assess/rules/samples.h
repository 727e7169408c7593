#ifndef ASSESS_SAMPLES_H
#define ASSESS_SAMPLES_H

/*
 * samples -- secrets made up for the samples of a rule, so that no file holds
 * one that looks alive.
 *
 * In a sample, `{hex:32}` stands for so many digits, and `{crc62:ghp_}` for a
 * token whose checksum is right: firn-secrets(5) lists them.  Any other brace
 * stands for itself.
 */

#include <stdint.h>

#include "base/buf.h"

/* What they are made of: the same for the same seed. */
struct firn_chance {
	uint64_t state; /* never 0 */
};

uint32_t firn_chance_below(struct firn_chance *chance, uint32_t limit);
void firn_chance_bytes(struct firn_chance *chance, unsigned char *ret,
		       size_t n);

/* firn_sample(sample, seed, ret, err) -- written out, for the caller to
 * free(3). EINVAL: what stands in its braces can't be made. */
FIRN_MUST_CHECK int firn_sample(const char *sample, uint64_t seed, char **ret,
				struct firn_err *err);

/* Of samples_keys.c: `arg` says which. */
typedef void firn_sample_kind(const char *arg, struct firn_chance *chance,
			      struct firn_buf *buf);
firn_sample_kind firn_sample_pem, firn_sample_pem64, firn_sample_pem_line,
	firn_sample_base58, firn_sample_xprv, firn_sample_bech32,
	firn_sample_crc16;

/* firn_sample_made(name, arg, chance, buf) -- adds one with an inner structure;
 * false if there is none of that name. */
bool firn_sample_made(const char *name, const char *arg,
		      struct firn_chance *chance, struct firn_buf *buf);

#endif
