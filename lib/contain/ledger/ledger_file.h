#ifndef CONTAIN_LEDGER_LEDGER_FILE_H
#define CONTAIN_LEDGER_LEDGER_FILE_H

/*
 * ledger_file -- the ledger's folder, its file, and the lines in it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "base/clock.h"
#include "firn/err.h"
#include "firn/ledger.h"

/* A ledger may grow to this; a line may be as long as that. */
#define FIRN_LEDGER_MAX (16u << 20)
#define FIRN_LEDGER_LINE_MAX (1u << 20)

/* No change is begun past this size, so that there is always room to write
 * down how the begun ones ended. */
#define FIRN_LEDGER_ASK_MAX (8u << 20)

/* A ledger this long, with nothing left to undo, is set aside as ID.jsonl.old
 * when it's opened: reading it is part of every freeze. */
#define FIRN_LEDGER_FULL (256u << 10)

/* Longest file name in the folder, "ID.jsonl.old" and a NUL. */
#define FIRN_LEDGER_NAME 224

/* How a ledger is opened. */
enum firn_ledger_hold {
	FIRN_LEDGER_WAIT, /* alone: waits for another firn, 5 s */
	FIRN_LEDGER_JOIN, /* alone if it can be, else beside another firn */
	FIRN_LEDGER_LOOK, /* to read; never makes one */
};

struct firn_ledger {
	int fd; /* O_APPEND; read-only for a look */
	char name[FIRN_LEDGER_NAME];
	char boot_id[FIRN_BOOT_ID];
	char *operator_name;
	char *case_id;   /* or NULL */
	json_t *lines;   /* of this boot */
	json_t *earlier; /* of the boots before */
	uint64_t last_change;
	size_t size; /* what of the file has been read */
	bool torn;   /* the last line has no end */
};

/* firn_ledger_folder(run_fd, err) -- the folder firn/ledger under /run, made
 * if need be, 0700 and ours; a descriptor, or -1. */
FIRN_MUST_CHECK int firn_ledger_folder(int run_fd, struct firn_err *err);

/*
 * firn_ledger_file(dir_fd, name, hold, ret_alone, err) -- open one file of the
 * folder, make and lock it as `hold` says; a descriptor, or -1.
 *
 * `*ret_alone`: is every other firn kept out?  Anything but a regular file of
 * ours, 0600, with one name, is EPERM; none to look at is ENOENT.
 */
FIRN_MUST_CHECK int firn_ledger_file(int dir_fd, const char *name,
				     enum firn_ledger_hold hold,
				     bool *ret_alone, struct firn_err *err);

/* firn_ledger_begin(fd, name, err) and firn_ledger_end(fd) -- around each line
 * that is written: the number of a change is taken by one firn at a time, also
 * where one works beside another. */
FIRN_MUST_CHECK int firn_ledger_begin(int fd, const char *name,
				      struct firn_err *err);
void firn_ledger_end(int fd);

/* firn_ledger_read(ledger, err) -- read what the file has beyond `size` into
 * `lines`, `earlier`, `last_change`, `size` and `torn`. */
FIRN_MUST_CHECK int firn_ledger_read(struct firn_ledger *ledger,
				     struct firn_err *err);

/* firn_ledger_open_as(ret, dir_fd, id, hold, authority, err) -- in a folder,
 * held as `hold` says. */
FIRN_MUST_CHECK int firn_ledger_open_as(struct firn_ledger **ret, int dir_fd,
					const char *id,
					enum firn_ledger_hold hold,
					const struct firn_authority *authority,
					struct firn_err *err);

/* firn_ledger_open_at(ret, dir_fd, id, authority, err) -- as
 * firn_ledger_open(), in another folder. */
FIRN_MUST_CHECK int firn_ledger_open_at(struct firn_ledger **ret, int dir_fd,
					const char *id,
					const struct firn_authority *authority,
					struct firn_err *err);

/* firn_ledger_ids_at(dir_fd, ret, err) -- as firn_ledger_ids(), in another
 * folder. */
FIRN_MUST_CHECK int firn_ledger_ids_at(int dir_fd, json_t **ret,
				       struct firn_err *err);

/* firn_ledger_id_is_valid(id) -- letters, digits, `-_.`, no leading dot, at
 * most 200. */
bool firn_ledger_id_is_valid(const char *id);

#endif
