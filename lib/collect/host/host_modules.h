#ifndef COLLECT_HOST_HOST_MODULES_H
#define COLLECT_HOST_HOST_MODULES_H

/*
 * host_modules -- the kernel's modules, and those of them that one of its
 * lists hides.
 *
 * Source: proc_modules(5); Linux Documentation/ABI/stable/sysfs-module.
 */

#include "firn/archive.h"
#include "firn/err.h"
#include "firn/host.h"

/*
 * firn_host_modules(host, archive, err) -- data/host/modules.jsonl; not made
 * on a kernel without modules.
 *
 * When a module was loaded the kernel doesn't say: "loaded_before" is when its
 * folder in sysfs was first looked at, which udev does at once.
 */
FIRN_MUST_CHECK int firn_host_modules(const struct firn_host *host,
				      struct firn_archive *archive,
				      struct firn_err *err);

#endif
