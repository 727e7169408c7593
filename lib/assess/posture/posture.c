#include "assess/posture/posture.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"

#define OWASP                                             \
	"https://cheatsheetseries.owasp.org/cheatsheets/" \
	"Docker_Security_Cheat_Sheet.html"
#define PODS \
	"https://kubernetes.io/docs/concepts/security/pod-security-standards/"
#define NIST "https://csrc.nist.gov/pubs/sp/800/190/final"

const char *const firn_answer_names[] = { "fail", "can't tell", "pass" };

const struct firn_item firn_items[] = {
	{ "small-image", "a minimal image",
	  "what isn't there can't be used, and needs no mending", NIST,
	  firn_is_small },
	{ "no-shell", "no shell in the image",
	  "most of what breaks in runs one first", NIST, firn_has_no_shell },
	{ "no-package-manager", "no package manager in the image",
	  "it brings the intruder his tools", NIST,
	  firn_has_no_package_manager },
	{ "no-build-tools", "no compilers or download tools in the image",
	  "they bring the intruder his tools", NIST, firn_has_no_build_tools },
	{ "pinned-image", "the image is pinned by its digest",
	  "a tag can come to mean another image", NIST, firn_is_pinned },
	{ "approved-registry", "the image is from an approved registry",
	  "who controls the registry controls the workload", NIST,
	  firn_is_from_approved_registry },
	{ "signed-image", "the image's signature and provenance are checked",
	  "they tell who built it, from what", NIST, firn_is_signed },
	{ "recent-image", "the image is no older than 90 days",
	  "known holes get mended by a new image", NIST, firn_is_recent },
	{ "no-baked-secrets",
	  "no secrets in layers, environment or build "
	  "arguments",
	  "whoever may pull or inspect has them", OWASP,
	  firn_has_no_baked_secrets },
	{ "health-check", "a health check",
	  "somebody is told when it stops working", OWASP,
	  firn_has_health_check },
	{ "not-root", "it doesn't run as root",
	  "root within is root without, once it gets out", PODS,
	  firn_is_not_root },
	{ "not-privileged", "it isn't privileged",
	  "a privileged container is root on the host but in name", PODS,
	  firn_is_not_privileged },
	{ "few-capabilities", "no capability but NET_BIND_SERVICE",
	  "each one is a part of root", PODS, firn_has_few_capabilities },
	{ "no-new-privileges",
	  "no new privileges (allowPrivilegeEscalation: "
	  "false)",
	  "set-user-id programs give none then", PODS,
	  firn_gains_no_privileges },
	{ "seccomp", "a seccomp profile",
	  "the kernel's rarer calls are where its holes are", PODS,
	  firn_is_filtered },
	{ "security-module", "a profile of AppArmor or SELinux",
	  "a second wall behind the kernel's own checks", PODS,
	  firn_is_confined },
	{ "own-namespaces", "no namespace of the host",
	  "what it doesn't share it can't see or disturb", PODS,
	  firn_shares_no_namespace },
	{ "no-runtime-socket", "no runtime's socket within",
	  "who reaches it starts privileged containers", OWASP,
	  firn_has_no_runtime_socket },
	{ "read-only-root", "a read-only root filesystem",
	  "what can't be written can't be left behind", OWASP,
	  firn_has_read_only_root },
	{ "memory-limit", "a limit of memory", "it can't starve its neighbours",
	  OWASP, firn_has_memory_limit },
	{ "processor-limit", "a limit of processor time",
	  "it can't starve its neighbours", OWASP, firn_has_processor_limit },
	{ "process-limit", "a limit of processes", "a fork bomb stays small",
	  OWASP, firn_has_process_limit },
	{ "outbound-network", "restricted outbound network",
	  "beacons, pools and thieves need a way out", NIST,
	  firn_is_restricted_outbound },
	{ "incident-plan", "an incident plan in place",
	  "who may isolate what is settled before the night it is needed", NIST,
	  firn_has_incident_plan },
};

const size_t firn_n_items = sizeof(firn_items) / sizeof(firn_items[0]);

enum firn_answer
firn_answer(struct firn_answering *answering, enum firn_answer answer,
	    const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(answering->fact, sizeof(answering->fact), fmt, args);
	va_end(args);
	return answer;
}

json_t *
firn_posture(const struct firn_view *view)
{
	json_t *posture = json_array();

	for (size_t i = 0; i < firn_n_items; i++) {
		const struct firn_item *item = &firn_items[i];
		struct firn_answering answering = { .view = view };
		enum firn_answer answer = item->answer(&answering);
		json_t *one = json_object();

		firn_json_text(one, "item", item->name);
		firn_json_text(one, "title", item->title);
		firn_json_text(one, "answer", firn_answer_names[answer]);
		firn_json_text(one, "fact", answering.fact);
		firn_json_text(one, "why", item->why);
		firn_json_text(one, "link", item->link);
		json_array_append_new(posture, one);
	}
	return posture;
}
