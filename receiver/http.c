#include "receiver/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

const char *
firn_http_reason(int status)
{
	static const struct {
		enum firn_http_status status;
		const char *reason;
	} reasons[] = {
		{ FIRN_HTTP_OK, "OK" },
		{ FIRN_HTTP_BAD_REQUEST, "Bad Request" },
		{ FIRN_HTTP_UNAUTHORIZED, "Unauthorized" },
		{ FIRN_HTTP_NOT_FOUND, "Not Found" },
		{ FIRN_HTTP_NOT_ALLOWED, "Method Not Allowed" },
		{ FIRN_HTTP_TIMEOUT, "Request Timeout" },
		{ FIRN_HTTP_LENGTH_REQUIRED, "Length Required" },
		{ FIRN_HTTP_TOO_LARGE, "Content Too Large" },
		{ FIRN_HTTP_UNSUPPORTED, "Unsupported Media Type" },
		{ FIRN_HTTP_EXPECTATION, "Expectation Failed" },
		{ FIRN_HTTP_TOO_MANY, "Too Many Requests" },
		{ FIRN_HTTP_HEAD_TOO_LARGE, "Request Header Fields Too Large" },
		{ FIRN_HTTP_FAILED, "Internal Server Error" },
		{ FIRN_HTTP_NOT_IMPLEMENTED, "Not Implemented" },
		{ FIRN_HTTP_UNAVAILABLE, "Service Unavailable" },
		{ FIRN_HTTP_VERSION, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if ((int)reasons[i].status == status)
			return reasons[i].reason;
	return "Error";
}

/* RFC 9110, 5.6.2. */
static bool
is_token_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_token(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++)
		if (!is_token_character(*text))
			return false;
	return true;
}

/* Only CR LF ends a line, and nothing in one is a control character. */
static bool
has_only_lines(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\r' && i + 1 < len && text[i + 1] == '\n')
			i++;
		else if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* The line at `*at`, cut off. */
static char *
next_line(char **at)
{
	char *line = *at, *end = strstr(line, "\r\n");

	*end = '\0';
	*at = end + 2;
	return line;
}

/* A proxy may send "https://host/path": RFC 9112, 3.2.2. */
static const char *
origin_form(const char *target)
{
	const char *authority = NULL;

	if (strncasecmp(target, "http://", 7) == 0)
		authority = target + 7;
	else if (strncasecmp(target, "https://", 8) == 0)
		authority = target + 8;
	if (authority == NULL)
		return target[0] == '/' ? target : NULL;
	return strchr(authority, '/');
}

static int
request_line(struct firn_http_head *head, char *line, bool *ret_1_1)
{
	char *target = strchr(line, ' '), *version;
	char *query;

	if (target == NULL)
		return FIRN_HTTP_BAD_REQUEST;
	*target++ = '\0';
	version = strchr(target, ' ');
	if (version == NULL || !is_token(line))
		return FIRN_HTTP_BAD_REQUEST;
	*version++ = '\0';
	if (strncmp(version, "HTTP/", 5) != 0)
		return FIRN_HTTP_BAD_REQUEST;
	if (strcmp(version, "HTTP/1.1") != 0 &&
	    strcmp(version, "HTTP/1.0") != 0)
		return FIRN_HTTP_VERSION;
	*ret_1_1 = strcmp(version, "HTTP/1.1") == 0;
	head->method = line;
	head->path = origin_form(target);
	if (head->path == NULL)
		return FIRN_HTTP_BAD_REQUEST;
	query = strchr(head->path, '?');
	head->query = "";
	if (query != NULL) {
		*query = '\0';
		head->query = query + 1;
	}
	return 0;
}

static void
trim(char **value)
{
	size_t len;

	*value += strspn(*value, " \t");
	len = strlen(*value);
	while (len > 0 && strchr(" \t", (*value)[len - 1]) != NULL)
		(*value)[--len] = '\0';
}

static int
field_line(struct firn_http_head *head, char *line)
{
	char *value = strchr(line, ':');

	if (value == NULL)
		return FIRN_HTTP_BAD_REQUEST;
	*value++ = '\0';
	if (!is_token(line)) /* also a folded line, and "Name :" */
		return FIRN_HTTP_BAD_REQUEST;
	if (head->n_fields == FIRN_HTTP_FIELDS)
		return FIRN_HTTP_HEAD_TOO_LARGE;
	for (char *c = line; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	trim(&value);
	head->fields[head->n_fields++] =
		(struct firn_http_field){ .name = line, .value = value };
	return 0;
}

static size_t
count(const struct firn_http_head *head, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < head->n_fields; i++)
		n += strcmp(head->fields[i].name, name) == 0;
	return n;
}

const char *
firn_http_field(const struct firn_http_head *head, const char *name)
{
	if (count(head, name) != 1)
		return NULL;
	for (size_t i = 0; i < head->n_fields; i++)
		if (strcmp(head->fields[i].name, name) == 0)
			return head->fields[i].value;
	return NULL;
}

/* Ten digits are more than any body may have. */
static bool
is_length(const char *text, uint64_t *ret)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 10 || text[len] != '\0')
		return false;
	*ret = strtoull(text, NULL, 10);
	return true;
}

