#ifndef COLLECT_PURL_H
#define COLLECT_PURL_H

/*
 * purl -- the name by which every scanner knows a package.
 *
 * Source: package-url/purl-spec, PURL-SPECIFICATION.rst and PURL-TYPES.rst.
 */

#include "base/buf.h"

struct firn_package;
struct firn_os;

/*
 * firn_purl(ret, package, os) -- "pkg:deb/debian/bash@5.2.15-2?arch=amd64".
 *
 * What packages of a system stand for depends on the system: `os` gives their
 * namespace and distro; NULL for others.
 */
void firn_purl(struct firn_buf *ret, const struct firn_package *package,
	       const struct firn_os *os);

#endif
