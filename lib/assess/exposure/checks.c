#include "assess/exposure/checks.h"

#include <stdarg.h>
#include <string.h>

#include "base/json.h"

#define REASONS_MAX 200 /* of one check; more say nothing more */

#define TARGET "data/processes/processes.jsonl"
#define MOUNTS "data/mounts/mounts.jsonl, data/host/mountinfo"
#define CONFIG "data/runtime/oci-config.json"
#define LISTENERS "data/host/listeners.jsonl"
#define CHANGES "data/filesystem/changes.jsonl"

/* What is to be done, most often. */
#define REBUILD                                                              \
	"drain the node, keep it for the examiners, rebuild it, and rotate " \
	"every credential that was on it"
#define NEIGHBOURS "look at the other containers of this node as well"
#define HARDEN "run it without that"

const struct firn_check firn_checks[] = {
	{ "privileged", FIRN_COULD_IT, 60, "data/runtime/hostconfig.json",
	  "a privileged container is root on the host but in name", HARDEN,
	  firn_look_privileged },
	{ "capabilities", FIRN_COULD_IT, 50, TARGET,
	  "a capability in the host's user namespace reaches the host", HARDEN,
	  firn_look_capabilities },
	{ "namespaces", FIRN_COULD_IT, 40, TARGET,
	  "what it shares with the host it can see and disturb", HARDEN,
	  firn_look_namespaces },
	{ "user-namespace", FIRN_COULD_IT, 10, TARGET,
	  "root within is root without, once it gets out",
	  "map its users (userns-remap, hostUsers: false)",
	  firn_look_user_namespace },
	{ "seccomp", FIRN_COULD_IT, 20, TARGET,
	  "every system call is a way into the kernel",
	  "run it with the runtime's default profile", firn_look_seccomp },
	{ "security-module", FIRN_COULD_IT, 10, TARGET,
	  "nothing but the kernel's own checks stands between it and the host",
	  "run it with the runtime's default profile",
	  firn_look_security_module },
	{ "runtime-socket", FIRN_COULD_IT, 55, MOUNTS ", " LISTENERS,
	  "who reaches the runtime's socket starts privileged containers",
	  HARDEN "; " NEIGHBOURS, firn_look_runtime_sockets },
	{ "host-paths", FIRN_COULD_IT, 50, MOUNTS,
	  "files of the host are in its hands", HARDEN, firn_look_host_paths },
	{ "propagation", FIRN_COULD_IT, 40, MOUNTS,
	  "a mount made within appears on the host", HARDEN,
	  firn_look_propagation },
	{ "proc", FIRN_COULD_IT, 60, MOUNTS,
	  "the kernel's settings are in its hands", HARDEN, firn_look_proc },
	{ "sys", FIRN_COULD_IT, 50, MOUNTS,
	  "the kernel's devices and settings are in its hands", HARDEN,
	  firn_look_sys },
	{ "cgroup", FIRN_COULD_IT, 40, MOUNTS,
	  "control groups are in its hands", HARDEN, firn_look_cgroup },
	{ "devices", FIRN_COULD_IT, 50, CONFIG,
	  "a device passes all protection of files by", HARDEN,
	  firn_look_devices },
	{ "engine-api", FIRN_COULD_IT, 50, LISTENERS,
	  "who reaches the Engine API starts privileged containers",
	  "let it listen on its socket only, or with TLS and client "
	  "certificates",
	  firn_look_engine_api },
	{ "kubelet-port", FIRN_COULD_IT, 20, LISTENERS,
	  "it tells every pod's environment to who asks",
	  "set readOnlyPort: 0 for the kubelet", firn_look_kubelet_ports },
	{ "metadata", FIRN_COULD_IT, 10, "data/network/routes.jsonl",
	  "on a cloud, the node's role may be asked for there",
	  "demand session tokens with a hop limit of 1; deny the address",
	  firn_look_metadata },
	{ "service-account", FIRN_COULD_IT, 10, MOUNTS,
	  "the token speaks to the cluster's API",
	  "kubectl auth can-i --list --as "
	  "system:serviceaccount:NAMESPACE:NAME",
	  firn_look_service_account },
	{ "known-escape", FIRN_COULD_IT, 40,
	  "data/host/host.json, data/host/os-release",
	  "somebody has written it down, and others have tried it",
	  "update it, and start every container anew", firn_look_escapes },

	{ "host-process", FIRN_DID_IT, 90, "data/host/processes.jsonl",
	  "the container's program runs outside of it", REBUILD,
	  firn_look_host_processes },
	{ "escaped-process", FIRN_DID_IT, 90, TARGET,
	  "only who can write the host's cgroups gets out of one", REBUILD,
	  firn_look_escaped },
	{ "host-namespace", FIRN_DID_IT, 90, TARGET,
	  "it has entered what it was kept from", REBUILD,
	  firn_look_joined_host },
	{ "descriptor", FIRN_DID_IT, 60, "data/processes/PID/fd.json",
	  "a descriptor that was left open leads past the root "
	  "(CVE-2024-21626), or was handed in",
	  REBUILD, firn_look_descriptors },
	{ "hidden-process", FIRN_DID_IT, 80, "data/host/hidden.jsonl",
	  "somebody with root on the host hides something", REBUILD,
	  firn_look_hidden },
	{ "runtime-binary", FIRN_DID_IT, 95, "data/host/host.json",
	  "the runtime's program was replaced (CVE-2019-5736): every "
	  "container started since ran it",
	  REBUILD, firn_look_runtime_binaries },
	{ "kernel-helper", FIRN_DID_IT, 95, "data/host/knobs.json",
	  "the kernel runs it as root on the host", REBUILD, firn_look_knobs },
	{ "host-file", FIRN_DID_IT, 90, "data/host/files.jsonl, " MOUNTS,
	  "a file that decides over the host was in its reach, and changed",
	  REBUILD, firn_look_host_files },
	{ "preload", FIRN_DID_IT, 60, "data/host/knobs.json",
	  "every program of the host runs that code", REBUILD,
	  firn_look_preload },
	{ "kernel-module", FIRN_DID_IT, 40, "data/host/modules.jsonl",
	  "new code runs in the kernel", REBUILD, firn_look_modules },
	{ "bpf-program", FIRN_DID_IT, 60, "data/host/bpf.jsonl",
	  "new code runs in the kernel",
	  "compare it with what the node's own agents load", firn_look_bpf },
	{ "new-container", FIRN_DID_IT, 50, "data/host/containers.jsonl",
	  "who reaches the runtime gets out by a container of his own",
	  "firn capture it too; then " REBUILD, firn_look_new_containers },
	{ "metadata-used", FIRN_DID_IT, 40,
	  "data/network/sockets.jsonl, data/network/conntrack.jsonl",
	  "the credentials of the node's role, or of its own, may be taken",
	  "revoke the sessions of the role: firn secrets says how",
	  firn_look_metadata_used },
	{ "mining", FIRN_DID_IT, 40, TARGET ", data/network/, data/logs/",
	  "it was broken into for its processor time; no sign of more",
	  NEIGHBOURS, firn_look_mining },
	{ "memory-only", FIRN_DID_IT, 20, TARGET,
	  "somebody doesn't want the program to be found, or an update is "
	  "under way",
	  "its executable is in the archive", firn_look_memory_only },
	{ "intruder-tools", FIRN_DID_IT, 40, CHANGES,
	  "somebody brought what breaks out of containers or spreads",
	  NEIGHBOURS, firn_look_tools },
	{ "credential-hunt", FIRN_DID_IT, 20, CHANGES ", data/logs/",
	  "somebody, or the application, read credentials",
	  "firn secrets lists what to rotate", firn_look_hunting },
};

