/* What the methods that are made of BPF programs have in common. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if_arp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_attempts.h"

int
firn_cut_add_pins(const struct firn_cut *cut, struct firn_place *place,
		  struct firn_err *err, ...)
{
	json_t *pins = json_array();
	const char *name;
	va_list names;
	int added = 0;

	va_start(names, err);
	while ((name = va_arg(names, const char *)) != NULL) {
		char path[FIRN_PIN_PATH];

		firn_pins_path(&cut->pins, name, path);
		if (json_array_append_new(pins, json_string(path)) < 0)
			added = -1;
	}
	va_end(names);
	if (json_object_set_new(place->details, "pins", pins) < 0 || added < 0)
		return firn_err_nomem(err);
	return 0;
}

const char *
firn_cut_pin(const struct firn_place *place, size_t i)
{
	const json_t *pins = json_object_get(place->details, "pins");
	const char *path = json_string_value(json_array_get(pins, i));

	return path == NULL ? "" : path;
}

static bool
is_counters(int fd)
{
	struct bpf_map_info info;
	struct firn_err why;

	return firn_bpf_map_look(fd, &info, &why) == 0 &&
	       info.type == BPF_MAP_TYPE_ARRAY && info.key_size == 4 &&
	       info.value_size == sizeof(struct firn_count) &&
	       info.max_entries == FIRN_N_ELEMENTS;
}

int
firn_cut_open_counters(const char *path)
{
	struct firn_err gone;
	autoclose int fd = firn_bpf_open_pin(path, &gone);

	if (fd >= 0 && is_counters(fd))
		return firn_steal_fd(&fd);
	return -1;
}

int
firn_cut_counters(const char *path, struct firn_err *err)
{
	autoclose int fd = firn_cut_open_counters(path);

	if (fd >= 0)
		return firn_steal_fd(&fd);
	if (unlink(path) < 0 && errno != ENOENT)
		return firn_err_sys(err, "remove pin %s", path);
	fd = firn_bpf_array("firn_counters", sizeof(struct firn_count),
			    FIRN_N_ELEMENTS, err);
	if (fd < 0 || firn_bpf_pin(fd, path, err) < 0)
		return -1;
	return firn_steal_fd(&fd);
}

/* Next to the counters. */
int
firn_cut_log(const struct firn_cut *cut, struct firn_place *place,
	     struct firn_err *err)
{
	static const char last[] = "counters";
	const char *counters = firn_json_string(place->details, last, NULL);
	char path[FIRN_PIN_PATH];
	size_t len = counters == NULL ? 0 : strlen(counters);

	if (!cut->how->log || len < sizeof(last) || len >= sizeof(path))
		return 0;
	memcpy(path, counters, len + 1);
	snprintf(path + len - (sizeof(last) - 1), sizeof(last), "attempts");
	firn_json_text(place->details, "attempts", path);
	if (json_array_append_new(json_object_get(place->details, "pins"),
				  json_string(path)) < 0)
		return firn_err_nomem(err);
	return 0;
}

static bool
is_cgroup(uint32_t attach)
{
	return attach == BPF_CGROUP_INET_INGRESS ||
	       attach == BPF_CGROUP_INET_EGRESS ||
	       attach == FIRN_BPF_CGROUP_UNIX_CONNECT ||
	       attach == FIRN_BPF_CGROUP_UNIX_SENDMSG;
}

/* The link that an interrupted isolation left there; -1 if it is none for this
 * place.  A cgroup is told by its inode, which is its id. */
static int
left_over(const char *path, uint64_t target, uint32_t attach)
{
	struct firn_bpf_link link;
	struct firn_err gone;
	autoclose int fd = firn_bpf_open_pin(path, &gone);

	if (fd < 0 || firn_bpf_link_look(fd, &link, &gone) < 0 ||
	    link.attach != attach)
		return -1;
	if ((is_cgroup(attach) ? link.cgroup_id : link.ifindex) != target)
		return -1;
	return firn_steal_fd(&fd);
}

int
firn_cut_replace(const char *path, int prog_fd, uint64_t id, uint32_t attach,
		 struct firn_err *err)
{
	autoclose int fd = left_over(path, id, attach);

	if (fd >= 0)
		return firn_bpf_update(fd, prog_fd, err) < 0 ? -1 : 1;
	if (unlink(path) < 0 && errno != ENOENT)
		return firn_err_sys(err, "remove pin %s", path);
	return 0;
}

