#include "collect/host/host_bpf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/spool.h"
#include "collect/json_stream.h"
#include "collect/times.h"
#include "host/bpf.h"
#include "target/namespaces.h"

#define PROGRAMS_MAX 16384
#define LINKS_MAX 16384
#define OWN_MAX 1024
#define MAPS_MAX 64

/* linux/bpf.h, enum bpf_prog_type. */
static const char *const types[] = {
	"unspecified",
	"socket_filter",
	"kprobe",
	"sched_cls",
	"sched_act",
	"tracepoint",
	"xdp",
	"perf_event",
	"cgroup_skb",
	"cgroup_sock",
	"lwt_in",
	"lwt_out",
	"lwt_xmit",
	"sock_ops",
	"sk_skb",
	"cgroup_device",
	"sk_msg",
	"raw_tracepoint",
	"cgroup_sock_addr",
	"lwt_seg6local",
	"lirc_mode2",
	"sk_reuseport",
	"flow_dissector",
	"cgroup_sysctl",
	"raw_tracepoint_writable",
	"cgroup_sockopt",
	"tracing",
	"struct_ops",
	"ext",
	"lsm",
	"sk_lookup",
	"syscall",
	"netfilter",
};

/* enum bpf_link_type. */
static const char *const link_types[] = {
	"unspecified",  "raw_tracepoint", "tracing",   "cgroup",
	"iter",         "netns",          "xdp",       "perf_event",
	"kprobe_multi", "struct_ops",     "netfilter", "tcx",
	"uprobe_multi", "netkit",         "sockmap",
};

/* Programs and maps that firn has pinned. */
struct own {
	struct firn_bpf_pinned pins[OWN_MAX];
	size_t n;
};

static void
set_name(json_t *object, const char *key, const char *const *names, size_t n,
	 uint32_t value)
{
	if (value < n)
		firn_json_text(object, key, names[value]);
	else
		json_object_set_new(object, key, json_integer(value));
}

static void
find_pins(const char *folder, unsigned depth, struct own *own)
{
	autodir DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL &&
	       own->n < OWN_MAX) {
		struct firn_err gone = { 0 };
		char path[512];
		int len;

		if (entry->d_name[0] == '.')
			continue;
		len = snprintf(path, sizeof(path), "%s/%s", folder,
			       entry->d_name);
		if (len < 0 || (size_t)len >= sizeof(path))
			continue;
		if (entry->d_type == DT_DIR && depth > 0)
			find_pins(path, depth - 1, own);
		else if (entry->d_type == DT_REG &&
			 firn_bpf_pinned(path, &own->pins[own->n], &gone) == 0)
			own->n++;
	}
}

/* A program that an old kernel has no link for uses a map that is pinned. */
static bool
is_own(const struct own *own, uint32_t id)
{
	uint32_t maps[MAPS_MAX];
	struct firn_err gone = { 0 };
	int n;

	for (size_t i = 0; i < own->n; i++)
		if (own->pins[i].program == id)
			return true;
	if (own->n == 0)
		return false;
	n = firn_bpf_maps_of(id, maps, MAPS_MAX, &gone);
	for (int k = 0; k < n; k++)
		for (size_t i = 0; i < own->n; i++)
			if (own->pins[i].map == maps[k])
				return true;
	return false;
}

static json_t *
describe_link(const struct bpf_link_info *link)
{
	json_t *json = json_object();

	json_object_set_new(json, "id", json_integer(link->id));
	set_name(json, "type", link_types,
		 sizeof(link_types) / sizeof(link_types[0]), link->type);
	if (link->type == BPF_LINK_TYPE_CGROUP) {
		firn_json_uint(json, "cgroup_id", link->cgroup.cgroup_id);
		json_object_set_new(json, "attach_type",
				    json_integer(link->cgroup.attach_type));
	} else if (link->type == BPF_LINK_TYPE_XDP ||
		   link->type == 11 /* tcx, Linux 6.6 */) {
		/* Both begin with it. */
		json_object_set_new(json, "interface",
				    json_integer(link->xdp.ifindex));
	}
	return json;
}

