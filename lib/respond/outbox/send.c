#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/io.h"
#include "base/json.h"
#include "firn/outbox.h"
#include "respond/outbox/courier.h"
#include "respond/outbox/sending.h"

#define STEP ((size_t)1 << 20)
#define ALIGNED 4096 /* for O_DIRECT */

int
firn_sending_digest(int fd, uint64_t size, const char *what,
		    char ret[FIRN_SHA256_TEXT], struct firn_err *err)
{
	autosha256 struct firn_sha256 sha = { 0 };
	autofree char *data = aligned_alloc(ALIGNED, STEP);
	unsigned char digest[FIRN_SHA256];
	uint64_t at = 0;

	if (data == NULL)
		return firn_err_nomem(err);
	if (firn_sha256_start(&sha, err) < 0)
		return -1;
	while (at < size) {
		ssize_t n = pread(fd, data, STEP, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return firn_err_sys(err, "read %s", what);
		if (n == 0)
			return firn_err_set(err, EIO,
					    "%s ends after %llu of %llu bytes",
					    what, (unsigned long long)at,
					    (unsigned long long)size);
		if ((uint64_t)n > size - at)
			n = (ssize_t)(size - at);
		firn_sha256_add(&sha, data, (size_t)n);
		at += (uint64_t)n;
	}
	firn_sha256_end(&sha, digest);
	firn_hex(digest, sizeof(digest), ret);
	return 0;
}

int
firn_sending_left_ms(const struct firn_sending *sending, struct firn_err *err)
{
	uint64_t now = firn_monotonic_ns(), left_ms;

	if (now >= sending->ends_ns)
		return firn_err_set(err, ETIMEDOUT,
				    "the time to send %s is over",
				    sending->path);
	left_ms = (sending->ends_ns - now) / 1000000;
	return left_ms < INT_MAX ? (int)left_ms + 1 : INT_MAX;
}

static int
open_archive(struct firn_sending *sending, struct firn_err *err)
{
	const char *slash = strrchr(sending->path, '/');

	sending->name = slash != NULL ? slash + 1 : sending->path;
	sending->fd = open(sending->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
						  O_NOCTTY | O_CLOEXEC);
	if (sending->fd < 0 || fstat(sending->fd, &sending->st) < 0)
		return firn_err_sys(err, "open %s", sending->path);
	if (!S_ISREG(sending->st.st_mode))
		return firn_err_set(err, EINVAL, "%s is not a regular file",
				    sending->path);
	return 0;
}

/* Whoever looks at that path later must find what was sent. */
static int
check_same(const struct firn_sending *sending, struct firn_err *err)
{
	const struct stat *was = &sending->st;
	struct stat is;

	if (lstat(sending->path, &is) == 0 && is.st_dev == was->st_dev &&
	    is.st_ino == was->st_ino && is.st_size == was->st_size &&
	    is.st_mtim.tv_sec == was->st_mtim.tv_sec &&
	    is.st_mtim.tv_nsec == was->st_mtim.tv_nsec)
		return 0;
	return firn_err_set(err, ESTALE,
			    "%s was replaced or changed while it was sent: "
			    "what is there now is not what was sent",
			    sending->path);
}

/* The folder of "file:///FOLDER/", or NULL. */
static const char *
folder_of(const char *url)
{
	if (strncmp(url, "file://", 7) == 0)
		url += 7;
	return url[0] == '/' ? url : NULL;
}

static int
send_there(const struct firn_sending *sending, const char *url, json_t **ret,
	   struct firn_err *err)
{
	const char *folder = folder_of(url);

	if (strncmp(url, "s3://", 5) == 0)
		return firn_err_set(err, ENOTSUP,
				    "sending to S3 is not built yet: use "
				    "https://, or a folder");
	if (folder != NULL)
		return firn_send_folder(sending, folder, ret, err);
	if (firn_url_check(url, err) < 0)
		return firn_err_set(err, ENOTSUP,
				    "firn can't send to \"%s\": use https://, "
				    "file:///FOLDER/ or /FOLDER/",
				    url);
	return firn_send_put(sending, url, ret, err);
}

int
firn_send(const char *path, const char *url, unsigned timeout_s, json_t **ret,
	  struct firn_err *err)
{
	struct firn_sending sending = { .path = path, .fd = -1 };
	autojson json_t *told = NULL;
	autofree char *shown = firn_url_shown(url);
	int done;

	if (shown == NULL)
		return firn_err_nomem(err);
	if (timeout_s == 0 || timeout_s > FIRN_DURATION_MAX)
		return firn_err_set(err, EINVAL,
				    "%u seconds are no time to "
				    "send",
				    timeout_s);
	sending.ends_ns = firn_monotonic_ns() + timeout_s * 1000000000ull;
	done = open_archive(&sending, err);
	if (done == 0)
		done = send_there(&sending, url, &told, err);
	if (done == 0)
		done = check_same(&sending, err);
	firn_auto_close(&sending.fd);
	if (done < 0)
		return firn_err_in(err, "send to %s", shown);
	firn_json_text(told, "to", shown);
	firn_json_uint(told, "bytes", (uint64_t)sending.st.st_size);
	*ret = firn_steal(told);
	return 0;
}
