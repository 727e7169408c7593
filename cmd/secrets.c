#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "firn/case.h"
#include "firn/secrets.h"
#include "progress.h"

/* The checklist's text is Markdown, made to be read in a terminal too. */
static void
show(FILE *out, const json_t *checklist)
{
	autofree char *markdown = firn_secrets_markdown(checklist);

	fputs(markdown != NULL ? markdown : "out of memory\n", out);
}

static void
show_check(FILE *out, const json_t *checked)
{
	const json_t *failure;
	size_t i;

	json_array_foreach(json_object_get(checked, "failures"), i, failure) {
		autofree char *line = firn_json_line(failure);

		firn_put(out, line != NULL ? line : "?");
		fputc('\n', out);
	}
	fprintf(out, "%lld rules, %lld samples, %zu failures\n",
		(long long)json_integer_value(
			json_object_get(checked, "rules")),
		(long long)json_integer_value(
			json_object_get(checked, "samples")),
		json_array_size(json_object_get(checked, "failures")));
}

static enum firn_exit
check_rules(const struct firn_cmd *self, const struct firn_common *common,
	    const struct firn_secret_rules *rules)
{
	autojson json_t *checked = NULL;
	struct firn_err err = { 0 };
	bool sound;

	if (firn_secret_rules_check(rules, &checked, &err) < 0)
		return firn_cmd_failed(self, common, &err);
	sound = json_array_size(json_object_get(checked, "failures")) == 0;
	return firn_cmd_result(self, common, checked, show_check,
			       sound ? FIRN_EXIT_OK : FIRN_EXIT_NO);
}

/* An archive is a regular file, or "-"; anything else is a TARGET. */
static int
open_archive(const char *name)
{
	struct stat st;

	if (strcmp(name, "-") == 0)
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (stat(name, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	return open(name, O_RDONLY | O_CLOEXEC);
}

/* All the memory of a large node takes two minutes. */
#define DEEP_SECONDS 600

struct shown {
	uint64_t last_ns;
};

static void
show_progress(void *arg, pid_t pid, uint64_t bytes)
{
	struct shown *shown = arg;
	uint64_t now = firn_monotonic_ns();
	char size[FIRN_SIZE_TEXT];

	if (now - shown->last_ns < 200000000)
		return;
	shown->last_ns = now;
	firn_size_text(bytes, size);
	fprintf(stderr, "\r\033[K%s of memory looked through, process %d", size,
		(int)pid);
	fflush(stderr);
}

static int
look(const struct firn_target *target, const struct firn_secret_rules *rules,
     const struct firn_case *of, bool deep, bool quiet, json_t **ret,
     struct firn_err *err)
{
	bool wanted = firn_progress_wanted(quiet);
	struct shown shown = { 0 };
	const struct firn_deep how = {
		.seconds = DEEP_SECONDS,
		.progress = wanted ? show_progress : NULL,
		.arg = &shown,
	};
	int done;

	done = firn_secrets_deep(target, rules, of, deep ? &how : NULL, ret,
				 err);
	if (deep && wanted)
		firn_progress_clear();
	return done;
}

static int
of_target(const struct firn_common *common, const char *name, bool deep,
	  const struct firn_secret_rules *rules, json_t **ret,
	  struct firn_err *err)
{
	autoscene struct firn_scene scene = FIRN_SCENE;
	struct firn_case of;

	scene.forced = true; /* it is only read */
	if (firn_scene_open(&scene, common, name, err) < 0 ||
	    firn_target_scan(scene.target, err) < 0 ||
	    firn_case_open(&of, common->case_id, scene.target->id, err) < 0 ||
	    firn_case_key(&of, err) < 0)
		return -1;
	return look(scene.target, rules, &of, deep, common->quiet, ret, err);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	struct firn_strings folders = { 0 };
	bool check = false, deep = false;
	const struct firn_opt opts[] = {
		{ 0, "rules", "DIR",
		  "rules of your own, beside those that ship",
		  .list = &folders },
		{ 0, "check-rules", NULL, "try every rule on its samples",
		  .flag = &check },
		{ 0, "deep", NULL, "the memory of its processes, too",
		  .flag = &deep },
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	autodone(firn_secret_rules_close) struct firn_secret_rules *rules =
		NULL;
	autojson json_t *checklist = NULL;
	autoclose int archive_fd = -1;
	struct firn_err err = { 0 };
	enum firn_exit status;
	int done;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 1, &status))
		return status;
	if (firn_secret_rules_open(&rules, folders.items, folders.n, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	if (check)
		return check_rules(self, &common, rules);
	if (argc != 1)
		return firn_cmd_usage(self, "a TARGET or an ARCHIVE is needed");
	archive_fd = open_archive(argv[0]);
	if (archive_fd >= 0 && deep)
		return firn_cmd_usage(self, "--deep is for a TARGET: an "
					    "archive's memory is looked "
					    "through anyway");
	if (archive_fd >= 0)
		done = firn_secrets_of_archive(archive_fd, rules, &checklist,
					       &err);
	else
		done = of_target(&common, argv[0], deep, rules, &checklist,
				 &err);
	if (done < 0)
		return firn_cmd_failed(self, &common, &err);
	status = json_array_size(json_object_get(checklist, "gaps")) > 0
			 ? FIRN_EXIT_GAPS
			 : FIRN_EXIT_OK;
	return firn_cmd_result(self, &common, checklist, show, status);
}

const struct firn_cmd firn_cmd_secrets = {
	.name = "secrets",
	.operands = "TARGET|ARCHIVE",
	.summary = "which secrets to rotate, in what order, and how",
	.more = "Values are never shown: a secret is its kind, its places and "
		"a "
		"keyed fingerprint.\n\n"
		"Examples:\n"
		"  firn secrets web-1 > checklist.md\n"
		"  firn secrets --json CASE.firn.tar.zst\n"
		"  firn secrets --rules /etc/firn/secrets --check-rules\n",
	.run = run,
};
