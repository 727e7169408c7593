#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "collect/collectors.h"
#include "collect/packages/bom.h"
#include "collect/packages/ecosystem.h"
#include "collect/packages/image.h"
#include "collect/packages/os_release.h"
#include "collect/packages/tree.h"
#include "host/mountinfo.h"

/*
 * packages -- what was installed in the container, for a scanner of known
 * vulnerabilities; and what of it a service doesn't need.
 */

/* Lock files: what is more is a gap. */
#define LATE_MAX 1000

/* A file to read once all others have been. */
struct late {
	char *path;
	struct firn_tree_entry entry; /* without its strings */
};

struct looking {
	struct firn_reading reading;
	struct firn_image image;
	struct late *late;
	size_t n_late;
};

static int
put_off(struct looking *looking, const struct firn_tree_entry *entry,
	struct firn_err *err)
{
	struct late *late;

	if (looking->n_late == LATE_MAX) {
		firn_reading_gap(&looking->reading, entry, E2BIG,
				 "too many lock files: not read");
		return 0;
	}
	if (looking->late == NULL)
		looking->late = calloc(LATE_MAX, sizeof(*looking->late));
	if (looking->late == NULL)
		return firn_err_nomem(err);
	late = &looking->late[looking->n_late];
	late->entry = *entry;
	late->path = strdup(entry->path);
	if (late->path == NULL)
		return firn_err_nomem(err);
	late->entry.path = late->path;
	late->entry.name = late->path + (entry->name - entry->path);
	looking->n_late++;
	return 0;
}

/* Read before all others: whoever fills the root with files, so that the walk
 * ends early, hides none of these. */
static const char *const first[] = {
	"var/lib/dpkg/status",
	"lib/apk/db/installed",
	"usr/lib/apk/db/installed",
	"var/lib/rpm/rpmdb.sqlite",
	"var/lib/rpm/Packages.db",
	"var/lib/rpm/Packages",
	"usr/lib/sysimage/rpm/rpmdb.sqlite",
	"usr/lib/sysimage/rpm/Packages.db",
	"usr/lib/sysimage/rpm/Packages",
};

#define N_FIRST (sizeof(first) / sizeof(first[0]))

static int
read_first(struct looking *looking, struct firn_err *err)
{
	for (size_t i = 0; i < N_FIRST; i++) {
		const struct firn_ecosystem *ecosystem;
		struct firn_tree_entry entry;

		if (!firn_tree_find(looking->reading.tree, first[i], &entry))
			continue;
		ecosystem = firn_ecosystem_of(&entry);
		if (ecosystem != NULL &&
		    ecosystem->read(&looking->reading, &entry, err) < 0)
			return -1;
	}
	return 0;
}

static bool
was_first(const struct firn_tree_entry *entry)
{
	for (size_t i = 0; i < N_FIRST; i++) {
		if (strcmp(entry->path, first[i]) == 0)
			return true;
	}
	return false;
}

static int
see(struct firn_tree *tree, const struct firn_tree_entry *entry, void *arg,
    struct firn_err *err)
{
	struct looking *looking = arg;
	const struct firn_ecosystem *ecosystem = firn_ecosystem_of(entry);

	firn_image_see(&looking->image, tree, entry);
	if (ecosystem == NULL || was_first(entry))
		return 0;
	if (ecosystem->late)
		return put_off(looking, entry, err);
	return ecosystem->read(&looking->reading, entry, err);
}

static int
read_late(struct looking *looking, struct firn_err *err)
{
	for (size_t i = 0; i < looking->n_late; i++) {
		const struct firn_tree_entry *entry = &looking->late[i].entry;

		if (firn_ecosystem_of(entry)->read(&looking->reading, entry,
						   err) < 0)
			return -1;
	}
	return 0;
}

static void
looking_free(struct looking *looking)
{
	for (size_t i = 0; i < looking->n_late; i++)
		free(looking->late[i].path);
	free(looking->late);
	firn_image_free(&looking->image);
}

/* --- what is said of it ------------------------------------------------------
 */

