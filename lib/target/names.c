#include "target/names.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"

/* Of docker's and containerd's ids; also the longest there is. */
#define ID_DIGITS 64

bool
names_is_id(const char *text)
{
	size_t len = strlen(text);
	bool word = false;

	if (len == 0 || len > NAMES_MAX || text[0] == '-' || text[0] == '+')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x80 || (!isalnum(c) && strchr("_.+-", c) == NULL))
			return false;
		word |= isalnum(c) || c == '_';
	}
	return word;
}

bool
names_is_hex(const char *text)
{
	return text[0] != '\0' &&
	       text[strspn(text, "0123456789abcdef")] == '\0';
}

bool
names_is_path(const char *text)
{
	if (text[0] != '/' || strlen(text) >= 4096)
		return false;
	while (*text != '\0') {
		size_t len = strcspn(++text, "/");

		if (len == 0 || len > NAMES_MAX ||
		    (len <= 2 && strspn(text, ".") == len))
			return false;
		for (size_t i = 0; i < len; i++)
			if (iscntrl((unsigned char)text[i]))
				return false;
		text += len;
	}
	return true;
}

static int
refuse(const char *text, const char *why, struct firn_err *err)
{
	return firn_err_set(err, EINVAL, "\"%s\" can't be a container: %s",
			    text, why);
}

/* "NAMESPACE/POD[/CONTAINER]" */
static int
parse_pod(const char *text, struct query *ret, struct firn_err *err)
{
	char *const parts[] = { ret->pod_namespace, ret->pod_name,
				ret->pod_container };
	const char *rest = text;
	size_t n = 0;

	while (n < 3) {
		size_t len = strcspn(rest, "/");

		if (len > NAMES_MAX)
			return refuse(text, "a part is too long", err);
		memcpy(parts[n], rest, len);
		parts[n][len] = '\0';
		if (!names_is_id(parts[n]))
			return refuse(text, "pod:NAMESPACE/POD[/CONTAINER]",
				      err);
		n++;
		rest += len;
		if (*rest == '\0')
			break;
		rest++;
	}
	if (n < 2 || *rest != '\0')
		return refuse(text, "pod:NAMESPACE/POD[/CONTAINER]", err);
	ret->kind = QUERY_POD;
	return 0;
}

static int
parse_pid(const char *text, struct query *ret, struct firn_err *err)
{
	uint64_t pid;

	if (strlen(text) > 10 || !firn_is_decimal(text, &pid) || pid == 0 ||
	    pid > INT32_MAX)
		return refuse(text, "pid:N takes a process id", err);
	ret->kind = QUERY_PID;
	ret->pid = (pid_t)pid;
	return 0;
}

static int
parse_cgroup(const char *text, struct query *ret, struct firn_err *err)
{
	size_t len = strlen(text);

	if (len >= sizeof(ret->text))
		return refuse("cgroup:", "the path is too long", err);
	memcpy(ret->text, text, len + 1);
	/* Completion leaves a slash behind a folder's name. */
	if (len > 1 && ret->text[len - 1] == '/')
		ret->text[len - 1] = '\0';
	ret->kind = QUERY_CGROUP;
	if (strcmp(ret->text, "/") == 0)
		return firn_err_set(err, EPERM,
				    "refused: \"/\" is the root of the control "
				    "groups, which holds the whole machine");
	if (!names_is_path(ret->text))
		return refuse(text,
			      "cgroup:PATH takes an absolute path without "
			      "\"..\"",
			      err);
	return 0;
}

/* An id, or the beginning of one.  A machine cuts ids at 12 digits. */
static int
parse_id(const char *text, struct query *ret, struct firn_err *err)
{
	if (!names_is_id(text))
		return refuse(text, "this is no container's id", err);
	memcpy(ret->text, text, strlen(text) + 1);
	ret->kind = QUERY_ID;
	/* A digit was lost on the way, and what else went wrong? */
	if (names_is_hex(text) && strlen(text) == ID_DIGITS - 1)
		return refuse(text, "63 digits: an id has 64; was it cut?",
			      err);
	return 0;
}

int
query_parse(const char *text, struct query *ret, struct firn_err *err)
{
	static const struct {
		const char *scheme;
		int (*parse)(const char *, struct query *, struct firn_err *);
		enum firn_runtime runtime;
	} schemes[] = {
		{ "docker://", parse_id, FIRN_RUNTIME_DOCKER },
		{ "containerd://", parse_id, FIRN_RUNTIME_CONTAINERD },
		{ "cri-o://", parse_id, FIRN_RUNTIME_CRIO },
		{ "podman://", parse_id, FIRN_RUNTIME_PODMAN },
		{ "id:", parse_id, FIRN_RUNTIME_UNKNOWN },
		{ "pod:", parse_pod, FIRN_RUNTIME_UNKNOWN },
		{ "pid:", parse_pid, FIRN_RUNTIME_UNKNOWN },
		{ "cgroup:", parse_cgroup, FIRN_RUNTIME_UNKNOWN },
	};

	*ret = (struct query){ 0 };
	if (text[0] == '\0')
		return firn_err_set(err, EINVAL, "no container is named");
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i].scheme);

		if (strncmp(text, schemes[i].scheme, len) != 0)
			continue;
		ret->runtime = schemes[i].runtime;
		return schemes[i].parse(text + len, ret, err);
	}
	if (strchr(text, ':') != NULL)
		return refuse(text,
			      "known are docker://, containerd://, cri-o://, "
			      "podman://, id:, pod:, pid: and cgroup:",
			      err);
	if (parse_id(text, ret, err) < 0)
		return -1;
	ret->kind = QUERY_ANY;
	return 0;
}
