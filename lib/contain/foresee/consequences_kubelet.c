#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "base/auto.h"
#include "base/io.h"
#include "contain/foresee/consequence.h"
#include "target/disk.h"

/*
 * What kubelet does with a probe that fails (kubernetes.io, "Configure
 * Liveness, Readiness and Startup Probes"): failureThreshold failures in a row,
 * each periodSeconds after the other, and it kills the container.
 */
#define PERIOD_S 10
#define FAILURES 3

#define MANIFESTS "/etc/kubernetes/manifests"
#define MANIFEST_MAX ((size_t)1 << 20)

struct probe {
	long long period_s, failures;
};

/* Is there a line "name: NAME", and the pod is NAME-NODE, as a static one is
 * called?  No YAML is parsed here: this only has to know the file. */
static bool
names_pod(const char *text, const char *pod)
{
	const char *at = text;
	struct utsname node;

	if (uname(&node) < 0)
		return false;
	while ((at = strstr(at, "name: ")) != NULL) {
		size_t len;

		at += strlen("name: ");
		len = strcspn(at, "\r\n \t");
		if (len > 0 && strncmp(at, pod, len) == 0 && pod[len] == '-' &&
		    strcasecmp(pod + len + 1, node.nodename) == 0)
			return true;
	}
	return false;
}

/* The number behind a key on a line of its own, before `end`. */
static long long
value_of(const char *at, const char *end, const char *key, long long otherwise)
{
	const char *found = strstr(at, key);
	long long value;

	if (found == NULL || found >= end)
		return otherwise;
	value = strtoll(found + strlen(key), NULL, 10);
	return value > 0 && value < 1000000 ? value : otherwise;
}

/* The end of the block that begins on this line: the next line that isn't
 * deeper. */
static const char *
block_end(const char *text, const char *start)
{
	const char *line = start, *at = start;
	size_t depth;

	while (line > text && line[-1] != '\n')
		line--;
	depth = strspn(line, " ");
	while ((at = strchr(at, '\n')) != NULL) {
		at++;
		if (strspn(at, " ") <= depth && *at != '\n' && *at != '\0')
			return at;
	}
	return start + strlen(start);
}

/* How many liveness probes it has; `ret` is the first. */
static unsigned
find_probe(const char *text, struct probe *ret)
{
	static const char key[] = "livenessProbe:";
	const char *first = strstr(text, key), *end;

	if (first == NULL)
		return 0;
	end = block_end(text, first);
	ret->period_s = value_of(first, end, "periodSeconds:", PERIOD_S);
	ret->failures = value_of(first, end, "failureThreshold:", FAILURES);
	return strstr(end, key) != NULL ? 2 : 1;
}

static void
add_manifest(const char *path, const char *text, json_t *list)
{
	struct probe probe = { 0 };
	unsigned n = find_probe(text, &probe);
	long long first = (probe.failures - 1) * probe.period_s;

	if (n == 0)
		firn_consequence_add(list, "probe", FIRN_SOME_TIME,
				     "%s has no liveness probe for it", path);
	else if (n == 1)
		firn_consequence_add(
			list, "probe", first,
			"its liveness probe, by %s, fails while it is frozen: "
			"the kubelet kills it in %lld to %lld s, and starts it "
			"anew",
			path, first, first + probe.period_s);
	else
		firn_consequence_add(list, "probe", FIRN_SOME_TIME,
				     "%s has several liveness probes: those of "
				     "its container fail while it is frozen, "
				     "and the kubelet kills it",
				     path);
}

static bool
add_static_pod(const struct firn_target *target, json_t *list)
{
	autofree char **names = disk_names(target->host, MANIFESTS);

	for (size_t i = 0; names != NULL && names[i] != NULL && i < 64; i++) {
		const struct disk_path path =
			disk_path(MANIFESTS "/%s", names[i]);
		autofree char *text = NULL;
		struct firn_err none = { 0 };
		size_t len;

		if (firn_host_read(target->host, path.text, MANIFEST_MAX, &text,
				   &len, &none) < 0 ||
		    !names_pod(text, target->pod_name))
			continue;
		add_manifest(path.text, text, list);
		return true;
	}
	return false;
}

void
firn_consequences_of_kubelet(const struct firn_target *target, json_t *list)
{
	if (target->pod_name == NULL)
		return;
	if (add_static_pod(target, list))
		return;
	firn_consequence_add(
		list, "probe", (FAILURES - 1) * PERIOD_S,
		"probes are not on this node's disk; if it has a liveness "
		"probe, the kubelet's default kills it after %d failures %d s "
		"apart, so count on %d s; a readiness probe that fails takes "
		"it out of its services",
		FAILURES, PERIOD_S, FAILURES * PERIOD_S);
	firn_consequence_add(list, "restart", FIRN_SOME_TIME,
			     "if it is killed, the kubelet starts it again "
			     "under a new id, unless its pod says Never");
}
