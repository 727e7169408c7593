#include <errno.h>
#include <fcntl.h>
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

/* For everything that lies in files: the container may be frozen for it. */
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

static int
look(struct firn_looking *looking, struct firn_mounts *mounts,
     struct firn_hints *hints, struct firn_err *err)
{
	const struct firn_target *target = looking->target;
	struct firn_origins origins = { 0 };
	struct firn_err why = { 0 };
	autoclose int root_fd = -1;
	int done;

	root_fd = firn_proc_open(target->host, target->init_pid, "root",
				 O_PATH | O_DIRECTORY, &why);
	if (root_fd < 0 ||
	    firn_mounts_read(target->host, target->init_pid, mounts, &why) < 0)
		firn_look_gap(looking, "its files", &why);
	firn_origins_read(target->host, &origins);
	looking->root_fd = root_fd;
	done = firn_look_at_configured(looking, hints, err);
	if (done == 0)
		done = firn_look_at_image(looking, err);
	if (done == 0)
		done = firn_look_at_processes(looking, hints, err);
	if (done == 0 && why.code == 0)
		done = look_at_files(looking, &origins, hints, err);
	if (done == 0)
		done = firn_look_at_printed(looking, err);
	if (done == 0)
		done = firn_look_at_identities(looking, hints, err);
	if (done == 0)
		done = firn_look_at_metadata(looking, err);
	if (done == 0)
		done = firn_look_at_reach(looking, &origins, err);
	firn_origins_free(&origins);
	return done;
}

static int
look_with(struct firn_checklist *list, const struct firn_target *target,
	  struct firn_err *err)
{
	struct firn_spent spent = {
		.deadline_ns = firn_monotonic_ns() + FILES_NS,
	};
	struct firn_mounts mounts = { 0 };
	struct firn_opener opener = { 0 };
	struct firn_hints hints = { 0 };
	struct firn_ids ids;
	struct firn_looking looking = {
		.list = list,
		.target = target,
		.mounts = &mounts,
		.ids = &ids,
		.opener = &opener,
		.spent = &spent,
		.root_fd = -1,
	};
	int done;

	firn_ids_read(target->host, target->init_pid, &ids);
	spent.seen = json_object();
	done = spent.seen == NULL ? firn_err_nomem(err)
				  : firn_hints_open(&hints, err);
	if (done == 0)
		done = look(&looking, &mounts, &hints, err);
	firn_hints_close(&hints);
	json_decref(spent.seen);
	firn_mounts_free(&mounts);
	firn_opener_close(&opener);
	return done;
}

int
firn_secrets_more_of_target(const struct firn_target *target,
			    const struct firn_secret_rules *rules,
			    const struct firn_case *of,
			    const struct firn_secrets_more *more, json_t **ret,
			    struct firn_err *err)
{
	struct firn_checklist list;
	int done;

	if (firn_checklist_open(&list, rules, of, err) < 0)
		return -1;
	list.wanted = more->wanted;
	done = look_with(&list, target, err);
	if (done == 0 && more->deep != NULL)
		done = firn_secret_memory(&list, target, more->deep, err);
	if (done == 0) {
		*ret = firn_checklist_json(&list);
		done = *ret == NULL ? firn_err_nomem(err) : 0;
	}
	firn_checklist_close(&list);
	return done;
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
