#ifndef FIRN_ARCHIVE_H
#define FIRN_ARCHIVE_H

/*
 * archive -- the evidence, written once, front to back, and sealed.
 *
 * Format 1 (firn-archive(5)): a pax tar in independent zstd frames, a BagIt
 * bag when it is unpacked.  In one pass each byte is read, hashed, compressed
 * and written, on all cores and in bounded memory.  Checkpoints make every
 * prefix verifiable.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/sign.h"

struct firn_archive;
struct firn_spool;

struct firn_archive_options {
	const char *path;    /* of the sealed file; NULL writes to `fd` */
	int fd;              /* a pipe or a file, for `-o -`; borrowed */
	const char *case_id; /* the folder that it unpacks to; ASCII */
	const struct firn_key *key; /* borrowed; signs checkpoints and seal */
	unsigned workers; /* threads that compress; 0 for one per core */
	int level;        /* of zstd; 0 for 1 */
};

/*
 * firn_archive_create(ret, options, err) -- begin.
 *
 * The file is PATH.partial, mode 0600, until it's sealed; an existing PATH or
 * PATH.partial is EEXIST.  `bagit.txt` and `README.txt` are written at once.
 * Release with firn_archive_close(), which doesn't seal.
 */
FIRN_MUST_CHECK int firn_archive_create(
	struct firn_archive **ret, const struct firn_archive_options *options,
	struct firn_err *err);
void firn_archive_close(struct firn_archive **archive);

/*
 * firn_archive_probe(path, err) -- could it be created there?  Writes nothing.
 *
 * The errors of firn_archive_create() that can be known before: no such
 * folder, a folder that can't be written, PATH or PATH.partial is there.
 */
FIRN_MUST_CHECK int firn_archive_probe(const char *path, struct firn_err *err);

/* What is said of a member in data/manifest.json. */
struct firn_member_source {
	const char *collector; /* "network"; NULL for firn's own */
	const char *source;    /* where it was read: "/proc/17/maps" */
	const char *meaning;   /* where its meaning is defined: "proc(5)" */
};

/*
 * firn_archive_begin(archive, path, size, source, err) -- begin a member whose
 * size is known.
 *
 * `path` is below the bag's folder ("data/processes/17/maps"): ASCII letters,
 * digits, `-._/`, no component that begins with a dot, at most 200 bytes.  The
 * same path twice is EEXIST.  `source` may be NULL.
 *
 * Exactly `size` bytes must follow with firn_archive_write(), then
 * firn_archive_end().  What went wrong with the archive itself (ENOSPC, EPIPE,
 * EIO) is latched: every later call fails with the same error.
 */
FIRN_MUST_CHECK int firn_archive_begin(struct firn_archive *archive,
				       const char *path, uint64_t size,
				       const struct firn_member_source *source,
				       struct firn_err *err);
FIRN_MUST_CHECK int firn_archive_write(struct firn_archive *archive,
				       const void *data, size_t len,
				       struct firn_err *err);

/*
 * firn_archive_copy(archive, fd, size, ret_copied, ret_why, err) -- write the
 * next `size` bytes of the member from a descriptor, from where it stands.
 *
 * Reads straight into the pipeline's buffers.  A file that ends early or fails
 * to be read is filled up with zeros, so that the archive stays whole:
 * `*ret_copied` says how many bytes are real, and `*ret_why` (which may not be
 * NULL) why it was fewer; the caller records the gap.
 */
FIRN_MUST_CHECK int firn_archive_copy(struct firn_archive *archive, int fd,
				      uint64_t size, uint64_t *ret_copied,
				      struct firn_err *ret_why,
				      struct firn_err *err);
FIRN_MUST_CHECK int firn_archive_end(struct firn_archive *archive,
				     struct firn_err *err);

/* firn_archive_bytes(...) -- a whole member from memory. */
FIRN_MUST_CHECK int firn_archive_bytes(struct firn_archive *archive,
				       const char *path, const void *data,
				       size_t len,
				       const struct firn_member_source *source,
				       struct firn_err *err);

/* firn_archive_json(...) -- a whole member, indented JSON and a newline. */
FIRN_MUST_CHECK int firn_archive_json(struct firn_archive *archive,
				      const char *path, const json_t *json,
				      const struct firn_member_source *source,
				      struct firn_err *err);

