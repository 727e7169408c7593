#include <stdio.h>
#include <string.h>

#include "assess/exposure/checks.h"
#include "base/json.h"

/*
 * did_processes -- processes and descriptors on the wrong side of the wall.
 */

static bool
has_finding(const json_t *process, const char *name)
{
	return firn_json_holds(json_object_get(process, "findings"), name);
}

static long long
pid_of(const json_t *process)
{
	return (long long)json_integer_value(json_object_get(process, "pid"));
}

static const char *
comm_of(const json_t *process)
{
	const char *comm = firn_json_string(process, "comm", NULL);

	return comm != NULL ? comm : "?";
}

static bool
is_device(const json_t *json, json_int_t device)
{
	return device >= 0 && json_is_integer(json) &&
	       json_integer_value(json) == device;
}

static bool
has_device(const json_t *devices, json_int_t device)
{
	const json_t *one;
	size_t i;

	json_array_foreach(devices, i, one) {
		if (is_device(one, device))
			return true;
	}
	return false;
}

/* What runs the container's files is counted as its process, wherever it is. */
static bool
is_within(const json_t *process)
{
	const char *of =
		firn_json_string(process, "namespaces", "mnt", "of", NULL);

	return process != NULL && (of == NULL || strcmp(of, "host") != 0);
}

/* By the container's view of its files (the device of its overlay), or by the
 * folder of the host in which they lie. */
static void
look_at_host_process(struct firn_looking *looking, const json_t *process)
{
	const struct firn_view *view = looking->view;
	const char *exe = firn_json_string(process, "exe", NULL);

	if (json_is_true(json_object_get(process, "kernel_thread")) ||
	    is_within(firn_view_process(view, pid_of(process))))
		return;
	if (is_device(json_object_get(process, "exe_device"),
		      view->device_number) ||
	    firn_view_in_layer(view, exe))
		firn_reason(looking,
			    "process %lld (%s) of the host runs %s, a "
			    "file of the container",
			    pid_of(process), comm_of(process),
			    exe != NULL ? exe : "?");
	else if (has_device(json_object_get(process, "lib_devices"),
			    view->device_number))
		firn_reason(looking,
			    "process %lld (%s) of the host has mapped "
			    "a file of the container",
			    pid_of(process), comm_of(process));
}

void
firn_look_host_processes(struct firn_looking *looking)
{
	const json_t *process;
	size_t i;

	json_array_foreach(firn_needs(looking, "data/host/processes.jsonl"), i,
			   process) {
		look_at_host_process(looking, process);
	}
}

void
firn_look_escaped(struct firn_looking *looking)
{
	const json_t *process;
	size_t i;

	if (!firn_needs_init(looking))
		return;
	json_array_foreach(looking->view->processes, i, process) {
		if (has_finding(process, "outside_cgroup"))
			firn_reason(looking,
				    "process %lld (%s) of the "
				    "container has left its cgroup",
				    pid_of(process), comm_of(process));
		else if (has_finding(process, "not_the_containers"))
			firn_reason_weighing(looking, 20,
					     "process %lld (%s) is in the "
					     "container's cgroup, and in none "
					     "of its namespaces",
					     pid_of(process), comm_of(process));
	}
}

/* Of the namespaces that the container has for itself. */
void
firn_look_joined_host(struct firn_looking *looking)
{
	static const char *const names[] = { "mnt", "pid",  "net",
					     "ipc", "user", NULL };
	const json_t *process;
	size_t i;

	if (!firn_needs_init(looking))
		return;
	json_array_foreach(looking->view->processes, i, process) {
		if (has_finding(process, "joined") ||
		    has_finding(process, "not_the_containers"))
			continue;
		for (size_t k = 0; names[k] != NULL; k++) {
			const char *of = firn_json_string(process, "namespaces",
							  names[k], "of", NULL);

			if (of != NULL && strcmp(of, "host") == 0 &&
			    !firn_view_shares(looking->view, names[k]))
				firn_reason(looking,
					    "process %lld (%s) of the "
					    "container is in the host's %s "
					    "namespace",
					    pid_of(process), comm_of(process),
					    names[k]);
		}
	}
}

/* --- descriptors ----------------------------------------------------------
 */

/* Of what it has inherited, a log or /dev/null opens nothing; a folder, and
 * what may be written as a file, do. */
static unsigned
weight_of(const json_t *fd)
{
	const char *type = firn_json_string(fd, "type", NULL);
	const char *access = firn_json_string(fd, "access", NULL);

	if (type == NULL)
		return 20;
	if (strcmp(type, "folder") == 0 || strcmp(type, "directory") == 0)
		return 90;
	if (strcmp(type, "block device") == 0)
		return 60;
	if (strcmp(type, "character device") == 0)
		return 0;
	return access != NULL && strstr(access, "write") != NULL &&
			       json_integer_value(json_object_get(fd, "fd")) > 2
		       ? 60
		       : 10;
}

static void
look_at_descriptor(struct firn_looking *looking, const json_t *process,
		   const json_t *fd)
{
	const char *link = firn_json_string(fd, "link", NULL);
	unsigned weight;

	if (!json_is_true(json_object_get(fd, "outside_rootfs")))
		return;
	weight = weight_of(fd);
	if (weight == 0)
		return;
	firn_reason_weighing(looking, weight,
			     "process %lld (%s) holds %s open, which lies "
			     "outside of the container's root",
			     pid_of(process), comm_of(process),
			     link != NULL ? link : "?");
}

void
firn_look_descriptors(struct firn_looking *looking)
{
	const struct firn_view *view = looking->view;
	const json_t *process;
	size_t i;

	if (!firn_needs_init(looking))
		return;
	json_array_foreach(view->processes, i, process) {
		const json_t *fd;
		char path[64];
		size_t k;

		if (has_finding(process, "joined") ||
		    has_finding(process, "not_the_containers"))
			continue;
		snprintf(path, sizeof(path), "data/processes/%lld/fd.json",
			 pid_of(process));
		json_array_foreach(firn_facts_json(view->facts, path), k, fd) {
			look_at_descriptor(looking, process, fd);
		}
	}
}

/* "readdir, cgroups" of a list. */
static void
join(const json_t *list, char *ret, size_t size)
{
	const json_t *one;
	size_t i, len = 0;

	ret[0] = '\0';
	json_array_foreach(list, i, one) {
		const char *text = json_string_value(one);
		int n = snprintf(ret + len, size - len, "%s%s",
				 len > 0 ? ", " : "",
				 text != NULL ? text : "?");

		if (n < 0 || (size_t)n >= size - len)
			return;
		len += (size_t)n;
	}
}

/* What rootkits hide from is the list that /proc gives. */
void
firn_look_hidden(struct firn_looking *looking)
{
	const json_t *one;
	size_t i;

	json_array_foreach(firn_needs(looking, "data/host/hidden.jsonl"), i,
			   one) {
		char seen[64], missing[64];

		join(json_object_get(one, "seen_by"), seen, sizeof(seen));
		join(json_object_get(one, "missing_in"), missing,
		     sizeof(missing));
		firn_reason_weighing(looking,
				     strcmp(missing, "cgroups") == 0 ? 40 : 80,
				     "process %lld (%s) of the host is hidden: "
				     "seen by %s, missing in %s",
				     pid_of(one), comm_of(one), seen, missing);
	}
}
