#include "target/namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "target/kernel.h"

/* MAX_PID_NS_LEVEL of the kernel. */
#define LEVELS_MAX 32

pid_t
namespaces_own_pid(const struct firn_host *host)
{
	char link[32];
	uint64_t pid;
	ssize_t len = readlinkat(host->proc_fd, "self", link, sizeof(link) - 1);

	if (len <= 0)
		return 0;
	link[len] = '\0';
	return firn_is_decimal(link, &pid) && pid <= INT32_MAX ? (pid_t)pid : 0;
}

int
namespaces_of_host(const struct firn_host *host, struct firn_namespaces *ret,
		   struct firn_err *err)
{
	struct firn_err none = { 0 };
	struct firn_proc_stat stat = { 0 };
	pid_t self;

	if (firn_proc_namespaces(host, 1, ret, err) == 0)
		return 0;
	if (firn_proc_stat(host, 2, &stat, &none) == 0 &&
	    (stat.flags & FIRN_PF_KTHREAD) != 0 &&
	    firn_proc_namespaces(host, 2, ret, &none) == 0)
		return 0;
	self = namespaces_own_pid(host);
	if (self != 0 && firn_proc_namespaces(host, self, ret, &none) == 0)
		return 0;
	return firn_err_in(err, "the host's namespaces");
}

uint64_t
namespace_of(const struct firn_host *host, pid_t pid, enum firn_namespace which)
{
	struct firn_err gone = { 0 };
	char name[16], link[64];
	const char *inode;

	snprintf(name, sizeof(name), "ns/%s", firn_namespace_names[which]);
	if (firn_proc_link(host, pid, name, link, sizeof(link), &gone) < 0)
		return 0;
	inode = strchr(link, '[');
	return inode != NULL ? strtoull(inode + 1, NULL, 10) : 0;
}

bool
pidns_is_nested(const struct firn_host *host, pid_t pid, uint64_t inode)
{
	struct firn_err gone = { 0 };
	int fd;

	if (inode == 0 || !kernel_is_live(host))
		return false;
	fd = firn_proc_open(host, pid, "ns/pid", O_RDONLY, &gone);
	for (unsigned i = 0; fd >= 0 && i < LEVELS_MAX; i++) {
		int parent_fd = ioctl(fd, NS_GET_PARENT);
		struct stat st;

		close(fd);
		fd = parent_fd;
		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == inode) {
			close(fd);
			return true;
		}
	}
	firn_auto_close(&fd);
	return false;
}

size_t
pidns_depth_as_init(const struct firn_host *host, pid_t pid)
{
	autofree char *status = NULL;
	struct firn_err gone = { 0 };
	char pids[512], *rest = pids, *number, *last = NULL;
	size_t n = 0;

	if (firn_proc_read(host, pid, "status", FIRN_PROC_MAX, &status, NULL,
			   &gone) < 0 ||
	    firn_proc_status_field(status, "NSpid", pids, sizeof(pids)) < 0)
		return 0;
	while ((number = strsep(&rest, " \t")) != NULL) {
		if (*number == '\0')
			continue;
		last = number;
		n++;
	}
	return n > 1 && strcmp(last, "1") == 0 ? n - 1 : 0;
}
