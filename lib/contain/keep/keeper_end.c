#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "contain/keep/keeper.h"
#include "contain/keep/keeper_place.h"
#include "host/proc.h"

#define END_MS 5000

static pid_t
pid_of(const json_t *details)
{
	return (pid_t)json_integer_value(json_object_get(details, "pid"));
}

/* Is this pid the keeper that was written down?  Our own proc(5) has the pids
 * that we can signal. */
static bool
is_it(const json_t *details, pid_t pid)
{
	json_int_t then =
		json_integer_value(json_object_get(details, "start_ticks"));
	autofree char *text = NULL;
	struct firn_err gone = { 0 };
	struct firn_proc_stat stat;
	char path[32];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return then > 0 &&
	       firn_read_at(AT_FDCWD, path, 4096, &text, &len, &gone) == 0 &&
	       firn_proc_parse_stat(text, len, &stat, &gone) == 0 &&
	       stat.start_ticks == (uint64_t)then && stat.state != 'Z' &&
	       stat.state != 'X' && stat.comm_len == strlen(FIRN_KEEPER_COMM) &&
	       memcmp(stat.comm, FIRN_KEEPER_COMM, stat.comm_len) == 0;
}

bool
firn_keeper_is_alive(const json_t *details)
{
	return pid_of(details) > 1 && is_it(details, pid_of(details));
}

/* The descriptor first: what it holds can't become another between the look
 * and the signal. */
static int
end(const json_t *details, struct firn_err *err)
{
	pid_t pid = pid_of(details);
	struct pollfd ended = { .events = POLLIN };
	autoclose int fd = -1;
	int polled;

	if (pid <= 1)
		return 0;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 && errno == ESRCH)
		return 0;
	if (fd < 0)
		return firn_err_sys(err, "hold process %d", (int)pid);
	if (!is_it(details, pid))
		return 0;
	if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0 &&
	    errno != ESRCH)
		return firn_err_sys(err, "end the keeper, process %d",
				    (int)pid);
	ended.fd = fd;
	do
		polled = poll(&ended, 1, END_MS);
	while (polled < 0 && errno == EINTR);
	if (polled != 1)
		return firn_err_set(err, ETIMEDOUT,
				    "the keeper, process %d, doesn't end",
				    (int)pid);
	return 0;
}

static uint64_t
number_of(const json_t *change)
{
	return (uint64_t)json_integer_value(json_object_get(change, "change"));
}

static int
dismiss(struct firn_ledger *ledger, const json_t *change, const char *why,
	struct firn_err *err)
{
	const json_t *details = json_object_get(change, "details");
	autojson json_t *note = json_pack("{s:s}", "note", why);

	if (end(details, err) < 0)
		return -1;
	firn_keeper_tidy(json_object_get(details, "places"));
	return firn_ledger_note(ledger, number_of(change), "undone", note, err);
}

int
firn_keeper_end(struct firn_ledger *ledger, const char *purpose,
		uint64_t except, const char *why, struct firn_err *err)
{
	autojson json_t *changes = firn_ledger_open_changes(ledger, "keep");
	json_t *change;
	size_t i;

	json_array_foreach(changes, i, change) {
		const json_t *details = json_object_get(change, "details");
		const char *its = firn_json_string(details, "purpose", NULL);

		if (its == NULL || strcmp(its, purpose) != 0 ||
		    number_of(change) == except || pid_of(details) == getpid())
			continue;
		if (dismiss(ledger, change, why, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_keeper_dismiss(struct firn_ledger *ledger, uint64_t change,
		    const char *why, struct firn_err *err)
{
	autojson json_t *changes = firn_ledger_open_changes(ledger, "keep");
	json_t *one;
	size_t i;

	json_array_foreach(changes, i, one) {
		if (number_of(one) == change)
			return dismiss(ledger, one, why, err);
	}
	return 0;
}
