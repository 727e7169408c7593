#ifndef COLLECT_GO_BUILD_INFO_H
#define COLLECT_GO_BUILD_INFO_H

/*
 * go_build_info -- what Go's linker says in an executable about itself.
 *
 * Source: Go, debug/buildinfo/buildinfo.go; elf(5).
 */

#include "firn/err.h"

/*
 * firn_go_build_info(fd, ret_version, ret_modules, err) -- the version of Go
 * and the text that lists the modules, each for the caller to free(3).
 *
 * Returns 1; 0 for a file that isn't Go's or not of this machine's byte order;
 * -1 (EBADMSG) for one that says it is and can't be read.
 */
FIRN_MUST_CHECK int firn_go_build_info(int fd, char **ret_version,
				       char **ret_modules,
				       struct firn_err *err);

#endif
