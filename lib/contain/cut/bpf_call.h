#ifndef CONTAIN_CUT_BPF_CALL_H
#define CONTAIN_CUT_BPF_CALL_H

/*
 * bpf_call -- the commands of bpf(2) that isolation needs.
 *
 * Every descriptor returned is for the caller to close(2), O_CLOEXEC.
 *
 * Source: bpf(2); linux/bpf.h; Linux Documentation/userspace-api/ebpf/.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/bpf.h>

#include "contain/cut/bpf_code.h"
#include "firn/err.h"

/* Linux 6.6 and later; not in the headers of Debian 12. */
#define FIRN_BPF_TCX_INGRESS 46
#define FIRN_BPF_TCX_EGRESS 47
#define FIRN_BPF_CGROUP_UNIX_CONNECT 49 /* Linux 6.7 */
#define FIRN_BPF_CGROUP_UNIX_SENDMSG 50
#define FIRN_BPF_F_BEFORE                                  \
	(1u << 3) /* with nothing named: before all others \
		   */

/* firn_bpf_program(name, type, attach, code, err) -- a program; the verifier's
 * last words stand in the error.  `name` has at most 15 letters. */
FIRN_MUST_CHECK int firn_bpf_program(const char *name, uint32_t type,
				     uint32_t attach,
				     const struct firn_bpf_code *code,
				     struct firn_err *err);

/* firn_bpf_array(name, value_size, n, err) -- an array map of zeroes. */
FIRN_MUST_CHECK int firn_bpf_array(const char *name, uint32_t value_size,
				   uint32_t n, struct firn_err *err);

/* firn_bpf_lru(name, key_size, value_size, n, err) -- a hash map that forgets
 * what was not used for the longest time when it's full. */
FIRN_MUST_CHECK int firn_bpf_lru(const char *name, uint32_t key_size,
				 uint32_t value_size, uint32_t n,
				 struct firn_err *err);

/* firn_bpf_next(map_fd, key, ret) -- the key behind this one, the first for
 * NULL; false at the end. */
bool firn_bpf_next(int map_fd, const void *key, void *ret);

/* firn_bpf_find(map_fd, key, value) -- false if there is none. */
bool firn_bpf_find(int map_fd, const void *key, void *value);
/* firn_bpf_cgroup_array(name, err) -- a map with room for one cgroup, which
 * firn_bpf_set_cgroup() puts there: `cgroup_fd` is its folder on cgroup v2. */
FIRN_MUST_CHECK int firn_bpf_cgroup_array(const char *name,
					  struct firn_err *err);
FIRN_MUST_CHECK int firn_bpf_set_cgroup(int map_fd, int cgroup_fd,
					struct firn_err *err);

FIRN_MUST_CHECK int firn_bpf_read(int map_fd, uint32_t key, void *value,
				  struct firn_err *err);
FIRN_MUST_CHECK int firn_bpf_write(int map_fd, uint32_t key, const void *value,
				   struct firn_err *err);

/* firn_bpf_link(prog_fd, target, attach, flags, err) -- attach a program to a
 * cgroup (`target` is a descriptor of its folder) or an interface (its index),
 * for as long as the link is open or pinned. */
FIRN_MUST_CHECK int firn_bpf_link(int prog_fd, uint32_t target, uint32_t attach,
				  uint32_t flags, struct firn_err *err);

/* firn_bpf_update(link_fd, prog_fd, err) -- another program in its place, with
 * no moment between the two. */
FIRN_MUST_CHECK int firn_bpf_update(int link_fd, int prog_fd,
				    struct firn_err *err);

/* firn_bpf_pin(fd, path, err) -- keep it in a bpf filesystem. */
FIRN_MUST_CHECK int firn_bpf_pin(int fd, const char *path,
				 struct firn_err *err);
FIRN_MUST_CHECK int firn_bpf_open_pin(const char *path, struct firn_err *err);

/* What a link holds. */
struct firn_bpf_link {
	uint32_t program;   /* its id */
	uint32_t attach;    /* where: BPF_CGROUP_INET_EGRESS, ... */
	uint64_t cgroup_id; /* 0 if it is not on a cgroup, or that is gone */
	uint32_t ifindex; /* 0 if it is not on an interface, or that is gone */
};

/* firn_bpf_link_look(fd, ret, err) -- EBADMSG for what is not a link. */
FIRN_MUST_CHECK int firn_bpf_link_look(int fd, struct firn_bpf_link *ret,
				       struct firn_err *err);

/* firn_bpf_map_look(fd, ret, err) -- EBADMSG for what is not a map. */
FIRN_MUST_CHECK int firn_bpf_map_look(int fd, struct bpf_map_info *ret,
				      struct firn_err *err);

/* firn_bpf_program_id(fd, ret, err) -- of a loaded program. */
FIRN_MUST_CHECK int firn_bpf_program_id(int fd, uint32_t *ret,
					struct firn_err *err);

/*
 * firn_bpf_attached(target, attach, ret_ids, size, err) -- the programs that
 * are attached there, in the order they run.
 *
 * `target` as in firn_bpf_link().  More than `size` is ENOSPC.  Returns how
 * many, or -1.
 */
FIRN_MUST_CHECK int firn_bpf_attached(uint32_t target, uint32_t attach,
				      uint32_t *ret_ids, uint32_t size,
				      struct firn_err *err);

/*
 * firn_bpf_try(prog_fd, frame, size, ifindex, ret, err) -- run a program once
 * on a packet of ours, which goes nowhere.
 *
 * `frame` starts with its Ethernet header; the program sees interface
 * `ifindex`, which exists in our network namespace (0 for a program of XDP).
 * Its socket is one of our own cgroup.  `*ret` is what the program returned.
 *
 * Source: Linux Documentation/bpf/bpf_prog_run.rst.
 */
FIRN_MUST_CHECK int firn_bpf_try(int prog_fd, const void *frame, size_t size,
				 uint32_t ifindex, uint32_t *ret,
				 struct firn_err *err);

#endif
