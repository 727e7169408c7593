#include "cmd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/verify.h"
#include "verify_log.h"

#define MAX_KEYS 64
#define TRUSTED "/etc/firn/trusted"

struct keys {
	struct firn_key *items[MAX_KEYS];
	size_t n;
};

static void
keys_close(struct keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		firn_key_close(&keys->items[i]);
}

/* Keys that the examiner has pinned: /etc/firn/trusted, *.pem and *.pub. */
static void
add_pinned(struct keys *keys, const struct firn_common *common)
{
	autodir DIR *dir = opendir(TRUSTED);
	struct dirent *entry;

	while (dir != NULL && keys->n < MAX_KEYS &&
	       (entry = readdir(dir)) != NULL) {
		autofree char *path = NULL;
		struct firn_err why = { 0 };

		if (entry->d_name[0] == '.' ||
		    asprintf(&path, TRUSTED "/%s", entry->d_name) < 0)
			continue;
		if (firn_key_open(&keys->items[keys->n], path, &why) == 0)
			keys->n++;
		else
			firn_cmd_say(common, "not used: %s", why.text);
	}
}

static int
add_named(struct keys *keys, const struct firn_strings *paths,
	  struct firn_err *err)
{
	for (size_t i = 0; i < paths->n; i++) {
		if (keys->n == MAX_KEYS)
			return firn_err_set(err, E2BIG, "too many keys");
		if (firn_key_open(&keys->items[keys->n], paths->items[i], err) <
		    0)
			return -1;
		keys->n++;
	}
	return 0;
}

static void
show_list(FILE *out, const char *label, const json_t *texts)
{
	const json_t *text;
	size_t i;

	json_array_foreach(texts, i, text) {
		firn_show_row(out, label, "%s", json_string_value(text));
	}
}

static const char *
worth(const json_t *result)
{
	if (json_is_true(json_object_get(result, "trusted")))
		return "a key that you trust";
	return "UNKNOWN KEY: it proves that nothing changed since somebody "
	       "sealed it, not who; name yours with --key";
}

static void
show(FILE *out, const json_t *result)
{
	const json_t *problem;
	const char *signer = firn_json_string(result, "signer", NULL);
	size_t i;

	fprintf(out, "%s\n", firn_json_string(result, "verdict", NULL));
	if (firn_json_string(result, "case", NULL) != NULL)
		firn_show_row(out, "case", "%s",
			      firn_json_string(result, "case", NULL));
	if (firn_json_string(result, "seal", NULL) != NULL)
		firn_show_row(out, "seal", "%s",
			      firn_json_string(result, "seal", NULL));
	if (signer != NULL)
		firn_show_row(out, "signer", "%s", signer);
	if (signer != NULL)
		firn_show_row(out, "", "%s", worth(result));
	firn_show_row(out, "whole", "%lld members",
		      (long long)json_integer_value(
			      firn_json_at(result, "members", "whole", NULL)));
	show_list(out, "broken",
		  firn_json_at(result, "members", "broken", NULL));
	show_list(out, "unsure",
		  firn_json_at(result, "members", "unsure", NULL));
	json_array_foreach(json_object_get(result, "problems"), i, problem) {
		firn_show_row(out, "problem", "at byte %lld: %s",
			      (long long)json_integer_value(
				      json_object_get(problem, "offset")),
			      firn_json_string(problem, "what", NULL));
	}
	firn_show_row(out, "gaps", "%lld, said by the archive itself",
		      (long long)json_integer_value(
			      json_object_get(result, "gaps")));
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	struct firn_strings paths = { 0 };
	bool audit = false;
	const struct firn_opt opts[] = {
		{ 'k', "key", "FILE",
		  "a public key that you trust; may be "
		  "repeated",
		  .list = &paths },
		{ 0, "audit", NULL, "the audit log of this node",
		  .flag = &audit },
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autodone(keys_close) struct keys keys = { 0 };
	autojson json_t *result = NULL;
	autoclose int fd = -1;
	struct firn_err err = { 0 };
	enum firn_exit status;
	const char *verdict;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 1, &status))
		return status;
	if (argc != (audit ? 0 : 1) || (audit && paths.n > 0))
		return firn_cmd_usage(self, "either one ARCHIVE or LOG, or "
					    "--audit and no key");
	if (audit)
		return firn_verify_audit(self, &common);
	if (add_named(&keys, &paths, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	add_pinned(&keys, &common);
	if (strcmp(argv[0], "-") == 0)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		firn_err_sys(&err, "open %s", argv[0]);
		return firn_cmd_failed(self, &common, &err);
	}
	if (firn_is_log(fd))
		return firn_verify_log(self, &common, fd, argv[0]);
	if (firn_verify(fd, (const struct firn_key *const *)keys.items, keys.n,
			&result, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	verdict = firn_json_string(result, "verdict", NULL);
	status = verdict != NULL && strcmp(verdict, "intact") == 0
			 ? FIRN_EXIT_OK
			 : FIRN_EXIT_NO;
	/* An examiner who named a key wants that key's signature. */
	if (paths.n > 0 && !json_is_true(json_object_get(result, "trusted")))
		status = FIRN_EXIT_NO;
	return firn_cmd_result(self, &common, result, show, status);
}

const struct firn_cmd firn_cmd_verify = {
	.name = "verify",
	.operands = "ARCHIVE|LOG|--audit",
	.summary = "is this what was captured, whole, by whom, when?",
	.more = "Trusted keys are those of --key, and those in " TRUSTED ".\n\n"
		"Examples:\n"
		"  firn verify --key node7.pem.pub CASE.firn.tar.zst\n"
		"  ssh node7 cat CASE.firn.tar.zst | firn verify -\n"
		"  firn verify --audit    # who was let do what, on this node\n"
		"  firn verify audit-000001.jsonl\n\n"
		"Exit status 0: intact (and, with --key, by that key); 1: not, "
		"and it says where.\n",
	.run = run,
};
