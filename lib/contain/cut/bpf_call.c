#include "contain/cut/bpf_call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

/* Only helpers that are open to every program are called, so this declares
 * nothing. */
static const char license[] = "none declared";

#define LOG_SIZE (64u << 10)

static int
call(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static uint64_t
address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

/* Before Linux 5.11 programs and maps count against RLIMIT_MEMLOCK, which is
 * small, and the refusal looks like one for lack of privilege. */
static int
call_with_memory(int command, union bpf_attr *attr)
{
	struct rlimit old, all = { RLIM_INFINITY, RLIM_INFINITY };
	int fd = call(command, attr), saved;

	if (fd >= 0 || errno != EPERM || getrlimit(RLIMIT_MEMLOCK, &old) < 0 ||
	    setrlimit(RLIMIT_MEMLOCK, &all) < 0)
		return fd;
	fd = call(command, attr);
	saved = errno;
	(void)setrlimit(RLIMIT_MEMLOCK, &old);
	errno = saved;
	return fd;
}

/* The last line but one of the verifier's log says what it didn't like. */
static const char *
last_words(char *log)
{
	char *end = strstr(log, "\nprocessed "), *line;

	if (end != NULL)
		*end = '\0';
	line = strrchr(log, '\n');
	return line == NULL ? log : line + 1;
}

int
firn_bpf_program(const char *name, uint32_t type, uint32_t attach,
		 const struct firn_bpf_code *code, struct firn_err *err)
{
	union bpf_attr attr = { 0 };
	autofree char *log = NULL;
	int fd;

	attr.prog_type = type;
	attr.expected_attach_type = attach;
	attr.insns = address(code->insns);
	attr.insn_cnt = (uint32_t)code->n;
	attr.license = address(license);
	strncpy(attr.prog_name, name, sizeof(attr.prog_name) - 1);
	fd = call_with_memory(BPF_PROG_LOAD, &attr);
	if (fd >= 0)
		return fd;
	firn_err_sys(err, "load BPF program %s", name);
	if (err->code != EINVAL && err->code != EACCES)
		return -1;
	log = calloc(1, LOG_SIZE);
	if (log == NULL)
		return -1;
	attr.log_buf = address(log);
	attr.log_size = LOG_SIZE;
	attr.log_level = 1;
	fd = call(BPF_PROG_LOAD, &attr);
	if (fd >= 0)
		return fd;
	return firn_err_set(err, errno, "load BPF program %s: %s: %s", name,
			    strerror(errno), last_words(log));
}

static int
make_map(const char *name, uint32_t type, uint32_t key_size,
	 uint32_t value_size, uint32_t n, struct firn_err *err)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.map_type = type;
	attr.key_size = key_size;
	attr.value_size = value_size;
	attr.max_entries = n;
	strncpy(attr.map_name, name, sizeof(attr.map_name) - 1);
	fd = call_with_memory(BPF_MAP_CREATE, &attr);
	return fd < 0 ? firn_err_sys(err, "make BPF map %s", name) : fd;
}

int
firn_bpf_array(const char *name, uint32_t value_size, uint32_t n,
	       struct firn_err *err)
{
	return make_map(name, BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), value_size,
			n, err);
}

int
firn_bpf_lru(const char *name, uint32_t key_size, uint32_t value_size,
	     uint32_t n, struct firn_err *err)
{
	return make_map(name, BPF_MAP_TYPE_LRU_HASH, key_size, value_size, n,
			err);
}

bool
firn_bpf_next(int map_fd, const void *key, void *ret)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)map_fd;
	attr.key = address(key);
	attr.next_key = address(ret);
	return call(BPF_MAP_GET_NEXT_KEY, &attr) == 0;
}

bool
firn_bpf_find(int map_fd, const void *key, void *value)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)map_fd;
	attr.key = address(key);
	attr.value = address(value);
	return call(BPF_MAP_LOOKUP_ELEM, &attr) == 0;
}

int
firn_bpf_cgroup_array(const char *name, struct firn_err *err)
{
	return make_map(name, BPF_MAP_TYPE_CGROUP_ARRAY, sizeof(uint32_t),
			sizeof(uint32_t), 1, err);
}

int
firn_bpf_set_cgroup(int map_fd, int cgroup_fd, struct firn_err *err)
{
	uint32_t value = (uint32_t)cgroup_fd;

	return firn_bpf_write(map_fd, 0, &value, err);
}

int
firn_bpf_read(int map_fd, uint32_t key, void *value, struct firn_err *err)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)map_fd;
	attr.key = address(&key);
	attr.value = address(value);
	if (call(BPF_MAP_LOOKUP_ELEM, &attr) < 0)
		return firn_err_sys(err, "read BPF map");
	return 0;
}

int
firn_bpf_write(int map_fd, uint32_t key, const void *value,
	       struct firn_err *err)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)map_fd;
	attr.key = address(&key);
	attr.value = address(value);
	if (call(BPF_MAP_UPDATE_ELEM, &attr) < 0)
		return firn_err_sys(err, "write BPF map");
	return 0;
}

