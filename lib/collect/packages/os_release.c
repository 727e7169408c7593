#include "collect/packages/os_release.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "collect/packages/bom.h"

#define FILE_MAX 65536

/* What it is called by Trivy, if that is not its ID. */
static const char *
trivy_name(const char *id)
{
	static const char *const names[][2] = {
		{ "almalinux", "alma" },      { "amzn", "amazon" },
		{ "mariner", "cbl-mariner" }, { "ol", "oracle" },
		{ "rhel", "redhat" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(id, names[i][0]) == 0)
			return names[i][1];
	}
	return id;
}

/* The namespace that purls have: PURL-TYPES.rst, deb, rpm, apk. */
static const char *
purl_name(const char *id)
{
	if (strcmp(id, "rhel") == 0)
		return "redhat";
	if (strncmp(id, "opensuse", 8) == 0)
		return "opensuse";
	return id;
}

static char *
read_small(struct firn_tree *tree, const char *path)
{
	struct firn_tree_entry entry;
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	char *text = NULL;
	size_t len;

	if (!firn_tree_find(tree, path, &entry) || !S_ISREG(entry.st.st_mode))
		return NULL;
	fd = firn_tree_open(tree, &entry, &why);
	if (fd < 0 || firn_read_fd(fd, path, FILE_MAX, &text, &len, &why) < 0) {
		firn_tree_gap(tree, path, &why);
		return NULL;
	}
	return text;
}

/* Of 'NAME="value"': quotes go, and no shell is asked for more. */
static void
take_value(const char *value, char *ret, size_t size)
{
	size_t len = strlen(value);

	while (len > 0 && (value[len - 1] == '\r' || value[len - 1] == ' '))
		len--;
	if (len >= 2 && (value[0] == '"' || value[0] == '\'') &&
	    value[len - 1] == value[0]) {
		value++;
		len -= 2;
	}
	snprintf(ret, size, "%.*s", (int)(len < size ? len : size - 1), value);
}

static void
parse(char *text, struct firn_os *ret)
{
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		if (strncmp(line, "ID=", 3) == 0)
			take_value(line + 3, ret->id, sizeof(ret->id));
		else if (strncmp(line, "VERSION_ID=", 11) == 0)
			take_value(line + 11, ret->release,
				   sizeof(ret->release));
		else if (strncmp(line, "PRETTY_NAME=", 12) == 0)
			take_value(line + 12, ret->pretty, sizeof(ret->pretty));
	}
}

/* Debian's VERSION_ID is "12", and Trivy and its readers say "12.5"; testing
 * has "trixie/sid", which is no number. */
static void
find_exact_version(struct firn_tree *tree, struct firn_os *ret)
{
	const char *path = NULL;
	autofree char *text = NULL;

	snprintf(ret->version, sizeof(ret->version), "%s", ret->release);
	if (strcmp(ret->id, "debian") == 0)
		path = "etc/debian_version";
	else if (strcmp(ret->id, "alpine") == 0)
		path = "etc/alpine-release";
	text = path != NULL ? read_small(tree, path) : NULL;
	if (text == NULL || text[0] < '0' || text[0] > '9')
		return;
	text[strcspn(text, "\r\n ")] = '\0';
	take_value(text, ret->version, sizeof(ret->version));
}

void
firn_os_release(struct firn_tree *tree, struct firn_os *ret)
{
	autofree char *text = read_small(tree, "etc/os-release");

	*ret = (struct firn_os){ 0 };
	if (text == NULL)
		text = read_small(tree, "usr/lib/os-release");
	if (text == NULL)
		return;
	parse(text, ret);
	ret->known = ret->id[0] != '\0';
	find_exact_version(tree, ret);
	ret->trivy = trivy_name(ret->id);
	snprintf(ret->family, sizeof(ret->family), "%s", purl_name(ret->id));
	snprintf(ret->distro, sizeof(ret->distro), "%s%s%s", ret->id,
		 ret->release[0] != '\0' ? "-" : "", ret->release);
}

json_t *
firn_os_component(const struct firn_os *os)
{
	json_t *component = json_object(), *properties = json_array();

	json_object_set_new(component, "bom-ref", json_string("os"));
	json_object_set_new(component, "type", json_string("operating-system"));
	firn_bom_text(component, "name", os->trivy);
	firn_bom_text(component, "version", os->version);
	firn_bom_text(component, "description", os->pretty);
	/* Grype, by way of Syft, takes these before name and version. */
	firn_bom_property(properties, "syft:distro:id", os->id);
	firn_bom_property(properties, "syft:distro:prettyName", os->pretty);
	firn_bom_property(properties, "syft:distro:versionID", os->release);
	firn_bom_property(properties, "aquasecurity:trivy:Class", "os-pkgs");
	firn_bom_property(properties, "aquasecurity:trivy:Type", os->trivy);
	json_object_set_new(component, "properties", properties);
	return component;
}
