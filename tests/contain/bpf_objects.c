/*
 * Prints what the kernel has of firn's programs: each link with what it is
 * attached to, and each program that no link holds.  The same must be there
 * before and after.
 *
 *	link firn_cgroup_in cgroup 4711
 *	link firn_link_out interface 3
 *	program 17 firn_link_in
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <sys/syscall.h>

#include "contain/cut/bpf_call.h"

#define MAX 4096

/* Programs that links hold. */
static uint32_t held[MAX];
static size_t n_held;

static long
call(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* -1 for one that has gone meanwhile. */
static int
open_id(int command, uint32_t id)
{
	union bpf_attr attr = { 0 };

	attr.prog_id = id;
	return (int)call(command, &attr);
}

/* Whether it's one of firn's. */
static bool
name_program(uint32_t id, char *ret, size_t size)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { 0 };
	int fd = open_id(BPF_PROG_GET_FD_BY_ID, id);
	long done;

	if (fd < 0)
		return false;
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = sizeof(info);
	done = call(BPF_OBJ_GET_INFO_BY_FD, &attr);
	close(fd);
	snprintf(ret, size, "%s", info.name);
	return done == 0 && strncmp(ret, "firn", 4) == 0;
}

static void
print_link(uint32_t id)
{
	struct firn_bpf_link link;
	struct firn_err gone = { 0 };
	char name[64];
	int fd = open_id(BPF_LINK_GET_FD_BY_ID, id);

	if (fd < 0)
		return;
	if (firn_bpf_link_look(fd, &link, &gone) == 0 &&
	    name_program(link.program, name, sizeof(name)) && n_held < MAX) {
		held[n_held++] = link.program;
		if (link.cgroup_id != 0)
			printf("link %s cgroup %llu\n", name,
			       (unsigned long long)link.cgroup_id);
		else
			printf("link %s interface %u\n", name, link.ifindex);
	}
	close(fd);
}

static void
print_program(uint32_t id)
{
	char name[64];

	for (size_t i = 0; i < n_held; i++)
		if (held[i] == id)
			return;
	if (name_program(id, name, sizeof(name)))
		printf("program %u %s\n", id, name);
}

static int
each(int command, void (*print_one)(uint32_t id))
{
	union bpf_attr attr = { 0 };

	while (call(command, &attr) == 0) {
		print_one(attr.next_id);
		attr.start_id = attr.next_id;
	}
	if (errno == ENOENT)
		return 0;
	perror("bpf");
	return -1;
}

int
main(void)
{
	return each(BPF_LINK_GET_NEXT_ID, print_link) < 0 ||
	       each(BPF_PROG_GET_NEXT_ID, print_program) < 0;
}
