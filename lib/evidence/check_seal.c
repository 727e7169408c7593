#include "evidence/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "evidence/journal.h"

/* "Firn-Sealed-At: TIME" of bag-info.txt, and was there room for all. */
static void
read_bag_info(struct firn_check *check)
{
	static const char label[] = "\nFirn-Sealed-At: ";
	const char *found = NULL;

	if (check->bag_info.len > 0)
		found = strstr(check->bag_info.data, label);
	check->partial = check->bag_info.len > 0 &&
			 strstr(check->bag_info.data, "\nFirn-Partial: ");
	if (found == NULL)
		return;
	found += strlen(label);
	snprintf(check->sealed_at, sizeof(check->sealed_at), "%.*s",
		 (int)strcspn(found, "\n"), found);
}

/* Is the manifest that was found the one that the tag manifest lists? */
static bool
manifest_holds(const struct firn_check *check)
{
	char line[FIRN_SHA256_TEXT + 32];

	firn_hex(check->manifest_sha256, FIRN_SHA256, line);
	strcat(line, "  manifest-sha256.txt\n");
	return strstr(check->tags.data, line) != NULL;
}

/* A checkpoint was lost: the signed manifests speak for its members. */
static int
fall_back(struct firn_check *check, struct firn_err *err)
{
	autospool struct firn_spool tags = firn_spool_init(AT_FDCWD);

	if (check->n_problems == 0)
		return 0;
	if (firn_spool_add(&tags, check->tags.data, check->tags.len, err) < 0 ||
	    firn_check_sums(check, &tags, err) < 0)
		return -1;
	if (!manifest_holds(check))
		return 0;
	return firn_check_sums(check, &check->manifest, err);
}

int
firn_check_tags(struct firn_check *check, struct firn_err *err)
{
	if (check->tags.len == 0 || check->signature.len == 0)
		return 0;
	if (!firn_signer(check, check->tags.data, check->tags.len,
			 (const unsigned char *)check->signature.data,
			 check->signature.len)) {
		firn_problem(check, check->now.offset,
			     "the seal's signature is not of its signer");
		return 0;
	}
	if (check->n_problems == 0 &&
	    (check->tags.len != check->tag_sums.len ||
	     memcmp(check->tags.data, check->tag_sums.data, check->tags.len) !=
		     0)) {
		firn_problem(check, check->now.offset,
			     "tagmanifest-sha256.txt doesn't list the files");
		return 0;
	}
	check->tags_signed = true;
	read_bag_info(check);
	if (firn_sha256(check->tags.data, check->tags.len, check->seal, err) <
	    0)
		return -1;
	return fall_back(check, err);
}

static bool
fits(const struct firn_check *check, const json_t *json)
{
	char previous[FIRN_SHA256_TEXT], seal[FIRN_SHA256_TEXT];
	const char *format = firn_json_string(json, "format", NULL);
	const char *of = firn_json_string(json, "case", NULL);
	const char *after = firn_json_string(json, "previous", NULL);
	const char *sealed = firn_json_string(json, "seal", NULL);
	json_int_t sequence =
		json_integer_value(json_object_get(json, "sequence"));

	firn_hex(check->previous, FIRN_SHA256, previous);
	firn_hex(check->seal, FIRN_SHA256, seal);
	if (format == NULL || strcmp(format, "firn-trailer-1") != 0 ||
	    of == NULL || strcmp(of, check->untar.folder) != 0 ||
	    after == NULL || sealed == NULL)
		return false;
	/* What was lost can't be compared. */
	return (!check->chained || (sequence == (json_int_t)check->sequence &&
				    strcmp(after, previous) == 0)) &&
	       (!check->tags_signed || strcmp(sealed, seal) == 0);
}

static int
judge_trailer(struct firn_check *check, const struct firn_piece *piece,
	      const json_t *json, struct firn_err *err)
{
	struct firn_frame frame;

	if (!fits(check, json)) {
		firn_problem(check, piece->offset,
			     "the trailer is of another archive");
		return 0;
	}
	if (firn_check_frames(check, json_object_get(json, "frames"),
			      "the trailer", err) < 0)
		return -1;
	for (; check->listed < check->frames.n; check->listed++) {
		if (firn_frames_get(&check->frames, check->listed, &frame,
				    err) < 0)
			return -1;
		firn_problem(check, frame.offset,
			     "the trailer doesn't list this frame");
	}
	if (!check->ended && check->n_problems == 0)
		firn_problem(check, piece->offset, "the tar has no end");
	check->trailer = true;
	return 0;
}

