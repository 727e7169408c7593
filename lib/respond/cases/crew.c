#include "respond/cases/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"

/* What it can't write down it can tell nobody: the runner sees the end, and has
 * another go on. */
static void
do_work(struct firn_work *work)
{
	struct firn_err err = { 0 };

	_exit(firn_work_do(work, &err) < 0 ? 1 : 0);
}

static void
do_again(const struct firn_runner *runner, const char *id)
{
	struct firn_resumed resumed;
	struct firn_err err = { 0 };

	if (firn_case_resume(runner, id, &resumed, &err) > 0)
		do_work(&resumed.work);
	_exit(err.code == 0 ? 0 : 1);
}

/* The first three stay taken: what a keeper holds must not be among them. */
static void
give_up(int fd)
{
	autoclose int null_fd = -1;

	if (fd > STDERR_FILENO)
		close(fd);
	if (fd < 0 || fd > STDERR_FILENO)
		return;
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd >= 0)
		dup2(null_fd, fd);
}

/* In a session of its own: neither the runner's end nor its terminal's is
 * its. */
static void
leave_runner(const struct firn_crew *crew)
{
	sigset_t none;

	setsid();
	prctl(PR_SET_NAME, "firn-case");
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < 4; i++)
		give_up(crew->keep_from[i]);
	for (size_t i = 0; i < crew->n; i++)
		close(crew->workers[i].pidfd);
}

static int
take_on(struct firn_crew *crew, const char *case_id, struct firn_err *err)
{
	struct firn_worker *worker = &crew->workers[crew->n];

	if (crew->n == FIRN_CREW_MAX)
		return firn_err_set(err, EAGAIN, "%d cases are worked already",
				    FIRN_CREW_MAX);
	worker->pid = fork();
	if (worker->pid < 0)
		return firn_err_sys(err, "fork a process for case %s", case_id);
	if (worker->pid == 0) {
		leave_runner(crew);
		return 0;
	}
	snprintf(worker->case_id, sizeof(worker->case_id), "%s", case_id);
	worker->pidfd = (int)syscall(SYS_pidfd_open, worker->pid, 0);
	if (worker->pidfd < 0)
		return firn_err_sys(err, "pidfd_open of case %s", case_id);
	crew->n++;
	return 1;
}

int
firn_crew_start(struct firn_crew *crew, struct firn_work *work,
		struct firn_err *err)
{
	int taken = take_on(crew, work->diary.id, err);

	if (taken == 0)
		do_work(work);
	return taken < 0 ? -1 : 0;
}

int
firn_crew_resume(struct firn_crew *crew, const struct firn_runner *runner,
		 const char *id, struct firn_err *err)
{
	int taken = take_on(crew, id, err);

	if (taken == 0)
		do_again(runner, id);
	return taken < 0 ? -1 : 0;
}

size_t
firn_crew_poll(const struct firn_crew *crew, struct pollfd *fds)
{
	for (size_t i = 0; i < crew->n; i++)
		fds[i] = (struct pollfd){
			.fd = crew->workers[i].pidfd,
			.events = POLLIN,
		};
	return crew->n;
}

bool
firn_crew_ended(struct firn_crew *crew, char ret[FIRN_CASE_ID])
{
	for (size_t i = 0; i < crew->n; i++) {
		struct firn_worker *worker = &crew->workers[i];
		siginfo_t info = { 0 };

		/* ECHILD: somebody else has waited for it. */
		if (waitid(P_PIDFD, (id_t)worker->pidfd, &info,
			   WEXITED | WNOHANG) == 0 &&
		    info.si_pid == 0)
			continue;
		memcpy(ret, worker->case_id, FIRN_CASE_ID);
		close(worker->pidfd);
		*worker = crew->workers[--crew->n];
		return true;
	}
	return false;
}
