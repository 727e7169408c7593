#ifndef FIRN_SECRETS_H
#define FIRN_SECRETS_H

/*
 * secrets -- which secrets the intruder could read, and how to rotate them.
 *
 * A value never leaves this module: what comes out is its kind, its places,
 * and a keyed fingerprint, the same for the same value within a case.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "base/secret.h"
#include "firn/case.h"
#include "firn/err.h"
#include "firn/target.h"

struct firn_secret_rules;

/*
 * firn_secret_rules_open(ret, folders, n, err) -- the rules that ship, then
 * the *.yaml of each folder, in the order of their names; a rule of the same
 * name replaces the one before.  Errors name file, line and column.
 */
FIRN_MUST_CHECK int firn_secret_rules_open(struct firn_secret_rules **ret,
					   const char *const *folders, size_t n,
					   struct firn_err *err);
void firn_secret_rules_close(struct firn_secret_rules **rules);

/*
 * firn_secret_rules_check(rules, ret, err) -- try every rule on the samples
 * that stand in it.  `*ret`: {"rules": N, "samples": N, "failures": [...]}.
 */
FIRN_MUST_CHECK int firn_secret_rules_check(
	const struct firn_secret_rules *rules, json_t **ret,
	struct firn_err *err);

/*
 * firn_secrets_of_target(target, rules, of, ret, err) -- the checklist
 * of a live container: configured environment, image, every process's environ
 * and command line, mounted secrets, what its layer has changed, well-known
 * files, logs; roles that it may take on, and what it could reach of the node.
 *
 * `*ret` is a new object: "case", "made", "items" (most pressing first: see
 * firn-archive(5) for what each has), "gaps".  Files take 20 seconds at most;
 * what wasn't looked at is a gap.
 */
FIRN_MUST_CHECK int firn_secrets_of_target(
	const struct firn_target *target, const struct firn_secret_rules *rules,
	const struct firn_case *of, json_t **ret, struct firn_err *err);

/* How the memory of processes is looked through. */
struct firn_deep {
	unsigned seconds; /* in all; what is left then is a gap */
	/* Told now and then; NULL for nobody. */
	void (*progress)(void *arg, pid_t pid, uint64_t bytes);
	void *arg;
};

/* A value that was asked for by name. */
struct firn_wanted {
	const char *digits;       /* that its fingerprint begins with */
	struct firn_secret value; /* empty while it wasn't found */
	char fingerprint[33];     /* of the value that is held */
};

/* What is asked for besides; NULL for what isn't. */
struct firn_secrets_more {
	struct firn_wanted *wanted;
	const struct firn_deep *deep; /* the memory of every process, too */
};

/*
 * firn_secrets_more_of_target(target, rules, of, more, ret, err) -- as
 * firn_secrets_of_target(), and more.
 *
 * Pages of memory that aren't there are not brought in, and the processes don't
 * notice that the others are read.
 */
FIRN_MUST_CHECK int firn_secrets_more_of_target(
	const struct firn_target *target, const struct firn_secret_rules *rules,
	const struct firn_case *of, const struct firn_secrets_more *more,
	json_t **ret, struct firn_err *err);

/*
 * firn_secrets_begin(ret, target, rules, of, more, err) -- the same in two
 * steps: what its processes hold, for which it may stand still, and then
 * firn_secrets_finish(), what lies in files, logs and on the node.
 *
 * All are borrowed until firn_secrets_close().
 */
struct firn_secrets;
FIRN_MUST_CHECK int firn_secrets_begin(struct firn_secrets **ret,
				       const struct firn_target *target,
				       const struct firn_secret_rules *rules,
				       const struct firn_case *of,
				       const struct firn_secrets_more *more,
				       struct firn_err *err);
FIRN_MUST_CHECK int firn_secrets_finish(struct firn_secrets *secrets,
					json_t **ret, struct firn_err *err);
void firn_secrets_close(struct firn_secrets **secrets);

/*
 * firn_secrets_consumers(target, rules, of, checklist, err) -- who else on the
 * node has what is on it: "consumers" of its items, which are put into order
 * again.
 *
 * Looks at every other container, for 10 seconds at most; the target needn't be
 * frozen for it.
 */
FIRN_MUST_CHECK int firn_secrets_consumers(
	const struct firn_target *target, const struct firn_secret_rules *rules,
	const struct firn_case *of, json_t *checklist, struct firn_err *err);

/* firn_secrets_of_archive(fd, rules, ret, err) -- the same from an archive,
 * with the case and the key that stand in it; `fd` may be a pipe. */
FIRN_MUST_CHECK int firn_secrets_of_archive(
	int fd, const struct firn_secret_rules *rules, json_t **ret,
	struct firn_err *err);

/* firn_secrets_wanted_archive(fd, rules, wanted, ret, err) -- the same, and the
 * value. */
FIRN_MUST_CHECK int firn_secrets_wanted_archive(
	int fd, const struct firn_secret_rules *rules,
	struct firn_wanted *wanted, json_t **ret, struct firn_err *err);

/* firn_secrets_case(fd, ret, err) -- which case an archive is of. */
FIRN_MUST_CHECK int firn_secrets_case(int fd, char ret[FIRN_CASE_ID],
				      struct firn_err *err);

/* firn_secrets_markdown(checklist) -- for a ticket; for the caller to
 * free(3).  NULL when there is no memory. */
char *firn_secrets_markdown(const json_t *checklist);

/* firn_secrets_csv(checklist) -- the same for a spreadsheet: RFC 4180, and
 * nothing in it is a formula. */
char *firn_secrets_csv(const json_t *checklist);

#endif
