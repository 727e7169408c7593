#ifndef HOST_BPF_H
#define HOST_BPF_H

/*
 * bpf -- the programs of BPF that this kernel has loaded, and what they are
 * attached to.  Reads only.
 *
 * Source: bpf(2); linux/bpf.h BPF_PROG_GET_NEXT_ID, BPF_OBJ_GET_INFO_BY_FD.
 */

#include <stdbool.h>
#include <stdint.h>

#include <linux/bpf.h>

#include "firn/err.h"

enum firn_bpf_kind {
	FIRN_BPF_PROGRAMS,
	FIRN_BPF_LINKS,
};

/* firn_bpf_next_id(kind, id, ret, err) -- the one behind `id`, the first for
 * 0.  Returns 1, 0 when there is none, -1 (EPERM without CAP_SYS_ADMIN, EINVAL
 * where the kernel has no links). */
FIRN_MUST_CHECK int firn_bpf_next_id(enum firn_bpf_kind kind, uint32_t id,
				     uint32_t *ret, struct firn_err *err);

/* firn_bpf_program_of(id, ret, err) and firn_bpf_link_of(id, ret, err) -- what
 * the kernel says of one.  ENOENT for one that is gone. */
FIRN_MUST_CHECK int firn_bpf_program_of(uint32_t id, struct bpf_prog_info *ret,
					struct firn_err *err);
FIRN_MUST_CHECK int firn_bpf_link_of(uint32_t id, struct bpf_link_info *ret,
				     struct firn_err *err);

/* firn_bpf_maps_of(id, ret, size, err) -- the ids of the maps that a program
 * uses, at most `size` of them.  Returns how many, or -1. */
FIRN_MUST_CHECK int firn_bpf_maps_of(uint32_t id, uint32_t *ret, uint32_t size,
				     struct firn_err *err);

/* What a pin holds: a program, a link that runs it, or a map; 0 for none. */
struct firn_bpf_pinned {
	uint32_t program, map; /* ids */
};

/* firn_bpf_pinned(path, ret, err) -- `path` is in firn's own mounts. */
FIRN_MUST_CHECK int firn_bpf_pinned(const char *path,
				    struct firn_bpf_pinned *ret,
				    struct firn_err *err);

#endif
