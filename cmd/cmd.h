#ifndef CMD_CMD_H
#define CMD_CMD_H

/*
 * cmd -- what a command of firn is, and what all of them share.
 *
 * A command parses, resolves, does, reports.  It builds one JSON object;
 * `--json` prints it, and the text for people is a rendering of it.
 *
 * Adding one: a file here, one line in main.c's table, one section in
 * man/firn.1.scd; tests/test_cli.sh holds them together.
 */

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "base/opt.h"
#include "firn/err.h"
#include "firn/host.h"
#include "firn/ledger.h"
#include "firn/policy.h"
#include "firn/sign.h"
#include "firn/target.h"

/* The same for every command; a playbook branches on them. */
enum firn_exit {
	FIRN_EXIT_OK = 0,    /* done, and complete */
	FIRN_EXIT_NO = 1,    /* done, and the answer is no */
	FIRN_EXIT_USAGE = 2, /* the command line made no sense */
	FIRN_EXIT_GAPS = 3,  /* done, with gaps that are listed */
	FIRN_EXIT_REFUSED =
		4, /* no such target, ambiguous, or not to be touched */
	FIRN_EXIT_FAILED = 5, /* the system failed us */
};

struct firn_cmd {
	const char *name;
	const char *operands; /* "TARGET"; "" for none */
	const char *summary;  /* one line, lower case, no full stop */
	const char *more;     /* what --help says after the options: examples */
	enum firn_exit (*run)(const struct firn_cmd *self, int argc,
			      char **argv);
};

extern const struct firn_cmd firn_cmd_alert, firn_cmd_approve, firn_cmd_capture,
	firn_cmd_cases, firn_cmd_doctor, firn_cmd_drill, firn_cmd_exposure,
	firn_cmd_freeze, firn_cmd_isolate, firn_cmd_keygen, firn_cmd_list,
	firn_cmd_listen, firn_cmd_playbook, firn_cmd_policy, firn_cmd_release,
	firn_cmd_respond, firn_cmd_secrets, firn_cmd_thaw, firn_cmd_verify;

/* The options that every command has. */
struct firn_common {
	bool help, json, quiet, verbose, dry_run;
	const char *root, *case_id, *operator_name;
	const char *break_glass; /* of commands that ask for permission */
};

/* clang-format off */
#define FIRN_COMMON_OPTIONS(common)                                            \
	{ 'j', "json", NULL, "print the result as JSON",                       \
	  .flag = &(common).json },                                            \
	{ 'q', "quiet", NULL, "say nothing on stderr but errors",              \
	  .flag = &(common).quiet },                                           \
	{ 'v', "verbose", NULL, "say more on stderr",                          \
	  .flag = &(common).verbose },                                         \
	{ 'n', "dry-run", NULL, "say what would be done, and do nothing",      \
	  .flag = &(common).dry_run },                                         \
	{ 0, "root", "DIR", "the host's root, for firn in a container",        \
	  .string = &(common).root },                                          \
	{ 0, "case", "ID", "the case that this belongs to",                    \
	  .string = &(common).case_id },                                       \
	{ 0, "operator", "WHO", "who does this, for the record",               \
	  .string = &(common).operator_name },                                 \
	{ 'h', "help", NULL, "show this help", .flag = &(common).help }

#define FIRN_GLASS_OPTION(common)                                              \
	{ 0, "break-glass", "REASON",                                          \
	  "in an emergency: past the policy, for the record",                  \
	  .string = &(common).break_glass }

#define FIRN_FORCE_OPTION(scene)                                               \
	{ 'f', "force", NULL, "also what the node's network or cluster needs", \
	  .flag = &(scene).forced }
/* clang-format on */

/*
 * firn_cmd_parse(self, opts, common, argc, argv, least, most, ret) -- parse,
 * and answer --help.
 *
 * Returns true to go on, with between `least` and `most` operands in `argv`;
 * false with `*ret` to exit with.
 */
bool firn_cmd_parse(const struct firn_cmd *self, const struct firn_opt *opts,
		    const struct firn_common *common, int *argc, char **argv,
		    int least, int most, enum firn_exit *ret);

/* firn_cmd_usage(self, why) -- say what made no sense, and where the help is.
 */
enum firn_exit firn_cmd_usage(const struct firn_cmd *self, const char *why);

/*
 * firn_cmd_failed(self, common, err) -- one line on stderr; with --json also
 * {"error": {...}} on stdout, so that a machine reads the same.
 *
 * Exit status 4 for what firn_target_refused() calls a refusal, else 5.
 */
enum firn_exit firn_cmd_failed(const struct firn_cmd *self,
			       const struct firn_common *common,
			       const struct firn_err *err);

/*
 * firn_cmd_result(self, common, result, show, ret) -- print the object, or its
 * rendering, and make sure that it was written: a full disk is a failure.
 *
 * `result` is borrowed.  Returns `ret`, or FIRN_EXIT_FAILED.
 */
