#ifndef RESPOND_CASES_POSTMAN_H
#define RESPOND_CASES_POSTMAN_H

/*
 * postman -- a process that empties the outbox while others work.
 */

#include <sys/types.h>

struct firn_postman {
	pid_t pid;  /* 0: none */
	int end_fd; /* closed to tell it that it is to end */
};
#define FIRN_POSTMAN          \
	{                     \
		.end_fd = -1, \
	}

/* firn_postman_start(ret) -- it looks at the outbox whenever something is put
 * there or is due.  Without a process for it, messages wait for the next. */
void firn_postman_start(struct firn_postman *ret);

/* firn_postman_end(postman) -- it delivers what is due once more, and ends. */
void firn_postman_end(struct firn_postman *postman);

#endif
