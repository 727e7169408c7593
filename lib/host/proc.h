#ifndef HOST_PROC_H
#define HOST_PROC_H

/*
 * proc -- processes and threads, as proc(5) has them.
 *
 * A process is a pid and its start time: a pid alone may be somebody else by
 * now.  Every function says ENOENT or ESRCH for a process that is gone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"
#include "firn/host.h"

/* Bytes that are enough for most files of proc(5). */
#define FIRN_PROC_MAX (16u << 20)

/* /proc/PID/stat, by field number in proc_pid_stat(5). */
struct firn_proc_stat {
	pid_t pid;
	char comm[64]; /* (2) raw bytes: the suspect chose them */
	size_t comm_len;
	char state;            /* (3) */
	pid_t ppid;            /* (4) */
	pid_t pgrp, session;   /* (5), (6) */
	int tty;               /* (7) */
	uint64_t flags;        /* (9) PF_*; PF_KTHREAD is 0x00200000 */
	uint64_t user_ticks;   /* (14) clock ticks, sysconf(_SC_CLK_TCK) */
	uint64_t system_ticks; /* (15) */
	int nice;              /* (19) */
	uint64_t n_threads;    /* (20) */
	uint64_t start_ticks;  /* (22) since boot */
	uint64_t vsize_bytes;  /* (23) */
	uint64_t rss_pages;    /* (24) */
	uint64_t arg_start, arg_end, env_start, env_end; /* (48) to (51) */
};

#define FIRN_PF_KTHREAD 0x00200000u

/*
 * firn_proc_parse_stat(text, len, ret, err) -- of one line.
 *
 * comm may hold anything, parentheses and newlines too: the fields after it
 * are counted from the last ')'.
 */
FIRN_MUST_CHECK int firn_proc_parse_stat(const char *text, size_t len,
					 struct firn_proc_stat *ret,
					 struct firn_err *err);

/* firn_proc_stat(host, pid, ret, err) -- of a process or a thread. */
FIRN_MUST_CHECK int firn_proc_stat(const struct firn_host *host, pid_t pid,
				   struct firn_proc_stat *ret,
				   struct firn_err *err);

/*
 * firn_proc_read(host, pid, name, max, ret, ret_len, err) -- a whole file of
 * /proc/PID: "status", "task/17/wchan".  As firn_read_at() in base/io.h.
 */
FIRN_MUST_CHECK int firn_proc_read(const struct firn_host *host, pid_t pid,
				   const char *name, size_t max, char **ret,
				   size_t *ret_len, struct firn_err *err);

/* firn_proc_read_secret(host, pid, name, max, secret, err) -- the same of what
 * holds values of secrets: "environ". */
FIRN_MUST_CHECK int firn_proc_read_secret(const struct firn_host *host,
					  pid_t pid, const char *name,
					  size_t max,
					  struct firn_secret *secret,
					  struct firn_err *err);

/*
 * firn_proc_link(host, pid, name, ret, size, err) -- where a link of a process
 * points: "exe", "cwd", "root", "ns/net", "fd/3".
 *
 * `ret` gets the text and a NUL.  Text that does not fit in `size` bytes is
 * ENAMETOOLONG, never cut.  A process that is gone is ENOENT or ESRCH,
 * depending on when it went; a kernel thread has no "exe" (ENOENT).
 *
 * Source: proc(5), namespaces(7).
 */
FIRN_MUST_CHECK int firn_proc_link(const struct firn_host *host, pid_t pid,
				   const char *name, char *ret, size_t size,
				   struct firn_err *err);

/* firn_proc_open(host, pid, name, flags, err) -- open a file of /proc/PID; a
 * descriptor, or -1.  O_CLOEXEC is added. */
FIRN_MUST_CHECK int firn_proc_open(const struct firn_host *host, pid_t pid,
				   const char *name, int flags,
				   struct firn_err *err);

/* The namespaces(7) of a process, by inode; 0 for one that this kernel or
 * record doesn't have. */
enum firn_namespace {
	FIRN_NS_CGROUP,
	FIRN_NS_IPC,
	FIRN_NS_MNT,
	FIRN_NS_NET,
	FIRN_NS_PID,
	FIRN_NS_TIME,
	FIRN_NS_USER,
	FIRN_NS_UTS,
	FIRN_N_NS
};
extern const char *const firn_namespace_names[FIRN_N_NS]; /* "cgroup", ... */

struct firn_namespaces {
	uint64_t inode[FIRN_N_NS];
};

/* firn_proc_namespaces(host, pid, ret, err) -- fails only when the process is
 * gone or none can be read. */
FIRN_MUST_CHECK int firn_proc_namespaces(const struct firn_host *host,
					 pid_t pid, struct firn_namespaces *ret,
					 struct firn_err *err);

/*
 * firn_proc_pids(host, ret, ret_n, err) -- every process, by a whole read of
 * /proc; sorted.  `*ret` is for the caller to free(3).
 */
FIRN_MUST_CHECK int firn_proc_pids(const struct firn_host *host, pid_t **ret,
				   size_t *ret_n, struct firn_err *err);

/* firn_proc_threads(host, pid, ret, ret_n, err) -- the threads of a process,
 * itself included. */
FIRN_MUST_CHECK int firn_proc_threads(const struct firn_host *host, pid_t pid,
				      pid_t **ret, size_t *ret_n,
				      struct firn_err *err);

/* firn_proc_numbers(host, pid, name, ret, ret_n, err) -- the entries of
 * /proc/PID/NAME that are numbers ("fd", "task"), sorted. */
FIRN_MUST_CHECK int firn_proc_numbers(const struct firn_host *host, pid_t pid,
				      const char *name, pid_t **ret,
				      size_t *ret_n, struct firn_err *err);

/*
 * firn_proc_status_field(status, key, ret, size) -- the value behind "KEY:" in
 * the text of /proc/PID/status, without the blanks around it.
 *
 * Returns its length, or -1 if there is none.  The Name line, which the
 * suspect wrote, is escaped by the kernel and can't fake another key.
 */
FIRN_MUST_CHECK int firn_proc_status_field(const char *status, const char *key,
					   char *ret, size_t size);

#endif
