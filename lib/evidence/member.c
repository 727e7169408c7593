#include "evidence/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "evidence/tar.h"

static void
free_record(struct firn_record *record)
{
	json_decref(record->about);
	free(record);
}

/* data/manifest.json says when each member was read, where, and of whom. */
static json_t *
describe(const struct firn_archive *archive,
	 const struct firn_member_source *source)
{
	json_t *about = json_object();

	if (source != NULL) {
		firn_json_text(about, "collector", source->collector);
		firn_json_text(about, "source", source->source);
		firn_json_text(about, "meaning", source->meaning);
	}
	firn_json_time(about, "read_at", firn_now());
	json_object_set_new(about, "frozen", json_boolean(archive->frozen));
	return about;
}

static int
make_header(const struct firn_archive *archive, const char *path, uint64_t size,
	    struct firn_buf *ret, struct firn_err *err)
{
	char full[FIRN_FOLDER_NAME + 1 + FIRN_MEMBER_PATH + 1];
	struct firn_tar_entry entry = { .type = FIRN_TAR_FILE,
					.path = full,
					.mode = 0600,
					.size = size,
					.mtime.tv_sec = firn_now().tv_sec };

	snprintf(full, sizeof(full), "%s/%s", archive->case_id, path);
	return firn_tar_header(&entry, ret, err);
}

/* Whoever wants to know that one begins or ends. */
static void
call(struct firn_archive *archive, enum firn_kind kind)
{
	if (archive->on_member != NULL && kind == FIRN_PAYLOAD)
		archive->on_member(archive, archive->on_member_arg);
}

/* A member is within one frame or starts one: then it can be taken back. */
static int
put_header(struct firn_archive *archive, const struct firn_buf *header,
	   uint64_t size, struct firn_err *err)
{
	struct firn_block *block = firn_stream_block(archive, err);
	uint64_t need = header->len + size + firn_tar_padding(size);

	if (block == NULL)
		return -1;
	if (need > FIRN_FRAME - block->len) {
		firn_stream_end_frame(archive);
		block = firn_stream_block(archive, err);
	}
	if (block == NULL)
		return -1;
	memcpy(block->plain + block->len, header->data, header->len);
	block->len += header->len;
	return 0;
}

static void
append(struct firn_archive *archive, struct firn_record *record)
{
	if (archive->last != NULL)
		archive->last->next = record;
	else
		archive->first = record;
	archive->last = record;
}

int
firn_member_begin(struct firn_archive *archive, enum firn_kind kind,
		  const char *path, uint64_t size,
		  const struct firn_member_source *source, struct firn_err *err)
{
	autobuf struct firn_buf header = { 0 };
	struct firn_record *record;

	if (firn_stream_check(archive, err) < 0)
		return -1;
	if (archive->open != NULL)
		return firn_err_set(err, EBUSY, "%s is not finished yet",
				    archive->open->path);
	call(archive, kind);
	record = calloc(1, sizeof(*record));
	if (record == NULL)
		return firn_err_nomem(err);
	snprintf(record->path, sizeof(record->path), "%s", path);
	record->kind = kind;
	record->size = size;
	record->about = describe(archive, source);
	if (make_header(archive, path, size, &header, err) < 0 ||
	    put_header(archive, &header, size, err) < 0) {
		free_record(record);
		return -1;
	}
	append(archive, record);
	archive->tapped = archive->tap != NULL && kind == FIRN_PAYLOAD &&
			  archive->tap->wants(archive->tap->arg, path, size);
	archive->open = record;
	archive->left = size;
	return 0;
}

/* `len` bytes more of the member are in the block, behind what it has. */
static int
add_part(struct firn_archive *archive, struct firn_block *block, size_t len,
	 struct firn_err *err)
{
	struct firn_segment segment = {
		.offset = block->len,
		.len = len,
		.digest = archive->open->sha256,
		.first = archive->left == archive->open->size,
		.last = archive->left == len,
	};

