#include "evidence/writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "evidence/tar.h"

/* A member that its collector left unfinished. */
static int
fill_open(struct firn_archive *archive, struct firn_err *err)
{
	static const char zeros[4096];
	struct firn_err why = { 0 };

	if (archive->open == NULL)
		return 0;
	firn_err_set(&why, ECANCELED, "the last %llu bytes were not collected",
		     (unsigned long long)archive->left);
	firn_archive_gap(archive, "archive", archive->open->path, &why);
	while (archive->left > 0) {
		size_t part = archive->left < sizeof(zeros)
				      ? (size_t)archive->left
				      : sizeof(zeros);

		if (firn_archive_write(archive, zeros, part, err) < 0)
			return -1;
	}
	return firn_member_close(archive, err);
}

static int
write_spool(struct firn_archive *archive, enum firn_kind kind, const char *path,
	    const struct firn_spool *spool, struct firn_err *err)
{
	if (firn_member_begin(archive, kind, path, spool->size, NULL, err) <
		    0 ||
	    firn_member_spool(archive, spool, err) < 0)
		return -1;
	return firn_member_close(archive, err);
}

static int
write_manifest(struct firn_archive *archive, struct firn_err *err)
{
	static const char tail[] = "\n]}\n";
	char head[160];
	int len;
	uint64_t size;

	/* Those on their way belong in it. */
	if (firn_stream_flush(archive, err) < 0)
		return -1;
	len = snprintf(head, sizeof(head),
		       "{\"format\":\"firn-manifest-1\",\"case\":\"%s\","
		       "\"members\":[\n",
		       archive->case_id);
	size = (uint64_t)len + archive->manifest.size + strlen(tail);
	if (firn_member_begin(archive, FIRN_PAYLOAD, "data/manifest.json", size,
			      NULL, err) < 0 ||
	    firn_archive_write(archive, head, (size_t)len, err) < 0 ||
	    firn_member_spool(archive, &archive->manifest, err) < 0 ||
	    firn_archive_write(archive, tail, strlen(tail), err) < 0)
		return -1;
	return firn_member_close(archive, err);
}

static int
write_payload(struct firn_archive *archive, struct firn_err *err)
{
	if (write_spool(archive, FIRN_PAYLOAD, "data/containment.jsonl",
			&archive->containment, err) < 0 ||
	    write_spool(archive, FIRN_PAYLOAD, "data/gaps.jsonl",
			&archive->gaps, err) < 0)
		return -1;
	return write_manifest(archive, err);
}

static int
write_bag_info(struct firn_archive *archive, bool partial, struct firn_err *err)
{
	autobuf struct firn_buf text = { 0 };
	char now[FIRN_TIME_TEXT], signer[FIRN_FINGERPRINT];

	firn_now_text(now);
	firn_key_fingerprint(archive->key, signer);
	firn_buf_addf(&text, "Bag-Software-Agent: firn " FIRN_VERSION "\n");
	firn_buf_addf(&text, "Bagging-Date: %.10s\n", now);
	firn_buf_addf(&text, "External-Identifier: %s\n", archive->case_id);
	firn_buf_addf(&text, "Payload-Oxum: %llu.%llu\n",
		      (unsigned long long)archive->payload_bytes,
		      (unsigned long long)archive->n_payload);
	firn_buf_addf(&text, "Firn-Format: 1\n");
	firn_buf_addf(&text, "Firn-Sealed-At: %s\n", now);
	firn_buf_addf(&text, "Firn-Signer: %s\n", signer);
	firn_buf_addf(&text, "Firn-Gaps: %llu\n",
		      (unsigned long long)archive->n_gaps);
	if (partial)
		firn_buf_addf(&text, "Firn-Partial: the disk was full\n");
	if (firn_buf_check(&text, err) < 0)
		return -1;
	return firn_member_whole(archive, FIRN_TAG, "bag-info.txt", text.data,
				 text.len, err);
}

static int
end_tar(struct firn_archive *archive, struct firn_err *err)
{
	struct firn_block *block = firn_stream_block(archive, err);

	if (block == NULL)
		return -1;
	if (FIRN_FRAME - block->len < FIRN_TAR_END) {
		firn_stream_end_frame(archive);
		block = firn_stream_block(archive, err);
	}
	if (block == NULL)
		return -1;
	memset(block->plain + block->len, 0, FIRN_TAR_END);
	block->len += FIRN_TAR_END;
	return firn_stream_flush(archive, err);
}

/* The tag manifest is what is signed: it lists all the other lists. */
static int
write_tags(struct firn_archive *archive, unsigned char seal[FIRN_SHA256],
	   struct firn_err *err)
{
	const struct firn_buf *text = &archive->tag_sums;
	unsigned char signature[FIRN_SIGNATURE];