/* An object: id of the program to its links. */
static json_t *
links(struct firn_archive *archive)
{
	json_t *all = json_object();
	struct firn_err why = { 0 };
	uint32_t id = 0;
	int more = 0;

	for (size_t i = 0;
	     i < LINKS_MAX &&
	     (more = firn_bpf_next_id(FIRN_BPF_LINKS, id, &id, &why)) > 0;
	     i++) {
		struct bpf_link_info link;
		struct firn_err gone = { 0 };
		json_t *list;
		char program[16];

		if (firn_bpf_link_of(id, &link, &gone) < 0)
			continue;
		snprintf(program, sizeof(program), "%u", link.prog_id);
		list = json_object_get(all, program);
		if (list == NULL) {
			list = json_array();
			json_object_set_new(all, program, list);
		}
		json_array_append_new(list, describe_link(&link));
	}
	/* EINVAL: before Linux 5.8 there are none to list. */
	if (more < 0 && why.code != EINVAL)
		firn_archive_gap(archive, "host", "links of BPF", &why);
	return all;
}

static json_t *
describe(const struct bpf_prog_info *program, struct timespec boot)
{
	json_t *line = json_object();
	uint64_t ns = program->load_time + (uint64_t)boot.tv_nsec;

	json_object_set_new(line, "id", json_integer(program->id));
	set_name(line, "type", types, sizeof(types) / sizeof(types[0]),
		 program->type);
	firn_json_bytes(line, "name", program->name,
			strnlen(program->name, sizeof(program->name)));
	if (boot.tv_sec != 0)
		firn_json_time(line, "loaded",
			       (struct timespec){
				       .tv_sec = boot.tv_sec +
						 (time_t)(ns / 1000000000),
				       .tv_nsec = (long)(ns % 1000000000),
			       });
	json_object_set_new(line, "uid", json_integer(program->created_by_uid));
	firn_json_hex(line, "tag", program->tag, sizeof(program->tag));
	return line;
}

static int
write_programs(const struct own *own, const json_t *all_links,
	       struct timespec boot, struct firn_spool *lines, int *ret_more,
	       struct firn_err *why, struct firn_err *err)
{
	uint32_t id = 0;

	for (size_t i = 0; i < PROGRAMS_MAX; i++) {
		struct bpf_prog_info program;
		struct firn_err gone = { 0 };
		char text[16];
		json_t *line;

		*ret_more = firn_bpf_next_id(FIRN_BPF_PROGRAMS, id, &id, why);
		if (*ret_more <= 0)
			return 0;
		if (firn_bpf_program_of(id, &program, &gone) < 0)
			continue;
		line = describe(&program, boot);
		if (is_own(own, id))
			json_object_set_new(line, "firn", json_true());
		snprintf(text, sizeof(text), "%u", id);
		if (json_object_get(all_links, text) != NULL)
			json_object_set(line, "links",
					json_object_get(all_links, text));
		if (firn_json_stream_add(lines, line, err) < 0)
			return -1;
	}
	firn_err_set(why, E2BIG, "there are more than %d", PROGRAMS_MAX);
	*ret_more = -1;
	return 0;
}

int
firn_host_bpf(const struct firn_host *host, struct firn_archive *archive,
	      struct firn_err *err)
{
	static const struct firn_member_source source = { "host", "bpf(2)",
							  "bpf(2)" };
	autospool struct firn_spool lines = firn_spool_init(AT_FDCWD);
	autofree struct own *own = calloc(1, sizeof(*own));
	autojson json_t *all_links = NULL;
	struct timespec boot = { 0 };
	struct firn_err why = { 0 };
	int more = 0;

	/* The kernel that we could ask is not that of a record. */
	if (namespaces_own_pid(host) == 0)
		return 0;
	if (own == NULL)
		return firn_err_nomem(err);
	if (firn_boot_time(host, &boot, &why) < 0)
		boot = (struct timespec){ 0 };
	find_pins("/sys/fs/bpf/firn", 1, own);
	find_pins("/run/firn/bpf", 1, own);
	all_links = links(archive);
	if (write_programs(own, all_links, boot, &lines, &more, &why, err) < 0)
		return -1;
	if (more < 0)
		firn_archive_gap(archive, "host", "programs of BPF", &why);
	return firn_archive_spool(archive, "data/host/bpf.jsonl", &lines,
				  &source, err);
}
