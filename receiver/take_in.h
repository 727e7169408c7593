#ifndef RECEIVER_TAKE_IN_H
#define RECEIVER_TAKE_IN_H

/*
 * take_in -- what a known sender has sent, into the inbox.
 */

#include "receiver/connection.h"
#include "receiver/seen.h"

/*
 * firn_take_in(connection, ret) -- write the body down, and answer.
 *
 * The letter's name, and whether it was accepted, are in `ret` for who may see
 * it again; without a name it isn't there.
 */
void firn_take_in(struct firn_connection *connection,
		  struct firn_seen_one *ret);

#endif
