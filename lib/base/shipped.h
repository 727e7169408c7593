#ifndef BASE_SHIPPED_H
#define BASE_SHIPPED_H

/*
 * shipped -- data files that are carried within firn: firn_embed() of
 * cmake/firn.cmake.
 */

#include <stddef.h>

struct firn_shipped {
	const char *file;
	const char *text, *end;
};

#endif
