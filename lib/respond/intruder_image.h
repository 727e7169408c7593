#ifndef RESPOND_INTRUDER_IMAGE_H
#define RESPOND_INTRUDER_IMAGE_H

/*
 * intruder_image -- the intruder's program (intruder/intruder.c), carried in
 * firn's own read-only data: the drill needs no file but firn.
 */

#include <stddef.h>

extern const unsigned char firn_intruder_image[];
extern const unsigned char firn_intruder_end[];

static inline size_t
firn_intruder_size(void)
{
	return (size_t)(firn_intruder_end - firn_intruder_image);
}

#endif
