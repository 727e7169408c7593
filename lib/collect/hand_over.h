#ifndef COLLECT_HAND_OVER_H
#define COLLECT_HAND_OVER_H

/*
 * hand_over -- messages to and from a child, with a descriptor.
 *
 * Source: unix(7), SCM_RIGHTS.
 */

#include <stddef.h>

/* firn_hand_over(socket, data, len, fd) -- one message with one descriptor, or
 * with none for -1.  0, or -1 with errno(3). */
int firn_hand_over(int socket, const void *data, size_t len, int fd);

/* firn_take_over(socket, data, len, ret_fd) -- of exactly that length;
 * `*ret_fd` is -1 if none came with it.  0, or -1. */
int firn_take_over(int socket, void *data, size_t len, int *ret_fd);

#endif
