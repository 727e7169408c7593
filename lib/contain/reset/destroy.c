#include "contain/reset/destroy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>

#include "base/auto.h"
#include "host/rtnl.h"

#define PATIENCE_MS 1000
#define ABANDONED_MAX 4

/* What the child says of each socket. */
struct said {
	size_t i;
	int code;
};

static int
destroy_one(const struct firn_doomed_list *list,
	    const struct firn_doomed *socket)
{
	char buffer[NLMSG_ALIGN(sizeof(struct nlmsghdr)) +
		    sizeof(struct inet_diag_req_v2)]
		__attribute__((aligned)) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request =
		mnl_nlmsg_put_extra_header(header, sizeof(*request));
	struct firn_err why = { 0 };

	header->nlmsg_type = SOCK_DESTROY;
	request->sdiag_family = socket->family;
	request->sdiag_protocol = socket->protocol;
	request->idiag_states = ~0u;
	/* With its cookie: another one by now, with the same addresses, is
	 * ENOENT. */
	request->id = socket->id;
	if (firn_rtnl_ask(list->spaces[socket->space].diag_fd, header, 0,
			  &why) == 0)
		return 0;
	return why.code != 0 ? why.code : EIO;
}

/* The kernel waits for the socket's lock within the request, and no signal ends
 * that: so it's a child that waits.  Whoever reads our output need not. */
static _Noreturn void
be_child(const struct firn_doomed_list *list, size_t from, int pipe_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fd != pipe_fd)
			close(fd);
	for (size_t i = from; i < list->n; i++) {
		const struct said said = { i,
					   destroy_one(list, &list->items[i]) };

		if (write(pipe_fd, &said, sizeof(said)) != sizeof(said))
			_exit(1);
	}
	_exit(0);
}

/* Returns how many are done with, counted from the first of the list. */
static size_t
listen_to(int pipe_fd, const struct firn_doomed_list *list, size_t from,
	  int *ret_codes)
{
	struct pollfd more = { .fd = pipe_fd, .events = POLLIN };
	struct said said;

	while (from < list->n) {
		int ready = poll(&more, 1, PATIENCE_MS);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0 ||
		    read(pipe_fd, &said, sizeof(said)) != sizeof(said) ||
		    said.i != from)
			break;
		ret_codes[from++] = said.code;
	}
	return from;
}

/* It has ended, or it waits where no signal reaches it: init(8) has it then. */
static void
leave(pid_t pid)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	kill(pid, SIGKILL);
	for (int i = 0; i < 20 && waitpid(pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&nap, NULL);
}

static int
run(const struct firn_doomed_list *list, size_t from, int *ret_codes,
    size_t *ret_next, struct firn_err *err)
{
	autoclose int ours = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return firn_err_sys(err, "make a pipe");
	ours = ends[0];
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		be_child(list, from, ends[1]);
	}
	if (pid < 0)
		firn_err_sys(err, "fork");
	close(ends[1]);
	if (pid < 0)
		return -1;
	*ret_next = listen_to(ours, list, from, ret_codes);
	leave(pid);
	return 0;
}

int
firn_destroy(const struct firn_doomed_list *list, int *ret_codes,
	     struct firn_err *err)
{
	size_t next = 0;

	for (size_t i = 0; i < list->n; i++)
		ret_codes[i] = ETIMEDOUT;
	for (int k = 0; k < ABANDONED_MAX && next < list->n; k++) {
		if (run(list, next, ret_codes, &next, err) < 0)
			return -1;
		next++; /* the one that it waits for */
	}
	return 0;
}
