#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "collect/json_stream.h"
#include "collect/layer_entry.h"
#include "evidence/tar.h"
#include "host/file.h"

/*
 * layer_write -- the plan made into a tar: each file read once, digested and
 * written.
 */

#define CHUNK (256 * 1024)

/* The plan's next entry, taken apart. */
struct item {
	struct firn_layer_item is;
	unsigned char handle[FIRN_HANDLE_MAX];
	char *header, *path, *facts;
	struct firn_tar_extent *extents;
};

struct writing {
	struct firn_layer *layer;
	struct firn_spool *changes, *bodyfile;
	char *chunk;
	uint64_t at; /* in the plan */
};

static void
item_free(struct item *item)
{
	free(item->header);
	free(item->path);
	free(item->facts);
	free(item->extents);
}

static int
take(struct writing *writing, size_t len, void *into, struct firn_err *err)
{
	if (len > 0 && firn_spool_read(&writing->layer->plan, writing->at, into,
				       len, err) < 0)
		return -1;
	writing->at += len;
	return 0;
}

static int
take_text(struct writing *writing, size_t len, char **ret, struct firn_err *err)
{
	*ret = calloc(1, len + 1);
	return *ret == NULL ? firn_err_nomem(err)
			    : take(writing, len, *ret, err);
}

static int
take_item(struct writing *writing, struct item *item, struct firn_err *err)
{
	size_t extents_len;

	if (take(writing, sizeof(item->is), &item->is, err) < 0)
		return -1;
	extents_len = item->is.n_extents * sizeof(*item->extents);
	if (take_text(writing, item->is.header_len, &item->header, err) < 0 ||
	    take(writing, item->is.handle_len, item->handle, err) < 0 ||
	    take_text(writing, item->is.path_len, &item->path, err) < 0 ||
	    take_text(writing, item->is.facts_len, &item->facts, err) < 0)
		return -1;
	item->extents = malloc(extents_len + 1);
	return item->extents == NULL
		       ? firn_err_nomem(err)
		       : take(writing, extents_len, item->extents, err);
}

/* --- one file's contents -------------------------------------------------- */

static int
open_contents(const struct writing *writing, const struct item *item,
	      struct firn_err *err)
{
	autoclose int path_fd = -1;
	struct stat st;
	int fd;

	if (item->is.metacopy) {
		path_fd = firn_lowers_find(&writing->layer->lowers, item->path,
					   &st);
		if (path_fd < 0)
			return firn_err_set(err, ENOENT,
					    "its contents are in a lower layer "
					    "under another name");
		return firn_file_reopen(path_fd, &st, err);
	}
	path_fd = firn_layer_open(writing->layer, item->handle,
				  item->is.handle_len, item->path, err);
	if (path_fd < 0)
		return -1;
	fd = firn_file_reopen(path_fd, &st, err);
	if (fd >= 0 && (uint64_t)st.st_ino != item->is.inode) {
		close(fd);
		return firn_err_set(err, ESTALE, "it was replaced");
	}
	return fd;
}

/* What lies between the runs of data belongs to the digest, not to the tar. */
static void
digest_zeros(struct firn_sha256 *sha, uint64_t len)
{
	static const char zeros[65536];

	while (len > 0) {
		size_t n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);

		firn_sha256_add(sha, zeros, n);
		len -= n;
	}
}

/* Read as much as there is, and fill up with zeros what has gone missing. */
static int
copy_run(struct writing *writing, int fd, struct firn_tar_extent run,
	 struct firn_sha256 *sha, struct firn_err *why, struct firn_err *err)
{
	while (run.length > 0) {
		size_t want = run.length < CHUNK ? (size_t)run.length : CHUNK;
		ssize_t n = fd < 0 ? 0
				   : pread(fd, writing->chunk, want,
					   (off_t)run.offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n < 0)
				firn_err_sys(why, "read");
			else if (why->code == 0)
				firn_err_set(why, ESTALE,
					     "it ended at byte %" PRIu64
					     " of %" PRIu64,
					     run.offset,
					     run.offset + run.length);
			memset(writing->chunk, 0, want);
			n = (ssize_t)want;
			fd = -1;
		}
		firn_sha256_add(sha, writing->chunk, (size_t)n);
		if (firn_archive_write(writing->layer->archive, writing->chunk,
				       (size_t)n, err) < 0)
			return -1;
		run.offset += (uint64_t)n;
		run.length -= (uint64_t)n;
	}
	return 0;
}

