#include "contain/cut/powers.h"

#include <stdint.h>
#include <stdlib.h>

#include <linux/capability.h>

#include "base/auto.h"
#include "host/proc.h"

/* CAP_BPF; not in every header. */
#define FIRN_CAP_BPF 39

static bool
has(uint64_t set, unsigned capability)
{
	return (set >> capability & 1) != 0;
}

static uint64_t
set_of(const char *status, const char *key)
{
	char value[32];

	if (firn_proc_status_field(status, key, value, sizeof(value)) < 0)
		return 0;
	return strtoull(value, NULL, 16);
}

static uint64_t
process_sets(const struct firn_target *target, pid_t pid)
{
	autofree char *status = NULL;
	struct firn_err gone;

	if (firn_proc_read(target->host, pid, "status", FIRN_PROC_MAX, &status,
			   NULL, &gone) < 0)
		return 0;
	return set_of(status, "CapPrm") | set_of(status, "CapBnd");
}

static bool
is_in_hosts_userns(const struct firn_target *target)
{
	struct firn_namespaces host;
	struct firn_err unknown;

	return firn_proc_namespaces(target->host, 1, &host, &unknown) < 0 ||
	       host.inode[FIRN_NS_USER] ==
		       target->namespaces.inode[FIRN_NS_USER];
}

struct firn_powers
firn_powers(const struct firn_target *target)
{
	const struct firn_members *members = &target->members;
	struct firn_powers powers = { 0 };
	uint64_t sets = 0;

	for (size_t i = 0; i < members->n; i++)
		if (!members->items[i].joined && !members->items[i].foreign)
			sets |= process_sets(target, members->items[i].pid);
	powers.raw = has(sets, CAP_NET_RAW);
	powers.admin = has(sets, CAP_NET_ADMIN);
	powers.bpf = powers.admin &&
		     (has(sets, FIRN_CAP_BPF) || has(sets, CAP_SYS_ADMIN));
	powers.on_host = is_in_hosts_userns(target);
	return powers;
}
