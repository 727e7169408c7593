#include "receiver/serving.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/io.h"
#include "check.h"

static struct firn_err err;

static void
write_file(const struct serving *serving, const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", serving->folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_ok(firn_write_all(fd, path, text, strlen(text), &err));
	close(fd);
}

static void
write_policy(const struct serving *serving, const char *listen)
{
	autofree char *text = NULL;
	const char *folder = serving->folder;

	write_file(serving, "token", BEARER_TOKEN "\n");
	write_file(serving, "few", BEARER_TOKEN "-few\n");
	write_file(serving, "standard", STANDARD_KEY "\n");
	ck_assert_int_gt(asprintf(&text,
				  "sources:\n"
				  "  - {name: us, user: root, may: [look], "
				  "rate: 1000000}\n"
				  "  - {name: falco, bearer: {file: %s/token}, "
				  "may: [look], rate: 1000000}\n"
				  "  - {name: few, bearer: {file: %s/few}, "
				  "may: [look], rate: 3}\n"
				  "  - {name: hooks, standard-webhooks: "
				  "{file: %s/standard}, may: [look]}\n"
				  "listen:\n  unix: %s\n%s",
				  folder, folder, folder, serving->socket_path,
				  listen),
			 0);
	write_file(serving, "policy.yaml", text);
}

_Noreturn static void
become_receiver(const struct serving *serving, const char *deadline_s,
		int notify_fd)
{
	const char *descriptors = getenv("SERVING_DESCRIPTORS");
	char policy[96], number[16];

	snprintf(policy, sizeof(policy), "%s/policy.yaml", serving->folder);
	snprintf(number, sizeof(number), "%d", notify_fd);
	fcntl(notify_fd, F_SETFD, 0);
	if (descriptors != NULL) {
		rlim_t n = strtoul(descriptors, NULL, 10);

		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ n, n });
	}
	/* What a sanitizer keeps of freed memory isn't the receiver's. */
	setenv("ASAN_OPTIONS", "quarantine_size_mb=1:detect_leaks=0", 1);
	execl(FIRN_RECEIVER, "firn-receiver", "--policy", policy, "--inbox",
	      serving->inbox_path, "--deadline", deadline_s, "--notify-fd",
	      number, NULL);
	_exit(126);
}

void
serving_start(struct serving *serving, const char *listen,
	      const char *deadline_s)
{
	*serving = (struct serving){ .inbox = FIRN_INBOX_CLOSED };
	snprintf(serving->folder, sizeof(serving->folder),
		 "/var/tmp/firn-receiver-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(serving->folder));
	ck_assert_int_eq(chmod(serving->folder, 0755), 0);
	snprintf(serving->socket_path, sizeof(serving->socket_path),
		 "%s/alerts.sock", serving->folder);
	snprintf(serving->inbox_path, sizeof(serving->inbox_path), "%s/inbox",
		 serving->folder);
	write_policy(serving, listen);
	serving->notify_fd = -1;
	serving_restart(serving, deadline_s);
	ck_ok(firn_inbox_open(&serving->inbox, serving->inbox_path, true,
			      &err));
}

void
serving_restart(struct serving *serving, const char *deadline_s)
{
	char told[64] = "";
	int fds[2];

	firn_auto_close(&serving->notify_fd);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				    fds),
			 0);
	serving->notify_fd = fds[0];
	serving->pid = fork();
	ck_assert_int_ge(serving->pid, 0);
	if (serving->pid == 0)
		become_receiver(serving, deadline_s, fds[1]);
	close(fds[1]);
	ck_assert_int_gt(recv(fds[0], told, sizeof(told) - 1, 0), 0);
	ck_assert_str_eq(told, "READY=1");
}

int
serving_stop(struct serving *serving, int signal)
{
	int status = -1;

	ck_assert_int_eq(kill(serving->pid, signal), 0);
	ck_assert_int_eq(waitpid(serving->pid, &status, 0), serving->pid);
	serving->pid = 0;
	return status;
}

void
serving_clean(struct serving *serving)
{
	char command[96];

	if (serving->pid > 0)
		serving_stop(serving, SIGKILL);
	close(serving->notify_fd);
	firn_inbox_close(&serving->inbox);
	snprintf(command, sizeof(command), "rm -rf %s", serving->folder);
	ck_assert_int_eq(system(command), 0);
}

int
serving_connect(const struct serving *serving)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	memcpy(address.sun_path, serving->socket_path,
	       strlen(serving->socket_path));
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address,
				 sizeof(address)),
			 0);
	return fd;
}

/* The other end may have heard enough. */
static void
send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

struct reply
serving_ask(const struct serving *serving, const char *request, size_t len)
{
	int fd = serving_connect(serving);
	struct firn_buf text = { 0 };
	struct reply reply = { 0 };
	char part[4096];
	ssize_t n;

	send_all(fd, request, len);
	shutdown(fd, SHUT_WR);
	while ((n = recv(fd, part, sizeof(part), 0)) > 0)
		firn_buf_add(&text, part, (size_t)n);
	close(fd);
	firn_buf_add(&text, "", 0);
	reply.text = text.data;
	if (strncmp(text.data, "HTTP/1.1 ", 9) == 0)
		reply.status = atoi(text.data + 9);
	reply.body = strstr(text.data, "\r\n\r\n");
	reply.body = reply.body != NULL ? reply.body + 4 : "";
	return reply;
}

struct reply
serving_post(const struct serving *serving, const char *fields,
	     const char *body, size_t len)
{
	struct firn_buf request = { 0 };
	struct reply reply;

	firn_buf_addf(&request,
		      "POST /alerts HTTP/1.1\r\nHost: node\r\n%s"
		      "Content-Length: %zu\r\n\r\n",
		      fields, len);
	firn_buf_add(&request, body, len);
	reply = serving_ask(serving, request.data, request.len);
	firn_buf_free(&request);
	return reply;
}

size_t
serving_letters(const struct serving *serving)
{
	autodir DIR *dir = NULL;
	const struct dirent *entry;
	char path[128];
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/new", serving->inbox_path);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	return n;
}

long
serving_memory(const struct serving *serving)
{
	autofree char *text = NULL;
	const char *line;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", serving->pid);
	ck_ok(firn_read_at(AT_FDCWD, path, 65536, &text, NULL, &err));
	line = strstr(text, "\nVmRSS:");
	ck_assert_ptr_nonnull(line);
	return strtol(line + strlen("\nVmRSS:"), NULL, 10);
}
