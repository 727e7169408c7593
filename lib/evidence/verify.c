#include "firn/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "evidence/check.h"

#define MOST_PROBLEMS 1000
#define MOST_NAMED 10000
#define MOST_HOLES 4096

static bool
is_told(const struct firn_check *check, uint64_t offset)
{
	const json_t *problem;
	size_t i;

	json_array_foreach(check->problems, i, problem) {
		if (json_integer_value(json_object_get(problem, "offset")) ==
		    (json_int_t)offset)
			return true;
	}
	return false;
}

void
firn_problem(struct firn_check *check, uint64_t offset, const char *fmt, ...)
{
	json_t *problem;
	char text[FIRN_ERR_TEXT];
	va_list args;

	check->n_problems++;
	if (json_array_size(check->problems) >= MOST_PROBLEMS ||
	    is_told(check, offset))
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	problem = json_object();
	firn_json_uint(problem, "offset", offset);
	firn_json_text(problem, "what", text);
	json_array_append_new(check->problems, problem);
}

bool
firn_is_hole(const struct firn_check *check, uint64_t offset)
{
	for (size_t i = 0; i < check->n_holes; i++)
		if (offset >= check->holes[i].from &&
		    offset < check->holes[i].until)
			return true;
	return false;
}

bool
firn_signer(struct firn_check *check, const void *data, size_t len,
	    const unsigned char *signature, size_t signature_len)
{
	if (check->signer != NULL)
		return firn_key_verify(check->signer, data, len, signature,
				       signature_len);
	for (size_t i = 0; i < check->n_keys; i++)
		if (firn_key_verify(check->keys[i], data, len, signature,
				    signature_len)) {
			check->signer = check->keys[i];
			check->trusted = true;
			return true;
		}
	if (check->embedded != NULL &&
	    firn_key_verify(check->embedded, data, len, signature,
			    signature_len))
		check->signer = check->embedded;
	return check->signer != NULL;
}

/* What is left of the member can't be had. */
static int
abandon(struct firn_check *check, struct firn_err *err)
{
	if (!check->inside)
		return 0;
	check->now.whole = false;
	return firn_check_done(check, err);
}

static int
read_tar(struct firn_check *check, const unsigned char *bytes, size_t len,
	 struct firn_err *err)
{
	int done = 0;

	while (done == 0) {
		switch (firn_untar_step(&check->untar, &bytes, &len)) {
		case FIRN_UNTAR_MORE:
			return 0;
		case FIRN_UNTAR_MEMBER:
			done = firn_check_begin(check, err);
			break;
		case FIRN_UNTAR_DATA:
			done = firn_check_data(check, err);
			break;
		case FIRN_UNTAR_DONE:
			done = firn_check_done(check, err);
			break;
		case FIRN_UNTAR_END:
			check->ended = true;
			break;
		case FIRN_UNTAR_BAD:
			firn_problem(check, check->offset,
				     "what is in this frame is not of ours");
			done = abandon(check, err);
			break;
		}
	}
	return done;
}

static int
check_frame(struct firn_check *check, const struct firn_piece *piece,
	    struct firn_err *err)
{
	struct firn_frame frame = { .offset = piece->offset,
				    .stored = (uint32_t)piece->stored,
				    .plain = (uint32_t)piece->plain_len };

	if (check->trailer)
		firn_problem(check, piece->offset,
			     "a frame behind the trailer");
	if (firn_sha256(piece->bytes, piece->stored, frame.sha256, err) < 0 ||
	    firn_frames_add(&check->frames, &frame, err) < 0)
		return -1;
	if (check->untar.state == FIRN_UNTAR_LOST &&
	    !firn_untar_resume(&check->untar, piece->plain, piece->plain_len))
		return 0;
	return read_tar(check, piece->plain, piece->plain_len, err);
}

static int
add_hole(struct firn_check *check, const struct firn_piece *piece,
	 struct firn_err *err)
{
	struct firn_hole *larger;

	/* The last one grows to whatever follows. */
	if (check->n_holes == MOST_HOLES) {
		check->holes[MOST_HOLES - 1].until =
			piece->offset + piece->stored;
		return 0;
	}
	larger = realloc(check->holes, (check->n_holes + 1) * sizeof(*larger));
	if (larger == NULL)
		return firn_err_nomem(err);
	check->holes = larger;
	check->holes[check->n_holes++] =
		(struct firn_hole){ .from = piece->offset,
				    .until = piece->offset + piece->stored };
	return 0;
}

/* If it's known how much is missing, the member goes on behind it. */
static int
check_broken(struct firn_check *check, const struct firn_piece *piece,
	     struct firn_err *err)
{
	struct firn_frame frame = { .offset = piece->offset,
				    .stored = (uint32_t)piece->stored,
				    .plain = (uint32_t)piece->plain_len };

	firn_problem(check, piece->offset, "%llu bytes are damaged",
		     (unsigned long long)piece->stored);
	if (add_hole(check, piece, err) < 0)
		return -1;
	if (piece->plain_len == 0)
		check->uncounted = true;
	else if (firn_frames_add(&check->frames, &frame, err) < 0)
		return -1;
	check->now.whole = false;
	if (piece->plain_len > 0 &&
	    firn_untar_skip(&check->untar, piece->plain_len))
		return 0;
	check->untar.state = FIRN_UNTAR_LOST;
	return abandon(check, err);
}

