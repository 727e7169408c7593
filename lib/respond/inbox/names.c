#include "respond/inbox/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"

void
firn_letter_name(char ret[FIRN_LETTER_NAME])
{
	static unsigned count;
	struct timespec now = firn_now();

	snprintf(ret, FIRN_LETTER_NAME, "%010lld.%09ld-%d-%u",
		 (long long)now.tv_sec, now.tv_nsec, getpid(), ++count);
}

bool
firn_letter_is_name(const char *name)
{
	size_t len = strlen(name);

	return len >= 20 && len < FIRN_LETTER_NAME &&
	       strspn(name, "0123456789") == 10 && name[10] == '.' &&
	       strspn(name, "0123456789.-") == len;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
add_name(struct firn_letters *letters, const char *name)
{
	if (letters->n == letters->size) {
		size_t size = letters->size * 2 + 64;
		char **names = reallocarray(letters->names, size,
					    sizeof(*letters->names));

		if (names == NULL)
			return -1;
		letters->names = names;
		letters->size = size;
	}
	letters->names[letters->n] = strdup(name);
	return letters->names[letters->n++] != NULL ? 0 : -1;
}

static DIR *
open_again(int dir_fd, struct firn_err *err)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (dir == NULL) {
		firn_err_sys(err, "list the inbox");
		firn_auto_close(&fd);
	}
	return dir;
}

static bool
is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int
firn_letters_list(int dir_fd, struct firn_letters *ret, struct firn_err *err)
{
	autodir DIR *dir = open_again(dir_fd, err);
	const struct dirent *entry;

	if (dir == NULL)
		return -1;
	firn_letters_free(ret);
	while (ret->n < FIRN_INBOX_MAX && (entry = readdir(dir)) != NULL)
		if (!is_dot(entry->d_name) && add_name(ret, entry->d_name) < 0)
			return firn_err_nomem(err);
	if (ret->n > 0)
		qsort(ret->names, ret->n, sizeof(*ret->names), by_name);
	return 0;
}

int
firn_letters_count(int dir_fd, size_t *ret, struct firn_err *err)
{
	autodir DIR *dir = open_again(dir_fd, err);
	const struct dirent *entry;

	if (dir == NULL)
		return -1;
	*ret = 0;
	while ((entry = readdir(dir)) != NULL)
		*ret += !is_dot(entry->d_name);
	return 0;
}

void
firn_letters_free(struct firn_letters *letters)
{
	for (size_t i = letters->next; i < letters->n; i++)
		free(letters->names[i]);
	free(letters->names);
	*letters = (struct firn_letters){ 0 };
}
