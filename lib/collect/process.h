#ifndef COLLECT_PROCESS_H
#define COLLECT_PROCESS_H

/*
 * process -- one process of the target, while it is read.
 *
 * Everything is opened relative to its folder in /proc, which stays that of
 * this process: once it has died, every file in it says ESRCH, and a pid that
 * was given to another can't be mistaken for it.
 *
 * The functions here and in the files beside fail (-1) only when the archive
 * can't be written; what can't be read they record as a gap.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <jansson.h>

#include "collect/opener.h"
#include "firn/archive.h"
#include "firn/err.h"
#include "firn/target.h"
#include "host/mountinfo.h"
#include "host/proc.h"

/* The mounts that one or more processes see. */
struct firn_seen_mounts {
	char *view;   /* mount namespace and root: equal means the same */
	char *member; /* its mountinfo in the archive; NULL if it has none */
	struct firn_mounts mounts;
};

/* firn_seen_mounts_free(seen) -- itself, too. */
void firn_seen_mounts_free(struct firn_seen_mounts *seen);

/* What the processes of one capture share. */
struct firn_reading {
	const struct firn_target *target;
	struct firn_archive *archive;
	struct firn_opener opener;
	char *buffer; /* for one file of proc(5) at a time */
	size_t buffer_size;
	struct firn_seen_mounts **seen_mounts; /* those of late */
	size_t n_seen_mounts;
	uint64_t digested;              /* bytes, of all files */
	uint64_t n_held;                /* files that were copied */
	struct firn_namespaces host;    /* of the host's pid 1 */
	struct firn_mounts host_mounts; /* what that one sees */
	dev_t shmem;          /* of memfd and other memory without a mount */
	int upper_fd;         /* overlay's writable layer; -1 if none */
	json_t *digests;      /* by identity: { "sha256" } or { "why" } */
	json_t *copies;       /* by identity: the member that holds the file */
	json_t *pipes;        /* by name: a descriptor of it (pipes.h) */
	bool pipes_cut;       /* there are more */
	struct timespec boot; /* when the host was started, wall time */
};

/* The files that are kept while the process is read. */
enum firn_proc_text {
	FIRN_TEXT_STAT,
	FIRN_TEXT_STATUS,
	FIRN_TEXT_CMDLINE,
	FIRN_TEXT_ENVIRON,
	FIRN_TEXT_LIMITS,
	FIRN_TEXT_CGROUP,
	FIRN_TEXT_IO,
	FIRN_TEXT_WCHAN,
	FIRN_TEXT_SYSCALL,
	FIRN_TEXT_LABEL,
	FIRN_TEXT_LOGINUID,
	FIRN_TEXT_SESSIONID,
	FIRN_TEXT_OOM_SCORE_ADJ,
	FIRN_TEXT_TIMENS,
	FIRN_N_TEXTS
};

struct firn_process {
	struct firn_reading *reading;
	const struct firn_member *member;
	pid_t read_pid; /* by which it is read: its own, or of a thread that
			 * outlived the first one */
	int dir_fd;     /* /proc/PID */
	bool gone;      /* died while it was read */
	bool locked;    /* its address space can't be asked for: a gap */
	struct firn_proc_stat stat;
	char *first_status; /* of the first thread, where that has ended */
	struct firn_namespaces namespaces;
	char *text[FIRN_N_TEXTS]; /* NULL for what it doesn't have */
	size_t len[FIRN_N_TEXTS];
	uint64_t size[FIRN_N_TEXTS]; /* of the file; `text` is its beginning */
	const struct firn_seen_mounts *mounts; /* NULL if not known */
	char *root;       /* where its root is; NULL if not known */
	json_t *facts;    /* its line in processes.jsonl */
	json_t *findings; /* in `facts` */
};

/*
 * firn_process_open(reading, member, ret, err) -- hold a process, and make
 * sure that it is that one.
 *
 * Fails with ESRCH when it is gone, or its pid is somebody else's by now.
 * Release with firn_process_close().
 */
FIRN_MUST_CHECK int firn_process_open(struct firn_reading *reading,
				      const struct firn_member *member,
				      struct firn_process *ret,
				      struct firn_err *err);
void firn_process_close(struct firn_process *process);

/* firn_process_ids(process, ret, size) -- its pids in each of its pid
 * namespaces, from the host's inwards, with tabs between them; false if they
 * aren't known. */
bool firn_process_ids(const struct firn_process *process, char *ret,
		      size_t size);

/* firn_process_finding(process, name) -- a fact that a responder must see. */
void firn_process_finding(struct firn_process *process, const char *name);

/* firn_process_gap(process, name, why) -- "17/NAME" could not be had. */
void firn_process_gap(struct firn_process *process, const char *name,
		      const struct firn_err *why);

/*
 * firn_process_lost(process, name, why) -- the same, where it may be that the
 * process has died meanwhile, which is one gap for all that follows.
 */
void firn_process_lost(struct firn_process *process, const char *name,
		       const struct firn_err *why);

/* firn_process_alive(process) -- is it still what it was when it was opened?
 * False once it has begun to exit: its files are empty then, or an error. */
bool firn_process_alive(const struct firn_process *process);

/* firn_process_has_memory(process) -- false for a zombie and a kernel thread,
 * whose files about memory are empty or an error. */
bool firn_process_has_memory(const struct firn_process *process);

#define FIRN_MEMBER_NAME 96

/* firn_process_member(process, leaf, ret) -- "data/processes/17/LEAF". */
void firn_process_member(const struct firn_process *process, const char *leaf,
			 char ret[FIRN_MEMBER_NAME]);

/*
 * firn_process_link(process, name, ret, ret_len, err) -- where a link below
 * /proc/PID points, for the caller to free(3); with a NUL behind.
 */
FIRN_MUST_CHECK int firn_process_link(const struct firn_process *process,
				      const char *name, char **ret,
				      size_t *ret_len, struct firn_err *err);

/* firn_process_files(process, err) -- the raw files of proc(5) into the
 * archive, and some of them into `text`. */
FIRN_MUST_CHECK int firn_process_files(struct firn_process *process,
				       struct firn_err *err);

/* firn_process_mounts(process, err) -- its mountinfo into the archive, unless
 * another process's is the same; sets `mounts` and `root`. */
FIRN_MUST_CHECK int firn_process_mounts(struct firn_process *process,
					struct firn_err *err);

/* firn_process_facts(process) -- what the raw files say, into `facts`. */
void firn_process_facts(struct firn_process *process);

/* firn_process_credentials(process) -- who it is and what it may do. */
void firn_process_credentials(struct firn_process *process);

/* firn_process_arguments(process) -- argv and environment. */
void firn_process_arguments(struct firn_process *process);

/* firn_process_executable(process, err) -- what it runs: facts, digest, and
 * where it can't be found by its path any more, the file itself. */
FIRN_MUST_CHECK int firn_process_executable(struct firn_process *process,
					    struct firn_err *err);

/* firn_process_descriptors(process, err) -- fd.json, and the files that only
 * a descriptor still holds. */
FIRN_MUST_CHECK int firn_process_descriptors(struct firn_process *process,
					     struct firn_err *err);

/* firn_process_mapped(process, err) -- the files that only a mapping still
 * holds. */
FIRN_MUST_CHECK int firn_process_mapped(struct firn_process *process,
					struct firn_err *err);

/* firn_process_threads(process, err) -- threads.json. */
FIRN_MUST_CHECK int firn_process_threads(struct firn_process *process,
					 struct firn_err *err);

#endif
