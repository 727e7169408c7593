#ifndef COLLECT_COLLECTORS_H
#define COLLECT_COLLECTORS_H

/*
 * collectors -- every collector, for the table in collect.c.
 */

#include "firn/collect.h"

extern const struct firn_collector firn_collect_network;
extern const struct firn_collector firn_collect_processes;
extern const struct firn_collector firn_collect_mounts;
extern const struct firn_collector firn_collect_filesystem;
extern const struct firn_collector firn_collect_logs;
extern const struct firn_collector firn_collect_runtime;
extern const struct firn_collector firn_collect_host;
extern const struct firn_collector firn_collect_packages;

#endif
