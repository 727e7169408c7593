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
#include "host/accounts.h"

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

uid_t
firn_operator_uid(void)
{
	uint64_t uid;

	return login_uid(&uid) || sudo_uid(&uid) ? (uid_t)uid : getuid();
}

int
firn_operator(char **ret, struct firn_err *err)
{
	return firn_account_of(firn_operator_uid(), ret, err);
}
