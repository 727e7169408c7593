#include "firn/inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"
#include "respond/inbox/names.h"

/* How often it is looked up how many wait; the rest is counted. */
#define COUNT_AGAIN 256

/* The receiver answers 5xx then, and its sender comes again. */
static int
check_room(struct firn_inbox *inbox, struct firn_err *err)
{
	if (inbox->n_waiting >= FIRN_INBOX_MAX ||
	    ++inbox->n_put % COUNT_AGAIN == 0)
		if (firn_letters_count(inbox->new_fd, &inbox->n_waiting, err) <
		    0)
			return -1;
	if (inbox->n_waiting >= FIRN_INBOX_MAX)
		return firn_err_set(err, EDQUOT,
				    "%d alerts wait already: is `firn listen` "
				    "running?",
				    FIRN_INBOX_MAX);
	return 0;
}

static int
write_head(struct firn_buf *buf, const json_t *envelope, const char *payload,
	   size_t len, struct firn_err *err)
{
	autojson json_t *head = json_copy((json_t *)(uintptr_t)envelope);
	autofree char *line = NULL;
	unsigned char sha256[FIRN_SHA256];

	if (firn_sha256(payload, len, sha256, err) < 0)
		return -1;
	firn_json_time(head, "received", firn_now());
	firn_json_uint(head, "boot_ns", firn_boot_ns());
	firn_json_uint(head, "size", len);
	firn_json_hex(head, "sha256", sha256, sizeof(sha256));
	line = firn_json_line(head);
	if (line == NULL)
		return firn_err_nomem(err);
	if (strlen(line) >= FIRN_ENVELOPE_MAX)
		return firn_err_set(err, E2BIG,
				    "more on the envelope than it holds");
	firn_buf_addf(buf, "%s\n", line);
	return firn_buf_check(buf, err);
}

static int
write_letter(int fd, const struct firn_buf *head, const char *payload,
	     size_t len, struct firn_err *err)
{
	if (firn_write_all(fd, "an alert", head->data, head->len, err) < 0)
		return -1;
	return firn_write_all(fd, "an alert", payload, len, err);
}

/* Kept open until it is synced: by then it may have been moved. */
static int
remember(struct firn_inbox *inbox, int *fd, struct firn_err *err)
{
	if (inbox->n_unsynced == FIRN_INBOX_UNSYNCED &&
	    firn_inbox_sync(inbox, err) < 0)
		return -1;
	inbox->unsynced[inbox->n_unsynced++] = firn_steal_fd(fd);
	return 0;
}

int
firn_inbox_put(struct firn_inbox *inbox, const json_t *envelope,
	       const char *payload, size_t len, char ret_name[FIRN_LETTER_NAME],
	       struct firn_err *err)
{
	autobuf struct firn_buf head = { 0 };
	autoclose int fd = -1;
	char name[FIRN_LETTER_NAME];

	if (check_room(inbox, err) < 0 ||
	    write_head(&head, envelope, payload, len, err) < 0)
		return -1;
	firn_letter_name(name);
	fd = openat(inbox->tmp_fd, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return firn_err_sys(err, "put an alert into the inbox");
	if (write_letter(fd, &head, payload, len, err) < 0) {
		unlinkat(inbox->tmp_fd, name, 0);
		return -1;
	}
	if (renameat(inbox->tmp_fd, name, inbox->new_fd, name) < 0) {
		firn_err_sys(err, "put an alert into new/ of the inbox");
		unlinkat(inbox->tmp_fd, name, 0);
		return -1;
	}
	inbox->n_waiting++;
	memcpy(ret_name, name, sizeof(name));
	return remember(inbox, &fd, err);
}

int
firn_inbox_sync(struct firn_inbox *inbox, struct firn_err *err)
{
	int done = 0;

	for (size_t i = 0; i < inbox->n_unsynced; i++)
		if (firn_finish(&inbox->unsynced[i], "an alert", err) < 0)
			done = -1;
	if (inbox->n_unsynced > 0 && done == 0 && fsync(inbox->new_fd) < 0)
		done = firn_err_sys(err, "sync the inbox");
	inbox->n_unsynced = 0;
	return done;
}
