#ifndef RECEIVER_SENDERS_H
#define RECEIVER_SENDERS_H

/*
 * senders -- who a request comes from: the sources of the policy, with what
 * proves them.
 *
 * Of a token only the digest is kept.  A file of tokens or secrets has one per
 * line, so that an old and a new one can be good side by side.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/digest.h"
#include "base/secret.h"
#include "firn/err.h"
#include "firn/policy.h"
#include "receiver/http.h"
#include "receiver/rate.h"
#include "receiver/seen.h"

/* One way of proving to be a sender. */
struct firn_proof {
	enum firn_credential_kind kind;
	unsigned char digest[FIRN_SHA256]; /* BEARER: of the token;
					    * CERTIFICATE: of its DER, if
					    * `name` is NULL */
	struct firn_secret secret;         /* STANDARD, HUB */
	char *header;                      /* HUB: lower case */
	const char *name;                  /* CERTIFICATE; borrowed */
	uid_t uid;                         /* UNIX */
};

struct firn_sender {
	const struct firn_source *source; /* borrowed from the policy */
	struct firn_proof *proofs;
	size_t n_proofs;
	struct firn_rate rate;
	struct firn_seen seen; /* empty if it signs nothing */
};

struct firn_senders {
	struct firn_sender *items;
	size_t n;
	unsigned window_s; /* how old a signed request may be */
};

/* firn_senders_open(ret, policy, seen_fd, err) -- reads the files, so before
 * privileges are dropped.  `seen_fd` is the folder for receiver/seen.h.  The
 * policy must outlive it. */
FIRN_MUST_CHECK int firn_senders_open(struct firn_senders *ret,
				      const struct firn_policy *policy,
				      int seen_fd, struct firn_err *err);
void firn_senders_close(struct firn_senders *senders);

/* Who it is, and what showed it. */
struct firn_proven {
	struct firn_sender *sender; /* NULL: nobody that is known */
	const char *by;             /* "bearer", "certificate", "user",
				     * "standard-webhooks", "hub-signature" */
};

/* A client certificate that the handshake let through. */
struct firn_certificate {
	unsigned char digest[FIRN_SHA256]; /* of its DER */
	bool is_signed;                    /* by the CA of the policy */
	const char *const *names;          /* its common and DNS names */
	size_t n_names;
};

/* firn_senders_user(), _certificate(), _token() -- by what is known before the
 * body.  The token is compared in constant time with each. */
struct firn_proven firn_senders_user(const struct firn_senders *senders,
				     uid_t uid);
struct firn_proven firn_senders_certificate(
	const struct firn_senders *senders,
	const struct firn_certificate *certificate);
struct firn_proven firn_senders_token(const struct firn_senders *senders,
				      const char *token, size_t len);

/* firn_senders_pinned(senders, digest) -- is it a certificate that the policy
 * names itself? */
bool firn_senders_pinned(const struct firn_senders *senders,
			 const unsigned char digest[FIRN_SHA256]);

/* firn_senders_pin(senders) -- does the policy name any? */
bool firn_senders_pin(const struct firn_senders *senders);

/* firn_senders_signed(senders, head) -- does it bear a signature that some
 * sender could have made?  Only then is a body read to find out. */
bool firn_senders_signed(const struct firn_senders *senders,
			 const struct firn_http_head *head);

/*
 * firn_senders_signature(senders, head, body, len, now_s, ret_digest,
 * ret_until_s) -- by the signature of the whole request.
 *
 * Standard Webhooks: one of the signatures of version 1, over id, time stamp
 * and body, not older or newer than the window; it is named by its id.  HUB:
 * the HMAC of the body alone.  There is no time in it, so a replay can't be
 * told from a sender who says the same twice: the same body within the window
 * is taken for a replay, and after it for news.
 *
 * `ret_digest` is of what names the request, and `*ret_until_s` until when it
 * could be replayed.
 *
 * Source: github.com/standard-webhooks/standard-webhooks,
 * spec/standard-webhooks.md; GitHub's "Validating webhook deliveries".
 */
struct firn_proven firn_senders_signature(const struct firn_senders *senders,
					  const struct firn_http_head *head,
					  const char *body, size_t len,
					  int64_t now_s,
					  unsigned char ret_digest[FIRN_SHA256],
					  int64_t *ret_until_s);

#endif
