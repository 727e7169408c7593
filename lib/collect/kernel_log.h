#ifndef COLLECT_KERNEL_LOG_H
#define COLLECT_KERNEL_LOG_H

/*
 * kernel_log -- the kernel's ring buffer.
 */

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/host.h"

/*
 * firn_kernel_log(host, archive, err) -- all of it, as data/logs/kernel.txt:
 * "priority,sequence,microseconds since boot,flags;text", raw.
 *
 * Source: kernel, Documentation/ABI/testing/dev-kmsg.
 */
FIRN_MUST_CHECK int firn_kernel_log(const struct firn_host *host,
				    struct firn_archive *archive,
				    struct firn_err *err);

#endif
