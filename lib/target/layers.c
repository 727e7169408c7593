#include "target/layers.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "target/rootfs.h"

/* What the traces of a container say of its layers. */
struct said {
	const char *bases[TRACES_PER_CONTAINER];
	const char *points[TRACES_PER_CONTAINER];
	size_t n_bases, n_points;
	const char *upper;
};

static struct said
said_of(const struct candidate *candidate)
{
	struct said said = { 0 };

	for (size_t i = 0; i < candidate->n_traces; i++) {
		const struct trace *trace = candidate->traces[i];

		if (trace->layers != NULL)
			said.bases[said.n_bases++] = trace->layers;
		if (trace->mounted != NULL)
			said.points[said.n_points++] = trace->mounted;
		if (said.upper == NULL)
			said.upper = trace->upper;
	}
	return said;
}

static json_t *
says(const struct firn_rootfs *rootfs)
{
	json_t *json = json_object();

	firn_json_text(json, "fstype", rootfs->fstype);
	firn_json_text(json, "upper", rootfs->upper);
	firn_json_uint(json, "device", rootfs->device);
	return json;
}

static void
differ(struct firn_target *target, const struct firn_rootfs *mounted,
       const struct firn_rootfs *seen)
{
	json_t *both = json_object(), *finding = json_object();

	json_object_set_new(both, "mounts of the host", says(mounted));
	json_object_set_new(both, "mounts of its first process", says(seen));
	json_object_set_new(finding, "fact", json_string("rootfs"));
	json_object_set_new(finding, "says", both);
	json_array_append_new(target->disagreements, finding);
}

/* fuse-overlayfs doesn't show its options; the runtime's record has them. */
static int
take_record(struct firn_rootfs *rootfs, const char *upper, struct firn_err *err)
{
	if (upper == NULL || rootfs->upper != NULL || rootfs->read_only ||
	    strstr(rootfs->fstype, "overlay") == NULL)
		return 0;
	rootfs->upper = strdup(upper);
	return rootfs->upper == NULL ? firn_err_nomem(err) : 0;
}

/*
 * A first process that was killed while the others are frozen waits for them,
 * and has left its mount namespace (EINVAL: fs/proc_namespace.c,
 * mounts_open_common()).  It can be thawed all the same.
 */
static int
read_first(struct firn_target *target, const struct said *said,
	   struct firn_err *err)
{
	struct firn_err why = { 0 };

	if (rootfs_read(target->host, target->init_pid, said->bases,
			said->n_bases, &target->rootfs, &why) == 0)
		return 0;
	if (why.code != EINVAL) {
		*err = why;
		return -1;
	}
	rootfs_free(&target->rootfs);
	target->rootfs = (struct firn_rootfs){ .fstype = strdup("") };
	return target->rootfs.fstype == NULL ? firn_err_nomem(err) : 0;
}

int
layers_find(struct firn_target *target, const struct candidate *candidate,
	    struct firn_err *err)
{
	autodone(rootfs_free) struct firn_rootfs mounted = { 0 };
	const struct said said = said_of(candidate);
	int found;

	if (read_first(target, &said, err) < 0)
		return -1;
	found = rootfs_mounted(target->host, said.points, said.n_points,
			       said.bases, said.n_bases, &mounted, err);
	if (found < 0)
		return -1;
	if (found > 0 && mounted.device != target->rootfs.device) {
		if (target->rootfs.fstype[0] != '\0')
			differ(target, &mounted, &target->rootfs);
		rootfs_free(&target->rootfs);
		target->rootfs = mounted;
		mounted = (struct firn_rootfs){ 0 };
	}
	return take_record(&target->rootfs, said.upper, err);
}
