#include "receiver/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/auto.h"
#include "base/digest.h"

#define NAMES_MAX 32 /* of one certificate */

static int
failed(const char *what, const char *path, struct firn_err *err)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return firn_err_set(err, EBADMSG, "%s %s: %s", what, path,
			    reason != NULL ? reason : "refused");
}

static int
check_key(const char *path, struct firn_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return firn_err_sys(err, "look at the key %s", path);
	if ((st.st_mode & 027) != 0)
		return firn_err_set(err, EPERM,
				    "the key %s can be read or written by "
				    "others: chmod 0600 %s",
				    path, path);
	return 0;
}

static int
load(SSL_CTX *tls, const struct firn_listening *listening, struct firn_err *err)
{
	if (listening->certificate == NULL || listening->key == NULL)
		return firn_err_set(err, EINVAL,
				    "alerts over TCP need a certificate and "
				    "its key (listen: certificate, key): "
				    "nothing is taken in plain");
	if (check_key(listening->key, err) < 0)
		return -1;
	if (SSL_CTX_use_certificate_chain_file(tls, listening->certificate) !=
	    1)
		return failed("read certificate", listening->certificate, err);
	if (SSL_CTX_use_PrivateKey_file(tls, listening->key,
					SSL_FILETYPE_PEM) != 1)
		return failed("read the key", listening->key, err);
	if (SSL_CTX_check_private_key(tls) != 1)
		return failed("use the key", listening->key, err);
	if (listening->client_ca == NULL)
		return 0;
	if (SSL_CTX_load_verify_file(tls, listening->client_ca) != 1)
		return failed("read the CA of clients", listening->client_ca,
			      err);
	SSL_CTX_set_client_CA_list(tls, SSL_load_client_CA_file(
						listening->client_ca));
	return 0;
}

static bool
digest_of(const X509 *certificate, unsigned char ret[FIRN_SHA256])
{
	unsigned len = 0;

	return X509_digest(certificate, EVP_sha256(), ret, &len) == 1 &&
	       len == FIRN_SHA256;
}

/* One that is pinned need not be signed by anybody; the error of the chain
 * stays in its session then, so that its names aren't believed. */
static int
verify(X509_STORE_CTX *store, void *arg)
{
	const struct firn_senders *senders = arg;
	const X509 *certificate = X509_STORE_CTX_get0_cert(store);
	unsigned char digest[FIRN_SHA256];

	if (X509_verify_cert(store) == 1)
		return 1;
	return certificate != NULL && digest_of(certificate, digest) &&
	       firn_senders_pinned(senders, digest) &&
	       X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
	       X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

int
firn_tls_open(const struct firn_listening *listening,
	      const struct firn_senders *senders, SSL_CTX **ret,
	      struct firn_err *err)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	if (tls == NULL)
		return firn_err_nomem(err);
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(tls, (const unsigned char *)"firn", 4);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
	if (load(tls, listening, err) < 0) {
		SSL_CTX_free(tls);
		return -1;
	}
	if (listening->client_ca != NULL || firn_senders_pin(senders)) {
		SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_cert_verify_callback(tls, verify,
						 (void *)(uintptr_t)senders);
	}
	*ret = tls;
	return 0;
}

/* Without a NUL in it, which would end it early. */
static char *
plain(const ASN1_STRING *string)
{
	unsigned char *text = NULL;
	char *copy = NULL;
	int len = ASN1_STRING_to_UTF8(&text, string);

	if (len > 0 && memchr(text, '\0', (size_t)len) == NULL)
		copy = strndup((const char *)text, (size_t)len);
	OPENSSL_free(text);
	return copy;
}

static void
add_name(char *names[NAMES_MAX], size_t *n, const ASN1_STRING *string)
{
	if (*n < NAMES_MAX && string != NULL &&
	    (names[*n] = plain(string)) != NULL)
		++*n;
}

static size_t
names_of(const X509 *certificate, char *names[NAMES_MAX])
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	GENERAL_NAMES *others =
		X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	size_t n = 0;

	/* Several common names are none. */
	if (at >= 0 &&
	    X509_NAME_get_index_by_NID(subject, NID_commonName, at) < 0)
		add_name(names, &n,
			 X509_NAME_ENTRY_get_data(
				 X509_NAME_get_entry(subject, at)));
	for (int i = 0; i < sk_GENERAL_NAME_num(others); i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(others, i);

		if (one->type == GEN_DNS)
			add_name(names, &n, one->d.dNSName);
	}
	GENERAL_NAMES_free(others);
	return n;
}

struct firn_proven
firn_tls_client(const SSL *ssl, const struct firn_senders *senders)
{
	const X509 *certificate = SSL_get0_peer_certificate(ssl);
	struct firn_certificate shown = { 0 };
	struct firn_proven proven = { 0 };
	char *names[NAMES_MAX];

	if (certificate == NULL || !digest_of(certificate, shown.digest))
		return proven;
	shown.is_signed = SSL_get_verify_result(ssl) == X509_V_OK;
	shown.n_names = names_of(certificate, names);
	shown.names = (const char *const *)names;
	proven = firn_senders_certificate(senders, &shown);
	for (size_t i = 0; i < shown.n_names; i++)
		free(names[i]);
	return proven;
}
