#include "assess/places/mounted.h"

#include <errno.h>
#include <string.h>

#include "assess/places/reach.h"
#include "assess/places/volumes.h"
#include "assess/places/walk.h"
#include "base/auto.h"

static bool
is_kernels(const struct firn_mount *mount)
{
	return strcmp(mount->point, "/") == 0 ||
	       firn_mount_kernel(mount->fstype) ||
	       firn_path_covers("/proc", mount->point) ||
	       firn_path_covers("/sys", mount->point);
}

/* In memory, and yet nobody puts secrets there to hand them over. */
static bool
is_scratch(const struct firn_mount *mount)
{
	return firn_path_covers("/dev", mount->point) ||
	       strcmp(mount->point, "/tmp") == 0;
}

static bool
is_in_memory(const struct firn_mount *mount)
{
	return strcmp(mount->fstype, "tmpfs") == 0;
}

/* --- secrets
 * ------------------------------------------------------------------
 */

/* Those that somebody has handed over come first: they say of what is in them
 * whose it is. */
static int
look_at_mount(const struct firn_looking *looking,
	      const struct firn_mount *mount, const char *origin,
	      bool handed_over, struct firn_err *err)
{
	autojson json_t *facts = json_object();
	struct firn_looking here = *looking;
	enum firn_volume volume =
		firn_volume_of(looking->target, mount->point, origin, facts);

	if (handed_over != (volume != FIRN_VOLUME_OTHER))
		return 0;
	here.where = firn_volume_names[volume];
	here.facts = facts;
	/* A volume of data is CSI's too; a store of secrets is in memory. */
	here.secret = volume == FIRN_VOLUME_SECRET ||
		      volume == FIRN_VOLUME_PROJECTED ||
		      volume == FIRN_VOLUME_ENGINE ||
		      (volume == FIRN_VOLUME_CSI && is_in_memory(mount));
	if (here.secret || volume == FIRN_VOLUME_CONFIGMAP ||
	    (is_in_memory(mount) && !is_scratch(mount) &&
	     strcmp(mount->root, "/") == 0))
		return firn_look_below(&here, mount->point, err);
	/* Of a folder there is nothing: see firn_look_at_volumes(). */
	if (strcmp(mount->root, "/") != 0 &&
	    !firn_path_covers("/dev", mount->point))
		return firn_look_at(&here, mount->point, err);
	return 0;
}

static int
look_at_mounts(const struct firn_looking *looking,
	       const struct firn_origins *origins, bool handed_over,
	       struct firn_err *err)
{
	for (size_t i = 0; i < looking->mounts->n; i++) {
		const struct firn_mount *mount = &looking->mounts->items[i];
		char origin[4096];

		if (is_kernels(mount) || firn_mount_waits(mount->fstype))
			continue;
		if (!firn_origin_of(origins, looking->target, mount, origin,
				    sizeof(origin)))
			origin[0] = '\0';
		if (look_at_mount(looking, mount, origin, handed_over, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_look_at_secret_mounts(const struct firn_looking *looking,
			   const struct firn_origins *origins,
			   struct firn_err *err)
{
	struct firn_looking secrets = *looking;

	secrets.secret = true;
	secrets.where = "mounted secret";
	if (look_at_mounts(looking, origins, true, err) < 0 ||
	    firn_look_below(&secrets, "/run/secrets", err) < 0 ||
	    firn_look_below(&secrets, "/var/run/secrets", err) < 0)
		return -1;
	return look_at_mounts(looking, origins, false, err);
}

/* --- folders
 * ------------------------------------------------------------------
 */

static int
walk_mount(const struct firn_looking *looking, const struct firn_mount *mount,
	   struct firn_err *err)
{
	struct firn_err why = { 0 };
	autoclose int path_fd = -1;

	path_fd = firn_opener_lookup(looking->opener, looking->root_fd,
				     mount->point + 1, &why);
	if (path_fd < 0) {
		if (!firn_is_absent(why.code))
			firn_look_gap(looking, mount->point, &why);
		return 0;
	}
	return firn_walk_names(looking, path_fd, mount->point, err);
}

int
firn_look_at_volumes(const struct firn_looking *looking,
		     const struct firn_origins *origins, struct firn_err *err)
{
	for (size_t i = 0; i < looking->mounts->n; i++) {
		const struct firn_mount *mount = &looking->mounts->items[i];
		struct firn_err why = { 0 };
		char origin[4096];

		if (is_kernels(mount))
			continue;
		if (firn_mount_waits(mount->fstype)) {
			firn_err_set(&why, EOPNOTSUPP,
				     "%s may wait on a server: not looked at",
				     mount->fstype);
			firn_look_gap(looking, mount->point, &why);
			continue;
		}
		if (firn_origin_of(origins, looking->target, mount, origin,
				   sizeof(origin)) &&
		    firn_is_nodes(origin))
			continue;
		if (walk_mount(looking, mount, err) < 0)
			return -1;
	}
	return 0;
}
