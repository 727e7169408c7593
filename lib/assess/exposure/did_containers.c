#include <string.h>

#include "assess/exposure/checks.h"
#include "base/json.h"

/*
 * did_containers -- containers that this one may have started, and the metadata
 * service that it has asked.
 */

static const char *
reach_of(const json_t *container)
{
	const json_t *mount;
	size_t i;

	if (json_is_true(json_object_get(container, "privileged")))
		return ", privileged";
	json_array_foreach(json_object_get(container, "mounts"), i, mount) {
		const char *source = firn_json_string(mount, "source", NULL);

		if (source != NULL && strcmp(source, "/") == 0)
			return ", with all of the host's files";
	}
	return NULL;
}

void
firn_look_new_containers(struct firn_looking *looking)
{
	const struct firn_view *view = looking->view;
	const json_t *containers =
		firn_needs(looking, "data/host/containers.jsonl");
	const char *own = firn_json_string(view->target, "id", NULL);
	const json_t *one;
	size_t i;

	if (containers == NULL || firn_runtime_socket(view) == NULL)
		return;
	json_array_foreach(containers, i, one) {
		const char *id = firn_json_string(one, "id", NULL);
		const char *name = firn_json_string(one, "name", NULL);
		const char *created = firn_json_string(one, "created", NULL);
		const char *reach = reach_of(one);

		if (id == NULL || (own != NULL && strcmp(id, own) == 0) ||
		    !firn_view_since(view, created))
			continue;
		firn_reason_weighing(looking, reach != NULL ? 95 : 50,
				     "the container %.12s%s%s was made after "
				     "this one, which reaches the runtime%s",
				     id, name != NULL ? " " : "",
				     name != NULL ? name : "",
				     reach != NULL ? reach : "");
	}
}

/* --- the metadata service -------------------------------------------------
 */

static bool
is_metadata(const char *address)
{
	static const char *const addresses[] = {
		"169.254.169.254", "169.254.170.2", "169.254.170.23",
		"100.100.100.200", "100.96.0.96",   "fd00:ec2::254",
		"fd20:ce::254",    "169.254.0.23",  NULL
	};

	for (size_t i = 0; addresses[i] != NULL; i++) {
		if (strcmp(address, addresses[i]) == 0)
			return true;
	}
	return false;
}

static const char *
metadata_in(const json_t *lines, const char *a, const char *b)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		const char *address = firn_json_string(line, a, b, NULL);

		if (address != NULL && is_metadata(address))
			return address;
	}
	return NULL;
}

void
firn_look_metadata_used(struct firn_looking *looking)
{
	const json_t *sockets =
		firn_needs(looking, "data/network/sockets.jsonl");
	const json_t *tracked = firn_facts_json(looking->view->facts,
						"data/network/conntrack.jsonl");
	const char *address = metadata_in(sockets, "remote", "address");

	if (address == NULL)
		address = metadata_in(tracked, "original", "destination");
	if (address != NULL)
		firn_reason(looking, "it has talked to %s, a metadata service",
			    address);
}
