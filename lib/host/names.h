#ifndef HOST_NAMES_H
#define HOST_NAMES_H

/*
 * names -- what this node is called, so that an alert for another is told.
 */

#include <jansson.h>

/* firn_host_names() -- by the kernel, by /etc/hostname, and by NODE_NAME, where
 * a cluster sets that: in a container the first two are the pod's.  A new array
 * of strings. */
json_t *firn_host_names(void);

#endif
