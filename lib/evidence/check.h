#ifndef EVIDENCE_CHECK_H
#define EVIDENCE_CHECK_H

/*
 * check -- an archive that is being verified; shared by the files that do it:
 * verify (frames and members as they come), check_member (what to keep of
 * a member), check_lists (what checkpoint and manifest say of them),
 * check_journal, check_seal.
 *
 * Functions return 0, or -1 when verifying itself can't go on; what is wrong
 * with the archive is a problem.
 */

#include "base/buf.h"
#include "base/digest.h"
#include "base/spool.h"
#include "evidence/frames.h"
#include "evidence/inflate.h"
#include "evidence/paths.h"
#include "evidence/seen.h"
#include "evidence/untar.h"
#include "firn/verify.h"

/* Bytes of the file where no frame was. */
struct firn_hole {
	uint64_t from, until;
};

struct firn_check {
	const struct firn_key *const *keys;
	size_t n_keys;
	struct firn_inflate *inflate;
	struct firn_untar untar;

	/* What was found. */
	json_t *problems;
	uint64_t n_problems;
	struct firn_hole *holes;
	size_t n_holes;
	bool uncounted; /* not even how many frames a hole had is known */
	struct firn_frames frames;
	uint64_t listed; /* frames that a checkpoint listed */
	struct firn_paths paths;
	uint64_t offset; /* of the frame being looked at */

	/* The member being read. */
	struct firn_seen now;
	struct firn_sha256 sha256;
	struct firn_buf *capture; /* its content goes there, or NULL */
	size_t capture_max;
	bool to_manifest; /* or into `manifest` */
	bool inside;      /* there is one */

	/* Members that no checkpoint has listed yet. */
	struct firn_seen_list seen;

	/* Signatures and the chain. */
	struct firn_key *embedded;     /* signer.pem */
	const struct firn_key *signer; /* who made the first good one */
	bool trusted;
	struct firn_buf pem, checkpoint, signature, bag_info, tags;
	struct firn_spool manifest; /* manifest-sha256.txt */
	unsigned char manifest_sha256[FIRN_SHA256];
	uint64_t sequence;
	unsigned char previous[FIRN_SHA256];
	bool chained; /* `previous` is the digest of checkpoint `sequence` */
	char boot_id[40];

	/* What the manifests have to say. */
	struct firn_buf tag_sums;
	struct firn_sha256 sums;
	unsigned char seal[FIRN_SHA256];
	bool tags_signed, ended, trailer, sealed, cut;

	/* The answer. */
	json_t *broken;
	uint64_t whole, n_broken, gaps;
	char captured[48], sealed_at[48];
	bool partial; /* the disk was full */
};

/* --- verify.c --- */

/* firn_problem(check, offset, fmt, ...) -- one for the list; at most one for
 * each place. */
void firn_problem(struct firn_check *check, uint64_t offset, const char *fmt,
		  ...) FIRN_PRINTF(3, 4);

/* firn_is_hole(check, offset) -- was nothing good found there? */
bool firn_is_hole(const struct firn_check *check, uint64_t offset);

/* firn_signer(check, data, len, signature) -- did who signs this archive sign
 * this? */
bool firn_signer(struct firn_check *check, const void *data, size_t len,
		 const unsigned char *signature, size_t signature_len);

/* --- check_member.c --- */

/* firn_check_begin(check, err) -- `untar` is at a member. */
FIRN_MUST_CHECK int firn_check_begin(struct firn_check *check,
				     struct firn_err *err);
FIRN_MUST_CHECK int firn_check_data(struct firn_check *check,
				    struct firn_err *err);
FIRN_MUST_CHECK int firn_check_done(struct firn_check *check,
				    struct firn_err *err);

/* --- check_lists.c --- */

/* firn_check_frames(check, list, name, err) -- are the frames that a
 * checkpoint or trailer lists those that were found? */
FIRN_MUST_CHECK int firn_check_frames(struct firn_check *check,
				      const json_t *list, const char *name,
				      struct firn_err *err);

/* firn_check_members(check, list, name, err) -- the same for its members. */
FIRN_MUST_CHECK int firn_check_members(struct firn_check *check,
				       const json_t *list, const char *name,
				       struct firn_err *err);

/* firn_check_sums(check, spool, err) -- members that only the lines of a
 * signed manifest can speak for. */
FIRN_MUST_CHECK int firn_check_sums(struct firn_check *check,
				    const struct firn_spool *spool,
				    struct firn_err *err);

/*
 * firn_check_parse(check, text, len, name, ret, err) -- JSON of whoever signed
 * it, which is nobody we know.  Returns 0 and NULL when it's not of ours, which
 * is a problem then.
 */
FIRN_MUST_CHECK int firn_check_parse(struct firn_check *check, const char *text,
				     size_t len, const char *name, json_t **ret,
				     struct firn_err *err);

/* firn_member_broken(check, path) -- one for that list. */
void firn_member_broken(struct firn_check *check, const char *path);

/* --- check_journal.c --- */

/* firn_check_checkpoint(check, number, err) -- `checkpoint` and `signature`
 * hold one. */
FIRN_MUST_CHECK int firn_check_checkpoint(struct firn_check *check,
					  uint64_t number,
					  struct firn_err *err);

/* --- check_seal.c --- */

/* firn_check_tags(check, err) -- `tags` and `signature` hold the seal. */
FIRN_MUST_CHECK int firn_check_tags(struct firn_check *check,
				    struct firn_err *err);
FIRN_MUST_CHECK int firn_check_trailer(struct firn_check *check,
				       const struct firn_piece *piece,
				       struct firn_err *err);
/* firn_check_cut(check, piece, err) -- the file ends here: in a trailer? */
FIRN_MUST_CHECK int firn_check_cut(struct firn_check *check,
				   const struct firn_piece *piece,
				   struct firn_err *err);
FIRN_MUST_CHECK int firn_check_seek_table(struct firn_check *check,
					  struct firn_err *err);

#endif
