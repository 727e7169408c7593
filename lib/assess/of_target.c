#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "assess/checklist/order.h"
#include "assess/memory/memory.h"
#include "assess/places/consumers.h"
#include "assess/places/environments.h"
#include "assess/places/hints.h"
#include "assess/places/identities.h"
#include "assess/places/image.h"
#include "assess/places/mounted.h"
#include "assess/places/printed.h"
#include "assess/places/reach.h"
#include "assess/places/root.h"
#include "base/auto.h"
#include "base/clock.h"

/*
 * of_target -- the checklist of a live container.
 */

/* For everything that lies in files. */
#define FILES_NS ((uint64_t)20 * 1000000000)

/* What says of itself whose it is comes before what only lies there. */
static int
look_at_files(const struct firn_looking *looking,
	      const struct firn_origins *origins,
	      const struct firn_hints *hints, struct firn_err *err)
{
	if (firn_look_at_secret_mounts(looking, origins, err) < 0 ||
	    firn_look_at_pointed(looking, hints, err) < 0 ||
	    firn_look_at_changed(looking, err) < 0 ||
	    firn_look_at_known(looking, err) < 0 ||
	    firn_look_at_names(looking, err) < 0 ||
	    firn_look_at_volumes(looking, origins, err) < 0)
		return -1;
	return 0;
}

/* A checklist that is being made. */
struct firn_secrets {
	struct firn_checklist list;
	struct firn_spent spent;
	struct firn_mounts mounts;
	struct firn_opener opener;
	struct firn_hints hints;
	struct firn_ids ids;
	struct firn_origins origins;
	struct firn_looking looking;
	int root_fd;
	bool rootless; /* its files can't be had, which is a gap */
};

/* Its root and its mounts are held from the start: it may be gone before they
 * are looked at. */
static void
hold_files(struct firn_secrets *secrets)
{
	const struct firn_target *target = secrets->looking.target;
	struct firn_err why = { 0 };

	secrets->root_fd = firn_proc_open(target->host, target->init_pid,
					  "root", O_PATH | O_DIRECTORY, &why);
	if (secrets->root_fd < 0 ||
	    firn_mounts_read(target->host, target->init_pid, &secrets->mounts,
			     &why) < 0)
		firn_look_gap(&secrets->looking, "its files", &why);
	secrets->looking.root_fd = secrets->root_fd;
	secrets->rootless = why.code != 0;
}

static int
prepare(struct firn_secrets *secrets, const struct firn_target *target,
	struct firn_err *err)
{
	secrets->looking = (struct firn_looking){
		.list = &secrets->list,
		.target = target,
		.mounts = &secrets->mounts,
		.ids = &secrets->ids,
		.opener = &secrets->opener,
		.spent = &secrets->spent,
		.root_fd = -1,
	};
	firn_ids_read(target->host, target->init_pid, &secrets->ids);
	secrets->spent.seen = json_object();
	if (secrets->spent.seen == NULL)
		return firn_err_nomem(err);
	if (firn_hints_open(&secrets->hints, err) < 0)
		return -1;
	hold_files(secrets);
	firn_origins_read(target->host, &secrets->origins);
	return 0;
}

static int
look_at_processes(struct firn_secrets *secrets,
		  const struct firn_secrets_more *more, struct firn_err *err)
{
	struct firn_looking *looking = &secrets->looking;

	if (firn_look_at_configured(looking, &secrets->hints, err) < 0 ||
	    firn_look_at_image(looking, err) < 0 ||
	    firn_look_at_processes(looking, &secrets->hints, err) < 0)
		return -1;
	return more->deep == NULL
		       ? 0
		       : firn_secret_memory(&secrets->list, looking->target,
					    more->deep, err);
}

int
firn_secrets_begin(struct firn_secrets **ret, const struct firn_target *target,
		   const struct firn_secret_rules *rules,
		   const struct firn_case *of,
		   const struct firn_secrets_more *more, struct firn_err *err)
{
	autodone(firn_secrets_close) struct firn_secrets *secrets =
		calloc(1, sizeof(*secrets));

	if (secrets == NULL)
		return firn_err_nomem(err);
	secrets->root_fd = -1;
	if (firn_checklist_open(&secrets->list, rules, of, err) < 0)
		return -1;
	secrets->list.wanted = more->wanted;
	if (prepare(secrets, target, err) < 0 ||
	    look_at_processes(secrets, more, err) < 0)
		return -1;
	*ret = firn_steal(secrets);
	return 0;
}

int
firn_secrets_finish(struct firn_secrets *secrets, json_t **ret,
		    struct firn_err *err)
{
	struct firn_looking *looking = &secrets->looking;

	secrets->spent.deadline_ns = firn_monotonic_ns() + FILES_NS;
	if (!secrets->rootless &&
	    look_at_files(looking, &secrets->origins, &secrets->hints, err) < 0)
		return -1;
	if (firn_look_at_printed(looking, err) < 0 ||
	    firn_look_at_identities(looking, &secrets->hints, err) < 0 ||
	    firn_look_at_metadata(looking, err) < 0 ||
	    firn_look_at_reach(looking, &secrets->origins, err) < 0)
		return -1;
	*ret = firn_checklist_json(&secrets->list);
	return *ret == NULL ? firn_err_nomem(err) : 0;
}

void
firn_secrets_close(struct firn_secrets **ptr)
{
	struct firn_secrets *secrets = *ptr;

	if (secrets == NULL)
		return;
	firn_origins_free(&secrets->origins);
	firn_hints_close(&secrets->hints);
	json_decref(secrets->spent.seen);
	firn_mounts_free(&secrets->mounts);
	firn_opener_close(&secrets->opener);
	firn_auto_close(&secrets->root_fd);
	firn_checklist_close(&secrets->list);
	free(secrets);
	*ptr = NULL;
}

int
firn_secrets_more_of_target(const struct firn_target *target,
			    const struct firn_secret_rules *rules,
			    const struct firn_case *of,
			    const struct firn_secrets_more *more, json_t **ret,
			    struct firn_err *err)
{
	autodone(firn_secrets_close) struct firn_secrets *secrets = NULL;

	if (firn_secrets_begin(&secrets, target, rules, of, more, err) < 0)
		return -1;
	return firn_secrets_finish(secrets, ret, err);
}

int
firn_secrets_of_target(const struct firn_target *target,
		       const struct firn_secret_rules *rules,
		       const struct firn_case *of, json_t **ret,
		       struct firn_err *err)
{
	const struct firn_secrets_more none = { 0 };

	return firn_secrets_more_of_target(target, rules, of, &none, ret, err);
}

int
firn_secrets_consumers(const struct firn_target *target,
		       const struct firn_secret_rules *rules,
		       const struct firn_case *of, json_t *checklist,
		       struct firn_err *err)
{
	if (firn_neighbours_join(target, rules, of, checklist, err) < 0)
		return -1;
	/* What others hold is part of the argument for the order. */
	return firn_order(json_object_get(checklist, "items"),
			  firn_now().tv_sec, err);
}
