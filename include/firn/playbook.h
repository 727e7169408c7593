#ifndef FIRN_PLAYBOOK_H
#define FIRN_PLAYBOOK_H

/*
 * playbook -- what is done about an alert, step by step, as a team wrote it.
 *
 * YAML without aliases, tags or expressions (JSON is YAML, too).
 * firn-playbook(5) has the language.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/yaml.h"
#include "firn/err.h"
#include "firn/isolate.h"
#include "firn/traits.h"

#define FIRN_PLAYBOOKS "/etc/firn/playbooks"
#define FIRN_KEYS "/etc/firn/keys" /* where "sign: NAME" is NAME.pem */
#define FIRN_PLAYBOOK_STEPS 64

enum firn_step_kind {
	FIRN_STEP_FREEZE,
	FIRN_STEP_ISOLATE, /* also "network" */
	FIRN_STEP_CAPTURE,
	FIRN_STEP_SECRETS, /* also "rotate" */
	FIRN_STEP_EXPOSURE,
	FIRN_STEP_SEAL, /* how each capture is signed; at most one */
	FIRN_STEP_WAIT, /* for approval */
	FIRN_STEP_SEND, /* also "ship" */
	FIRN_STEP_NOTIFY,
	FIRN_STEP_RUN,
	FIRN_STEP_THEN, /* the last: how the container is left */
};

enum firn_ending {
	FIRN_THEN_KEEP_FROZEN,
	FIRN_THEN_THAW,
	FIRN_THEN_STOP, /* SIGTERM, ten seconds, SIGKILL */
	FIRN_THEN_KILL,
};

struct firn_step {
	enum firn_step_kind kind;
	bool stop_on_error; /* on_error: stop; else it goes on */
	int line, column;   /* 0: not written, but implied */

	struct firn_words words;   /* CAPTURE: collectors, none for all; RUN:
				    * argv; ISOLATE: allow */
	struct firn_words volumes; /* CAPTURE: as in firn_collection */
	struct firn_isolation isolation; /* ISOLATE; `allow` parsed */
	struct firn_allow *allow;        /* owned */
	bool cut_nothing;                /* ISOLATE: {cut: none} */
	bool hold;                       /* FREEZE: hold: true */
	bool leave_running;              /* FREEZE: {mode: none} */
	bool deep;                       /* SECRETS: also in memory */
	unsigned timeout_s;              /* RUN, SEND, WAIT; 0: not said */
	char *url;                       /* SEND: to; NOTIFY: webhook, or NULL
					  * for all that the case tells */
	char *secret_file;               /* NOTIFY */
	char *text; /* NOTIFY, WAIT: what people are told */
	char *user; /* RUN: "nobody" if not given */
	char *key;  /* SEAL: path of what signs; NULL for the policy's */
	enum firn_ending ending;
	json_t *with; /* CAPTURE: what else was asked, as written; or NULL */
};

struct firn_playbook_limits {
	unsigned cooldown_s;   /* one run per container in this time; 0: none */
	unsigned max_running;  /* at once; 0: as many as may be */
	unsigned max_freeze_s; /* thawed by itself after; 0: never */
	int approve;           /* 0 never, 1 before the network, 2 always */
};

struct firn_playbook {
	char *name, *description, *owner;
	char *file;      /* "suspicious-shell.yaml" */
	char sha256[65]; /* of the file, for the record */
	unsigned version;
	json_t *match, *except; /* arrays of objects, checked; as written; an
				 * empty `match` is only chosen by name */
	struct firn_playbook_limits limits;

	/* In the order in which they are carried out, which needn't be that in
	 * which they were written: ISOLATE, FREEZE and CAPTURE that follow each
	 * other are one act (DESIGN.md 6), and what is made of the capture
	 * comes after it.  A WAIT that limits.approve implies is among them,
	 * and the last is always a THEN. */
	struct firn_step steps[FIRN_PLAYBOOK_STEPS];
	size_t n_steps;

