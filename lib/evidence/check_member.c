#include "evidence/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"

/* Larger tag files than we write. */
#define LONGEST_TAG (64 << 10)
#define LONGEST_TAGS (64 << 20)

static bool
is_payload(const char *path)
{
	return strncmp(path, "data/", 5) == 0;
}

/* "journal/000012.json" and "journal/000012.json.sig" are 12; others 0. */
static uint64_t
checkpoint_number(const char *path)
{
	char digits[24];
	uint64_t number;
	size_t len;

	if (strncmp(path, "journal/", 8) != 0)
		return 0;
	path += 8;
	len = strcspn(path, ".");
	if (len < 6 || len >= sizeof(digits) ||
	    (strcmp(path + len, ".json") != 0 &&
	     strcmp(path + len, ".json.sig") != 0))
		return 0;
	memcpy(digits, path, len);
	digits[len] = '\0';
	return firn_is_decimal(digits, &number) ? number : 0;
}

/* Which of the archive's own files we have to read ourselves. */
static void
choose_capture(struct firn_check *check)
{
	const struct {
		const char *path;
		struct firn_buf *buf;
		size_t max;
	} files[] = {
		{ "signer.pem", &check->pem, LONGEST_TAG },
		{ "bag-info.txt", &check->bag_info, LONGEST_TAG },
		{ "tagmanifest-sha256.txt", &check->tags, LONGEST_TAGS },
		{ "tagmanifest-sha256.txt.sig", &check->signature, 64 },
		{ "bagit.txt", NULL, 0 },
		{ "README.txt", NULL, 0 },
		{ "manifest-sha256.txt", NULL, 0 },
	};
	const char *path = check->now.path;
	bool known = is_payload(path);

	check->capture = NULL;
	check->to_manifest = strcmp(path, "manifest-sha256.txt") == 0;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(path, files[i].path) == 0) {
			check->capture = files[i].buf;
			check->capture_max = files[i].max;
			known = true;
		}
	if (checkpoint_number(path) != 0) {
		bool is_signature = firn_ends_with(path, ".sig");

		known = true;
		check->capture =
			is_signature ? &check->signature : &check->checkpoint;
		check->capture_max = is_signature ? 64 : FIRN_CHECKPOINT_MAX;
	}
	if (check->capture != NULL)
		check->capture->len = 0;
	if (!known)
		firn_problem(check, check->offset,
			     "%s is no member of an archive of ours", path);
}

int
firn_check_begin(struct firn_check *check, struct firn_err *err)
{
	struct firn_seen *now = &check->now;

	free(now->path);
	*now = (struct firn_seen){ .path = strdup(check->untar.path),
				   .size = check->untar.size,
				   .offset = check->offset,
				   .whole = true };
	if (now->path == NULL)
		return firn_err_nomem(err);
	if (firn_paths_add(&check->paths, now->path, err) < 0) {
		if (err->code != EEXIST && err->code != E2BIG)
			return -1;
		firn_problem(check, check->offset, "%s", err->text);
		*err = (struct firn_err){ 0 };
	}
	choose_capture(check);
	check->inside = true;
	return firn_sha256_start(&check->sha256, err);
}

int
firn_check_data(struct firn_check *check, struct firn_err *err)
{
	const unsigned char *data = check->untar.data;
	size_t len = check->untar.data_len;

	firn_sha256_add(&check->sha256, data, len);
	if (check->to_manifest)
		return firn_spool_add(&check->manifest, data, len, err);
	if (check->capture == NULL)
		return 0;
	if (len > check->capture_max - check->capture->len) {
		firn_problem(check, check->now.offset, "%s is too large",
			     check->now.path);
		check->capture->len = 0;
		check->capture = NULL;
		return 0;
	}
	firn_buf_add(check->capture, data, len);
	return firn_buf_check(check->capture, err);
}

/* Wait for a checkpoint that lists it. */
static int
remember(struct firn_check *check, struct firn_err *err)
{
	if (firn_seen_add(&check->seen, &check->now, err) == 0)
		return 0;
	if (err->code != E2BIG)
		return -1;
	firn_problem(check, check->offset, "%s", err->text);
	*err = (struct firn_err){ 0 };
	return 0;
}

static int
count_sum(struct firn_check *check, struct firn_err *err)
{
	autobuf struct firn_buf line = { 0 };
	char digest[FIRN_SHA256_TEXT];

	firn_hex(check->now.sha256, FIRN_SHA256, digest);
	firn_buf_addf(&line, "%s  %s\n", digest, check->now.path);
	if (firn_buf_check(&line, err) < 0)
		return -1;
	if (is_payload(check->now.path)) {
		firn_sha256_add(&check->sums, line.data, line.len);
		return 0;
	}
	firn_buf_add(&check->tag_sums, line.data, line.len);
	return firn_buf_check(&check->tag_sums, err);
}

/* Until here all payload was seen, and this lists it. */
static int
compare_manifest(struct firn_check *check, struct firn_err *err)
{
	unsigned char expected[FIRN_SHA256];

	memcpy(check->manifest_sha256, check->now.sha256, FIRN_SHA256);
	firn_sha256_end(&check->sums, expected);
	if (check->n_problems == 0 &&
	    memcmp(expected, check->now.sha256, FIRN_SHA256) != 0)
		firn_problem(check, check->now.offset,
			     "manifest-sha256.txt doesn't list the members");
	/* Whoever writes a second one shall not find the first's end. */
	return firn_sha256_start(&check->sums, err);
}

static void
take_key(struct firn_check *check)
{
	struct firn_err why = { 0 };

	if (check->embedded == NULL && check->pem.len > 0 &&
	    firn_key_parse(&check->embedded, check->pem.data, check->pem.len,
			   &why) < 0)
		firn_problem(check, check->now.offset, "signer.pem: %s",
			     why.text);
}

int
firn_check_done(struct firn_check *check, struct firn_err *err)
{
	const char *path = check->now.path;
	uint64_t number = checkpoint_number(path);
	bool is_tags = strncmp(path, "tagmanifest-", 12) == 0;

	check->inside = false;
	if (check->now.whole)
		firn_sha256_end(&check->sha256, check->now.sha256);
	else if (check->capture != NULL)
		check->capture->len = 0;
	if (!is_tags && count_sum(check, err) < 0)
		return -1;
	if (check->to_manifest && compare_manifest(check, err) < 0)
		return -1;
	if (strcmp(path, "signer.pem") == 0 && check->now.whole)
		take_key(check);
	if (number != 0 || is_tags) {
		if (!check->now.whole)
			firn_member_broken(check, path);
		if (!firn_ends_with(path, ".sig"))
			return 0;
		if (!check->now.whole)
			check->signature.len = 0;
		return is_tags ? firn_check_tags(check, err)
			       : firn_check_checkpoint(check, number, err);
	}
	return remember(check, err);
}
