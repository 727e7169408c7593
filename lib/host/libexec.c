#include "host/libexec.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"

/* What replaced a program that runs is not what this one was built with: the
 * kernel says "(deleted)" then, and nothing is found beside it. */
static int
beside_ourselves(const char *name, char **ret, struct firn_err *err)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (len < 0)
		return firn_err_sys(err, "read the link /proc/self/exe");
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL)
		return firn_err_set(err, ENOENT, "/proc/self/exe is \"%s\"",
				    self);
	if (asprintf(ret, "%.*s/%s", (int)(slash - self), self, name) < 0)
		return firn_err_nomem(err);
	return 0;
}

int
firn_libexec(const char *name, char **ret, struct firn_err *err)
{
	autofree char *beside = NULL, *installed = NULL;

	if (beside_ourselves(name, &beside, err) < 0)
		return -1;
	if (access(beside, X_OK) == 0) {
		*ret = firn_steal(beside);
		return 0;
	}
	if (asprintf(&installed, FIRN_LIBEXEC "/%s", name) < 0)
		return firn_err_nomem(err);
	if (access(installed, X_OK) < 0)
		return firn_err_sys(err,
				    "%s is neither %s nor %s: install firn "
				    "again, or build its target",
				    name, beside, installed);
	*ret = firn_steal(installed);
	return 0;
}
