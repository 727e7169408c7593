#include "firn/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* strerror(3) is not safe with our workers; this one is. */
static const char *
reason(int code)
{
	const char *text = strerrordesc_np(code);

	return text != NULL ? text : "Unknown error";
}

FIRN_PRINTF(2, 0)
static void
record(struct firn_err *err, const char *fmt, va_list args)
{
	char raw[FIRN_ERR_TEXT];
	int len = vsnprintf(raw, sizeof(raw), fmt, args);

	if (len < 0)
		len = 0;
	if ((size_t)len >= sizeof(raw))
		len = (int)sizeof(raw) - 1;
	firn_escape_into(err->text, sizeof(err->text), raw, (size_t)len);
}

int
firn_err_sys(struct firn_err *err, const char *fmt, ...)
{
	int code = errno;
	size_t len;
	va_list args;

	va_start(args, fmt);
	record(err, fmt, args);
	va_end(args);
	err->code = code;
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s",
		 reason(code));
	return -1;
}

int
firn_err_set(struct firn_err *err, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	record(err, fmt, args);
	va_end(args);
	err->code = code;
	return -1;
}

int
firn_err_in(struct firn_err *err, const char *fmt, ...)
{
	char inner[FIRN_ERR_TEXT];
	size_t len;
	va_list args;

	memcpy(inner, err->text, sizeof(inner));
	va_start(args, fmt);
	record(err, fmt, args);
	va_end(args);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", inner);
	return -1;
}

int
firn_err_nomem(struct firn_err *err)
{
	return firn_err_set(err, ENOMEM, "out of memory");
}
