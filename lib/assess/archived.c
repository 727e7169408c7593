#include "assess/archived.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "assess/places/readers.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "host/mountinfo.h"

#define PROCESSES "data/processes/"
#define MOUNTS "data/mounts/"

/* Of what is read whole. */
#define MEMBER_MAX ((uint64_t)16 << 20)

int
firn_archived_open(struct firn_archived *ret, struct firn_checklist *list,
		   struct firn_reader *reader, struct firn_err *err)
{
	*ret = (struct firn_archived){
		.list = list,
		.reader = reader,
		.contents.looking.list = list,
		.points = json_object(),
	};
	return ret->points == NULL ? firn_err_nomem(err) : 0;
}

void
firn_archived_close(struct firn_archived *archived)
{
	firn_contents_close(&archived->contents);
	json_decref(archived->points);
	OPENSSL_cleanse(archived->bytes, sizeof(archived->bytes));
}

static bool
begins_with(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

/* What can't be read of a member is a gap, and so is all that comes after it:
 * that, the next member says. */
static ssize_t
read_some(struct firn_archived *archived, const char *path)
{
	struct firn_err why = { 0 };
	ssize_t n = firn_reader_read(archived->reader, archived->bytes,
				     sizeof(archived->bytes), &why);

	if (n < 0)
		firn_checklist_gap(archived->list, path, &why);
	return n;
}

/* --- a member that is a file ----------------------------------------------
 */

int
firn_archived_file(struct firn_archived *archived, const char *member,
		   uint64_t size, const struct firn_secret_place *place,
		   struct firn_err *err)
{
	ssize_t n;

	if (firn_contents_begin(&archived->contents, place, size, err) < 0)
		return -1;
	while ((n = read_some(archived, member)) > 0) {
		if (firn_contents_add(&archived->contents, archived->bytes,
				      (size_t)n, err) < 0)
			return -1;
	}
	return firn_contents_end(&archived->contents, err);
}

/* "data/processes/17/fd-3" is what /proc/17/fd/3 led to. */
static int
look_at_held(struct firn_archived *archived, const char *member, uint64_t size,
	     struct firn_err *err)
{
	const char *leaf = strrchr(member, '/') + 1;
	int pid = atoi(member + strlen(PROCESSES));
	char path[64];
	const struct firn_secret_place place = {
		.where = "deleted file",
		.pid = pid,
		.path = path,
		.readable_by = "its user, and root in the container",
		.readers = FIRN_READERS_USER,
	};

	if (begins_with(leaf, "fd-"))
		snprintf(path, sizeof(path), "/proc/%d/fd/%.20s", pid,
			 leaf + 3);
	else if (begins_with(leaf, "map-"))
		snprintf(path, sizeof(path), "/proc/%d/map_files/%.20s", pid,
			 leaf + 4);
	else
		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return firn_archived_file(archived, member, size, &place, err);
}

static int
look_at_log(struct firn_archived *archived, const char *member, uint64_t size,
	    struct firn_err *err)
{
	const struct firn_secret_place place = {
		.where = "log",
		.path = member,
		.readable_by = "whoever may read its logs",
		.readers = FIRN_READERS_OUTSIDE,
	};

	return firn_archived_file(archived, member, size, &place, err);
}

/* --- a tar of files -------------------------------------------------------
 */

static void
set_readers(const struct firn_entries *entries, struct firn_secret_place *place)
{
	static const struct firn_ids as_on_the_host;
	const struct stat st = {
		.st_mode = S_IFREG | entries->mode,
		.st_uid = (uid_t)entries->uid,
		.st_gid = (gid_t)entries->gid,
	};

	firn_readers_of_file(&as_on_the_host, &st, (st.st_mode & 0004) != 0,
			     place);
}

static int
begin_entry(struct firn_archived *archived, const struct firn_entries *entries,
	    const char *where, const char *point, struct firn_err *err)
{
	struct firn_secret_place place = { .where = where };
	autofree char *path = NULL;

	if (entries->type != FIRN_TAR_FILE || entries->size == 0)
		return 0;
	if (asprintf(&path, "%s/%s", point, entries->path) < 0) {
		path = NULL;
		return firn_err_nomem(err);
	}
	place.path = path;
	set_readers(entries, &place);
	return firn_contents_begin(&archived->contents, &place, entries->size,
				   err);
}

struct tar {
	const char *member, *where, *point;
	struct firn_entries entries;
	bool broken;
};

static int
look_at_bytes(struct firn_archived *archived, struct tar *tar, size_t len,
	      struct firn_err *err)
{
	const unsigned char *bytes = (const unsigned char *)archived->bytes;
	struct firn_contents *contents = &archived->contents;
	enum firn_entries_event event = FIRN_ENTRIES_DONE;
	struct firn_err why = { 0 };
	int done = 0;

	while (done == 0 && event != FIRN_ENTRIES_MORE) {
		if (firn_entries_step(&tar->entries, &bytes, &len, &event,
				      &why) < 0) {
			firn_checklist_gap(archived->list, tar->member, &why);
			tar->broken = true;
			return 0;
		}
		if (event == FIRN_ENTRIES_BEGIN)
			done = begin_entry(archived, &tar->entries, tar->where,
					   tar->point, err);
		else if (event == FIRN_ENTRIES_DATA && contents->is_open)
			done = firn_contents_add(contents, tar->entries.data,
						 tar->entries.data_len, err);
		else if (event == FIRN_ENTRIES_DONE)
			done = firn_contents_end(contents, err);
	}
	return done;
}

/* What was begun of a file is looked at, too, when the rest can't be had. */
static int
look_at_tar(struct firn_archived *archived, const char *member,
	    const char *where, const char *point, struct firn_err *err)
{
	struct tar tar = { .member = member, .where = where, .point = point };
	ssize_t n;
	int done = 0;

	while (done == 0 && !tar.broken &&
	       (n = read_some(archived, member)) > 0)
		done = look_at_bytes(archived, &tar, (size_t)n, err);
	if (done == 0)
		done = firn_contents_end(&archived->contents, err);
	firn_entries_free(&tar.entries);
	return done;
}

/* --- what was mounted -----------------------------------------------------
 */

static int
read_whole(struct firn_archived *archived, const char *member, uint64_t size,
	   char **ret)
{
	struct firn_err why = { 0 };
	size_t have = 0;
	ssize_t n = 0;
	char *text;

	if (size > MEMBER_MAX)
		firn_err_set(&why, EFBIG, "it has %" PRIu64 " bytes", size);
	text = size > MEMBER_MAX ? NULL : calloc(1, (size_t)size + 1);
	while (text != NULL && have < size &&
	       (n = firn_reader_read(archived->reader, text + have,
				     (size_t)size - have, &why)) > 0)
		have += (size_t)n;
	if (text != NULL && have == size) {
		*ret = text;
		return 0;
	}
	if (why.code == 0)
		firn_err_set(&why, text == NULL ? ENOMEM : EBADMSG,
			     "it is cut short");
	firn_checklist_gap(archived->list, member, &why);
	if (text != NULL)
		OPENSSL_cleanse(text, (size_t)size);
	free(text);
	return -1;
}

/* A mount has its number in the member's name, and its place here, which comes
 * before. */
static void
learn_mounts(struct firn_archived *archived, const char *member, uint64_t size)
{
	autofree char *text = NULL;
	struct firn_mounts mounts = { 0 };
	struct firn_err why = { 0 };

	if (read_whole(archived, member, size, &text) < 0)
		return;
	if (firn_mounts_parse(text, (size_t)size, &mounts, &why) < 0) {
		firn_checklist_gap(archived->list, member, &why);
		return;
	}
	for (size_t i = 0; i < mounts.n; i++) {
		char number[16];

		snprintf(number, sizeof(number), "%d", mounts.items[i].id);
		firn_json_text(archived->points, number, mounts.items[i].point);
	}
	firn_mounts_free(&mounts);
}

static int
look_at_mount(struct firn_archived *archived, const char *member, uint64_t size,
	      struct firn_err *err)
{
	const char *point;
	char number[16], unknown[64];
	struct firn_secret_place place = {
		.where = "file",
		.readable_by = "who may read it isn't known",
	};

	snprintf(number, sizeof(number), "%d", atoi(member + strlen(MOUNTS)));
	snprintf(unknown, sizeof(unknown), "mount %s", number);
	point = firn_json_string(archived->points, number, NULL);
	if (point == NULL)
		point = unknown;
	if (firn_ends_with(member, ".tar"))
		return look_at_tar(archived, member, "file", point, err);
	place.path = point;
	return firn_archived_file(archived, member, size, &place, err);
}

/* --- what the runtime knows -----------------------------------------------
 */

static const struct firn_secret_place configuration = {
	.where = "configuration",
	.readable_by = "whoever may inspect the container",
	.readers = FIRN_READERS_OUTSIDE,
};

static int
look_at_string(struct firn_archived *archived, const json_t *text,
	       struct firn_err *err)
{
	return firn_checklist_environ(archived->list, &configuration,
				      json_string_value(text),
				      json_string_length(text), err);
}

/* Every text in it; jansson bounds the depth. */
static int
look_at_json(struct firn_archived *archived, json_t *json, struct firn_err *err)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(json))
		return look_at_string(archived, json, err);
	json_object_foreach(json, key, value) {
		if (look_at_json(archived, value, err) < 0)
			return -1;
	}
	json_array_foreach(json, i, value) {
		if (look_at_json(archived, value, err) < 0)
			return -1;
	}
	return 0;
}

