#include "cmd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "host/cgroup.h"
#include "permit.h"

int
firn_scene_host(struct firn_scene *scene, const struct firn_common *common,
		struct firn_err *err)
{
	const char *root = common->root != NULL ? common->root : "/";

	scene->authority = (struct firn_authority){
		.operator_name = common->operator_name,
		.case_id = common->case_id,
	};
	return firn_host_open(&scene->host, root, err);
}

int
firn_scene_open(struct firn_scene *scene, const struct firn_common *common,
		const char *name, struct firn_err *err)
{
	if (firn_scene_host(scene, common, err) < 0)
		return -1;
	if ((scene->forced ? firn_target_open_forced(&scene->target,
						     &scene->host, name, err)
			   : firn_target_open(&scene->target, &scene->host,
					      name, err)) < 0)
		return -1;
	/* What would be done depends on who is there. */
	return common->dry_run ? firn_target_scan(scene->target, err) : 0;
}

/* Those in its cgroup; a scan of the whole host would take too long now. */
static size_t
count_processes(const struct firn_target *target)
{
	int dir_fd = target->v2.dir_fd >= 0 ? target->v2.dir_fd
					    : target->freezer.dir_fd;
	autofree pid_t *pids = NULL;
	struct firn_err none = { 0 };
	size_t n = 0;

	if (dir_fd < 0 || firn_cgroup_procs(dir_fd, &pids, &n, &none) < 0)
		return 0;
	return n;
}

void
firn_scene_announce(const struct firn_scene *scene, const struct firn_cmd *self,
		    const struct firn_common *common, const char *name)
{
	const struct firn_target *target = scene->target;
	bool pod = target->pod_name != NULL && target->pod_namespace != NULL;
	bool renamed = target->name != NULL && strcmp(target->name, name) != 0;
	size_t n = count_processes(target);

	if (common->json || common->quiet || !isatty(STDERR_FILENO))
		return;
	firn_cmd_say(common,
		     "firn %s: %s is %s %.*s%s%s%s%s%s%s, image %s, pid %d, "
		     "%zu process%s",
		     self->name, name, firn_runtime_name(target->runtime),
		     strlen(target->id) == 64 ? 12 : 200, target->id,
		     renamed ? ", called " : "", renamed ? target->name : "",
		     pod ? ", pod " : "", pod ? target->pod_namespace : "",
		     pod ? "/" : "", pod ? target->pod_name : "",
		     target->image != NULL ? target->image : "unknown",
		     target->init_pid, n, n == 1 ? "" : "es");
}

int
firn_scene_ledger(struct firn_scene *scene, struct firn_err *err)
{
	return firn_ledger_open(&scene->ledger, scene->target->id,
				&scene->authority, err);
}

/* The one ledger that `name` is a prefix of: a container that is gone is known
 * by nothing else. */
static int
id_of_ledger(const char *name, char **ret, struct firn_err *err)
{
	autojson json_t *ids = NULL;
	const char *found = NULL;
	const json_t *id;
	size_t i;

	if (strlen(name) < 3)
		return -1;
	if (firn_ledger_ids(&ids, err) < 0)
		return -1;
	json_array_foreach(ids, i, id) {
		const char *text = json_string_value(id);

		if (strncmp(text, name, strlen(name)) != 0)
			continue;
		if (found != NULL)
			return firn_err_set(err, EEXIST,
					    "%s: several ledgers begin so",
					    name);
		found = text;
	}
	if (found == NULL)
		return -1;
	*ret = strdup(found);
	return *ret != NULL ? 0 : firn_err_nomem(err);
}

int
firn_scene_recorded(struct firn_scene *scene, const struct firn_cmd *self,
		    const struct firn_common *common, enum firn_role role,
		    const char *name, char **ret_id, struct firn_err *err)
{
	struct firn_err gone = { 0 };

	scene->undo = true;
	if (firn_scene_open(scene, common, name, err) == 0) {
		*ret_id = strdup(scene->target->id);
		if (*ret_id == NULL)
			return firn_err_nomem(err);
	} else if (id_of_ledger(name, ret_id, &gone) < 0) {
		return -1;
	}
	*err = (struct firn_err){ 0 };
	if ((scene->target != NULL
		     ? firn_scene_permitted(scene, self->name, common, role,
					    err)
		     : firn_scene_permitted_id(scene, self->name, common, role,
					       *ret_id, err)) < 0)
		return -1;
	if (common->dry_run)
		return firn_ledger_look(&scene->ledger, *ret_id, err) < 0 ? -1
									  : 0;
	return firn_ledger_open(&scene->ledger, *ret_id, &scene->authority,
				err);
}

void
firn_scene_close(struct firn_scene *scene)
{
	firn_policy_close(&scene->policy);
	firn_party_free(&scene->who);
	firn_ledger_close(&scene->ledger);
	firn_target_close(&scene->target);
	firn_host_close(&scene->host);
}

int
firn_cmd_key(const struct firn_common *common, const char *path,
	     struct firn_key **ret, struct firn_err *err)
{
	char fingerprint[FIRN_FINGERPRINT];
	bool made;

	if (path != NULL)
		return firn_key_open(ret, path, err);
	if (firn_key_of_node(ret, &made, err) < 0)
		return -1;
	if (!made)
		return 0;
	firn_key_fingerprint(*ret, fingerprint);
	firn_cmd_say(common, "made a signing key for this node, %s: %s",
		     FIRN_KEY_PATH, fingerprint);
	return 0;
}
