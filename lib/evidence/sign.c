#include "firn/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"

#define LONGEST_PEM 4096

struct firn_key {
	EVP_PKEY *pkey;
	bool private;
	char pem[LONGEST_PEM]; /* the public half */
	char fingerprint[FIRN_FINGERPRINT];
};

int
firn_key_of_node(struct firn_key **ret, bool *ret_made, struct firn_err *err)
{
	*ret_made = false;
	if (firn_key_open(ret, FIRN_KEY_PATH, err) == 0)
		return 0;
	if (err->code != ENOENT)
		return -1;
	*err = (struct firn_err){ 0 };
	if (firn_key_make(ret, FIRN_KEY_PATH, err) < 0)
		return -1;
	*ret_made = true;
	return 0;
}

void
firn_key_close(struct firn_key **key)
{
	if (*key == NULL)
		return;
	EVP_PKEY_free((*key)->pkey); /* wipes it */
	free(*key);
	*key = NULL;
}

static void
free_bio(BIO *const *bio)
{
	BIO_free(*bio);
}

#define autobio autodone(free_bio)

/* BIO_s_secmem() wipes what it held. */
static int
pem_text(const struct firn_key *key, bool private, char *ret, size_t size,
	 struct firn_err *err)
{
	autobio BIO *bio = BIO_new(BIO_s_secmem());
	int done = 0, len;

	if (bio == NULL)
		return firn_err_nomem(err);
	if (private)
		done = PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL,
						     0, NULL, NULL);
	else
		done = PEM_write_bio_PUBKEY(bio, key->pkey);
	len = done == 1 ? BIO_read(bio, ret, (int)size - 1) : -1;
	if (len <= 0)
		return firn_err_nomem(err);
	ret[len] = '\0';
	return 0;
}

static int
describe(struct firn_key *key, struct firn_err *err)
{
	unsigned char *der = NULL, digest[FIRN_SHA256];
	int len, done;

	if (EVP_PKEY_get_base_id(key->pkey) != EVP_PKEY_ED25519)
		return firn_err_set(err, EINVAL, "not an Ed25519 key");
	if (pem_text(key, false, key->pem, sizeof(key->pem), err) < 0)
		return -1;
	len = i2d_PUBKEY(key->pkey, &der);
	if (len <= 0)
		return firn_err_nomem(err);
	done = firn_sha256(der, (size_t)len, digest, err);
	OPENSSL_free(der);
	memcpy(key->fingerprint, "SHA256:", 7);
	firn_hex(digest, sizeof(digest), key->fingerprint + 7);
	return done;
}

/* Never asks a person for a password. */
static int
no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

static int
parse(struct firn_key **ret, const char *pem, size_t len, bool private,
      struct firn_err *err)
{
	autodone(firn_key_close) struct firn_key *key = NULL;
	autobio BIO *bio = NULL;

	if (len > LONGEST_PEM)
		return firn_err_set(err, EBADMSG, "too long for a key");
	key = calloc(1, sizeof(*key));
	bio = BIO_new_mem_buf(pem, (int)len);
	if (key == NULL || bio == NULL)
		return firn_err_nomem(err);
	key->private = private;
	if (private)
		key->pkey =
			PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	else
		key->pkey = PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL);
	if (key->pkey == NULL)
		return firn_err_set(err, EBADMSG,
				    "not a key in PEM without a password");
	if (describe(key, err) < 0)
		return -1;
	*ret = firn_steal(key);
	return 0;
}

int
firn_key_parse(struct firn_key **ret, const char *pem, size_t len,
	       struct firn_err *err)
{
	return parse(ret, pem, len, false, err);
}

int
firn_key_open(struct firn_key **ret, const char *path, struct firn_err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char pem[LONGEST_PEM + 1];
	struct stat st;
	bool private;
	ssize_t len;
	int done;

	if (fd < 0 || fstat(fd, &st) < 0)
		return firn_err_sys(err, "open %s", path);
	len = firn_read_some(fd, path, pem, sizeof(pem) - 1, err);
	if (len < 0)
		return -1;
	pem[len] = '\0';
	private = strstr(pem, "PRIVATE KEY-----") != NULL;
	if (private && (st.st_mode & 077) != 0)
		done = firn_err_set(err, EPERM,
				    "others can read this private key: chmod "
				    "600");
	else
		done = parse(ret, pem, (size_t)len, private, err);
	OPENSSL_cleanse(pem, sizeof(pem));
	return done < 0 ? firn_err_in(err, "%s", path) : 0;
}

