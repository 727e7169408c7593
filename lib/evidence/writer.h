#ifndef EVIDENCE_WRITER_H
#define EVIDENCE_WRITER_H

/*
 * writer -- an archive that is being written; shared by the files that do it:
 * stream (frames into the file), member, journal (checkpoints), seal, archive
 * (the rest of the interface).
 */

#include "base/buf.h"
#include "base/clock.h"
#include "base/spool.h"
#include "evidence/frames.h"
#include "evidence/journal.h"
#include "evidence/output.h"
#include "evidence/paths.h"
#include "evidence/pipeline.h"
#include "firn/archive.h"

/* Who lists a member. */
enum firn_kind {
	FIRN_PAYLOAD, /* data/: all manifests and the checkpoint */
	FIRN_TAG,     /* the tag manifest and the checkpoint */
	FIRN_JOURNAL, /* the tag manifest; checkpoints are chained */
	FIRN_SEAL,    /* nobody: it seals the rest */
};

/* A member on its way.  It counts once its last frame is written. */
struct firn_record {
	struct firn_record *next;
	enum firn_kind kind;
	char path[FIRN_MEMBER_PATH + 1];
	uint64_t size;
	unsigned char sha256[FIRN_SHA256];
	json_t *about; /* what else data/manifest.json says of it */
	bool ended;
	uint64_t last_block;
};

struct firn_archive {
	char case_id[FIRN_FOLDER_NAME + 1];
	char boot_id[FIRN_BOOT_ID];
	const struct firn_key *key;
	struct firn_err failure; /* latched; its code is 0 while all is well */
	bool full;               /* the failure is one to seal after */
	bool sealing;

	struct firn_output output;
	struct firn_pipeline *pipeline;
	struct firn_frames frames;
	/* Where the member that the current frame continues begins. */
	uint64_t whole_offset, whole_frames;
	uint64_t blocks_taken;

	struct firn_paths paths;
	struct firn_record *first, *last; /* on their way, in order */
	struct firn_record *open;         /* being written; it is the last */
	uint64_t left;                    /* bytes of it to come */

	/* Since the checkpoint before. */
	struct firn_buf since; /* lines of "members" */
	size_t n_since;
	uint64_t listed_frames, listed_gaps; /* frames; bytes of `gaps` */
	uint64_t sequence;
	unsigned char previous[FIRN_SHA256];

	/* What the seal will say. */
	struct firn_spool manifest, sums, gaps, containment;
	struct firn_buf tag_sums;
	uint64_t n_members, n_gaps, n_payload, payload_bytes, bytes_in;
	bool frozen;

	firn_member_fn *on_member;
	void *on_member_arg;
	const struct firn_tap *tap;
	bool tapped; /* the open member is wanted */
	firn_progress_fn *progress;
	void *progress_arg;
	uint64_t started_ns, told_ns, expected;
};

/* --- stream.c --- */

/* firn_stream_check(archive, err) -- -1 and the latched failure, if any. */
FIRN_MUST_CHECK int firn_stream_check(const struct firn_archive *archive,
				      struct firn_err *err);

/* firn_stream_fail(archive, err) -- latch a failure.  Returns -1. */
int firn_stream_fail(struct firn_archive *archive, const struct firn_err *err);

/* firn_stream_block(archive, err) -- a block that has room. */
FIRN_MUST_CHECK struct firn_block *firn_stream_block(
	struct firn_archive *archive, struct firn_err *err);

/* firn_stream_end_frame(archive) -- what follows starts a frame. */
void firn_stream_end_frame(struct firn_archive *archive);

/* firn_stream_flush(archive, err) -- end the frame and write all there is. */
FIRN_MUST_CHECK int firn_stream_flush(struct firn_archive *archive,
				      struct firn_err *err);

/* firn_stream_bare(archive, data, len, err) -- append a frame that is none of
 * the tar's; after a flush. */
FIRN_MUST_CHECK int firn_stream_bare(struct firn_archive *archive,
				     const void *data, size_t len,
				     struct firn_err *err);

/* --- member.c --- */

/* firn_member_begin(archive, kind, path, size, source, err) -- without asking
 * whether the path is allowed and new. */
FIRN_MUST_CHECK int firn_member_begin(struct firn_archive *archive,
				      enum firn_kind kind, const char *path,
				      uint64_t size,
				      const struct firn_member_source *source,
				      struct firn_err *err);

/* firn_member_whole(archive, kind, path, data, len, err) -- one of ours. */
FIRN_MUST_CHECK int firn_member_whole(struct firn_archive *archive,
				      enum firn_kind kind, const char *path,
				      const void *data, size_t len,
				      struct firn_err *err);

/* firn_member_close(archive, err) -- firn_archive_end() without checkpoint. */
FIRN_MUST_CHECK int firn_member_close(struct firn_archive *archive,
				      struct firn_err *err);

/* firn_member_spool(archive, spool, err) -- write what a spool holds. */
FIRN_MUST_CHECK int firn_member_spool(struct firn_archive *archive,
				      const struct firn_spool *spool,
				      struct firn_err *err);

/* firn_members_arrived(archive, err) -- count those that are written. */
FIRN_MUST_CHECK int firn_members_arrived(struct firn_archive *archive,
					 struct firn_err *err);

/* firn_members_lost(archive) -- those on their way won't be written. */
void firn_members_lost(struct firn_archive *archive);

/* --- journal.c --- */

/* firn_journal_add(archive, err) -- write checkpoints until nothing that was
 * there is unlisted, and sync. */
FIRN_MUST_CHECK int firn_journal_add(struct firn_archive *archive,
				     struct firn_err *err);

/* --- archive.c --- */

/* firn_archive_tell(archive, path) -- call the progress function, if it's
 * time. */
void firn_archive_tell(struct firn_archive *archive, const char *path);

#endif
