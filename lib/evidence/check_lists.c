#include "evidence/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define MOST_NAMED 10000

/* Values in a checkpoint, four times what we'd write: each takes a hundred
 * bytes of memory. */
#define MOST_VALUES (1 << 18)

void
firn_member_broken(struct firn_check *check, const char *path)
{
	check->n_broken++;
	if (json_array_size(check->broken) < MOST_NAMED)
		json_array_append_new(check->broken, json_string(path));
}

/* Brackets and commas, but for those in strings. */
static size_t
count_values(const char *text, size_t len)
{
	bool inside = false;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (inside && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			inside = !inside;
		else if (!inside && strchr("[{,", text[i]) != NULL)
			n++;
	}
	return n;
}

int
firn_check_parse(struct firn_check *check, const char *text, size_t len,
		 const char *name, json_t **ret, struct firn_err *err)
{
	struct firn_err why = { 0 };

	*ret = NULL;
	if (count_values(text, len) > MOST_VALUES)
		firn_err_set(&why, E2BIG, "%s lists more than one can", name);
	else if (firn_json_parse(text, len, name, ret, &why) == 0)
		return 0;
	if (why.code == ENOMEM) {
		*err = why;
		return -1;
	}
	firn_problem(check, check->offset, "%s", why.text);
	return 0;
}

static bool
parse_frame(const json_t *json, struct firn_frame *ret)
{
	const json_t *offset = json_array_get(json, 0);
	const json_t *stored = json_array_get(json, 1);
	const json_t *plain = json_array_get(json, 2);
	const char *digest = json_string_value(json_array_get(json, 3));

	*ret = (struct firn_frame){ 0 };
	if (json_array_size(json) != 4 || !json_is_integer(offset) ||
	    !json_is_integer(stored) || !json_is_integer(plain) ||
	    digest == NULL || json_integer_value(offset) < 0 ||
	    json_integer_value(stored) < 0 || json_integer_value(plain) < 0 ||
	    json_integer_value(stored) > UINT32_MAX ||
	    json_integer_value(plain) > FIRN_FRAME ||
	    firn_unhex(digest, ret->sha256, FIRN_SHA256) < 0)
		return false;
	ret->offset = (uint64_t)json_integer_value(offset);
	ret->stored = (uint32_t)json_integer_value(stored);
	ret->plain = (uint32_t)json_integer_value(plain);
	return true;
}

static void
compare_frame(struct firn_check *check, const struct firn_frame *listed,
	      const struct firn_frame *found, const char *name)
{
	if (firn_is_hole(check, listed->offset))
		return;
	if (found == NULL)
		firn_problem(check, listed->offset,
			     "the frame that %s lists here is missing", name);
	else if (listed->stored != found->stored ||
		 listed->plain != found->plain ||
		 memcmp(listed->sha256, found->sha256, FIRN_SHA256) != 0)
		firn_problem(check, listed->offset,
			     "this isn't the frame that %s lists", name);
}

int
firn_check_frames(struct firn_check *check, const json_t *list,
		  const char *name, struct firn_err *err)
{
	struct firn_frame listed, found = { 0 };
	const json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry) {
		bool same = false;

		if (!parse_frame(entry, &listed)) {
			firn_problem(check, check->offset, "%s lists no frame",
				     name);
			return 0;
		}
		while (!same && check->listed < check->frames.n) {
			if (firn_frames_get(&check->frames, check->listed,
					    &found, err) < 0)
				return -1;
			if (found.offset > listed.offset)
				break;
			same = found.offset == listed.offset;
			if (!same && check->chained)
				firn_problem(check, found.offset,
					     "%s doesn't list this frame",
					     name);
			check->listed++;
		}
		compare_frame(check, &listed, same ? &found : NULL, name);
	}
	return 0;
}

/* Its fate is known. */
static void
settle(struct firn_check *check, struct firn_seen *seen, const char *path,
       bool same)
{
	if (same)
		check->whole++;
	else
		firn_member_broken(check, path);
	firn_seen_settle(&check->seen, seen);
}

