#ifndef TARGET_RUNTIMES_H
#define TARGET_RUNTIMES_H

/*
 * runtimes -- the traces that each runtime leaves on disk.
 *
 * Each *_traces() adds what it finds in its places.  A state file that can't
 * be read or parsed is a problem noted in `ret`, and the rest goes on.  What
 * the sieve of `ret` doesn't want is not read.
 */

#include <jansson.h>

#include "firn/host.h"
#include "target/places.h"
#include "target/sieve.h"
#include "target/trace.h"

/* What of it names a container goes through the sieve first: *_sift(). */
void docker_sift(const struct places *places, struct sieve *sieve);
void containerd_sift(const struct places *places, struct sieve *sieve);
void storage_sift(const struct places *places, struct sieve *sieve);

/* config.v2.json in the data root: names, image, mounts, how it ended. */
void docker_traces(const struct firn_host *host, const struct places *places,
		   struct traces *ret);

/* The bundles of containerd's shims, Docker's and Kubernetes' among them; adds
 * the folders of the OCI runtime that they name to `places`. */
void containerd_traces(const struct firn_host *host, struct places *places,
		       struct traces *ret);

/* containers/storage: podman's and CRI-O's. */
void storage_traces(const struct firn_host *host, const struct places *places,
		    struct traces *ret);

/* What is podman's and what is CRI-O's in a trace of theirs; `config` is the
 * OCI configuration, `entry` that of containers.json; either may be NULL. */
void podman_fill(struct traces *traces, struct trace *trace,
		 const json_t *config, const json_t *entry);
void crio_fill(struct traces *traces, struct trace *trace, const json_t *config,
	       const json_t *entry);

void runc_traces(const struct firn_host *host, const struct places *places,
		 struct traces *ret);
void crun_traces(const struct firn_host *host, const struct places *places,
		 struct traces *ret);

/* oci_fill(traces, trace, config) -- env, mounts, control group and privileges
 * of an OCI configuration. */
void oci_fill(struct traces *traces, struct trace *trace, const json_t *config);

/* trace_labels(trace, object) -- add the strings of an object to the trace's
 * labels: at most 256, of at most 256 and 4096 bytes; what is there stays as it
 * is.  False if any was left out. */
bool trace_labels(struct trace *trace, const json_t *object);

/* oci_annotation(config, key) -- NULL if there is none. */
const char *oci_annotation(const json_t *config, const char *key);

/* oci_mount(source, destination, type, read_only) -- as in firn_target; NULL
 * when there is no destination. */
json_t *oci_mount(const char *source, const char *destination, const char *type,
		  bool read_only);

/* oci_pid(value) -- a process id in JSON, 0 if it can't be one. */
pid_t oci_pid(const json_t *value);

/* pod_logs(host, trace, ret) -- /var/log/pods/NS_POD_UID/CONTAINER. */
void pod_logs(const struct firn_host *host, const struct trace *trace,
	      struct records *ret);

#endif
