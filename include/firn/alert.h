#ifndef FIRN_ALERT_H
#define FIRN_ALERT_H

/*
 * alert -- what a detector said, whichever it is, in one form.
 *
 * Everything in it was chosen by somebody else, and a suspect's words are among
 * it: bounded, and only compared.
 *
 * An alert is an object with those of these that are known:
 *   "format"   "falco", "alertmanager", "tracee", "tetragon", "firn",
 *              "mapped", or "unknown" for one among others that are known
 *   "id"       the sender's own (of Alertmanager: FINGERPRINT@STARTS), else
 *              that of the CloudEvent or the webhook around it, else SHA-256
 *              of the JSON value; with -N behind these for the N-th in it
 *   "rule", "time", "host"
 *   "severity" one of "emergency", "alert", "critical", "error", "warning",
 *              "notice", "informational", "debug", whatever the sender calls it
 *   "state"    "firing" or "resolved"
 *   "container_id" digits only, without "docker://"; "container_name", "image",
 *   "pod", "pod_uid", "namespace", "container" (of the pod), "pid" (a number)
 *   "on_host"  true: it says itself that no container is meant
 *   "labels", "tags", "fields" (what else the sender had: strings)
 *   "playbook", "case", "note" (only of our own form, or by a mapping)
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/host.h"
#include "firn/target.h"

#define FIRN_ALERT_MAX (1u << 20) /* bytes of a payload */
#define FIRN_ALERT_DEPTH 64       /* of its JSON */
#define FIRN_ALERT_VALUES 131072  /* in its JSON; each takes memory */
#define FIRN_ALERTS_MAX 1024      /* in one payload */
#define FIRN_ALERT_TEXT 4096      /* of one of its strings; longer is cut */

/*
 * firn_alerts_parse(payload, len, headers, mapping, ret, err) -- all alerts of
 * one payload.
 *
 * `headers` is an object of those that matter (lower case: "content-type",
 * "ce-*", "webhook-id"), or NULL; `mapping` is the source's, or NULL.  The
 * format is told by the form: Falco and Falcosidekick, Alertmanager 4, Tracee
 * (v1beta1 and before), Tetragon, CloudEvents (structured, batched, binary)
 * around any of them, and our own {"schema": "firn.alert/v1"} (also
 * "evidence.alert/v1").  An array of them, and several values one after the
 * other (JSON lines), are all taken.  With a mapping nothing but that counts.
 *
 * `*ret` is a new array, empty for an empty batch.  EBADMSG for what is no
 * JSON, has duplicate keys, is too deep, or is of no form that is known; E2BIG
 * for too much.  What a suspect can get into a string fails nothing: bytes that
 * aren't UTF-8 become "?", an escaped NUL or half a surrogate pair U+FFFD, and
 * where a number is beyond 2^63 all are read as floating point.
 */
FIRN_MUST_CHECK int firn_alerts_parse(const char *payload, size_t len,
				      const json_t *headers,
				      const json_t *mapping, json_t **ret,
				      struct firn_err *err);

/*
 * firn_alert_mapping_check(mapping, err) -- could this be one?
 *
 * An object of our fields ("id" to "note" above) and where they stand in what
 * the source sends: a JSON pointer (RFC 6901), or an array of them, of which
 * the first that leads somewhere counts; what doesn't start with a slash stands
 * for itself ("severity": "critical").  "labels" and "fields" point to objects,
 * "tags" to an array; "each" to an array of alerts, where the other pointers
 * then start.  A CloudEvent is pointed into as a whole ("/data/..."), also if
 * its attributes came in headers.  EBADMSG.
 */
FIRN_MUST_CHECK int firn_alert_mapping_check(const json_t *mapping,
					     struct firn_err *err);

/* Where an alert leads. */
enum firn_alert_leads {
	FIRN_LEADS_TO_TARGET,
	FIRN_LEADS_NOWHERE, /* "host", "resolved", "another host", "unknown",
			     * "ambiguous", "no container named", "gone",
			     * "protected" */
};

/*
 * firn_alert_find(host, alert, ret, ret_why, err) -- the running container
 * that is meant.
 *
 * By its id first, then by the process, then by pod and names.  What the alert
 * says besides must not contradict: an id whose pod is another is "ambiguous".
 * `*ret` is for firn_target_close(); for FIRN_LEADS_NOWHERE it's NULL, and
 * `*ret_why` a new object {"reason", "text", "candidates"}.  What must not be
 * touched (EPERM of firn_target_open()) is "protected".
 *
 * Returns which, or -1.
 */
FIRN_MUST_CHECK int firn_alert_find(const struct firn_host *host,
				    const json_t *alert,
				    struct firn_target **ret, json_t **ret_why,
				    struct firn_err *err);

/* firn_alert_leads_nowhere(alert, host_names, ret_why) -- what can be told of
 * it alone, without a look at the node: "host", "resolved", "another host".
 * `host_names` is an array of this node's. */
bool firn_alert_leads_nowhere(const json_t *alert, const json_t *host_names,
			      json_t **ret_why);

/*
 * firn_alert_host_names(host, ret, err) -- what this node is called: its
 * hostname, that of /etc/hostname, $NODE_NAME, and its addresses; a new array.
 */
FIRN_MUST_CHECK int firn_alert_host_names(const struct firn_host *host,
					  json_t **ret, struct firn_err *err);

/* firn_alert_severity(word) -- 0 (emergency) to 7 (debug), -1 if unknown. */
int firn_alert_severity(const char *word);

#endif
