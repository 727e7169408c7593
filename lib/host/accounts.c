#include "host/accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"

#define FILE_MAX_BYTES ((size_t)4 << 20)
#define N_FIELDS 4

/* "name:x:1000:1000:..." of passwd(5), "name:x:1000:a,b" of group(5). */
struct entry {
	char *field[N_FIELDS];
	uint64_t number; /* the third */
};

/* A node that has no such file has no entries. */
static int
read_entries(const char *path, char **ret, struct firn_err *err)
{
	if (firn_read_at(AT_FDCWD, path, FILE_MAX_BYTES, ret, NULL, err) == 0)
		return 0;
	if (err->code != ENOENT)
		return -1;
	*err = (struct firn_err){ 0 };
	*ret = strdup("");
	return *ret == NULL ? firn_err_nomem(err) : 0;
}

/* Cuts the next line that is one. */
static bool
next_entry(char **rest, struct entry *ret)
{
	char *line;

	while ((line = strsep(rest, "\n")) != NULL) {
		size_t n = 0;

		while (n < N_FIELDS && line != NULL)
			ret->field[n++] = strsep(&line, ":");
		if (n == N_FIELDS && ret->field[0][0] != '\0' &&
		    firn_is_decimal(ret->field[2], &ret->number) &&
		    ret->number < UINT32_MAX)
			return true;
	}
	return false;
}

int
firn_account_named(const char *name, uid_t *ret_uid, gid_t *ret_gid,
		   struct firn_err *err)
{
	autofree char *text = NULL;
	struct entry entry;
	char *rest;
	uint64_t gid;

	if (read_entries("/etc/passwd", &text, err) < 0)
		return -1;
	rest = text;
	while (next_entry(&rest, &entry)) {
		if (strcmp(entry.field[0], name) != 0 ||
		    !firn_is_decimal(entry.field[3], &gid))
			continue;
		*ret_uid = (uid_t)entry.number;
		if (ret_gid != NULL)
			*ret_gid = (gid_t)gid;
		return 0;
	}
	return firn_err_set(err, ENOENT, "no user %s on this node", name);
}

int
firn_account_of(uid_t uid, char **ret, struct firn_err *err)
{
	autofree char *text = NULL;
	struct entry entry;
	char *rest;
	int done;

	if (read_entries("/etc/passwd", &text, err) < 0)
		return -1;
	rest = text;
	while (next_entry(&rest, &entry)) {
		if (entry.number != uid)
			continue;
		*ret = strdup(entry.field[0]);
		return *ret == NULL ? firn_err_nomem(err) : 0;
	}
	done = asprintf(ret, "uid:%lu", (unsigned long)uid);
	return done < 0 ? firn_err_nomem(err) : 0;
}

static bool
is_member(char *members, const char *name)
{
	const char *member;

	while ((member = strsep(&members, ",")) != NULL)
		if (strcmp(member, name) == 0)
			return true;
	return false;
}

int
firn_account_groups(const char *name, struct firn_words *ret,
		    struct firn_err *err)
{
	autofree char *text = NULL;
	struct entry entry;
	gid_t own = (gid_t)-1;
	uid_t uid;
	char *rest;

	if (firn_account_named(name, &uid, &own, err) < 0) {
		if (err->code != ENOENT)
			return -1;
		*err = (struct firn_err){ 0 };
	}
	if (read_entries("/etc/group", &text, err) < 0)
		return -1;
	rest = text;
	while (next_entry(&rest, &entry)) {
		if (entry.number != own && !is_member(entry.field[3], name))
			continue;
		if (firn_words_add(ret, entry.field[0], strlen(entry.field[0]),
				   err) < 0)
			return -1;
	}
	return 0;
}

int
firn_account_is_group(const char *name, bool *ret, struct firn_err *err)
{
	autofree char *text = NULL;
	struct entry entry;
	char *rest;

	if (read_entries("/etc/group", &text, err) < 0)
		return -1;
	*ret = false;
	rest = text;
	while (!*ret && next_entry(&rest, &entry))
		*ret = strcmp(entry.field[0], name) == 0;
	return 0;
}
