#ifndef TARGET_TRACE_H
#define TARGET_TRACE_H

/*
 * trace -- what one place on disk says of a container.
 *
 * A container usually has several: Docker's own files, the bundle of the shim
 * that holds it, the state of runc that started it.  None is believed before
 * the kernel agrees.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"
#include "firn/target.h"

struct records;
struct traces;

enum trace_answer {
	TRACE_UNSAID,
	TRACE_NO,
	TRACE_YES,
};
struct sieve;

/* NULL and 0 mean that this place doesn't say. */
struct trace {
	enum firn_runtime runtime;
	char *id;
	char *source; /* the file that says so */

	char *name, *image, *image_id;
	char *pod_namespace, *pod_name, *pod_uid, *pod_container;
	bool sandbox; /* of a pod: holds its namespaces, runs nothing */

	pid_t pid;
	uint64_t start_ticks;
	char *cgroup;                     /* in the hierarchies */
	char *v2_folder, *freezer_folder; /* on the host */
	bool paused;                      /* by the runtime */
	char *ended; /* "exited with 137 at ...": it doesn't run */

	char *bundle; /* folder of its config.json */
	char *root;   /* data root of its runtime */
	char *layers; /* folder that relative overlay options start from */
	char *upper;
	char *mounted; /* where the engine mounted the whole, on the host */

	json_t *environment; /* array of strings */
	json_t *labels;      /* as in firn_target */
	bool labels_whole;
	json_t *mounts; /* as in firn_target */

	char *created, *started; /* RFC 3339, as the runtime wrote it */
	enum trace_answer privileged;
	/* Whose namespace it has: "private", "host", "container:ID", or what
	 * else the runtime calls it. */
	char *pid_mode, *network_mode;

	/* Names the files that speak of it; done only for the one wanted. */
	void (*records)(const struct firn_host *host, const struct trace *trace,
			struct records *ret);

	/* Reads the files that only a description of all containers wants; may
	 * be NULL. */
	void (*details)(const struct firn_host *host, struct traces *traces,
			struct trace *trace);
};

struct traces {
	struct trace *items;
	size_t n, size;
	const struct sieve *sieve;
	json_t *problems; /* array of text: state that can't be read */
	bool failed;      /* out of memory; stays so, as in base/buf.h */
};

/* traces_add(traces, runtime, id, source) -- a new one; NULL when there is no
 * memory.  Valid until the next call. */
struct trace *traces_add(struct traces *traces, enum firn_runtime runtime,
			 const char *id, const char *source);

/* traces_problem(traces, err) -- note that a state file can't be read. */
void traces_problem(struct traces *traces, const struct firn_err *err);

void traces_free(struct traces *traces);

/* traces_text(traces, where, text) -- set a string; NULL and "" set nothing. */
void traces_text(struct traces *traces, char **where, const char *text);

/* The files that records() names. */
struct records {
	struct firn_record *items;
	size_t n;
	bool failed;
};

/*
 * records_add(records, host, kind, path, name) -- if it is a regular file.
 *
 * What can't stand in an archive's name becomes '_', and a name that is taken
 * gets a number.  A path that is there already is not added again.
 */
void records_add(struct records *records, const struct firn_host *host,
		 enum firn_record_kind kind, const char *path,
		 const char *name);

/* records_rotated(records, host, folder, prefix, name) -- the log
 * FOLDER/PREFIX and its rotated ones, PREFIX.1, PREFIX.2.gz and so on. */
void records_rotated(struct records *records, const struct firn_host *host,
		     const char *folder, const char *prefix, const char *name);

void records_free(struct records *records);

#endif