static int
copy_runs(struct writing *writing, const struct item *item, int fd,
	  struct firn_sha256 *sha, struct firn_err *why, struct firn_err *err)
{
	const struct firn_tar_extent whole = { 0, item->is.size };
	bool sparse = item->is.data != item->is.size || item->is.n_extents > 0;
	const struct firn_tar_extent *runs = sparse ? item->extents : &whole;
	size_t n = sparse ? item->is.n_extents : 1;
	uint64_t at = 0;

	for (size_t i = 0; i < n; i++) {
		digest_zeros(sha, runs[i].offset - at);
		if (copy_run(writing, fd, runs[i], sha, why, err) < 0)
			return -1;
		at = runs[i].offset + runs[i].length;
	}
	digest_zeros(sha, item->is.size - at);
	return 0;
}

static int
copy_contents(struct writing *writing, const struct item *item,
	      char digest[FIRN_SHA256_TEXT], struct firn_err *err)
{
	autosha256 struct firn_sha256 sha = { 0 };
	unsigned char bytes[FIRN_SHA256];
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	if (firn_sha256_start(&sha, err) < 0)
		return -1;
	fd = open_contents(writing, item, &why);
	if (copy_runs(writing, item, fd, &sha, &why, err) < 0)
		return -1;
	if (why.code != 0) {
		firn_layer_gap(writing->layer, item->path, item->is.path_len,
			       &why);
		digest[0] = '\0';
		return 0;
	}
	firn_sha256_end(&sha, bytes);
	firn_hex(bytes, sizeof(bytes), digest);
	return 0;
}

/* --- the lines ------------------------------------------------------------ */

static int
add_change(struct writing *writing, json_t *facts, const char *digest,
	   struct firn_err *err)
{
	const char *lower = firn_json_string(facts, "lower", "sha256", NULL);
	const char *change = firn_json_string(facts, "change", NULL);

	if (digest[0] != '\0')
		json_object_set_new(facts, "sha256", json_string(digest));
	if (digest[0] != '\0' && lower != NULL && change != NULL &&
	    strcmp(change, "changed") == 0 && strcmp(digest, lower) == 0)
		json_object_set_new(facts, "change", json_string("metadata"));
	return firn_json_stream_add(writing->changes, json_incref(facts), err);
}

static long long
seconds(const json_t *facts, const char *key)
{
	const char *text = firn_json_string(facts, key, NULL);
	struct tm tm = { 0 };

	if (text == NULL || strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) == NULL)
		return 0;
	return (long long)timegm(&tm);
}

/* "r/rrwxr-xr-x", as mactime(1) shows it. */
static void
mode_text(const json_t *facts, char ret[13])
{
	static const char bits[] = "rwxrwxrwx";
	const char *type = firn_json_string(facts, "type", NULL);
	unsigned mode =
		(unsigned)json_integer_value(json_object_get(facts, "mode"));
	char letter = 'r';

	if (type != NULL && strcmp(type, "file") != 0)
		letter = strcmp(type, "folder") == 0    ? 'd'
			 : strcmp(type, "symlink") == 0 ? 'l'
			 : strcmp(type, "fifo") == 0    ? 'p'
			 : strcmp(type, "socket") == 0  ? 'h'
			 : type[0] == 'b'               ? 'b'
							: 'c';
	snprintf(ret, 13, "%c/%c%s", letter, letter, bits);
	for (unsigned i = 0; i < 9; i++) {
		if ((mode & 0400u >> i) == 0)
			ret[3 + i] = '-';
	}
	if ((mode & S_ISUID) != 0)
		ret[5] = (mode & 0100) != 0 ? 's' : 'S';
	if ((mode & S_ISGID) != 0)
		ret[8] = (mode & 0010) != 0 ? 's' : 'S';
	if ((mode & S_ISVTX) != 0)
		ret[11] = (mode & 0001) != 0 ? 't' : 'T';
}

/* MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime; a bar in a name
 * would look like the end of it. */
static int
add_body(struct writing *writing, const struct item *item, const json_t *facts,
	 struct firn_err *err)
{
	const char *change = firn_json_string(facts, "change", NULL);
	bool deleted = change != NULL && strcmp(change, "deleted") == 0;
	autofree char *name = firn_escape(item->path, item->is.path_len);
	autofree char *line = NULL;
	char mode[13];
	int len;

	if (name == NULL)
		return firn_err_nomem(err);
	for (char *bar = name; (bar = strchr(bar, '|')) != NULL; bar++)
		*bar = '_';
	mode_text(facts, mode);
	len = asprintf(&line,
		       "0|/%s%s|%" PRIu64 "|%s|%lld|%lld|%" PRIu64
		       "|%lld|%lld|%lld|%lld\n",
		       name, deleted ? " (deleted)" : "", item->is.inode, mode,
		       json_integer_value(json_object_get(facts, "uid")),
		       json_integer_value(json_object_get(facts, "gid")),
		       item->is.size, seconds(facts, "accessed"),
		       seconds(facts, "modified"), seconds(facts, "changed"),
		       seconds(facts, "born"));
	if (len < 0) {
		line = NULL;
		return firn_err_nomem(err);
	}
	return firn_spool_add(writing->bodyfile, line, (size_t)len, err);
}

static int
add_lines(struct writing *writing, const struct item *item, const char *digest,
	  struct firn_err *err)
{
	autojson json_t *facts = NULL;

	if (writing->changes == NULL)
		return 0;
	if (firn_json_parse(item->facts, item->is.facts_len, "the plan", &facts,
			    err) < 0)
		return -1;
	if (add_change(writing, facts, digest, err) < 0)
		return -1;
	return writing->bodyfile == NULL ? 0
					 : add_body(writing, item, facts, err);
}

/* --- the whole ------------------------------------------------------------ */

static int
write_item(struct writing *writing, const struct item *item,
	   struct firn_err *err)
{
	static const char zeros[FIRN_TAR_BLOCK];
	struct firn_archive *archive = writing->layer->archive;
	char digest[FIRN_SHA256_TEXT] = { 0 };

	if (item->is.header_len > 0 &&
	    firn_archive_write(archive, item->header, item->is.header_len,
			       err) < 0)
		return -1;
	if (item->is.hashed && copy_contents(writing, item, digest, err) < 0)
		return -1;
	if (firn_archive_write(archive, zeros, firn_tar_padding(item->is.data),
			       err) < 0)
		return -1;
	return add_lines(writing, item, digest, err);
}

static int
write_items(struct writing *writing, struct firn_err *err)
{
	while (writing->at < writing->layer->plan.size) {
		autodone(item_free) struct item item = { 0 };

		if (take_item(writing, &item, err) < 0 ||
		    write_item(writing, &item, err) < 0)
			return -1;
	}
	return 0;
}

int
firn_layer_write(struct firn_layer *layer, const char *member,
		 const struct firn_member_source *source,
		 struct firn_spool *changes, struct firn_spool *bodyfile,
		 struct firn_err *err)
{
	static const char end[FIRN_TAR_END];
	autofree char *chunk = malloc(CHUNK);
	struct writing writing = {
		.layer = layer,
		.changes = changes,
		.bodyfile = bodyfile,
		.chunk = chunk,
	};

	if (chunk == NULL)
		return firn_err_nomem(err);
	if (firn_archive_begin(layer->archive, member, layer->size, source,
			       err) < 0 ||
	    write_items(&writing, err) < 0 ||
	    firn_archive_write(layer->archive, end, sizeof(end), err) < 0)
		return -1;
	return firn_archive_end(layer->archive, err);
}
