#include "receiver/senders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "assess/rules/decode.h"
#include "base/auto.h"
#include "base/clock.h"
#include "host/accounts.h"

#define CREDENTIALS_MAX (64u << 10) /* bytes of a file */
#define LEAST_SECRET 16             /* bytes */

static struct firn_proof *
add_proof(struct firn_sender *sender, enum firn_credential_kind kind,
	  struct firn_err *err)
{
	struct firn_proof *grown =
		realloc(sender->proofs,
			(sender->n_proofs + 1) * sizeof(*sender->proofs));

	if (grown == NULL) {
		firn_err_nomem(err);
		return NULL;
	}
	sender->proofs = grown;
	grown[sender->n_proofs] = (struct firn_proof){ .kind = kind };
	return &grown[sender->n_proofs++];
}

/* Only root and the file's group may read it, only root may write it. */
static int
read_file(const char *path, struct firn_secret *ret, struct firn_err *err)
{
	autoclose int fd = -1;
	struct stat st;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return firn_err_sys(err, "open %s", path);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 027) != 0)
		return firn_err_set(err, EPERM,
				    "%s can be read or written by others: "
				    "chmod 0600 %s",
				    path, path);
	return firn_secret_read_fd(ret, fd, path, CREDENTIALS_MAX, err);
}

/* "whsec_" and base64, or any other text as it stands. */
static int
keep_secret(struct firn_proof *proof, const char *line, size_t len,
	    struct firn_err *err)
{
	long n;

	if (proof->kind != FIRN_CREDENTIAL_STANDARD || len < 6 ||
	    memcmp(line, "whsec_", 6) != 0)
		return firn_secret_add(&proof->secret, line, len, err);
	if (firn_secret_room(&proof->secret, len, err) < 0)
		return -1;
	n = firn_base64_decode(line + 6, len - 6,
			       (unsigned char *)proof->secret.data,
			       proof->secret.size - 1);
	if (n < 0)
		return firn_err_set(err, EBADMSG,
				    "no base64 behind \"whsec_\"");
	proof->secret.len = (size_t)n;
	return 0;
}

