/*
 * Prints the BPF programs, maps and links of firn's that the kernel has, one a
 * line, sorted by nothing but their ids: what must be the same before and
 * after.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <sys/syscall.h>

static long
call(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int
look(int fd, void *info, unsigned size)
{
	union bpf_attr attr = { 0 };
	int done;

	memset(info, 0, size);
	attr.info.bpf_fd = (unsigned)fd;
	attr.info.info = (unsigned long)info;
	attr.info.info_len = size;
	done = (int)call(BPF_OBJ_GET_INFO_BY_FD, &attr);
	close(fd);
	return done;
}

/* Opens an object by its id; -1 for one that has gone meanwhile. */
static int
open_id(int command, unsigned id)
{
	union bpf_attr attr = { 0 };

	attr.prog_id = id;
	return (int)call(command, &attr);
}

static int
name_program(unsigned id, char *ret, size_t size)
{
	struct bpf_prog_info info;
	int fd = open_id(BPF_PROG_GET_FD_BY_ID, id);

	if (fd < 0 || look(fd, &info, sizeof(info)) < 0)
		return -1;
	snprintf(ret, size, "%s", info.name);
	return 0;
}

static void
print(const char *kind, unsigned id, const char *name)
{
	if (strncmp(name, "firn", 4) == 0)
		printf("%s %u %s\n", kind, id, name);
}

static void
print_program(unsigned id)
{
	char name[BPF_OBJ_NAME_LEN + 1];

	if (name_program(id, name, sizeof(name)) == 0)
		print("program", id, name);
}

static void
print_map(unsigned id)
{
	struct bpf_map_info info;
	int fd = open_id(BPF_MAP_GET_FD_BY_ID, id);

	if (fd >= 0 && look(fd, &info, sizeof(info)) == 0)
		print("map", id, info.name);
}

static void
print_link(unsigned id)
{
	struct bpf_link_info info;
	char name[BPF_OBJ_NAME_LEN + 1];
	int fd = open_id(BPF_LINK_GET_FD_BY_ID, id);

	if (fd >= 0 && look(fd, &info, sizeof(info)) == 0 &&
	    name_program(info.prog_id, name, sizeof(name)) == 0)
		print("link", id, name);
}

static int
each(int command, void (*print_one)(unsigned id))
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
	return each(BPF_PROG_GET_NEXT_ID, print_program) < 0 ||
	       each(BPF_MAP_GET_NEXT_ID, print_map) < 0 ||
	       each(BPF_LINK_GET_NEXT_ID, print_link) < 0;
}
