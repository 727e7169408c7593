#include "evidence/writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Whole lines of `gaps`, as many as a checkpoint takes. */
static int
add_gaps(const struct firn_archive *archive, uint64_t *ret_until,
	 struct firn_buf *ret, struct firn_err *err)
{
	uint64_t at = archive->listed_gaps;
	size_t start = ret->len;
	char data[4096];

	while (at < archive->gaps.size) {
		ssize_t n = firn_spool_read(&archive->gaps, at, data,
					    sizeof(data), err);
		const char *end;

		if (n < 0)
			return -1;
		end = NULL;
		if (ret->len - start >= FIRN_CHECKPOINT_GAPS)
			end = memchr(data, '\n', (size_t)n);
		if (end != NULL)
			n = end + 1 - data;
		firn_buf_add(ret, data, (size_t)n);
		if (firn_buf_check(ret, err) < 0)
			return -1;
		at += (uint64_t)n;
		if (end != NULL)
			break;
	}
	/* Lines end with a newline, an array's elements with a comma. */
	for (size_t i = start; i + 1 < ret->len; i++)
		if (ret->data[i] == '\n')
			ret->data[i] = ',';
	*ret_until = at;
	return 0;
}

static void
add_head(const struct firn_archive *archive, struct firn_buf *ret)
{
	char previous[FIRN_SHA256_TEXT], signer[FIRN_FINGERPRINT];
	char now[FIRN_TIME_TEXT];

	firn_hex(archive->previous, sizeof(archive->previous), previous);
	firn_key_fingerprint(archive->key, signer);
	firn_buf_addf(ret,
		      "{\"format\":\"firn-checkpoint-1\",\n"
		      "\"case\":\"%s\",\n\"sequence\":%llu,\n"
		      "\"time\":\"%s\",\n\"boot_id\":\"%s\",\n"
		      "\"signer\":\"%s\",\n\"previous\":\"%s\",\n",
		      archive->case_id,
		      (unsigned long long)archive->sequence + 1,
		      firn_now_text(now), archive->boot_id, signer, previous);
}

/* The members stand in the last checkpoint of a row, after all their frames. */
static int
compose(const struct firn_archive *archive, uint64_t until, bool last,
	uint64_t *ret_gaps, struct firn_buf *ret, struct firn_err *err)
{
	add_head(archive, ret);
	firn_buf_addf(ret, "\"members\":[\n");
	if (last && archive->n_since > 0)
		firn_buf_add(ret, archive->since.data, archive->since.len);
	firn_buf_addf(ret, "],\n\"frames\":[\n");
	if (firn_list_frames(&archive->frames, archive->listed_frames, until,
			     ret, err) < 0)
		return -1;
	firn_buf_addf(ret, "],\n\"gaps\":[\n");
	if (add_gaps(archive, ret_gaps, ret, err) < 0)
		return -1;
	firn_buf_addf(ret, "],\n\"gaps_so_far\":%llu}\n",
		      (unsigned long long)archive->n_gaps);
	return firn_buf_check(ret, err);
}

static int
write_checkpoint(struct firn_archive *archive, const struct firn_buf *text,
		 struct firn_err *err)
{
	unsigned char signature[FIRN_SIGNATURE];
	char path[48];

	if (firn_key_sign(archive->key, text->data, text->len, signature, err) <
	    0)
		return firn_stream_fail(archive, err);
	snprintf(path, sizeof(path), "journal/%06llu.json",
		 (unsigned long long)archive->sequence + 1);
	if (firn_member_whole(archive, FIRN_JOURNAL, path, text->data,
			      text->len, err) < 0)
		return -1;
	strcat(path, ".sig");
	if (firn_member_whole(archive, FIRN_JOURNAL, path, signature,
			      sizeof(signature), err) < 0)
		return -1;
	return firn_stream_flush(archive, err);
}

static int
add_one(struct firn_archive *archive, uint64_t until, bool last,
	struct firn_err *err)
{
	autobuf struct firn_buf text = { 0 };
	uint64_t gaps;

	if (compose(archive, until, last, &gaps, &text, err) < 0)
		return firn_stream_fail(archive, err);
	if (write_checkpoint(archive, &text, err) < 0)
		return -1;
	archive->sequence++;
	archive->listed_frames = until;
	archive->listed_gaps = gaps;
	if (last) {
		archive->n_since = 0;
		archive->since.len = 0;
	}
	if (firn_sha256(text.data, text.len, archive->previous, err) < 0)
		return firn_stream_fail(archive, err);
	return 0;
}

int
firn_journal_add(struct firn_archive *archive, struct firn_err *err)
{
	uint64_t all, until;

	if (firn_stream_flush(archive, err) < 0)
		return -1;
	all = archive->frames.n;
	do {
		until = archive->listed_frames + FIRN_CHECKPOINT_FRAMES;
		if (until > all)
			until = all;
		if (add_one(archive, until, until == all, err) < 0)
			return -1;
	} while (until < all);
	if (firn_output_sync(&archive->output, err) < 0)
		return firn_stream_fail(archive, err);
	return 0;
}
