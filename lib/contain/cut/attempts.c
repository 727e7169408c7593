#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_ether.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/json.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/cut_attempts.h"
#include "firn/isolate.h"

static int
open_attempts(const char *path)
{
	struct bpf_map_info info;
	struct firn_err gone;
	autoclose int fd = firn_bpf_open_pin(path, &gone);

	if (fd >= 0 && firn_bpf_map_look(fd, &info, &gone) == 0 &&
	    info.type == BPF_MAP_TYPE_LRU_HASH &&
	    info.key_size == sizeof(struct firn_attempt_key) &&
	    info.value_size == sizeof(struct firn_attempt))
		return firn_steal_fd(&fd);
	return -1;
}

int
firn_attempts_pinned(const char *path, struct firn_err *err)
{
	autoclose int fd = open_attempts(path);

	if (fd >= 0)
		return firn_steal_fd(&fd);
	if (unlink(path) < 0 && errno != ENOENT)
		return firn_err_sys(err, "remove pin %s", path);
	fd = firn_attempts_map(err);
	if (fd < 0 || firn_bpf_pin(fd, path, err) < 0)
		return -1;
	return firn_steal_fd(&fd);
}

static void
set_protocol(json_t *object, const struct firn_attempt_key *key)
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {
		{ IPPROTO_TCP, "tcp" },   { IPPROTO_UDP, "udp" },
		{ IPPROTO_ICMP, "icmp" }, { IPPROTO_ICMPV6, "icmpv6" },
		{ IPPROTO_IGMP, "igmp" }, { IPPROTO_GRE, "gre" },
		{ IPPROTO_SCTP, "sctp" }, { IPPROTO_ESP, "esp" },
	};
	uint16_t type = ntohs(key->ethertype);
	char text[32];

	if (type == ETH_P_ARP) {
		firn_json_text(object, "protocol", "arp");
		return;
	}
	if (type != ETH_P_IP && type != ETH_P_IPV6) {
		snprintf(text, sizeof(text), "ethertype 0x%04x", type);
		firn_json_text(object, "protocol", text);
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == key->protocol) {
			firn_json_text(object, "protocol", names[i].name);
			return;
		}
	snprintf(text, sizeof(text), "ip %u", key->protocol);
	firn_json_text(object, "protocol", text);
}

static void
set_remote(json_t *object, const struct firn_attempt_key *key)
{
	uint16_t type = ntohs(key->ethertype);
	char text[INET6_ADDRSTRLEN];

	if (type != ETH_P_IP && type != ETH_P_ARP && type != ETH_P_IPV6)
		return;
	inet_ntop(type == ETH_P_IPV6 ? AF_INET6 : AF_INET, key->remote, text,
		  sizeof(text));
	firn_json_text(object, "remote", text);
	if (key->port != 0)
		firn_json_uint(object, "port", ntohs(key->port));
}

#define SECOND 1000000000

/* What to add to a moment since boot; the same for all of one report. */
static int64_t
boot_ns(void)
{
	struct timespec wall, boot;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return ((int64_t)wall.tv_sec - boot.tv_sec) * SECOND + wall.tv_nsec -
	       boot.tv_nsec;
}

static void
set_time(json_t *object, const char *name, int64_t ns)
{
	firn_json_time(object, name,
		       (struct timespec){ .tv_sec = ns / SECOND,
					  .tv_nsec = ns % SECOND });
}

static json_t *
one_json(const struct firn_attempt_key *key, const struct firn_attempt *attempt,
	 int64_t since_ns)
{
	json_t *object = json_object();
	size_t len = attempt->sample_len <= FIRN_SAMPLE
			     ? (size_t)attempt->sample_len
			     : FIRN_SAMPLE;
	autofree char *sample = firn_base64(attempt->sample, len);

	firn_json_text(object, "direction",
		       firn_hook_is_out((enum firn_hook)key->hook) ? "out"
								   : "in");
	firn_json_text(object, "at",
		       firn_hook_is_link((enum firn_hook)key->hook)
			       ? "interface"
			       : "cgroup");
	set_protocol(object, key);
	set_remote(object, key);
	firn_json_uint(object, "packets", attempt->packets);
	firn_json_uint(object, "bytes", attempt->bytes);
	set_time(object, "first", since_ns + (int64_t)attempt->first_ns);
	set_time(object, "last", since_ns + (int64_t)attempt->last_ns);
	firn_json_text(object, "sample", sample);
	return object;
}

/* The map changes while it's read: a key that is gone begins it anew, so what
 * we have is not taken twice, and the steps are bounded. */
static void
add_all(json_t *array, int map_fd)
{
	struct firn_attempt_key keys[2] = { 0 };
	struct firn_attempt attempt;
	int64_t since_ns = boot_ns();
	bool more = firn_bpf_next(map_fd, NULL, &keys[0]);

	for (int i = 0; more && i < FIRN_ATTEMPTS_MAX; i++) {
		if (firn_bpf_find(map_fd, &keys[0], &attempt))
			json_array_append_new(array,
					      one_json(&keys[0], &attempt,
						       since_ns));
		more = firn_bpf_next(map_fd, &keys[0], &keys[1]);
		keys[0] = keys[1];
	}
}

static json_int_t
packets_of(const json_t *attempt)
{
	return json_integer_value(json_object_get(attempt, "packets"));
}

static int
by_packets(const void *a, const void *b)
{
	json_int_t left = packets_of(*(json_t *const *)a),
		   right = packets_of(*(json_t *const *)b);

	return (left < right) - (left > right);
}

/* jansson's arrays can't be sorted in place.  Without memory it stays as it is.
 */
static void
sort(json_t *array)
{
	size_t n = json_array_size(array), i;
	autofree json_t **items = calloc(n + 1, sizeof(json_t *));
	json_t *item;

	if (items == NULL)
		return;
	json_array_foreach(array, i, item) {
		items[i] = json_incref(item);
	}
	qsort(items, n, sizeof(json_t *), by_packets);
	for (i = 0; i < n; i++)
		json_array_set_new(array, i, items[i]);
}

json_t *
firn_attempts_of(const json_t *details)
{
	const char *path = firn_json_string(details, "attempts", NULL);
	autoclose int fd = path == NULL ? -1 : open_attempts(path);
	json_t *array = json_array();

	if (fd >= 0)
		add_all(array, fd);
	sort(array);
	return array;
}

/* A map that an earlier, interrupted change names as well counts once. */
static bool
is_named_before(const json_t *changes, size_t before, const char *path)
{
	for (size_t i = 0; i < before; i++) {
		const char *other =
			firn_json_string(json_array_get(changes, i), "details",
					 "attempts", NULL);

		if (other != NULL && strcmp(other, path) == 0)
			return true;
	}
	return false;
}

int
firn_attempts(const struct firn_ledger *ledger, json_t **ret,
	      struct firn_err *err)
{
	autojson json_t *changes = firn_ledger_open_changes(ledger, "isolate");
	autojson json_t *all = json_array();
	bool logged = false;
	json_t *change;
	size_t i;

	if (changes == NULL || all == NULL)
		return firn_err_nomem(err);
	json_array_foreach(changes, i, change) {
		const json_t *details = json_object_get(change, "details");
		const char *path = firn_json_string(details, "attempts", NULL);
		autojson json_t *some = NULL;

		if (path == NULL || is_named_before(changes, i, path))
			continue;
		logged = true;
		some = firn_attempts_of(details);
		json_array_extend(all, some);
	}
	sort(all);
	*ret = logged ? firn_steal(all) : NULL;
	return 0;
}
