#ifndef CMD_VERIFY_LOG_H
#define CMD_VERIFY_LOG_H

/*
 * verify_log -- the audit log and custody records, line by line.
 */

#include "cmd.h"

/* firn_is_log(fd) -- is it one: a regular file of JSON lines? */
bool firn_is_log(int fd);

/* firn_verify_log(self, common, fd, name) -- one file of it, from wherever. */
enum firn_exit firn_verify_log(const struct firn_cmd *self,
			       const struct firn_common *common, int fd,
			       const char *name);

/* firn_verify_audit(self, common) -- all of this node's. */
enum firn_exit firn_verify_audit(const struct firn_cmd *self,
				 const struct firn_common *common);

#endif