const size_t firn_n_checks = sizeof(firn_checks) / sizeof(firn_checks[0]);

__attribute__((format(printf, 3, 0))) static void
add_reason(struct firn_looking *looking, unsigned weight, const char *fmt,
	   va_list args)
{
	const struct firn_check *check = looking->check;
	json_t *reason;

	if (++looking->n > REASONS_MAX)
		return;
	reason = json_object();
	firn_json_text(reason, "check", check->name);
	json_object_set_new(reason, "question",
			    json_string(check->question == FIRN_DID_IT
						? "did it"
						: "could it"));
	json_object_set_new(reason, "weight", json_integer(weight));
	json_object_set_new(reason, "fact", firn_json_message(fmt, args));
	firn_json_text(reason, "read", check->reads);
	firn_json_text(reason, "means", check->means);
	firn_json_text(reason, "do", check->todo);
	json_array_append_new(looking->reasons, reason);
}

void
firn_reason(struct firn_looking *looking, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_reason(looking, looking->check->weight, fmt, args);
	va_end(args);
}

void
firn_reason_weighing(struct firn_looking *looking, unsigned weight,
		     const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_reason(looking, weight, fmt, args);
	va_end(args);
}

void
firn_cannot_tell(struct firn_looking *looking, const char *fmt, ...)
{
	json_t *one = json_object();
	va_list args;

	firn_json_text(one, "check", looking->check->name);
	va_start(args, fmt);
	json_object_set_new(one, "why", firn_json_message(fmt, args));
	va_end(args);
	json_array_append_new(looking->unknown, one);
}

const json_t *
firn_needs(struct firn_looking *looking, const char *path)
{
	const json_t *json = firn_facts_json(looking->view->facts, path);

	if (json == NULL)
		firn_cannot_tell(looking, "%s was not captured", path);
	return json;
}

bool
firn_needs_init(struct firn_looking *looking)
{
	if (looking->view->init == NULL)
		firn_cannot_tell(looking, "its first process was not captured");
	return looking->view->init != NULL;
}