/* Returns 1 at the end of the file. */
static int
check_piece(struct firn_check *check, const struct firn_piece *piece,
	    struct firn_err *err)
{
	check->offset = piece->offset;
	switch (piece->kind) {
	case FIRN_PIECE_END:
		check->cut = true;
		return 1;
	case FIRN_PIECE_CUT:
		return firn_check_cut(check, piece, err) < 0 ? -1 : 1;
	case FIRN_PIECE_FRAME:
		return check_frame(check, piece, err);
	case FIRN_PIECE_BROKEN:
		return check_broken(check, piece, err);
	case FIRN_PIECE_TRAILER:
		return firn_check_trailer(check, piece, err);
	case FIRN_PIECE_SEEK:
		break;
	}
	if (!check->trailer && check->n_problems == 0)
		firn_problem(check, piece->offset,
			     "a seek table without a trailer before it");
	return firn_check_seek_table(check, err) < 0 ? -1 : 1;
}

static int
check_all(struct firn_check *check, struct firn_err *err)
{
	struct firn_piece piece;
	int ended = 0;

	if (firn_sha256_start(&check->sums, err) < 0)
		return -1;
	while (ended == 0) {
		if (firn_inflate_next(check->inflate, &piece, err) < 0)
			return -1;
		ended = check_piece(check, &piece, err);
	}
	return ended < 0 ? -1 : 0;
}

static const char *
verdict(const struct firn_check *check)
{
	bool any = *check->untar.folder != '\0';

	if (!any && (!check->cut || check->n_problems > 0))
		return "foreign";
	if (check->n_problems > 0)
		return "damaged";
	return check->sealed && check->tags_signed ? "intact" : "cut";
}

static void
set_text(json_t *ret, const char *key, const char *text)
{
	json_object_set_new(ret, key,
			    *text != '\0' ? json_string(text) : json_null());
}

static void
name(json_t *list, const char *path)
{
	if (json_array_size(list) < MOST_NAMED)
		json_array_append_new(list, json_string(path));
}

/* A checkpoint or a seal that the file ends in. */
static void
name_last(const struct firn_check *check, json_t *unsure)
{
	static const char tags[] = "tagmanifest-sha256.txt";
	const char *inside = check->inside ? check->now.path : "";
	char path[40];

	snprintf(path, sizeof(path), "journal/%06llu.json",
		 (unsigned long long)check->sequence + 1);
	if (check->checkpoint.len > 0 && strcmp(inside, path) != 0)
		name(unsure, path);
	if (check->tags.len > 0 && !check->trailer && strcmp(inside, tags) != 0)
		name(unsure, tags);
	if (check->tags_signed && !check->trailer)
		name(unsure, "tagmanifest-sha256.txt.sig");
}

static json_t *
members(struct firn_check *check)
{
	json_t *unsure = json_array(), *ret = json_object();
	uint64_t whole = check->whole;

	for (size_t i = 0; i < check->seen.n; i++) {
		const struct firn_seen *seen = &check->seen.all[i];

		if (seen->path != NULL && !seen->whole)
			firn_member_broken(check, seen->path);
		else if (seen->path != NULL)
			name(unsure, seen->path);
	}
	name_last(check, unsure);
	/* The file ended in it. */
	if (check->inside)
		firn_member_broken(check, check->now.path);
	if (check->tags_signed && check->trailer)
		whole += 2;
	firn_json_uint(ret, "whole", whole);
	json_object_set(ret, "broken", check->broken);
	json_object_set_new(ret, "unsure", unsure);
	return ret;
}

static json_t *
answer(struct firn_check *check)
{
	char signer[FIRN_FINGERPRINT] = "", seal[FIRN_SHA256_TEXT] = "";
	json_t *ret = json_object();

	if (check->signer != NULL)
		firn_key_fingerprint(check->signer, signer);
	if (check->tags_signed)
		firn_hex(check->seal, FIRN_SHA256, seal);
	set_text(ret, "verdict", verdict(check));
	json_object_set_new(ret, "trusted", json_boolean(check->trusted));
	set_text(ret, "signer", signer);
	set_text(ret, "case", check->untar.folder);
	json_object_set_new(ret, "format",
			    *check->untar.folder != '\0' ? json_integer(1)
							 : json_null());
	set_text(ret, "captured", check->captured);
	set_text(ret, "sealed_at", check->sealed_at);
	set_text(ret, "seal", seal);
	json_object_set_new(ret, "members", members(check));
	firn_json_uint(ret, "gaps", check->gaps);
	json_object_set_new(ret, "partial", json_boolean(check->partial));
	firn_json_uint(ret, "bytes", firn_inflate_offset(check->inflate));
	json_object_set(ret, "problems", check->problems);
	return ret;
}

static void
release(struct firn_check *check)
{
	firn_inflate_close(&check->inflate);
	json_decref(check->problems);
	json_decref(check->broken);
	free(check->holes);
	firn_frames_free(&check->frames);
	firn_paths_free(&check->paths);
	free(check->now.path);
	firn_sha256_free(&check->sha256);
	firn_sha256_free(&check->sums);
	firn_seen_free(&check->seen);
	firn_key_close(&check->embedded);
	firn_buf_free(&check->pem);
	firn_buf_free(&check->checkpoint);
	firn_buf_free(&check->signature);
	firn_buf_free(&check->bag_info);
	firn_buf_free(&check->tags);
	firn_buf_free(&check->tag_sums);
	firn_spool_free(&check->manifest);
}

int
firn_verify(int fd, const struct firn_key *const *keys, size_t n_keys,
	    json_t **ret, struct firn_err *err)
{
	autodone(release) struct firn_check check = {
		.keys = keys,
		.n_keys = n_keys,
		.chained = true,
		.problems = json_array(),
		.broken = json_array(),
		.frames = firn_frames_init(),
		.manifest = firn_spool_init(AT_FDCWD),
	};

	if (check.problems == NULL || check.broken == NULL)
		return firn_err_nomem(err);
	if (firn_inflate_open(&check.inflate, fd, err) < 0 ||
	    check_all(&check, err) < 0)
		return -1;
	*ret = answer(&check);
	return 0;
}
