#ifndef ASSESS_MEMORY_READER_H
#define ASSESS_MEMORY_READER_H

/*
 * reader -- the memory of a process, read by a child of ours.
 *
 * A page that a FUSE server or a userfaultfd(2) has to bring makes its reader
 * wait, and no signal helps: so a child reads, and when nothing comes of it in
 * time it is left behind.  It reads ahead, into memory that both share, while
 * what came before is looked through.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "firn/err.h"

enum firn_memory_kind {
	FIRN_MEMORY_MAPPING, /* `address`, `offset`, `path`: of what follows */
	FIRN_MEMORY_DATA,    /* `data`, `len`, `address` */
	FIRN_MEMORY_UNREAD,  /* `len` bytes at `address`; why: `code`, `path` */
};

/* A file that is held by mappings only, by device and inode. */
struct firn_memory_file {
	uint64_t device, inode;
};

struct firn_memory_note {
	enum firn_memory_kind kind;
	int code; /* errno(3) */
	uint64_t address, offset, len, end;
	bool of_file; /* addresses are offsets in `file` */
	struct firn_memory_file file;
	char path[1024]; /* as in maps; cut if longer */
	unsigned slot;
	const char *data;
};

/* Files of which one mapping is enough. */
struct firn_memory_files {
	struct firn_memory_file *items;
	size_t n;
};

struct firn_memory_reader {
	pid_t pid;  /* 0 while there is no child */
	int socket; /* to the child */
	char *slots;
	unsigned held; /* + 1: the slot of the last data; 0 for none */
};

/*
 * firn_memory_reader_start(reader, process_fd, from, files, err)
 *
 * `process_fd` is the folder of the process in /proc.  Mappings that begin
 * below `from` are passed over, and files of `files`.
 */
FIRN_MUST_CHECK int firn_memory_reader_start(
	struct firn_memory_reader *reader, int process_fd, uint64_t from,
	const struct firn_memory_files *files, struct firn_err *err);

/*
 * firn_memory_reader_next(reader, ret, err) -- what comes next; its data is
 * valid until the call after.  1, 0 at the end; -1 and ETIMEDOUT when the child
 * waits for something, and was left behind.
 */
FIRN_MUST_CHECK int firn_memory_reader_next(struct firn_memory_reader *reader,
					    struct firn_memory_note *ret,
					    struct firn_err *err);

/* firn_memory_reader_stop(reader) -- the memory that was shared is wiped. */
void firn_memory_reader_stop(struct firn_memory_reader *reader);

#endif
