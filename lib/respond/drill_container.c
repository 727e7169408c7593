#include "respond/drill_container.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "respond/drill_init.h"
#include "respond/drill_layers.h"
#include "respond/drill_link.h"

#define PLANT_TIMEOUT_NS ((uint64_t)5 * 1000 * 1000 * 1000)

/* Files changed and deleted; dropped; memfd; held open; beacon. */
#define TRACES "fdmhb"

/* The pipes between us and its process 1: [0] is read, [1] written. */
struct pipes {
	int go[2], ready[2], error[2];
};

static void
close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
close_pipes(struct pipes *pipes)
{
	for (size_t i = 0; i < 2; i++) {
		close_end(&pipes->go[i]);
		close_end(&pipes->ready[i]);
		close_end(&pipes->error[i]);
	}
}

static int
open_pipes(struct pipes *ret, struct firn_err *err)
{
	if (pipe2(ret->go, O_CLOEXEC) < 0 || pipe2(ret->ready, O_CLOEXEC) < 0 ||
	    pipe2(ret->error, O_CLOEXEC) < 0)
		return firn_err_sys(err, "pipe");
	return 0;
}

static int
choose_names(struct firn_drill_container *container, struct firn_err *err)
{
	unsigned char random[32];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return firn_err_sys(err, "getrandom");
	firn_hex(random, sizeof(random), container->id);
	snprintf(container->interface, sizeof(container->interface), "firn%.8s",
		 container->id);
	mkdir(FIRN_DRILL_FOLDER, 0700); /* or it is there already */
	snprintf(container->folder, sizeof(container->folder),
		 FIRN_DRILL_FOLDER "/drill-%.12s", container->id);
	if (mkdir(container->folder, 0700) < 0) {
		firn_err_sys(err, "make %s", container->folder);
		container->folder[0] = '\0';
		return -1;
	}
	return 0;
}

/* The address is there once the link is: bound before it. */
static int
listen_for_beacon(struct firn_drill_container *container, struct firn_err *err)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	container->listen_fd = fd;
	if (fd < 0)
		return firn_err_sys(err, "open the intruder's server");
	inet_pton(AF_INET, FIRN_DRILL_HOST, &at.sin_addr);
	if (setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return firn_err_sys(err, "listen as the intruder's server");
	container->port = ntohs(at.sin_port);
	return 0;
}

static int
why_not(int error_fd, struct firn_err *err)
{
	char text[FIRN_ERR_TEXT];
	ssize_t n = read(error_fd, text, sizeof(text) - 1);

	if (n <= 0)
		return firn_err_set(err, ECHILD,
				    "the drill's container ended at once");
	text[n] = '\0';
	return firn_err_set(err, ECHILD, "the drill's container: %s", text);
}