typedef void firn_show_fn(FILE *out, const json_t *result);
enum firn_exit firn_cmd_result(const struct firn_cmd *self,
			       const struct firn_common *common,
			       const json_t *result, firn_show_fn *show,
			       enum firn_exit ret);

/* firn_cmd_is_archive(name) -- is it one: a regular file, or "-"? */
bool firn_cmd_is_archive(const char *name);

/* firn_cmd_archive(name) -- open an archive: a regular file, or "-" for
 * standard input.  -1 when it's neither, and so a TARGET. */
int firn_cmd_archive(const char *name);

/* firn_cmd_say(common, fmt, ...) -- a line on stderr for people, not with
 * --quiet; escaped. */
void firn_cmd_say(const struct firn_common *common, const char *fmt, ...)
	FIRN_PRINTF(2, 3);

/* The host and the target of a command, and the ledger of that target. */
struct firn_scene {
	struct firn_host host;
	struct firn_target *target;
	struct firn_ledger *ledger; /* with --dry-run NULL if there is none */
	struct firn_authority authority;
	bool forced; /* set before: also what the cluster depends on */

	/* Who asks for permission, once that was done (permit.h). */
	struct firn_policy *policy;
	struct firn_party who;
	bool has_asked;
	bool undo, beyond;               /* as in struct firn_permit */
	bool is_recorded, is_unrecorded; /* has it a line in the audit log? */
};
#define autoscene __attribute__((cleanup(firn_scene_close)))
#define FIRN_SCENE                                        \
	{                                                 \
		.host = { .root_fd = -1, .proc_fd = -1 }, \
	}

/* firn_scene_host(scene, common, err) -- the host alone, for a command without
 * a TARGET. */
FIRN_MUST_CHECK int firn_scene_host(struct firn_scene *scene,
				    const struct firn_common *common,
				    struct firn_err *err);

/* firn_scene_open(scene, common, name, err) -- resolve TARGET.  No ledger is
 * opened yet: looking writes nothing. */
FIRN_MUST_CHECK int firn_scene_open(struct firn_scene *scene,
				    const struct firn_common *common,
				    const char *name, struct firn_err *err);

/*
 * firn_scene_announce(scene, self, common, name) -- say what a name was
 * resolved to, before anything is done; to a person at a terminal only, not
 * with --quiet or --json.
 */
void firn_scene_announce(const struct firn_scene *scene,
			 const struct firn_cmd *self,
			 const struct firn_common *common, const char *name);

/* firn_scene_ledger(scene, err) -- open the target's ledger, for a change. */
FIRN_MUST_CHECK int firn_scene_ledger(struct firn_scene *scene,
				      struct firn_err *err);

/*
 * firn_scene_recorded(scene, self, common, role, name, ret_id, err) -- for an
 * undoing: resolve TARGET if it is still there, ask for permission, and open
 * its ledger; of one that is gone, the ledger whose id begins so.
 *
 * `*ret_id` is for the caller to free(3); scene->target stays NULL for one that
 * is gone.  With --dry-run the ledger is only read, and NULL if there is none.
 */
FIRN_MUST_CHECK int firn_scene_recorded(struct firn_scene *scene,
					const struct firn_cmd *self,
					const struct firn_common *common,
					enum firn_role role, const char *name,
					char **ret_id, struct firn_err *err);
void firn_scene_close(struct firn_scene *scene);

/*
 * firn_cmd_each(self, common, action, role, undo, show) -- every target in the
 * ledgers that has something of `action` to undo, in the case if one is given;
 * each is asked for by itself.
 *
 * The result is {"targets": [...]}, each as `undo` has it with its "id", or
 * with "state" "failed" or "refused" and "error".  Returns the worst exit
 * status of them.
 */
typedef int firn_each_fn(const struct firn_host *host,
			 struct firn_ledger *ledger, json_t **ret,
			 struct firn_err *err);
enum firn_exit firn_cmd_each(const struct firn_cmd *self,
			     const struct firn_common *common,
			     const char *action, enum firn_role role,
			     firn_each_fn *undo, firn_show_fn *show);

/*
 * firn_cmd_key(common, path, ret, err) -- the key that signs; NULL is the
 * node's own, which is made on first use, and its fingerprint shown.
 */
FIRN_MUST_CHECK int firn_cmd_key(const struct firn_common *common,
				 const char *path, struct firn_key **ret,
				 struct firn_err *err);

/* firn_show_times(out, times) -- the row of a capture's times, escaped. */
void firn_show_times(FILE *out, const json_t *times);

/* firn_show_row(out, label, fmt, ...) -- "  label     text", escaped. */
void firn_show_row(FILE *out, const char *label, const char *fmt, ...)
	FIRN_PRINTF(3, 4);

/* firn_show_consequences(out, consequences) -- rows of what is to come. */
void firn_show_consequences(FILE *out, const json_t *consequences);

/* firn_show_list(out, label, texts) -- a row for each text of an array. */
void firn_show_list(FILE *out, const char *label, const json_t *texts);

/* firn_show_target(out, json) -- "web-1 (docker 0123456789ab)". */
void firn_show_target(FILE *out, const json_t *target);

#endif
