#include "firn/inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "host/accounts.h"
#include "respond/inbox/names.h"

/* Sticky: what one user has put there is not for another to take away. */
#define MODE_SHARED 03770

#define TORN_AFTER_S (36 * 3600) /* as maildir(5) has it */

/* Who runs the receiver; a node without that user trusts no envelope, and
 * nobody but root puts letters in. */
static void
find_receiver(struct firn_inbox *inbox, gid_t *ret_gid)
{
	struct firn_err none = { 0 };
	uid_t uid;

	inbox->trusted_uid = FIRN_NOBODY_TRUSTED;
	*ret_gid = 0;
	if (firn_account_named(FIRN_USER, &uid, ret_gid, &none) == 0)
		inbox->trusted_uid = uid;
}

/* Opens a folder of the inbox; root makes it if it isn't there. */
static int
open_folder(int dir_fd, const char *name, mode_t mode, gid_t gid,
	    struct firn_err *err)
{
	bool made = mkdirat(dir_fd, name, 0700) == 0;
	autoclose int fd =
		openat(dir_fd, name,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return firn_err_sys(err, "open %s of the inbox", name);
	if (made && (fchown(fd, 0, gid) < 0 || fchmod(fd, mode) < 0))
		return firn_err_sys(err, "set the owner of %s of the inbox",
				    name);
	return firn_steal_fd(&fd);
}

/* An inbox that anybody could have put there is none. */
static int
check_owner(int fd, const char *path, struct firn_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return firn_err_sys(err, "look at %s", path);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & S_IWOTH) != 0)
		return firn_err_set(err, EPERM,
				    "%s is not root's alone: look at it, then "
				    "chown root and chmod o-w",
				    path);
	return 0;
}

static int
open_root(const char *path, gid_t gid, struct firn_err *err)
{
	autoclose int fd = -1;

	if (strcmp(path, FIRN_INBOX) == 0)
		mkdir(FIRN_SPOOL, 0755);
	fd = open_folder(AT_FDCWD, path, gid != 0 ? 0750 : 0700, gid, err);
	if (fd < 0 || check_owner(fd, path, err) < 0)
		return -1;
	return firn_steal_fd(&fd);
}

/* What a process that was killed had begun; nobody was told that it is there.
 */
static void
sweep(const struct firn_inbox *inbox)
{
	struct firn_letters letters = { 0 };
	struct firn_err none = { 0 };
	time_t now = firn_now().tv_sec;
	struct stat st;

	if (firn_letters_list(inbox->tmp_fd, &letters, &none) == 0)
		for (size_t i = 0; i < letters.n; i++)
			if (fstatat(inbox->tmp_fd, letters.names[i], &st,
				    AT_SYMLINK_NOFOLLOW) == 0 &&
			    now - st.st_ctime > TORN_AFTER_S)
				unlinkat(inbox->tmp_fd, letters.names[i], 0);
	firn_letters_free(&letters);
}

int
firn_inbox_open(struct firn_inbox *ret, const char *path, bool may_read,
		struct firn_err *err)
{
	struct firn_inbox inbox = FIRN_INBOX_CLOSED;
	gid_t gid;

	find_receiver(&inbox, &gid);
	inbox.dir_fd = open_root(path != NULL ? path : FIRN_INBOX, gid, err);
	if (inbox.dir_fd < 0)
		return -1;
	inbox.tmp_fd = open_folder(inbox.dir_fd, "tmp", MODE_SHARED, gid, err);
	if (inbox.tmp_fd >= 0)
		inbox.new_fd =
			open_folder(inbox.dir_fd, "new", MODE_SHARED, gid, err);
	if (inbox.new_fd >= 0 && may_read)
		inbox.cur_fd = open_folder(inbox.dir_fd, "cur", 0700, 0, err);
	if (inbox.cur_fd >= 0)
		inbox.done_fd =
			open_folder(inbox.dir_fd, "done", 0750, gid, err);
	if (inbox.new_fd < 0 || (may_read && inbox.done_fd < 0) ||
	    firn_letters_count(inbox.new_fd, &inbox.n_waiting, err) < 0) {
		firn_inbox_close(&inbox);
		return -1;
	}
	if (may_read)
		sweep(&inbox);
	*ret = inbox;
	return 0;
}

void
firn_inbox_close(struct firn_inbox *inbox)
{
	const int fds[] = { inbox->dir_fd, inbox->tmp_fd, inbox->new_fd,
			    inbox->cur_fd, inbox->done_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		firn_auto_close(&fds[i]);
	for (size_t i = 0; i < inbox->n_unsynced; i++)
		firn_auto_close(&inbox->unsynced[i]);
	firn_letters_free(&inbox->waiting);
	*inbox = (struct firn_inbox)FIRN_INBOX_CLOSED;
}
