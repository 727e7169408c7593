#include "firn/inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "respond/inbox/names.h"

#define ANSWER ".answer.json"

/* The receiver, who is in the folder's group, may tell its sender. */
static int
write_answer(const struct firn_inbox *inbox, const char *name,
	     const json_t *answer, struct firn_err *err)
{
	char file[FIRN_LETTER_NAME + sizeof(ANSWER)], part[sizeof(file) + 8];
	autofree char *text = firn_json_line(answer);
	autoclose int fd = -1;
	struct stat folder;

	if (text == NULL)
		return firn_err_nomem(err);
	snprintf(file, sizeof(file), "%s" ANSWER, name);
	snprintf(part, sizeof(part), "%s.part", file);
	fd = openat(inbox->done_fd, part,
		    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0 || fstat(inbox->done_fd, &folder) < 0)
		return firn_err_sys(err, "answer alert %s", name);
	if (firn_write_all(fd, file, text, strlen(text), err) < 0)
		return -1;
	if (fchown(fd, (uid_t)-1, folder.st_gid) < 0 || fchmod(fd, 0640) < 0 ||
	    renameat(inbox->done_fd, part, inbox->done_fd, file) < 0)
		return firn_err_sys(err, "answer alert %s", name);
	return 0;
}

/* Half of them at a time, so that it is seldom listed. */
static void
forget_oldest(const struct firn_inbox *inbox)
{
	struct firn_letters letters = { 0 };
	struct firn_err none = { 0 };

	if (firn_letters_list(inbox->done_fd, &letters, &none) == 0 &&
	    letters.n > 2 * (size_t)FIRN_INBOX_DONE)
		for (size_t i = 0; i < letters.n - FIRN_INBOX_DONE; i++)
			unlinkat(inbox->done_fd, letters.names[i], 0);
	firn_letters_free(&letters);
}

int
firn_inbox_answer(const struct firn_inbox *inbox, const char *name,
		  const json_t *answer, struct firn_err *err)
{
	static unsigned n_answers;

	if (!firn_letter_is_name(name))
		return firn_err_set(err, EINVAL, "%s is no letter's name",
				    name);
	if (write_answer(inbox, name, answer, err) < 0)
		return -1;
	/* The answer first: a letter without one is worked again. */
	if (renameat(inbox->cur_fd, name, inbox->done_fd, name) < 0 &&
	    errno != ENOENT)
		return firn_err_sys(err, "put alert %s away", name);
	if (++n_answers % 1024 == 0)
		forget_oldest(inbox);
	return 0;
}
