#include "contain/keep/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/keep/keeper_place.h"
#include "contain/ledger/ledger_file.h"
#include "host/proc.h"

/* How long firn waits for its keeper, and the other way round. */
#define ANSWER_MS 5000

/* What they tell each other, in this order. */
struct hello {
	pid_t pid; /* from the keeper */
};
struct go {
	uint64_t change; /* from firn: it stands in the ledger */
};
struct ready {
	struct firn_err stays; /* from the keeper: why it has not moved */
};

static int
receive(int fd, void *message, size_t size, struct firn_err *err)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t n;
	int polled;

	do
		polled = poll(&ready, 1, ANSWER_MS);
	while (polled < 0 && errno == EINTR);
	if (polled == 0)
		return firn_err_set(err, ETIMEDOUT,
				    "the keeper doesn't answer");
	n = recv(fd, message, size, 0);
	if (n < 0)
		return firn_err_sys(err, "hear the keeper");
	if ((size_t)n != size)
		return firn_err_set(err, ECHILD, "the keeper has ended");
	return 0;
}

static int
tell(int fd, const void *message, size_t size, struct firn_err *err)
{
	if (send(fd, message, size, MSG_NOSIGNAL) != (ssize_t)size)
		return firn_err_sys(err, "tell the keeper");
	return 0;
}

static int
by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* All but these, which it sorts. */
static void
close_but(int *fds, size_t n)
{
	unsigned from = 3;

	qsort(fds, n, sizeof(*fds), by_number);
	for (size_t i = 0; i < n; i++) {
		if (fds[i] < (int)from)
			continue;
		if ((unsigned)fds[i] > from)
			close_range(from, (unsigned)fds[i] - 1, 0);
		from = (unsigned)fds[i] + 1;
	}
	close_range(from, ~0u, 0);
}

/* Nothing of whoever started firn stays: no terminal, pipe or folder. */
static void
detach(const struct firn_keeping *keeping, int socket_fd)
{
	int fds[16] = { socket_fd, keeping->host->root_fd,
			keeping->host->proc_fd };
	size_t n = 3;
	sigset_t none;
	int null_fd;

	for (size_t i = 0; i < keeping->n_fds && n < 16; i++)
		fds[n++] = keeping->fds[i];
	close_but(fds, n);
	null_fd = open("/dev/null", O_RDWR);
	for (int fd = 0; null_fd >= 0 && fd < 3; fd++)
		dup2(null_fd, fd);
	if (null_fd > 2)
		close(null_fd);
	if (chdir("/") < 0)
		return; /* it holds a folder, no more */
	umask(077);
	prctl(PR_SET_NAME, FIRN_KEEPER_COMM);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

static int
know(struct firn_keeper *keeper, const struct firn_ledger *ledger,
     const struct firn_keeping *keeping)
{
	const char *end = strrchr(ledger->name, '.');

	keeper->host = keeping->host;
	keeper->places = json_object_get(keeping->details, "places");
	keeper->id = strndup(ledger->name, (size_t)(end - ledger->name));
	if (keeper->id == NULL ||
	    asprintf(&keeper->operator_name, FIRN_KEEPER_COMM " (for %s)",
		     ledger->operator_name) < 0)
		return -1;
	keeper->authority.operator_name = keeper->operator_name;
	keeper->authority.case_id = ledger->case_id;
	return 0;
}

/* The life of a keeper. */
static void
live(const struct firn_ledger *ledger, const struct firn_keeping *keeping,
     int socket_fd)
{
	struct firn_keeper keeper = { 0 };
	struct firn_err err = { 0 };
	struct hello hello;
	struct ready ready = { 0 };
	struct go go;

	detach(keeping, socket_fd);
	hello.pid = getpid();
	if (know(&keeper, ledger, keeping) < 0 ||
	    tell(socket_fd, &hello, sizeof(hello), &err) < 0 ||
	    receive(socket_fd, &go, sizeof(go), &err) < 0)
		_exit(1);
	keeper.change = go.change;
	if (firn_keeper_enter(keeper.places, &err) < 0)
		ready.stays = err;
	/* From here on it keeps, whether or not firn lives to hear of it. */
	(void)send(socket_fd, &ready, sizeof(ready), MSG_NOSIGNAL);
	close(socket_fd);
	keeping->keep(&keeper, keeping->arg);
	firn_keeper_leave(keeper.places);
	_exit(0);
}

/* The one between ends at once, so that init is the keeper's parent. */
static int
fork_off(const struct firn_ledger *ledger, const struct firn_keeping *keeping,
	 int fds[2], struct firn_err *err)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return firn_err_sys(err, "fork a keeper");
	if (pid == 0) {
		setsid();
		pid = fork();
		if (pid == 0)
			live(ledger, keeping, fds[1]);
		_exit(pid < 0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	close(firn_steal_fd(&fds[1]));
	return status == 0 ? 0 : firn_err_set(err, EAGAIN, "fork a keeper");
}

static int
describe(const struct firn_keeping *keeping, pid_t pid, struct firn_err *err)
{
	struct firn_proc_stat stat;

	if (firn_proc_stat(keeping->host, pid, &stat, err) < 0)
		return -1;
	firn_json_text(keeping->details, "purpose", keeping->purpose);
	firn_json_uint(keeping->details, "pid", (uint64_t)pid);
	firn_json_uint(keeping->details, "start_ticks", stat.start_ticks);
	return 0;
}

static int
confirm(struct firn_ledger *ledger, uint64_t change, const struct ready *ready,
	struct firn_err *err)
{
	autojson json_t *note = json_object();

	if (ready->stays.code != 0)
		firn_json_text(note, "stays_in_its_cgroup", ready->stays.text);
	return firn_ledger_note(ledger, change, "confirmed", note, err);
}

static int
give_up(struct firn_ledger *ledger, uint64_t change, struct firn_err *err)
{
	autojson json_t *note = json_pack("{s:s}", "why", err->text);
	struct firn_err unwritten = { 0 };

	/* An open change of a keeper that isn't there does no harm. */
	if (firn_ledger_note(ledger, change, "failed", note, &unwritten) < 0)
		return firn_err_in(err, "%s", unwritten.text);
	return -1;
}

int
firn_keeper_start(struct firn_ledger *ledger,
		  const struct firn_keeping *keeping, uint64_t *ret_change,
		  struct firn_err *err)
{
	int fds[2];
	autoclose int ours = -1, theirs = -1;
	struct hello hello;
	struct ready ready;
	struct go go;
	json_t *places = NULL;

	if (firn_keeper_places(keeping->host, &places, err) < 0)
		return -1;
	json_object_set_new(keeping->details, "places", places);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return firn_err_sys(err, "make a socket for the keeper");
	ours = fds[0];
	if (fork_off(ledger, keeping, fds, err) < 0)
		return -1;
	theirs = fds[1];
	if (receive(ours, &hello, sizeof(hello), err) < 0 ||
	    describe(keeping, hello.pid, err) < 0 ||
	    firn_ledger_ask(ledger, "keep", keeping->details, &go.change, err) <
		    0)
		return firn_err_in(err, "keeper");
	if (tell(ours, &go, sizeof(go), err) < 0 ||
	    receive(ours, &ready, sizeof(ready), err) < 0)
		return give_up(ledger, go.change, err);
	if (confirm(ledger, go.change, &ready, err) < 0)
		return -1;
	*ret_change = go.change;
	return 0;
}

int
firn_keeper_open(const struct firn_keeper *keeper, struct firn_ledger **ret,
		 struct firn_err *err)
{
	return firn_ledger_join(ret, keeper->id, &keeper->authority, err);
}
