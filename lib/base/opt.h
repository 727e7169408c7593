#ifndef BASE_OPT_H
#define BASE_OPT_H

/*
 * opt -- the options of a command, as one table.
 *
 * The table parses, prints --help, feeds the completions and is compared with
 * the manual by a test: an option is written once.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "firn/err.h"

/* Values of an option that may be given more than once; they point into argv.
 */
struct firn_strings {
	const char *items[64];
	size_t n;
};

/* An array of these ends with `{ 0 }`. */
struct firn_opt {
	char letter;      /* short form, 0 for none */
	const char *name; /* long form, without the dashes */
	const char *arg;  /* what --help calls the argument */
	const char *help; /* one line, lower case, no full stop */

	/* Exactly one says where the value goes; `flag` takes no argument. */
	bool *flag;
	const char **string;       /* points into argv */
	unsigned *number;          /* decimal, the whole argument */
	struct firn_strings *list; /* each use adds one */
};

/*
 * firn_opt_parse(opts, argc, argv, err) -- fill in the values.
 *
 * `argv[0]` is skipped.  Options and operands may be mixed; "--" ends the
 * options, and "-" is an operand.  Long names must be written in full, so that
 * a new option never changes what an old script means.  A `string` given twice
 * is EINVAL.
 *
 * Returns how many operands there are, moved to argv[0] and up; -1 on failure.
 */
FIRN_MUST_CHECK int firn_opt_parse(const struct firn_opt *opts, int argc,
				   char **argv, struct firn_err *err);

/* firn_opt_help(opts, out) -- one line per option, aligned. */
void firn_opt_help(const struct firn_opt *opts, FILE *out);

#endif
