#include "collect/host/host_binary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"
#include "host/file.h"

#define BINARY_MAX ((uint64_t)256 << 20)
#define PART ((size_t)256 << 10)

struct digests {
	char sha256[FIRN_SHA256_TEXT];
	char md5[2 * FIRN_MD5 + 1]; /* "" where libcrypto refuses */
};

void
firn_binary_path(struct firn_binary *binary, const char *path)
{
	autojson json_t *entry = json_object();

	if (binary->paths == NULL)
		binary->paths = json_array();
	firn_json_text(entry, "path", path);
	json_array_append(binary->paths, json_object_get(entry, "path"));
}

static int
digest(int fd, const char *path, struct digests *ret, struct firn_err *err)
{
	autosha256 struct firn_sha256 sha = { 0 };
	automd5 struct firn_md5 md5 = { 0 };
	unsigned char sha_sum[FIRN_SHA256], md5_sum[FIRN_MD5];
	autofree char *part = malloc(PART);
	struct firn_err none = { 0 };
	bool has_md5 = firn_md5_start(&md5, &none) == 0;
	uint64_t done = 0;
	ssize_t n;

	if (part == NULL)
		return firn_err_nomem(err);
	if (firn_sha256_start(&sha, err) < 0)
		return -1;
	while ((n = firn_read_some(fd, path, part, PART, err)) > 0) {
		firn_sha256_add(&sha, part, (size_t)n);
		if (has_md5)
			firn_md5_add(&md5, part, (size_t)n);
		done += (uint64_t)n;
		if (done > BINARY_MAX)
			return firn_err_set(err, EFBIG, "it is larger than %u",
					    (unsigned)BINARY_MAX);
	}
	if (n < 0)
		return -1;
	firn_sha256_end(&sha, sha_sum);
	firn_hex(sha_sum, sizeof(sha_sum), ret->sha256);
	if (has_md5) {
		firn_md5_end(&md5, md5_sum);
		firn_hex(md5_sum, sizeof(md5_sum), ret->md5);
	}
	return 0;
}

static int
read_digests(const struct firn_binary *binary, const struct firn_host *host,
	     const char *path, struct digests *ret, struct firn_err *err)
{
	autoclose int path_fd = -1, fd = -1;
	struct stat st;

	path_fd = firn_host_file(host, path, O_PATH, err);
	if (path_fd < 0)
		return -1;
	fd = firn_file_reopen(path_fd, &st, err);
	if (fd < 0)
		return -1;
	if (st.st_dev != binary->st.st_dev || st.st_ino != binary->st.st_ino)
		return firn_err_set(err, ESTALE, "it was exchanged meanwhile");
	return digest(fd, path, ret, err);
}

/* 1: `*ret` has them; 0: there was no time; -1: `err` says why not. */
static int
have_digests(const struct firn_binary *binary, const struct firn_host *host,
	     const char *path, uint64_t *quick_bytes, struct digests *ret,
	     struct firn_err *err)
{
	uint64_t size = (uint64_t)binary->st.st_size;

	if (!binary->changed && size > *quick_bytes)
		return 0;
	if (!binary->changed)
		*quick_bytes -= size;
	return read_digests(binary, host, path, ret, err) < 0 ? -1 : 1;
}

static const struct firn_packaged *
package_of(const struct firn_binary *binary,
	   const struct firn_packages *packages)
{
	const struct firn_packaged *found = NULL;
	json_t *path;
	size_t i;

	json_array_foreach(binary->paths, i, path) {
		if (found == NULL)
			found = firn_packages_find(packages,
						   json_string_value(path));
	}
	return found;
}

static void
set_package(json_t *json, const struct firn_packaged *package,
	    const struct digests *digests)
{
	json_t *matches = json_null();

	if (package != NULL && digests->md5[0] != '\0')
		matches = json_boolean(strcmp(package->md5, digests->md5) == 0);
	json_object_set_new(json, "package",
			    package != NULL ? json_string(package->package)
					    : json_null());
	json_object_set_new(json, "package_md5",
			    package != NULL ? json_string(package->md5)
					    : json_null());
	json_object_set_new(json, "matches", matches);
}

json_t *
firn_binary_json(const struct firn_binary *binary, const struct firn_host *host,
		 const struct firn_packages *packages, uint64_t *quick_bytes)
{
	const char *path = json_string_value(json_array_get(binary->paths, 0));
	struct digests digests = { 0 };
	struct firn_err why = { 0 };
	autojson json_t *others = json_copy(binary->paths);
	json_t *json = json_object();
	int done;

	firn_json_text(json, "path", path);
	json_array_remove(others, 0);
	if (json_array_size(others) > 0)
		json_object_set(json, "other_paths", others);
	firn_json_uint(json, "size", (uint64_t)binary->st.st_size);
	firn_json_time(json, "mtime", binary->st.st_mtim);
	firn_json_time(json, "ctime", binary->st.st_ctim);
	json_object_set_new(json, "changed_since_start",
			    json_boolean(binary->changed));
	done = have_digests(binary, host, path, quick_bytes, &digests, &why);
	if (done > 0) {
		firn_json_text(json, "sha256", digests.sha256);
		if (digests.md5[0] != '\0')
			firn_json_text(json, "md5", digests.md5);
	} else {
		firn_json_text(json, "unhashed",
			       done < 0 ? why.text
					: "it has not changed since the target "
					  "began, and is large");
	}
	set_package(json, package_of(binary, packages), &digests);
	return json;
}
