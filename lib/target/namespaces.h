#ifndef TARGET_NAMESPACES_H
#define TARGET_NAMESPACES_H

/*
 * namespaces -- the host's, a process's, and which pid namespace is below
 * which.
 *
 * Source: pid_namespaces(7), ioctl_nsfs(2) NS_GET_PARENT.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/host.h"
#include "host/proc.h"

/*
 * namespaces_of_host(host, ret, err) -- those of its pid 1.
 *
 * Where that one may do more than we, so that the kernel shows us nothing of
 * it, those of kthreadd, which are the first ones; else firn's own.
 */
FIRN_MUST_CHECK int namespaces_of_host(const struct firn_host *host,
				       struct firn_namespaces *ret,
				       struct firn_err *err);

/* namespaces_own_pid(host) -- firn's pid in the host's proc(5); 0 if it isn't
 * there: in a record. */
pid_t namespaces_own_pid(const struct firn_host *host);

/* namespace_of(host, pid, which) -- its inode; 0 when it can't be read (the
 * process is gone, or about to). */
uint64_t namespace_of(const struct firn_host *host, pid_t pid,
		      enum firn_namespace which);

/* pidns_is_nested(host, pid, inode) -- does its pid namespace descend from the
 * one with this inode, without being it?  A record can't tell: no. */
bool pidns_is_nested(const struct firn_host *host, pid_t pid, uint64_t inode);

/* pidns_depth_as_init(host, pid) -- how deep below the host's pid namespace it
 * is pid 1; 0 if it isn't. */
size_t pidns_depth_as_init(const struct firn_host *host, pid_t pid);

#endif
