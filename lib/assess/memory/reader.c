#include "assess/memory/reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "assess/memory/reader_child.h"

#define PATIENCE_MS 5000
#define SLOTS_SIZE (FIRN_MEMORY_SLOTS * FIRN_MEMORY_SLOT)

/* It keeps nothing of ours but what it is for. */
static _Noreturn void
become_reader(struct firn_memory_task *task, pid_t parent)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	prctl(PR_SET_NAME, "firn-reader");
	task->socket = fcntl(task->socket, F_DUPFD, 3);
	task->process_fd = fcntl(task->process_fd, F_DUPFD, 3);
	if (dup2(task->socket, 0) < 0 || dup2(task->process_fd, 1) < 0)
		_exit(0);
	task->socket = 0;
	task->process_fd = 1;
	close_range(2, ~0U, 0);
	firn_memory_read_all(task);
}

/* Not in a core of ours either. */
static int
share_slots(struct firn_memory_reader *reader, struct firn_err *err)
{
	void *slots = mmap(NULL, SLOTS_SIZE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (slots == MAP_FAILED)
		return firn_err_sys(err, "map memory");
	if (madvise(slots, SLOTS_SIZE, MADV_DONTDUMP) < 0) {
		firn_err_sys(err, "keep memory out of dumps");
		munmap(slots, SLOTS_SIZE);
		return -1;
	}
	/* Where the limits allow it, not swapped out either. */
	(void)!mlock(slots, SLOTS_SIZE);
	reader->slots = slots;
	return 0;
}

int
firn_memory_reader_start(struct firn_memory_reader *reader, int process_fd,
			 uint64_t from, const struct firn_memory_files *files,
			 struct firn_err *err)
{
	struct firn_memory_task task = {
		.process_fd = process_fd,
		.from = from,
		.files = files,
	};
	pid_t parent = getpid();
	int ends[2];

	*reader = (struct firn_memory_reader){ .socket = -1 };
	if (share_slots(reader, err) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		firn_err_sys(err, "make a socket pair");
		firn_memory_reader_stop(reader);
		return -1;
	}
	reader->socket = ends[0];
	task.socket = ends[1];
	task.slots = reader->slots;
	reader->pid = fork();
	if (reader->pid == 0)
		become_reader(&task, parent);
	close(ends[1]);
	if (reader->pid < 0) {
		reader->pid = 0;
		firn_err_sys(err, "fork");
		firn_memory_reader_stop(reader);
		return -1;
	}
	return 0;
}

/* It is given 20 ms to die.  One that can't is left to init(8). */
void
firn_memory_reader_stop(struct firn_memory_reader *reader)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	if (reader->socket >= 0)
		close(reader->socket);
	if (reader->pid > 0) {
		kill(reader->pid, SIGKILL);
		for (int i = 0;
		     i < 20 && waitpid(reader->pid, NULL, WNOHANG) == 0; i++)
			nanosleep(&nap, NULL);
	}
	if (reader->slots != NULL) {
		OPENSSL_cleanse(reader->slots, SLOTS_SIZE);
		munmap(reader->slots, SLOTS_SIZE);
	}
	*reader = (struct firn_memory_reader){ .socket = -1 };
}

/* The slot of the note before may be filled again. */
static void
give_back(struct firn_memory_reader *reader)
{
	unsigned char slot = (unsigned char)(reader->held - 1);

	if (reader->held > 0)
		(void)!send(reader->socket, &slot, 1, MSG_NOSIGNAL);
	reader->held = 0;
}

static int
receive(struct firn_memory_reader *reader, struct firn_memory_note *ret,
	struct firn_err *err)
{
	struct pollfd waiting = { .fd = reader->socket, .events = POLLIN };
	ssize_t n;
	int ready;

	do
		ready = poll(&waiting, 1, PATIENCE_MS);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return firn_err_set(err, ETIMEDOUT,
				    "did not answer within %d ms", PATIENCE_MS);
	n = recv(reader->socket, ret, sizeof(*ret), 0);
	if (n != sizeof(*ret))
		return firn_err_set(err, EIO, "its reader ended");
	return 0;
}

int
firn_memory_reader_next(struct firn_memory_reader *reader,
			struct firn_memory_note *ret, struct firn_err *err)
{
	give_back(reader);
	do {
		if (receive(reader, ret, err) < 0)
			return -1;
	} while ((int)ret->kind == FIRN_MEMORY_ALIVE);
	if ((int)ret->kind == FIRN_MEMORY_END)
		return 0;
	if ((int)ret->kind == FIRN_MEMORY_FAILED) {
		errno = ret->code;
		return firn_err_sys(err, "read %s", ret->path);
	}
	if (ret->kind == FIRN_MEMORY_DATA) {
		assert(ret->slot < FIRN_MEMORY_SLOTS &&
		       ret->len <= FIRN_MEMORY_SLOT);
		ret->data = reader->slots + ret->slot * FIRN_MEMORY_SLOT;
		reader->held = ret->slot + 1;
	}
	return 1;
}