static int
make_folders(const char *path, struct firn_err *err)
{
	autofree char *part = strdup(path);

	if (part == NULL)
		return firn_err_nomem(err);
	for (char *c = part + 1; (c = strchr(c, '/')) != NULL; *c++ = '/') {
		*c = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return firn_err_sys(err, "make %s", part);
	}
	return 0;
}

static int
write_key(const struct firn_key *key, const char *path, bool private,
	  struct firn_err *err)
{
	autoclose int fd = -1;
	char pem[LONGEST_PEM];
	int done;

	if (pem_text(key, private, pem, sizeof(pem), err) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  private ? 0600 : 0644);
	if (fd < 0)
		done = firn_err_sys(err, "create %s", path);
	else
		done = firn_write_all(fd, path, pem, strlen(pem), err);
	OPENSSL_cleanse(pem, sizeof(pem));
	if (done == 0)
		done = firn_finish(&fd, path, err);
	else if (fd >= 0)
		unlink(path);
	return done;
}

static int
sync_folder(const char *path, struct firn_err *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	autoclose int fd = -1;

	if (slash != NULL)
		snprintf(folder, sizeof(folder), "%.*s/", (int)(slash - path),
			 path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return firn_err_sys(err, "sync %s", folder);
	return 0;
}

int
firn_key_fleeting(struct firn_key **ret, struct firn_err *err)
{
	autodone(firn_key_close) struct firn_key *key = calloc(1, sizeof(*key));

	if (key == NULL)
		return firn_err_nomem(err);
	key->private = true;
	key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (key->pkey == NULL)
		return firn_err_set(err, ENOTSUP,
				    "this libcrypto makes no Ed25519 keys");
	if (describe(key, err) < 0)
		return -1;
	*ret = firn_steal(key);
	return 0;
}

int
firn_key_make(struct firn_key **ret, const char *path, struct firn_err *err)
{
	autodone(firn_key_close) struct firn_key *key = NULL;
	char public[PATH_MAX];

	if ((size_t)snprintf(public, sizeof(public), "%s.pub", path) >=
	    sizeof(public))
		return firn_err_set(err, ENAMETOOLONG, "%s", path);
	if (firn_key_fleeting(&key, err) < 0 || make_folders(path, err) < 0 ||
	    write_key(key, path, true, err) < 0)
		return -1;
	if (write_key(key, public, false, err) < 0) {
		unlink(path);
		return -1;
	}
	if (sync_folder(path, err) < 0)
		return -1;
	*ret = firn_steal(key);
	return 0;
}

void
firn_key_fingerprint(const struct firn_key *key, char ret[FIRN_FINGERPRINT])
{
	memcpy(ret, key->fingerprint, FIRN_FINGERPRINT);
}

const char *
firn_key_public(const struct firn_key *key)
{
	return key->pem;
}

static void
free_digest(EVP_MD_CTX *const *ctx)
{
	EVP_MD_CTX_free(*ctx);
}

int
firn_key_sign(const struct firn_key *key, const void *data, size_t len,
	      unsigned char ret[FIRN_SIGNATURE], struct firn_err *err)
{
	autodone(free_digest) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t signature_len = FIRN_SIGNATURE;

	if (ctx == NULL)
		return firn_err_nomem(err);
	if (!key->private)
		return firn_err_set(err, EPERM,
				    "a public key can't sign anything");
	if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) != 1 ||
	    EVP_DigestSign(ctx, ret, &signature_len, data, len) != 1 ||
	    signature_len != FIRN_SIGNATURE)
		return firn_err_set(err, EIO, "signing failed");
	return 0;
}

bool
firn_key_verify(const struct firn_key *key, const void *data, size_t len,
		const unsigned char *signature, size_t signature_len)
{
	autodone(free_digest) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	return ctx != NULL && signature_len == FIRN_SIGNATURE &&
	       EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
	       EVP_DigestVerify(ctx, signature, signature_len, data, len) == 1;
}