/* firn_archive_spool(...) -- a whole member from a spool (base/spool.h). */
FIRN_MUST_CHECK int firn_archive_spool(struct firn_archive *archive,
				       const char *path,
				       const struct firn_spool *spool,
				       const struct firn_member_source *source,
				       struct firn_err *err);

/*
 * firn_archive_gap(archive, collector, what, why) -- write down what could not
 * be had.  `what` and `why->text` may hold what the suspect chose.  Goes into
 * the next checkpoint and into data/gaps.jsonl; can't fail (a spool that can't
 * take it is latched as the archive's error).
 */
void firn_archive_gap(struct firn_archive *archive, const char *collector,
		      const char *what, const struct firn_err *why);

/* firn_archive_gaps(archive) -- how many. */
uint64_t firn_archive_gaps(const struct firn_archive *archive);

/* firn_archive_frozen(archive, frozen) -- is the target frozen from now on?
 * Stands in the manifest for every member that follows. */
void firn_archive_frozen(struct firn_archive *archive, bool frozen);

/* firn_archive_containment(archive, line) -- add a line to
 * data/containment.jsonl; borrowed. */
FIRN_MUST_CHECK int firn_archive_containment(struct firn_archive *archive,
					     const json_t *line,
					     struct firn_err *err);

/*
 * firn_archive_checkpoint(archive, err) -- end a frame, sign what is there,
 * sync it.  From then on it can't be lost.
 */
FIRN_MUST_CHECK int firn_archive_checkpoint(struct firn_archive *archive,
					    struct firn_err *err);

/* How far it is; a callback's view. */
struct firn_progress {
	const char *path; /* the member being written */
	uint64_t members, bytes_in, bytes_out;
	uint64_t bytes_expected; /* 0 when not known */
	uint64_t elapsed_ns;
};
typedef void firn_progress_fn(const struct firn_progress *progress, void *arg);

/* firn_archive_on_progress(...) -- call `fn` about ten times a second. */
void firn_archive_on_progress(struct firn_archive *archive,
			      firn_progress_fn *fn, void *arg);

/*
 * firn_archive_on_member(archive, fn, arg) -- call `fn` when a member begins
 * and when it ends; NULL for nobody.
 *
 * If it calls firn_archive_frozen(archive, false), that holds for the member
 * that ends, too.
 */
typedef void firn_member_fn(struct firn_archive *archive, void *arg);
void firn_archive_on_member(struct firn_archive *archive, firn_member_fn *fn,
			    void *arg);

/* Who sees what is written of the members that it wants, as it is written: what
 * has just been read needn't be read again to be judged. */
struct firn_tap {
	bool (*wants)(void *arg, const char *path, uint64_t size);
	void (*take)(void *arg, const char *path, const void *data, size_t len);
	void *arg;
};

/* firn_archive_tap(archive, tap) -- from the next member on; NULL for nobody.
 * `tap` is borrowed. */
void firn_archive_tap(struct firn_archive *archive, const struct firn_tap *tap);

/* firn_archive_expect(archive, bytes) -- this much more is to come. */
void firn_archive_expect(struct firn_archive *archive, uint64_t bytes);

/* firn_archive_room(archive, ret) -- bytes free where it is written; 0 or -1
 * when that can't be known. */
int firn_archive_room(const struct firn_archive *archive, uint64_t *ret);

struct firn_sealed {
	char path[4096]; /* where it is; "-" for a stream */
	char seal[65]; /* SHA-256 of tagmanifest-sha256.txt: names the evidence
			*/
	uint64_t members, gaps, bytes_in, bytes_out;
	bool partial; /* the disk was full: sealed as far as it went */
};

/*
 * firn_archive_seal(archive, ret, err) -- manifests, last checkpoint,
 * signature, seek table; then rename PATH.partial to PATH and sync its folder.
 *
 * After ENOSPC the member that didn't fit is taken back and the rest is sealed
 * from a reserve that was set aside, but stays PATH.partial: 0 is returned and
 * `ret->partial` is set.
 */
FIRN_MUST_CHECK int firn_archive_seal(struct firn_archive *archive,
				      struct firn_sealed *ret,
				      struct firn_err *err);

#endif
