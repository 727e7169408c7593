#include <stdio.h>
#include <string.h>

#include "assess/exposure/checks.h"
#include "base/json.h"

/*
 * could_privileges -- what the kernel lets the container's processes do.
 *
 * Source: capabilities(7), namespaces(7), seccomp(2).
 */

void
firn_look_privileged(struct firn_looking *looking)
{
	struct firn_facts *facts = looking->view->facts;
	const json_t *engine =
		firn_facts_json(facts, "data/runtime/hostconfig.json");

	if (json_is_true(json_object_get(engine, "Privileged")))
		firn_reason(looking, "the runtime started it with "
				     "--privileged");
}

/* What each gives to who has it outside a user namespace of his own. */
static const struct {
	const char *name;
	unsigned weight;
	const char *gives;
} capabilities[] = {
	{ "cap_sys_module", 60, "loads kernel modules" },
	{ "cap_sys_admin", 50, "mounts filesystems, and much else" },
	{ "cap_sys_rawio", 50, "reads and writes ports and raw devices" },
	{ "cap_dac_read_search", 50,
	  "opens any file of the host by its handle (open_by_handle_at(2))" },
	{ "cap_bpf", 40, "loads BPF programs" },
	{ "cap_perfmon", 40, "reads other tasks through perf events" },
	{ "cap_sys_ptrace", 30, "reads and writes other processes" },
	{ "cap_mac_admin", 30, "changes the policy of the security module" },
	{ "cap_mac_override", 30, "passes the security module by" },
	{ "cap_checkpoint_restore", 30, "reads other processes' files" },
	{ "cap_sys_boot", 20, "reboots, and loads another kernel" },
	{ "cap_net_admin", 10, "configures its network" },
	{ "cap_syslog", 10, "reads the kernel's log and addresses" },
	{ "cap_sys_time", 10, "sets the clock" },
	{ "cap_sys_nice", 5, "takes processor time from others" },
	{ "cap_ipc_lock", 5, "locks memory" },
	{ "cap_sys_resource", 5, "exceeds limits" },
};

/* In a namespace of the host's, some reach further. */
static unsigned
weight_of(const struct firn_view *view, const char *name, unsigned weight)
{
	if (strcmp(name, "cap_sys_ptrace") == 0 &&
	    firn_view_shares(view, "pid"))
		return 60;
	if (strcmp(name, "cap_net_admin") == 0 && firn_view_shares(view, "net"))
		return 40;
	return weight;
}

void
firn_look_capabilities(struct firn_looking *looking)
{
	const struct firn_view *view = looking->view;
	size_t n = sizeof(capabilities) / sizeof(capabilities[0]);

	/* Within a user namespace they hold for what belongs to that. */
	if (!firn_needs_init(looking) || !firn_view_shares(view, "user"))
		return;
	for (size_t i = 0; i < n; i++) {
		const char *name = capabilities[i].name;

		if (!firn_view_capable(view, name))
			continue;
		firn_reason_weighing(
			looking, weight_of(view, name, capabilities[i].weight),
			"it has %s: %s", name, capabilities[i].gives);
	}
}

void
firn_look_namespaces(struct firn_looking *looking)
{
	static const struct {
		const char *name;
		unsigned weight;
		const char *gives;
	} namespaces[] = {
		{ "mnt", 60, "it sees the host's files" },
		{ "pid", 40,
		  "it sees the host's processes, their environment "
		  "among it" },
		{ "net", 30,
		  "it has the host's addresses, and what listens "
		  "on them only" },
		{ "ipc", 20, "it shares memory with the host's processes" },
		{ "uts", 5, "it may see the host's name change" },
	};

	if (!firn_needs_init(looking))
		return;
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]);
	     i++) {
		const char *name = namespaces[i].name;

		if (firn_view_shares(looking->view, name))
			firn_reason_weighing(looking, namespaces[i].weight,
					     "its %s namespace is the host's: "
					     "%s",
					     name, namespaces[i].gives);
	}
}

static bool
runs_as_root(const struct firn_view *view)
{
	const json_t *uids = json_object_get(view->init, "uids");

	return json_integer_value(json_array_get(uids, 1)) == 0;
}

void
firn_look_user_namespace(struct firn_looking *looking)
{
	if (!firn_needs_init(looking))
		return;
	if (firn_view_shares(looking->view, "user") &&
	    runs_as_root(looking->view))
		firn_reason(looking, "it has no user namespace, and runs as "
				     "root");
}

void
firn_look_seccomp(struct firn_looking *looking)
{
	const char *seccomp;

	if (!firn_needs_init(looking))
		return;
	seccomp = firn_json_string(looking->view->init, "seccomp", NULL);
	if (seccomp == NULL)
		firn_cannot_tell(looking, "this kernel doesn't say");
	else if (strcmp(seccomp, "off") == 0)
		firn_reason(looking, "no seccomp filter: every system call of "
				     "the kernel is open to it");
}

void
firn_look_security_module(struct firn_looking *looking)
{
	const char *label;

	if (!firn_needs_init(looking))
		return;
	label = firn_json_string(looking->view->init, "lsm_label", NULL);
	if (label == NULL)
		firn_reason(looking, "no security module (AppArmor, SELinux) "
				     "confines it");
	else if (strncmp(label, "unconfined", 10) == 0 ||
		 strstr(label, ":spc_t:") != NULL ||
		 strstr(label, ":unconfined_t:") != NULL)
		firn_reason(looking,
			    "the security module leaves it alone: "
			    "\"%s\"",
			    label);
}