/* How long is the body?  RFC 9112, 6.3, of which only what is beyond doubt. */
static int
framing(struct firn_http_head *head, bool is_1_1)
{
	size_t lengths = count(head, "content-length");
	size_t codings = count(head, "transfer-encoding");
	const char *coding = firn_http_field(head, "transfer-encoding");

	if (lengths + codings > 1 || (codings == 1 && !is_1_1))
		return FIRN_HTTP_BAD_REQUEST;
	if (codings == 1 && strcasecmp(coding, "chunked") != 0)
		return FIRN_HTTP_NOT_IMPLEMENTED;
	if (lengths == 1 &&
	    !is_length(firn_http_field(head, "content-length"), &head->length))
		return FIRN_HTTP_BAD_REQUEST;
	head->chunked = codings == 1;
	head->has_length = lengths == 1;
	return 0;
}

/* Is the word one of a list with commas? */
static bool
lists(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list != '\0') {
		size_t n;

		list += strspn(list, " \t,");
		n = strcspn(list, " \t,");
		if (n == len && strncasecmp(list, word, len) == 0)
			return true;
		list += n;
	}
	return false;
}

static int
conditions(struct firn_http_head *head, bool is_1_1)
{
	const char *connection = firn_http_field(head, "connection");
	const char *expect = firn_http_field(head, "expect");
	size_t hosts = count(head, "host");

	if (hosts > 1 || (hosts == 0 && is_1_1))
		return FIRN_HTTP_BAD_REQUEST;
	if (count(head, "authorization") > 1)
		return FIRN_HTTP_BAD_REQUEST;
	head->keep_alive = is_1_1 && count(head, "connection") <= 1 &&
			   (connection == NULL || !lists(connection, "close"));
	if (count(head, "expect") == 0)
		return 0;
	if (expect == NULL || strcasecmp(expect, "100-continue") != 0)
		return FIRN_HTTP_EXPECTATION;
	head->expects = is_1_1;
	return 0;
}

int
firn_http_head(struct firn_http_head *ret, const char *text, size_t len)
{
	bool is_1_1 = false;
	char *at, *line;
	int status;

	*ret = (struct firn_http_head){ .text = strndup(text, len) };
	if (ret->text == NULL)
		return FIRN_HTTP_UNAVAILABLE;
	ret->len = strlen(ret->text);
	if (len < 4 || memcmp(text + len - 4, "\r\n\r\n", 4) != 0 ||
	    !has_only_lines(text, len))
		return FIRN_HTTP_BAD_REQUEST;
	at = ret->text;
	status = request_line(ret, next_line(&at), &is_1_1);
	while (status == 0 && *(line = next_line(&at)) != '\0')
		status = field_line(ret, line);
	if (status == 0)
		status = framing(ret, is_1_1);
	return status != 0 ? status : conditions(ret, is_1_1);
}

void
firn_http_head_free(struct firn_http_head *head)
{
	if (head->text != NULL)
		OPENSSL_cleanse(head->text, head->len);
	free(head->text);
	*head = (struct firn_http_head){ 0 };
}

static bool
decode(const char *text, size_t len, struct firn_buf *ret)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			int high =
				i + 1 < len ? firn_hex_digit(text[i + 1]) : -1;
			int low =
				i + 2 < len ? firn_hex_digit(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		firn_buf_add(ret, &c, 1);
	}
	return !ret->failed;
}

bool
firn_http_parameter(const struct firn_http_head *head, const char *name,
		    struct firn_buf *ret)
{
	size_t name_len = strlen(name), len = 0;
	const char *value = NULL, *at = head->query;

	while (*at != '\0') {
		size_t n = strcspn(at, "&");

		if (n > name_len && at[name_len] == '=' &&
		    strncmp(at, name, name_len) == 0) {
			if (value != NULL)
				return false;
			value = at + name_len + 1;
			len = n - name_len - 1;
		}
		at += n;
		at += *at == '&';
	}
	return value != NULL && decode(value, len, ret);
}
