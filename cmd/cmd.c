#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"

static void
show_help(const struct firn_cmd *self, const struct firn_opt *opts)
{
	printf("firn %s -- %s\n\nUsage: firn %s [OPTION]...%s%s\n\n",
	       self->name, self->summary, self->name,
	       self->operands[0] != '\0' ? " " : "", self->operands);
	firn_opt_help(opts, stdout);
	if (self->more != NULL)
		printf("\n%s", self->more);
}

static int
flushed(void)
{
	return fflush(stdout) == 0 && ferror(stdout) == 0;
}

bool
firn_cmd_parse(const struct firn_cmd *self, const struct firn_opt *opts,
	       const struct firn_common *common, int *argc, char **argv,
	       int least, int most, enum firn_exit *ret)
{
	struct firn_err err = { 0 };
	int n = firn_opt_parse(opts, *argc, argv, &err);

	if (n < 0) {
		*ret = firn_cmd_usage(self, err.text);
		return false;
	}
	if (common->help) {
		show_help(self, opts);
		*ret = flushed() ? FIRN_EXIT_OK : FIRN_EXIT_FAILED;
		return false;
	}
	if (n < least || n > most) {
		*ret = firn_cmd_usage(self, n < least ? "an operand is missing"
						      : "too many operands");
		return false;
	}
	*argc = n;
	return true;
}

enum firn_exit
firn_cmd_usage(const struct firn_cmd *self, const char *why)
{
	fprintf(stderr, "firn %s: ", self->name);
	fputs(why, stderr); /* escaped where it was made */
	fprintf(stderr,
		"\nusage: firn %s [OPTION]... %s\nfirn %s --help says "
		"more\n",
		self->name, self->operands, self->name);
	return FIRN_EXIT_USAGE;
}

enum firn_exit
firn_cmd_failed(const struct firn_cmd *self, const struct firn_common *common,
		const struct firn_err *err)
{
	enum firn_exit status =
		firn_target_refused(err) ? FIRN_EXIT_REFUSED : FIRN_EXIT_FAILED;

	fprintf(stderr, "firn %s: %s\n", self->name, err->text);
	if (common->json) {
		const char *code = strerrorname_np(err->code);
		autojson json_t *json =
			json_pack("{s:{s:s, s:s?, s:i}}", "error", "text",
				  err->text, "code", code, "status",
				  (int)status);

		json_dumpf(json, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	return flushed() ? status : FIRN_EXIT_FAILED;
}

enum firn_exit
firn_cmd_result(const struct firn_cmd *self, const struct firn_common *common,
		const json_t *result, firn_show_fn *show, enum firn_exit ret)
{
	if (common->json) {
		json_dumpf(result, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		show(stdout, result);
	}
	if (!flushed()) {
		fprintf(stderr, "firn %s: write the result: %s\n", self->name,
			strerrordesc_np(errno));
		return FIRN_EXIT_FAILED;
	}
	return ret;
}

static void FIRN_PRINTF(2, 0)
	put_escaped(FILE *out, const char *fmt, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		return;
	firn_put(out, text);
	free(text);
}

void
firn_cmd_say(const struct firn_common *common, const char *fmt, ...)
{
	va_list args;

	if (common->quiet)
		return;
	va_start(args, fmt);
	put_escaped(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void
firn_show_row(FILE *out, const char *label, const char *fmt, ...)
{
	va_list args;

	fprintf(out, "  %-12s ", label);
	va_start(args, fmt);
	put_escaped(out, fmt, args);
	va_end(args);
	fputc('\n', out);
}

void
firn_show_consequences(FILE *out, const json_t *consequences)
{
	const json_t *one;
	size_t i;

	json_array_foreach(consequences, i, one) {
		firn_show_row(out, firn_json_string(one, "kind", NULL), "%s",
			      firn_json_string(one, "text", NULL));
	}
}

void
firn_show_list(FILE *out, const char *label, const json_t *texts)
{
	const json_t *text;
	size_t i;

	json_array_foreach(texts, i, text) {
		firn_show_row(out, label, "%s", json_string_value(text));
	}
}

void
firn_show_target(FILE *out, const json_t *target)
{
	const char *id = firn_json_string(target, "id", NULL);
	const char *name = firn_json_string(target, "name", NULL);
	const char *runtime = firn_json_string(target, "runtime", NULL);

	if (name != NULL) {
		firn_put(out, name);
		fputs(" (", out);
	}
	fprintf(out, "%s ", runtime != NULL ? runtime : "unknown");
	fprintf(out, "%.12s", id != NULL ? id : "?");
	if (name != NULL)
		fputc(')', out);
}

void
firn_show_times(FILE *out, const json_t *times)
{
	const char *key;
	const json_t *ms;

	fprintf(out, "  %-12s", "times");
	json_object_foreach((json_t *)(uintptr_t)times, key, ms) {
		fprintf(out, " %.*s %.1f ms;", (int)strlen(key) - 3, key,
			json_real_value(ms));
	}
	fputc('\n', out);
}

bool
firn_cmd_is_archive(const char *name)
{
	struct stat st;

	return strcmp(name, "-") == 0 ||
	       (stat(name, &st) == 0 && S_ISREG(st.st_mode));
}

int
firn_cmd_archive(const char *name)
{
	if (!firn_cmd_is_archive(name))
		return -1;
	return strcmp(name, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				      : open(name, O_RDONLY | O_CLOEXEC);
}
