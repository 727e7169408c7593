#ifndef CONTAIN_CUT_NFT_RULES_H
#define CONTAIN_CUT_NFT_RULES_H

/*
 * nft_rules -- what is allowed, as nf_tables rules: the same as the programs of
 * cut_program.h let pass at an interface.
 */

#include <stdbool.h>
#include <stddef.h>

#include "contain/cut/nft_batch.h"
#include "firn/isolate.h"

/* firn_nft_allow(batch, table, chain, out, how) -- `out` is what the container
 * sends.  Returns how many rules that is. */
size_t firn_nft_allow(struct firn_nft_batch *batch, const char *table,
		      const char *chain, bool out,
		      const struct firn_isolation *how);

#endif