static char *
lower_case(const char *text)
{
	char *lower = strdup(text);

	for (char *c = lower; c != NULL && *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return lower;
}

static int
keep_line(struct firn_sender *sender, const struct firn_credential *credential,
	  const char *line, size_t len, struct firn_err *err)
{
	struct firn_proof *proof = add_proof(sender, credential->kind, err);
	const char *header = credential->header != NULL ? credential->header
							: "X-Hub-Signature-256";

	if (proof == NULL)
		return -1;
	if (credential->kind == FIRN_CREDENTIAL_BEARER)
		return len < LEAST_SECRET
			       ? firn_err_set(
					 err, EINVAL,
					 "a token of %zu characters can be "
					 "guessed; make one with: openssl "
					 "rand -hex 32",
					 len)
			       : firn_sha256(line, len, proof->digest, err);
	if (keep_secret(proof, line, len, err) < 0)
		return -1;
	if (proof->secret.len < LEAST_SECRET)
		return firn_err_set(err, EINVAL,
				    "a secret of %zu bytes can be guessed; "
				    "make one with: openssl rand -hex 32",
				    proof->secret.len);
	if (credential->kind == FIRN_CREDENTIAL_HUB) {
		proof->header = lower_case(header);
		if (proof->header == NULL)
			return firn_err_nomem(err);
	}
	return 0;
}

static int
keep_file(struct firn_sender *sender, const struct firn_credential *credential,
	  struct firn_err *err)
{
	autosecret struct firn_secret text = { 0 };
	size_t before = sender->n_proofs;
	const char *at, *next;

	if (read_file(credential->file, &text, err) < 0)
		return -1;
	for (at = text.data; *at != '\0';) {
		size_t len;

		at += strspn(at, " \t\r\n");
		next = at + strcspn(at, "\r\n");
		len = (size_t)(next - at);
		while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
			len--;
		if (len > 0 && keep_line(sender, credential, at, len, err) < 0)
			return firn_err_in(err, "%s", credential->file);
		at = next;
	}
	if (sender->n_proofs == before)
		return firn_err_set(err, ENODATA, "%s is empty",
				    credential->file);
	return 0;
}

static int
keep_certificate(struct firn_sender *sender, const char *value,
		 struct firn_err *err)
{
	struct firn_proof *proof =
		add_proof(sender, FIRN_CREDENTIAL_CERTIFICATE, err);

	if (proof == NULL)
		return -1;
	if (strncmp(value, "sha256:", 7) != 0) {
		proof->name = value;
		return 0;
	}
	if (firn_unhex(value + 7, proof->digest, sizeof(proof->digest)) < 0)
		return firn_err_set(err, EINVAL,
				    "%s: not \"sha256:\" and 64 hexadecimal "
				    "digits",
				    value);
	return 0;
}

static int
keep(struct firn_sender *sender, const struct firn_credential *credential,
     struct firn_err *err)
{
	struct firn_proof *proof;

	switch (credential->kind) {
	case FIRN_CREDENTIAL_BEARER:
	case FIRN_CREDENTIAL_STANDARD:
	case FIRN_CREDENTIAL_HUB:
		return keep_file(sender, credential, err);
	case FIRN_CREDENTIAL_CERTIFICATE:
		return keep_certificate(sender, credential->value, err);
	case FIRN_CREDENTIAL_UNIX:
		proof = add_proof(sender, credential->kind, err);
		return proof == NULL
			       ? -1
			       : firn_account_named(credential->value,
						    &proof->uid, NULL, err);
	}
	return firn_err_set(err, ENOTSUP,
			    "a kind of credential that the "
			    "receiver doesn't know");
}

static bool
signs(const struct firn_proof *proof)
{
	return proof->kind == FIRN_CREDENTIAL_STANDARD ||
	       proof->kind == FIRN_CREDENTIAL_HUB;
}

static int
open_sender(struct firn_sender *sender, const struct firn_source *source,
	    unsigned window_s, int seen_fd, struct firn_err *err)
{
	unsigned rate = source->rate != 0 ? source->rate : FIRN_SOURCE_RATE;

	sender->source = source;
	firn_rate_start(&sender->rate, rate, firn_monotonic_ns());
	for (size_t i = 0; i < source->n_credentials; i++)
		if (keep(sender, &source->credentials[i], err) < 0)
			return firn_err_in(err, "source %s", source->name);
	for (size_t i = 0; i < sender->n_proofs; i++)
		if (signs(&sender->proofs[i]))
			return firn_seen_open(&sender->seen, rate, window_s,
					      seen_fd, source->name, err);
	return 0;
}

int
firn_senders_open(struct firn_senders *ret, const struct firn_policy *policy,
		  int seen_fd, struct firn_err *err)
{
	const struct firn_source *sources;
	size_t n = 0;

	sources = firn_policy_sources(policy, &n);
	ret->window_s = firn_policy_listening(policy)->replay_s;
	ret->items = calloc(n != 0 ? n : 1, sizeof(*ret->items));
	if (ret->items == NULL)
		return firn_err_nomem(err);
	ret->n = n;
	for (size_t i = 0; i < n; i++) {
		if (open_sender(&ret->items[i], &sources[i], ret->window_s,
				seen_fd, err) < 0) {
			firn_senders_close(ret);
			return -1;
		}
	}
	return 0;
}

void
firn_senders_close(struct firn_senders *senders)
{
	for (size_t i = 0; i < senders->n; i++) {
		struct firn_sender *sender = &senders->items[i];

		for (size_t k = 0; k < sender->n_proofs; k++) {
			firn_secret_free(&sender->proofs[k].secret);
			free(sender->proofs[k].header);
		}
		free(sender->proofs);
		firn_seen_close(&sender->seen);
	}
	free(senders->items);
	*senders = (struct firn_senders){ 0 };
}
