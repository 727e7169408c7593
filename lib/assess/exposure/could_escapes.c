#include <stdio.h>
#include <string.h>

#include "assess/exposure/checks.h"
#include "assess/exposure/escapes.h"
#include "assess/exposure/version.h"
#include "base/json.h"

/*
 * could_escapes -- the runtime's and the kernel's versions against known ways
 * out.
 */

#define LIKELY 40 /* by a version that tells */
#define NOTED 20  /* by one that a distribution may have mended */

/* --- which version --------------------------------------------------------
 */

struct version {
	char text[128];        /* "" when it isn't known */
	char distribution[64]; /* "debian-12"; "" for upstream's own */
	bool package;          /* the distribution's package has it */
};

/* ID or VERSION_ID of os-release(5). */
static void
os_field(const struct firn_facts *facts, const char *key, char *ret,
	 size_t size)
{
	size_t len, key_len = strlen(key);
	const char *text = firn_facts_text(facts, "data/host/os-release", &len);
	const char *line = text, *end = text == NULL ? NULL : text + len;

	ret[0] = '\0';
	while (line != NULL && line < end) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((next != NULL ? next : end) - line);

		if (n > key_len && strncmp(line, key, key_len) == 0 &&
		    line[key_len] == '=') {
			const char *value = line + key_len + 1;

			n -= key_len + 1;
			if (n > 1 && value[0] == '"') {
				value++;
				n -= 2;
			}
			snprintf(ret, size, "%.*s", (int)n, value);
			return;
		}
		line = next == NULL ? NULL : next + 1;
	}
}

/* "1:1.1.5+ds1-1+deb12u1" without its epoch. */
static const char *
without_epoch(const char *version)
{
	const char *colon = strchr(version, ':');

	return colon != NULL ? colon + 1 : version;
}

static struct version
package_version(const struct firn_facts *facts, const json_t *host,
		const char *component)
{
	const char *name =
		strcmp(component, "docker") == 0 ? "docker.io" : component;
	const char *text =
		firn_json_string(host, "runtimes", "packages", name, NULL);
	struct version version = { 0 };
	char id[24], release[24];

	if (text == NULL)
		return version;
	snprintf(version.text, sizeof(version.text), "%s", without_epoch(text));
	os_field(facts, "ID", id, sizeof(id));
	os_field(facts, "VERSION_ID", release, sizeof(release));
	snprintf(version.distribution, sizeof(version.distribution), "%s-%s",
		 id, release);
	version.package = true;
	return version;
}

/* Debian says which version it built: "... Debian 6.1.76-1 (2024-02-01)"; what
 * others append to a release ("-generic", ".el9") says that they mend it
 * themselves. */
static struct version
kernel_version(const json_t *host)
{
	const char *release = firn_json_string(host, "kernel", NULL);
	const char *build = firn_json_string(host, "kernel_version", NULL);
	const char *debian = build == NULL ? NULL : strstr(build, "Debian ");
	struct version version = { 0 };
	size_t n;

	if (debian != NULL) {
		debian += 7;
		snprintf(version.text, sizeof(version.text), "%.*s",
			 (int)strcspn(debian, "- "), debian);
		return version;
	}
	if (release == NULL)
		return version;
	n = strspn(release, "0123456789.");
	snprintf(version.text, sizeof(version.text), "%.*s", (int)n, release);
	if (strstr(release, "-generic") != NULL ||
	    strstr(release, ".el") != NULL || strstr(release, "amzn") != NULL ||
	    strstr(release, "-aws") != NULL ||
	    strstr(release, "-azure") != NULL ||
	    strstr(release, "-gcp") != NULL || strstr(release, "fc") != NULL)
		snprintf(version.distribution, sizeof(version.distribution),
			 "a distribution");
	return version;
}

/* --- what it needs --------------------------------------------------------
 */

