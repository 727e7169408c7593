#include "firn/inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"
#include "firn/alert.h"
#include "respond/inbox/names.h"

#define LETTER_MAX (FIRN_ENVELOPE_MAX + FIRN_ALERT_MAX)

/* --- reading one ----------------------------------------------------------
 */

/* Whoever may put letters in may put anything there: neither followed nor
 * waited for.  A second name would make it look like its owner's. */
static int
open_letter(int dir_fd, const char *name, struct stat *st, struct firn_err *err)
{
	autoclose int fd = openat(dir_fd, name,
				  O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
					  O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, st) < 0) {
		bool odd = errno == ELOOP || errno == ENXIO;

		firn_err_sys(err, "open alert %s", name);
		if (odd)
			err->code = EBADMSG;
		return -1;
	}
	if (!S_ISREG(st->st_mode) || st->st_nlink != 1 ||
	    (size_t)st->st_size > LETTER_MAX)
		return firn_err_set(err, EBADMSG,
				    "%s in the inbox is no letter", name);
	return firn_steal_fd(&fd);
}

/* A power cut can tear it.  One that was written by hand needn't say. */
static bool
is_whole(const struct firn_letter *letter, struct firn_err *err)
{
	char hex[FIRN_SHA256_TEXT];
	const char *said = firn_json_string(letter->envelope, "sha256", NULL);

	if (said == NULL)
		return true;
	return firn_sha256_text(letter->payload, letter->len, hex, err) == 0 &&
	       strcmp(said, hex) == 0;
}

/* The head is one line; what stands behind it is the payload. */
static int
split(char *text, size_t len, const char *name, struct firn_letter *letter,
      struct firn_err *err)
{
	const char *newline = memchr(text, '\n', len);
	size_t head = newline != NULL ? (size_t)(newline - text) : 0;

	if (head == 0 || head >= FIRN_ENVELOPE_MAX)
		return firn_err_set(err, EBADMSG, "alert %s has no envelope",
				    name);
	if (firn_json_parse(text, head, name, &letter->envelope, err) < 0)
		return -1;
	if (!json_is_object(letter->envelope))
		return firn_err_set(err, EBADMSG, "alert %s has no envelope",
				    name);
	letter->len = len - head - 1;
	letter->payload = malloc(letter->len + 1);
	if (letter->payload == NULL)
		return firn_err_nomem(err);
	memcpy(letter->payload, newline + 1, letter->len);
	letter->payload[letter->len] = '\0';
	if (!is_whole(letter, err))
		return firn_err_set(err, EBADMSG,
				    "alert %s is not what its envelope says",
				    name);
	return 0;
}

int
firn_inbox_read(const struct firn_inbox *inbox, const char *name,
		struct firn_letter *ret, struct firn_err *err)
{
	autodone(firn_letter_free) struct firn_letter letter = { 0 };
	autofree char *text = NULL;
	autoclose int fd = -1;
	struct stat st;
	size_t len;

	if (!firn_letter_is_name(name))
		return firn_err_set(err, EBADMSG,
				    "%s in the inbox is no letter", name);
	fd = open_letter(inbox->cur_fd, name, &st, err);
	if (fd < 0)
		return -1;
	if (firn_read_fd(fd, name, LETTER_MAX, &text, &len, err) < 0) {
		if (err->code == EFBIG)
			err->code = EBADMSG;
		return -1;
	}
	letter.writer_uid = st.st_uid;
	snprintf(letter.name, sizeof(letter.name), "%s", name);
	if (split(text, len, name, &letter, err) < 0)
		return -1;
	*ret = letter;
	letter = (struct firn_letter){ 0 };
	return 0;
}

void
firn_letter_free(struct firn_letter *letter)
{
	json_decref(letter->envelope);
	free(letter->payload);
	*letter = (struct firn_letter){ 0 };
}

/* --- the next one ---------------------------------------------------------
 */

/* Lists new/ again once all that were seen there are taken. */
static const char *
next_name(struct firn_inbox *inbox, struct firn_err *err)
{
	struct firn_letters *waiting = &inbox->waiting;

	if (waiting->next == waiting->n &&
	    firn_letters_list(inbox->new_fd, waiting, err) < 0)
		return NULL;
	return waiting->next < waiting->n ? waiting->names[waiting->next]
					  : NULL;
}

static void
forget_name(struct firn_inbox *inbox)
{
	free(inbox->waiting.names[inbox->waiting.next++]);
}

/* What is no letter gets a name that can't be mistaken for one's. */
static int
set_aside(const struct firn_inbox *inbox, int from_fd, const char *name,
	  const struct firn_err *why, struct firn_err *err)
{
	autojson json_t *answer =
		json_pack("{s:b, s:s, s:s}", "accepted", false, "reason",
			  "not a letter", "text", why->text);
	char aside[FIRN_LETTER_NAME];

	firn_letter_name(aside);
	if (renameat(from_fd, name, inbox->cur_fd, aside) < 0)
		return errno == ENOENT
			       ? 0
			       : firn_err_sys(err, "set %s aside", name);
	return firn_inbox_answer(inbox, aside, answer, err);
}

/* Returns 1, or 0 for one that was no letter, or that somebody else took. */
static int
take(struct firn_inbox *inbox, const char *name, struct firn_letter *ret,
     struct firn_err *err)
{
	struct firn_err why = { 0 };

	if (!firn_letter_is_name(name)) {
		firn_err_set(&why, EBADMSG, "%s is no letter's name", name);
		return set_aside(inbox, inbox->new_fd, name, &why, err);
	}
	if (renameat(inbox->new_fd, name, inbox->cur_fd, name) < 0)
		return errno == ENOENT
			       ? 0
			       : firn_err_sys(err, "take alert %s", name);
	if (firn_inbox_read(inbox, name, ret, &why) == 0)
		return 1;
	if (why.code == EBADMSG)
		return set_aside(inbox, inbox->cur_fd, name, &why, err);
	*err = why;
	return -1;
}

int
firn_inbox_take(struct firn_inbox *inbox, struct firn_letter *ret,
		struct firn_err *err)
{
	struct firn_err none = { 0 };
	const char *name;
	int taken;

	while ((name = next_name(inbox, &none)) != NULL) {
		taken = take(inbox, name, ret, err);
		forget_name(inbox);
		if (taken != 0)
			return taken;
	}
	if (none.code != 0) {
		*err = none;
		return -1;
	}
	return 0;
}

int
firn_inbox_left(const struct firn_inbox *inbox, json_t **ret,
		struct firn_err *err)
{
	struct firn_letters letters = { 0 };
	json_t *names = json_array();

	if (firn_letters_list(inbox->cur_fd, &letters, err) < 0) {
		firn_letters_free(&letters);
		json_decref(names);
		return -1;
	}
	for (size_t i = 0; i < letters.n; i++)
		if (firn_letter_is_name(letters.names[i]))
			json_array_append_new(names,
					      json_string(letters.names[i]));
	firn_letters_free(&letters);
	*ret = names;
	return 0;
}