static int
look_at_runtime(struct firn_archived *archived, const char *member,
		uint64_t size, struct firn_err *err)
{
	autojson json_t *json = NULL;
	struct firn_err why = { 0 };
	char *text;
	int done;

	if (read_whole(archived, member, size, &text) < 0)
		return 0;
	if (firn_json_parse(text, (size_t)size, member, &json, &why) == 0)
		done = look_at_json(archived, json, err);
	else
		done = firn_checklist_text(archived->list, &configuration, text,
					   (size_t)size, err);
	OPENSSL_cleanse(text, (size_t)size);
	free(text);
	return done < 0 ? -1 : 0;
}

/* --- a member ---------------------------------------------------------------
 */

static bool
is_held(const char *member)
{
	const char *leaf = strrchr(member, '/');

	return begins_with(member, PROCESSES) &&
	       (begins_with(leaf, "/fd-") || begins_with(leaf, "/map-") ||
		strcmp(leaf, "/exe") == 0);
}

int
firn_archived_member(struct firn_archived *archived, const char *member,
		     uint64_t size, struct firn_err *err)
{
	if (begins_with(member, PROCESSES) &&
	    firn_ends_with(member, "/mountinfo"))
		learn_mounts(archived, member, size);
	else if (is_held(member))
		return look_at_held(archived, member, size, err);
	else if (firn_archived_is_raw(member))
		return firn_archived_raw(archived, member, size, err);
	else if (begins_with(member, MOUNTS) &&
		 (firn_ends_with(member, ".tar") ||
		  firn_ends_with(member, ".file")))
		return look_at_mount(archived, member, size, err);
	else if (strcmp(member, "data/filesystem/layer.tar") == 0)
		return look_at_tar(archived, member, "changed file", "", err);
	else if (begins_with(member, "data/logs/"))
		return look_at_log(archived, member, size, err);
	else if (begins_with(member, "data/runtime/"))
		return look_at_runtime(archived, member, size, err);
	return 0;
}
