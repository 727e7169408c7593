/*
 * intruder -- what runs inside the drill's sacrificial container.
 *
 * A static program that leaves, in its own container only, what intruders
 * leave: a process whose executable was deleted, one that runs from a memfd, a
 * deleted file held open, a beacon connection, a changed and a deleted file, a
 * secret in one process's environment only.  It harms nothing: each of its
 * processes sleeps and ends when firn ends the container, or after ten minutes.
 *
 * As process 1 it writes one letter to descriptor READY_FD for each trace that
 * it planted; respond/drill.c waits for them.
 */

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_FD 3
#define DROPPED "/tmp/.cache/kworkerd"

static void
say(char letter)
{
	if (write(READY_FD, &letter, 1) != 1)
		_exit(1);
}

static void
sleep_on(void)
{
	alarm(600);
	for (;;)
		pause();
}

static int
copy_self(int to)
{
	int from = open("/proc/self/exe", O_RDONLY);

	while (sendfile(to, from, NULL, 1 << 20) > 0)
		continue;
	return close(from);
}

/* A dropped binary that deletes its own file. */
static void
drop(void)
{
	char *const argv[] = { "[kworker/u8:2]", "miner", NULL };
	char *const env[] = { "POOL_PASSWORD=firn-drill-only-in-this-process",
			      NULL };
	int fd = open(DROPPED, O_CREAT | O_WRONLY | O_TRUNC, 0755);

	copy_self(fd);
	close(fd);
	execve(DROPPED, argv, env);
	_exit(1);
}

/* A program that never was in a file. */
static void
implant(void)
{
	char *const argv[] = { "/usr/sbin/cron", "implant", NULL };
	int fd = memfd_create("implant", 0);

	copy_self(fd);
	fexecve(fd, argv, environ);
	_exit(1);
}

static void
hold_deleted_file(void)
{
	static const char loot[] = "firn drill: held open after it was deleted";
	int fd = open("/tmp/loot", O_CREAT | O_RDWR, 0600);

	if (write(fd, loot, sizeof(loot) - 1) != (ssize_t)sizeof(loot) - 1)
		_exit(1);
	unlink("/tmp/loot");
	say('h');
	sleep_on();
}

static void
beacon(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_port = htons((in_port_t)atoi(port));
	inet_pton(AF_INET, address, &to.sin_addr);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		_exit(1);
	say('b');
	alarm(600);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		if (send(fd, "beacon\n", 7, MSG_DONTWAIT) < 0)
			usleep(200000);
		usleep(50000);
	}
}

static void
change_files(void)
{
	static const char line[] = "\nupstream = 198.51.100.1\n";
	int fd = open("/etc/app.conf", O_WRONLY | O_APPEND);

	if (write(fd, line, sizeof(line) - 1) != (ssize_t)sizeof(line) - 1)
		_exit(1);
	close(fd);
	if (unlink("/var/log/auth.log") < 0)
		_exit(1);
	say('f');
}

static void
in_child(void (*trace)(void))
{
	if (fork() == 0) {
		trace();
		_exit(0);
	}
}

int
main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc > 1 && strcmp(argv[1], "miner") == 0) {
		unlink(DROPPED);
		say('d');
		sleep_on();
	}
	if (argc > 1 && strcmp(argv[1], "implant") == 0) {
		say('m');
		sleep_on();
	}
	if (argc != 3)
		return 2;
	change_files();
	in_child(drop);
	in_child(implant);
	in_child(hold_deleted_file);
	if (fork() == 0)
		beacon(argv[1], argv[2]);
	sleep_on();
}