	if (firn_segment_add(block, segment, err) < 0)
		return firn_stream_fail(archive, err);
	if (archive->tapped)
		archive->tap->take(archive->tap->arg, archive->open->path,
				   block->plain + block->len, len);
	if (block->len == 0)
		block->continues = true;
	block->len += len;
	archive->left -= len;
	archive->bytes_in += len;
	return 0;
}

/* How much of `len` bytes the block takes. */
static size_t
room_for(const struct firn_block *block, uint64_t len)
{
	size_t room = FIRN_FRAME - block->len;

	return len < room ? (size_t)len : room;
}

int
firn_archive_write(struct firn_archive *archive, const void *data, size_t len,
		   struct firn_err *err)
{
	const char *bytes = data;

	if (firn_stream_check(archive, err) < 0)
		return -1;
	if (archive->open == NULL || len > archive->left)
		return firn_err_set(err, EINVAL, "more bytes than announced");
	while (len > 0) {
		struct firn_block *block = firn_stream_block(archive, err);
		size_t part;

		if (block == NULL)
			return -1;
		part = room_for(block, len);
		memcpy(block->plain + block->len, bytes, part);
		if (add_part(archive, block, part, err) < 0)
			return -1;
		bytes += part;
		len -= part;
		firn_archive_tell(archive, archive->open->path);
	}
	return 0;
}

static int
write_zeros(struct firn_archive *archive, uint64_t len, struct firn_err *err)
{
	while (len > 0) {
		struct firn_block *block = firn_stream_block(archive, err);
		size_t part;

		if (block == NULL)
			return -1;
		part = room_for(block, len);
		memset(block->plain + block->len, 0, part);
		if (add_part(archive, block, part, err) < 0)
			return -1;
		len -= part;
	}
	return 0;
}

static ssize_t
read_part(int fd, void *data, size_t size)
{
	ssize_t n;

	do
		n = read(fd, data, size);
	while (n < 0 && errno == EINTR);
	return n;
}

int
firn_archive_copy(struct firn_archive *archive, int fd, uint64_t size,
		  uint64_t *ret_copied, struct firn_err *ret_why,
		  struct firn_err *err)
{
	uint64_t copied = 0;

	if (firn_stream_check(archive, err) < 0)
		return -1;
	if (archive->open == NULL || size > archive->left)
		return firn_err_set(err, EINVAL, "more bytes than announced");
	while (copied < size) {
		struct firn_block *block = firn_stream_block(archive, err);
		ssize_t n;

		if (block == NULL)
			return -1;
		n = read_part(fd, block->plain + block->len,
			      room_for(block, size - copied));
		if (n < 0)
			firn_err_sys(ret_why, "read");
		if (n == 0)
			firn_err_set(ret_why, ENODATA, "ends %llu bytes early",
				     (unsigned long long)(size - copied));
		if (n <= 0)
			break;
		if (add_part(archive, block, (size_t)n, err) < 0)
			return -1;
		copied += (uint64_t)n;
		firn_archive_tell(archive, archive->open->path);
	}
	*ret_copied = copied;
	return write_zeros(archive, size - copied, err);
}

int
firn_member_spool(struct firn_archive *archive, const struct firn_spool *spool,
		  struct firn_err *err)
{
	char data[16384];
	uint64_t done = 0;

	while (done < spool->size) {
		ssize_t n =
			firn_spool_read(spool, done, data, sizeof(data), err);

		if (n < 0)
			return firn_stream_fail(archive, err);
		if (firn_archive_write(archive, data, (size_t)n, err) < 0)
			return -1;
		done += (uint64_t)n;
	}
	return 0;
}

/* The padding is in the block of the last byte: blocks begin and end at a
 * multiple of a tar's block. */
static int
pad(struct firn_archive *archive, struct firn_err *err)
{
	struct firn_record *record = archive->open;
	size_t len = firn_tar_padding(record->size);
	struct firn_block *block;

	/* Of an empty member, the block that has its header. */
	if (record->size == 0 &&
	    add_part(archive, firn_pipeline_block(archive->pipeline), 0, err) <
		    0)
		return -1;
	if (len > 0) {
		block = firn_stream_block(archive, err);
		if (block == NULL)
			return -1;
		memset(block->plain + block->len, 0, len);
		block->len += len;
	}
	record->last_block = firn_pipeline_number(archive->pipeline);
	return 0;
}

