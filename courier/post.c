#include "courier.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/json.h"

#define CONNECT_MS 10000
#define STILL_S 300 /* without a byte either way */
#define HEADER_MAX 256

struct carrying {
	const struct task *task;
	struct firn_buf heard; /* the first of what the server says */
	bool cut;              /* it says more */
	struct firn_sha256 sha;
	uint64_t sent; /* of the file */
	bool short_of; /* the file ended before its time */
};

/* --- libcurl asks ---------------------------------------------------------
 */

/* The status has come by then: more than that isn't waited for. */
static size_t
hear(char *data, size_t size, size_t n, void *arg)
{
	struct carrying *carrying = arg;
	size_t room = COURIER_HEARD_MAX - carrying->heard.len;

	n *= size;
	carrying->cut = n > room;
	firn_buf_add(&carrying->heard, data, n < room ? n : room);
	return carrying->cut ? 0 : n;
}

static size_t
give(char *data, size_t size, size_t n, void *arg)
{
	struct carrying *carrying = arg;
	uint64_t left = carrying->task->body_size - carrying->sent;
	ssize_t got;

	n *= size;
	if (n > left)
		n = left;
	if (n == 0)
		return 0;
	got = pread(COURIER_BODY_FD, data, n, (off_t)carrying->sent);
	if (got <= 0) {
		carrying->short_of = true;
		return CURL_READFUNC_ABORT;
	}
	firn_sha256_add(&carrying->sha, data, (size_t)got);
	carrying->sent += (uint64_t)got;
	return (size_t)got;
}

/* From the start again: libcurl does so when a connection was lost. */
static int
seek(void *arg, curl_off_t offset, int from)
{
	struct carrying *carrying = arg;
	struct firn_err none = { 0 };

	if (offset != 0 || from != SEEK_SET ||
	    firn_sha256_start(&carrying->sha, &none) < 0)
		return CURL_SEEKFUNC_CANTSEEK;
	carrying->sent = 0;
	return CURL_SEEKFUNC_OK;
}

/* --- the request ----------------------------------------------------------
 */

static struct curl_slist *
list_headers(const struct task *task)
{
	struct curl_slist *list = NULL;
	const json_t *header;
	size_t i;

	json_array_foreach(task->headers, i, header)
		list = curl_slist_append(list, json_string_value(header));
	/* A message is small enough to be sent unasked; an archive isn't. */
	if (task->body != NULL)
		list = curl_slist_append(list, "Expect:");
	return list;
}

#define SET(option, value) \
	(code = code == CURLE_OK ? curl_easy_setopt(curl, option, value) : code)

static CURLcode
set_bounds(CURL *curl, const struct task *task)
{
	CURLcode code = CURLE_OK;
	long timeout_ms = (long)task->timeout_ms;

	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS,
	    timeout_ms < CONNECT_MS ? timeout_ms : (long)CONNECT_MS);
	SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(CURLOPT_LOW_SPEED_TIME, (long)STILL_S);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_USERAGENT, "firn/" FIRN_VERSION);
	return code;
}

static CURLcode
set_authorities(CURL *curl, const struct task *task)
{
	struct curl_blob ca = { .flags = CURL_BLOB_NOCOPY };

	if (task->ca == NULL)
		return CURLE_OK;
	ca.len = strlen(task->ca);
	ca.data = (char *)(uintptr_t)task->ca; /* libcurl only reads it */
	return curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &ca);
}

static CURLcode
set_request(CURL *curl, struct carrying *carrying, struct curl_slist *headers)
{
	const struct task *task = carrying->task;
	CURLcode code = set_bounds(curl, task);

	SET(CURLOPT_URL, task->url);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_WRITEFUNCTION, hear);
	SET(CURLOPT_WRITEDATA, carrying);
	if (task->body != NULL) {
		SET(CURLOPT_POSTFIELDSIZE, (long)strlen(task->body));
		SET(CURLOPT_POSTFIELDS, task->body);
	} else {
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)task->body_size);
		SET(CURLOPT_READFUNCTION, give);
		SET(CURLOPT_READDATA, carrying);
		SET(CURLOPT_SEEKFUNCTION, seek);
		SET(CURLOPT_SEEKDATA, carrying);
		SET(CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
	}
	SET(CURLOPT_CUSTOMREQUEST, task->method);
	return code == CURLE_OK ? set_authorities(curl, task) : code;
}

/* --- the answer -----------------------------------------------------------
 */

static void
add_headers(json_t *answer, CURL *curl)
{
	static const char *const wanted[] = {
		"date",
		"etag",
		"location",
		"repr-digest",
		"x-amz-request-id",
		"x-amz-version-id",
		"x-request-id",
	};
	json_t *headers = json_object();
	struct curl_header *header;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (curl_easy_header(curl, wanted[i], 0, CURLH_HEADER, -1,
				     &header) == CURLHE_OK)
			firn_json_bytes(headers, wanted[i], header->value,
					strnlen(header->value, HEADER_MAX));
	json_object_set_new(answer, "headers", headers);
}

static void
add_answer(json_t *answer, CURL *curl, struct carrying *carrying)
{
	unsigned char digest[FIRN_SHA256];
	curl_off_t later = 0;
	char *scheme = NULL;
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &later);
	curl_easy_getinfo(curl, CURLINFO_SCHEME, &scheme);
	json_object_set_new(answer, "status", json_integer(status));
	firn_json_text(answer, "scheme", scheme);
	json_object_set_new(answer, "retry_after_s", json_integer(later));
	add_headers(answer, curl);
	firn_json_bytes(answer, "body", carrying->heard.data,
			carrying->heard.len);
	if (carrying->task->body != NULL)
		return;
	firn_sha256_end(&carrying->sha, digest);
	firn_json_uint(answer, "sent", carrying->sent);
	firn_json_hex(answer, "sha256", digest, sizeof(digest));
}

/* What no other try will mend. */
static bool
is_final(CURLcode code)
{
	return code == CURLE_URL_MALFORMAT ||
	       code == CURLE_UNSUPPORTED_PROTOCOL;
}

static void
add_failure(json_t *answer, const struct carrying *carrying, CURLcode code,
	    const char *text)
{
	if (carrying->short_of)
		text = "the file has become shorter, or can't be read";
	else if (text[0] == '\0')
		text = curl_easy_strerror(code);
	firn_json_text(answer, "error", text);
	json_object_set_new(answer, "final",
			    json_boolean(is_final(code) || carrying->short_of));
}

json_t *
post(const struct task *task)
{
	struct carrying carrying = { .task = task };
	struct curl_slist *headers = list_headers(task);
	char text[CURL_ERROR_SIZE] = "";
	json_t *answer = json_object();
	CURL *curl = curl_easy_init();
	struct firn_err err = { 0 };
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (curl != NULL && firn_sha256_start(&carrying.sha, &err) == 0) {
		curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
		code = set_request(curl, &carrying, headers);
	}
	if (code == CURLE_OK)
		code = curl_easy_perform(curl);
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && carrying.cut))
		add_answer(answer, curl, &carrying);
	else
		add_failure(answer, &carrying, code, text);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	firn_sha256_free(&carrying.sha);
	firn_buf_free(&carrying.heard);
	return answer;
}
