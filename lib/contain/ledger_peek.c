#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "contain/ledger_file.h"

static int
open_file(const char *name, struct firn_err *err)
{
	autoclose int dir_fd = -1, fd = -1;
	struct stat st;

	dir_fd = open("/run/firn/ledger",
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0)
		return firn_err_sys(err, "open /run/firn/ledger");
	fd = openat(dir_fd, name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return firn_err_sys(err, "open ledger %s", name);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return firn_err_set(err, EPERM,
				    "ledger %s is not a file of ours", name);
	return firn_steal_fd(&fd);
}

int
firn_ledger_peek(struct firn_ledger **ret, const char *id, struct firn_err *err)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	struct firn_err why = { 0 };

	*ret = NULL;
	if (!firn_ledger_id_is_valid(id))
		return firn_err_set(err, EINVAL,
				    "\"%s\" is not the id of a target", id);
	ledger = calloc(1, sizeof(*ledger));
	if (ledger == NULL)
		return firn_err_nomem(err);
	snprintf(ledger->name, sizeof(ledger->name), "%s.jsonl", id);
	ledger->fd = open_file(ledger->name, &why);
	if (ledger->fd < 0 && why.code == ENOENT)
		return 0;
	if (ledger->fd < 0) {
		*err = why;
		return -1;
	}
	ledger->lines = json_array();
	if (ledger->lines == NULL)
		return firn_err_nomem(err);
	if (firn_boot_id(ledger->boot_id, err) < 0 ||
	    firn_ledger_read(ledger, err) < 0)
		return -1;
	*ret = firn_steal(ledger);
	return 0;
}