int
firn_member_close(struct firn_archive *archive, struct firn_err *err)
{
	if (firn_stream_check(archive, err) < 0)
		return -1;
	if (archive->open == NULL || archive->left > 0)
		return firn_err_set(err, EINVAL, "fewer bytes than announced");
	if (pad(archive, err) < 0)
		return -1;
	call(archive, archive->open->kind);
	if (!archive->frozen)
		json_object_set_new(archive->open->about, "frozen",
				    json_false());
	archive->open->ended = true;
	firn_archive_tell(archive, archive->open->path);
	archive->open = NULL;
	return 0;
}

int
firn_member_whole(struct firn_archive *archive, enum firn_kind kind,
		  const char *path, const void *data, size_t len,
		  struct firn_err *err)
{
	if (firn_member_begin(archive, kind, path, len, NULL, err) < 0 ||
	    firn_archive_write(archive, data, len, err) < 0)
		return -1;
	return firn_member_close(archive, err);
}

static int
list(struct firn_archive *archive, const struct firn_record *record,
     struct firn_err *err)
{
	autojson json_t *line = json_object();
	autofree char *text = NULL;
	char digest[FIRN_SHA256_TEXT];
	char sum[FIRN_SHA256_TEXT + FIRN_MEMBER_PATH + 4];
	int len;

	firn_hex(record->sha256, sizeof(record->sha256), digest);
	len = snprintf(sum, sizeof(sum), "%s  %s\n", digest, record->path);
	if (record->kind != FIRN_PAYLOAD) {
		firn_buf_add(&archive->tag_sums, sum, (size_t)len);
		return firn_buf_check(&archive->tag_sums, err);
	}
	json_object_set_new(line, "path", json_string(record->path));
	firn_json_uint(line, "size", record->size);
	json_object_set_new(line, "sha256", json_string(digest));
	json_object_update(line, record->about);
	text = firn_json_line(line);
	if (text == NULL)
		return firn_err_nomem(err);
	archive->n_payload++;
	archive->payload_bytes += record->size;
	if (firn_spool_add(&archive->sums, sum, (size_t)len, err) < 0 ||
	    (archive->manifest.size > 0 &&
	     firn_spool_add(&archive->manifest, ",\n", 2, err) < 0))
		return -1;
	return firn_spool_add(&archive->manifest, text, strlen(text), err);
}

static int
arrived(struct firn_archive *archive, const struct firn_record *record,
	struct firn_err *err)
{
	char digest[FIRN_SHA256_TEXT];

	archive->n_members++;
	if (record->kind == FIRN_SEAL)
		return 0;
	if (list(archive, record, err) < 0)
		return -1;
	if (record->kind == FIRN_JOURNAL)
		return 0;
	firn_hex(record->sha256, sizeof(record->sha256), digest);
	firn_buf_addf(&archive->since,
		      "%s{\"path\":\"%s\",\"size\":%llu,\"sha256\":\"%s\"}",
		      archive->n_since > 0 ? ",\n" : "", record->path,
		      (unsigned long long)record->size, digest);
	archive->n_since++;
	return firn_buf_check(&archive->since, err);
}

int
firn_members_arrived(struct firn_archive *archive, struct firn_err *err)
{
	struct firn_record *record;

	while ((record = archive->first) != NULL && record->ended &&
	       record->last_block < archive->blocks_taken) {
		if (arrived(archive, record, err) < 0)
			return -1;
		archive->first = record->next;
		if (archive->first == NULL)
			archive->last = NULL;
		free_record(record);
	}
	return 0;
}

void
firn_members_lost(struct firn_archive *archive)
{
	struct firn_record *record;

	while ((record = archive->first) != NULL) {
		if (record->kind == FIRN_PAYLOAD && archive->failure.code != 0)
			firn_archive_gap(archive, "archive", record->path,
					 &archive->failure);
		archive->first = record->next;
		free_record(record);
	}
	archive->last = NULL;
	archive->open = NULL;
}
