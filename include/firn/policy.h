#ifndef FIRN_POLICY_H
#define FIRN_POLICY_H

/*
 * policy -- who may do what to what: /etc/firn/policy.yaml.
 *
 * This station only reads and judges; who counts and records is
 * firn/permit.h.  policy(5), man/firn-policy.5.scd, has the language.
 */

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <jansson.h>

#include "firn/err.h"
#include "firn/traits.h"

/* What can be asked for.  Bits, so that a rule can hold several. */
enum firn_role {
	FIRN_ROLE_LOOK = 1 << 0,    /* list, secrets, exposure, verify, cases */
	FIRN_ROLE_CAPTURE = 1 << 1, /* capture, which freezes for a while */
	FIRN_ROLE_FREEZE = 1 << 2,  /* freeze and thaw */
	FIRN_ROLE_ISOLATE = 1 << 3, /* isolate and release */
	FIRN_ROLE_KILL = 1 << 4,    /* stop and kill; a playbook's end */
};
#define FIRN_N_ROLES 5

/* firn_role_name(role) -- "look", "capture", "freeze", "isolate", "kill". */
const char *firn_role_name(enum firn_role role);

/* Who asks. */
struct firn_party {
	bool is_source;    /* an alert's sender, else a person */
	char *name;        /* login name, or the source's name in the policy;
			    * NULL: nobody that the policy knows */
	unsigned long uid; /* of a person */
	char **groups;     /* of a person: names, from /etc/group alone */
	size_t n_groups;
};

/*
 * firn_party_me(ret, err) -- who is at the keyboard, by host/operator.h: the
 * login uid, not what su(1) or sudo(8) made of it.  Nothing that --operator
 * says is believed here.
 */
FIRN_MUST_CHECK int firn_party_me(struct firn_party *ret, struct firn_err *err);

/* firn_party_uid(uid, ret, err) -- a user of this node. */
FIRN_MUST_CHECK int firn_party_uid(unsigned long uid, struct firn_party *ret,
				   struct firn_err *err);

/* firn_party_named(name, ret, err) -- the same by name; ENOENT for none. */
FIRN_MUST_CHECK int firn_party_named(const char *name, struct firn_party *ret,
				     struct firn_err *err);

/* firn_party_source(name, ret, err) -- a source of alerts; NULL for one that
 * isn't known. */
FIRN_MUST_CHECK int firn_party_source(const char *name, struct firn_party *ret,
				      struct firn_err *err);
void firn_party_free(struct firn_party *party);

/* firn_party_json(party) -- {"kind": "person" or "source", "name", "uid"}. */
json_t *firn_party_json(const struct firn_party *party);

/* How a source proves who it is. Files are read by whoever verifies. */
enum firn_credential_kind {
	FIRN_CREDENTIAL_BEARER,   /* Authorization: Bearer, or ?access_token= */
	FIRN_CREDENTIAL_STANDARD, /* Standard Webhooks, whsec_... */
	FIRN_CREDENTIAL_HUB,      /* X-Hub-Signature-256 or another header */
	FIRN_CREDENTIAL_CERTIFICATE, /* TLS client certificate */
	FIRN_CREDENTIAL_UNIX, /* a user of this node: unix socket, firn alert */
};

struct firn_credential {
	enum firn_credential_kind kind;
	char *file;   /* with the token or the secret */
	char *header; /* of HUB; "X-Hub-Signature-256" if not given */
	char *value;  /* CERTIFICATE: "sha256:HEX" of the DER, or the subject's
		       * common name or a DNS name; UNIX: the user */
};

struct firn_source {
	char *name;
	struct firn_credential *credentials; /* any of them will do */
	size_t n_credentials;
	json_t *mapping; /* our fields to JSON pointers, or NULL */
	bool dry_run;    /* what it asks for is only recorded */
	unsigned rate;   /* alerts per minute; 0 for FIRN_SOURCE_RATE */
	int line, column;
};
#define FIRN_SOURCE_RATE 600

/* Where `firn listen` listens, and with what. Strings may be NULL. */
struct firn_listening {
	char **addresses; /* "127.0.0.1:2801", "[::]:2801" */
	size_t n_addresses;
	char *unix_path;         /* "/run/firn/alerts.sock" */
	char *certificate, *key; /* PEM; without them TCP is refused */
	char *client_ca;         /* PEM; client certificates are asked for */
	unsigned body_max;       /* bytes; 1 MiB */
	unsigned replay_s;       /* how old a signed request may be; 300 */
	unsigned connections;    /* at once; 256 */
};

/* Where what was found goes. */
struct firn_keeping {
	char *folder;         /* of archives; never NULL */
	char *key;            /* that signs; NULL for the node's own */
	unsigned retention_s; /* 0: for ever. Nothing is deleted by firn: what
			       * is older is named by `firn cases` */
	unsigned max_running; /* captures at once; 2 */
};
#define FIRN_EVIDENCE_FOLDER "/var/lib/firn/evidence"

struct firn_policy;

/*
 * firn_policy_open(ret, path, err) -- read it; NULL is the node's own,
 * FIRN_POLICY_PATH (firn/owners.h).
 *
 * A node without one, or with one that says nothing, lets every person who can
 * run firn as root do everything, and no alert do anything.  Errors name file,
 * line and column.  A file that others than root can write is EPERM. `secrets:`
 * and `posture:` in it are read elsewhere, and here only known.
 */
FIRN_MUST_CHECK int firn_policy_open(struct firn_policy **ret, const char *path,
				     struct firn_err *err);
void firn_policy_close(struct firn_policy **policy);

