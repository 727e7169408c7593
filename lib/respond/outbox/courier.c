#include "respond/outbox/courier.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "host/libexec.h"
#include "host/root_only.h"

#define URL_MAX 2048
#define CA_MAX ((size_t)256 << 10)
#define ANSWER_MAX ((size_t)512 << 10)
#define SAID_MAX 160  /* of a receiver's words in a message */
#define LATER_MS 2000 /* the courier ends by itself before it is ended */

/* --- URLs -----------------------------------------------------------------
 */

int
firn_url_check(const char *url, struct firn_err *err)
{
	size_t len = strnlen(url, URL_MAX + 1), scheme;

	if (len > URL_MAX)
		return firn_err_set(err, EINVAL, "a URL has more than %d bytes",
				    URL_MAX);
	for (size_t i = 0; i < len; i++)
		if (url[i] <= ' ' || url[i] > '~')
			return firn_err_set(err, EINVAL,
					    "a URL has a blank or a byte that "
					    "isn't ASCII: \"%s\"",
					    url);
	scheme = strncasecmp(url, "https://", 8) == 0  ? 8
		 : strncasecmp(url, "http://", 7) == 0 ? 7
						       : 0;
	if (scheme == 0 || strcspn(url + scheme, "/?#") == 0)
		return firn_err_set(err, EINVAL,
				    "\"%s\" is no URL that firn posts to: "
				    "https://HOST/... or http://HOST/...",
				    url);
	return 0;
}

char *
firn_url_shown(const char *url)
{
	const char *host = strstr(url, "://"), *at;
	size_t scheme = host == NULL ? 0 : (size_t)(host - url) + 3;
	size_t end = strcspn(url, "?#"), authority;
	char *shown = NULL;

	if (scheme > end)
		scheme = 0;
	authority = scheme + strcspn(url + scheme, "/?#");
	at = memrchr(url + scheme, '@', authority - scheme);
	if (at == NULL)
		return strndup(url, end);
	if (asprintf(&shown, "%.*s%.*s", (int)scheme, url,
		     (int)(end - (size_t)(at + 1 - url)), at + 1) < 0)
		return NULL;
	return shown;
}

/* --- the task -------------------------------------------------------------
 */

/* A file that others could have written would say who is believed. */
static int
add_authorities(json_t *task, const char *path, struct firn_err *err)
{
	autofree char *own = NULL, *text = NULL;
	size_t len;

	if (path == NULL && access(FIRN_COURIER_CA, F_OK) < 0 &&
	    errno == ENOENT)
		return 0;
	if (firn_root_only(path != NULL ? path : FIRN_COURIER_CA, &own, err) <
		    0 ||
	    firn_read_at(AT_FDCWD, own, CA_MAX, &text, &len, err) < 0)
		return -1;
	if (json_object_set_new(task, "ca", json_stringn(text, len)) < 0)
		return firn_err_set(err, EBADMSG, "%s is not text", own);
	return 0;
}

static int
make_task(const struct firn_post *post, char **ret, struct firn_err *err)
{
	autojson json_t *task =
		json_pack("{s:s, s:s, s:O, s:I, s:s*}", "url", post->url,
			  "method", post->method, "headers", post->headers,
			  "timeout_ms", (json_int_t)post->timeout_ms, "body",
			  post->body);

	if (task == NULL)
		return firn_err_nomem(err);
	if (post->body_fd >= 0)
		firn_json_uint(task, "body_size", post->body_size);
	if (add_authorities(task, post->ca_file, err) < 0)
		return -1;
	*ret = firn_json_line(task);
	return *ret == NULL ? firn_err_nomem(err) : 0;
}

static int
exec_courier(const void *path)
{
	static char name[] = "firn-courier";
	char *const argv[] = { name, NULL };
	char *const environment[] = { NULL };

	execve(path, argv, environment);
	dprintf(2, "exec %s: %s\n", (const char *)path, strerror(errno));
	return 127;
}

int
firn_courier_start(struct firn_child *child, const struct firn_post *post,
		   struct firn_err *err)
{
	autofree char *path = NULL, *line = NULL;
	struct firn_task task = {
		.name = "firn-courier",
		.extra_fd = post->body_fd,
		.timeout_ms = post->timeout_ms + LATER_MS,
		.most = ANSWER_MAX,
		.run = exec_courier,
	};

	if (firn_url_check(post->url, err) < 0 ||
	    make_task(post, &line, err) < 0 ||
	    firn_libexec("firn-courier", &path, err) < 0)
		return -1;
	task.input = line;
	task.input_len = strlen(line);
	task.arg = path;
	return firn_child_start(child, &task, err);
}

/* --- the answer -----------------------------------------------------------
 */

static void set_error(json_t *answer, bool again, const char *fmt, ...)
	FIRN_PRINTF(3, 4);

static void
set_error(json_t *answer, bool again, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	json_object_set_new(answer, "error", firn_json_message(fmt, args));
	va_end(args);
	json_object_set_new(answer, "again", json_boolean(again));
}

/* What a courier says is believed as far as it is an object; it has read what
 * anybody's server sent. */
static json_t *
parse(const struct firn_child *child)
{
	json_t *answer = NULL;
	struct firn_err none = { 0 };

	if (child->out.failed || child->out.len == 0 ||
	    firn_json_parse(child->out.data, child->out.len, "the answer",
			    &answer, &none) < 0)
		return NULL;
	if (json_is_object(answer))
		return answer;
	json_decref(answer);
	return NULL;
}

static void
explain_end(json_t *answer, const struct firn_child *child)
{
	if (child->timed_out)
		set_error(answer, true,
			  "firn-courier took too long, and was "
			  "ended");
	else if (child->signal != 0)
		set_error(answer, true, "firn-courier was ended by signal %d",
			  child->signal);
	else
		set_error(answer, true,
			  "firn-courier gave no answer (exit status %d): %.*s",
			  child->status, (int)child->err.len,
			  child->err.len > 0 ? child->err.data : "");
}

/* Source: RFC 9110, 15; RFC 6585, 4 (429); RFC 8470, 5.2 (425). */
static bool
may_change_its_mind(json_int_t status)
{
	return status >= 500 || status == 408 || status == 425 || status == 429;
}

static void
explain_status(json_t *answer, json_int_t status)
{
	const char *said = firn_json_string(answer, "body", NULL);
	const char *where =
		firn_json_string(answer, "headers", "location", NULL);

	if (status >= 300 && status < 400)
		set_error(answer, false,
			  "the server sends elsewhere (%lld, %s), and firn "
			  "follows nobody: name the right URL",
			  (long long)status, where != NULL ? where : "nowhere");
	else
		set_error(answer, may_change_its_mind(status),
			  "the server answered %lld%s%.*s", (long long)status,
			  said != NULL && said[0] != '\0' ? ": " : "", SAID_MAX,
			  said != NULL ? said : "");
}

json_t *
firn_courier_answer(const struct firn_child *child)
{
	json_t *answer = parse(child);
	json_int_t status;

	if (answer == NULL) {
		answer = json_object();
		explain_end(answer, child);
		return answer;
	}
	status = json_integer_value(json_object_get(answer, "status"));
	if (firn_json_string(answer, "error", NULL) != NULL)
		json_object_set_new(answer, "again",
				    json_boolean(!json_is_true(
					    json_object_get(answer, "final"))));
	else if (status < 200 || status > 299)
		explain_status(answer, status);
	return answer;
}
