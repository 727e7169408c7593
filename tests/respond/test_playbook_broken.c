/* Whatever is done to a playbook's text, it is read, or refused with a place:
 * nothing is read beyond it, and nothing is left behind (as ASan sees it). */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/shipped.h"
#include "check.h"
#include "firn/playbook.h"

extern const struct firn_shipped firn_shipped_playbooks[];
extern const size_t firn_n_shipped_playbooks;

/* A copy of just this length, so that a byte more is one too many. */
static void
try(const char *text, size_t len)
{
	struct firn_playbook *playbook = NULL;
	struct firn_err err = { 0 };
	autofree char *exact = malloc(len > 0 ? len : 1);
	int line, column;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, text, len);
	if (firn_playbook_parse(&playbook, "x.yaml", exact, len, &err) == 0) {
		autojson json_t *said = firn_playbook_explain(playbook),
				*cacao = NULL;

		ck_assert_ptr_nonnull(said);
		ck_assert_uint_ge(playbook->n_steps, 2);
		ck_assert_int_eq(playbook->steps[playbook->n_steps - 1].kind,
				 FIRN_STEP_THEN);
		if (firn_playbook_cacao(playbook, &cacao, &err) < 0)
			ck_assert_ptr_nonnull(
				strstr(err.text, ": it does nothing"));
		firn_playbook_close(&playbook);
		return;
	}
	ck_assert_ptr_null(playbook);
	ck_assert_int_eq(err.code, EBADMSG);
	ck_assert_msg(sscanf(err.text, "x.yaml:%d:%d: ", &line, &column) == 2 ||
			      strcmp(err.text, "x.yaml: says nothing") == 0,
		      "no place: %s", err.text);
}

static size_t
length_of(const struct firn_shipped *file)
{
	return (size_t)(file->end - file->text);
}

START_TEST(each_truncation_is_read_or_refused)
{
	const struct firn_shipped *file = &firn_shipped_playbooks[_i];

	for (size_t len = 0; len <= length_of(file); len++)
		try(file->text, len);
}
END_TEST

/* What YAML is made of, and what it isn't. */
static const char bytes[] = "\0\t\n\r \"#%&'*,-:>?@[]`{|}~!\\a0\x80\xff";

START_TEST(each_change_of_a_byte_is_read_or_refused)
{
	const struct firn_shipped *file = &firn_shipped_playbooks[_i];
	size_t len = length_of(file);
	autofree char *text = malloc(len);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < len; i++) {
		memcpy(text, file->text, len);
		/* Within a comment all are alike. */
		text[i] = bytes[(i * 7 + (size_t)_i) % (sizeof(bytes) - 1)];
		try(text, len);
		text[i] = (char)(file->text[i] ^ (1 << (i % 8)));
		try(text, len);
	}
}
END_TEST

START_TEST(what_nests_or_repeats_without_end_is_refused)
{
	char deep[4096], wide[70000] = "playbook: x\nsteps:\n";
	size_t len = strlen(wide);

	memset(deep, '[', sizeof(deep));
	try(deep, sizeof(deep));
	while (len + 20 < sizeof(wide))
		len += (size_t)snprintf(wide + len, sizeof(wide) - len,
					"  - notify\n");
	try(wide, len);
}
END_TEST

static Suite *
broken_suite(void)
{
	Suite *suite = suite_create("broken");
	TCase *cases = tcase_create("broken");

	tcase_set_timeout(cases, 120);
	tcase_add_loop_test(cases, each_truncation_is_read_or_refused, 0,
			    (int)firn_n_shipped_playbooks);
	tcase_add_loop_test(cases, each_change_of_a_byte_is_read_or_refused, 0,
			    (int)firn_n_shipped_playbooks);
	tcase_add_test(cases, what_nests_or_repeats_without_end_is_refused);
	suite_add_tcase(suite, cases);
	return suite;
}

int
main(void)
{
	return run_suite(broken_suite());
}
