#include "host/bpf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

static long
call(enum bpf_cmd command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

int
firn_bpf_next_id(enum firn_bpf_kind kind, uint32_t id, uint32_t *ret,
		 struct firn_err *err)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = id;
	if (call(kind == FIRN_BPF_LINKS ? BPF_LINK_GET_NEXT_ID
					: BPF_PROG_GET_NEXT_ID,
		 &attr) < 0) {
		if (errno == ENOENT)
			return 0;
		return firn_err_sys(err, "list BPF %s",
				    kind == FIRN_BPF_LINKS ? "links"
							   : "programs");
	}
	*ret = attr.next_id;
	return 1;
}

static int
look(int fd, void *info, size_t size, struct firn_err *err)
{
	union bpf_attr attr;

	memset(info, 0, size);
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = (uint32_t)size;
	attr.info.info = (uint64_t)(uintptr_t)info;
	if (call(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0)
		return firn_err_sys(err, "look at a BPF object");
	return 0;
}

static int
open_id(enum bpf_cmd command, uint32_t id, struct firn_err *err)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id; /* link_id lies there, too */
	fd = call(command, &attr);
	return fd < 0 ? firn_err_sys(err, "open BPF object %u", id) : (int)fd;
}

int
firn_bpf_program_of(uint32_t id, struct bpf_prog_info *ret,
		    struct firn_err *err)
{
	autoclose int fd = open_id(BPF_PROG_GET_FD_BY_ID, id, err);

	return fd < 0 ? -1 : look(fd, ret, sizeof(*ret), err);
}

int
firn_bpf_link_of(uint32_t id, struct bpf_link_info *ret, struct firn_err *err)
{
	autoclose int fd = open_id(BPF_LINK_GET_FD_BY_ID, id, err);

	return fd < 0 ? -1 : look(fd, ret, sizeof(*ret), err);
}

/* What kind of object it is, its link in /proc says. */
static bool
is_a(int fd, const char *what)
{
	char path[32], link[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return false;
	link[len] = '\0';
	return strstr(link, what) != NULL;
}

int
firn_bpf_maps_of(uint32_t id, uint32_t *ret, uint32_t size,
		 struct firn_err *err)
{
	autoclose int fd = open_id(BPF_PROG_GET_FD_BY_ID, id, err);
	struct bpf_prog_info info;
	union bpf_attr attr;

	if (fd < 0)
		return -1;
	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	info.nr_map_ids = size;
	info.map_ids = (uint64_t)(uintptr_t)ret;
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	if (call(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0)
		return firn_err_sys(err, "the maps of BPF program %u", id);
	return (int)(info.nr_map_ids < size ? info.nr_map_ids : size);
}

static int
look_at_pin(int fd, struct firn_bpf_pinned *ret, struct firn_err *err)
{
	struct bpf_prog_info program = { 0 };
	struct bpf_link_info link = { 0 };
	struct bpf_map_info map = { 0 };

	if (is_a(fd, "bpf-prog")) {
		if (look(fd, &program, sizeof(program), err) < 0)
			return -1;
	} else if (is_a(fd, "bpf_link") || is_a(fd, "bpf-link")) {
		if (look(fd, &link, sizeof(link), err) < 0)
			return -1;
	} else if (is_a(fd, "bpf-map")) {
		if (look(fd, &map, sizeof(map), err) < 0)
			return -1;
	}
	ret->program = program.id != 0 ? program.id : link.prog_id;
	ret->map = map.id;
	return 0;
}

int
firn_bpf_pinned(const char *path, struct firn_bpf_pinned *ret,
		struct firn_err *err)
{
	autoclose int fd = -1;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uint64_t)(uintptr_t)path;
	fd = (int)call(BPF_OBJ_GET, &attr);
	if (fd < 0)
		return firn_err_sys(err, "open pin %s", path);
	return look_at_pin(fd, ret, err);
}
