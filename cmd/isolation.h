#ifndef CMD_ISOLATION_H
#define CMD_ISOLATION_H

/*
 * isolation -- the options of whoever isolates, and how its result is shown.
 */

#include "cmd.h"
#include "firn/isolate.h"

/* What was asked for on the command line. */
struct firn_asked_isolation {
	struct firn_strings allow;
	struct firn_allow rules[64];
	bool whole_pod, cut_loopback, cut_unix, log, reset;
};

/* clang-format off */
#define FIRN_ISOLATION_OPTIONS(asked)                                          \
	{ 'a', "allow", "CIDR[:PORT]",                                         \
	  "still let this through, both ways; may be repeated",                \
	  .list = &(asked).allow },                                            \
	{ 0, "pod", NULL,                                                      \
	  "cut also the containers that share its network",                    \
	  .flag = &(asked).whole_pod },                                        \
	{ 0, "loopback", NULL, "cut loopback too",                             \
	  .flag = &(asked).cut_loopback },                                     \
	{ 0, "unix", NULL, "let it connect to no unix socket either",          \
	  .flag = &(asked).cut_unix },                                         \
	{ 0, "log", NULL, "count whom it still tries to reach",                \
	  .flag = &(asked).log },                                              \
	{ 0, "reset", NULL, "destroy its connections, and tell their peers",   \
	  .flag = &(asked).reset }
/* clang-format on */

/* firn_asked_isolation(asked, ret, err) -- what that means; `ret` borrows from
 * `asked`. */
FIRN_MUST_CHECK int firn_asked_isolation(struct firn_asked_isolation *asked,
					 struct firn_isolation *ret,
					 struct firn_err *err);

/* firn_show_isolation(out, isolate) -- the rows of firn_isolate()'s result. */
void firn_show_isolation(FILE *out, const json_t *isolate);

#endif
