#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

void
firn_buf_free(struct firn_buf *buf)
{
	free(buf->data);
	*buf = (struct firn_buf){ 0 };
}

static bool
makes_room(struct firn_buf *buf, size_t len)
{
	size_t size = buf->size != 0 ? buf->size : 256;
	size_t need;
	char *data;

	if (buf->failed || __builtin_add_overflow(buf->len, len, &need) ||
	    __builtin_add_overflow(need, 1, &need)) {
		buf->failed = true;
		return false;
	}
	if (need <= buf->size)
		return true;
	while (size < need)
		if (__builtin_mul_overflow(size, 2, &size))
			size = need;
	data = firn_secret_moved(buf->data, buf->len, size);
	if (data == NULL) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->size = size;
	return true;
}

void
firn_buf_add(struct firn_buf *buf, const void *data, size_t len)
{
	if (!makes_room(buf, len))
		return;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
firn_buf_fill(struct firn_buf *buf, int byte, size_t len)
{
	if (!makes_room(buf, len))
		return;
	memset(buf->data + buf->len, byte, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
firn_buf_addf(struct firn_buf *buf, const char *fmt, ...)
{
	va_list args, again;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		buf->failed = true;
	else if (makes_room(buf, (size_t)len)) {
		vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

int
firn_buf_check(const struct firn_buf *buf, struct firn_err *err)
{
	return buf->failed ? firn_err_nomem(err) : 0;
}
