#include "base/opt.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/io.h"

static const struct firn_opt *
by_letter(const struct firn_opt *opts, char letter)
{
	for (; opts->name != NULL; opts++)
		if (opts->letter == letter)
			return opts;
	return NULL;
}

static const struct firn_opt *
by_name(const struct firn_opt *opts, const char *name, size_t len)
{
	for (; opts->name != NULL; opts++)
		if (strlen(opts->name) == len &&
		    memcmp(opts->name, name, len) == 0)
			return opts;
	return NULL;
}

static int
set_number(const struct firn_opt *opt, const char *value, struct firn_err *err)
{
	uint64_t number;

	if (!firn_is_decimal(value, &number) || number > UINT_MAX)
		return firn_err_set(err, EINVAL, "--%s needs a number, not %s",
				    opt->name, value);
	*opt->number = (unsigned)number;
	return 0;
}

static int
set_string(const struct firn_opt *opt, const char *value, struct firn_err *err)
{
	if (*opt->string != NULL)
		return firn_err_set(err, EINVAL, "--%s is given twice",
				    opt->name);
	*opt->string = value;
	return 0;
}

static int
set_list(const struct firn_opt *opt, const char *value, struct firn_err *err)
{
	struct firn_strings *list = opt->list;

	if (list->n == sizeof(list->items) / sizeof(list->items[0]))
		return firn_err_set(err, E2BIG, "too many --%s", opt->name);
	list->items[list->n++] = value;
	return 0;
}

static int
set(const struct firn_opt *opt, const char *value, struct firn_err *err)
{
	if (opt->flag != NULL) {
		*opt->flag = true;
		return 0;
	}
	if (opt->number != NULL)
		return set_number(opt, value, err);
	if (opt->list != NULL)
		return set_list(opt, value, err);
	return set_string(opt, value, err);
}

/* "--name", "--name value" or "--name=value"; arguments used beyond the first,
 * or -1. */
static int
parse_long(const struct firn_opt *opts, const char *word, const char *next,
	   struct firn_err *err)
{
	const char *equals = strchr(word, '=');
	size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
	const struct firn_opt *opt = by_name(opts, word, len);

	if (opt == NULL)
		return firn_err_set(err, EINVAL, "no such option: --%.*s",
				    (int)len, word);
	if (opt->flag != NULL) {
		if (equals != NULL)
			return firn_err_set(err, EINVAL,
					    "--%s takes no argument",
					    opt->name);
		return set(opt, NULL, err);
	}
	if (equals != NULL)
		return set(opt, equals + 1, err);
	if (next == NULL)
		return firn_err_set(err, EINVAL, "--%s needs an argument",
				    opt->name);
	return set(opt, next, err) < 0 ? -1 : 1;
}

/* "-abc", "-o value" or "-ovalue"; arguments used beyond the first, or -1. */
static int
parse_letters(const struct firn_opt *opts, const char *letters,
	      const char *next, struct firn_err *err)
{
	for (; *letters != '\0'; letters++) {
		const struct firn_opt *opt = by_letter(opts, *letters);

		if (opt == NULL)
			return firn_err_set(err, EINVAL, "no such option: -%c",
					    *letters);
		if (opt->flag != NULL) {
			*opt->flag = true;
			continue;
		}
		if (letters[1] != '\0')
			return set(opt, letters + 1, err);
		if (next == NULL)
			return firn_err_set(err, EINVAL,
					    "-%c needs an argument", *letters);
		return set(opt, next, err) < 0 ? -1 : 1;
	}
	return 0;
}

int
firn_opt_parse(const struct firn_opt *opts, int argc, char **argv,
	       struct firn_err *err)
{
	int n = 0;

	for (int i = 1; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;
		int used;

		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				argv[n++] = argv[i];
			break;
		}
		if (argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[n++] = argv[i];
			continue;
		}
		if (argv[i][1] == '-')
			used = parse_long(opts, argv[i] + 2, next, err);
		else
			used = parse_letters(opts, argv[i] + 1, next, err);
		if (used < 0)
			return -1;
		i += used;
	}
	return n;
}

static int
left_column(const struct firn_opt *opt, char *ret, size_t size)
{
	char letter[8] = "    ";

	if (opt->letter != '\0')
		snprintf(letter, sizeof(letter), "-%c, ", opt->letter);
	return snprintf(ret, size, "%s--%s%s%s", letter, opt->name,
			opt->arg != NULL ? "=" : "",
			opt->arg != NULL ? opt->arg : "");
}

void
firn_opt_help(const struct firn_opt *opts, FILE *out)
{
	char left[80];
	int width = 0;

	for (const struct firn_opt *opt = opts; opt->name != NULL; opt++) {
		int len = left_column(opt, left, sizeof(left));

		if (len > width)
			width = len;
	}
	for (const struct firn_opt *opt = opts; opt->name != NULL; opt++) {
		left_column(opt, left, sizeof(left));
		fprintf(out, "  %-*s  %s\n", width, left, opt->help);
	}
}
