#ifndef COLLECT_OS_RELEASE_H
#define COLLECT_OS_RELEASE_H

/*
 * os_release -- which distribution the root is of.
 *
 * Source: os-release(5).
 */

#include <jansson.h>

#include "collect/packages/tree.h"

struct firn_os {
	bool known;
	char id[64];       /* "debian", "rhel" */
	char version[64];  /* VERSION_ID, or what a file of its own says */
	char pretty[128];  /* "Debian GNU/Linux 12 (bookworm)" */
	char release[64];  /* VERSION_ID as it stands */
	char family[64];   /* the namespace of its packages' purls */
	char distro[128];  /* "debian-12": their qualifier */
	const char *trivy; /* what Trivy calls the family */
};

/*
 * firn_os_release(tree, ret) -- read it; `known` is false if there is none.
 *
 * Links aren't followed: /etc/os-release is one mostly, and what it leads to
 * is read.  Of Debian and Alpine, /etc/debian_version and /etc/alpine-release
 * are more exact.
 */
void firn_os_release(struct firn_tree *tree, struct firn_os *ret);

/* firn_os_component(os) -- as a component of CycloneDX, for the scanners'
 * eyes: a new object. */
json_t *firn_os_component(const struct firn_os *os);

#endif