	if (firn_sha256(text->data, text->len, seal, err) < 0 ||
	    firn_key_sign(archive->key, text->data, text->len, signature, err) <
		    0)
		return firn_stream_fail(archive, err);
	if (firn_member_whole(archive, FIRN_SEAL, "tagmanifest-sha256.txt",
			      text->data, text->len, err) < 0 ||
	    firn_member_whole(archive, FIRN_SEAL, "tagmanifest-sha256.txt.sig",
			      signature, sizeof(signature), err) < 0)
		return -1;
	return end_tar(archive, err);
}

/* What no checkpoint lists, and the seal: a frame that zstd skips. */
static int
write_trailer(struct firn_archive *archive,
	      const unsigned char seal[FIRN_SHA256], struct firn_frame *ret,
	      struct firn_err *err)
{
	autobuf struct firn_buf text = { 0 };
	unsigned char header[8], signature[FIRN_SIGNATURE];

	if (firn_trailer_text(archive->case_id, archive->sequence,
			      archive->previous, seal, &archive->frames,
			      archive->listed_frames, &text, err) < 0 ||
	    firn_key_sign(archive->key, text.data, text.len, signature, err) <
		    0)
		return firn_stream_fail(archive, err);
	firn_buf_add(&text, signature, sizeof(signature));
	if (firn_buf_check(&text, err) < 0)
		return firn_stream_fail(archive, err);
	firn_put_le32(header, FIRN_MAGIC_TRAILER);
	firn_put_le32(header + 4, (uint32_t)text.len);
	*ret = (struct firn_frame){ .offset = archive->output.offset,
				    .stored = (uint32_t)text.len + 8 };
	if (firn_stream_bare(archive, header, sizeof(header), err) < 0)
		return -1;
	return firn_stream_bare(archive, text.data, text.len, err);
}

static int
write_seek_table(struct firn_archive *archive, const struct firn_frame *trailer,
		 struct firn_err *err)
{
	unsigned char header[FIRN_SEEK_HEADER], footer[FIRN_SEEK_FOOTER];
	unsigned char entries[512][FIRN_SEEK_ENTRY];
	uint64_t n = archive->frames.n + 1;
	size_t have = 0;

	firn_seek_header(header, n);
	if (firn_stream_bare(archive, header, sizeof(header), err) < 0)
		return -1;
	for (uint64_t i = 0; i < n; i++) {
		struct firn_frame frame = *trailer;

		if (i < archive->frames.n &&
		    firn_frames_get(&archive->frames, i, &frame, err) < 0)
			return firn_stream_fail(archive, err);
		firn_seek_entry(entries[have++], frame.stored, frame.plain);
		if (have < 512 && i + 1 < n)
			continue;
		if (firn_stream_bare(archive, entries, have * FIRN_SEEK_ENTRY,
				     err) < 0)
			return -1;
		have = 0;
	}
	firn_seek_footer(footer, n);
	return firn_stream_bare(archive, footer, sizeof(footer), err);
}

static int
write_seal(struct firn_archive *archive, bool partial,
	   unsigned char seal[FIRN_SHA256], struct firn_err *err)
{
	struct firn_frame trailer;

	if (fill_open(archive, err) < 0 || write_payload(archive, err) < 0 ||
	    firn_stream_flush(archive, err) < 0 ||
	    write_spool(archive, FIRN_TAG, "manifest-sha256.txt",
			&archive->sums, err) < 0 ||
	    write_bag_info(archive, partial, err) < 0 ||
	    firn_journal_add(archive, err) < 0 ||
	    write_tags(archive, seal, err) < 0 ||
	    write_trailer(archive, seal, &trailer, err) < 0)
		return -1;
	return write_seek_table(archive, &trailer, err);
}

int
firn_archive_seal(struct firn_archive *archive, struct firn_sealed *ret,
		  struct firn_err *err)
{
	struct firn_sealed sealed = { 0 };
	bool partial = archive->full;
	unsigned char seal[FIRN_SHA256];

	if (partial) {
		const struct firn_err why = archive->failure;

		archive->failure = (struct firn_err){ 0 };
		firn_archive_gap(archive, NULL,
				 "all that would have come after the last "
				 "member",
				 &why);
	}
	if (firn_stream_check(archive, err) < 0)
		return -1;
	archive->sealing = true;
	if (write_seal(archive, partial, seal, err) < 0)
		return -1;
	sealed.bytes_out = archive->output.offset;
	if (firn_output_finish(&archive->output, !partial, err) < 0)
		return firn_stream_fail(archive, err);
	snprintf(sealed.path, sizeof(sealed.path), "%s",
		 partial ? archive->output.partial : archive->output.path);
	firn_hex(seal, sizeof(seal), sealed.seal);
	sealed.members = archive->n_members;
	sealed.gaps = archive->n_gaps;
	sealed.bytes_in = archive->bytes_in;
	sealed.partial = partial;
	/* Sealed is sealed. */
	firn_err_set(&archive->failure, EPERM, "%s is sealed already",
		     sealed.path);
	archive->full = false;
	*ret = sealed;
	return 0;
}
