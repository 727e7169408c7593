#include "firn/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "evidence/writer.h"

/* A path of a suspect's in a gap; longer ones are cut. */
#define LONGEST_WHAT 8192

#define TELL_EVERY_NS 100000000u

static const char readme[] =
	"This is evidence of a container, captured by firn.\n"
	"\n"
	"It is a BagIt bag (RFC 8493).  To check it without firn, here:\n"
	"\n"
	"  sha256sum -c manifest-sha256.txt tagmanifest-sha256.txt\n"
	"  openssl pkeyutl -verify -pubin -inkey signer.pem -rawin \\\n"
	"      -in tagmanifest-sha256.txt -sigfile tagmanifest-sha256.txt.sig\n"
	"\n"
	"signer.pem proves nothing by itself: compare it with the key that\n"
	"you know the responder has.\n"
	"\n"
	"If these files are missing, the capture was cut short.  What stands\n"
	"in journal/ is signed in the same way, checkpoint by checkpoint, and\n"
	"lists the members before it.  What could not be had is in\n"
	"data/gaps.jsonl.  Files below data/ were chosen by an attacker: "
	"don't\n"
	"run them.  The format is described in firn-archive(5).\n";

/* Members that the seal writes. */
static const char *const ours[] = {
	"data/containment.jsonl",
	"data/gaps.jsonl",
	"data/manifest.json",
};

static int
reserve_paths(struct firn_archive *archive, struct firn_err *err)
{
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (firn_paths_add(&archive->paths, ours[i], err) < 0)
			return -1;
	return 0;
}

static int
write_first(struct firn_archive *archive, struct firn_err *err)
{
	static const char bagit[] = "BagIt-Version: 1.0\n"
				    "Tag-File-Character-Encoding: UTF-8\n";
	const char *pem = firn_key_public(archive->key);

	if (firn_member_whole(archive, FIRN_TAG, "bagit.txt", bagit,
			      strlen(bagit), err) < 0 ||
	    firn_member_whole(archive, FIRN_TAG, "README.txt", readme,
			      strlen(readme), err) < 0)
		return -1;
	return firn_member_whole(archive, FIRN_TAG, "signer.pem", pem,
				 strlen(pem), err);
}

static int
start(struct firn_archive *archive, const struct firn_archive_options *options,
      struct firn_err *err)
{
	archive->key = options->key;
	archive->started_ns = firn_monotonic_ns();
	strcpy(archive->case_id, options->case_id);
	if (firn_boot_id(archive->boot_id, err) < 0 ||
	    firn_pipeline_create(&archive->pipeline, options->workers,
				 options->level != 0 ? options->level : 1,
				 err) < 0 ||
	    reserve_paths(archive, err) < 0 ||
	    firn_output_open(&archive->output, options->path, options->fd,
			     err) < 0)
		return -1;
	if (write_first(archive, err) < 0 ||
	    firn_stream_flush(archive, err) < 0) {
		firn_output_discard(&archive->output);
		return -1;
	}
	return 0;
}

int
firn_archive_probe(const char *path, struct firn_err *err)
{
	return firn_output_probe(path, err);
}

int
firn_archive_create(struct firn_archive **ret,
		    const struct firn_archive_options *options,
		    struct firn_err *err)
{
	autodone(firn_archive_close) struct firn_archive *archive = NULL;

	if (options->case_id == NULL || !firn_is_folder_name(options->case_id))
		return firn_err_set(err, EINVAL,
				    "a case is named by letters, digits, - _ "
				    "and dots");
	archive = calloc(1, sizeof(*archive));
	if (archive == NULL)
		return firn_err_nomem(err);
	archive->output = (struct firn_output){ .fd = -1, .dir_fd = -1 };
	archive->frames = firn_frames_init();
	archive->manifest = firn_spool_init(AT_FDCWD);
	archive->sums = firn_spool_init(AT_FDCWD);
	archive->gaps = firn_spool_init(AT_FDCWD);
	archive->containment = firn_spool_init(AT_FDCWD);
	if (start(archive, options, err) < 0)
		return -1;
	*ret = firn_steal(archive);
	return 0;
}

void
firn_archive_close(struct firn_archive **ptr)
{
	struct firn_archive *archive = *ptr;

	if (archive == NULL)
		return;
	/* First the threads, which write into the records. */
	firn_pipeline_close(&archive->pipeline);
	archive->failure.code = 0; /* no gaps for what is on its way */
	firn_members_lost(archive);
	firn_output_close(&archive->output);
	firn_frames_free(&archive->frames);
	firn_paths_free(&archive->paths);
	firn_spool_free(&archive->manifest);
	firn_spool_free(&archive->sums);
	firn_spool_free(&archive->gaps);
	firn_spool_free(&archive->containment);
	firn_buf_free(&archive->since);
	firn_buf_free(&archive->tag_sums);
	free(archive);
	*ptr = NULL;
}

int
firn_archive_begin(struct firn_archive *archive, const char *path,
		   uint64_t size, const struct firn_member_source *source,
		   struct firn_err *err)
{
	if (firn_stream_check(archive, err) < 0)
		return -1;
	if (!firn_is_member_path(path) || strncmp(path, "data/", 5) != 0)
		return firn_err_set(err, EINVAL, "no member can be called %s",
				    path);
	if (size > INT64_MAX)
		return firn_err_set(err, EFBIG, "%s", path);
	if (firn_paths_add(&archive->paths, path, err) < 0)
		return -1;
	return firn_member_begin(archive, FIRN_PAYLOAD, path, size, source,
				 err);
}

