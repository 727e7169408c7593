#include "secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "evidence/case_folder.h"
#include "firn/custody.h"
#include "firn/rotation.h"

/*
 * secrets_reveal -- one value, on a terminal, after its name was typed, and
 * after the custody record says who is about to see it.
 */

#define ANSWER_MAX 64

/* The item, and its value into `wanted`. */
static int
find(const struct firn_common *common, const char *name,
     const struct firn_secret_rules *rules,
     const struct firn_secrets_more *more, json_t **ret_checklist,
     json_t **ret_item, struct firn_err *err)
{
	const struct firn_wanted *wanted = more->wanted;
	autoclose int archive_fd = firn_open_archive(name);
	const char *print;

	if (archive_fd < 0 && common->case_id == NULL)
		return firn_err_set(err, EINVAL,
				    "which case is the item of? --case ID, as "
				    "the checklist says");
	if (firn_secrets_look(common, name, rules, more, ret_checklist, err) <
		    0 ||
	    firn_rotation_find(*ret_checklist, wanted->digits, ret_item, err) <
		    0)
		return -1;
	print = firn_json_string(*ret_item, "fingerprint", NULL);
	if (wanted->value.len == 0 || strcmp(print, wanted->fingerprint) != 0)
		return firn_err_set(err, ESRCH,
				    "S-%.8s has no value that can be had "
				    "here: it is a role, or stood in a file",
				    print);
	return 0;
}

/* --- before it is shown ---------------------------------------------------
 */

static int
ask(const json_t *item, const char *case_id, struct firn_err *err)
{
	const char *id = firn_json_string(item, "id", NULL);
	const char *title = firn_json_string(item, "title", NULL);
	char answer[ANSWER_MAX] = "";

	printf("This shows the value of %s (", id);
	firn_put(stdout, title != NULL ? title : "?");
	printf(") on this terminal.\nThat you looked is written into the "
	       "custody record of case %s.\nType %s to go on: ",
	       case_id, id);
	if (fflush(stdout) != 0 || fgets(answer, sizeof(answer), stdin) == NULL)
		answer[0] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	if (strcmp(answer, id) != 0)
		return firn_err_set(err, EPERM,
				    "it was not asked for: nothing is shown");
	return 0;
}

static int
record(const struct firn_common *common, const json_t *item,
       const char *case_id, const char *name, struct firn_err *err)
{
	autoclose int cases_fd = firn_case_folder(err);
	autojson json_t *details = json_object();

	if (cases_fd < 0)
		return -1;
	firn_json_text(details, "item", firn_json_string(item, "id", NULL));
	firn_json_text(details, "fingerprint",
		       firn_json_string(item, "fingerprint", NULL));
	firn_json_text(details, "kind", firn_json_string(item, "kind", NULL));
	firn_json_text(details, "of", name);
	firn_json_text(details, "terminal", ttyname(STDOUT_FILENO));
	return firn_custody_add(cases_fd, case_id, common->operator_name,
				"secret revealed", details, err);
}

/* Past stdio, whose buffer would keep it. */
static int
show(const struct firn_secret *value, struct firn_err *err)
{
	autosecret struct firn_secret text = { 0 };

	/* Each byte becomes 4 at most, each character 10. */
	if (firn_secret_room(&text, value->len * 10 + 2, err) < 0)
		return -1;
	text.len = firn_escape_into(text.data, value->len * 10 + 1, value->data,
				    value->len);
	if (firn_secret_add(&text, "\n", 1, err) < 0)
		return -1;
	return firn_write_all(STDOUT_FILENO, "the terminal", text.data,
			      text.len, err);
}

static bool
is_hexadecimal(const char *digits)
{
	size_t len = strlen(digits);

	return len > 0 && len <= 32 &&
	       strspn(digits, "0123456789abcdef") == len;
}

static int
reveal(const struct firn_common *common, const char *digits,
       const struct firn_secret_rules *rules, const char *name,
       const struct firn_secrets_more *more, struct firn_err *err)
{
	struct firn_wanted *wanted = more->wanted;
	autojson json_t *checklist = NULL;
	const char *case_id;
	json_t *item;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return firn_err_set(err, EPERM,
				    "a value is shown to a person at a "
				    "terminal only, never to a pipe or a file");
	if (!is_hexadecimal(digits))
		return firn_err_set(err, EINVAL,
				    "an item is S- and hexadecimal digits");
	wanted->digits = digits;
	if (find(common, name, rules, more, &checklist, &item, err) < 0)
		return -1;
	case_id = firn_json_string(checklist, "case", NULL);
	if (ask(item, case_id, err) < 0)
		return -1;
	if (common->dry_run)
		return firn_err_set(err, EPERM, "a dry run: nothing is shown");
	if (record(common, item, case_id, name, err) < 0)
		return -1;
	return show(&wanted->value, err);
}

enum firn_exit
firn_secrets_reveal(const struct firn_cmd *self,
		    const struct firn_common *common,
		    const struct firn_asked_secrets *asked,
		    const struct firn_secret_rules *rules, const char *name)
{
	const char *digits = asked->reveal;
	struct firn_wanted wanted = { 0 };
	const struct firn_secrets_more more = {
		.wanted = &wanted,
		.deep = firn_deep_begin(common, asked->deep),
	};
	struct firn_err err = { 0 };
	int done;

	if (strncmp(digits, "S-", 2) == 0)
		digits += 2;
	done = reveal(common, digits, rules, name, &more, &err);
	firn_secret_free(&wanted.value);
	return done < 0 ? firn_cmd_failed(self, common, &err) : FIRN_EXIT_OK;
}