int
firn_check_trailer(struct firn_check *check, const struct firn_piece *piece,
		   struct firn_err *err)
{
	autojson json_t *json = NULL;
	struct firn_frame frame = { .offset = piece->offset,
				    .stored = (uint32_t)piece->stored };
	const unsigned char *text = piece->bytes + 8;
	size_t len = piece->stored - 8;

	if (len < FIRN_SIGNATURE ||
	    !firn_signer(check, text, len - FIRN_SIGNATURE,
			 text + len - FIRN_SIGNATURE, FIRN_SIGNATURE))
		firn_problem(check, piece->offset,
			     "the trailer's signature is not of its signer");
	else if (firn_check_parse(check, (const char *)text,
				  len - FIRN_SIGNATURE, "the trailer", &json,
				  err) < 0 ||
		 (json != NULL && judge_trailer(check, piece, json, err) < 0))
		return -1;
	return firn_frames_add(&check->frames, &frame, err);
}

/* Of a trailer, all but the signature is known before. */
int
firn_check_cut(struct firn_check *check, const struct firn_piece *piece,
	       struct firn_err *err)
{
	autobuf struct firn_buf text = { 0 }, expected = { 0 };
	unsigned char header[8];
	size_t len = piece->stored;

	check->cut = true;
	if (!check->tags_signed || check->n_problems > 0 || len < 4 ||
	    firn_get_le32(piece->bytes) != FIRN_MAGIC_TRAILER)
		return 0;
	if (firn_trailer_text(check->untar.folder, check->sequence,
			      check->previous, check->seal, &check->frames,
			      check->listed, &text, err) < 0)
		return -1;
	firn_put_le32(header, FIRN_MAGIC_TRAILER);
	firn_put_le32(header + 4, (uint32_t)text.len + FIRN_SIGNATURE);
	firn_buf_add(&expected, header, sizeof(header));
	firn_buf_add(&expected, text.data, text.len);
	if (firn_buf_check(&expected, err) < 0)
		return -1;
	for (size_t i = 0; i < len && i < expected.len; i++)
		if (piece->bytes[i] != (unsigned char)expected.data[i]) {
			firn_problem(check, piece->offset + i,
				     "the trailer is not as it was written");
			return 0;
		}
	return 0;
}

/* The next bytes have to be these.  Returns 1 if so, 0 if not. */
static int
expect(struct firn_check *check, const void *expected, size_t len,
       struct firn_err *err)
{
	uint64_t offset = firn_inflate_offset(check->inflate);
	unsigned char found[16];
	ssize_t n = firn_inflate_raw(check->inflate, found, len, err);

	if (n < 0)
		return -1;
	for (size_t i = 0; i < (size_t)n; i++)
		if (found[i] != ((const unsigned char *)expected)[i]) {
			firn_problem(check, offset + i,
				     "the seek table is not as it was written");
			return 0;
		}
	check->cut = (size_t)n < len;
	return !check->cut;
}

static int
expect_entries(struct firn_check *check, struct firn_err *err)
{
	int same = 1;

	for (uint64_t i = 0; i < check->frames.n && same > 0; i++) {
		unsigned char entry[FIRN_SEEK_ENTRY];
		struct firn_frame frame;

		if (firn_frames_get(&check->frames, i, &frame, err) < 0)
			return -1;
		if (firn_is_hole(check, frame.offset)) {
			if (firn_inflate_raw(check->inflate, entry,
					     sizeof(entry), err) < 0)
				return -1;
			continue;
		}
		firn_seek_entry(entry, frame.stored, frame.plain);
		same = expect(check, entry, sizeof(entry), err);
	}
	return same;
}

/* Whatever is left. */
static int
drain(struct firn_check *check, struct firn_err *err)
{
	char data[4096];
	ssize_t n;

	do
		n = firn_inflate_raw(check->inflate, data, sizeof(data), err);
	while (n > 0);
	return n < 0 ? -1 : 0;
}

int
firn_check_seek_table(struct firn_check *check, struct firn_err *err)
{
	unsigned char header[FIRN_SEEK_HEADER], footer[FIRN_SEEK_FOOTER];
	uint64_t n = check->frames.n, behind;
	int same;

	if (check->uncounted)
		return drain(check, err);
	firn_seek_header(header, n);
	firn_seek_footer(footer, n);
	same = expect(check, header, sizeof(header), err);
	if (same > 0)
		same = expect_entries(check, err);
	if (same > 0)
		same = expect(check, footer, sizeof(footer), err);
	if (same < 0)
		return -1;
	behind = firn_inflate_offset(check->inflate);
	check->sealed = same > 0;
	if (drain(check, err) < 0)
		return -1;
	if (same > 0 && firn_inflate_offset(check->inflate) > behind)
		firn_problem(check, behind, "bytes behind the end");
	return 0;
}