/* What is mounted over the root and may hold more: it isn't looked at. */
static json_t *
mounted_over(const struct firn_target *target)
{
	autodone(firn_mounts_free) struct firn_mounts mounts = { 0 };
	json_t *list = json_array();
	struct firn_err why = { 0 };

	if (firn_mounts_read(target->host, target->init_pid, &mounts, &why) < 0)
		return list;
	for (size_t i = 0; i < mounts.n && i < 1000; i++) {
		const struct firn_mount *mount = &mounts.items[i];
		json_t *one;

		if (strcmp(mount->point, "/") == 0 ||
		    firn_mount_kernel(mount->fstype) ||
		    strncmp(mount->point, "/dev", 4) == 0 ||
		    strncmp(mount->point, "/proc/", 6) == 0 ||
		    strncmp(mount->point, "/sys/", 5) == 0)
			continue;
		one = json_object();
		firn_json_text(one, "path", mount->point);
		firn_json_text(one, "type", mount->fstype);
		json_array_append_new(list, one);
	}
	return list;
}

static json_t *
counts_of(const struct firn_bom *bom)
{
	json_t *counts = json_object();

	for (size_t i = 0; i < FIRN_BOM_TYPES; i++) {
		if (bom->counts[i].type != NULL)
			firn_json_uint(counts, bom->counts[i].type,
				       bom->counts[i].n);
	}
	return counts;
}

static json_t *
facts_of(const struct looking *looking, const struct firn_target *target)
{
	const struct firn_tree *tree = looking->reading.tree;
	const struct firn_bom *bom = looking->reading.bom;
	json_t *json = firn_image_json(&looking->image, tree);

	if (bom->os->known) {
		json_t *os = json_object();

		firn_json_text(os, "id", bom->os->id);
		firn_json_text(os, "version", bom->os->version);
		firn_json_text(os, "name", bom->os->pretty);
		json_object_set_new(json, "os", os);
	}
	json_object_set_new(json, "packages", counts_of(bom));
	json_object_set_new(json, "not_looked_into", mounted_over(target));
	json_object_set_new(json, "complete", json_boolean(tree->n_gaps == 0));
	return json;
}

static int
write_both(struct looking *looking, const struct firn_target *target,
	   struct firn_archive *archive, struct firn_err *err)
{
	const char *where = looking->reading.tree->live
				    ? "/proc/PID/root"
				    : "the layers of its root";
	const struct firn_member_source list = { "packages", where,
						 "CycloneDX 1.5" };
	const struct firn_member_source image = { "packages", where,
						  "firn-archive(5)" };
	struct firn_bom *bom = looking->reading.bom;
	autojson json_t *facts = facts_of(looking, target);

	if (firn_bom_end(bom, looking->reading.tree->n_gaps == 0, err) < 0 ||
	    firn_archive_spool(archive, "data/filesystem/packages.cdx.json",
			       &bom->text, &list, err) < 0)
		return -1;
	return firn_archive_json(archive, "data/filesystem/image.json", facts,
				 &image, err);
}

static int
look(struct looking *looking, const struct firn_target *target,
     struct firn_archive *archive, struct firn_err *err)
{
	struct firn_bom *bom = looking->reading.bom;
	struct firn_err why = { 0 };

	if (read_first(looking, err) < 0 ||
	    firn_tree_walk(looking->reading.tree, see, looking, err) < 0 ||
	    read_late(looking, err) < 0)
		return -1;
	if (bom->n > FIRN_BOM_MAX) {
		firn_err_set(&why, E2BIG, "%llu packages: %d are listed",
			     (unsigned long long)bom->n, FIRN_BOM_MAX);
		firn_tree_gap(looking->reading.tree, "", &why);
	}
	return write_both(looking, target, archive, err);
}

static int
collect(const struct firn_target *target, const struct firn_collection *what,
	struct firn_archive *archive, struct firn_err *err)
{
	autodone(firn_tree_close) struct firn_tree tree = { 0 };
	autodone(firn_bom_free) struct firn_bom bom = { .text = firn_spool_init(
								AT_FDCWD) };
	struct looking looking = { .reading = { &tree, &bom } };
	struct firn_err why = { 0 };
	struct firn_os os;
	int done;

	(void)what;
	if (firn_tree_open_target(&tree, target, archive, &why) < 0) {
		firn_archive_gap(archive, "packages", "the package list", &why);
		return 0;
	}
	firn_os_release(&tree, &os);
	firn_image_begin(&looking.image);
	done = firn_bom_begin(&bom, target, &os, err);
	if (done == 0)
		done = look(&looking, target, archive, err);
	looking_free(&looking);
	return done;
}

const struct firn_collector firn_collect_packages = {
	.name = "packages",
	.summary = "packages of its distribution and languages, as a CycloneDX "
		   "list; shells and tools",
	.source = "CycloneDX 1.5, package-url",
	.volatility = FIRN_LASTING,
	.afterwards = true,
	.collect = collect,
};
