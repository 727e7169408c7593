#include "host/proc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/* The fields behind comm, by their number in proc_pid_stat(5). */
enum {
	PPID = 4,
	PGRP = 5,
	SESSION = 6,
	TTY = 7,
	FLAGS = 9,
	UTIME = 14,
	STIME = 15,
	NICE = 19,
	NUM_THREADS = 20,
	STARTTIME = 22,
	VSIZE = 23,
	RSS = 24,
	ARG_START = 48,
	ARG_END = 49,
	ENV_START = 50,
	ENV_END = 51,
	N_FIELDS = 52,
};

/* Fields from PPID on as numbers; negative ones as their two's complement.
 * Returns how many, counted as if from field 0. */
static size_t
numbers(const char *text, uint64_t ret[N_FIELDS])
{
	size_t n = PPID;

	while (n < N_FIELDS) {
		char *end;

		errno = 0;
		if (text[strspn(text, " ")] == '-')
			ret[n] = (uint64_t)strtoll(text, &end, 10);
		else
			ret[n] = strtoull(text, &end, 10);
		if (end == text || errno != 0)
			break;
		text = end;
		n++;
	}
	return n;
}

int
firn_proc_parse_stat(const char *text, size_t len, struct firn_proc_stat *ret,
		     struct firn_err *err)
{
	const char *open = memchr(text, '(', len);
	const char *close = memrchr(text, ')', len);
	uint64_t field[N_FIELDS] = { 0 };
	char *end;
	long pid;

	pid = strtol(text, &end, 10);
	if (open == NULL || close == NULL || close < open || pid <= 0 ||
	    pid > INT32_MAX || end + 1 != open || close + 3 > text + len ||
	    close[1] != ' ')
		return firn_err_set(err, EBADMSG, "stat: not a process's line");
	*ret = (struct firn_proc_stat){ .pid = (pid_t)pid, .state = close[2] };
	ret->comm_len = (size_t)(close - open - 1);
	if (ret->comm_len >= sizeof(ret->comm))
		return firn_err_set(err, EBADMSG, "stat: comm is too long");
	memcpy(ret->comm, open + 1, ret->comm_len);

	/* The memory fields at the end came with Linux 3.5. */
	if (numbers(close + 3, field) <= RSS)
		return firn_err_set(err, EBADMSG, "stat: too few fields");
	ret->ppid = (pid_t)field[PPID];
	ret->pgrp = (pid_t)field[PGRP];
	ret->session = (pid_t)field[SESSION];
	ret->tty = (int)field[TTY];
	ret->flags = field[FLAGS];
	ret->user_ticks = field[UTIME];
	ret->system_ticks = field[STIME];
	ret->nice = (int)field[NICE];
	ret->n_threads = field[NUM_THREADS];
	ret->start_ticks = field[STARTTIME];
	ret->vsize_bytes = field[VSIZE];
	ret->rss_pages = field[RSS];
	ret->arg_start = field[ARG_START];
	ret->arg_end = field[ARG_END];
	ret->env_start = field[ENV_START];
	ret->env_end = field[ENV_END];
	return 0;
}

int
firn_proc_stat(const struct firn_host *host, pid_t pid,
	       struct firn_proc_stat *ret, struct firn_err *err)
{
	autofree char *text = NULL;
	size_t len;

	if (firn_proc_read(host, pid, "stat", 8192, &text, &len, err) < 0)
		return -1;
	if (firn_proc_parse_stat(text, len, ret, err) < 0)
		return firn_err_in(err, "/proc/%d", pid);
	return 0;
}
