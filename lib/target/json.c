#include "firn/target.h"

#include "base/json.h"

static void
set_cgroup(json_t *json, const char *key, const struct firn_cgroup *cgroup)
{
	json_t *object;

	if (cgroup->path == NULL)
		return;
	object = json_object();
	firn_json_text(object, "path", cgroup->path);
	firn_json_text(object, "folder", cgroup->folder);
	firn_json_uint(object, "inode", cgroup->inode);
	json_object_set_new(json, key, object);
}

static void
set_pod(json_t *json, const struct firn_target *target)
{
	json_t *pod;

	if (target->pod_name == NULL)
		return;
	pod = json_object();
	firn_json_text(pod, "namespace", target->pod_namespace);
	firn_json_text(pod, "name", target->pod_name);
	firn_json_text(pod, "uid", target->pod_uid);
	firn_json_text(pod, "container", target->pod_container);
	json_object_set_new(json, "pod", pod);
}

static json_t *
rootfs_json(const struct firn_rootfs *rootfs)
{
	json_t *json = json_object(), *lowers = json_array();

	firn_json_text(json, "fstype", rootfs->fstype);
	firn_json_text(json, "upper", rootfs->upper);
	firn_json_text(json, "work", rootfs->work);
	for (size_t i = 0; i < rootfs->n_lowers; i++) {
		json_t *lower = json_object();

		firn_json_text(lower, "path", rootfs->lowers[i]);
		json_array_append(lowers, json_object_get(lower, "path"));
		json_decref(lower);
	}
	json_object_set_new(json, "lowers", lowers);
	json_object_set_new(json, "read_only", json_boolean(rootfs->read_only));
	return json;
}

static json_t *
namespaces_json(const struct firn_namespaces *namespaces)
{
	json_t *json = json_object();

	for (size_t i = 0; i < FIRN_N_NS; i++)
		if (namespaces->inode[i] != 0)
			firn_json_uint(json, firn_namespace_names[i],
				       namespaces->inode[i]);
	return json;
}

static json_t *
pids_json(const struct firn_members *members,
	  bool (*is)(const struct firn_member *))
{
	json_t *pids = json_array();

	for (size_t i = 0; i < members->n; i++)
		if (is(&members->items[i]))
			json_array_append_new(pids,
					      json_integer(
						      members->items[i].pid));
	return pids;
}

static bool
is_escaped(const struct firn_member *member)
{
	return member->escaped;
}

static bool
is_foreign(const struct firn_member *member)
{
	return member->foreign;
}

static bool
is_joined(const struct firn_member *member)
{
	return member->joined;
}

static bool
is_own(const struct firn_member *member)
{
	return !member->foreign && !member->joined;
}

static json_t *
members_json(const struct firn_members *members)
{
	json_t *json = json_object();

	json_object_set_new(json, "own", pids_json(members, is_own));
	json_object_set_new(json, "escaped", pids_json(members, is_escaped));
	json_object_set_new(json, "foreign", pids_json(members, is_foreign));
	json_object_set_new(json, "joined", pids_json(members, is_joined));
	json_object_set_new(json, "settled", json_boolean(members->settled));
	return json;
}

json_t *
firn_target_json(const struct firn_target *target)
{
	json_t *json = json_object();

	if (json == NULL)
		return NULL;
	json_object_set_new(json, "runtime",
			    json_string(firn_runtime_name(target->runtime)));
	firn_json_text(json, "id", target->id);
	firn_json_text(json, "name", target->name);
	firn_json_text(json, "image", target->image);
	set_pod(json, target);
	json_object_set_new(json, "pid", json_integer(target->init_pid));
	firn_json_uint(json, "start_ticks", target->init_start_ticks);
	set_cgroup(json, "cgroup_v2", &target->v2);
	set_cgroup(json, "cgroup_freezer", &target->freezer);
	json_object_set_new(json, "namespaces",
			    namespaces_json(&target->namespaces));
	json_object_set_new(json, "rootfs", rootfs_json(&target->rootfs));
	if (target->members.items != NULL)
		json_object_set_new(json, "processes",
				    members_json(&target->members));
	return json;
}