static void
take_beacon(struct firn_drill_container *container)
{
	if (container->beacon_fd < 0)
		container->beacon_fd = accept4(container->listen_fd, NULL, NULL,
					       SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static int
not_planted(const char *missing, struct firn_err *err)
{
	if (strchr(missing, 'b') != NULL)
		return firn_err_set(
			err, ETIMEDOUT,
			"the drill's container can't reach " FIRN_DRILL_HOST
			" on this host: does a firewall drop its packets?");
	return firn_err_set(err, ETIMEDOUT,
			    "the intruder planted nothing (%s) within 5 s",
			    missing);
}

/* Each letter of TRACES once; what is missing after the deadline fails. */
static int
wait_until_planted(struct firn_drill_container *container,
		   const struct pipes *pipes, struct firn_err *err)
{
	uint64_t deadline = firn_monotonic_ns() + PLANT_TIMEOUT_NS;
	char missing[] = TRACES;
	size_t left = strlen(missing);

	while (left > 0) {
		struct pollfd ready = { .fd = pipes->ready[0],
					.events = POLLIN };
		char letter, *found;

		if (firn_monotonic_ns() > deadline)
			return not_planted(missing, err);
		if (poll(&ready, 1, 100) <= 0)
			continue;
		if (read(ready.fd, &letter, 1) != 1)
			return why_not(pipes->error[0], err);
		found = letter != '\0' ? strchr(missing, letter) : NULL;
		if (found == NULL)
			continue;
		memmove(found, found + 1, strlen(found));
		left--;
	}
	take_beacon(container);
	return 0;
}

static int
start(struct firn_drill_container *container, struct pipes *pipes,
      struct firn_err *err)
{
	const struct firn_drill_init how = {
		.folder = container->folder,
		.port = container->port,
		.go_fd = pipes->go[0],
		.ready_fd = pipes->ready[1],
		.error_fd = pipes->error[1],
	};

	container->pid = firn_drill_init_start(&how, err);
	if (container->pid < 0)
		return -1;
	close_end(&pipes->go[0]);
	close_end(&pipes->ready[1]);
	close_end(&pipes->error[1]);
	if (firn_drill_cgroups_add(&container->cgroups, container->pid, err) <
		    0 ||
	    firn_drill_link_make(container->interface, container->pid, err) < 0)
		return -1;
	if (write(pipes->go[1], "g", 1) != 1)
		return firn_err_sys(err, "start the drill's container");
	return wait_until_planted(container, pipes, err);
}

static int
make(struct firn_drill_container *container, const struct firn_host *host,
     struct pipes *pipes, struct firn_err *err)
{
	if (choose_names(container, err) < 0 || open_pipes(pipes, err) < 0 ||
	    firn_drill_layers_make(container->folder, err) < 0 ||
	    firn_drill_cgroups_make(&container->cgroups, host, container->id,
				    err) < 0 ||
	    listen_for_beacon(container, err) < 0)
		return -1;
	return start(container, pipes, err);
}

int
firn_drill_container_make(struct firn_drill_container *ret,
			  const struct firn_host *host, struct firn_err *err)
{
	struct pipes pipes = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct firn_err undo = { 0 };
	int done;

	*ret = (struct firn_drill_container){
		.pid = -1,
		.listen_fd = -1,
		.beacon_fd = -1,
	};
	done = make(ret, host, &pipes, err);
	close_pipes(&pipes);
	if (done < 0 && firn_drill_container_remove(ret, &undo) < 0)
		firn_err_in(err, "%s, after", undo.text);
	return done;
}

uint64_t
firn_drill_container_heard(const struct firn_drill_container *container)
{
	uint64_t heard = 0;
	char data[4096];
	ssize_t n;

	while ((n = recv(container->beacon_fd, data, sizeof(data),
			 MSG_DONTWAIT)) > 0)
		heard += (uint64_t)n;
	return heard;
}

/* Process 1 takes the rest of its pid namespace with it. */
static int
end_processes(struct firn_drill_container *container, struct firn_err *err)
{
	pid_t pid = container->pid;

	if (pid < 0)
		return 0;
	kill(pid, SIGKILL);
	for (unsigned tries = 0; waitpid(pid, NULL, WNOHANG) == 0; tries++) {
		if (tries == 500)
			return firn_err_set(err, ETIMEDOUT,
					    "process %d was killed and doesn't "
					    "end",
					    (int)pid);
		usleep(10000);
	}
	container->pid = -1;
	return 0;
}

static void
note(struct firn_err *kept, int *done, int now, const struct firn_err *why)
{
	if (now < 0 && *done == 0)
		*kept = *why;
	if (now < 0)
		*done = -1;
}

int
firn_drill_container_remove(struct firn_drill_container *container,
			    struct firn_err *err)
{
	struct firn_err why = { 0 };
	int done = 0;

	note(err, &done, firn_drill_cgroups_thaw(&container->cgroups, &why),
	     &why);
	note(err, &done, end_processes(container, &why), &why);
	note(err, &done, firn_drill_cgroups_remove(&container->cgroups, &why),
	     &why);
	if (container->interface[0] != '\0')
		note(err, &done,
		     firn_drill_link_remove(container->interface, &why), &why);
	close_end(&container->beacon_fd);
	close_end(&container->listen_fd);
	if (container->folder[0] != '\0')
		note(err, &done,
		     firn_drill_layers_remove(container->folder, &why), &why);
	return done;
}
