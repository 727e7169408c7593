#include "host/operator.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

#define NOBODY_LOGGED_IN UINT32_MAX

static bool
login_uid(uint64_t *ret)
{
	autofree char *text = NULL;
	struct firn_err ignored = { 0 };

	if (firn_read_at(AT_FDCWD, "/proc/self/loginuid", 32, &text, NULL,
			 &ignored) < 0)
		return false; /* a kernel without audit */
	text[strcspn(text, "\n")] = '\0';
	return firn_is_decimal(text, ret) && *ret < NOBODY_LOGGED_IN;
}

static bool
sudo_uid(uint64_t *ret)
{
	const char *text = secure_getenv("SUDO_UID");

	return text != NULL && firn_is_decimal(text, ret) &&
	       *ret < NOBODY_LOGGED_IN;
}

/* "name:x:1000:...": is this line's uid the one? */
static bool
is_of(char *line, uint64_t uid)
{
	char *rest = line;
	const char *number;
	uint64_t value;

	strsep(&rest, ":");
	strsep(&rest, ":");
	number = strsep(&rest, ":");
	return number != NULL && firn_is_decimal(number, &value) &&
	       value == uid;
}

int
firn_operator(char **ret, struct firn_err *err)
{
	autofree char *passwd = NULL;
	struct firn_err ignored = { 0 };
	uint64_t uid = getuid();
	char *rest, *line;

	if (!login_uid(&uid) && !sudo_uid(&uid))
		uid = getuid();
	if (firn_read_at(AT_FDCWD, "/etc/passwd", 4 << 20, &passwd, NULL,
			 &ignored) < 0)
		passwd = strdup(""); /* a container without one */
	rest = passwd;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (!is_of(line, uid) || line[0] == '\0')
			continue;
		*ret = strdup(line); /* cut after the name by strsep */
		return *ret == NULL ? firn_err_nomem(err) : 0;
	}
	if (asprintf(ret, "uid:%llu", (unsigned long long)uid) < 0)
		return firn_err_nomem(err);
	return 0;
}
