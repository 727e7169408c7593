#include "cmd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/alert.h"
#include "firn/inbox.h"
#include "respond/inbox/split.h"

/* What comes in on stdin. */
struct intake {
	struct firn_inbox inbox;
	struct firn_splitter splitter;
	char text[FIRN_ALERT_MAX + 1]; /* that is no whole alert yet */
	size_t len;
	unsigned long long n_put, n_cut;
	json_t *letters; /* names of the first ones */
};

static bool
is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(" \t\r\n", text[i]) == NULL)
			return false;
	return true;
}

/* The first `len` bytes of the text are an alert. */
static int
put(struct intake *intake, size_t len, struct firn_err *err)
{
	autojson json_t *envelope = json_pack("{s:s}", "way", "stdin");
	char name[FIRN_LETTER_NAME];

	if (!is_blank(intake->text, len)) {
		if (firn_inbox_put(&intake->inbox, envelope, intake->text, len,
				   name, err) < 0)
			return -1;
		intake->n_put++;
		if (json_array_size(intake->letters) < FIRN_ALERTS_MAX)
			json_array_append_new(intake->letters,
					      json_string(name));
	}
	intake->len -= len;
	memmove(intake->text, intake->text + len, intake->len);
	intake->splitter = (struct firn_splitter){ 0 };
	return 0;
}

static int
put_whole_ones(struct intake *intake, struct firn_err *err)
{
	size_t len;

	while ((len = firn_split(&intake->splitter, intake->text,
				 intake->len)) > 0)
		if (put(intake, len, err) < 0)
			return -1;
	if (intake->len < sizeof(intake->text))
		return 0;
	/* Too much for one: kept in pieces, which say so by being broken. */
	intake->n_cut++;
	return put(intake, FIRN_ALERT_MAX, err);
}

/* An alert is on disk before the next is waited for. */
static int
take_all(struct intake *intake, struct firn_err *err)
{
	ssize_t n;

	for (;;) {
		n = read(STDIN_FILENO, intake->text + intake->len,
			 sizeof(intake->text) - intake->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return firn_err_sys(err, "read alerts from stdin");
		if (n == 0)
			break;
		intake->len += (size_t)n;
		if (put_whole_ones(intake, err) < 0 ||
		    firn_inbox_sync(&intake->inbox, err) < 0)
			return -1;
	}
	if (intake->len > 0 && put(intake, intake->len, err) < 0)
		return -1;
	return firn_inbox_sync(&intake->inbox, err);
}

static json_t *
describe(const struct intake *intake)
{
	json_t *result = json_object();

	firn_json_uint(result, "taken", intake->n_put);
	firn_json_uint(result, "cut", intake->n_cut);
	json_object_set(result, "letters", intake->letters);
	return result;
}

static void
show(FILE *out, const json_t *result)
{
	json_int_t taken = json_integer_value(json_object_get(result, "taken"));
	json_int_t cut = json_integer_value(json_object_get(result, "cut"));

	fprintf(out, "took in %lld alert%s\n", (long long)taken,
		taken == 1 ? "" : "s");
	if (cut > 0)
		firn_show_row(out, "too big", "%lld, kept in pieces of 1 MiB",
			      (long long)cut);
}

static enum firn_exit
run(const struct firn_cmd *self, int argc, char **argv)
{
	struct firn_common common = { 0 };
	const char *inbox = NULL;
	const struct firn_opt opts[] = {
		{ 0, "inbox", "DIR", "where they go (" FIRN_INBOX ")",
		  .string = &inbox },
		FIRN_COMMON_OPTIONS(common),
		{ 0 },
	};
	static struct intake intake = { .inbox = FIRN_INBOX_CLOSED };
	autojson json_t *result = NULL, *letters = json_array();
	struct firn_err err = { 0 };
	enum firn_exit status;
	int done;

	if (!firn_cmd_parse(self, opts, &common, &argc, argv, 0, 0, &status))
		return status;
	if (isatty(STDIN_FILENO))
		return firn_cmd_usage(self, "alerts are read from stdin");
	if (common.dry_run)
		return firn_cmd_usage(self, "`firn playbook test` says what an "
					    "alert would lead to");
	intake.letters = letters;
	if (firn_inbox_open(&intake.inbox, inbox, false, &err) < 0)
		return firn_cmd_failed(self, &common, &err);
	done = take_all(&intake, &err);
	firn_inbox_close(&intake.inbox);
	if (done < 0)
		return firn_cmd_failed(self, &common, &err);
	if (intake.n_put == 0)
		return firn_cmd_usage(self, "there was no alert on stdin");
	result = describe(&intake);
	return firn_cmd_result(self, &common, result, show,
			       intake.n_cut > 0 ? FIRN_EXIT_GAPS
						: FIRN_EXIT_OK);
}

const struct firn_cmd firn_cmd_alert = {
	.name = "alert",
	.operands = "",
	.summary = "alerts on stdin into the inbox; returns at once",
	.more = "What is taken in is worked by `firn listen`, under the "
		"policy.\n\n"
		"Examples:\n"
		"  firn alert < alert.json\n"
		"  tail -F /var/log/tetragon/tetragon.log | firn alert\n\n"
		"In falco.yaml, with keep_alive true or false:\n"
		"  program_output: {enabled: true, program: firn alert "
		"> /dev/null}\n\n"
		"Exit status 3: one was too big, and is kept in pieces; 5: not "
		"taken in.\n",
	.run = run,
};
