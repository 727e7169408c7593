/*
 * escapee -- a process of a container that leaves its cgroup, and beats.
 *
 *	escapee COUNTER [nested] [FILE]... [@FILE]...
 *
 * Writes "0" to each FILE, a cgroup.procs or tasks that is to take it; with @
 * by a second thread, and to that one alone.  Then it counts in COUNTER every
 * millisecond, for two minutes at most: the second thread if there is one.
 * With "nested" all this is done by a child in a pid namespace of its own.
 */

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEATS 120000

static char *const *of_thread; /* what the second thread writes to */
static const char *counter;

static void
enter(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		perror(path);
	close(fd);
}

static void
beat(void)
{
	int fd = open(counter, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char text[16];

	for (int i = 0; fd >= 0 && i < BEATS; i++) {
		int len = snprintf(text, sizeof(text), "%08d\n", i);

		if (pwrite(fd, text, (size_t)len, 0) != len)
			break;
		usleep(1000);
	}
	_exit(0);
}

static void *
run_thread(void *arg)
{
	for (; *of_thread != NULL; of_thread++)
		enter(*of_thread + 1);
	beat();
	return arg;
}

int
main(int argc, char **argv)
{
	pthread_t thread;
	int i = 2;

	if (argc < 2)
		return 2;
	counter = argv[1];
	if (i < argc && strcmp(argv[i], "nested") == 0) {
		if (unshare(CLONE_NEWPID) < 0)
			return 3;
		if (fork() != 0)
			return wait(NULL) < 0;
		i++;
	}
	for (; i < argc && argv[i][0] != '@'; i++)
		enter(argv[i]);
	if (i == argc)
		beat();
	of_thread = argv + i;
	if (pthread_create(&thread, NULL, run_thread, NULL) != 0)
		return 3;
	pthread_join(thread, NULL);
	return 0;
}
