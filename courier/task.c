#include "courier.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"

#define TASK_MAX ((size_t)2 << 20)

/* Nothing but what the outbox is for, whatever a configuration says. */
static int
check_url(struct task *task, struct firn_err *err)
{
	CURLU *url = curl_url();
	char *port = NULL;
	CURLUcode code;
	int done = 0;

	if (url == NULL)
		return firn_err_nomem(err);
	code = curl_url_set(url, CURLUPART_URL, task->url, 0);
	if (code == CURLUE_OK)
		code = curl_url_get(url, CURLUPART_PORT, &port,
				    CURLU_DEFAULT_PORT);
	if (code != CURLUE_OK)
		done = firn_err_set(err, EINVAL, "the URL: %s",
				    curl_url_strerror(code));
	else
		task->port = (uint16_t)strtoul(port, NULL, 10);
	curl_free(port);
	curl_url_cleanup(url);
	return done;
}

int
task_read(struct task *ret, struct firn_err *err)
{
	autofree char *text = NULL;
	const json_t *json;
	size_t len;

	if (firn_read_fd(STDIN_FILENO, "the task", TASK_MAX, &text, &len, err) <
		    0 ||
	    firn_json_parse(text, len, "the task", &ret->json, err) < 0)
		return -1;
	json = ret->json;
	ret->url = firn_json_string(json, "url", NULL);
	ret->method = firn_json_string(json, "method", NULL);
	ret->body = firn_json_string(json, "body", NULL);
	ret->ca = firn_json_string(json, "ca", NULL);
	ret->headers = json_object_get(json, "headers");
	ret->timeout_ms =
		json_integer_value(json_object_get(json, "timeout_ms"));
	ret->body_size = (uint64_t)json_integer_value(
		json_object_get(json, "body_size"));
	if (ret->url == NULL || ret->method == NULL || ret->timeout_ms <= 0 ||
	    (ret->body == NULL && json_object_get(json, "body_size") == NULL))
		return firn_err_set(err, EINVAL,
				    "the task has no URL, method, time or "
				    "body");
	return check_url(ret, err);
}
