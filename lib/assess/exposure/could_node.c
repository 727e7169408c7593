#include <string.h>

#include "assess/exposure/checks.h"
#include "base/json.h"

/*
 * could_node -- services of the node that answer whoever reaches them.
 */

static bool
is_owned_by(const json_t *listener, const char *name)
{
	const json_t *owner;
	size_t i;

	json_array_foreach(json_object_get(listener, "pids"), i, owner) {
		const char *comm = firn_json_string(owner, "comm", NULL);

		if (comm != NULL && strcmp(comm, name) == 0)
			return true;
	}
	return false;
}

static bool
is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* From outside, the host's loopback can't be reached. */
static bool
is_reachable(const struct firn_view *view, const char *address)
{
	return !is_loopback(address) || firn_view_shares(view, "net");
}

void
firn_look_engine_api(struct firn_looking *looking)
{
	const json_t *listener;
	size_t i;

	json_array_foreach(firn_needs(looking, "data/host/listeners.jsonl"), i,
			   listener) {
		const char *address =
			firn_json_string(listener, "address", NULL);
		json_int_t port =
			json_integer_value(json_object_get(listener, "port"));

		if (address == NULL || !is_reachable(looking->view, address) ||
		    (port != 2375 && !is_owned_by(listener, "dockerd")))
			continue;
		firn_reason_weighing(looking, port == 2376 ? 20 : 50,
				     "the Engine API listens on %s port %lld%s",
				     address, (long long)port,
				     port == 2376 ? ", the port for TLS" : "");
	}
}

void
firn_look_kubelet_ports(struct firn_looking *looking)
{
	const json_t *listener;
	size_t i;

	json_array_foreach(firn_needs(looking, "data/host/listeners.jsonl"), i,
			   listener) {
		const char *address =
			firn_json_string(listener, "address", NULL);
		json_int_t port =
			json_integer_value(json_object_get(listener, "port"));

		if (address != NULL && is_reachable(looking->view, address) &&
		    port == 10255)
			firn_reason(looking,
				    "port 10255 answers on %s: the "
				    "kubelet's read-only port",
				    address);
	}
}

/* A route of the main kind (RTN_UNICAST) that covers the address. */
static bool
leads_there(const json_t *route)
{
	const char *family = firn_json_string(route, "family", NULL);
	const char *to = firn_json_string(route, "destination", NULL);

	return family != NULL && strcmp(family, "inet") == 0 &&
	       json_integer_value(json_object_get(route, "kind")) == 1 &&
	       (to == NULL || strcmp(to, "0.0.0.0") == 0 ||
		strncmp(to, "169.254.", 8) == 0);
}

void
firn_look_metadata(struct firn_looking *looking)
{
	const json_t *route;
	size_t i;

	json_array_foreach(firn_needs(looking, "data/network/routes.jsonl"), i,
			   route) {
		if (!leads_there(route))
			continue;
		firn_reason(looking, "it has a route to 169.254.169.254; "
				     "whether a metadata service answers there "
				     "was not tried");
		return;
	}
}

void
firn_look_service_account(struct firn_looking *looking)
{
	static const char *const folders[] = {
		"/var/run/secrets/kubernetes.io/serviceaccount",
		"/run/secrets/kubernetes.io/serviceaccount", NULL
	};

	if (firn_needs(looking, "data/mounts/mounts.jsonl") == NULL)
		return;
	for (size_t i = 0; folders[i] != NULL; i++) {
		if (firn_view_mount(looking->view, folders[i]) == NULL)
			continue;
		firn_reason(looking,
			    "a service account's token is mounted at "
			    "%s; what it may do (RBAC) stands in the "
			    "cluster, not on this node",
			    folders[i]);
		return;
	}
}
