/*
 * where -- is this node meant at all?
 */

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/alert.h"
#include "respond/alert/lead.h"

static bool
is_address(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET, text, &address) == 1 ||
	       inet_pton(AF_INET6, text, &address) == 1;
}

/* One of them may have the domain behind it. */
static bool
is_same_host(const char *a, const char *b)
{
	size_t len = strcspn(a, "."), other_len = strcspn(b, ".");

	if (strcasecmp(a, b) == 0)
		return true;
	if ((a[len] == '\0') == (b[other_len] == '\0') || is_address(a) ||
	    is_address(b))
		return false;
	return len == other_len && strncasecmp(a, b, len) == 0;
}

static bool
is_ours(const char *said, const json_t *host_names)
{
	const json_t *one;
	size_t i;

	json_array_foreach(host_names, i, one) {
		if (json_is_string(one) &&
		    is_same_host(said, json_string_value(one)))
			return true;
	}
	return false;
}

/* "10.0.0.7:10250", "[::1]:9100", "node-7" */
static char *
without_port(const char *instance)
{
	const char *colon = strrchr(instance, ':');
	size_t len = strlen(instance);

	if (instance[0] == '[')
		return strndup(instance + 1, strcspn(instance + 1, "]"));
	if (colon != NULL && strchr(instance, ':') == colon)
		len = (size_t)(colon - instance);
	return strndup(instance, len);
}

/*
 * Whom Prometheus asked: of cadvisor that is the node, of kube-state-metrics
 * it's not, and often it is an address.  An id and a pod's name are no other
 * node's, so that it counts only where a plain name is all there is: "web" may
 * run on each of them.
 */
static char *
host_of(const json_t *alert)
{
	const char *host = firn_json_string(alert, "host", NULL);
	const char *instance =
		firn_json_string(alert, "labels", "instance", NULL);
	bool unique = json_object_get(alert, "container_id") != NULL ||
		      (json_object_get(alert, "pod") != NULL &&
		       json_object_get(alert, "namespace") != NULL);

	if (host != NULL)
		return strdup(host);
	return instance != NULL && !unique ? without_port(instance) : NULL;
}

bool
firn_alert_leads_nowhere(const json_t *alert, const json_t *host_names,
			 json_t **ret_why)
{
	const char *state = firn_json_string(alert, "state", NULL);
	autofree char *host = NULL;

	if (state != NULL && strcmp(state, "resolved") == 0) {
		*ret_why = lead_why("resolved", NULL,
				    "the alert says that it's over");
		return true;
	}
	host = json_array_size(host_names) > 0 ? host_of(alert) : NULL;
	if (host != NULL && !is_ours(host, host_names)) {
		*ret_why = lead_why("another host", NULL,
				    "the alert is about %s, and this node is "
				    "%s",
				    host,
				    json_string_value(
					    json_array_get(host_names, 0)));
		return true;
	}
	if (json_is_true(json_object_get(alert, "on_host")) &&
	    json_object_get(alert, "container_id") == NULL) {
		*ret_why = lead_why("host", NULL,
				    "the alert is about the node itself, and "
				    "about no container");
		return true;
	}
	return false;
}

static void
add_name(json_t *names, const char *name)
{
	if (name != NULL && name[0] != '\0' && !firn_json_holds(names, name))
		json_array_append_new(names, json_string(name));
}

static void
add_addresses(json_t *names)
{
	struct ifaddrs *all = NULL;
	char text[NI_MAXHOST];

	if (getifaddrs(&all) < 0)
		return;
	for (struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
		socklen_t len = sizeof(struct sockaddr_in6);

		if (one->ifa_addr == NULL)
			continue;
		if (one->ifa_addr->sa_family == AF_INET)
			len = sizeof(struct sockaddr_in);
		else if (one->ifa_addr->sa_family != AF_INET6)
			continue;
		if (getnameinfo(one->ifa_addr, len, text, sizeof(text), NULL, 0,
				NI_NUMERICHOST) != 0)
			continue;
		text[strcspn(text, "%")] = '\0';
		add_name(names, text);
	}
	freeifaddrs(all);
}

int
firn_alert_host_names(const struct firn_host *host, json_t **ret,
		      struct firn_err *err)
{
	autojson json_t *names = json_array();
	autofree char *file = NULL;
	struct firn_err none = { 0 };
	char name[256] = "";
	size_t len;

	if (names == NULL)
		return firn_err_nomem(err);
	if (gethostname(name, sizeof(name) - 1) < 0)
		return firn_err_sys(err, "ask for this node's name");
	add_name(names, name);
	if (firn_host_read(host, "/etc/hostname", 4096, &file, &len, &none) ==
	    0) {
		file[strcspn(file, " \t\r\n")] = '\0';
		add_name(names, file);
	}
	add_name(names, getenv("NODE_NAME"));
	add_name(names, "localhost");
	add_addresses(names);
	*ret = firn_steal(names);
	return 0;
}