int
firn_cut_attach(const char *path, int prog_fd, uint32_t target, uint64_t id,
		uint32_t attach, struct firn_err *err)
{
	int replaced = firn_cut_replace(path, prog_fd, id, attach, err);
	autoclose int fd = -1;

	if (replaced != 0)
		return replaced < 0 ? -1 : 0;
	fd = firn_bpf_link(prog_fd, target, attach,
			   is_cgroup(attach) ? 0 : FIRN_BPF_F_BEFORE, err);
	if (fd < 0)
		return -1;
	return firn_bpf_pin(fd, path, err);
}

int
firn_cut_pinned(const char *path, uint64_t id, uint32_t attach,
		uint32_t *ret_program, struct firn_err *err)
{
	struct firn_bpf_link link;
	autoclose int fd = firn_bpf_open_pin(path, err);

	if (fd < 0 || firn_bpf_link_look(fd, &link, err) < 0)
		return -1;
	if (link.attach != attach ||
	    (is_cgroup(attach) ? link.cgroup_id : link.ifindex) != id)
		return firn_err_set(err, ENOENT,
				    "%s is attached nowhere any more", path);
	*ret_program = link.program;
	return 0;
}

static bool
is_pinned_program(const char *path, void *arg)
{
	const uint32_t *program = arg;
	struct firn_bpf_link link;
	struct firn_err none;
	autoclose int fd = firn_bpf_open_pin(path, &none);

	return fd >= 0 && firn_bpf_link_look(fd, &link, &none) == 0 &&
	       link.program == *program;
}

/* Of two cuts at one place either may come first: what the one lets go the
 * other still judges. */
static bool
are_ours(uint32_t *programs, int n)
{
	for (int i = 0; i < n; i++)
		if (!firn_pins_any(is_pinned_program, &programs[i]))
			return false;
	return true;
}

int
firn_cut_is_attached(uint32_t program, uint32_t target, uint32_t attach,
		     bool first, struct firn_err *err)
{
	uint32_t ids[64] = { 0 };
	int n = firn_bpf_attached(target, attach, ids,
				  sizeof(ids) / sizeof(ids[0]), err);

	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (ids[i] == program && (!first || are_ours(ids, i)))
			return 0;
	return firn_err_set(err, ENOENT,
			    "the kernel doesn't list BPF program "
			    "%u there%s",
			    program, first ? " before others'" : "");
}

/* Which elements are for dropped packets, by direction. */
static void
add_dropped(int map_fd, struct firn_count ret[2])
{
	struct firn_err unread;

	for (int hook = 0; hook < FIRN_N_HOOKS; hook++) {
		uint32_t key = firn_count_key((enum firn_hook)hook, false);
		struct firn_count *sum =
			&ret[firn_hook_is_out((enum firn_hook)hook) ? 0 : 1];
		struct firn_count count = { 0 };

		if (firn_bpf_read(map_fd, key, &count, &unread) < 0)
			continue;
		sum->packets += count.packets;
		sum->bytes += count.bytes;
	}
}

/* A map that an earlier, interrupted change names as well counts once. */
static bool
is_named_before(const json_t *changes, size_t before, const char *path)
{
	for (size_t i = 0; i < before; i++) {
		const char *other =
			firn_json_string(json_array_get(changes, i), "details",
					 "counters", NULL);

		if (other != NULL && strcmp(other, path) == 0)
			return true;
	}
	return false;
}

json_t *
firn_cut_dropped(const json_t *changes)
{
	struct firn_count sums[2] = { 0 };
	json_t *dropped = json_object(), *change;
	size_t i;

	json_array_foreach(changes, i, change) {
		const char *path =
			firn_json_string(change, "details", "counters", NULL);
		autoclose int fd = -1;

		if (path == NULL || is_named_before(changes, i, path))
			continue;
		fd = firn_cut_open_counters(path);
		if (fd >= 0)
			add_dropped(fd, sums);
	}
	firn_json_uint(dropped, "egress_packets", sums[0].packets);
	firn_json_uint(dropped, "egress_bytes", sums[0].bytes);
	firn_json_uint(dropped, "ingress_packets", sums[1].packets);
	firn_json_uint(dropped, "ingress_bytes", sums[1].bytes);
	return dropped;
}