static bool
may_make_user_namespaces(const struct firn_view *view, const json_t *host)
{
	const char *most = firn_json_string(host, "sysctl",
					    "user/max_user_namespaces", NULL);
	const char *clone =
		firn_json_string(host, "sysctl",
				 "kernel/unprivileged_userns_clone", NULL);
	const char *seccomp = firn_json_string(view->init, "seccomp", NULL);

	if (most != NULL && strcmp(most, "0") == 0)
		return false;
	if (firn_view_capable(view, "cap_sys_admin"))
		return true;
	return (clone == NULL || strcmp(clone, "0") != 0) && seccomp != NULL &&
	       strcmp(seccomp, "off") == 0;
}

static bool
has_cgroup_v1(const struct firn_view *view)
{
	for (size_t i = 0; i < view->host.n; i++) {
		if (strcmp(view->host.items[i].fstype, "cgroup") == 0)
			return true;
	}
	return false;
}

static bool
is_met(const struct firn_view *view, const json_t *host, const char *need)
{
	const json_t *uids = json_object_get(view->init, "uids");
	const char *seccomp = firn_json_string(view->init, "seccomp", NULL);

	if (strcmp(need, "root") == 0)
		return json_integer_value(json_array_get(uids, 1)) == 0;
	if (strcmp(need, "no-user-namespace") == 0)
		return firn_view_shares(view, "user");
	if (strcmp(need, "host-network") == 0)
		return firn_view_shares(view, "net");
	if (strcmp(need, "no-seccomp") == 0)
		return seccomp != NULL && strcmp(seccomp, "off") == 0;
	if (strcmp(need, "cgroup-v1") == 0)
		return has_cgroup_v1(view);
	if (strcmp(need, "user-namespaces") == 0)
		return may_make_user_namespaces(view, host);
	return strncmp(need, "cap_", 4) == 0 && firn_view_capable(view, need);
}

/* --- the check ------------------------------------------------------------
 */

/* 0 when this version hasn't it; else what that weighs. */
static unsigned
weigh(const struct firn_escape *escape, const struct version *version)
{
	const char *mended;

	if (version->text[0] == '\0' ||
	    !firn_version_affected(version->text, escape->since,
				   (const char *const *)escape->fixed.items,
				   (unsigned)escape->fixed.n))
		return 0;
	mended = firn_escape_mended(escape, version->distribution);
	if (mended != NULL)
		return firn_version_compare(version->text, mended) < 0 ? LIKELY
								       : 0;
	return version->distribution[0] != '\0' ? NOTED : LIKELY;
}

static void
look_at_escape(struct firn_looking *looking, const json_t *host,
	       const struct firn_escape *escape)
{
	const struct firn_view *view = looking->view;
	bool kernel = strcmp(escape->component, "kernel") == 0;
	const struct version version =
		kernel ? kernel_version(host)
		       : package_version(view->facts, host, escape->component);
	unsigned weight = weigh(escape, &version);

	for (size_t i = 0; i < escape->needs.n; i++) {
		if (!is_met(view, host, escape->needs.items[i]))
			return;
	}
	if (weight == 0)
		return;
	firn_reason_weighing(looking, weight,
			     "%s, by the version of %s (%s): "
			     "%s%s%s",
			     escape->name, escape->component, version.text,
			     escape->what,
			     weight == NOTED ? "; the distribution may have "
					       "mended it"
					     : "",
			     escape->checked ? ""
					     : "; its versions are from "
					       "memory");
}

void
firn_look_escapes(struct firn_looking *looking)
{
	const json_t *host = firn_needs(looking, "data/host/host.json");
	struct firn_escapes escapes;
	struct firn_err why = { 0 };

	if (host == NULL || !firn_needs_init(looking))
		return;
	if (firn_escapes_open(&escapes, &why) < 0) {
		firn_cannot_tell(looking, "%s", why.text);
		return;
	}
	for (size_t i = 0; i < escapes.n; i++)
		look_at_escape(looking, host, &escapes.items[i]);
	firn_escapes_close(&escapes);
}
