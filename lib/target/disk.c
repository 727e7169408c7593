#include "target/disk.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/secret.h"
#include "target/names.h"

#define JSON_MAX ((size_t)16 << 20)
#define LINE_MAX_BYTES ((size_t)4096)
#define NAMES_IN_FOLDER 65536

struct disk_path
disk_path(const char *fmt, ...)
{
	struct disk_path path;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(path.text, sizeof(path.text), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(path.text))
		path.text[0] = '\0';
	return path;
}

int
disk_json(const struct firn_host *host, const char *path, json_t **ret,
	  struct firn_err *err)
{
	autosecret struct firn_secret text = { 0 }; /* it has environments */
	autojson json_t *json = NULL;

	if (firn_host_read_secret(host, path, JSON_MAX, &text, err) < 0 ||
	    firn_json_parse(text.data, text.len, path, &json, err) < 0)
		return -1;
	if (!json_is_object(json))
		return firn_err_set(err, EBADMSG, "%s: not an object", path);
	*ret = firn_steal(json);
	return 0;
}

bool
disk_line(const struct firn_host *host, const char *path, char *ret,
	  size_t size)
{
	autofree char *text = NULL;
	struct firn_err none = { 0 };
	size_t len;

	if (firn_host_read(host, path, LINE_MAX_BYTES, &text, &len, &none) < 0)
		return false;
	len = strcspn(text, "\n");
	if (len == 0 || len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)text[i]))
			return false;
	memcpy(ret, text, len);
	ret[len] = '\0';
	return true;
}

bool
disk_link(const struct firn_host *host, const char *path, char *ret,
	  size_t size)
{
	struct firn_err none = { 0 };
	autoclose int fd =
		firn_host_file(host, path, O_PATH | O_NOFOLLOW, &none);
	ssize_t len;

	if (fd < 0)
		return false;
	len = readlinkat(fd, "", ret, size);
	if (len <= 0 || (size_t)len >= size)
		return false;
	ret[len] = '\0';
	return true;
}

static mode_t
kind_of(const struct firn_host *host, const char *path)
{
	struct firn_err none = { 0 };
	autoclose int fd = firn_host_file(host, path, O_PATH, &none);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	return st.st_mode & S_IFMT;
}

bool
disk_is_folder(const struct firn_host *host, const char *path)
{
	return kind_of(host, path) == S_IFDIR;
}

bool
disk_is_file(const struct firn_host *host, const char *path)
{
	return kind_of(host, path) == S_IFREG;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* An array of the strings in `text`, in one piece of memory with it. */
static char **
array_of(const struct firn_buf *text, size_t n)
{
	char **names = malloc((n + 1) * sizeof(*names) + text->len + 1), *at;

	if (names == NULL)
		return NULL;
	at = (char *)(names + n + 1);
	if (n > 0)
		memcpy(at, text->data, text->len);
	for (size_t i = 0; i < n; i++, at += strlen(at) + 1)
		names[i] = at;
	names[n] = NULL;
	if (n > 1)
		qsort(names, n, sizeof(*names), by_text);
	return names;
}

char **
disk_names(const struct firn_host *host, const char *path)
{
	struct firn_err none = { 0 };
	autobuf struct firn_buf text = { 0 };
	autodir DIR *dir = NULL;
	struct dirent *entry;
	size_t n = 0;
	int fd;

	fd = firn_host_file(host, path, O_RDONLY | O_DIRECTORY, &none);
	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return NULL;
	}
	while (n < NAMES_IN_FOLDER && (entry = readdir(dir)) != NULL) {
		if (!names_is_id(entry->d_name))
			continue;
		firn_buf_add(&text, entry->d_name, strlen(entry->d_name) + 1);
		n++;
	}
	return text.failed ? NULL : array_of(&text, n);
}