/* firn_policy_parse() -- the same, of a text; `file` is what messages name. */
FIRN_MUST_CHECK int firn_policy_parse(struct firn_policy **ret,
				      const char *file, const char *text,
				      size_t len, struct firn_err *err);

/* Borrowed from the policy. */
const struct firn_source *firn_policy_sources(const struct firn_policy *policy,
					      size_t *ret_n);
const struct firn_source *firn_policy_source(const struct firn_policy *policy,
					     const char *name);

/* firn_source_is_of(source, user) -- is it known by this user of the node? */
bool firn_source_is_of(const struct firn_source *source, const char *user);

const struct firn_listening *firn_policy_listening(
	const struct firn_policy *policy);
const struct firn_keeping *firn_policy_keeping(
	const struct firn_policy *policy);

/* firn_policy_notify(policy) -- webhooks that every case tells: an array of
 * objects with "url", "secret_file" (or null), "on" (array of "started",
 * "contained", "sealed", "failed"). Borrowed. */
const json_t *firn_policy_notify(const struct firn_policy *policy);

/* firn_policy_digest(policy) -- SHA-256 of the file, for the record; "" for
 * none. */
const char *firn_policy_digest(const struct firn_policy *policy);

/* firn_policy_break_glass(policy) -- may a person go past it in an emergency?
 * `break-glass: false` says no. */
bool firn_policy_break_glass(const struct firn_policy *policy);

/* What has happened lately, as far as a limit asks for it. */
struct firn_counts {
	unsigned freezes_hour;         /* on this node, in the last hour */
	unsigned freezes_hour_service; /* of this service */
	unsigned replicas;             /* of this service, on this node, now */
	unsigned replicas_stopped; /* of those, frozen or isolated by firn */
	bool already_stopped; /* the one that is asked about is among these: to
			       * stop it again counts for nothing */
};

/* What a decision would have to count; with either, whether it is stopped
 * itself. */
enum firn_count {
	FIRN_COUNT_FREEZES = 1 << 0,  /* those of the hour */
	FIRN_COUNT_REPLICAS = 1 << 1, /* and how many are stopped */
};

/* firn_policy_counts(policy, who, role) -- bits of enum firn_count; 0 where no
 * limit bears on it. */
unsigned firn_policy_counts(const struct firn_policy *policy,
			    const struct firn_party *who, enum firn_role role);

enum firn_verdict {
	FIRN_ALLOWED,
	FIRN_DENIED,
	FIRN_NEEDS_APPROVAL, /* of a second person */
	FIRN_ONLY_RECORDED,  /* dry run: said, not done */
};

struct firn_question {
	const struct firn_party *who;
	enum firn_role role;            /* one */
	const struct firn_traits *what; /* NULL for all: only to look */
	const struct firn_counts *counts;
	time_t when;
	/* It puts back what was done: never-touch, quiet hours and limits,
	 * which are there to keep things running, don't stand against it. */
	bool undo;
};

struct firn_decision {
	enum firn_verdict verdict;
	char why[384];     /* one sentence */
	char rule[160];    /* "policy.yaml:12:5", or "no policy" */
	unsigned wait_s;   /* for a limit and quiet hours: until it may be asked
			    * again, at most; or 0 */
	unsigned within_s; /* of FIRN_NEEDS_APPROVAL: how long a yes is good */
	bool never_touched; /* it was denied because of that */
};

/*
 * firn_policy_decide(policy, question, ret) -- yes or no, and why.
 *
 * In this order, and the first that speaks decides: never-touch (what only
 * looks is let through), whether any rule of the party gives the role over this
 * target, quiet hours, limits and circuit breakers (for what stops something:
 * freeze, capture, isolate, kill), dry run, approval.
 *
 * What isn't known of a container (its labels, its image) counts against
 * touching it: such a rule gives nothing, but protects and asks for a second
 * person.  Whoever may do something to a container may look at it.  Quiet hours
 * and dry run are for sources; so are limits, unless they say `people`.
 * `counts` may be NULL where firn_policy_counts() asks for none.
 */
void firn_policy_decide(const struct firn_policy *policy,
			const struct firn_question *question,
			struct firn_decision *ret);

/*
 * firn_policy_may_approve(policy, approver, question, ret) -- may this person
 * be the second one?  Never the one who asked.  For what no rule is about (a
 * playbook may wait for a yes all the same), whoever may do it.
 */
void firn_policy_may_approve(const struct firn_policy *policy,
			     const struct firn_party *approver,
			     const struct firn_question *question,
			     struct firn_decision *ret);

/*
 * firn_policy_explain(policy) -- in plain English: a new array of sections,
 * {"section", "title", "sentences": [...], "claims": [...]}.
 *
 * The claims are the rules as they were understood, one object each, and the
 * sentences are renderings of them, one for one.
 */
json_t *firn_policy_explain(const struct firn_policy *policy);

/* firn_policy_explain_party(policy, who) -- {"who", "rules": [...]}: sentences
 * of the rules that speak of this party, else of what holds for the others. */
json_t *firn_policy_explain_party(const struct firn_policy *policy,
				  const struct firn_party *who);

/*
 * firn_policy_warnings(policy) -- what reads well and won't work on this node:
 * a new array of texts.
 *
 * Users and groups that aren't there, files of credentials that are missing or
 * that others can read, labels that most runtimes don't tell.  Credentials are
 * only looked at from outside.
 */
json_t *firn_policy_warnings(const struct firn_policy *policy);

/* firn_verdict_name(verdict) -- "allowed", "denied", "needs approval", "only
 * recorded". */
const char *firn_verdict_name(enum firn_verdict verdict);

#endif
