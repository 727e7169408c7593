#include "evidence/audit_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "firn/audit.h"

/* With 16 MiB each, more than a node writes in its life. */
#define ASIDE_MAX 999999u

void
firn_audit_name(unsigned number, char ret[FIRN_AUDIT_NAME])
{
	snprintf(ret, FIRN_AUDIT_NAME, "audit-%06u.jsonl", number);
}

/* 0 for what isn't one. */
static unsigned
number_of(const char *name)
{
	char digits[7] = "", again[FIRN_AUDIT_NAME];
	uint64_t number;

	if (strlen(name) != strlen("audit-000001.jsonl"))
		return 0;
	memcpy(digits, name + strlen("audit-"), sizeof(digits) - 1);
	if (!firn_is_decimal(digits, &number) || number > ASIDE_MAX)
		return 0;
	firn_audit_name((unsigned)number, again);
	return strcmp(name, again) == 0 ? (unsigned)number : 0;
}

static int
by_number(const void *a, const void *b)
{
	unsigned one = *(const unsigned *)a, other = *(const unsigned *)b;

	return (one > other) - (one < other);
}

int
firn_audit_aside(int dir_fd, unsigned **ret, size_t *ret_n,
		 struct firn_err *err)
{
	autoclose int fd =
		openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	autofree unsigned *numbers = NULL;
	struct dirent *entry;
	size_t n = 0, size = 0;

	if (dir == NULL)
		return firn_err_sys(err, "read " FIRN_AUDIT_FOLDER);
	firn_steal_fd(&fd);
	while ((entry = readdir(dir)) != NULL) {
		unsigned number = number_of(entry->d_name);

		if (number == 0)
			continue;
		if (n == size) {
			size_t wider = size * 2 + 8;
			unsigned *grown =
				reallocarray(numbers, wider, sizeof(*numbers));

			if (grown == NULL)
				return firn_err_nomem(err);
			numbers = grown;
			size = wider;
		}
		numbers[n++] = number;
	}
	if (n > 1)
		qsort(numbers, n, sizeof(*numbers), by_number);
	*ret = firn_steal(numbers);
	*ret_n = n;
	return 0;
}