int
firn_archive_end(struct firn_archive *archive, struct firn_err *err)
{
	uint64_t unlisted;

	if (firn_member_close(archive, err) < 0)
		return -1;
	unlisted = archive->frames.n - archive->listed_frames;
	if (archive->n_since < FIRN_CHECKPOINT_MEMBERS / 2 &&
	    unlisted < FIRN_CHECKPOINT_FRAMES / 2)
		return 0;
	return firn_journal_add(archive, err);
}

int
firn_archive_checkpoint(struct firn_archive *archive, struct firn_err *err)
{
	if (firn_stream_check(archive, err) < 0)
		return -1;
	if (archive->open != NULL)
		return firn_err_set(err, EBUSY, "%s is not finished yet",
				    archive->open->path);
	return firn_journal_add(archive, err);
}

int
firn_archive_bytes(struct firn_archive *archive, const char *path,
		   const void *data, size_t len,
		   const struct firn_member_source *source,
		   struct firn_err *err)
{
	if (firn_archive_begin(archive, path, len, source, err) < 0 ||
	    firn_archive_write(archive, data, len, err) < 0)
		return -1;
	return firn_archive_end(archive, err);
}

int
firn_archive_json(struct firn_archive *archive, const char *path,
		  const json_t *json, const struct firn_member_source *source,
		  struct firn_err *err)
{
	autofree char *text = json_dumps(json, JSON_INDENT(2));
	autobuf struct firn_buf buf = { 0 };

	if (text == NULL)
		return firn_err_nomem(err);
	firn_buf_addf(&buf, "%s\n", text);
	if (firn_buf_check(&buf, err) < 0)
		return -1;
	return firn_archive_bytes(archive, path, buf.data, buf.len, source,
				  err);
}

int
firn_archive_spool(struct firn_archive *archive, const char *path,
		   const struct firn_spool *spool,
		   const struct firn_member_source *source,
		   struct firn_err *err)
{
	if (firn_archive_begin(archive, path, spool->size, source, err) < 0 ||
	    firn_member_spool(archive, spool, err) < 0)
		return -1;
	return firn_archive_end(archive, err);
}

/* A line more for the seal; a spool that can't take it fails the archive. */
static int
add_line(struct firn_archive *archive, struct firn_spool *spool,
	 const json_t *json, struct firn_err *err)
{
	autofree char *line = firn_json_line(json);

	if (line == NULL) {
		firn_err_nomem(err);
		return firn_stream_fail(archive, err);
	}
	if (firn_spool_add(spool, line, strlen(line), err) < 0 ||
	    firn_spool_add(spool, "\n", 1, err) < 0)
		return firn_stream_fail(archive, err);
	return 0;
}

void
firn_archive_gap(struct firn_archive *archive, const char *collector,
		 const char *what, const struct firn_err *why)
{
	autojson json_t *gap = json_object();
	const char *name = strerrorname_np(why->code);
	struct firn_err err = { 0 };

	firn_json_time(gap, "time", firn_now());
	firn_json_text(gap, "collector", collector);
	firn_json_bytes(gap, "what", what, strnlen(what, LONGEST_WHAT));
	firn_json_text(gap, "why", why->text);
	firn_json_text(gap, "code", name);
	archive->n_gaps++;
	(void)add_line(archive, &archive->gaps, gap, &err);
}

uint64_t
firn_archive_gaps(const struct firn_archive *archive)
{
	return archive->n_gaps;
}

void
firn_archive_frozen(struct firn_archive *archive, bool frozen)
{
	archive->frozen = frozen;
}

int
firn_archive_containment(struct firn_archive *archive, const json_t *line,
			 struct firn_err *err)
{
	if (firn_stream_check(archive, err) < 0)
		return -1;
	return add_line(archive, &archive->containment, line, err);
}

void
firn_archive_on_progress(struct firn_archive *archive, firn_progress_fn *fn,
			 void *arg)
{
	archive->progress = fn;
	archive->progress_arg = arg;
}

void
firn_archive_on_member(struct firn_archive *archive, firn_member_fn *fn,
		       void *arg)
{
	archive->on_member = fn;
	archive->on_member_arg = arg;
}

void
firn_archive_tap(struct firn_archive *archive, const struct firn_tap *tap)
{
	archive->tap = tap;
}

void
firn_archive_expect(struct firn_archive *archive, uint64_t bytes)
{
	archive->expected += bytes;
}

void
firn_archive_tell(struct firn_archive *archive, const char *path)
{
	struct firn_progress progress = {
		.path = path,
		.members = archive->n_members,
		.bytes_in = archive->bytes_in,
		.bytes_out = archive->output.offset,
		.bytes_expected = archive->expected,
	};
	uint64_t now;

	if (archive->progress == NULL)
		return;
	now = firn_monotonic_ns();
	if (now - archive->told_ns < TELL_EVERY_NS)
		return;
	archive->told_ns = now;
	progress.elapsed_ns = now - archive->started_ns;
	archive->progress(&progress, archive->progress_arg);
}

int
firn_archive_room(const struct firn_archive *archive, uint64_t *ret)
{
	return firn_output_room(&archive->output, ret);
}