/* Not even its header was found.  Named once. */
static int
settle_lost(struct firn_check *check, const char *path, struct firn_err *err)
{
	int known = firn_paths_has(&check->paths, path, err);

	if (known != 0)
		return known < 0 ? -1 : 0;
	firn_member_broken(check, path);
	if (firn_paths_add(&check->paths, path, err) < 0 && err->code == ENOMEM)
		return -1;
	return 0;
}

static int
compare_member(struct firn_check *check, const json_t *listed, const char *name,
	       struct firn_err *err)
{
	const char *path = firn_json_string(listed, "path", NULL);
	const char *digest = firn_json_string(listed, "sha256", NULL);
	const json_t *size = json_object_get(listed, "size");
	unsigned char sha256[FIRN_SHA256];
	struct firn_seen *seen;
	bool same;

	if (path == NULL || !firn_is_member_path(path) || digest == NULL ||
	    !json_is_integer(size) ||
	    firn_unhex(digest, sha256, FIRN_SHA256) < 0) {
		firn_problem(check, check->offset, "%s lists no member", name);
		return 0;
	}
	if (firn_seen_find(&check->seen, path, &seen, err) < 0)
		return -1;
	same = seen != NULL && seen->whole &&
	       json_integer_value(size) == (json_int_t)seen->size &&
	       memcmp(seen->sha256, sha256, FIRN_SHA256) == 0;
	if (!same && (seen == NULL || seen->whole) && check->n_holes == 0)
		firn_problem(check, seen != NULL ? seen->offset : check->offset,
			     "%s isn't what %s lists", path, name);
	if (seen == NULL)
		return settle_lost(check, path, err);
	settle(check, seen, path, same);
	return 0;
}

int
firn_check_members(struct firn_check *check, const json_t *list,
		   const char *name, struct firn_err *err)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry) {
		if (compare_member(check, entry, name, err) < 0)
			return -1;
	}
	/* What it passes over is left to the manifest. */
	for (i = check->seen.carried;
	     i < check->seen.n && json_array_size(list) > 0; i++) {
		const struct firn_seen *seen = &check->seen.all[i];

		if (check->chained && seen->path != NULL)
			firn_problem(check, seen->offset, "%s doesn't list %s",
				     name, seen->path);
		check->seen.carried = i + 1;
	}
	firn_seen_tidy(&check->seen);
	return 0;
}

static int
judge_line(struct firn_check *check, const char *line, struct firn_err *err)
{
	unsigned char sha256[FIRN_SHA256];
	char digest[FIRN_SHA256_TEXT];
	const char *path = line + 66;
	struct firn_seen *seen;

	if (strlen(line) < 67 || strncmp(line + 64, "  ", 2) != 0 ||
	    !firn_is_member_path(path))
		return 0;
	memcpy(digest, line, 64);
	digest[64] = '\0';
	if (firn_unhex(digest, sha256, FIRN_SHA256) < 0)
		return 0;
	if (firn_seen_find(&check->seen, path, &seen, err) < 0)
		return -1;
	if (seen != NULL) {
		settle(check, seen, path,
		       seen->whole &&
			       memcmp(seen->sha256, sha256, FIRN_SHA256) == 0);
		return 0;
	}
	return settle_lost(check, path, err);
}

int
firn_check_sums(struct firn_check *check, const struct firn_spool *spool,
		struct firn_err *err)
{
	char line[512], data[4096];
	uint64_t at = 0;
	size_t len = 0;

	while (at < spool->size) {
		ssize_t n = firn_spool_read(spool, at, data, sizeof(data), err);

		if (n < 0)
			return -1;
		at += (uint64_t)n;
		for (ssize_t i = 0; i < n; i++) {
			if (data[i] != '\n') {
				if (len < sizeof(line) - 1)
					line[len++] = data[i];
				continue;
			}
			line[len] = '\0';
			len = 0;
			if (judge_line(check, line, err) < 0)
				return -1;
		}
	}
	firn_seen_tidy(&check->seen);
	return 0;
}
