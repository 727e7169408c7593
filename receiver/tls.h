#ifndef RECEIVER_TLS_H
#define RECEIVER_TLS_H

/*
 * tls -- the receiver's end of TLS, 1.2 or newer.
 *
 * A client may show a certificate: one that the policy names by its digest, or
 * one that its CA has signed.  Another ends the handshake; none is fine, and
 * the request must prove itself then.
 */

#include <stddef.h>

#include <openssl/ssl.h>

#include "firn/err.h"
#include "firn/policy.h"
#include "receiver/senders.h"

/* firn_tls_open(listening, senders, ret, err) -- reads certificate, key and CA,
 * so before privileges are dropped.  `senders` must outlive it.  Release with
 * SSL_CTX_free(). */
FIRN_MUST_CHECK int firn_tls_open(const struct firn_listening *listening,
				  const struct firn_senders *senders,
				  SSL_CTX **ret, struct firn_err *err);

/* firn_tls_client(ssl, senders) -- who the other end has proven to be by its
 * certificate, after the handshake. */
struct firn_proven firn_tls_client(const SSL *ssl,
				   const struct firn_senders *senders);

#endif
