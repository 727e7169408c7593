#include "assess/places/readers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "host/proc.h"

void
firn_ids_read(const struct firn_host *host, pid_t pid, struct firn_ids *ret)
{
	autofree char *text = NULL;
	struct firn_err why = { 0 };
	size_t len;

	ret->n = 0;
	if (firn_proc_read(host, pid, "uid_map", FIRN_PROC_MAX, &text, &len,
			   &why) < 0)
		return;
	for (char *line = text; line != NULL && ret->n < FIRN_IDS_MAX;) {
		unsigned inside, outside, count;

		if (sscanf(line, "%u %u %u", &inside, &outside, &count) == 3) {
			ret->uids[ret->n].inside = inside;
			ret->uids[ret->n].outside = outside;
			ret->uids[ret->n].count = count;
			ret->n++;
		}
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
}

/* -1 for a user that the container has no name for. */
static int64_t
inside(const struct firn_ids *ids, uid_t uid)
{
	if (ids->n == 0)
		return uid;
	for (size_t i = 0; i < ids->n; i++) {
		if (uid >= ids->uids[i].outside &&
		    uid - ids->uids[i].outside < ids->uids[i].count)
			return (int64_t)ids->uids[i].inside + uid -
			       ids->uids[i].outside;
	}
	return -1;
}

void
firn_readers_of_file(const struct firn_ids *ids, const struct stat *st,
		     bool open, struct firn_secret_place *place)
{
	int64_t owner = inside(ids, st->st_uid);

	if (open && (st->st_mode & 0004) != 0) {
		place->readers = FIRN_READERS_WORLD;
		place->readable_by = "everybody in the container";
	} else if (owner < 0) {
		/* Its root has no power over it either. */
		place->readers = FIRN_READERS_OUTSIDE;
		place->readable_by = "the node's users, none of the container";
	} else if ((st->st_mode & 0044) != 0) {
		place->readers = FIRN_READERS_USER;
		place->readable_by = "its owner and group, and root";
	} else if (owner != 0) {
		place->readers = FIRN_READERS_USER;
		place->readable_by = "its owner, and root";
	} else {
		place->readers = FIRN_READERS_ROOT;
		place->readable_by = "root in the container";
	}
}

static int64_t
user_of(const struct firn_ids *ids, const struct firn_host *host, pid_t pid)
{
	autofree char *status = NULL;
	struct firn_err why = { 0 };
	char line[128];
	size_t len;

	if (firn_proc_read(host, pid, "status", FIRN_PROC_MAX, &status, &len,
			   &why) < 0 ||
	    firn_proc_status_field(status, "Uid", line, sizeof(line)) < 0)
		return -1;
	return inside(ids, (uid_t)strtoul(line, NULL, 10));
}

void
firn_readers_of_process(const struct firn_ids *ids,
			const struct firn_host *host, pid_t pid,
			const char *sign, struct firn_secret_place *place)
{
	if (sign != NULL) {
		place->readers = FIRN_READERS_INTRUDER;
		place->readable_by = sign;
	} else if (user_of(ids, host, pid) == 0) {
		place->readers = FIRN_READERS_ROOT;
		place->readable_by = "root in the container";
	} else {
		place->readers = FIRN_READERS_USER;
		place->readable_by = "its user, and root in the container";
	}
}
