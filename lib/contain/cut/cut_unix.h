#ifndef CONTAIN_CUT_CUT_UNIX_H
#define CONTAIN_CUT_CUT_UNIX_H

/*
 * cut_unix -- no new connection to a unix socket.
 *
 * Source: Linux Documentation/bpf/libbpf/program_types.rst,
 * cgroup/connect_unix and cgroup/sendmsg_unix (Linux 6.7).
 */

#include "contain/cut/cut.h"
#include "firn/err.h"

extern const struct firn_method firn_method_unix; /* "unix-bpf" */

/* firn_cut_unix(cut, err) -- of the processes in its cgroup; once that is
 * cut. */
FIRN_MUST_CHECK int firn_cut_unix(struct firn_cut *cut, struct firn_err *err);

/* firn_cut_unix_report(cut) -- what leads out of it over unix sockets: "unix"
 * of firn_isolate(), a new array; what goes on although it should not, into
 * `open`. */
json_t *firn_cut_unix_report(struct firn_cut *cut);

#endif