	json_t *notify; /* array: "webhook", "secret_file" (or not there), "on"
			 * (array of "started", "contained", "sealed",
			 * "waiting", "done", "failed") */
	json_t *warnings; /* array of texts: file:line:col and what this firn
			   * can't do yet, or what looks wrong */
	char *text;       /* as it was read */
	size_t len;
};

/*
 * firn_playbook_parse(ret, file, text, len, err) -- one playbook; errors name
 * file:line:column.
 *
 * EBADMSG for what is no playbook, EFBIG for more than FIRN_YAML_MAX bytes.
 */
FIRN_MUST_CHECK int firn_playbook_parse(struct firn_playbook **ret,
					const char *file, const char *text,
					size_t len, struct firn_err *err);
void firn_playbook_close(struct firn_playbook **playbook);

/* firn_playbook_look_here(playbook) -- warn of what it needs of this node and
 * isn't there: keys, programs, secrets. */
void firn_playbook_look_here(struct firn_playbook *playbook);

struct firn_playbooks {
	struct firn_playbook **items; /* in the order in which they are tried */
	size_t n;
};

/* firn_playbook_read(ret, path, err) -- of a file.  One that isn't root's, or
 * that others can write, is EPERM: it says what is done as root. */
FIRN_MUST_CHECK int firn_playbook_read(struct firn_playbook **ret,
				       const char *path, struct firn_err *err);

/*
 * firn_playbooks_open(ret, folder, err) -- those of a folder (NULL:
 * FIRN_PLAYBOOKS, which need not be there) by file name (*.yaml, *.yml,
 * *.json), then those that ship and whose name isn't taken; "general" is the
 * last.
 *
 * One that can't be read fails all: a team must know before the night.  So does
 * one, or a folder, that others than root can change (EPERM).  One that can
 * never be chosen has a warning.
 */
FIRN_MUST_CHECK int firn_playbooks_open(struct firn_playbooks *ret,
					const char *folder,
					struct firn_err *err);
void firn_playbooks_close(struct firn_playbooks *playbooks);
const struct firn_playbook *firn_playbooks_named(
	const struct firn_playbooks *playbooks, const char *name);

/*
 * firn_playbook_fits(playbook, alert, source, traits, ret_why) -- is it for
 * this alert?
 *
 * `alert` is of firn/alert.h, `source` the policy's name of the sender or NULL,
 * `traits` of the container that was found, or NULL: then what the alert says
 * of it is believed.  `ret_why` may be NULL, else `*ret_why` is a new array of
 * sentences.
 */
bool firn_playbook_fits(const struct firn_playbook *playbook,
			const json_t *alert, const char *source,
			const struct firn_traits *traits, json_t **ret_why);

/*
 * firn_playbooks_choose() -- the first that fits; NULL for none.
 *
 * An alert that names a playbook ("playbook", from a sender of our own form)
 * gets that one if it is there and its `except` doesn't speak against it.
 * `*ret_why` (NULL for nobody) tells of each that was tried: a new array of
 * {"playbook", "file", "fits", "why": sentences}.
 */
const struct firn_playbook *firn_playbooks_choose(
	const struct firn_playbooks *playbooks, const json_t *alert,
	const char *source, const struct firn_traits *traits, json_t **ret_why);

/* firn_playbook_explain(playbook) -- in plain English, in the order in which it
 * is done: {"name", "description", "file", "when": [...], "except": [...],
 * "limits": [...], "steps": [...], "then", "tells": [...], "needs": [roles],
 * "warnings"}. */
json_t *firn_playbook_explain(const struct firn_playbook *playbook);

/* firn_playbook_roles(playbook) -- what it needs of the policy: bits of
 * enum firn_role (firn/policy.h).  Never none: whose alerts may not even look
 * starts no playbook. */
unsigned firn_playbook_roles(const struct firn_playbook *playbook);

/*
 * firn_playbook_cacao(playbook, ret, err) -- as an OASIS CACAO 2.0 playbook.
 * The same file gives the same ids. ENOTSUP: it does nothing, and CACAO has no
 * playbook without an action.
 */
FIRN_MUST_CHECK int firn_playbook_cacao(const struct firn_playbook *playbook,
					json_t **ret, struct firn_err *err);

#endif
