#include "respond/outbox/box.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "evidence/case_folder.h"

#define MESSAGE_MAX ((size_t)1 << 20)
#define END ".json"

/* --- the folder's list ----------------------------------------------------
 */

static bool
is_message(const char *name)
{
	return name[0] != '.' && strlen(name) < FIRN_OUTBOX_NAME &&
	       firn_ends_with(name, END);
}

static int
sooner(const void *left, const void *right)
{
	const struct firn_entry *a = left, *b = right;

	if (a->due.tv_sec != b->due.tv_sec)
		return a->due.tv_sec < b->due.tv_sec ? -1 : 1;
	if (a->due.tv_nsec != b->due.tv_nsec)
		return a->due.tv_nsec < b->due.tv_nsec ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int
add(struct firn_waiting_messages *entries, const char *name,
    struct timespec due, struct firn_err *err)
{
	if (entries->n == entries->size) {
		size_t size = entries->size == 0 ? 64 : 2 * entries->size;
		struct firn_entry *items =
			reallocarray(entries->items, size, sizeof(*items));

		if (items == NULL)
			return firn_err_nomem(err);
		entries->items = items;
		entries->size = size;
	}
	snprintf(entries->items[entries->n].name, FIRN_OUTBOX_NAME, "%s", name);
	entries->items[entries->n++].due = due;
	return 0;
}

int
firn_waiting_messages_read(int dir_fd, struct firn_waiting_messages *ret,
			   struct firn_err *err)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat st;

	if (dir == NULL) {
		firn_err_sys(err, "list the outbox");
		firn_auto_close(&fd);
		return -1;
	}
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		if (!is_message(entry->d_name) ||
		    fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) <
			    0)
			continue; /* delivered meanwhile */
		if (add(ret, entry->d_name, st.st_mtim, err) < 0)
			return -1;
	}
	if (errno != 0)
		return firn_err_sys(err, "list the outbox");
	if (ret->n > 0)
		qsort(ret->items, ret->n, sizeof(*ret->items), sooner);
	return 0;
}

void
firn_waiting_messages_free(struct firn_waiting_messages *entries)
{
	free(entries->items);
	*entries = (struct firn_waiting_messages){ 0 };
}

/* --- one message ----------------------------------------------------------
 */

static int
write_fresh(int dir_fd, const char *fresh, const json_t *message,
	    struct timespec due, bool sync, struct firn_err *err)
{
	const struct timespec times[] = { due, due };
	autofree char *text = firn_json_line(message);
	autoclose int fd = -1;

	if (text == NULL)
		return firn_err_nomem(err);
	fd = firn_case_file(dir_fd, fresh, O_WRONLY | O_CREAT | O_TRUNC, err);
	if (fd < 0 || firn_write_all(fd, fresh, text, strlen(text), err) < 0)
		return -1;
	if (futimens(fd, times) < 0)
		return firn_err_sys(err, "set the time of %s", fresh);
	return sync ? firn_finish(&fd, fresh, err) : 0;
}

int
firn_message_write(const struct firn_box *box, const json_t *message,
		   struct timespec due, const char *name, bool replace,
		   struct firn_err *err)
{
	char fresh[FIRN_OUTBOX_NAME + 16];

	snprintf(fresh, sizeof(fresh), "%.*s.%d" END,
		 (int)(strlen(name) - strlen(END)), name, (int)getpid());
	if (write_fresh(box->tmp_fd, fresh, message, due, replace, err) < 0) {
		unlinkat(box->tmp_fd, fresh, 0);
		return -1;
	}
	if (renameat2(box->tmp_fd, fresh, box->dir_fd, name,
		      replace ? 0 : RENAME_NOREPLACE) < 0) {
		firn_err_sys(err, "put %s in the outbox", name);
		unlinkat(box->tmp_fd, fresh, 0);
		return -1;
	}
	return 0;
}

static bool
is_whole(const json_t *message)
{
	return firn_json_string(message, "id", NULL) != NULL &&
	       firn_json_string(message, "url", NULL) != NULL &&
	       firn_json_string(message, "body", NULL) != NULL &&
	       firn_json_string(message, "put", NULL) != NULL;
}

int
firn_message_read(int dir_fd, const char *name, int *ret_fd, json_t **ret,
		  struct firn_err *err)
{
	autoclose int fd = firn_case_file(dir_fd, name, O_RDONLY, err);
	autofree char *text = NULL;
	autojson json_t *message = NULL;
	size_t len;

	if (fd < 0 ||
	    firn_read_fd(fd, name, MESSAGE_MAX, &text, &len, err) < 0 ||
	    firn_json_parse(text, len, name, &message, err) < 0)
		return -1;
	if (!is_whole(message))
		return firn_err_set(err, EBADMSG,
				    "%s has not what a message has", name);
	*ret_fd = firn_steal_fd(&fd);
	*ret = firn_steal(message);
	return 0;
}