int
firn_bpf_link(int prog_fd, uint32_t target, uint32_t attach, uint32_t flags,
	      struct firn_err *err)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.link_create.prog_fd = (uint32_t)prog_fd;
	attr.link_create.target_fd = target;
	attr.link_create.attach_type = attach;
	attr.link_create.flags = flags;
	fd = call(BPF_LINK_CREATE, &attr);
	return fd < 0 ? firn_err_sys(err, "attach BPF program") : fd;
}

int
firn_bpf_update(int link_fd, int prog_fd, struct firn_err *err)
{
	union bpf_attr attr = { 0 };

	attr.link_update.link_fd = (uint32_t)link_fd;
	attr.link_update.new_prog_fd = (uint32_t)prog_fd;
	if (call(BPF_LINK_UPDATE, &attr) < 0)
		return firn_err_sys(err, "replace BPF program");
	return 0;
}

int
firn_bpf_pin(int fd, const char *path, struct firn_err *err)
{
	union bpf_attr attr = { 0 };

	attr.pathname = address(path);
	attr.bpf_fd = (uint32_t)fd;
	if (call(BPF_OBJ_PIN, &attr) < 0)
		return firn_err_sys(err, "pin %s", path);
	return 0;
}

int
firn_bpf_open_pin(const char *path, struct firn_err *err)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.pathname = address(path);
	fd = call(BPF_OBJ_GET, &attr);
	return fd < 0 ? firn_err_sys(err, "open pin %s", path) : fd;
}

static int
look(int fd, void *info, size_t size, struct firn_err *err)
{
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = (uint32_t)size;
	attr.info.info = address(info);
	if (call(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0)
		return firn_err_sys(err, "look at BPF object");
	return 0;
}

/* The kinds of object have different structures behind the same command, and
 * no field says which it is: the link of the descriptor does. */
static int
expect_kind(int fd, const char *kind, struct firn_err *err)
{
	char path[64], link[64] = { 0 };

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		return firn_err_sys(err, "look at BPF object");
	/* "bpf_link", since Linux 6.13 or so "bpf-link"; "bpf-map" always. */
	for (char *c = strstr(link, "bpf-"); c != NULL; c = NULL)
		c[3] = '_';
	if (strstr(link, kind) == NULL)
		return firn_err_set(err, EBADMSG, "%s is no %s", link, kind);
	return 0;
}

int
firn_bpf_link_look(int fd, struct firn_bpf_link *ret, struct firn_err *err)
{
	/* BPF_LINK_TYPE_TCX; not in the headers of Debian 12. */
	enum {
		CGROUP = 3,
		XDP = 6,
		TCX = 11
	};
	struct bpf_link_info info = { 0 };

	if (expect_kind(fd, "bpf_link", err) < 0 ||
	    look(fd, &info, sizeof(info), err) < 0)
		return -1;
	*ret = (struct firn_bpf_link){ .program = info.prog_id };
	if (info.type == CGROUP) {
		ret->cgroup_id = info.cgroup.cgroup_id;
		ret->attach = info.cgroup.attach_type;
	} else if (info.type == TCX) {
		/* struct { ifindex, attach_type } tcx, laid out like this. */
		ret->ifindex = info.netns.netns_ino;
		ret->attach = info.netns.attach_type;
	} else if (info.type == XDP) {
		ret->ifindex = info.xdp.ifindex;
		ret->attach = BPF_XDP;
	}
	return 0;
}

int
firn_bpf_map_look(int fd, struct bpf_map_info *ret, struct firn_err *err)
{
	if (expect_kind(fd, "bpf_map", err) < 0)
		return -1;
	*ret = (struct bpf_map_info){ 0 };
	return look(fd, ret, sizeof(*ret), err);
}

int
firn_bpf_program_id(int fd, uint32_t *ret, struct firn_err *err)
{
	struct bpf_prog_info info = { 0 };

	if (look(fd, &info, sizeof(info), err) < 0)
		return -1;
	*ret = info.id;
	return 0;
}

int
firn_bpf_attached(uint32_t target, uint32_t attach, uint32_t *ret_ids,
		  uint32_t size, struct firn_err *err)
{
	union bpf_attr attr = { 0 };

	attr.query.target_fd = target;
	attr.query.attach_type = attach;
	attr.query.prog_ids = address(ret_ids);
	attr.query.prog_cnt = size;
	if (call(BPF_PROG_QUERY, &attr) < 0)
		return firn_err_sys(err, "list attached BPF programs");
	return (int)attr.query.prog_cnt;
}

int
firn_bpf_try(int prog_fd, const void *frame, size_t size, uint32_t ifindex,
	     uint32_t *ret, struct firn_err *err)
{
	struct __sk_buff skb = { .ifindex = ifindex };
	union bpf_attr attr = { 0 };

	attr.test.prog_fd = (uint32_t)prog_fd;
	attr.test.data_in = address(frame);
	attr.test.data_size_in = (uint32_t)size;
	if (ifindex != 0) {
		attr.test.ctx_in = address(&skb);
		attr.test.ctx_size_in = sizeof(skb);
	}
	if (call(BPF_PROG_TEST_RUN, &attr) < 0)
		return firn_err_sys(err, "try BPF program");
	*ret = attr.test.retval;
	return 0;
}
