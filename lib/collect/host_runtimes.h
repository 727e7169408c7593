#ifndef COLLECT_HOST_RUNTIMES_H
#define COLLECT_HOST_RUNTIMES_H

/*
 * host_runtimes -- which container runtimes the node has, by what lies on
 * disk: nothing is run, and nothing asked.
 */

#include <jansson.h>

#include "firn/host.h"

/*
 * firn_host_runtimes(host) -- a new object: "packages", names and versions of
 * installed ones as dpkg(1) knows them, and "binaries", with size, times and
 * SHA-256.  An escape by CVE-2019-5736 leaves a binary that is not the
 * package's.
 */
json_t *firn_host_runtimes(const struct firn_host *host);

#endif
